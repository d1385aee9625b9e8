//! An agent, as far as giving work goes.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveTime, Weekday};
use serde::Deserialize;

use crate::Time;
use crate::calendar::Calendar;

/// What decides whether an agent can be asked, and before whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desk<K> {
    /// The agent.
    pub agent: K,
    /// May be given work at all.
    pub active: bool,
    /// Asked when all others have been.
    pub manager: bool,
    /// Absent until then.
    pub away_until: Option<Time>,
    /// Most conversations at once; none is no bound.
    pub capacity: Option<u32>,
    /// Working hours of the agent's own.
    pub hours: Option<Calendar>,
    /// Open conversations owned, and open offers.
    pub load: u32,
    /// Offers in a row that passed without an answer.
    pub missed: u32,
    /// When the agent was asked last.
    pub last_offered_at: Option<Time>,
}

impl<K> Desk<K> {
    /// Somebody who works for us now: active, not away, inside hours of the agent's own.
    #[must_use]
    pub fn is_present(&self, now: Time) -> bool {
        self.active && !self.is_away(now) && self.hours.as_ref().is_none_or(|h| h.is_open(now))
    }

    /// True until the absence is over.
    #[must_use]
    pub fn is_away(&self, now: Time) -> bool {
        self.away_until.is_some_and(|until| now < until)
    }

    /// One more would not be too many.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.capacity.is_none_or(|capacity| self.load < capacity)
    }

    /// Can be asked now.
    #[must_use]
    pub fn is_available(&self, now: Time) -> bool {
        self.is_present(now) && self.has_room()
    }

    /// When the agent is present next; `now` for one who is, none for one who never will be.
    #[must_use]
    pub fn present_from(&self, now: Time) -> Option<Time> {
        if !self.active {
            return None;
        }
        let back = self.away_until.map_or(now, |until| until.max(now));
        match &self.hours {
            Some(hours) => hours.next_open(back),
            None => Some(back),
        }
    }

    /// How much there is on the desk, for the choice among several.
    pub(super) fn weight(&self) -> u32 {
        self.load.saturating_add(self.missed)
    }

    /// The calendar its deadlines run by.
    #[must_use]
    pub fn calendar<'a>(&'a self, general: &'a Calendar) -> &'a Calendar {
        self.hours.as_ref().unwrap_or(general)
    }
}

/// Hours as an agent's record gives them: members of a [`Calendar`], all of them optional.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Given {
    time_zone: Option<String>,
    weekdays: Option<Vec<Weekday>>,
    opens: Option<NaiveTime>,
    closes: Option<NaiveTime>,
    holidays: Option<BTreeSet<NaiveDate>>,
}

/// The working hours a record gives over the general calendar; none when it names no member of one.
///
/// # Errors
/// What is wrong with them, in a sentence that repeats nothing of them.
pub fn own_hours(
    given: &serde_json::Value,
    general: &Calendar,
) -> Result<Option<Calendar>, String> {
    let given = Given::deserialize(given).map_err(|_| {
        "must have the members of a calendar: timeZone, weekdays, opens, closes, holidays"
            .to_owned()
    })?;
    let named = given.time_zone.is_some()
        || given.weekdays.is_some()
        || given.opens.is_some()
        || given.closes.is_some()
        || given.holidays.is_some();
    if !named {
        return Ok(None);
    }
    let hours = Calendar {
        time_zone: given.time_zone.unwrap_or_else(|| general.time_zone.clone()),
        weekdays: given.weekdays.unwrap_or_else(|| general.weekdays.clone()),
        opens: given.opens.unwrap_or(general.opens),
        closes: given.closes.unwrap_or(general.closes),
        holidays: given.holidays.unwrap_or_else(|| general.holidays.clone()),
    };
    match hours.problems().first() {
        Some(problem) => Err(problem.to_string()),
        None => Ok(Some(hours)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    fn desk() -> Desk<u32> {
        Desk {
            agent: 1,
            active: true,
            manager: false,
            away_until: None,
            capacity: None,
            hours: None,
            load: 0,
            missed: 0,
            last_offered_at: None,
        }
    }

    #[test]
    fn who_is_away_full_inactive_or_off_duty_is_not_available() {
        let now = at("2026-01-05T10:00:00Z");
        assert!(desk().is_available(now));
        let off = own_hours(&json!({"opens": "11:00:00"}), &Calendar::default()).unwrap();
        for other in [
            Desk {
                active: false,
                ..desk()
            },
            Desk {
                away_until: Some(at("2026-01-05T10:00:01Z")),
                ..desk()
            },
            Desk {
                capacity: Some(2),
                load: 2,
                ..desk()
            },
            Desk {
                capacity: Some(0),
                ..desk()
            },
            Desk {
                hours: off,
                ..desk()
            },
        ] {
            assert!(!other.is_available(now), "{other:?}");
        }
        let back = Desk {
            away_until: Some(now),
            ..desk()
        };
        assert!(back.is_available(now), "an absence ends with its end");
    }

    #[test]
    fn the_next_presence_is_after_the_absence_and_inside_the_hours() {
        let friday_night = at("2026-01-09T20:00:00Z");
        let hours = own_hours(&json!({"opens": "09:00:00"}), &Calendar::default()).unwrap();
        let away = Desk {
            hours,
            away_until: Some(at("2026-01-12T12:00:00Z")),
            ..desk()
        };
        assert_eq!(away.present_from(friday_night), away.away_until);
        let back = Desk {
            away_until: None,
            ..away.clone()
        };
        assert_eq!(
            back.present_from(friday_night),
            Some(at("2026-01-12T09:00:00Z"))
        );
        let gone = Desk {
            active: false,
            ..away
        };
        assert_eq!(gone.present_from(friday_night), None);
    }

    #[test]
    fn hours_are_members_of_a_calendar_over_the_general_one() {
        let general = Calendar {
            time_zone: "Europe/Berlin".to_owned(),
            ..Calendar::default()
        };
        let read = |value| own_hours(&value, &general);
        assert_eq!(read(json!({})), Ok(None));
        assert_eq!(
            read(json!({"mon": "9-17"})),
            Ok(None),
            "other members say nothing"
        );
        let hours = read(json!({"weekdays": ["Sat"], "closes": "12:30:00"}))
            .unwrap()
            .unwrap();
        assert_eq!(hours.weekdays, [Weekday::Sat]);
        assert_eq!(hours.time_zone, "Europe/Berlin");
        for wrong in [
            json!({"timeZone": "Mars/Olympus"}),
            json!({"weekdays": []}),
            json!({"opens": "19:00:00"}),
            json!({"opens": 9}),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
