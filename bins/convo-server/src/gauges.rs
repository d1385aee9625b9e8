//! What waits and since when, measured when Prometheus asks.
//!
//! A few look-ups along indexes, whose cost does not grow with the tables, and not more often than every few seconds,
//! however many ask. An age is 0 where nothing waits. Of several processes each tells the same of the database; what it
//! tells of itself (queue, connections) is its own.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use actix_web::web;
use chrono::{DateTime, Utc};
use convo_app::{App, AppError};
use convo_store::{Backlog, Waiting};

use crate::clock;

/// What was measured is told again within this time.
const FRESH: Duration = Duration::from_secs(3);

const UP: &str = "convo_database_up";
const RECEIPTS: &str = "convo_webhook_receipts_waiting";
const RECEIPTS_AGE: &str = "convo_webhook_receipts_oldest_age_seconds";
const OUTBOX: &str = "convo_outbox_mails";
const OUTBOX_AGE: &str = "convo_outbox_oldest_age_seconds";
const OUTBOX_LATE: &str = "convo_outbox_overdue_seconds";
const OFFERS: &str = "convo_handover_offers_open";
const OFFERS_AGE: &str = "convo_handover_offers_oldest_age_seconds";
const QUEUE: &str = "convo_handover_queue_conversations";
const QUEUE_AGE: &str = "convo_handover_queue_oldest_age_seconds";
const REVIEWS: &str = "convo_review_items_open";
const REVIEWS_AGE: &str = "convo_review_items_oldest_age_seconds";
const DRAFTS: &str = "convo_drafts_waiting";
const DRAFTS_AGE: &str = "convo_drafts_oldest_age_seconds";
const SILENCE: &str = "convo_inbound_mail_silence_seconds";
const HEAD: &str = "convo_event_log_head";
const WRITER_QUEUE: &str = "convo_writer_queue_commands";
const WRITER_LIMIT: &str = "convo_writer_queue_limit_commands";
const CONNECTIONS: &str = "convo_database_connections";
const CONNECTIONS_LIMIT: &str = "convo_database_connections_limit";

/// Describes the gauges, once.
pub fn describe() {
    for (name, what) in [
        (UP, "1 while the database answers"),
        (RECEIPTS, "Receipts that wait, by status; at most 10000"),
        (
            RECEIPTS_AGE,
            "Seconds that the oldest receipt of a status waits",
        ),
        (
            OUTBOX,
            "Outgoing mails that are not sent, by status; at most 10000",
        ),
        (
            OUTBOX_AGE,
            "Seconds since the oldest outgoing mail of a status was queued",
        ),
        (
            OUTBOX_LATE,
            "Seconds by which the first outgoing mail is past its time",
        ),
        (OFFERS, "Offers that agents have not answered"),
        (OFFERS_AGE, "Seconds since the oldest open offer was made"),
        (
            QUEUE,
            "Conversations that wait for an agent whom nobody could be found for",
        ),
        (QUEUE_AGE, "Seconds that the first of those waits"),
        (REVIEWS, "Open review items; at most 10000"),
        (REVIEWS_AGE, "Seconds that the oldest review item is open"),
        (DRAFTS, "Drafts that nobody has decided on; at most 10000"),
        (DRAFTS_AGE, "Seconds that the oldest draft waits"),
        (
            SILENCE,
            "Seconds since the newest mail came in; of a new database since the server started",
        ),
        (HEAD, "The last number of the event log"),
        (WRITER_QUEUE, "Commands that wait for the writer"),
        (WRITER_LIMIT, "Commands that may wait for the writer"),
        (
            CONNECTIONS,
            "Connections of the pool for reads, by what they do",
        ),
        (CONNECTIONS_LIMIT, "Connections that pool may have"),
    ] {
        metrics::describe_gauge!(name, what);
    }
}

/// When it was measured last, and since when the process looks.
pub struct Gauges {
    since: DateTime<Utc>,
    measured: Mutex<Option<Instant>>,
}

