//! The machine-readable part of a delivery report.

use super::ReportedRecipient;
use super::words::spared_in_words;
use crate::Headers;
use crate::failure::{FailureClass, spares_the_address};
use crate::limits::Limits;
use crate::mime;

/// Most recipients read from one report.
const MAX_RECIPIENTS: usize = 100;

/// The recipients of a `message/delivery-status` part: blocks of fields with a blank line between,
/// the first about the message.
///
/// Source: RFC 3464 §2.
pub(super) fn recipients(bytes: &[u8]) -> Vec<ReportedRecipient> {
    let limits = Limits {
        headers: 100,
        header_bytes: 32 * 1024,
        field_bytes: 8 * 1024,
        ..Limits::default()
    };
    let mut found = Vec::new();
    let mut rest = bytes;
    while !rest.trim_ascii().is_empty() && found.len() < MAX_RECIPIENTS {
        let (fields, next) = mime::fields(rest, &limits);
        found.extend(recipient(&fields));
        // A block that is no field would be read for ever: what follows it is no report.
        if next == 0 || fields.is_empty() {
            break;
        }
        rest = &rest[next..];
    }
    found
}

fn recipient(fields: &Headers) -> Option<ReportedRecipient> {
    let address = |name: &str| fields.get(name).and_then(address);
    let action = fields
        .get("action")
        .map(first_word)
        .filter(|word| !word.is_empty());
    let (last, original) = (address("final-recipient"), address("original-recipient"));
    if action.is_none() && last.is_none() && original.is_none() {
        return None;
    }
    let diagnostic = fields.get("diagnostic-code").unwrap_or_default();
    let status = fields.get("status").and_then(status_in);
    let status = match (status, status_in(diagnostic)) {
        // `5.0.0` says nothing; the remote server's own code does.
        (Some(vague), Some(exact)) if vague.ends_with(".0.0") => Some(exact),
        (status, diagnosed) => status.or(diagnosed),
    };
    let code = reply_code_in(diagnostic);
    let class = class(action.as_deref(), status.as_deref(), code, diagnostic);
    Some(ReportedRecipient {
        original: original.filter(|one| Some(one) != last.as_ref()),
        address: last,
        action,
        status,
        code,
        class,
    })
}

/// What action, status, reply code and the server's words mean for the address; `None` when nothing was refused.
pub(super) fn class(
    action: Option<&str>,
    status: Option<&str>,
    code: Option<u16>,
    words: &str,
) -> Option<FailureClass> {
    if action.is_some_and(|action| action != "failed") {
        return (action == Some("delayed")).then_some(FailureClass::Soft);
    }
    let soft = match (status, code) {
        (Some(status), _) if spares_the_address(status) => true,
        (None, Some(code)) if code < 500 => true,
        (Some("5.1.1" | "5.1.2" | "5.1.10"), _) => false,
        _ => spared_in_words(words),
    };
    Some(if soft {
        FailureClass::Soft
    } else {
        FailureClass::Hard
    })
}

/// `rfc822; <a@b.example>` as `a@b.example`.
fn address(field: &str) -> Option<String> {
    let address = field
        .split_once(';')
        .map_or(field, |(_kind, address)| address);
    crate::Address::parse(address).map(|address| address.key())
}

fn first_word(value: &str) -> String {
    let end = value.find(|c: char| c.is_whitespace() || matches!(c, ';' | '('));
    value[..end.unwrap_or(value.len())].to_ascii_lowercase()
}

/// The first enhanced status code in a text.
///
/// Source: RFC 3463 §2.
pub(super) fn status_in(text: &str) -> Option<String> {
    let words = text.split(|c: char| !(c.is_ascii_digit() || c == '.'));
    words
        .map(|word| word.trim_matches('.'))
        .find(|word| is_status(word))
        .map(str::to_owned)
}

fn is_status(word: &str) -> bool {
    let fields: Vec<&str> = word.split('.').collect();
    let [class, subject, detail] = fields.as_slice() else {
        return false;
    };
    let number = |field: &str| {
        !field.is_empty() && field.len() <= 3 && field.bytes().all(|byte| byte.is_ascii_digit())
    };
    matches!(*class, "2" | "4" | "5") && number(subject) && number(detail)
}

/// The first SMTP reply code in a text: three digits that begin with 4 or 5.
pub(super) fn reply_code_in(text: &str) -> Option<u16> {
    let words = text
        .split(|c: char| c.is_whitespace() || matches!(c, '-' | '(' | ')' | ';' | ':' | '#' | ','));
    let code = |word: &str| word.len() == 3 && word.starts_with(['4', '5']);
    words
        .filter(|word| code(word))
        .find_map(|word| word.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_of_two_recipients() {
        let report = b"Reporting-MTA: dns; mx.example\r\nArrival-Date: x\r\n\r\n\
            Original-Recipient: rfc822;Ann@b.example\r\nFinal-Recipient: RFC822; ann@c.example\r\n\
            Action: Failed\r\nStatus: 5.0.0 (unspecified)\r\nDiagnostic-Code: smtp; 550-5.1.1 no such user\r\n\r\n\
            Final-Recipient: rfc822;<bo@c.example>\r\nAction: delayed\r\nStatus: 4.4.1\r\n";
        let read = recipients(report);
        assert_eq!(read.len(), 2);
        assert_eq!(
            read[0],
            ReportedRecipient {
                address: Some("ann@c.example".into()),
                original: Some("ann@b.example".into()),
                action: Some("failed".into()),
                status: Some("5.1.1".into()),
                code: Some(550),
                class: Some(FailureClass::Hard),
            }
        );
        assert_eq!(
            (read[1].action.as_deref(), read[1].class),
            (Some("delayed"), Some(FailureClass::Soft))
        );
    }

    #[test]
    fn classes() {
        use FailureClass::{Hard, Soft};
        for (action, status, code, expected) in [
            (Some("failed"), Some("5.1.1"), None, Some(Hard)),
            (Some("failed"), Some("5.2.2"), Some(552), Some(Soft)),
            (Some("failed"), Some("5.7.1"), None, Some(Soft)),
            (Some("failed"), Some("4.4.7"), None, Some(Soft)),
            (Some("failed"), None, Some(550), Some(Hard)),
            (Some("failed"), None, Some(452), Some(Soft)),
            (Some("failed"), None, None, Some(Hard)),
            (None, Some("5.1.1"), None, Some(Hard)),
            (Some("delayed"), Some("4.4.1"), None, Some(Soft)),
            (Some("delivered"), Some("2.0.0"), None, None),
        ] {
            assert_eq!(
                class(action, status, code, "no such user"),
                expected,
                "{action:?} {status:?} {code:?}"
            );
        }
    }

    #[test]
    fn words_spare_an_address_only_where_the_status_is_vague() {
        use FailureClass::{Hard, Soft};
        let class = |status, words| class(Some("failed"), status, Some(550), words);
        assert_eq!(class(Some("5.0.0"), "550 Bad SPF records"), Some(Soft));
        assert_eq!(class(None, "550 mailbox is full"), Some(Soft));
        assert_eq!(class(Some("5.0.0"), "550 user unknown"), Some(Hard));
        assert_eq!(class(Some("5.1.1"), "550 rejected by policy"), Some(Hard));
    }

    #[test]
    fn odd_reports_end() {
        assert!(recipients(b"").is_empty());
        assert!(recipients(b"no fields at all\n\n\n").is_empty());
        assert_eq!(
            recipients("Action: failed\n\n".repeat(1_000).as_bytes()).len(),
            MAX_RECIPIENTS
        );
    }
}
