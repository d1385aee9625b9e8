//! What happened: accepted events, their metadata, and the journey.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::record::record;

record! {
    /// One accepted event of a conversation.
    TransitionRow in conversation_state_transitions;
    key {
        /// Its id.
        id: Uuid => Id,
    }
    fixed {
        /// The conversation.
        conversation_id: Uuid => Id,
        /// Its lead.
        lead_id: Uuid => Id,
        /// The conversation's version after the event; unique and gapless per conversation.
        version: i64 => BigInt,
        /// State before.
        from_state: String => Text,
        /// State after.
        to_state: String => Text,
        /// Wire name of the event.
        event: String => Text,
        /// `system` or `request`; what a request claimed is in its metadata row.
        triggered_by: String => Text,
        /// The authenticated actor: an API key's id or a code.
        actor: String => Text,
        /// What caused it: an id or a code.
        cause: Option<String> => Nullable<Text>,
        /// The message that implied it.
        implied_by: Option<Uuid> => Nullable<Id>,
        /// JSON list of warning codes.
        warnings: String => Text,
        /// JSON list of waived rules.
        waived: String => Text,
        /// Version of the policy that decided.
        policy_version: i64 => BigInt,
        /// The metadata row.
        metadata_id: Option<Uuid> => Nullable<Id>,
        /// When it happened.
        at: DateTime<Utc> => Moment,
        /// When it was stored.
        recorded_at: DateTime<Utc> => Moment,
        /// Salted digest of the metadata row's content; the writer sets it.
        content_digest: Option<Vec<u8>> => Nullable<Binary>,
        /// Digest over the one of the step before and all of the above; the writer sets it. None: not chained yet.
        digest: Option<Vec<u8>> => Nullable<Binary>,
    }
    writes: insert
}

record! {
    /// Free metadata, claimed `triggeredBy` and reasons, as given; emptied by an erase.
    MetadataRow in conversation_metadata;
    key {
        /// Its id.
        id: Uuid => Id,
    }
    fixed {
        /// The conversation.
        conversation_id: Option<Uuid> => Nullable<Id>,
        /// The lead.
        lead_id: Option<Uuid> => Nullable<Id>,
        /// What it belongs to.
        kind: String => Text,
        /// JSON object.
        body: String => Text,
        /// When it was stored.
        created_at: DateTime<Utc> => Moment,
        /// Random bytes that its digest in the audit is made with; they go with the content.
        salt: Option<Vec<u8>> => Nullable<Binary>,
    }
    writes: insert
}

record! {
    /// A stage entered or left.
    JourneyEventRow in lead_journey_events;
    key {
        /// Its id.
        id: Uuid => Id,
    }
    fixed {
        /// The lead.
        lead_id: Uuid => Id,
        /// The conversation that caused it.
        conversation_id: Option<Uuid> => Nullable<Id>,
        /// The stage, 1–6.
        stage: i16 => SmallInt,
        /// `entered` or `left`.
        action: String => Text,
        /// The milestone reached, once per lead.
        milestone: Option<String> => Nullable<Text>,
        /// When it happened.
        at: DateTime<Utc> => Moment,
        /// When it was stored.
        recorded_at: DateTime<Utc> => Moment,
    }
    writes: insert
}
