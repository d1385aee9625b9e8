//! The header block of a mail or part.

use std::ops::Range;

use super::{Marks, lines};
use crate::charsets;
use crate::headers::{Header, Headers};
use crate::limits::{Degraded, Limits};

/// A header block and where the body behind it begins.
pub(super) struct Head {
    pub(super) headers: Headers,
    pub(super) body: usize,
}

/// How many lines ahead a header field must follow for a line that is none to count as junk.
const LOOK_AHEAD: usize = 4;

/// Fields that are kept even where a block is over its bounds.
const ESSENTIAL: &[&str] = &[
    "from",
    "to",
    "cc",
    "reply-to",
    "sender",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "mime-version",
    "auto-submitted",
    "precedence",
    "list-id",
    "return-path",
    "delivered-to",
    "x-failed-recipients",
];

/// Reads the header block of a whole mail: blank lines, a byte order mark and the `From ` line of
/// a mailbox file may stand before it.
pub(super) fn message(bytes: &[u8], limits: &Limits, marks: &mut Marks) -> Head {
    let mut start = if bytes.starts_with(b"\xEF\xBB\xBF") {
        3
    } else {
        0
    };
    loop {
        start = lines::not_blank(bytes, start);
        match lines::at(bytes, start) {
            Some(line) if line.text.starts_with(b"From ") || line.text.starts_with(b">From ") => {
                start = line.next;
            }
            _ => break,
        }
    }
    block(bytes, start, false, limits, marks)
}

/// Reads the header block of a part; a line that begins with `--` ends it.
pub(super) fn part(bytes: &[u8], limits: &Limits, marks: &mut Marks) -> Head {
    block(bytes, 0, true, limits, marks)
}

fn block(bytes: &[u8], start: usize, part: bool, limits: &Limits, marks: &mut Marks) -> Head {
    let mut fields = Fields {
        limits,
        headers: Headers::default(),
        count: 0,
        kept_bytes: 0,
    };
    let mut open: Option<Range<usize>> = None;
    let mut body = bytes.len();
    for line in lines::from(bytes, start) {
        let end = line.start + line.text.len();
        match line.text.first() {
            None => {
                body = line.next;
                break;
            }
            Some(b' ' | b'\t') => {
                if let Some(field) = &mut open {
                    field.end = end;
                }
            }
            Some(_) if name_end(line.text).is_some() => {
                fields.close(bytes, open.replace(line.start..end), marks);
            }
            Some(_) => {
                let delimiter = part && line.text.starts_with(b"--");
                if delimiter || !field_follows(bytes, line.next) {
                    body = line.start;
                    break;
                }
                // Junk between fields: what it continues is lost, the fields behind it are not.
                fields.close(bytes, open.take(), marks);
            }
        }
    }
    fields.close(bytes, open, marks);
    fields.finish(body - start.min(body), marks);
    Head {
        headers: fields.headers,
        body,
    }
}

/// Where the name of a header field ends; `None` for a line that is no header field.
///
/// A blank before the colon is tolerated, one inside the name is not.
fn name_end(line: &[u8]) -> Option<usize> {
    let colon = line.iter().take(256).position(|byte| *byte == b':')?;
    let name = line[..colon].trim_ascii_end();
    let proper = !name.is_empty() && name.iter().all(|byte| matches!(byte, b'!'..=b'~'));
    proper.then_some(colon)
}

/// Whether a well-known field comes within a few lines, before a blank one.
fn field_follows(bytes: &[u8], start: usize) -> bool {
    for line in lines::from(bytes, start).take(LOOK_AHEAD) {
        if line.text.is_empty() || line.text.starts_with(b"--") {
            return false;
        }
        let Some(colon) = name_end(line.text) else {
            continue;
        };
        let name = line.text[..colon].trim_ascii_end();
        let known = ESSENTIAL
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
        if known
            || name.eq_ignore_ascii_case(b"received")
            || name.to_ascii_lowercase().starts_with(b"x-")
        {
            return true;
        }
    }
    false
}

/// The fields of one block, within the bounds.
struct Fields<'l> {
    limits: &'l Limits,
    headers: Headers,
    count: usize,
    kept_bytes: usize,
}

