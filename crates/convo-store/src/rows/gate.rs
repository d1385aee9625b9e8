//! Sending: leases, drafts, and how mail fared.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::record::record;

record! {
    /// Leave to send one mail.
    LeaseRow in send_leases;
    key {
        /// Its id.
        id: Uuid => Id,
    }
    open {
        /// When it was given.
        created_at: DateTime<Utc> => Moment,
        /// The conversation.
        conversation_id: Uuid => Id,
        /// The lead.
        lead_id: Uuid => Id,
        /// The conversation's campaign.
        campaign_id: Option<Uuid> => Nullable<Id>,
        /// Who writes: `ai`, `agent` or `system`.
        author: String => Text,
        /// The agent who writes, where known.
        agent_id: Option<Uuid> => Nullable<Id>,
        /// `campaign`, `reply` or `follow_up`.
        purpose: String => Text,
        /// The message it answers.
        answers_id: Option<Uuid> => Nullable<Id>,
        /// The Message-ID that automation answers with it; one lease for each of a lead, ever.
        claim: Option<String> => Nullable<Text>,
        /// The Message-ID of the mail to be sent, without `<>`.
        rfc_id: String => Text,
        /// Who asked: an API key's id or a code.
        actor: String => Text,
        /// Until when it is good.
        expires_at: DateTime<Utc> => Moment,
        /// The same while nobody has used it.
        open_until: Option<DateTime<Utc>> => Nullable<Moment>,
        /// When it was used.
        used_at: Option<DateTime<Utc>> => Nullable<Moment>,
        /// The message that was sent with it.
        message_id: Option<Uuid> => Nullable<Id>,
    }
    writes: upsert
}

record! {
    /// A mail that waits for an agent.
    DraftRow in drafts;
    key {
        /// Its id.
        id: Uuid => Id,
    }
    open {
        /// When it was made.
        created_at: DateTime<Utc> => Moment,
        /// The conversation.
        conversation_id: Uuid => Id,
        /// The lead.
        lead_id: Uuid => Id,
        /// What it has leave for.
        lease_id: Uuid => Id,
        /// Its subject; none: the conversation's. Empty once it is decided.
        subject: Option<String> => Nullable<Text>,
        /// Its text; empty once it is decided.
        text: String => Text,
        /// Its HTML form; none once it is decided.
        html: Option<String> => Nullable<Text>,
        /// The message it became.
        message_id: Option<Uuid> => Nullable<Id>,
        /// `approved`, `discarded` or `expired`; none while it waits.
        decision: Option<String> => Nullable<Text>,
        /// Who decided: an API key's id or a code.
        decided_by: Option<String> => Nullable<Text>,
        /// When.
        decided_at: Option<DateTime<Utc>> => Nullable<Moment>,
    }
    writes: upsert
}

record! {
    /// How the mail of one hour fared.
    ReputationRow in reputation;
    key {
        /// `campaign:` and its id, or `domain:` and a sending domain.
        scope: String => Text,
        /// The hour's beginning.
        hour: DateTime<Utc> => Moment,
    }
    open {
        /// Unasked mails sent.
        sent: i64 => BigInt,
        /// Addresses found dead.
        hard_bounces: i64 => BigInt,
        /// Complaints.
        complaints: i64 => BigInt,
    }
    writes: insert
}
