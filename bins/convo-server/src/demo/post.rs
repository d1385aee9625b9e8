//! Mail and provider events as they come from outside: raw MIME and JSON in webhooks signed with the demo's key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use convo_email::{Form, WebhookBody};
use convo_mailgun::{Mailgun, SigningKeys};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The browser people of the story use, and the proxy that machines are.
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const PROXY: &str =
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)";

/// Signs as the provider does; the key lives as long as the demo is made.
pub(super) struct Signer {
    key: String,
    signed: u64,
}

impl Signer {
    /// With this key.
    pub fn new(key: String) -> Self {
        Self { key, signed: 0 }
    }

    /// The provider's adapter that believes this signer.
    pub fn provider(&self) -> Mailgun {
        let keys = SigningKeys {
            current: Some(self.key.clone()),
            ..SigningKeys::default()
        };
        Mailgun::new(keys, convo_email::Limits::default())
    }

    /// Timestamp, token and signature.
    fn sign(&mut self, now: DateTime<Utc>) -> Option<[(&'static str, String); 3]> {
        self.signed += 1;
        let timestamp = now.timestamp().to_string();
        let token = hex(&Sha256::digest(self.signed.to_be_bytes()), 25);
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.as_bytes()).ok()?;
        mac.update(timestamp.as_bytes());
        mac.update(token.as_bytes());
        let signature = hex(&mac.finalize().into_bytes(), 32);
        Some([
            ("timestamp", timestamp),
            ("token", token),
            ("signature", signature),
        ])
    }

    /// A mail as the provider's route posts it; `None` never.
    pub fn mail(&mut self, mail: &Mail, now: DateTime<Utc>) -> Option<WebhookBody> {
        let own = [
            ("recipient", mail.to.clone().into_bytes()),
            ("sender", mail.from.clone().into_bytes()),
            ("body-mime", mail.mime()),
        ];
        let signed = self.sign(now)?.map(|(name, value)| (name, value.into()));
        let fields = own.into_iter().chain(signed);
        Some(WebhookBody::Form(Form {
            fields: fields
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            files: Vec::new(),
        }))
    }

    /// An event of a mail of ours as the provider posts it; `None` never.
    pub fn event(&mut self, event: &Event<'_>, now: DateTime<Utc>) -> Option<WebhookBody> {
        let block: serde_json::Map<String, Value> = self
            .sign(now)?
            .map(|(name, value)| (name.to_owned(), value.into()))
            .into_iter()
            .collect();
        let id = hex(&Sha256::digest(format!("event {}", self.signed)), 11);
        let mut data = json!({
            "event": event.name,
            "id": id,
            "timestamp": now.timestamp_micros() as f64 / 1e6,
            "recipient": event.recipient,
            "message": {"headers": {"message-id": event.message_id, "to": event.recipient}},
            "domain": {"name": event.domain},
            "user-variables": {},
        });
        if let (Value::Object(data), Value::Object(more)) = (&mut data, event.more.clone()) {
            data.extend(more);
        }
        let body = json!({"signature": block, "event-data": data});
        Some(WebhookBody::Raw(body.to_string().into_bytes()))
    }
}

/// What happened to a mail of ours.
pub(super) struct Event<'a> {
    pub name: &'static str,
    pub message_id: &'a str,
    pub recipient: &'a str,
    pub domain: &'a str,
    pub more: Value,
}

/// What an event says beside its name.
pub(super) fn details(name: &str, machine: bool, soft: bool) -> Value {
    match name {
        "delivered" => json!({"delivery-status": {"code": 250, "message": "OK"}}),
        "opened" | "clicked" if machine => {
            json!({"client-info": {"user-agent": PROXY, "bot": "gmail", "client-type": "robot"}})
        }
        "opened" => json!({"client-info": {"user-agent": BROWSER, "bot": ""}}),
        "clicked" => {
            json!({"client-info": {"user-agent": BROWSER, "bot": ""}, "url": "https://northgate.example/cars"})
        }
        "failed" if soft => {
            json!({"severity": "temporary", "reason": "generic", "delivery-status": {"code": 452, "enhanced-code": "4.2.2", "message": "mailbox full"}})
        }
        "failed" => {
            json!({"severity": "permanent", "reason": "bounce", "delivery-status": {"code": 550, "enhanced-code": "5.1.1", "message": "no such user", "bounce-type": "hard"}})
        }
        _ => json!({}),
    }
}

