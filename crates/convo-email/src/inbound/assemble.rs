//! From the parts of a mail to everything known of it.

use convo_threading::automated::{Mail, classify};
use convo_threading::{HeaderFields, chain, html, reply};

use super::{InboundEmail, InboundParts};
use crate::address::Address;
use crate::headers::Headers;
use crate::limits::{Degraded, Limits};
use crate::mime::report_type;
use crate::report::{self, Evidence};
use crate::{charsets, date};

/// Fields that name who a mail was delivered to, besides To and Cc, in order of trust.
const DELIVERED_TO: &[&str] = &[
    "x-original-to",
    "delivered-to",
    "envelope-to",
    "x-envelope-to",
    "x-forwarded-to",
    "x-mailgun-incoming-recipient",
    "apparently-to",
    "resent-to",
];

/// Most recipients kept.
const MAX_RECIPIENTS: usize = 200;

/// How much of a text is searched for the sender's own words, in bytes: what a person writes
/// stands before that, and hostile mail must not make it expensive.
const MAX_OWN_WORDS: usize = 256 * 1024;

/// How much HTML is read as text, in bytes.
const MAX_HTML: usize = 1024 * 1024;

/// Longest subject kept, in bytes.
const MAX_SUBJECT: usize = 8 * 1024;

/// Longest In-Reply-To or References value kept as received, in bytes.
const MAX_REFERENCES: usize = 64 * 1024;

pub(super) fn assemble(parts: InboundParts) -> InboundEmail {
    let headers = parts.headers;
    let list = |name: &str| -> Vec<Address> {
        headers
            .get_all_raw(name)
            .flat_map(Address::parse_list)
            .collect()
    };
    let (to, cc, reply_to) = (list("to"), list("cc"), list("reply-to"));
    let from = list("from").into_iter().next();
    let envelope_sender = parts.envelope_sender.as_deref().and_then(Address::parse);
    let sender = list("sender").into_iter().next().or(envelope_sender);
    let recipients = recipients(&parts.envelope_recipients, &headers, to.iter().chain(&cc));
    let (message_id, chain) = place(
        &headers,
        from.iter()
            .chain(&sender)
            .chain(&to)
            .chain(&cc)
            .chain(&reply_to),
    );

    let mut degraded = parts.degraded;
    let mut given = |text: Option<String>| {
        let text = text.filter(|text| !text.trim().is_empty())?;
        Some(charsets::without_nul(bounded(&text, &mut degraded)))
    };
    let (plain, html, stripped) = (
        given(parts.text),
        given(parts.html),
        given(parts.stripped_text),
    );
    let (text, own) = match (plain, html.as_deref()) {
        (Some(plain), _) => (plain, None),
        (None, Some(html)) => {
            let (found, text) = html::reply_and_text(beginning(html, MAX_HTML));
            (text, Some(found.reply))
        }
        (None, None) => (String::new(), None),
    };
    let reply_text = stripped
        .or(own)
        .unwrap_or_else(|| reply::extract(beginning(&text, MAX_OWN_WORDS)).reply);
    let mut mail = InboundEmail {
        message_id,
        chain,
        in_reply_to: joined(&headers, "in-reply-to"),
        references: joined(&headers, "references"),
        from,
        sender,
        reply_to,
        to,
        cc,
        recipients,
        subject: subject(&headers),
        date: headers.get("date").and_then(date::parse),
        text,
        html,
        reply_text,
        attachments: parts.attachments,
        headers,
        size: parts.size,
        degraded,
        ..InboundEmail::default()
    };
    judge(
        &mut mail,
        &parts.part_types,
        parts.envelope_sender.as_deref(),
    );
    mail
}

fn beginning(text: &str, length: usize) -> &str {
    &text[..text.floor_char_boundary(length)]
}

