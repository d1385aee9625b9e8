//! What sending needs, and that all of it is there.

use convo_app::wire::is_address;
use convo_email::Address;
use convo_mailgun::sending::Region;

use super::super::{Mailgun, Send, SendMode, Settings};
use super::{Reader, optional};

pub(super) fn mailgun(read: &mut Reader) -> Mailgun {
    let region = read
        .parsed("mailgun.region", "us or eu", region)
        .unwrap_or_default();
    let other = read.parsed(
        "mailgun.base_url",
        "an address such as https://api.mailgun.net",
        |text| optional(text, base_url),
    );
    Mailgun {
        signing_key: read.secret("mailgun.signing_key"),
        previous_signing_key: read.secret("mailgun.previous_signing_key"),
        parent_signing_key: read.secret("mailgun.parent_signing_key"),
        api_key: read.secret("mailgun.api_key"),
        domain: read
            .parsed(
                "mailgun.domain",
                "a domain such as mail.dealer.example",
                |text| optional(text, domain),
            )
            .flatten(),
        base_url: other
            .flatten()
            .unwrap_or_else(|| region.base_url().to_owned()),
    }
}

pub(super) fn send(read: &mut Reader) -> Send {
    let from = read.parsed(
        "send.from",
        "an address such as Dealer <sales@dealer.example>",
        |text| optional(text, mailbox),
    );
    let from = from.flatten();
    let given = |read: &mut Reader, path: &str| {
        read.parsed(path, "a domain such as mail.dealer.example", |text| {
            optional(text, domain)
        })
        .flatten()
    };
    let reply_domain = match given(read, "send.reply_domain") {
        Some(domain) => Some(domain),
        None => read.text("mailgun.domain").as_deref().and_then(domain),
    };
    let own = || from.as_ref().map(Address::domain).unwrap_or_default();
    Send {
        mode: read
            .parsed("send.mode", "off, shadow or live", mode)
            .unwrap_or(SendMode::Off),
        reply_domain: reply_domain.unwrap_or_else(own),
        parallel: read.number("send.parallel", 1..=256),
        timeout: read.seconds("send.timeout_seconds", 1..=300),
        from,
    }
}

/// Notes what the mode needs and is not there.
pub(super) fn complete(settings: &Settings, read: &mut Reader) {
    let (mode, mailgun) = (settings.send.mode, &settings.mailgun);
    let live = mode == SendMode::Live;
    let needs = [
        (
            mode != SendMode::Off && settings.send.from.is_none(),
            "send.from",
        ),
        (
            mode != SendMode::Off && settings.server.public_url.is_none(),
            "server.public_url",
        ),
        (live && mailgun.api_key.is_none(), "mailgun.api_key"),
        (live && mailgun.domain.is_none(), "mailgun.domain"),
    ];
    for (missing, path) in needs {
        // What is there and wrong has been said already.
        if missing && read.text(path).is_none_or(|text| text.is_empty()) {
            read.problem(path, "is needed to send: see send.mode");
        }
    }
}

fn mode(text: &str) -> Option<SendMode> {
    match text {
        "off" => Some(SendMode::Off),
        "shadow" => Some(SendMode::Shadow),
        "live" => Some(SendMode::Live),
        _ => None,
    }
}

fn region(text: &str) -> Option<Region> {
    match text {
        "us" => Some(Region::Us),
        "eu" => Some(Region::Eu),
        _ => None,
    }
}

fn mailbox(text: &str) -> Option<Address> {
    let read = Address::parse(text)?;
    is_address(&read.email).then_some(read)
}

fn domain(text: &str) -> Option<String> {
    let labels = text.split('.').all(|label| {
        !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    });
    labels.then(|| text.to_ascii_lowercase())
}

/// An address to which a path is added: scheme, host and perhaps a path, without a slash at the end.
pub(super) fn base_url(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let plain = !rest.is_empty()
        && !rest.starts_with('/')
        && !rest
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || "?#<>\"@".contains(c));
    (matches!(scheme, "http" | "https") && plain).then(|| text.trim_end_matches('/').to_owned())
}
