//! Business hours in an IANA time zone.
//!
//! An instant is looked at in the calendar's own zone, so daylight saving needs no care when asking whether
//! we are open. The other way round, a day's hours are the instants that show a local time within them: an hour
//! that a clock change skips is not there, one that occurs twice counts twice. Everything here counts over these
//! instants, so that it cannot disagree with [`Calendar::is_open`].

mod day;

use std::collections::BTreeSet;
use std::ops::Range;

use chrono::{Datelike as _, NaiveDate, NaiveTime, TimeDelta, Weekday};
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

/// Days in a row without hours after which there is no next opening: two years hold every run of holidays
/// worth the name.
const CLOSED_DAYS: u32 = 731;
/// Days looked at in all, about a hundred years: whatever is counted, it ends.
const HORIZON_DAYS: usize = 36_525;

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
        self.hours_from(now).next().map(|hours| hours.start)
    }

    /// The instant at which `minutes` of business time after `from` are over: the closing itself when they end
    /// there, the next opening for none outside the hours. None when two years pass without an opening, or the
    /// minutes take more than a hundred.
    #[must_use]
    pub fn add_business_minutes(&self, from: Time, minutes: u32) -> Option<Time> {
        let mut left = TimeDelta::minutes(i64::from(minutes));
        for hours in self.hours_from(from) {
            let open = hours.end.signed_duration_since(hours.start);
            if left <= open {
                return hours.start.checked_add_signed(left);
            }
            left -= open;
        }
        None
    }

    /// Whole minutes of business time from `from` to `to`; 0 when `to` is not later. Of a span of more than a
    /// hundred years only the first hundred are counted.
    #[must_use]
    pub fn business_minutes_between(&self, from: Time, to: Time) -> u32 {
        let mut open = TimeDelta::zero();
        for hours in self.hours_from(from) {
            if hours.start >= to {
                break;
            }
            open += hours.end.min(to).signed_duration_since(hours.start);
        }
        u32::try_from(open.num_minutes()).unwrap_or(u32::MAX)
    }

    /// Spans of business time from `from` on, in order, none of them empty.
    fn hours_from(&self, from: Time) -> impl Iterator<Item = Range<Time>> {
        let zone = self.zone();
        let today = from.with_timezone(&zone).date_naive();
        // A clock set back over midnight returns to yesterday.
        let first = today.pred_opt().unwrap_or(today);
        let mut closed = 0;
        first
            .iter_days()
            .take(HORIZON_DAYS)
            .map(move |day| {
                let spans = if self.is_business_day(day) {
                    day::hours(zone, day, self.opens, self.closes)
                } else {
                    [None, None]
                };
                spans.map(|span| {
                    let span = span?;
                    let rest = span.start.max(from)..span.end;
                    (rest.start < rest.end).then_some(rest)
                })
            })
            .take_while(move |spans| {
                closed = if spans.iter().any(Option::is_some) {
                    0
                } else {
                    closed + 1
                };
                closed <= CLOSED_DAYS
            })
            .flat_map(|spans| spans.into_iter().flatten())
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
}

/// The first instant of a local day that shows this time or a later one.
pub(crate) fn first_instant(zone: Tz, day: NaiveDate, time: NaiveTime) -> Option<Time> {
    let last = NaiveTime::from_num_seconds_from_midnight_opt(86_399, 999_999_999)?;
    let mut spans = day::hours(zone, day, time, last).into_iter().flatten();
    spans.next().map(|span| span.start)
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
mod tests;
