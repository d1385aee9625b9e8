//! What makes two deliveries the same mail.

use convo_threading::MessageId;
use convo_threading::message_id::{Unidentified, derive_id};
use sha2::{Digest, Sha256};

use super::InboundEmail;

/// Says which fields went into the hash, should they ever change.
const VERSION: &[u8] = b"convo-content-1";

pub(super) fn content_hash(mail: &InboundEmail) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(VERSION);
    let mut field = |bytes: &[u8]| {
        // Length before content, so that moving text from one field to the next changes the hash.
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    field(author(mail).as_bytes());
    field(written(mail).as_bytes());
    field(collapsed(&mail.subject).as_bytes());
    field(collapsed(&mail.text).as_bytes());
    for file in &mail.attachments {
        field(file.name.as_bytes());
        field(&file.sha256);
    }
    hash.finalize().into()
}

pub(super) fn derived_message_id(mail: &InboundEmail, salt: Option<&str>) -> MessageId {
    let to: Vec<String> = mail.to.iter().map(crate::Address::key).collect();
    let date = written(mail);
    derive_id(&Unidentified {
        from: &author(mail),
        to: &to.join(","),
        date: (!date.is_empty()).then_some(date.as_str()),
        subject: &collapsed(&mail.subject),
        text: &collapsed(&mail.text),
        salt,
    })
}

fn author(mail: &InboundEmail) -> String {
    mail.from
        .as_ref()
        .map(crate::Address::key)
        .unwrap_or_default()
}

/// The time in one spelling, or an unreadable field as it stands.
fn written(mail: &InboundEmail) -> String {
    match mail.date {
        Some(date) => date.timestamp().to_string(),
        None => collapsed(mail.headers.get("date").unwrap_or_default()),
    }
}

/// White space collapsed: relays rewrap lines and change their ends.
fn collapsed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Attachment, Headers, InboundParts};

    const BASE: &[(&str, &str)] = &[
        ("From", "Ann <a@x.example>"),
        ("To", "b@y.example"),
        ("Date", "Mon, 1 Jan 2024 10:00:00 +0000"),
        ("Subject", "Hi"),
    ];

    fn mail(headers: &[(&str, &str)], text: &str, file: &[u8]) -> InboundEmail {
        InboundEmail::assemble(InboundParts {
            headers: Headers::from_pairs(headers.iter().copied()),
            text: Some(text.to_owned()),
            attachments: vec![Attachment::new("a.pdf", "application/pdf", None, file)],
            ..InboundParts::default()
        })
    }

    fn with(name: &'static str, value: &'static str) -> Vec<(&'static str, &'static str)> {
        let others = BASE.iter().filter(|(key, _)| *key != name).copied();
        others.chain([(name, value)]).collect()
    }

    #[test]
    fn transport_does_not_count() {
        let base = mail(BASE, "one two", b"x");
        for same in [
            mail(&with("Received", "by relay"), "one two", b"x"),
            mail(&with("Message-ID", "<1@x>"), " one\r\n two\n", b"x"),
            mail(
                &with("Date", "Mon, 1 Jan 2024 11:00:00 +0100 (CET)"),
                "one two",
                b"x",
            ),
            mail(&with("From", "\"Ann\" <A@X.example>"), "one two", b"x"),
            mail(&with("Subject", "=?utf-8?Q?Hi?="), "one two", b"x"),
        ] {
            assert_eq!(same.content_hash(), base.content_hash());
            assert_eq!(
                same.derived_message_id(None),
                base.derived_message_id(Some("salt"))
            );
        }
    }

    #[test]
    fn content_counts() {
        let base = mail(BASE, "one two", b"x").content_hash();
        for other in [
            mail(&with("From", "other@x.example"), "one two", b"x"),
            mail(
                &with("Date", "Mon, 1 Jan 2024 10:00:01 +0000"),
                "one two",
                b"x",
            ),
            mail(&with("Date", "garbage"), "one two", b"x"),
            mail(&with("Subject", "Ho"), "one two", b"x"),
            mail(BASE, "one three", b"x"),
            mail(BASE, "one two", b"y"),
        ] {
            assert_ne!(other.content_hash(), base);
        }
    }

    #[test]
    fn without_a_date_the_salt_counts() {
        let undated = mail(&with("Date", ""), "one", b"");
        assert_ne!(
            undated.derived_message_id(Some("a")),
            undated.derived_message_id(Some("b"))
        );
        assert_eq!(
            undated.derived_message_id(Some("a")),
            undated.derived_message_id(Some("a"))
        );
    }
}
