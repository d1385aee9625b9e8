//! Business hours in an IANA time zone.
//!
//! An instant is looked at in the calendar's own zone, so daylight saving needs no care when asking whether
//! we are open. The other way round, a local time that a clock change skips becomes the first instant after
//! the gap, and one that occurs twice becomes the earlier of the two.

use std::collections::BTreeSet;

use chrono::{
    Datelike as _, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _,
    Weekday,
};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::Time;
use crate::policy::Problem;

/// Opening hours of a week in a zone, and holidays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Calendar {
    /// IANA name, e.g. `Europe/Berlin`.
    pub time_zone: String,
    /// Days that have hours.
    pub weekdays: Vec<Weekday>,
    /// First moment of a day, local.
    pub opens: NaiveTime,
    /// First moment after it, local: 18:00 itself is outside.
    pub closes: NaiveTime,
    /// Local dates without hours.
    pub holidays: BTreeSet<NaiveDate>,
}

impl Default for Calendar {
    fn default() -> Self {
        Self {
            time_zone: "UTC".to_owned(),
            weekdays: vec![
                Weekday::Mon,
                Weekday::Tue,
                Weekday::Wed,
                Weekday::Thu,
                Weekday::Fri,
            ],
            opens: NaiveTime::from_hms_opt(8, 0, 0).unwrap_or_default(),
            closes: NaiveTime::from_hms_opt(18, 0, 0).unwrap_or_default(),
            holidays: BTreeSet::new(),
        }
    }
}

/// Days looked at for the next opening: two years hold every run of holidays worth the name.
const HORIZON_DAYS: u64 = 731;

impl Calendar {
    /// The zone; UTC when the name is none ([`Policy::validate`](crate::Policy::validate) refuses such a policy).
    #[must_use]
    pub fn zone(&self) -> Tz {
        if self.time_zone == "UTC" {
            return Tz::UTC;
        }
        self.time_zone.parse().unwrap_or(Tz::UTC)
    }

    /// True inside the hours.
    #[must_use]
    pub fn is_open(&self, now: Time) -> bool {
        let local = now.with_timezone(&self.zone()).naive_local();
        self.is_business_day(local.date())
            && self.opens <= local.time()
            && local.time() < self.closes
    }

    /// `now` when open, otherwise the next opening; none when there is none within two years.
    #[must_use]
    pub fn next_open(&self, now: Time) -> Option<Time> {
        if self.is_open(now) {
            return Some(now);
        }
        let zone = self.zone();
        let today = now.with_timezone(&zone).date_naive();
        self.days_from(today).find_map(|day| {
            let opens = first_instant(zone, day.and_time(self.opens))?;
            // A gap in the clock may swallow the opening, or the whole day.
            (opens >= now && self.is_open(opens)).then_some(opens)
        })
    }

    /// The instant at which `minutes` of business time after `now` are over; none beyond two years.
    #[must_use]
    pub fn after_business_minutes(&self, now: Time, minutes: u32) -> Option<Time> {
        let zone = self.zone();
        let mut left = TimeDelta::minutes(i64::from(minutes));
        for day in self.days_from(now.with_timezone(&zone).date_naive()) {
            let opens = first_instant(zone, day.and_time(self.opens))?.max(now);
            let closes = first_instant(zone, day.and_time(self.closes))?;
            let open = closes.signed_duration_since(opens).max(TimeDelta::zero());
            if left <= open && open > TimeDelta::zero() {
                return opens.checked_add_signed(left);
            }
            left -= open;
        }
        None
    }

    /// What is wrong with it.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut report = |wrong: bool, field, message: &str| {
            if wrong {
                problems.push(Problem {
                    field,
                    message: message.to_owned(),
                });
            }
        };
        report(
            self.time_zone.parse::<Tz>().is_err(),
            "calendar.timeZone",
            "is no IANA time zone",
        );
        report(
            self.weekdays.is_empty(),
            "calendar.weekdays",
            "must name at least one day",
        );
        report(
            self.opens >= self.closes,
            "calendar.closes",
            "must be later than calendar.opens",
        );
        problems
    }

    fn is_business_day(&self, day: NaiveDate) -> bool {
        self.weekdays.contains(&day.weekday()) && !self.holidays.contains(&day)
    }

    fn days_from(&self, first: NaiveDate) -> impl Iterator<Item = NaiveDate> {
        first
            .iter_days()
            .take(usize::try_from(HORIZON_DAYS).unwrap_or(usize::MAX))
            .filter(|&day| self.is_business_day(day))
    }
}

/// The first instant that shows this local time or a later one.
pub(crate) fn first_instant(zone: Tz, local: NaiveDateTime) -> Option<Time> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) => Some(at.to_utc()),
        LocalResult::Ambiguous(earlier, later) => Some(earlier.min(later).to_utc()),
        LocalResult::None => end_of_gap(zone, local),
    }
}

/// The first instant after the clock change that skips `local`.
fn end_of_gap(zone: Tz, local: NaiveDateTime) -> Option<Time> {
    // No zone has skipped more than a day.
    (1..=25 * 4).find_map(|quarters| {
        let later = local.checked_add_signed(TimeDelta::minutes(15 * quarters))?;
        let after = zone.from_local_datetime(&later).earliest()?.to_utc();
        // Walk back to the change itself: the last minute whose local time is not before the gap.
        (0..=15)
            .filter_map(|minutes| after.checked_sub_signed(TimeDelta::minutes(minutes)))
            .take_while(|at| at.with_timezone(&zone).naive_local() > local)
            .last()
    })
}

