//! Hours in which nobody wants unasked mail.

use chrono::{NaiveTime, TimeDelta};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::Time;
use crate::calendar::first_instant;

/// Local hours of every day in which nothing unasked is sent; they may reach over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuietHours {
    /// First quiet moment, local.
    pub from: NaiveTime,
    /// First moment that is not quiet any more, local.
    pub to: NaiveTime,
}

impl QuietHours {
    /// The end of the quiet hours that hold `now`; none outside of them.
    #[must_use]
    pub fn ends_at(&self, zone: Tz, now: Time) -> Option<Time> {
        let local = now.with_timezone(&zone).naive_local();
        let (from, to, time) = (self.from, self.to, local.time());
        let quiet = if from <= to {
            from <= time && time < to
        } else {
            from <= time || time < to
        };
        if !quiet {
            return None;
        }
        let day = if time < to {
            local.date()
        } else {
            local.date().succ_opt()?
        };
        let end = first_instant(zone, day, to)?;
        // Where the clock goes back over the end, the earlier one may be over and the hour still be quiet.
        let again = || end.checked_add_signed(TimeDelta::hours(1));
        if end > now { Some(end) } else { again() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(from: &str, to: &str, zone: Tz, now: &str, until: Option<&str>) {
        let quiet = QuietHours {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
        };
        let expected: Option<Time> = until.map(|at| at.parse().unwrap());
        assert_eq!(quiet.ends_at(zone, now.parse().unwrap()), expected, "{now}");
    }

    #[test]
    fn hours_are_those_of_the_lead_and_may_reach_over_midnight() {
        let night = |zone, now, until| check("21:00:00", "08:00:00", zone, now, until);
        night(Tz::UTC, "2026-01-05T20:59:59Z", None);
        night(
            Tz::UTC,
            "2026-01-05T21:00:00Z",
            Some("2026-01-06T08:00:00Z"),
        );
        night(
            Tz::UTC,
            "2026-01-06T07:59:59Z",
            Some("2026-01-06T08:00:00Z"),
        );
        night(Tz::UTC, "2026-01-06T08:00:00Z", None);
        // Noon in Berlin is early morning in New York.
        night(Tz::Europe__Berlin, "2026-01-06T11:00:00Z", None);
        night(
            Tz::America__New_York,
            "2026-01-06T11:00:00Z",
            Some("2026-01-06T13:00:00Z"),
        );
        let lunch = |now, until| check("12:00:00", "13:00:00", Tz::UTC, now, until);
        lunch("2026-01-05T11:59:59Z", None);
        lunch("2026-01-05T12:30:00Z", Some("2026-01-05T13:00:00Z"));
        check(
            "09:00:00",
            "09:00:00",
            Tz::UTC,
            "2026-01-05T09:00:00Z",
            None,
        );
    }

    #[test]
    fn an_end_in_a_clock_change_is_an_instant_after_now() {
        let berlin = Tz::Europe__Berlin;
        // 2026-03-29: 02:00 becomes 03:00. 2026-10-25: 03:00 becomes 02:00.
        check(
            "21:00:00",
            "02:30:00",
            berlin,
            "2026-03-29T00:30:00Z",
            Some("2026-03-29T01:00:00Z"),
        );
        check(
            "21:00:00",
            "02:30:00",
            berlin,
            "2026-10-25T00:15:00Z",
            Some("2026-10-25T00:30:00Z"),
        );
        check(
            "21:00:00",
            "02:30:00",
            berlin,
            "2026-10-25T01:15:00Z",
            Some("2026-10-25T01:30:00Z"),
        );
    }
}
