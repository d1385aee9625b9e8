//! What a part says it is.

use mailparse::{DispositionType, parse_content_disposition, parse_content_type};

use crate::headers::Headers;
use crate::words;

/// Longest parameter list handed to mailparse, in bytes: it compares all continuations pairwise.
const MAX_PARAMETERS: usize = 8 * 1024;

/// Longest file name kept, in bytes; file systems allow 255.
const MAX_NAME: usize = 255;

/// Content-Type, Content-Disposition and Content-Transfer-Encoding of a part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Content {
    /// MIME type, lower case: `type/subtype`.
    pub(crate) mime: String,
    /// The charset label.
    pub(crate) charset: Option<String>,
    /// Delimiter of a multipart.
    pub(crate) boundary: Option<String>,
    /// Kind of a `multipart/report`, lower case.
    pub(crate) report_type: Option<String>,
    /// The file's name, without any path.
    pub(crate) name: Option<String>,
    /// Whether the part asks to be a file.
    pub(crate) attachment: bool,
    /// Transfer encoding, lower case.
    pub(crate) encoding: String,
}

impl Content {
    /// Reads the three fields; `default` is the type of a part that names none.
    pub(crate) fn of(headers: &Headers, default: &str) -> Self {
        let kind = parse_content_type(bounded(headers.get_raw("content-type").unwrap_or_default()));
        let placed = headers.get_raw("content-disposition").unwrap_or_default();
        let placed = parse_content_disposition(bounded(placed));
        let parameter = |name: &str| {
            let value = kind
                .params
                .get(name)
                .map(|value| value.trim().trim_matches('"'));
            value.filter(|value| !value.is_empty())
        };
        let first_word = |value: &str| {
            let end = value.find(|c: char| c.is_whitespace() || matches!(c, '(' | ',' | ';'));
            value[..end.unwrap_or(value.len())].to_ascii_lowercase()
        };
        let name = placed
            .params
            .get("filename")
            .or_else(|| kind.params.get("name"));
        let encoding = headers.get("content-transfer-encoding").unwrap_or_default();
        Self {
            mime: mime(&first_word(kind.mimetype.trim()), default),
            charset: parameter("charset").map(first_word),
            boundary: parameter("boundary").map(str::to_owned),
            report_type: parameter("report-type").map(first_word),
            name: name.and_then(|name| file_name(&words::decode(name))),
            attachment: placed.disposition == DispositionType::Attachment,
            encoding: first_word(encoding.trim().trim_matches('"')),
        }
    }

    pub(crate) fn is_multipart(&self) -> bool {
        self.mime.starts_with("multipart/")
    }
}

fn mime(named: &str, default: &str) -> String {
    match named.split_once('/') {
        Some((kind, subtype)) if !kind.is_empty() && !subtype.is_empty() => named.to_owned(),
        _ if named == "html" => "text/html".to_owned(),
        _ if named.is_empty() => default.to_owned(),
        // RFC 2045 §5.2: an unreadable type is plain text.
        _ => "text/plain".to_owned(),
    }
}

fn bounded(field: &str) -> &str {
    field
        .get(..field.floor_char_boundary(MAX_PARAMETERS))
        .unwrap_or(field)
}

/// A file name without folders and control characters; `None` when nothing is left.
pub(crate) fn file_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let clean: String = last.chars().filter(|c| !c.is_control()).collect();
    let clean = clean.trim().trim_matches('"');
    let clean = &clean[..clean.floor_char_boundary(MAX_NAME)];
    (!matches!(clean, "" | "." | "..")).then(|| clean.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(kind: &str, placed: &str) -> Content {
        let pairs = [("Content-Type", kind), ("Content-Disposition", placed)];
        Content::of(&Headers::from_pairs(pairs), "text/plain")
    }

    #[test]
    fn types_as_written_in_the_wild() {
        for (field, mime, charset) in [
            ("text/plain; charset=UTF-8", "text/plain", Some("utf-8")),
            (
                "Text/HTML;charset=\"iso-8859-1\"",
                "text/html",
                Some("iso-8859-1"),
            ),
            (
                "text/plain; charset=us-ascii (Plain text)",
                "text/plain",
                Some("us-ascii"),
            ),
            ("text/plain charset=utf-8", "text/plain", None),
            ("text", "text/plain", None),
            ("html", "text/html", None),
            ("", "text/plain", None),
            ("bogus;;;==", "text/plain", None),
            ("application/pdf; name=a.pdf", "application/pdf", None),
            ("text/plain; charset=\"", "text/plain", None),
        ] {
            let read = content(field, "");
            assert_eq!(
                (read.mime.as_str(), read.charset.as_deref()),
                (mime, charset),
                "{field}"
            );
        }
    }

    #[test]
    fn names_of_files() {
        for (kind, placed, name) in [
            ("a/b; name=x.pdf", "", Some("x.pdf")),
            (
                "a/b; name=x.pdf",
                "attachment; filename=\"y z.pdf\"",
                Some("y z.pdf"),
            ),
            (
                "a/b; name=\"=?utf-8?Q?gr=C3=BCn=3B.pdf?=\"",
                "",
                Some("grün;.pdf"),
            ),
            (
                "a/b",
                "attachment; filename*=utf-8''gr%C3%BCn.pdf",
                Some("grün.pdf"),
            ),
            (
                "a/b",
                "attachment; filename*0=a; filename*1=b.pdf",
                Some("ab.pdf"),
            ),
            (
                "a/b",
                "attachment; filename=\"..\\..\\etc/passwd\"",
                Some("passwd"),
            ),
            ("a/b", "attachment; filename=\"..\"", None),
            ("a/b", "attachment", None),
        ] {
            let read = content(kind, placed);
            assert_eq!(read.name.as_deref(), name, "{kind} {placed}");
            assert_eq!(
                read.attachment,
                placed.starts_with("attachment"),
                "{placed}"
            );
        }
    }

    #[test]
    fn hostile_parameters_end() {
        let field: String = (0..40_000).map(|n| format!(";a{n}*0*=''x")).collect();
        assert_eq!(content(&format!("a/b{field}"), "").mime, "a/b");
    }
}
