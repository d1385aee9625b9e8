//! Bytes to [`InboundEmail`]: structure, charsets and encodings, within [`Limits`].
//!
//! The structure is split here in one pass over the lines, without recursion, before any part is
//! handed on: mailparse searches every level of nested parts anew, which costs seconds on hostile
//! mail, and gives up on the first bad part. Parameters, addresses and quoted-printable are
//! mailparse's.

mod content;
mod head;
mod lines;
mod mbox;
mod structure;
mod texts;

pub use mbox::{Mbox, split_mbox};

use crate::headers::Headers;
use crate::inbound::{Attachment, InboundEmail, InboundParts};
use crate::limits::{Degraded, Limits, ReadError};

/// Reads a mail.
///
/// # Errors
/// [`ReadError`] only when the bytes are no mail or too many; a mail beyond a structural bound is
/// read as far as the bound and says so in [`InboundEmail::degraded`].
pub fn read(bytes: &[u8], limits: &Limits) -> Result<InboundEmail, ReadError> {
    Ok(InboundEmail::assemble(parts(bytes, limits)?))
}

/// Takes a mail apart without judging it, for a caller who knows the envelope.
///
/// # Errors
/// As [`read`].
pub fn parts(bytes: &[u8], limits: &Limits) -> Result<InboundParts, ReadError> {
    if bytes.len() > limits.bytes {
        return Err(ReadError::TooLarge {
            limit: limits.bytes,
            actual: bytes.len(),
        });
    }
    if bytes.trim_ascii().is_empty() {
        return Err(ReadError::Empty);
    }
    let normal = lines::normal(bytes);
    let mut marks = Marks::default();
    let head = head::message(&normal, limits, &mut marks);
    if head.headers.is_empty() && normal.contains(&0) {
        return Ok(no_mail(bytes));
    }
    let body = normal.get(head.body..).unwrap_or_default();
    let leaves = structure::split(&head.headers, body, limits, &mut marks);
    let content = texts::collect(leaves, limits, &mut marks);
    Ok(InboundParts {
        headers: head.headers,
        text: content.text,
        html: content.html,
        attachments: content.attachments,
        part_types: content.part_types,
        size: bytes.len(),
        degraded: marks.0,
        ..InboundParts::default()
    })
}

/// Bytes that are no mail, such as another program's message file: nothing of them is lost.
fn no_mail(bytes: &[u8]) -> InboundParts {
    InboundParts {
        attachments: vec![Attachment::new("", "application/octet-stream", None, bytes)],
        size: bytes.len(),
        degraded: vec![Degraded::NoMail],
        ..InboundParts::default()
    }
}

/// The `report-type` a mail's own headers name, lower case.
pub(crate) fn report_type(headers: &Headers) -> Option<String> {
    content::Content::of(headers, "text/plain").report_type
}

/// The header fields of a mail or of a block of them, such as a returned mail or a report's fields.
pub(crate) fn fields(bytes: &[u8], limits: &Limits) -> (Headers, usize) {
    let head = head::message(bytes, limits, &mut Marks::default());
    (head.headers, head.body)
}

/// The bounds gone beyond so far, each kind once.
#[derive(Default)]
pub(crate) struct Marks(Vec<Degraded>);

impl Marks {
    fn add(&mut self, mark: Degraded) {
        let same =
            |known: &Degraded| std::mem::discriminant(known) == std::mem::discriminant(&mark);
        if !self.0.iter().any(same) {
            self.0.push(mark);
        }
    }
}
