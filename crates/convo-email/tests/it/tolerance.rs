//! What real mail does and readers stumble over, one row each.

use convo_email::{Headers, InboundEmail, InboundParts, Limits, mime};
use convo_threading::automated::Class;

fn read(mail: &str) -> InboundEmail {
    mime::read(mail.as_bytes(), &Limits::default()).expect("a readable mail")
}

fn with(fields: &str) -> InboundEmail {
    read(&format!("From: a@b.example\r\n{fields}\r\n\r\ntext\r\n"))
}

#[test]
fn lists_of_message_ids() {
    for (field, expected) in [
        ("<a@b>,<c@d>", &["a@b", "c@d"][..]),
        ("<a@b> (a comment)", &["a@b"]),
        ("junk <a@b>", &["a@b"]),
        ("<a@b", &[]),
        ("<>", &[]),
        ("<a@b>\r\n\t<c@\r\n d>", &["a@b", "c@d"]),
        ("Your message of Monday <c@d>", &["c@d"]),
    ] {
        let mail = with(&format!("References: {field}"));
        let ids: Vec<_> = mail.chain.ids.iter().map(|id| id.as_str()).collect();
        assert_eq!(ids, expected, "{field}");
    }
    assert_eq!(
        with("In-Reply-To: c@d").chain.parent().unwrap().as_str(),
        "c@d"
    );
    assert_eq!(with("Message-ID: c@d").message_id.unwrap().as_str(), "c@d");
    assert_eq!(with("Message-ID: <>").message_id, None);
    // The address of a participant is no id of a mail.
    assert_eq!(
        with("In-Reply-To: your mail <a@b.example>").chain.parent(),
        None
    );
}

#[test]
fn dates() {
    for (field, expected) in [
        (
            "Sat, 01 Jun 2024 09:55 +0200",
            Some("2024-06-01T07:55:00+00:00"),
        ),
        (
            "Sat, 01 Jun 24 09:55:00 EST (summer)",
            Some("2024-06-01T14:55:00+00:00"),
        ),
        ("31 Feb 2024 10:00:00 +0000", None),
        ("1 Jan 999999 10:00:00 +0000", None),
        ("garbage", None),
        ("", None),
    ] {
        let date = with(&format!("Date: {field}"))
            .date
            .map(|date| date.to_rfc3339());
        assert_eq!(date.as_deref(), expected, "{field}");
    }
    assert_eq!(with("X: y").date, None);
}

#[test]
fn fields() {
    assert_eq!(
        with("Subject : blank before the colon").subject,
        "blank before the colon"
    );
    assert_eq!(with("sUBJECT: any case").subject, "any case");
    assert_eq!(
        with("a line without colon\r\nSubject: found").subject,
        "found"
    );
    assert_eq!(with("Subject: a\0b").subject, "a\u{FFFD}b");
    assert_eq!(
        with("Subject: folded\r\n\tover lines").subject,
        "folded over lines"
    );
    assert_eq!(
        with("Subject: =?utf-8?Q?gr=C3?=\r\n =?utf-8?Q?=BCn?=").subject,
        "grün"
    );
    assert_eq!(with("Subject: =?utf-8*en?Q?gr=C3=BCn?=").subject, "grün");
    assert_eq!(with("Subject: =?unheard-of?Q?gr=FCn?=").subject, "grün");
    assert_eq!(with("Subject: one\r\nSubject: two").subject, "one");
    assert_eq!(with("X: y").subject, "");
    assert_eq!(
        read("\r\n\r\nSubject: after blank lines\r\n\r\nx").subject,
        "after blank lines"
    );
}