impl Default for Gauges {
    fn default() -> Self {
        Self {
            since: clock::now(),
            measured: Mutex::new(None),
        }
    }
}

impl Gauges {
    /// Measures, unless somebody just did. A database that is away is told as such, and what it said last stays.
    pub async fn measure(&self, app: &App) {
        if !self.is_due() {
            return;
        }
        own(app);
        let reader = app.clone();
        let read = web::block(move || reader.read(|reader| Ok(reader.backlog()?))).await;
        let read = read.map_err(|_| AppError::Unavailable).flatten();
        metrics::gauge!(UP).set(f64::from(u8::from(read.is_ok())));
        match read {
            Ok(backlog) => tell(&backlog, self.since, clock::now()),
            Err(error) => log::warn!("the gauges cannot be read: {error}"),
        }
    }

    fn is_due(&self) -> bool {
        let now = clock::monotonic();
        let mut measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = measured.is_some_and(|at| now.duration_since(at) < FRESH);
        if !fresh {
            *measured = Some(now);
        }
        !fresh
    }
}

/// What the process itself has waiting.
fn own(app: &App) {
    let (waiting, limit) = app.queue().depth();
    metrics::gauge!(WRITER_QUEUE).set(waiting as f64);
    metrics::gauge!(WRITER_LIMIT).set(limit as f64);
    let pool = app.store().connections();
    metrics::gauge!(CONNECTIONS, "state" => "busy").set(f64::from(pool.busy));
    metrics::gauge!(CONNECTIONS, "state" => "idle").set(f64::from(pool.idle));
    metrics::gauge!(CONNECTIONS_LIMIT).set(f64::from(pool.limit));
}

fn tell(backlog: &Backlog, since: DateTime<Utc>, now: DateTime<Utc>) {
    for (status, waiting) in &backlog.receipts {
        metrics::gauge!(RECEIPTS, "status" => *status).set(waiting.count as f64);
        metrics::gauge!(RECEIPTS_AGE, "status" => *status).set(age(waiting.oldest, now));
    }
    for (status, waiting) in &backlog.outbox {
        metrics::gauge!(OUTBOX, "status" => *status).set(waiting.count as f64);
        metrics::gauge!(OUTBOX_AGE, "status" => *status).set(age(waiting.oldest, now));
    }
    metrics::gauge!(OUTBOX_LATE).set(age(backlog.outbox_due, now));
    let each: [(&'static str, &'static str, Waiting); 4] = [
        (OFFERS, OFFERS_AGE, backlog.offers),
        (QUEUE, QUEUE_AGE, backlog.queued),
        (REVIEWS, REVIEWS_AGE, backlog.reviews),
        (DRAFTS, DRAFTS_AGE, backlog.drafts),
    ];
    for (count, oldest, waiting) in each {
        metrics::gauge!(count).set(waiting.count as f64);
        metrics::gauge!(oldest).set(age(waiting.oldest, now));
    }
    let newest = backlog.newest_mail.unwrap_or(since);
    metrics::gauge!(SILENCE).set(age(Some(newest), now));
    metrics::gauge!(HEAD).set(backlog.head as f64);
}

/// Seconds since then; 0 for nothing, and for what is to come.
fn age(since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> f64 {
    let span = since.map(|since| now.signed_duration_since(since));
    span.map_or(0.0, |span| span.as_seconds_f64().max(0.0))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn what_does_not_wait_has_no_age() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        assert_eq!(age(None, now), 0.0);
        assert_eq!(age(Some(now + TimeDelta::hours(1)), now), 0.0);
        assert_eq!(age(Some(now - TimeDelta::minutes(1)), now), 60.0);
    }

    #[test]
    fn it_is_measured_once_in_a_few_seconds() {
        let gauges = Gauges::default();
        assert!(gauges.is_due());
        assert!(!gauges.is_due());
    }
}
