//! The parts of a mail, split in one pass over its lines.

use super::content::Content;
use super::{Marks, head, lines};
use crate::headers::Headers;
use crate::limits::{Degraded, Limits};

/// A part that holds content and no parts.
pub(super) struct Leaf<'a> {
    pub(super) content: Content,
    pub(super) content_id: Option<String>,
    pub(super) body: &'a [u8],
    /// The `multipart/alternative` it is one form of.
    pub(super) alternative: Option<usize>,
    /// It stands directly in a `multipart/report`.
    pub(super) in_report: bool,
}

/// The parts of a mail.
pub(super) struct Parts<'a> {
    /// The leaves in order.
    pub(super) leaves: Vec<Leaf<'a>>,
    /// Types of all parts in order, containers included.
    pub(super) types: Vec<String>,
}

/// A multipart whose end has not come yet.
struct Container {
    delimiter: Vec<u8>,
    start: usize,
    children: usize,
    alternative: Option<usize>,
    digest: bool,
    report: bool,
}

/// The leaf being read.
struct Open {
    content: Content,
    content_id: Option<String>,
    start: usize,
}

/// Splits the body of a mail; `headers` are the mail's own.
pub(super) fn split<'a>(
    headers: &Headers,
    body: &'a [u8],
    limits: &Limits,
    marks: &mut Marks,
) -> Parts<'a> {
    let mut walk = Walk {
        body,
        limits,
        stack: Vec::new(),
        open: None,
        alternatives: 0,
        parts: Parts {
            leaves: Vec::new(),
            types: Vec::new(),
        },
    };
    walk.begin(headers, 0, marks);
    walk.run(marks);
    walk.parts
}

struct Walk<'a, 'l> {
    body: &'a [u8],
    limits: &'l Limits,
    stack: Vec<Container>,
    open: Option<Open>,
    alternatives: usize,
    parts: Parts<'a>,
}

impl Walk<'_, '_> {
    fn run(&mut self, marks: &mut Marks) {
        let mut at = 0;
        while !self.stack.is_empty() {
            let Some(line) = lines::dashed(self.body, at) else {
                break;
            };
            at = line.next;
            let Some((level, closing)) = self.delimiter(line.text) else {
                continue;
            };
            self.close_leaf(line.start, true);
            self.close_containers(level + 1, line.start);
            if closing {
                self.close_containers(level, line.start);
                continue;
            }
            if self.parts.types.len() >= self.limits.parts {
                marks.add(Degraded::Parts {
                    limit: self.limits.parts,
                });
                return;
            }
            let head = head::part(&self.body[at..], self.limits, marks);
            at += head.body;
            self.begin(&head.headers, at, marks);
        }
        self.close_leaf(self.body.len(), false);
        self.close_containers(0, self.body.len());
    }

    /// Which open multipart a line delimits, innermost first, and whether it ends it.
    fn delimiter(&self, line: &[u8]) -> Option<(usize, bool)> {
        if !line.starts_with(b"--") || self.stack.is_empty() {
            return None;
        }
        let line = line.trim_ascii_end();
        self.stack
            .iter()
            .enumerate()
            .rev()
            .find_map(|(level, container)| {
                let rest = line.strip_prefix(container.delimiter.as_slice())?;
                match rest {
                    b"" => Some((level, false)),
                    b"--" => Some((level, true)),
                    _ => None,
                }
            })
    }

