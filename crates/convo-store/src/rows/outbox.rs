//! Mail on its way out, and addresses that failed for now.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::record::record;

record! {
    /// A mail on its way out: ids and codes only.
    OutboxRow in outbox;
    key {
        /// Its id.
        id: Uuid => Id,
    }
    fixed {
        /// `message` or `notice`.
        kind: String => Text,
        /// Which notice.
        notice: Option<String> => Nullable<Text>,
        /// The stored message that is sent.
        message_id: Option<Uuid> => Nullable<Id>,
        /// The conversation it is about.
        conversation_id: Option<Uuid> => Nullable<Id>,
        /// The lead it goes to, or is about.
        lead_id: Option<Uuid> => Nullable<Id>,
        /// The agent a notice goes to.
        agent_id: Option<Uuid> => Nullable<Id>,
        /// What else a notice is about.
        subject_id: Option<Uuid> => Nullable<Id>,
        /// Its Message-ID without `<>`, the same at every attempt.
        rfc_id: String => Text,
        /// What it says in `Auto-Submitted`.
        automatic: Option<String> => Nullable<Text>,
        /// When it was queued.
        created_at: DateTime<Utc> => Moment,
    }
    open {
        /// `queued`, `leased`, `sent`, `shadow`, `void` or `dead`.
        status: String => Text,
        /// Why it is void or dead, or waits.
        code: Option<String> => Nullable<Text>,
        /// How often it was handed to a sender.
        attempts: i32 => Integer,
        /// When it is tried next, or when its lease ends; none once nothing more happens to it.
        due_at: Option<DateTime<Utc>> => Nullable<Moment>,
        /// Who sends it now.
        lease_owner: Option<Uuid> => Nullable<Id>,
        /// The provider's id of it, where that is another.
        provider_id: Option<String> => Nullable<Text>,
        /// When it was last changed.
        updated_at: DateTime<Utc> => Moment,
        /// When the provider took it.
        sent_at: Option<DateTime<Utc>> => Nullable<Moment>,
    }
    writes: upsert
}

record! {
    /// How often mail to an address failed for now.
    SoftBounceRow in soft_bounces;
    key {
        /// Keyed digest of the address.
        address_digest: Vec<u8> => Binary,
    }
    open {
        /// How often.
        bounces: i32 => Integer,
        /// Own time of the newest of them.
        newest_at: DateTime<Utc> => Moment,
        /// The message of the newest of them.
        newest_message_id: Option<Uuid> => Nullable<Id>,
    }
    writes: upsert
}
