//! What providers send: receipts, tokens, events.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::record::record;

record! {
    /// A provider's event about a message.
    EmailEventRow in email_events;
    key {
        /// Its id.
        id: Uuid => Id,
    }
    open {
        /// The conversation.
        conversation_id: Uuid => Id,
        /// The message, where known.
        message_id: Option<Uuid> => Nullable<Id>,
        /// Its Message-ID, whether or not it is stored; none where the event names none.
        rfc_id: Option<String> => Nullable<Text>,
        /// Wire name of the event.
        kind: String => Text,
        /// Its own time.
        occurred_at: DateTime<Utc> => Moment,
        /// When we got it.
        received_at: DateTime<Utc> => Moment,
        /// Whether the provider named a machine.
        bot: bool => Bool,
        /// Class of the user agent, coded.
        agent_class: Option<String> => Nullable<Text>,
        /// `human`, `machine` or `none`.
        judged: String => Text,
        /// Whether ENGAGEMENT_INCREASED was recorded for it.
        recorded: bool => Bool,
        /// The conversation's campaign.
        campaign_id: Option<Uuid> => Nullable<Id>,
        /// What it is counted as; none where it is not counted.
        figure: Option<String> => Nullable<Text>,
    }
    writes: upsert
}

record! {
    /// A webhook call we took.
    ReceiptRow in webhook_receipts;
    key {
        /// Its id.
        id: Uuid => Id,
    }
    open {
        /// The provider.
        provider: String => Text,
        /// What it was.
        kind: String => Text,
        /// `done`, `failed`, `dead`, `unmatched`, `ignored`, `review`.
        status: String => Text,
        /// How often it was tried.
        attempts: i32 => Integer,
        /// When it is tried next.
        next_attempt_at: Option<DateTime<Utc>> => Nullable<Moment>,
        /// Why it failed.
        error_code: Option<String> => Nullable<Text>,
        /// Where it went.
        conversation_id: Option<Uuid> => Nullable<Id>,
        /// Whose it is.
        lead_id: Option<Uuid> => Nullable<Id>,
        /// Its campaign.
        campaign_id: Option<Uuid> => Nullable<Id>,
        /// The message it became or is about.
        message_id: Option<Uuid> => Nullable<Id>,
        /// The Message-ID an unmatched one waits for.
        wait_rfc_id: Option<String> => Nullable<Text>,
        /// Keyed digest of the person's address it speaks of, by which an erase finds it.
        address_digest: Option<Vec<u8>> => Nullable<Binary>,
        /// The observation as parsed.
        body: Option<Vec<u8>> => Nullable<Binary>,
        /// When it came.
        received_at: DateTime<Utc> => Moment,
        /// When it was done.
        done_at: Option<DateTime<Utc>> => Nullable<Moment>,
    }
    writes: insert
}

record! {
    /// A used webhook token: holds digests only and survives an erase.
    WebhookTokenRow in webhook_tokens;
    key {
        /// Digest of the token.
        token_digest: Vec<u8> => Binary,
    }
    fixed {
        /// Keyed digest of the parsed fields.
        fields_digest: Vec<u8> => Binary,
        /// The receipt it made.
        receipt_id: Uuid => Id,
        /// When it may be forgotten.
        expires_at: DateTime<Utc> => Moment,
    }
    writes: insert
}

record! {
    /// A provider event that was seen.
    EventDedupeRow in event_dedupe;
    key {
        /// Digest of provider, domain, event id and day.
        digest: Vec<u8> => Binary,
    }
    fixed {
        /// When it may be forgotten.
        expires_at: DateTime<Utc> => Moment,
    }
    writes: insert
}