    /// Begins a part whose body starts at `start`.
    fn begin(&mut self, headers: &Headers, start: usize, marks: &mut Marks) {
        let digest = self.stack.last().is_some_and(|parent| parent.digest);
        let default = if digest {
            "message/rfc822"
        } else {
            "text/plain"
        };
        let mut content = Content::of(headers, default);
        if let Some(parent) = self.stack.last_mut() {
            parent.children += 1;
        }
        self.parts.types.push(content.mime.clone());
        if content.is_multipart() {
            if self.stack.len() >= self.limits.depth {
                marks.add(Degraded::Depth {
                    limit: self.limits.depth,
                });
            } else if let Some(boundary) = self.boundary(&content, start) {
                self.push(&content, &boundary, start);
                return;
            } else {
                // A multipart that cannot be split is text, as other readers take it.
                content.mime = "text/plain".to_owned();
            }
        }
        let content_id = headers.get("content-id").map(|id| {
            id.trim()
                .trim_start_matches('<')
                .trim_end_matches('>')
                .to_owned()
        });
        let content_id = content_id.filter(|id| !id.is_empty());
        self.open = Some(Open {
            content,
            content_id,
            start,
        });
    }

    fn push(&mut self, content: &Content, boundary: &str, start: usize) {
        let inherited = self.stack.last().and_then(|parent| parent.alternative);
        let alternative = if content.mime == "multipart/alternative" {
            self.alternatives += 1;
            Some(self.alternatives)
        } else {
            inherited
        };
        self.stack.push(Container {
            delimiter: [b"--", boundary.trim_end().as_bytes()].concat(),
            start,
            children: 0,
            alternative,
            digest: content.mime == "multipart/digest",
            report: content.mime == "multipart/report",
        });
    }

    /// The boundary a multipart names; for the mail itself the one its body evidently uses, where
    /// the named one does not occur.
    fn boundary(&self, content: &Content, start: usize) -> Option<String> {
        let named = content.boundary.clone();
        if !self.stack.is_empty() || start != 0 {
            return named;
        }
        if let Some(named) = &named {
            let delimiter = [b"--", named.trim_end().as_bytes()].concat();
            let occurs = |line: lines::Line<'_>| line.text.starts_with(&delimiter);
            if lines::from(self.body, 0).any(occurs) {
                return Some(named.clone());
            }
        }
        evident_boundary(self.body)
    }

    fn close_leaf(&mut self, end: usize, delimited: bool) {
        let Some(open) = self.open.take() else { return };
        let parent = self.stack.last();
        let (alternative, in_report) =
            parent.map_or((None, false), |parent| (parent.alternative, parent.report));
        let leaf = Leaf {
            content: open.content,
            content_id: open.content_id,
            body: without_last_break(
                self.body.get(open.start..end).unwrap_or_default(),
                delimited,
            ),
            alternative,
            in_report,
        };
        self.parts.leaves.push(leaf);
    }

    /// Closes the multiparts from the innermost down to `level`; one without a part is text.
    fn close_containers(&mut self, level: usize, end: usize) {
        while self.stack.len() > level {
            let Some(closed) = self.stack.pop() else {
                return;
            };
            if closed.children > 0 {
                continue;
            }
            let body = self.body.get(closed.start..end).unwrap_or_default();
            let content = Content {
                mime: "text/plain".to_owned(),
                ..Content::default()
            };
            let alternative = closed.alternative;
            self.parts.leaves.push(Leaf {
                content,
                content_id: None,
                body,
                alternative,
                in_report: false,
            });
        }
    }
}

/// The line break before a delimiter belongs to the delimiter.
fn without_last_break(body: &[u8], delimited: bool) -> &[u8] {
    if !delimited {
        return body;
    }
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    body.strip_suffix(b"\r").unwrap_or(body)
}

