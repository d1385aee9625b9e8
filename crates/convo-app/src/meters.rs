//! What a commit is counted as, once it is there. Labels are words of the vocabulary, never ids or addresses.

use std::collections::BTreeMap;

use convo_core::policy::Budget;
use convo_core::vocabulary::{Direction, Kind};
use convo_store::Commit;

use crate::handover::UNCLAIMED;
use crate::loops::STOPPED;
use crate::message::FLOODED;
use crate::outbox::MAILS;
use crate::timers::{FIRED, LAG, REPLIES_NEEDED};
use crate::writer::{BATCH_COMMANDS, COMMIT_SECONDS, COMMITS, REDONE};

/// Rows of the event log, by type.
pub const EVENTS: &str = "convo_events_total";
/// Messages stored, by direction and kind.
pub const MESSAGES: &str = "convo_messages_total";
/// Receipts of webhooks by what they came to, each time they come to something.
pub const RECEIPTS: &str = "convo_webhook_receipts_total";
/// Mails of ours that a provider delivered.
pub const DELIVERED: &str = "convo_mails_delivered_total";
/// Addresses found dead by mails of ours.
pub const BOUNCED: &str = "convo_mails_bounced_total";
/// Complaints about mails of ours.
pub const COMPLAINED: &str = "convo_mails_complained_total";

/// What the scopes of reputation begin with that count every mail once.
const DOMAIN: &str = "domain:";

/// Types of the event log's rows.
const TYPES: [&str; 6] = [
    "conversation_state_changed",
    "lead_journey_updated",
    "message_thread_updated",
    "handover_event",
    "email_event",
    "record_changed",
];
/// What a receipt can come to.
const STATUSES: [&str; 6] = ["done", "failed", "dead", "unmatched", "ignored", "review"];

/// Describes what is counted here, and begins counting at 0: what has not happened yet is told as well. Once, when
/// there is somebody who keeps the counts.
pub fn begin() {
    let counters = [
        (EVENTS, "Rows of the event log, by type"),
        (MESSAGES, "Messages stored, by direction and kind"),
        (RECEIPTS, "Receipts of webhooks, by what they came to"),
        (DELIVERED, "Mails of ours that a provider delivered"),
        (BOUNCED, "Addresses found dead by mails of ours"),
        (COMPLAINED, "Complaints about mails of ours"),
        (MAILS, "Outgoing mails, by what became of them"),
        (COMMITS, "Transactions committed by the writer"),
        (REDONE, "Batches whose commands were tried one by one"),
        (FIRED, "Timers that came to something, by kind"),
        (REPLIES_NEEDED, "Alerts that a lead waits for an answer"),
        (UNCLAIMED, "Handovers nobody took in a round"),
        (
            FLOODED,
            "Automated mails beyond what a conversation may get",
        ),
        (STOPPED, "Automatic answers that a budget stopped"),
    ];
    for (name, what) in counters {
        metrics::describe_counter!(name, what);
    }
    for name in [
        DELIVERED,
        BOUNCED,
        COMPLAINED,
        COMMITS,
        REDONE,
        REPLIES_NEEDED,
        UNCLAIMED,
        FLOODED,
    ] {
        metrics::counter!(name).increment(0);
    }
    for kind in TYPES {
        metrics::counter!(EVENTS, "type" => kind).increment(0);
    }
    for status in STATUSES {
        metrics::counter!(RECEIPTS, "status" => status).increment(0);
    }
    for outcome in ["sent", "later", "shadow", "void", "dead"] {
        metrics::counter!(MAILS, "outcome" => outcome).increment(0);
    }
    for budget in Budget::ALL {
        metrics::counter!(STOPPED, "budget" => budget.as_str()).increment(0);
    }
    for direction in Direction::ALL {
        let direction = direction.as_str();
        let kind = Kind::Human.as_str();
        metrics::counter!(MESSAGES, "direction" => direction, "kind" => kind).increment(0);
    }
    metrics::describe_histogram!(BATCH_COMMANDS, "Commands in one commit of the writer");
    metrics::describe_histogram!(COMMIT_SECONDS, "Seconds that a commit of the writer took");
    metrics::describe_gauge!(LAG, "Seconds that the oldest timer that is due has waited");
    metrics::gauge!(LAG).set(0.0);
}

/// What one commit tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    events: BTreeMap<String, u64>,
    messages: BTreeMap<(String, String), u64>,
    receipts: BTreeMap<String, u64>,
    delivered: u64,
    bounced: u64,
    complained: u64,
}

impl Told {
    /// Reads it off a commit that is not written yet.
    pub fn of(commit: &Commit) -> Self {
        let mut told = Self::default();
        for row in &commit.log {
            *told.events.entry(row.kind.clone()).or_default() += 1;
        }
        for row in &commit.messages {
            let labels = (row.direction.clone(), row.kind.clone());
            *told.messages.entry(labels).or_default() += 1;
        }
        let fresh = commit.receipts.iter().map(|row| &row.status);
        let changed = commit.receipts_changed.iter().map(|row| &row.status);
        for status in fresh.chain(changed) {
            *told.receipts.entry(status.clone()).or_default() += 1;
        }
        let delivered = commit.receipts.iter();
        let delivered = delivered.filter(|row| row.kind == "delivered" && row.status == "done");
        told.delivered = delivered.count() as u64;
        let whole = commit.fared.iter();
        for (_, fared) in whole.filter(|((scope, _), _)| scope.starts_with(DOMAIN)) {
            told.bounced += u64::try_from(fared.hard_bounces).unwrap_or(0);
            told.complained += u64::try_from(fared.complaints).unwrap_or(0);
        }
        told
    }

    /// Counts it, now that it is written.
    pub fn count(self) {
        for (kind, rows) in self.events {
            metrics::counter!(EVENTS, "type" => kind).increment(rows);
        }
        for ((direction, kind), rows) in self.messages {
            metrics::counter!(MESSAGES, "direction" => direction, "kind" => kind).increment(rows);
        }
        for (status, rows) in self.receipts {
            metrics::counter!(RECEIPTS, "status" => status).increment(rows);
        }
        for (name, rows) in [
            (DELIVERED, self.delivered),
            (BOUNCED, self.bounced),
            (COMPLAINED, self.complained),
        ] {
            metrics::counter!(name).increment(rows);
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use convo_store::{Fared, NewLogRow};

    use super::*;

    #[test]
    fn a_commit_is_counted_by_kinds_and_every_mail_once() {
        let mut commit = Commit::default();
        for kind in ["email_event", "email_event", "handover_event"] {
            commit.log.push(NewLogRow {
                kind: kind.to_owned(),
                at: DateTime::UNIX_EPOCH,
                conversation_id: None,
                lead_id: None,
                metadata_id: None,
                silent: false,
                quiet: false,
                data: "{}".to_owned(),
            });
        }
        let fared = Fared {
            sent: 0,
            hard_bounces: 2,
            complaints: 1,
        };
        for scope in ["domain:dealer.example", "campaign:1"] {
            let scope = (scope.to_owned(), DateTime::UNIX_EPOCH);
            *commit.fared.entry(scope).or_default() += fared;
        }
        let told = Told::of(&commit);
        assert_eq!(told.events["email_event"], 2);
        assert_eq!(told.events["handover_event"], 1);
        assert_eq!((told.bounced, told.complained), (2, 1));
    }
}