/// The text within the bound; the MIME reader has kept to it already, a provider has not.
fn bounded<'t>(text: &'t str, degraded: &mut Vec<Degraded>) -> &'t str {
    if text.len() <= Limits::TEXT_BYTES {
        return text;
    }
    degraded.push(Degraded::TextBytes {
        limit: Limits::TEXT_BYTES,
        actual: text.len(),
    });
    &text[..text.floor_char_boundary(Limits::TEXT_BYTES)]
}

/// Classifies the mail and reads its report.
fn judge(mail: &mut InboundEmail, part_types: &[String], envelope_sender: Option<&str>) {
    let evidence = Evidence::of(&mail.attachments);
    let mut headers: Vec<(&str, &str)> = mail
        .headers
        .iter()
        .map(|field| (field.name(), field.value()))
        .collect();
    if envelope_sender.is_some_and(|sender| matches!(sender.trim(), "" | "<>")) {
        headers.push(("Return-Path", "<>"));
    }
    let files = mail
        .attachments
        .iter()
        .map(|file| file.content_type.as_str());
    let part_types: Vec<&str> = part_types.iter().map(String::as_str).chain(files).collect();
    let report_type = report_type(&mail.headers);
    let from = mail.from.as_ref().map(|from| from.email.as_str());
    let verdict = classify(&Mail {
        headers: &headers,
        subject: &mail.subject,
        // A daemon's From is often no address at all: `MAILER-DAEMON <>`.
        from: from.unwrap_or_else(|| mail.headers.get("from").unwrap_or_default()),
        part_types: &part_types,
        report_type: report_type.as_deref(),
        action: evidence.action(),
        feedback_type: evidence.feedback_type.as_deref(),
        text: &mail.reply_text,
        written_on: mail.date.map(|date| date.date_naive()),
    });
    mail.report = report::read(evidence, verdict.class, &mail.headers, &mail.text);
    mail.verdict = verdict;
}

fn place<'a>(
    headers: &Headers,
    participants: impl Iterator<Item = &'a Address>,
) -> (Option<convo_threading::MessageId>, convo_threading::Chain) {
    let participants: Vec<&str> = participants.map(|one| one.email.as_str()).collect();
    let message_id: Vec<&str> = headers.get_all_raw("message-id").collect();
    let in_reply_to: Vec<&str> = headers.get_all_raw("in-reply-to").collect();
    let references: Vec<&str> = headers.get_all_raw("references").collect();
    let fields = HeaderFields {
        message_id: &message_id,
        in_reply_to: &in_reply_to,
        references: &references,
        participants: &participants,
    };
    let own = fields.own_id();
    let chain = chain(&fields, own.as_ref());
    (own, chain)
}

fn recipients<'a>(
    envelope: &[String],
    headers: &Headers,
    named: impl Iterator<Item = &'a Address>,
) -> Vec<String> {
    let delivered = DELIVERED_TO
        .iter()
        .flat_map(|name| headers.get_all_raw(name));
    let fields = envelope
        .iter()
        .map(String::as_str)
        .chain(delivered)
        .flat_map(Address::parse_list);
    let all = fields
        .map(|address| address.key())
        .chain(named.map(Address::key));
    let mut seen = std::collections::HashSet::new();
    all.filter(|address| seen.insert(address.clone()))
        .take(MAX_RECIPIENTS)
        .collect()
}

fn subject(headers: &Headers) -> String {
    let subject = headers.get("subject").unwrap_or_default();
    subject[..subject.floor_char_boundary(MAX_SUBJECT)].to_owned()
}

fn joined(headers: &Headers, name: &str) -> Option<String> {
    let values: Vec<&str> = headers
        .get_all_raw(name)
        .filter(|value| !value.is_empty())
        .collect();
    let joined = values.join(" ");
    // The newest ids stand last.
    let from = joined.ceil_char_boundary(joined.len().saturating_sub(MAX_REFERENCES));
    (!joined.is_empty()).then(|| joined[from..].to_owned())
}
