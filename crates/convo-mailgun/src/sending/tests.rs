#![allow(clippy::unwrap_used)]

use convo_email::{Attachment, Automatic, UserVariables};

use super::*;

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn id(text: &str) -> MessageId {
    MessageId::parse(text).unwrap()
}

fn mail() -> OutgoingEmail {
    OutgoingEmail {
        message_id: id("<m1@mail.dealer.example>"),
        from: address("Dealer <sales@dealer.example>"),
        to: vec![address("ada@customer.example")],
        reply_to: Some(address("reply+abc@mail.dealer.example")),
        subject: "Your new car".to_owned(),
        text: "Hello\r\nAda".to_owned(),
        html: None,
        in_reply_to: None,
        references: Vec::new(),
        variables: UserVariables {
            conversation_id: Some("c1".to_owned()),
            lead_id: Some("l1".to_owned()),
            campaign_id: None,
        },
        automatic: None,
        unsubscribe: None,
        tracking: TrackingWish::default(),
        attachments: Vec::new(),
    }
}

/// Names with values, files left out.
fn fields(mail: &OutgoingEmail) -> Vec<(&'static str, String)> {
    let parts = form(mail).unwrap();
    parts
        .into_iter()
        .filter_map(|part| match part {
            Part::Field { name, value } => Some((name, value)),
            Part::File { .. } => None,
        })
        .collect()
}

fn field(mail: &OutgoingEmail, name: &str) -> Option<String> {
    let fields = fields(mail);
    let found = fields.into_iter().find(|(other, _)| *other == name);
    found.map(|(_, value)| value)
}

#[test]
fn a_plain_mail_has_its_fields_and_no_others() {
    let expected = [
        ("from", "\"Dealer\" <sales@dealer.example>"),
        ("to", "ada@customer.example"),
        ("subject", "Your new car"),
        ("h:Message-Id", "<m1@mail.dealer.example>"),
        ("h:Reply-To", "reply+abc@mail.dealer.example"),
        ("v:conversation_id", "c1"),
        ("v:lead_id", "l1"),
        ("text", "Hello\r\nAda"),
    ];
    let expected = expected.map(|(name, value)| (name, value.to_owned()));
    assert_eq!(fields(&mail()), expected);
}

