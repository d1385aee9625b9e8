//! Messages, their content, and the tree they stand in.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::record::record;

record! {
    /// A stored message: ids, codes, numbers and times. What a person wrote is in [`ContentRow`].
    MessageRow in messages;
    key {
        /// Its id.
        id: Uuid => Id,
    }
    open {
        /// The conversation it is in.
        conversation_id: Uuid => Id,
        /// The lead of that conversation.
        lead_id: Uuid => Id,
        /// Order of storing, 1..n in the conversation.
        sequence_number: i64 => BigInt,
        /// `inbound` or `outbound`.
        direction: String => Text,
        /// `lead`, `ai`, `agent`, `system` or `other`.
        author: String => Text,
        /// The agent or lead who wrote it, where known.
        author_id: Option<Uuid> => Nullable<Id>,
        /// `human`, `auto_reply`, `bounce`, …
        kind: String => Text,
        /// Whether it is a note.
        note: bool => Bool,
        /// Message-ID without `<>`.
        rfc_id: String => Text,
        /// The parent its headers name, known or not.
        parent_rfc: Option<String> => Nullable<Text>,
        /// Message-ID of the nearest present ancestor.
        parent_message_rfc: Option<String> => Nullable<Text>,
        /// Id of the nearest present ancestor.
        parent_id: Option<Uuid> => Nullable<Id>,
        /// Depth in the tree; a root has 0.
        depth: i32 => Integer,
        /// The thread it is in.
        thread_id: Uuid => Id,
        /// JSON list of the ancestors its headers name.
        chain: String => Text,
        /// In-Reply-To without `<>`.
        in_reply_to: Option<String> => Nullable<Text>,
        /// JSON list of the ids in References.
        references: String => Text,
        /// Its own time.
        at: DateTime<Utc> => Moment,
        /// When we got it.
        received_at: DateTime<Utc> => Moment,
        /// SHA-256 of the content, 32 bytes.
        content_hash: Vec<u8> => Binary,
        /// The rung that placed it.
        rung: Option<i16> => Nullable<SmallInt>,
        /// JSON of the evidence for rung and kind: codes and ids.
        evidence: String => Text,
        /// JSON of the codes read from it: signals, topics, intent, sentiment, text length, lexicon version.
        codes: String => Text,
        /// JSON list of flags.
        flags: String => Text,
        /// The receipt it came with.
        receipt_id: Option<Uuid> => Nullable<Id>,
        /// When an absence ends.
        returns_on: Option<DateTime<Utc>> => Nullable<Moment>,
        /// Whether its content was erased or expired.
        erased: bool => Bool,
    }
    writes: insert, upsert
}

record! {
    /// What a message says and who wrote it: everything an erase empties.
    ContentRow in message_contents;
    key {
        /// The message.
        message_id: Uuid => Id,
    }
    open {
        /// From address as written.
        from_address: Option<String> => Nullable<Text>,
        /// JSON list of the recipients.
        recipients: String => Text,
        /// Decoded subject.
        subject: String => Text,
        /// The beginning of the reply text.
        snippet: String => Text,
        /// Size of the mail in bytes.
        size: i64 => BigInt,
        /// The text without quotes and signature.
        reply_text: String => Text,
        /// The whole text.
        text: String => Text,
        /// The HTML part.
        html: Option<String> => Nullable<Text>,
        /// JSON list of all headers.
        headers: Option<String> => Nullable<Text>,
        /// The mail as it came.
        raw: Option<Vec<u8>> => Nullable<Binary>,
    }
    writes: insert
}

record! {
    /// Another Message-ID of a message: its own, or one a provider gave it.
    AliasRow in message_aliases;
    key {
        /// The alias without `<>`.
        rfc_id: String => Text,
        /// The message.
        message_id: Uuid => Id,
    }
    open {
        /// Its conversation.
        conversation_id: Uuid => Id,
    }
    writes: upsert
}

record! {
    /// A thread: one connected component of a conversation's messages.
    ThreadRow in message_threads;
    key {
        /// Its id.
        id: Uuid => Id,
    }
    open {
        /// Its conversation.
        conversation_id: Uuid => Id,
        /// Message-ID of the root, which may be missing.
        root_rfc: String => Text,
        /// The older thread it was merged into.
        merged_into: Option<Uuid> => Nullable<Id>,
        /// When it was made.
        created_at: DateTime<Utc> => Moment,
    }
    writes: upsert
}

record! {
    /// A missing ancestor that others name.
    PlaceholderRow in thread_placeholders;
    key {
        /// The conversation.
        conversation_id: Uuid => Id,
        /// The missing Message-ID.
        rfc_id: String => Text,
    }
    open {
        /// The thread it stands in.
        thread_id: Uuid => Id,
        /// Its own parent, as others claim.
        parent_rfc: Option<String> => Nullable<Text>,
        /// Depth in the tree.
        depth: i32 => Integer,
        /// JSON of the claims about its parent.
        votes: String => Text,
    }
    writes: upsert
}

record! {
    /// An attachment; its bytes are in the content-addressed folder.
    AttachmentRow in attachments;
    key {
        /// Its id.
        id: Uuid => Id,
    }
    open {
        /// The message.
        message_id: Uuid => Id,
        /// Number in the message, from 1.
        n: i32 => Integer,
        /// File name.
        name: String => Text,
        /// Media type.
        content_type: String => Text,
        /// Content-ID without `<>`.
        content_id: Option<String> => Nullable<Text>,
        /// Size in bytes.
        size: i64 => BigInt,
        /// SHA-256 of the bytes.
        sha256: Vec<u8> => Binary,
    }
    writes: insert
}