impl Fields<'_> {
    fn close(&mut self, bytes: &[u8], field: Option<Range<usize>>, marks: &mut Marks) {
        let Some(raw) = field.and_then(|range| bytes.get(range)) else {
            return;
        };
        let Some(colon) = name_end(raw) else { return };
        self.count += 1;
        let name = charsets::header_text(raw[..colon].trim_ascii_end());
        let value = &raw[colon + 1..];
        let kept = value.len().min(self.limits.field_bytes);
        let fits = self.headers.len() < self.limits.headers
            && self.kept_bytes + kept <= self.limits.header_bytes;
        let essential = || {
            ESSENTIAL
                .iter()
                .any(|known| name.eq_ignore_ascii_case(known))
                && self.headers.get(&name).is_none()
        };
        if !fits && !essential() {
            return;
        }
        self.kept_bytes += kept;
        let value = self.shortened(value, marks);
        self.headers.push(Header::new(&name, &value));
    }

    /// The value without its middle where it is too long: lists of ids and addresses count at
    /// both ends.
    fn shortened(&self, value: &[u8], marks: &mut Marks) -> String {
        let limit = self.limits.field_bytes;
        if value.len() <= limit {
            return charsets::header_text(value).into_owned();
        }
        marks.add(Degraded::FieldBytes {
            limit,
            actual: value.len(),
        });
        let separates = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',');
        let first = &value[..limit / 2];
        let last = &value[value.len() - limit / 2..];
        let first = &first[..first.iter().rposition(separates).unwrap_or(first.len())];
        let last = &last[last.iter().position(separates).unwrap_or(0)..];
        format!(
            "{} {}",
            charsets::header_text(first),
            charsets::header_text(last)
        )
    }

    fn finish(&self, block: usize, marks: &mut Marks) {
        if self.count > self.limits.headers {
            let (limit, actual) = (self.limits.headers, self.count);
            marks.add(Degraded::Headers { limit, actual });
        }
        if block > self.limits.header_bytes {
            let (limit, actual) = (self.limits.header_bytes, block);
            marks.add(Degraded::HeaderBytes { limit, actual });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &str, expected: &[(&str, &str)], body: &str) {
        let head = message(bytes.as_bytes(), &Limits::default(), &mut Marks::default());
        let fields: Vec<_> = head
            .headers
            .iter()
            .map(|one| (one.name(), one.value()))
            .collect();
        assert_eq!(fields, expected, "{bytes:?}");
        assert_eq!(&bytes[head.body..], body, "{bytes:?}");
    }

    #[test]
    fn blocks_as_they_come() {
        check(
            "A: 1\r\nB: 2\r\n\r\nbody",
            &[("A", "1"), ("B", "2")],
            "body",
        );
        check(
            "A: 1\n\t2\n 3\nB:\n\nbody",
            &[("A", "1 2 3"), ("B", "")],
            "body",
        );
        check(
            "A: 1\r\r\nB: 2\r\r\n\r\r\nbody",
            &[("A", "1"), ("B", "2")],
            "body",
        );
        check("Subject : x\n\n", &[("Subject", "x")], "");
        check("\n\r\n  \nA: 1\n\nbody", &[("A", "1")], "body");
        check("\u{FEFF}A: 1\n\nbody", &[("A", "1")], "body");
        check(
            "From a@b.example Mon Jan  1 10:00:00 2024\nA: 1\n\nb",
            &[("A", "1")],
            "b",
        );
        check(
            ">From a Mon Jan  1 10:00:00 2024\nA: 1\n\nb",
            &[("A", "1")],
            "b",
        );
        check("A: 1", &[("A", "1")], "");
        check(" stray\nA: 1\n\nb", &[("A", "1")], "b");
    }

    #[test]
    fn lines_that_are_no_fields() {
        check("just words\nand more", &[], "just words\nand more");
        check(
            "A: 1\njust words\nmore: words\n\nx",
            &[("A", "1")],
            "just words\nmore: words\n\nx",
        );
        check(
            "A: 1\njunk line\nSubject: s\n\nb",
            &[("A", "1"), ("Subject", "s")],
            "b",
        );
        check(
            "A: 1\n: empty name\n\nb",
            &[("A", "1")],
            ": empty name\n\nb",
        );
    }

    #[test]
    fn bounds_keep_what_matters() {
        let limits = Limits {
            headers: 3,
            field_bytes: 20,
            header_bytes: 100,
            ..Limits::default()
        };
        let mut marks = Marks::default();
        let many = format!("{}Subject: here\n\nb", "X: y\n".repeat(9));
        let head = message(many.as_bytes(), &limits, &mut marks);
        assert_eq!(
            (head.headers.len(), head.headers.get("subject")),
            (4, Some("here"))
        );
        assert_eq!(
            marks.0,
            [Degraded::Headers {
                limit: 3,
                actual: 10
            }]
        );

        let mut marks = Marks::default();
        let ids = format!("References: <1@x> {}<9@x>\n\n", "<5@x> ".repeat(9));
        let head = message(ids.as_bytes(), &limits, &mut marks);
        assert_eq!(head.headers.get("references"), Some("<1@x>  <9@x>"));
        assert_eq!(
            marks.0,
            [Degraded::FieldBytes {
                limit: 20,
                actual: 66
            }]
        );
    }
}
