//! Any bytes are read or refused, never more.

use convo_email::{Address, Headers, InboundEmail, Limits, date, mime};
use proptest::prelude::*;

/// Bounds so low that random mail meets them.
fn tight() -> Limits {
    Limits {
        parts: 6,
        depth: 2,
        headers: 5,
        header_bytes: 200,
        field_bytes: 40,
        attachments: 2,
        text_bytes: 50,
        ..Limits::default()
    }
}

/// Pieces mail is made of, so that random mail has structure.
fn mail_like() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("\r\n".to_owned()),
        Just("\n\n".to_owned()),
        Just("--b\n".to_owned()),
        Just("--b--\n".to_owned()),
        Just("--c\n".to_owned()),
        Just("Content-Type: multipart/alternative; boundary=b\n".to_owned()),
        Just(
            "Content-Type: multipart/report; report-type=delivery-status; boundary=c\n".to_owned()
        ),
        Just(
            "Content-Type: message/delivery-status\n\nAction: failed\nStatus: 5.1.1\n\n".to_owned()
        ),
        Just("Content-Type: text/html; charset=".to_owned()),
        Just("Content-Transfer-Encoding: base64\n".to_owned()),
        Just("Content-Disposition: attachment; filename*=".to_owned()),
        Just("From: Ann <a@b.example>\n".to_owned()),
        Just("Subject: =?utf-8?Q?=C3=BC?=\n".to_owned()),
        Just("Date: Mon, 1 Jan 2024 10:00:00 +0000\n".to_owned()),
        Just("References: <1@x> <2@x>\n".to_owned()),
        Just("From a@b Mon Jan  1 10:00:00 2024\n".to_owned()),
        Just("I am out of the office until 31.12. or Monday\n".to_owned()),
        "[ -~]{0,20}",
        "\\PC{0,8}",
    ];
    let piece = piece.prop_map(String::into_bytes);
    let raw = prop::collection::vec(any::<u8>(), 0..6);
    prop::collection::vec(prop_oneof![4 => piece, 1 => raw], 0..40)
        .prop_map(|pieces| pieces.concat())
}

fn checked(bytes: &[u8], limits: &Limits) -> Option<InboundEmail> {
    let mail = mime::read(bytes, limits).ok()?;
    for text in [&mail.subject, &mail.text, &mail.reply_text] {
        assert!(!text.contains('\0'));
    }
    assert!(
        mail.headers
            .iter()
            .all(|field| !field.value().contains(['\0', '\r', '\n']))
    );
    assert!(mail.attachments.len() <= limits.attachments.max(1));
    assert_eq!(
        mail.content_hash(),
        mime::read(bytes, limits).ok()?.content_hash()
    );
    mail.derived_message_id(Some("salt"));
    Some(mail)
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        checked(&bytes, &Limits::default());
        for mail in mime::split_mbox(&bytes) {
            prop_assert!(!mail.is_empty());
        }
    }

    #[test]
    fn anything_like_mail(bytes in mail_like()) {
        checked(&bytes, &Limits::default());
        checked(&bytes, &tight());
        let mails: usize = mime::split_mbox(&bytes).map(|mail| mail.len()).sum();
        prop_assert!(mails <= bytes.len());
    }

    #[test]
    fn a_read_mail_survives_storage(bytes in mail_like()) {
        if let Some(mail) = checked(&bytes, &Limits::default()) {
            let stored = serde_json::to_string(&mail).unwrap();
            let read: InboundEmail = serde_json::from_str(&stored).unwrap();
            prop_assert_eq!(read.content_hash(), mail.content_hash());
            prop_assert_eq!(serde_json::to_string(&read).unwrap(), stored);
        }
    }

    #[test]
    fn any_field(value in "\\PC{0,60}|[ -~]{0,60}|[<>@,;:\"()a-c =?]{0,60}") {
        date::parse(&value);
        for address in Address::parse_list(&value) {
            prop_assert!(address.email.contains('@') && !address.email.contains(char::is_whitespace));
        }
        let headers = Headers::from_pairs([("Subject", &value)]);
        prop_assert_eq!(headers.len(), 1);
    }
}

#[test]
fn truncation_at_any_byte() {
    for bytes in crate::fixtures::ALL {
        for end in 0..bytes.len() {
            checked(&bytes[..end], &Limits::default());
        }
    }
}
