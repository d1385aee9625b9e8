//! Lines of bytes.

use std::borrow::Cow;

/// One line of a byte slice.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    /// The line without its end.
    pub(super) text: &'a [u8],
    /// Where it begins.
    pub(super) start: usize,
    /// Where the next line begins.
    pub(super) next: usize,
}

/// The line that begins at `start`; `None` at the end.
pub(super) fn at(bytes: &[u8], start: usize) -> Option<Line<'_>> {
    let rest = bytes.get(start..).filter(|rest| !rest.is_empty())?;
    let length = memchr(b'\n', rest).map_or(rest.len(), |found| found + 1);
    let text = &rest[..length];
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    // Relays have been seen to turn CR LF into CR CR LF.
    let ended = text.iter().rev().take_while(|byte| **byte == b'\r').count();
    Some(Line {
        text: &text[..text.len() - ended],
        start,
        next: start + length,
    })
}

/// All lines from `start` on.
pub(super) fn from(bytes: &[u8], start: usize) -> impl Iterator<Item = Line<'_>> {
    std::iter::successors(at(bytes, start), |line| at(bytes, line.next))
}

/// The bytes with old Macintosh line ends (a CR alone) made LF, if they have no other.
pub(super) fn normal(bytes: &[u8]) -> Cow<'_, [u8]> {
    if bytes.contains(&b'\n') || !bytes.contains(&b'\r') {
        return Cow::Borrowed(bytes);
    }
    let turned = bytes
        .iter()
        .map(|byte| if *byte == b'\r' { b'\n' } else { *byte });
    Cow::Owned(turned.collect())
}

fn memchr(needle: u8, haystack: &[u8]) -> Option<usize> {
    haystack.iter().position(|byte| *byte == needle)
}
