//! Deadlines in business time.

use chrono::TimeDelta;

use crate::Time;
use crate::calendar::Calendar;

/// The instant at which `minutes` of business time after `now` are over.
///
/// A calendar that never opens again is no clock: plain minutes count then.
#[must_use]
pub fn until(calendar: &Calendar, now: Time, minutes: u32) -> Time {
    let plain = || {
        now.checked_add_signed(TimeDelta::minutes(i64::from(minutes)))
            .unwrap_or(now)
    };
    calendar
        .add_business_minutes(now, minutes)
        .unwrap_or_else(plain)
}

/// When to remind of a deadline of `minutes`: after half of them; none when that is no time at all.
#[must_use]
pub fn half_way(calendar: &Calendar, now: Time, minutes: u32) -> Option<Time> {
    (minutes >= 2).then(|| until(calendar, now, minutes / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(now: &str, minutes: u32, expected: &str) {
        let found = until(&Calendar::default(), at(now), minutes);
        assert_eq!(found, at(expected), "{minutes} minutes after {now}");
    }

    #[test]
    fn deadlines_run_in_business_time() {
        check("2026-01-05T10:00:00Z", 15, "2026-01-05T10:15:00Z");
        check("2026-01-05T17:50:00Z", 15, "2026-01-06T08:05:00Z");
        // Friday night to Monday morning.
        check("2026-01-09T20:00:00Z", 15, "2026-01-12T08:15:00Z");
    }

    #[test]
    fn a_calendar_without_a_day_counts_plain_minutes() {
        let never = Calendar {
            weekdays: Vec::new(),
            ..Calendar::default()
        };
        let now = at("2026-01-10T10:00:00Z");
        assert_eq!(until(&never, now, 15), at("2026-01-10T10:15:00Z"));
    }

    #[test]
    fn a_reminder_comes_at_half_time() {
        let remind = |minutes| half_way(&Calendar::default(), at("2026-01-05T17:55:00Z"), minutes);
        assert_eq!(remind(20), Some(at("2026-01-06T08:05:00Z")));
        assert_eq!(remind(2), Some(at("2026-01-05T17:56:00Z")));
        assert_eq!(remind(1), None);
    }
}
