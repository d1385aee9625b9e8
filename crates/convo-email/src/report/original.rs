//! The Message-ID of the mail a report is about.

use convo_threading::MessageId;

use crate::headers::Headers;
use crate::inbound::Attachment;
use crate::limits::Limits;
use crate::mime;

/// How much of a text without structure is searched, in bytes.
const MAX_TEXT: usize = 256 * 1024;

/// The id in a returned mail or in its returned headers.
pub(super) fn of_returned_mail(file: &Attachment) -> Option<MessageId> {
    let returned = matches!(
        file.content_type.as_str(),
        "message/rfc822"
            | "message/global"
            | "message/partial"
            | "text/rfc822-headers"
            | "text/rfc822-header"
            | "message/rfc822-headers"
            | "message/global-headers"
    );
    if returned {
        named_in_fields(&file.bytes, "message-id")
    } else {
        None
    }
}

/// The id in a field of a header block.
pub(super) fn named_in_fields(bytes: &[u8], name: &str) -> Option<MessageId> {
    let (fields, _) = mime::fields(bytes, &Limits::default());
    fields.get_all_raw(name).find_map(MessageId::parse)
}

/// The id in a field that some programs add to the report itself.
pub(super) fn of_headers(headers: &Headers) -> Option<MessageId> {
    ["x-original-message-id", "original-message-id"]
        .iter()
        .flat_map(|name| headers.get_all_raw(name))
        .find_map(MessageId::parse)
}

/// The id in a returned mail that stands in the text of the report: the first line that is a
/// Message-ID field, perhaps quoted or folded.
pub(super) fn in_text(text: &str) -> Option<MessageId> {
    let text = &text[..text.floor_char_boundary(MAX_TEXT)];
    let mut lines = text
        .lines()
        .map(|line| line.trim_start_matches(['>', '|', ' ', '\t', '*']));
    while let Some(line) = lines.next() {
        let Some(name) = line.get(..11) else { continue };
        if !name.eq_ignore_ascii_case("message-id:") {
            continue;
        }
        let value = line[11..].trim();
        let found = if value.is_empty() {
            lines.next().and_then(MessageId::parse)
        } else {
            MessageId::parse(value)
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(
            in_text(text).as_ref().map(MessageId::as_str),
            expected,
            "{text:?}"
        );
    }

    #[test]
    fn ids_in_words() {
        check("Sorry.\n\nMessage-ID: <1@x>\nSubject: y\n", Some("1@x"));
        check("> Message-Id: <1@x>\n", Some("1@x"));
        check("  message-id:\n <1@x>\n", Some("1@x"));
        check("Message-ID: broken id\nMessage-ID: <2@x>", Some("2@x"));
        check("the Message-ID: <1@x> is", None);
        check("", None);
    }

    #[test]
    fn ids_in_returned_mail() {
        let file = |kind: &str| {
            Attachment::new(
                "",
                kind,
                None,
                b"Subject: x\r\nMessage-ID: <1@x>\r\n\r\nbody".as_slice(),
            )
        };
        assert_eq!(
            of_returned_mail(&file("message/rfc822"))
                .as_ref()
                .map(MessageId::as_str),
            Some("1@x")
        );
        assert!(of_returned_mail(&file("text/rfc822-headers")).is_some());
        assert!(of_returned_mail(&file("application/pdf")).is_none());
    }
}
