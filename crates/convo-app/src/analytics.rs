//! What figures are read from, written in the commit of the facts they stand for. `docs/analytics.md` defines each.
//!
//! | module | holds |
//! |---|---|
//! | `waits` | how long leads wait for us: one row for each wait |
//! | `cohort` | leads by our first mail to them, with how far they came: one row for each, and counts |
//! | `mail` | what became of mail: counts by day and campaign |
//!
//! All of it follows from facts: what a conversation or a lead was counted as when it was loaded is compared with
//! what it is counted as when the batch is sealed, so that nothing is read for it. Only where mail comes out of order
//! are the waits of its conversation counted anew, from its messages.

mod cohort;
mod mail;
mod waits;

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Days, NaiveTime, Utc};
use convo_store::CountKey;
use uuid::Uuid;

pub(crate) use cohort::{Cohort, cohort, counted_as};
pub(crate) use mail::{counted_at_once, event_row, looked_at_as};
pub(crate) use waits::{OpenWait, reopenings, timed_waits, wait_rows};

use crate::batch::Batch;
use crate::error::AppError;

/// What a batch keeps in mind for the figures.
#[derive(Default)]
pub(crate) struct Analytics {
    /// The message being stored: its own time, and the agent who wrote it.
    pub writing: Option<(DateTime<Utc>, Option<Uuid>)>,
    /// Conversations whose waits are counted anew when the batch is sealed.
    pub recount: BTreeSet<Uuid>,
    /// Conversations in which a wait ended in this batch.
    ended: BTreeSet<Uuid>,
}

/// The first instant of a day, UTC.
pub(crate) fn day_of(at: DateTime<Utc>) -> DateTime<Utc> {
    at.with_time(NaiveTime::MIN).single().unwrap_or(at)
}

/// The first instant of an ISO week, UTC.
pub(crate) fn week_of(at: DateTime<Utc>) -> DateTime<Utc> {
    let day = day_of(at);
    let since = u64::from(day.weekday().num_days_from_monday());
    day.checked_sub_days(Days::new(since)).unwrap_or(day)
}

impl Batch<'_, '_> {
    /// Adds to a count of analytics.
    pub(crate) fn tally(&mut self, key: CountKey, by: i64) {
        *self.commit.counts.entry(key).or_insert(0) += by;
    }

    /// Rows and counts that follow from what the batch has changed.
    pub(crate) fn seal_analytics(&mut self) -> Result<(), AppError> {
        self.seal_waits()?;
        self.seal_cohorts()?;
        self.seal_sent()?;
        self.commit.counts.retain(|_, by| *by != 0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_weeks_begin_at_midnight() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        for (time, day, week) in [
            ("2026-01-05T00:00:00Z", "2026-01-05", "2026-01-05"),
            ("2026-01-04T23:59:59.999999Z", "2026-01-04", "2025-12-29"),
            ("2024-02-29T12:00:00Z", "2024-02-29", "2024-02-26"),
            ("1969-12-31T01:00:00Z", "1969-12-31", "1969-12-29"),
        ] {
            assert_eq!(day_of(at(time)), at(&format!("{day}T00:00:00Z")), "{time}");
            assert_eq!(
                week_of(at(time)),
                at(&format!("{week}T00:00:00Z")),
                "{time}"
            );
        }
    }
}
