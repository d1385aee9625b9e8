//! Days and times of the story as instants.
//!
//! The week ends at the present, and at the house it is always the same time of day then, between half past three and
//! half past four: the house stands in whichever zone has that time. So the story, its nights and its business hours
//! are the same whenever and on whichever day the demo is started; the house is open on all seven days.

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Timelike as _, Utc, Weekday};
use convo_core::calendar::Calendar;
use serde::Deserialize;

/// The last day of the story: today.
const TODAY: u8 = 6;
/// The earliest minute of the house's day at which the story ends: 15:30.
const ENDS_FROM: i64 = 15 * 60 + 30;

/// When something happens, as the story says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum When {
    /// On this day, at this minute of the house's day.
    Day(u8, i64),
    /// So long after what came before.
    After(TimeDelta),
    /// So long before the present.
    Before(TimeDelta),
    /// So long after the present, while somebody looks.
    Later(TimeDelta),
}

impl TryFrom<String> for When {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Some(span) = text.strip_prefix("now+") {
            let span = span_of(span).map(Self::Later);
            return span.ok_or_else(|| format!("no time: {text}"));
        }
        let read = match text.split_at_checked(1) {
            Some(("+", span)) => span_of(span).map(Self::After),
            Some(("-", span)) => span_of(span).map(Self::Before),
            _ => day_of(&text),
        };
        read.ok_or_else(|| format!("no time: {text}"))
    }
}

fn day_of(text: &str) -> Option<When> {
    let (day, time) = text.split_once(' ')?;
    let (hour, minute) = time.split_once(':')?;
    let (day, hour, minute) = (day.parse().ok()?, hour.parse().ok()?, minute.parse().ok()?);
    let sane: bool = day <= TODAY && (0..24_i64).contains(&hour) && (0..60_i64).contains(&minute);
    sane.then_some(When::Day(day, hour * 60 + minute))
}

/// `1h25m`, `40s`.
pub(super) fn span_of(text: &str) -> Option<TimeDelta> {
    let mut rest = text;
    let mut span = TimeDelta::zero();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: i64 = rest[..digits].parse().ok()?;
        span += match &rest[digits..=digits] {
            "h" => TimeDelta::try_hours(count)?,
            "m" => TimeDelta::try_minutes(count)?,
            "s" => TimeDelta::try_seconds(count)?,
            _ => return None,
        };
        rest = &rest[digits + 1..];
    }
    (!text.is_empty()).then_some(span)
}

/// The week that ends at the present.
#[derive(Debug, Clone, Copy)]
pub(super) struct Week {
    now: DateTime<Utc>,
    /// Hours by which the house's clock is ahead of UTC.
    ahead: i64,
}

impl Week {
    /// The week that ends now.
    pub fn until(now: DateTime<Utc>) -> Self {
        let minute = i64::from(now.hour() * 60 + now.minute());
        let ahead = (ENDS_FROM - minute + 59).div_euclid(60);
        // Zones go to 14 hours ahead; beyond it the same time of day is that of the day before.
        let ahead = if ahead > 14 { ahead - 24 } else { ahead };
        Self { now, ahead }
    }

    /// The present.
    pub fn end(&self) -> DateTime<Utc> {
        self.now
    }

    /// Midnight before the first day.
    pub fn begin(&self) -> DateTime<Utc> {
        self.of_day(0, 0)
    }

    /// When this is; `before` is what came before.
    pub fn at(&self, when: When, before: DateTime<Utc>) -> DateTime<Utc> {
        match when {
            When::Day(day, minute) => self.of_day(day, minute),
            When::After(span) => before + span,
            When::Before(span) => self.now - span,
            When::Later(span) => self.now + span,
        }
    }

    fn of_day(&self, day: u8, minute: i64) -> DateTime<Utc> {
        let local = self.now + TimeDelta::hours(self.ahead);
        let today = local.date_naive();
        let date = today
            .checked_sub_days(Days::new(u64::from(TODAY.saturating_sub(day))))
            .unwrap_or(today);
        date.and_time(NaiveTime::MIN).and_utc() + TimeDelta::minutes(minute)
            - TimeDelta::hours(self.ahead)
    }

    /// The house's opening hours: every day from eight to seven.
    pub fn calendar(&self) -> Calendar {
        // The names of these zones count westwards.
        let time_zone = match self.ahead {
            0 => "UTC".to_owned(),
            east if east > 0 => format!("Etc/GMT-{east}"),
            west => format!("Etc/GMT+{}", -west),
        };
        let time = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
        Calendar {
            time_zone,
            weekdays: vec![
                Weekday::Mon,
                Weekday::Tue,
                Weekday::Wed,
                Weekday::Thu,
                Weekday::Fri,
                Weekday::Sat,
                Weekday::Sun,
            ],
            opens: time(8),
            closes: time(19),
            ..Calendar::default()
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn at_the_house_the_story_ends_in_the_same_hour_whenever_it_is_started() {
        let day: DateTime<Utc> = "2026-03-01T00:00:00Z".parse().unwrap();
        for minute in 0..1_440 {
            let now = day + TimeDelta::minutes(minute) + TimeDelta::seconds(59);
            let week = Week::until(now);
            let zone = week.calendar().zone();
            let local = now.with_timezone(&zone);
            let shown = i64::from(local.hour() * 60 + local.minute());
            assert!((ENDS_FROM..ENDS_FROM + 60).contains(&shown), "{now}");
            assert!(week.calendar().is_open(now));
            let eight = week.at(When::Day(0, 480), now);
            assert!(week.calendar().is_open(eight), "{now}");
            let six_days = now - eight;
            assert!(six_days > TimeDelta::days(6) && six_days < TimeDelta::days(7));
        }
    }

    #[test]
    fn times_are_read() {
        let read = |text: &str| When::try_from(text.to_owned()).ok();
        assert_eq!(read("0 08:10"), Some(When::Day(0, 490)));
        assert_eq!(read("+1h25m"), Some(When::After(TimeDelta::minutes(85))));
        assert_eq!(read("-9m"), Some(When::Before(TimeDelta::minutes(9))));
        assert_eq!(read("now+40s"), Some(When::Later(TimeDelta::seconds(40))));
        for wrong in ["", "now+", "7 08:00", "1 24:00", "+", "+5", "+5d", "x"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
