//! Mail of our own, one of every form.

use convo_email::{FailureClass, InboundEmail, Limits, ReportKind, mime};
use convo_threading::automated::Class;

/// All fixtures.
pub const ALL: &[&[u8]] = &[
    include_bytes!("../mail/absence_de.eml"),
    include_bytes!("../mail/alternative.eml"),
    include_bytes!("../mail/apple_pieces.eml"),
    include_bytes!("../mail/base64_footer.eml"),
    include_bytes!("../mail/bounce.eml"),
    include_bytes!("../mail/bounce_words.eml"),
    include_bytes!("../mail/complaint.eml"),
    include_bytes!("../mail/delay.eml"),
    include_bytes!("../mail/forwarded.eml"),
    include_bytes!("../mail/html_only.eml"),
    include_bytes!("../mail/list.eml"),
    include_bytes!("../mail/mbox_from.eml"),
    include_bytes!("../mail/raw_latin1.eml"),
];

fn read(bytes: &[u8]) -> InboundEmail {
    let mail = mime::read(bytes, &Limits::default()).expect("a readable fixture");
    assert_eq!(mail.size, bytes.len());
    assert!(mail.degraded.is_empty());
    mail
}

fn ids(mail: &InboundEmail) -> Vec<&str> {
    mail.chain.ids.iter().map(|id| id.as_str()).collect()
}

#[test]
fn a_rich_reply() {
    let mail = read(include_bytes!("../mail/alternative.eml"));
    assert_eq!(mail.subject, "Re: Ihr Angebot für den grünen Wagen");
    let from = mail.from.as_ref().unwrap();
    assert_eq!(
        (from.name.as_deref(), from.email.as_str()),
        (Some("Mia Jürgens"), "Mia@Kunde.example")
    );
    assert_eq!(mail.to[0].name.as_deref(), Some("Sales, Team"));
    assert_eq!(
        mail.recipients,
        [
            "reply+c0ffee@mail.dealer.example",
            "campaign-77@mail.dealer.example",
            "partner@kunde.example"
        ]
    );
    assert_eq!(
        mail.message_id.as_ref().unwrap().as_str(),
        "reply-1@kunde.example"
    );
    assert_eq!(
        ids(&mail),
        ["offer-1@mail.dealer.example", "offer-2@mail.dealer.example"]
    );
    assert_eq!(
        mail.in_reply_to.as_deref(),
        Some("<offer-2@mail.dealer.example>")
    );
    assert_eq!(mail.date.unwrap().to_rfc3339(), "2024-06-04T07:30:12+00:00");
    assert!(mail.text.starts_with("Grüße! Wir kommen"));
    assert!(mail.text.contains("Passt Ihnen der Samstag?"));
    assert_eq!(
        mail.reply_text,
        "Grüße! Wir kommen am Samstag zur Probefahrt."
    );
    assert!(mail.html.as_ref().unwrap().contains("cid:logo@1"));
    let files: Vec<_> = mail
        .attachments
        .iter()
        .map(|file| (file.name.as_str(), file.content_type.as_str(), file.size))
        .collect();
    assert_eq!(
        files,
        [
            ("logo.png", "image/png", 8),
            ("Führerschein.pdf", "application/pdf", 9)
        ]
    );
    assert_eq!(mail.attachments[0].content_id.as_deref(), Some("logo@1"));
    assert_eq!(
        (mail.class(), mail.report.is_none(), mail.verdict.answerable),
        (Class::Human, true, true)
    );
}

#[test]
fn html_only_mail_is_read_as_text() {
    let mail = read(include_bytes!("../mail/html_only.eml"));
    assert!(mail.text.contains("What does it cost in £?"));
    assert!(mail.text.contains("Still looking?"));
    assert_eq!(mail.reply_text, "What does it cost in £?");
    assert!(mail.html.is_some());
}

#[test]
fn raw_latin_1_and_a_blank_before_the_colon() {
    let mail = read(include_bytes!("../mail/raw_latin1.eml"));
    assert_eq!(mail.subject, "Grüße");
    assert_eq!(
        mail.from.as_ref().unwrap().name.as_deref(),
        Some("Jürgen Müller")
    );
    assert_eq!(mail.text.trim(), "Schöne Grüße aus Köln");
    assert_eq!(mail.date.unwrap().to_rfc3339(), "2024-06-04T07:55:00+00:00");
}

#[test]
fn base64_without_padding_and_with_a_list_footer() {
    let mail = read(include_bytes!("../mail/base64_footer.eml"));
    assert!(
        mail.text
            .starts_with("Yes, I would like to know the price.")
    );
    assert!(mail.text.contains("Friends of old cars"));
}

#[test]
fn a_blank_line_and_a_from_line_before_the_header() {
    let mail = read(include_bytes!("../mail/mbox_from.eml"));
    assert_eq!(mail.subject, "after a blank line and a From line");
    assert_eq!(mail.text.trim(), "It is still a mail.");
}