#[test]
fn addresses() {
    let to = |field: &str| -> Vec<String> {
        with(&format!("To: {field}"))
            .to
            .into_iter()
            .map(|one| one.email)
            .collect()
    };
    assert_eq!(
        to("=?utf-8?Q?J=C3=BC=2C_X?= <c@d.example>"),
        ["c@d.example"]
    );
    assert_eq!(to("mailto:c@d.example"), ["c@d.example"]);
    assert_eq!(to("Bob <>, c@d.example"), ["c@d.example"]);
    assert_eq!(to("Bob <c@d.example"), ["c@d.example"]);
    assert_eq!(to("Bob bob@d.example"), ["bob@d.example"]);
    assert_eq!(to("<@x,@y:c@d.example>"), ["c@d.example"]);
    assert_eq!(
        to("Group: c@d.example, e@f.example;"),
        ["c@d.example", "e@f.example"]
    );
}

#[test]
fn bodies() {
    let body = |fields: &str, body: &str| read(&format!("{fields}\r\n\r\n{body}")).text;
    assert_eq!(
        body("Content-Transfer-Encoding: base64", "aGVsbG8"),
        "hello"
    );
    assert_eq!(
        body("Content-Transfer-Encoding: unheard-of", "hello"),
        "hello"
    );
    assert_eq!(
        body("Content-Transfer-Encoding: BASE64", "aGVsbG8="),
        "hello"
    );
    assert_eq!(
        body("Content-Transfer-Encoding: base64", "not base64 at all!"),
        "not base64 at all!"
    );
    assert_eq!(
        body("Content-Type: text/plain; charset=us-ascii", "grün"),
        "grün"
    );
    assert_eq!(
        body("Content-Type: text/plain; charset=\"utf-8", "grün"),
        "grün"
    );
    assert_eq!(
        body("Content-Type: multipart/mixed; boundary=never", "hello"),
        "hello"
    );
    assert_eq!(body("Content-Type: nonsense", "a\0b"), "a\u{FFFD}b");
    assert_eq!(body("X: y", ""), "");
}

#[test]
fn a_mail_taken_apart_by_a_provider() {
    let parts = |pairs: &[(&str, &str)]| InboundParts {
        headers: Headers::from_pairs(pairs.iter().copied()),
        envelope_recipients: vec!["reply+t0ken@mail.dealer.example".into()],
        envelope_sender: Some("lead@customer.example".into()),
        text: Some("Yes.\n\n> Still looking?\n".into()),
        ..InboundParts::default()
    };
    let plain = &[
        ("From", "Lead <lead@customer.example>"),
        ("To", "sales@dealer.example"),
        ("Subject", "Re: x"),
    ];
    let mail = InboundEmail::assemble(parts(plain));
    assert_eq!(
        mail.recipients,
        ["reply+t0ken@mail.dealer.example", "sales@dealer.example"]
    );
    assert_eq!(mail.sender.unwrap().email, "lead@customer.example");
    assert_eq!(mail.reply_text, "Yes.");

    let stripped = |text: &str| InboundParts {
        stripped_text: Some(text.into()),
        ..parts(plain)
    };
    assert_eq!(
        InboundEmail::assemble(stripped("Their cut.")).reply_text,
        "Their cut."
    );
    assert_eq!(InboundEmail::assemble(stripped(" \r\n")).reply_text, "Yes.");

    // The null sender of the envelope is the mark of an automatic mail.
    let null = InboundParts {
        envelope_sender: Some(String::new()),
        ..parts(plain)
    };
    assert_eq!(InboundEmail::assemble(null).class(), Class::AutoReply);
    let html = InboundParts {
        text: None,
        html: Some("<p>Yes.</p>".into()),
        ..parts(plain)
    };
    assert_eq!(InboundEmail::assemble(html).reply_text, "Yes.");
}

#[test]
fn nothing_of_a_mail_is_shown_when_it_is_logged() {
    let mail = with("Subject: secret\r\nTo: c@d.example");
    let shown = format!("{mail:?} {:?}", mail.headers);
    for word in ["secret", "example", "text\r"] {
        assert!(!shown.contains(word), "{shown}");
    }
}
