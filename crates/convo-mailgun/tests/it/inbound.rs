//! Inbound mail in its forms.

use convo_email::{Form, FormFile, InboundEmail, Received, WebhookBody};
use convo_threading::automated::Class;

use super::{received, signed_form};

const HEADERS: &str = r#"[["From","Lea <lea@lead.example>"],["To","reply+tok@us.example"],["Subject","Re: Angebot für Sie"],
 ["Message-Id","<r1@lead.example>"],["In-Reply-To","<m1@us.example>"],["References","<m0@us.example> <m1@us.example>"],
 ["Date","Mon, 3 Jun 2024 09:09:59 +0000"]]"#;

fn mail(fields: &[(&str, &str)]) -> InboundEmail {
    match received(signed_form(fields)) {
        Received::Mail(mail) => *mail,
        _ => panic!("not a mail"),
    }
}

#[test]
fn parsed_fields_make_a_mail() {
    let read = mail(&[
        ("recipient", "reply+tok@us.example"),
        ("sender", "lea@lead.example"),
        ("from", "Lea <lea@lead.example>"),
        ("subject", "Re: Angebot für Sie"),
        ("body-plain", "Ja, gern.\n\n> Hallo"),
        ("stripped-text", "Ja, gern."),
        ("message-headers", HEADERS),
    ]);
    assert_eq!(
        read.message_id.as_ref().unwrap().as_str(),
        "r1@lead.example"
    );
    assert_eq!(read.chain.parent().unwrap().as_str(), "m1@us.example");
    assert_eq!(read.from.as_ref().unwrap().email, "lea@lead.example");
    assert_eq!(read.subject, "Re: Angebot für Sie");
    assert_eq!(read.reply_text, "Ja, gern.");
    assert_eq!(
        read.recipients.first().map(String::as_str),
        Some("reply+tok@us.example")
    );
    assert_eq!(read.date.unwrap().timestamp(), 1_717_405_799);
    assert_eq!(read.class(), Class::Human);
}

#[test]
fn unreadable_header_lists_fall_back_to_the_copies_in_the_form() {
    let read = mail(&[
        ("recipient", "us@us.example"),
        ("sender", "lea@lead.example"),
        ("from", "lea@lead.example"),
        ("body-plain", "Hi"),
        ("Message-Id", "<r2@lead.example>"),
        ("In-Reply-To", "<m1@us.example>"),
        ("message-headers", "[["),
    ]);
    assert_eq!(
        read.message_id.as_ref().unwrap().as_str(),
        "r2@lead.example"
    );
    assert_eq!(read.chain.parent().unwrap().as_str(), "m1@us.example");
    assert_eq!(read.from.as_ref().unwrap().email, "lea@lead.example");
}

#[test]
fn a_missing_stripped_text_is_made_up_for() {
    let read = mail(&[
        ("recipient", "us@us.example"),
        ("sender", "lea@lead.example"),
        ("from", "lea@lead.example"),
        (
            "body-plain",
            "Friday is fine.\n\nOn Mon, Jun 3, 2024 at 9:00 AM Sales wrote:\n> Hello",
        ),
    ]);
    assert_eq!(read.reply_text.trim(), "Friday is fine.");
}

#[test]
fn raw_mime_is_read_with_its_envelope() {
    let raw = "From: lea@lead.example\r\nTo: us@us.example\r\nSubject: x\r\nMessage-ID: <r3@lead.example>\r\n\r\nok\r\n";
    let read = mail(&[
        ("recipient", "reply+abc@us.example"),
        ("sender", "lea@lead.example"),
        ("body-mime", raw),
    ]);
    assert_eq!(
        read.message_id.as_ref().unwrap().as_str(),
        "r3@lead.example"
    );
    assert_eq!(
        read.recipients.first().map(String::as_str),
        Some("reply+abc@us.example")
    );
    assert_eq!(read.text.trim(), "ok");
}

#[test]
fn files_become_attachments_without_paths() {
    let mut request = signed_form(&[
        ("recipient", "us@us.example"),
        ("sender", "lea@lead.example"),
        ("from", "lea@lead.example"),
        ("body-plain", "see file"),
        ("content-id-map", r#"{"<pic>": "attachment-1"}"#),
    ]);
    let WebhookBody::Form(Form { files, .. }) = &mut request.body else {
        panic!()
    };
    files.push(FormFile {
        field: "attachment-1".into(),
        file_name: Some("../../etc/quote.pdf".into()),
        content_type: Some("application/pdf; name=x".into()),
        bytes: b"%PDF".to_vec(),
    });
    let Received::Mail(read) = received(request) else {
        panic!()
    };
    let file = &read.attachments[0];
    assert_eq!(
        (file.name.as_str(), file.content_type.as_str()),
        ("quote.pdf", "application/pdf")
    );
    assert_eq!(
        (file.content_id.as_deref(), &*file.bytes),
        (Some("pic"), b"%PDF".as_slice())
    );
}
