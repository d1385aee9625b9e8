//! Set-based deletes and erasures, as values.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A set-based delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sweep {
    /// Empties what the person said and what we got from them: contents and flags of messages, metadata,
    /// attachments, receipts, review items, stored answers, addresses. The lead, its conversations' subjects
    /// and its suppressions are the caller's to put.
    EraseLead {
        /// The person.
        lead_id: Uuid,
        /// The person's addresses in lower case, for parked mail.
        address_keys: Vec<String>,
        /// Keyed digests of the same, for receipts.
        address_digests: Vec<Vec<u8>>,
        /// Receipts found otherwise.
        receipts: Vec<Uuid>,
    },
    /// Deletes at most `limit` receipts `done`, `ignored` or `unmatched` that came before.
    Receipts {
        /// The end of the retention.
        before: DateTime<Utc>,
        /// At most so many.
        limit: i64,
    },
    /// Deletes at most `limit` stored answers made before.
    Answers {
        /// The end of the retention.
        before: DateTime<Utc>,
        /// At most so many.
        limit: i64,
    },
    /// Deletes at most `limit` webhook tokens that expired before.
    Tokens {
        /// The present.
        before: DateTime<Utc>,
        /// At most so many.
        limit: i64,
    },
    /// Deletes at most `limit` seen events that expired before.
    Dedupe {
        /// The present.
        before: DateTime<Utc>,
        /// At most so many.
        limit: i64,
    },
    /// Deletes at most `limit` outgoing mails that were queued before and are sent.
    Outbox {
        /// The end of the retention.
        before: DateTime<Utc>,
        /// At most so many.
        limit: i64,
    },
    /// Deletes at most `limit` automatic answers that were queued before.
    Answered {
        /// The end of every window that counts them.
        before: DateTime<Utc>,
        /// At most so many.
        limit: i64,
    },
    /// Decides and empties at most `limit` drafts that have waited since before.
    Drafts {
        /// The end of their time.
        before: DateTime<Utc>,
        /// The present.
        now: DateTime<Utc>,
        /// At most so many.
        limit: i64,
    },
    /// Deletes at most `limit` leases that nobody used, that answer nothing and that ended before.
    Leases {
        /// The end of their time.
        before: DateTime<Utc>,
        /// At most so many.
        limit: i64,
    },
    /// Forgets how mail fared: hours before, or one scope's.
    Reputation(Forgotten),
    /// Empties the contents and deletes the attachments of at most `limit` messages of conversations that
    /// were closed before.
    Texts {
        /// The end of the retention.
        before: DateTime<Utc>,
        /// At most so many.
        limit: i64,
    },
}

/// Of which mail it is forgotten how it fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forgotten {
    /// Of all hours before.
    Before(DateTime<Utc>),
    /// Of one scope; queued mail that waits because of it is due now.
    Scope(String, DateTime<Utc>),
}