/// A mail from outside.
pub(super) struct Mail {
    pub from: String,
    pub name: String,
    pub to: String,
    pub subject: String,
    pub message_id: String,
    pub date: DateTime<Utc>,
    /// What it answers, the newest last.
    pub chain: Vec<String>,
    /// Further header fields.
    pub headers: Vec<(&'static str, String)>,
    pub text: String,
}

impl Mail {
    fn mime(&self) -> Vec<u8> {
        let mut fields = vec![
            ("From", format!("{} <{}>", word(&self.name), self.from)),
            ("To", format!("<{}>", self.to)),
            ("Subject", word(&self.subject)),
            ("Date", self.date.to_rfc2822()),
            ("Message-ID", format!("<{}>", self.message_id)),
        ];
        if let Some(last) = self.chain.last() {
            let all: Vec<String> = self.chain.iter().map(|id| format!("<{id}>")).collect();
            fields.push(("In-Reply-To", format!("<{last}>")));
            fields.push(("References", all.join("\r\n ")));
        }
        let more = self.headers.iter();
        fields.extend(more.map(|(name, value)| (*name, value.clone())));
        fields.push(("MIME-Version", "1.0".to_owned()));
        fields.push(("Content-Type", "text/plain; charset=utf-8".to_owned()));
        fields.push(("Content-Transfer-Encoding", "8bit".to_owned()));
        let mut mime = String::new();
        for (name, value) in fields {
            mime.extend([name, ": ", &value, "\r\n"]);
        }
        mime.push_str("\r\n");
        mime.push_str(&self.text.replace('\n', "\r\n"));
        mime.push_str("\r\n");
        mime.into_bytes()
    }
}

/// A text of a header field, encoded where it has more than ASCII (RFC 2047).
fn word(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    // An encoded word has at most 75 characters: 30 bytes become 40.
    let mut words = Vec::new();
    let mut piece = String::new();
    for letter in text.chars() {
        if piece.len() + letter.len_utf8() > 30 {
            words.push(std::mem::take(&mut piece));
        }
        piece.push(letter);
    }
    words.push(piece);
    let words = words.iter();
    let words: Vec<String> = words
        .map(|piece| format!("=?UTF-8?B?{}?=", STANDARD.encode(piece)))
        .collect();
    words.join("\r\n ")
}

/// The line that a mail program writes above what it quotes.
pub(super) fn attribution(language: &str, at: DateTime<Utc>, who: &str) -> String {
    match language {
        "de" => format!("Am {} schrieb {who}:", at.format("%d.%m.%Y um %H:%M")),
        "fr" => format!("Le {}, {who} a écrit :", at.format("%d/%m/%Y à %H:%M")),
        "es" => format!("El {}, {who} escribió:", at.format("%d/%m/%Y a las %H:%M")),
        "it" => format!("Il {}, {who} ha scritto:", at.format("%d/%m/%Y %H:%M")),
        "nl" => format!("Op {} schreef {who}:", at.format("%d-%m-%Y om %H:%M")),
        _ => format!("On {}, {who} wrote:", at.format("%a, %-d %b %Y at %H:%M")),
    }
}

/// A text as a mail program quotes it.
pub(super) fn quoted(text: &str) -> String {
    let lines = text.lines().map(|line| format!("> {line}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// A Message-ID that a name and a number always have at a host.
pub(super) fn message_id(name: &str, number: usize, host: &str) -> String {
    let digest = Sha256::digest(format!("{name}\n{number}"));
    format!("{}.{number}@{host}", hex(&digest, 9))
}

fn hex(bytes: &[u8], length: usize) -> String {
    let bytes = bytes.iter().take(length);
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use convo_email::{Limits, WebhookProvider as _, WebhookRequest, mime};

    use super::*;

    fn mail() -> Mail {
        Mail {
            from: "elodie@courrier.example".to_owned(),
            name: "Élodie Perrin".to_owned(),
            to: "hello@northgate.example".to_owned(),
            subject: "Re: La Aster Break : de la place pour tout emporter, même été".to_owned(),
            message_id: message_id("elodie", 1, "courrier.example"),
            date: DateTime::from_timestamp(1_780_000_000, 0).unwrap(),
            chain: vec!["a@b.example".to_owned(), "c@d.example".to_owned()],
            headers: Vec::new(),
            text: format!(
                "Bonjour, à demain.\n\n{}\n{}",
                attribution(
                    "fr",
                    DateTime::UNIX_EPOCH,
                    "Northgate <hello@northgate.example>"
                ),
                quoted("un deux\ntrois")
            ),
        }
    }

    #[test]
    fn a_mail_reads_back_as_it_was_meant() {
        let read = mime::read(&mail().mime(), &Limits::default()).unwrap();
        assert_eq!(read.subject, mail().subject);
        assert_eq!(read.reply_text.trim(), "Bonjour, à demain.");
        assert_eq!(read.chain.ids.len(), 2);
        assert_eq!(read.from.unwrap().name.as_deref(), Some("Élodie Perrin"));
    }

    #[test]
    fn quotes_of_every_language_are_cut_off() {
        for language in ["en", "de", "fr", "es", "it", "nl"] {
            let at = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
            let line = attribution(language, at, "Northgate Motors <hello@northgate.example>");
            let mail = Mail {
                text: format!("Ja.\n\n{line}\n{}", quoted("Hello")),
                ..mail()
            };
            let read = mime::read(&mail.mime(), &Limits::default()).unwrap();
            assert_eq!(read.reply_text.trim(), "Ja.", "{language}");
        }
    }

    #[test]
    fn the_provider_believes_it_while_it_is_fresh() {
        let mut signer = Signer::new("a key".to_owned());
        let now = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        let body = signer.mail(&mail(), now).unwrap();
        let request = |body| WebhookRequest {
            headers: Vec::new(),
            body,
        };
        assert!(signer.provider().verify(request(body), now).is_ok());
        let body = signer.mail(&mail(), now).unwrap();
        let late = now + chrono::TimeDelta::days(2);
        assert!(signer.provider().verify(request(body), late).is_err());
    }
}
