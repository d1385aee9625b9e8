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

/// The first line from `start` on, itself the beginning of a line, that begins with `--`: the
/// lines before it are not looked at one by one.
pub(super) fn dashed(bytes: &[u8], start: usize) -> Option<Line<'_>> {
    let mut from = start;
    loop {
        let rest = bytes.get(from..)?;
        let found = from + memchr(b'-', rest)?;
        let begins = found == start || bytes.get(found.wrapping_sub(1)) == Some(&b'\n');
        if begins && bytes.get(found + 1) == Some(&b'-') {
            return at(bytes, found);
        }
        from = found + 1;
    }
}

/// Where the first line that is not blank begins, from `start` on, itself the beginning of a line.
pub(super) fn not_blank(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    let blank = rest.iter().position(|byte| !byte.is_ascii_whitespace());
    let blank = &rest[..blank.unwrap_or(rest.len())];
    let last = blank.iter().rposition(|byte| *byte == b'\n');
    start + last.map_or(0, |last| last + 1)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_dashes_are_found_without_the_others() {
        let check = |text: &str, start: usize, expected: Option<usize>| {
            let found = dashed(text.as_bytes(), start).map(|line| line.start);
            assert_eq!(found, expected, "{text:?} from {start}");
            let one_by_one = from(text.as_bytes(), start).find(|line| line.text.starts_with(b"--"));
            assert_eq!(one_by_one.map(|line| line.start), expected, "{text:?}");
        };
        check("--a", 0, Some(0));
        check("--a\n--b", 4, Some(4));
        check("x --a\n - -\n-x\n\r\n--b\r\n", 0, Some(16));
        check("x--a\r\n--", 0, Some(6));
        check("-\n-\n", 0, None);
        check("", 0, None);
        check("-", 0, None);
    }

    #[test]
    fn blank_lines_are_skipped_to_the_begin_of_a_line() {
        for (text, start, expected) in [
            ("", 0, 0),
            ("a", 0, 0),
            ("\n\r\n a", 0, 3),
            (" \t\n\n", 0, 4),
            ("a\n\nb", 2, 3),
        ] {
            assert_eq!(not_blank(text.as_bytes(), start), expected, "{text:?}");
        }
    }
}
