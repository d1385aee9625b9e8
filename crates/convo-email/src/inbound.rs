//! Everything known of one mail after reading.

mod assemble;
mod identity;

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use convo_threading::automated::{Class, Verdict};
use convo_threading::{Chain, MessageId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::address::Address;
use crate::headers::Headers;
use crate::limits::Degraded;
use crate::observation::UserVariables;
use crate::report::Report;

/// A mail that came in, read and provider-neutral.
///
/// It is stored as a receipt's body, so that a failed effect can be tried again; the bytes of
/// attachments are not part of that and are kept under their digest.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InboundEmail {
    /// Its own id; `None` when it carries no valid one (see [`Self::derived_message_id`]).
    #[serde(default)]
    pub message_id: Option<MessageId>,
    /// Its ancestors as its own headers name them, oldest first.
    #[serde(default)]
    pub chain: Chain,
    /// Values of In-Reply-To as received, joined by a blank.
    #[serde(default)]
    pub in_reply_to: Option<String>,
    /// Values of References as received, joined by a blank.
    #[serde(default)]
    pub references: Option<String>,
    /// The author: the first address of From.
    #[serde(default)]
    pub from: Option<Address>,
    /// The Sender field, or the envelope's sender where the provider tells it.
    #[serde(default)]
    pub sender: Option<Address>,
    /// Where answers are to go.
    #[serde(default)]
    pub reply_to: Vec<Address>,
    /// To.
    #[serde(default)]
    pub to: Vec<Address>,
    /// Cc.
    #[serde(default)]
    pub cc: Vec<Address>,
    /// Every address the mail was delivered to or names as recipient, lower case, the envelope's
    /// first, without repetition: where `reply+<token>@` and `campaign-<id>@` are looked for.
    #[serde(default)]
    pub recipients: Vec<String>,
    /// The subject, decoded and on one line; empty when there is none.
    #[serde(default)]
    pub subject: String,
    /// The Date field; `None` when it is absent or names no time.
    #[serde(default)]
    pub date: Option<DateTime<Utc>>,
    /// The whole plain text, quotes included; HTML-only mail read as text.
    #[serde(default)]
    pub text: String,
    /// The HTML form, where there is one, not sanitised.
    #[serde(default)]
    pub html: Option<String>,
    /// What the sender wrote: without quoted text and signature; the provider's idea of it where
    /// that is not blank, else of the first 256 KiB.
    #[serde(default)]
    pub reply_text: String,
    /// The files.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// Who sent it: a person or which kind of machine, and why.
    #[serde(default)]
    pub verdict: Verdict,
    /// What a bounce, delay or complaint says of our own mail.
    #[serde(default)]
    pub report: Option<Report>,
    /// The ids we attached to a mail of ours and got back with this one, where the provider tells.
    #[serde(default)]
    pub variables: UserVariables,
    /// All header fields.
    #[serde(default)]
    pub headers: Headers,
    /// Bytes as received.
    #[serde(default)]
    pub size: usize,
    /// Bounds the mail went beyond; empty for ordinary mail.
    #[serde(default)]
    pub degraded: Vec<Degraded>,
}

/// One file of a mail.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    /// The file's name without any path; empty when there is none.
    pub name: String,
    /// MIME type, lower case, without parameters.
    pub content_type: String,
    /// Content-ID without brackets, for pictures shown inside the HTML.
    #[serde(default)]
    pub content_id: Option<String>,
    /// The file, decoded; empty after reading a stored mail back.
    #[serde(skip)]
    pub bytes: Arc<[u8]>,
    /// Bytes of the file.
    pub size: usize,
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
}

/// A mail taken apart by someone else: what a provider that parses MIME itself hands over.
#[derive(Clone, Default)]
pub struct InboundParts {
    /// All header fields.
    pub headers: Headers,
    /// Recipients of the envelope.
    pub envelope_recipients: Vec<String>,
    /// Sender of the envelope; empty for the null sender.
    pub envelope_sender: Option<String>,
    /// The plain text.
    pub text: Option<String>,
    /// The HTML.
    pub html: Option<String>,
    /// The provider's own idea of the text without quotes; used when not blank.
    pub stripped_text: Option<String>,
    /// The files, in order; the machine-readable parts of a report are among them.
    pub attachments: Vec<Attachment>,
    /// MIME types of all parts in order, where known.
    pub part_types: Vec<String>,
    /// Bytes as received.
    pub size: usize,
    /// Bounds gone beyond so far.
    pub degraded: Vec<Degraded>,
}

impl fmt::Debug for InboundEmail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundEmail")
            .field("class", &self.verdict.class)
            .field("size", &self.size)
            .field("attachments", &self.attachments.len())
            .field("degraded", &self.degraded)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment")
            .field("content_type", &self.content_type)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl InboundEmail {
    /// Reads a mail that a provider, or [`crate::mime::parts`], has taken apart.
    pub fn assemble(parts: InboundParts) -> Self {
        assemble::assemble(parts)
    }

    /// The class of the mail.
    pub fn class(&self) -> Class {
        self.verdict.class
    }

    /// SHA-256 over From address, Date, subject, text with white space collapsed, and attachment
    /// names and digests; no transport field, so that two deliveries of one mail are equal.
    pub fn content_hash(&self) -> [u8; 32] {
        identity::content_hash(self)
    }

    /// The id of a mail that carries none, the same for every delivery of it.
    ///
    /// `salt` (the receipt's token) counts only when the mail has no Date.
    pub fn derived_message_id(&self, salt: Option<&str>) -> MessageId {
        identity::derived_message_id(self, salt)
    }
}

impl Attachment {
    /// A file with its digest.
    pub fn new(
        name: impl Into<String>,
        content_type: impl Into<String>,
        content_id: Option<String>,
        bytes: impl Into<Arc<[u8]>>,
    ) -> Self {
        let bytes = bytes.into();
        let sha256 = Sha256::digest(&bytes).into();
        Self {
            name: name.into(),
            content_type: content_type.into(),
            content_id,
            size: bytes.len(),
            bytes,
            sha256,
        }
    }
}
