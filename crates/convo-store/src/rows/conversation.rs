//! Conversations.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::record::record;

record! {
    /// One lead, at most one campaign, one state.
    ConversationRow in conversations;
    key {
        /// Its id.
        id: Uuid => Id,
    }
    fixed {
        /// The lead.
        lead_id: Uuid => Id,
        /// The campaign, if any.
        campaign_id: Option<Uuid> => Nullable<Id>,
        /// The closed conversation it continues.
        previous_conversation_id: Option<Uuid> => Nullable<Id>,
        /// When it was made.
        created_at: DateTime<Utc> => Moment,
        /// The caller's own id, unique among conversations.
        external_id: Option<String> => Nullable<Text>,
    }
    open {
        /// Subject; empty after an erase.
        subject: String => Text,
        /// Wire name of the state.
        state: String => Text,
        /// The owner.
        assigned_agent_id: Option<Uuid> => Nullable<Id>,
        /// How it was closed.
        outcome: Option<String> => Nullable<Text>,
        /// When to write again, for the outcome `not_now`.
        follow_up_at: Option<DateTime<Utc>> => Nullable<Moment>,
        /// Whether automation is held.
        held: bool => Bool,
        /// When it was last closed.
        closed_at: Option<DateTime<Utc>> => Nullable<Moment>,
        /// Whether it ever was in HANDED_OVER.
        ever_handed_over: bool => Bool,
        /// JSON of what is switched off in it; none: nothing.
        integration: Option<String> => Nullable<Text>,
        /// Since when it waits for an agent without an open offer.
        queued_since: Option<DateTime<Utc>> => Nullable<Moment>,
    }
    busy {
        /// Number of accepted events.
        version: i64 => BigInt,
        /// Rises by one with every commit that touches the row; 1 when inserted.
        revision: i64 => BigInt,
        /// Who is to speak next: `us`, `lead` or `nobody`.
        awaiting: String => Text,
        /// Wire name of the last accepted event.
        last_event: Option<String> => Nullable<Text>,
        /// When something last happened in it.
        last_activity_at: DateTime<Utc> => Moment,
        /// Number of stored messages, which is also the last sequence number.
        message_count: i64 => BigInt,
        /// Engagement as of the last commit, 0–100.
        engagement: i16 => SmallInt,
        /// Handover readiness as of the last commit, 0–100.
        readiness: i16 => SmallInt,
        /// Qualification as of the last commit, 0–100.
        qualification: i16 => SmallInt,
        /// JSON of the core's conversation.
        facts: String => Text,
        /// The version up to which the audit is chained; the writer sets it.
        audit_version: i64 => BigInt,
        /// Digest of that version's audit row; the writer sets it.
        audit_digest: Option<Vec<u8>> => Nullable<Binary>,
        /// When it was last changed.
        updated_at: DateTime<Utc> => Moment,
    }
    writes: insert, swap, swap_busy
}
