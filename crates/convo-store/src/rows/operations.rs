//! Suppressions, stored answers, API keys and the review list.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::record::record;

record! {
    /// An id of another system that a record answers to beside its own external id.
    ExternalIdRow in external_ids;
    key {
        /// The id.
        external_id: String => Text,
        /// `lead` or `conversation`.
        kind: String => Text,
    }
    open {
        /// The record.
        record_id: Uuid => Id,
        /// The person it belongs to.
        lead_id: Uuid => Id,
    }
    writes: insert
}

record! {
    /// Who must not be written to, and why.
    SuppressionRow in suppressions;
    key {
        /// Its id.
        id: Uuid => Id,
    }
    open {
        /// The address in lower case; none after an erase.
        address_key: Option<String> => Nullable<Text>,
        /// The address as given.
        address: Option<String> => Nullable<Text>,
        /// The lead.
        lead_id: Option<Uuid> => Nullable<Id>,
        /// `opt_out`, `complaint`, `hard_bounce`, `manual`, …
        reason: String => Text,
        /// `automation` or `all`.
        scope: String => Text,
        /// Who said so.
        source: String => Text,
        /// Evidence, as given.
        evidence: Option<String> => Nullable<Text>,
        /// Keyed hash of the address, which an erase keeps.
        keyed_hash: Option<Vec<u8>> => Nullable<Binary>,
        /// The caller's own id.
        external_id: Option<String> => Nullable<Text>,
        /// Since when, by its own time.
        at: DateTime<Utc> => Moment,
        /// Until when it holds; none: until it is lifted.
        expires_at: Option<DateTime<Utc>> => Nullable<Moment>,
        /// When it was lifted.
        lifted_at: Option<DateTime<Utc>> => Nullable<Moment>,
        /// When it was stored.
        created_at: DateTime<Utc> => Moment,
    }
    writes: upsert
}

record! {
    /// The stored answer to a request with an idempotency key.
    IdempotencyRow in idempotency_keys;
    key {
        /// Digest of API key, method, path and idempotency key.
        scope_digest: Vec<u8> => Binary,
    }
    fixed {
        /// Digest of the request body.
        body_digest: Vec<u8> => Binary,
        /// HTTP status of the answer.
        status: i16 => SmallInt,
        /// Content type of the answer.
        content_type: String => Text,
        /// The answer's body; none after an erase.
        answer: Option<String> => Nullable<Text>,
        /// The lead it speaks of.
        lead_id: Option<Uuid> => Nullable<Id>,
        /// When it was stored.
        created_at: DateTime<Utc> => Moment,
    }
    writes: insert
}

record! {
    /// An API key, hashed.
    ApiKeyRow in api_keys;
    key {
        /// Its id.
        id: Uuid => Id,
    }
    open {
        /// What it is for.
        name: String => Text,
        /// SHA-256 of the key.
        hash: Vec<u8> => Binary,
        /// JSON list of scopes.
        scopes: String => Text,
        /// The agent it belongs to.
        agent_id: Option<Uuid> => Nullable<Id>,
        /// Its last four characters.
        hint: String => Text,
        /// When it was made.
        created_at: DateTime<Utc> => Moment,
        /// When it was revoked.
        revoked_at: Option<DateTime<Utc>> => Nullable<Moment>,
    }
    writes: upsert
}

record! {
    /// Something a person must look at.
    ReviewRow in review_items;
    key {
        /// Its id.
        id: Uuid => Id,
    }
    open {
        /// Why it is here.
        reason: String => Text,
        /// `open` or `resolved`.
        status: String => Text,
        /// The receipt it came with.
        receipt_id: Option<Uuid> => Nullable<Id>,
        /// The stored message, where there is one.
        message_id: Option<Uuid> => Nullable<Id>,
        /// The conversation it concerns.
        conversation_id: Option<Uuid> => Nullable<Id>,
        /// The lead it concerns.
        lead_id: Option<Uuid> => Nullable<Id>,
        /// The sender's address in lower case.
        from_key: Option<String> => Nullable<Text>,
        /// JSON list of the Message-IDs it waits for; [`ReviewWaitRow`] has them for look-up.
        wait_rfc_ids: String => Text,
        /// The parked observation.
        body: Option<Vec<u8>> => Nullable<Binary>,
        /// What was done.
        resolution: Option<String> => Nullable<Text>,
        /// Who did it: an API key's id or a code.
        resolved_by: Option<String> => Nullable<Text>,
        /// When it came.
        created_at: DateTime<Utc> => Moment,
        /// When it was resolved.
        resolved_at: Option<DateTime<Utc>> => Nullable<Moment>,
    }
    writes: upsert
}

record! {
    /// A Message-ID that a review item waits for.
    ReviewWaitRow in review_waits;
    key {
        /// The Message-ID without `<>`.
        rfc_id: String => Text,
        /// The review item.
        review_id: Uuid => Id,
    }
    writes: insert
}