#[test]
fn a_bounce_names_the_mail_and_the_dead_address() {
    let mail = read(include_bytes!("../mail/bounce.eml"));
    assert_eq!(mail.class(), Class::Bounce);
    let report = mail.report.as_ref().unwrap();
    assert_eq!(report.kind, ReportKind::Bounce);
    assert_eq!(
        report.original_message_id.as_ref().unwrap().as_str(),
        "offer-9@mail.dealer.example"
    );
    let one = &report.recipients[0];
    assert_eq!(one.address.as_deref(), Some("gone@customer.example"));
    assert_eq!(one.original.as_deref(), Some("gone+car@customer.example"));
    assert_eq!(
        (one.status.as_deref(), one.code, one.class),
        (Some("5.1.1"), Some(550), Some(FailureClass::Hard))
    );
    assert!(report.is_hard());
    assert!(mail.text.contains("could not be delivered") && !mail.text.contains("Hello!"));
}

#[test]
fn a_bounce_in_words() {
    let mail = read(include_bytes!("../mail/bounce_words.eml"));
    assert_eq!(mail.class(), Class::Bounce);
    let report = mail.report.as_ref().unwrap();
    assert_eq!(
        report.original_message_id.as_ref().unwrap().as_str(),
        "offer-8@mail.dealer.example"
    );
    assert_eq!(
        report.recipients[0].address.as_deref(),
        Some("full@customer.example")
    );
    assert_eq!(report.recipients[0].class, Some(FailureClass::Soft));
}

#[test]
fn a_delay_is_no_bounce() {
    let mail = read(include_bytes!("../mail/delay.eml"));
    assert_eq!(mail.class(), Class::Delay);
    let report = mail.report.as_ref().unwrap();
    assert_eq!((report.kind, report.is_hard()), (ReportKind::Delay, false));
    assert_eq!(
        report.original_message_id.as_ref().unwrap().as_str(),
        "offer-7@mail.dealer.example"
    );
}

#[test]
fn a_complaint_names_the_mail() {
    let mail = read(include_bytes!("../mail/complaint.eml"));
    assert_eq!(mail.class(), Class::SpamReport);
    let report = mail.report.as_ref().unwrap();
    assert_eq!(
        (report.kind, report.feedback_type.as_deref()),
        (ReportKind::Complaint, Some("abuse"))
    );
    assert_eq!(
        report.recipients[0].address.as_deref(),
        Some("angry@bigmail.example")
    );
    assert_eq!(
        report.original_message_id.as_ref().unwrap().as_str(),
        "offer-6@mail.dealer.example"
    );
}

#[test]
fn an_absence_with_its_end() {
    let mail = read(include_bytes!("../mail/absence_de.eml"));
    assert_eq!(mail.class(), Class::OutOfOffice);
    assert_eq!(mail.verdict.returns_on.unwrap().to_string(), "2024-06-17");
    assert!(!mail.verdict.answerable && mail.report.is_none());
}

#[test]
fn a_list_mail() {
    assert_eq!(
        read(include_bytes!("../mail/list.eml")).class(),
        Class::List
    );
}

#[test]
fn a_forwarded_mail_is_a_file() {
    let mail = read(include_bytes!("../mail/forwarded.eml"));
    assert_eq!(mail.text.trim(), "Can you beat this one?");
    let files: Vec<_> = mail
        .attachments
        .iter()
        .map(|file| (file.content_type.as_str(), file.name.as_str()))
        .collect();
    assert_eq!(files, [("message/rfc822", ""), ("text/plain", "notes.txt")]);
    assert_eq!((mail.class(), mail.report.is_none()), (Class::Human, true));
}

#[test]
fn text_in_pieces_around_a_picture() {
    let mail = read(include_bytes!("../mail/apple_pieces.eml"));
    assert_eq!(
        mail.text.split_whitespace().collect::<Vec<_>>().join(" "),
        "Here is the front: and that was it."
    );
    assert_eq!(mail.attachments.len(), 1);
}

#[test]
fn a_bare_carriage_return_ends_lines_where_nothing_else_does() {
    let mail = mime::read(
        b"Subject: old\rFrom: a@b.example\r\rtext\r",
        &Limits::default(),
    )
    .unwrap();
    assert_eq!(
        (mail.subject.as_str(), mail.text.as_str()),
        ("old", "text\n")
    );
}

#[test]
fn another_programs_message_file_is_kept_whole() {
    let bytes = b"\xD0\xCF\x11\xE0\0\0binary";
    let mail = mime::read(bytes, &Limits::default()).unwrap();
    assert_eq!(&*mail.attachments[0].bytes, bytes);
    assert_eq!(mail.degraded, [convo_email::Degraded::NoMail]);
}
