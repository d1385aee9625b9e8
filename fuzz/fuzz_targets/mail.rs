//! A whole mail: MIME, reply text, class. Read twice it is the same, within its limits, with no word invented.

#![no_main]

use std::collections::HashSet;

use convo_email::{InboundEmail, Limits, mime};
use convo_threading::{html, reply};
use libfuzzer_sys::fuzz_target;

/// Bounds so low that a small mail meets them.
const TIGHT: Limits = Limits {
    bytes: 4_096,
    parts: 6,
    depth: 2,
    headers: 5,
    header_bytes: 200,
    field_bytes: 40,
    attachments: 2,
    text_bytes: 50,
};

/// Fields that are read beyond the bound, the first of each name: no more names than these.
const ESSENTIAL: usize = 40;

fuzz_target!(|bytes: &[u8]| {
    for limits in [Limits::default(), TIGHT] {
        if let Ok(mail) = mime::read(bytes, &limits) {
            within(&mail, &limits);
            same(&mail, bytes, &limits);
            words(&mail);
        }
    }
    let mails: usize = mime::split_mbox(bytes).map(|mail| mail.len()).sum();
    assert!(mails <= bytes.len(), "a mailbox grew");
});

fn within(mail: &InboundEmail, limits: &Limits) {
    assert!(mail.size <= limits.bytes);
    assert!(mail.attachments.len() <= limits.attachments.max(1));
    assert!(mail.headers.len() <= limits.headers + ESSENTIAL);
    assert!(mail.chain.ids.len() <= convo_threading::references::MAX_CHAIN);
    for text in [&mail.subject, &mail.text, &mail.reply_text] {
        assert!(!text.contains('\0'), "a NUL cannot be stored");
    }
    for field in mail.headers.iter() {
        assert!(!field.value().contains(['\0', '\r', '\n']), "a field is one line");
    }
    let own = mail.message_id.as_ref();
    assert!(!mail.chain.ids.iter().any(|id| Some(id) == own), "its own ancestor");
    let distinct: HashSet<_> = mail.recipients.iter().collect();
    assert_eq!(distinct.len(), mail.recipients.len(), "a recipient twice");
}

/// The same bytes are the same mail, before and after they were stored.
fn same(mail: &InboundEmail, bytes: &[u8], limits: &Limits) {
    let again = mime::read(bytes, limits).expect("what was read once");
    let stored = serde_json::to_string(mail).expect("what can be stored");
    assert_eq!(stored, serde_json::to_string(&again).expect("what can be stored"));
    let back: InboundEmail = serde_json::from_str(&stored).expect("what was stored");
    assert_eq!(back.content_hash(), mail.content_hash());
    assert_eq!(serde_json::to_string(&back).expect("what can be stored"), stored);
    let derived = mail.derived_message_id(Some("salt"));
    assert_eq!(derived, back.derived_message_id(Some("salt")));
}

/// Every line of a reply is a line of the text, or the beginning of one.
fn words(mail: &InboundEmail) {
    let taken = reply::extract(&mail.text);
    let lines = || mail.text.split(['\n', '\r']).map(str::trim_start);
    for line in taken.reply.lines().map(str::trim).filter(|line| !line.is_empty()) {
        assert!(lines().any(|whole| whole.starts_with(line)), "a line that nobody wrote: {line:?}");
    }
    assert!(taken.reply.len() <= mail.text.len());
    if let Some(html) = &mail.html {
        let (found, full) = html::reply_and_text(html);
        assert_eq!(full, html::to_text(html));
        assert!(!found.reply.contains('\r'), "lines end with a line feed");
    }
}