/// The boundary of a multipart whose header does not tell it: the first line `--something` that
/// is followed by a `Content-` field.
fn evident_boundary(body: &[u8]) -> Option<String> {
    const LINES: usize = 200;
    let mut candidate: Option<&[u8]> = None;
    for line in lines::from(body, 0).take(LINES) {
        let follows = line
            .text
            .get(..8)
            .is_some_and(|name| name.eq_ignore_ascii_case(b"content-"));
        if let (Some(found), true) = (candidate, follows) {
            return std::str::from_utf8(found).ok().map(str::to_owned);
        }
        candidate = line
            .text
            .strip_prefix(b"--")
            .filter(|rest| !rest.trim_ascii().is_empty());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: &str, body: &str, expected: &[(&str, &str)]) -> Vec<Degraded> {
        let limits = Limits {
            depth: 3,
            parts: 8,
            ..Limits::default()
        };
        let mut marks = Marks::default();
        let headers = Headers::from_pairs([("Content-Type", kind)]);
        let parts = split(&headers, body.as_bytes(), &limits, &mut marks);
        let read: Vec<_> = parts
            .leaves
            .iter()
            .map(|leaf| {
                (
                    leaf.content.mime.as_str(),
                    std::str::from_utf8(leaf.body).unwrap_or("?"),
                )
            })
            .collect();
        assert_eq!(read, expected, "{kind} {body:?}");
        marks.0
    }

    const MIXED: &str = "multipart/mixed; boundary=b";

    #[test]
    fn parts_in_order() {
        check("text/plain", "hello\n", &[("text/plain", "hello\n")]);
        check(
            MIXED,
            "preamble\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\ntwo\r\n--b--\r\nepilogue",
            &[("text/plain", "one"), ("text/html", "two")],
        );
        check(
            MIXED,
            "--b\n\none\n--b",
            &[("text/plain", "one"), ("text/plain", "")],
        );
        check(
            MIXED,
            "--b\n\none\nno end",
            &[("text/plain", "one\nno end")],
        );
        check(MIXED, "--b  \n\none\n--b-- \n", &[("text/plain", "one")]);
        check(
            MIXED,
            "--b\nContent-Type: a/b\n--b\n\ntwo",
            &[("a/b", ""), ("text/plain", "two")],
        );
    }

    #[test]
    fn nested_parts_and_boundaries_that_begin_alike() {
        check(
            MIXED,
            "--b\nContent-Type: multipart/alternative; boundary=bb\n\n--bb\n\nin\n--bb--\n--b\n\nout\n--b--",
            &[("text/plain", "in"), ("text/plain", "out")],
        );
        check(
            MIXED,
            "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nunclosed\n--b\n\nout\n",
            &[("text/plain", "unclosed"), ("text/plain", "out\n")],
        );
        check(
            "multipart/digest; boundary=b",
            "--b\n\nSubject: x\n--b--",
            &[("message/rfc822", "Subject: x")],
        );
    }

    #[test]
    fn boundaries_that_lie() {
        check(
            "multipart/mixed",
            "just text",
            &[("text/plain", "just text")],
        );
        check(MIXED, "just text", &[("text/plain", "just text")]);
        check(
            MIXED,
            "--x\nContent-Type: text/html\n\nhi\n--x--",
            &[("text/html", "hi")],
        );
        check(
            "multipart/mixed",
            "--x\nContent-Type: text/html\n\nhi\n--x--",
            &[("text/html", "hi")],
        );
        check(
            "multipart/mixed; boundary=\"\"",
            "text",
            &[("text/plain", "text")],
        );
        check(
            MIXED,
            "--b\nContent-Type: multipart/mixed; boundary=never\n\ninner\n--b--",
            &[("text/plain", "inner\n")],
        );
    }

    #[test]
    fn bounds() {
        let deep: String = (0..9)
            .map(|n| {
                format!(
                    "--b{n}\nContent-Type: multipart/mixed; boundary=b{}\n\n",
                    n + 1
                )
            })
            .collect();
        let marks = check(
            "multipart/mixed; boundary=b0",
            &deep[..deep.len() / 9 * 4],
            &[(
                "multipart/mixed",
                &deep[deep.len() / 9 * 3..deep.len() / 9 * 4],
            )],
        );
        assert_eq!(marks, [Degraded::Depth { limit: 3 }]);
        let marks = check(MIXED, &"--b\n\n".repeat(9), &[("text/plain", ""); 7]);
        assert_eq!(marks, [Degraded::Parts { limit: 8 }]);
    }
}
