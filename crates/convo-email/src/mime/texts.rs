//! Which parts are the text of a mail and which are files.

use convo_threading::html;

use super::Marks;
use super::structure::{Leaf, Parts};
use crate::charsets;
use crate::inbound::Attachment;
use crate::limits::{Degraded, Limits};

/// The content of a mail.
pub(super) struct Content {
    pub(super) text: Option<String>,
    pub(super) html: Option<String>,
    pub(super) attachments: Vec<Attachment>,
    pub(super) part_types: Vec<String>,
}

/// One piece of the text, plain or HTML.
struct Piece {
    text: String,
    html: bool,
    alternative: Option<usize>,
}

/// Sorts the parts into text, HTML and files.
pub(super) fn collect(parts: Parts<'_>, limits: &Limits, marks: &mut Marks) -> Content {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut attachments = Vec::new();
    let mut files = 0;
    let alone = parts.leaves.len() == 1;
    for leaf in &parts.leaves {
        if is_text(leaf, alone, pieces.is_empty()) {
            let text = decoded(leaf, limits, marks);
            let html = leaf.content.mime == "text/html";
            pieces.push(Piece {
                text,
                html,
                alternative: leaf.alternative,
            });
            continue;
        }
        files += 1;
        if files <= limits.attachments {
            attachments.push(attachment(leaf));
        }
    }
    if files > limits.attachments {
        marks.add(Degraded::Attachments {
            limit: limits.attachments,
            actual: files,
        });
    }
    if pieces.iter().all(|piece| piece.text.trim().is_empty()) {
        pieces.extend(last_resort(&parts, limits, marks));
    }
    let html: Vec<&str> = pieces
        .iter()
        .filter(|piece| piece.html)
        .map(|piece| piece.text.as_str())
        .collect();
    Content {
        html: (!html.is_empty()).then(|| html.join("\n")),
        text: plain(&pieces).map(|text| bounded(text, limits, marks)),
        attachments,
        part_types: parts.types,
    }
}

fn is_text(leaf: &Leaf<'_>, alone: bool, first: bool) -> bool {
    let content = &leaf.content;
    let readable = matches!(content.mime.as_str(), "text/plain" | "text/html");
    if alone {
        return readable && !(content.attachment && content.name.is_some());
    }
    // Of a report only the words for people; the returned mail may be text too.
    let place = !leaf.in_report || first;
    readable && place && !content.attachment && content.name.is_none()
}

/// All text of a mail: of alternatives the plain form, unless it is blank. `None` when all of it
/// is HTML.
fn plain(pieces: &[Piece]) -> Option<String> {
    pieces
        .iter()
        .find(|piece| !piece.html && !piece.text.trim().is_empty())?;
    let has_plain = |group: Option<usize>| {
        let same = |piece: &&Piece| piece.alternative == group && !piece.html;
        pieces
            .iter()
            .filter(same)
            .any(|piece| !piece.text.trim().is_empty())
    };
    let mut text: Option<String> = None;
    for piece in pieces {
        if piece.html && piece.alternative.is_some() && has_plain(piece.alternative) {
            continue;
        }
        let words = if piece.html {
            html::to_text(&piece.text)
        } else {
            piece.text.clone()
        };
        match &mut text {
            None => text = Some(words),
            Some(text) if words.trim().is_empty() => text.push_str(""),
            Some(text) => {
                if !text.is_empty() && !text.ends_with('\n') {
                    text.push('\n');
                }
                text.push_str(&words);
            }
        }
    }
    text
}

/// Text of a mail none of whose parts is plainly its text: the first readable file, else what a
/// bound kept from being split.
fn last_resort(parts: &Parts<'_>, limits: &Limits, marks: &mut Marks) -> Option<Piece> {
    let unsplit = |leaf: &&Leaf<'_>| leaf.content.is_multipart();
    let readable = |leaf: &&Leaf<'_>| {
        leaf.content.mime.starts_with("text/")
            && !leaf.content.attachment
            && leaf.content.name.is_none()
    };
    let leaf = parts
        .leaves
        .iter()
        .find(readable)
        .or_else(|| parts.leaves.iter().find(unsplit))?;
    let html = leaf.content.mime == "text/html";
    Some(Piece {
        text: decoded(leaf, limits, marks),
        html,
        alternative: leaf.alternative,
    })
}

fn decoded(leaf: &Leaf<'_>, limits: &Limits, marks: &mut Marks) -> String {
    let (bytes, footer) = charsets::transfer_decoded(leaf.body, &leaf.content.encoding);
    let mut kept = bytes.as_ref();
    if kept.len() > limits.text_bytes {
        marks.add(Degraded::TextBytes {
            limit: limits.text_bytes,
            actual: kept.len(),
        });
        kept = &kept[..limits.text_bytes];
    }
    let mut text = charsets::text(kept, leaf.content.charset.as_deref());
    if !footer.trim_ascii().is_empty() {
        text.push('\n');
        text.push_str(&charsets::text(footer, None));
    }
    text
}

fn bounded(mut text: String, limits: &Limits, marks: &mut Marks) -> String {
    if text.len() > limits.text_bytes {
        marks.add(Degraded::TextBytes {
            limit: limits.text_bytes,
            actual: text.len(),
        });
        text.truncate(text.floor_char_boundary(limits.text_bytes));
    }
    text
}

fn attachment(leaf: &Leaf<'_>) -> Attachment {
    let (bytes, _) = charsets::transfer_decoded(leaf.body, &leaf.content.encoding);
    Attachment::new(
        leaf.content.name.clone().unwrap_or_default(),
        leaf.content.mime.clone(),
        leaf.content_id.as_deref().map(charsets::without_nul),
        bytes.into_owned(),
    )
}
