//! What reading one mail may cost.

use serde::{Deserialize, Serialize};

/// Bounds of the MIME reader; every one has a default that real mail does not reach.
///
/// Only `bytes` refuses a mail; the others are structural: a mail beyond one is read as far as the
/// bound and carries a [`Degraded`] mark, so that no mail is lost for being odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest mail in bytes, encoded as it came.
    pub bytes: usize,
    /// Most MIME parts, containers included.
    pub parts: usize,
    /// Deepest nesting of multiparts; the message itself is depth 0.
    pub depth: usize,
    /// Most header fields of one header block.
    pub headers: usize,
    /// Most bytes of one header block.
    pub header_bytes: usize,
    /// Most bytes of one header field behind its colon, folded lines included.
    pub field_bytes: usize,
    /// Most attachments kept.
    pub attachments: usize,
    /// Most bytes of plain or HTML text kept, after decoding.
    pub text_bytes: usize,
}

impl Limits {
    /// 25 MiB: what the large providers accept for one message.
    pub const BYTES: usize = 25 * 1024 * 1024;
    /// 1,000 parts: a digest of a busy list has a few hundred.
    pub const PARTS: usize = 1_000;
    /// 32 levels: forwarding adds one or two at a time.
    pub const DEPTH: usize = 32;
    /// 2,000 fields: long relay chains have about a hundred.
    pub const HEADERS: usize = 2_000;
    /// 512 KiB of header block: enough for thousands of recipients.
    pub const HEADER_BYTES: usize = 512 * 1024;
    /// 128 KiB for one field: a To line of some 3,000 addresses.
    pub const FIELD_BYTES: usize = 128 * 1024;
    /// 250 attachments.
    pub const ATTACHMENTS: usize = 250;
    /// 4 MiB of text: a thousand pages.
    pub const TEXT_BYTES: usize = 4 * 1024 * 1024;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: Self::BYTES,
            parts: Self::PARTS,
            depth: Self::DEPTH,
            headers: Self::HEADERS,
            header_bytes: Self::HEADER_BYTES,
            field_bytes: Self::FIELD_BYTES,
            attachments: Self::ATTACHMENTS,
            text_bytes: Self::TEXT_BYTES,
        }
    }
}

/// A structural bound a mail went beyond: what was read stops there, the mail itself is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "bound", rename_all = "snake_case")]
pub enum Degraded {
    /// More parts than [`Limits::parts`]; the rest is unread.
    Parts {
        /// The bound.
        limit: usize,
    },
    /// Multiparts nested deeper than [`Limits::depth`]; the deepest is kept as one attachment.
    Depth {
        /// The bound.
        limit: usize,
    },
    /// More header fields than [`Limits::headers`]; the rest is unread.
    Headers {
        /// The bound.
        limit: usize,
        /// Fields counted in the block.
        actual: usize,
    },
    /// A header block longer than [`Limits::header_bytes`]; fields behind the bound are unread.
    HeaderBytes {
        /// The bound.
        limit: usize,
        /// Bytes of the block.
        actual: usize,
    },
    /// A header field longer than [`Limits::field_bytes`]; its middle is left out.
    FieldBytes {
        /// The bound.
        limit: usize,
        /// Bytes of the field.
        actual: usize,
    },
    /// More attachments than [`Limits::attachments`]; the rest is left out.
    Attachments {
        /// The bound.
        limit: usize,
        /// Attachments counted.
        actual: usize,
    },
    /// There is no header field and the bytes are no text: all of them are kept as one attachment.
    NoMail,
    /// More text than [`Limits::text_bytes`]; the rest is left out.
    TextBytes {
        /// The bound.
        limit: usize,
        /// Bytes of text found.
        actual: usize,
    },
}

impl Degraded {
    /// The bound's wire name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Parts { .. } => "parts",
            Self::Depth { .. } => "depth",
            Self::Headers { .. } => "headers",
            Self::HeaderBytes { .. } => "header_bytes",
            Self::FieldBytes { .. } => "field_bytes",
            Self::Attachments { .. } => "attachments",
            Self::NoMail => "no_mail",
            Self::TextBytes { .. } => "text_bytes",
        }
    }
}

/// Why bytes were not read as a mail at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The mail is larger than [`Limits::bytes`].
    #[error("the mail has {actual} bytes, the limit is {limit}")]
    TooLarge {
        /// The bound.
        limit: usize,
        /// Bytes of the mail.
        actual: usize,
    },
    /// There are no bytes, or nothing but white space.
    #[error("the mail is empty")]
    Empty,
}