#[test]
fn everything_a_mail_can_have_is_in_the_form() {
    let all = OutgoingEmail {
        to: vec![address("a@x.example"), address("b@x.example")],
        html: Some("<p>Hello</p>".to_owned()),
        in_reply_to: Some(id("<r2@customer.example>")),
        references: vec![id("<m0@dealer.example>"), id("<r2@customer.example>")],
        automatic: Some(Automatic::Generated),
        unsubscribe: Some("https://convo.dealer.example/u/abc".to_owned()),
        tracking: TrackingWish::OFF,
        attachments: vec![Attachment::new(
            "offer.pdf",
            "application/pdf",
            None,
            &b"%PDF"[..],
        )],
        ..mail()
    };
    for (name, expected) in [
        ("h:In-Reply-To", "<r2@customer.example>"),
        ("h:References", "<m0@dealer.example> <r2@customer.example>"),
        ("h:Auto-Submitted", "auto-generated"),
        ("h:List-Unsubscribe", "<https://convo.dealer.example/u/abc>"),
        ("h:List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("o:tracking", "no"),
        ("o:tracking-opens", "no"),
        ("o:tracking-clicks", "no"),
        ("html", "<p>Hello</p>"),
    ] {
        assert_eq!(field(&all, name).as_deref(), Some(expected), "{name}");
    }
    let to: Vec<_> = fields(&all)
        .into_iter()
        .filter(|(n, _)| *n == "to")
        .collect();
    assert_eq!(to.len(), 2);
    let parts = form(&all).unwrap();
    assert!(matches!(parts.last(), Some(Part::File { file_name, .. }) if file_name == "offer.pdf"));
}

#[test]
fn tracking_is_left_to_the_domain_unless_asked_for() {
    for (opens, clicks, expected) in [
        (None, None, [None, None, None]),
        (Some(true), None, [None, Some("yes"), None]),
        (Some(true), Some(false), [None, Some("yes"), Some("no")]),
        (
            Some(false),
            Some(false),
            [Some("no"), Some("no"), Some("no")],
        ),
    ] {
        let mail = OutgoingEmail {
            tracking: TrackingWish { opens, clicks },
            ..mail()
        };
        let found =
            ["o:tracking", "o:tracking-opens", "o:tracking-clicks"].map(|name| field(&mail, name));
        assert_eq!(found, expected.map(|word| word.map(str::to_owned)));
    }
}

#[test]
fn a_name_cannot_end_its_quotes_and_nothing_can_add_a_line() {
    let named = |name: &str| Address {
        name: Some(name.to_owned()),
        email: "sales@dealer.example".to_owned(),
    };
    let from = |name: &str| OutgoingEmail {
        from: named(name),
        ..mail()
    };
    assert_eq!(
        field(&from("A \"B\" \\ C, Jü"), "from").as_deref(),
        Some("\"A \\\"B\\\" \\\\ C, Jü\" <sales@dealer.example>")
    );
    let subject = |subject: &str| OutgoingEmail {
        subject: subject.to_owned(),
        ..mail()
    };
    let link = |link: &str| OutgoingEmail {
        unsubscribe: Some(link.to_owned()),
        ..mail()
    };
    let variable = |value: &str| OutgoingEmail {
        variables: UserVariables {
            lead_id: Some(value.to_owned()),
            ..UserVariables::default()
        },
        ..mail()
    };
    for bad in ["a\r\nBcc: b@x.example", "a\nb", "a\rb", "a\0b"] {
        for mail in [from(bad), subject(bad), link(bad), variable(bad)] {
            assert!(matches!(form(&mail), Err(SendError::Unsendable(_))));
        }
    }
    assert!(form(&link("https://x.example/><b@x.example")).is_err());
    let nobody = OutgoingEmail {
        to: Vec::new(),
        ..mail()
    };
    assert!(form(&nobody).is_err());
}

#[test]
fn fields_with_a_prefix_have_16_kb_and_the_text_has_more() {
    let long = |bytes: usize| OutgoingEmail {
        unsubscribe: Some(format!("https://x.example/{}", "u".repeat(bytes))),
        text: "t".repeat(100_000),
        ..mail()
    };
    assert!(form(&long(15_000)).is_ok());
    assert!(form(&long(16_300)).is_err());
}

#[test]
fn the_table_of_answers() {
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let later = |status: u16, retry_after| {
        Err(SendError::Later {
            status: Some(status),
            retry_after,
        })
    };
    let taken = |provider_id: Option<&str>| {
        Ok(Receipt {
            provider: "mailgun".to_owned(),
            provider_id: provider_id.map(id),
        })
    };
    let queued = r#"{"id":"<m1@mail.dealer.example>","message":"Queued. Thank you."}"#;
    let refused = |status| Err(SendError::Refused { status });
    let closed = |status| Err(SendError::Closed { status });
    for (status, retry_after, body, expected) in [
        (200, None, queued, taken(Some("<m1@mail.dealer.example>"))),
        (200, None, "{}", taken(None)),
        (202, None, "", taken(None)),
        (
            400,
            None,
            r#"{"message":"'to' parameter is missing"}"#,
            refused(400),
        ),
        (401, None, "Forbidden", closed(401)),
        (402, None, "", closed(402)),
        (403, None, "", closed(403)),
        (404, None, "", refused(404)),
        (413, None, "", refused(413)),
        (301, None, "", refused(301)),
        (408, None, "", later(408, None)),
        (429, Some("7"), "", later(429, Some(7))),
        (429, Some("soon"), "", later(429, None)),
        (
            429,
            Some("Fri, 15 Jan 2027 08:00:30 GMT"),
            "",
            later(429, Some(30)),
        ),
        (
            429,
            Some("Fri, 15 Jan 2027 07:00:00 GMT"),
            "",
            later(429, Some(0)),
        ),
        (500, None, "", later(500, None)),
        (503, Some("2"), "", later(503, Some(2))),
    ] {
        let said = answer(status, retry_after, body.as_bytes(), now);
        assert_eq!(said, expected, "{status} {retry_after:?}");
    }
}

#[test]
fn addresses_of_the_api_are_those_of_the_regions() {
    for (base, expected) in [
        (
            Region::Us.base_url(),
            "https://api.mailgun.net/v3/mail.dealer.example/messages",
        ),
        (
            Region::Eu.base_url(),
            "https://api.eu.mailgun.net/v3/mail.dealer.example/messages",
        ),
        (
            "http://127.0.0.1:9/",
            "http://127.0.0.1:9/v3/mail.dealer.example/messages",
        ),
    ] {
        assert_eq!(messages_url(base, "mail.dealer.example"), expected);
    }
}