/// A text such as `Mon-Fri 08:00-18:00` that is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("business hours look like \"Mon-Fri 08:00-18:00\"")]
pub struct HoursError;

impl Calendar {
    /// The same calendar with hours read from `Mon-Fri 08:00-18:00` or `Mon,Wed,Sat 09:00-12:30`.
    ///
    /// # Errors
    /// [`HoursError`] when the text is not of that form.
    pub fn with_hours(self, text: &str) -> Result<Self, HoursError> {
        let (days, hours) = text.trim().split_once(' ').ok_or(HoursError)?;
        let (opens, closes) = hours.trim().split_once('-').ok_or(HoursError)?;
        let time =
            |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").map_err(|_| HoursError);
        Ok(Self {
            weekdays: read_days(days)?,
            opens: time(opens)?,
            closes: time(closes)?,
            ..self
        })
    }
}

fn read_days(text: &str) -> Result<Vec<Weekday>, HoursError> {
    let mut days = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let mut day: Weekday = first.parse().map_err(|_| HoursError)?;
        let last: Weekday = last.parse().map_err(|_| HoursError)?;
        loop {
            if !days.contains(&day) {
                days.push(day);
            }
            if day == last {
                break;
            }
            day = day.succ();
        }
    }
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    fn berlin() -> Calendar {
        Calendar {
            time_zone: "Europe/Berlin".into(),
            ..Calendar::default()
        }
    }

    #[track_caller]
    fn check(now: &str, open: bool) {
        assert_eq!(berlin().is_open(at(now)), open, "{now}");
    }

    #[test]
    fn hours_are_local_and_end_before_their_end() {
        check("2026-01-05T06:59:59Z", false);
        check("2026-01-05T07:00:00Z", true);
        check("2026-01-05T16:59:59.999Z", true);
        check("2026-01-05T17:00:00Z", false);
        // Summer time moves them by an hour.
        check("2026-07-06T06:00:00Z", true);
        check("2026-07-06T16:00:00Z", false);
        // Saturday.
        check("2026-01-10T10:00:00Z", false);
    }

    #[test]
    fn holidays_have_no_hours() {
        let mut calendar = berlin();
        calendar.holidays.insert("2026-01-05".parse().unwrap());
        assert!(!calendar.is_open(at("2026-01-05T10:00:00Z")));
        assert_eq!(
            calendar.next_open(at("2026-01-05T10:00:00Z")),
            Some(at("2026-01-06T07:00:00Z"))
        );
    }

    #[test]
    fn the_next_opening_skips_nights_and_weekends() {
        let calendar = berlin();
        assert_eq!(
            calendar.next_open(at("2026-01-05T10:00:00Z")),
            Some(at("2026-01-05T10:00:00Z"))
        );
        assert_eq!(
            calendar.next_open(at("2026-01-09T17:00:00Z")),
            Some(at("2026-01-12T07:00:00Z"))
        );
        let never = Calendar {
            weekdays: Vec::new(),
            ..berlin()
        };
        assert_eq!(never.next_open(at("2026-01-09T17:00:00Z")), None);
    }

    #[test]
    fn an_opening_in_a_clock_gap_is_the_first_instant_after_it() {
        // 2026-03-29: 02:00 becomes 03:00 in Berlin. A Sunday.
        let calendar = berlin().with_hours("Sun 02:30-05:00").unwrap();
        assert_eq!(
            calendar.next_open(at("2026-03-28T12:00:00Z")),
            Some(at("2026-03-29T01:00:00Z"))
        );
    }

    #[test]
    fn an_opening_that_occurs_twice_is_the_earlier_one() {
        // 2026-10-25: 03:00 becomes 02:00 in Berlin. A Sunday.
        let calendar = berlin().with_hours("Sun 02:30-05:00").unwrap();
        assert_eq!(
            calendar.next_open(at("2026-10-24T12:00:00Z")),
            Some(at("2026-10-25T00:30:00Z"))
        );
    }

    #[test]
    fn business_minutes_run_only_in_hours() {
        let calendar = berlin();
        let after = |now: &str, minutes| calendar.after_business_minutes(at(now), minutes);
        assert_eq!(
            after("2026-01-05T10:00:00Z", 30),
            Some(at("2026-01-05T10:30:00Z"))
        );
        assert_eq!(
            after("2026-01-09T16:45:00Z", 30),
            Some(at("2026-01-12T07:15:00Z"))
        );
        assert_eq!(
            after("2026-01-10T10:00:00Z", 0),
            Some(at("2026-01-12T07:00:00Z"))
        );
    }

    #[test]
    fn hours_are_read_from_one_line() {
        let calendar = Calendar::default()
            .with_hours("Mon,Wed-Fri 09:00-12:30")
            .unwrap();
        assert_eq!(
            calendar.weekdays,
            [Weekday::Mon, Weekday::Wed, Weekday::Thu, Weekday::Fri]
        );
        assert_eq!(calendar.closes, NaiveTime::from_hms_opt(12, 30, 0).unwrap());
        for wrong in ["", "Mon", "Mon 9", "Foo 08:00-18:00", "Mon 25:00-26:00"] {
            assert_eq!(
                Calendar::default().with_hours(wrong),
                Err(HoursError),
                "{wrong}"
            );
        }
    }
}
