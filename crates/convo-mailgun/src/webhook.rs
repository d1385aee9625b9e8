//! The provider port: a request becomes [`Verified`], and only that can be parsed.

use chrono::{DateTime, Utc};
use convo_email::{
    Form, ParseError, Received, Rejection, VerifiedWebhook, WebhookBody, WebhookProvider,
    WebhookRequest,
};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::signature::{self, Claimed, Signed, SigningKeys};
use crate::{events, inbound};

/// Mailgun's webhooks and routes under one account's keys.
#[derive(Debug, Clone, Default)]
pub struct Mailgun {
    keys: SigningKeys,
    limits: convo_email::Limits,
}

impl Mailgun {
    fn received(
        &self,
        payload: Payload,
        signed_at: DateTime<Utc>,
    ) -> Result<Vec<Received>, ParseError> {
        let received = match payload {
            Payload::Event(object) => Received::Event(events::from_object(&object, signed_at)?),
            Payload::Form(form) if inbound::is_mail(&form) => {
                Received::Mail(Box::new(inbound::from_form(form, &self.limits)?))
            }
            Payload::Form(form) => Received::Event(events::from_form(&form, signed_at)?),
        };
        Ok(vec![received])
    }

    /// Whether there is a key that signatures can be checked with.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        !self.keys.is_empty()
    }

    /// The provider with its signing keys and the limits of a mail.
    #[must_use]
    pub fn new(keys: SigningKeys, limits: convo_email::Limits) -> Self {
        Self { keys, limits }
    }
}

/// A request whose signature fits and is fresh; [`Mailgun::verify`] alone makes one.
pub struct Verified {
    signed: Signed,
    fingerprint: [u8; 32],
    payload: Payload,
}

enum Payload {
    Event(Map<String, Value>),
    Form(Form),
}

impl VerifiedWebhook for Verified {
    fn token(&self) -> Option<&str> {
        Some(self.signed.token())
    }

    fn signed_at(&self) -> Option<DateTime<Utc>> {
        Some(self.signed.at())
    }

    fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }
}

impl WebhookProvider for Mailgun {
    type Verified = Verified;

    fn name(&self) -> &'static str {
        "mailgun"
    }

    fn verify(&self, request: WebhookRequest, now: DateTime<Utc>) -> Result<Verified, Rejection> {
        if self.keys.is_empty() {
            return Err(Rejection::NotConfigured);
        }
        let (claimed, payload) = match request.body {
            WebhookBody::Raw(bytes) => {
                let object = object(&bytes)?;
                (claimed_in_object(&object), Payload::Event(object))
            }
            WebhookBody::Form(form) => (claimed_in_form(&form), Payload::Form(form)),
        };
        let signed = signature::check(&claimed, &self.keys, now)?;
        let fingerprint = match &payload {
            Payload::Event(object) => fingerprint_of_object(object),
            Payload::Form(form) => fingerprint_of_form(form),
        };
        Ok(Verified {
            signed,
            fingerprint,
            payload,
        })
    }

    fn parse(&self, verified: Verified) -> Result<Vec<Received>, ParseError> {
        self.received(verified.payload, verified.signed.at())
    }

    fn reread(&self, body: WebhookBody, came: DateTime<Utc>) -> Result<Vec<Received>, ParseError> {
        let payload = match body {
            WebhookBody::Raw(bytes) => {
                Payload::Event(object(&bytes).map_err(|_| ParseError::Shape("the body"))?)
            }
            WebhookBody::Form(form) => Payload::Form(form),
        };
        self.received(payload, came)
    }
}

fn object(bytes: &[u8]) -> Result<Map<String, Value>, Rejection> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Rejection::Malformed("the body is no JSON object")),
        Err(_) => Err(Rejection::Malformed("the body is no JSON")),
    }
}

fn claimed_in_object(object: &Map<String, Value>) -> Claimed {
    let block = object.get("signature").and_then(Value::as_object);
    let text = |name: &str| match block.and_then(|block| block.get(name)) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    Claimed {
        timestamp: text("timestamp"),
        token: text("token"),
        signature: text("signature"),
        parent_signature: text("parent-signature"),
    }
}

/// Merged user variables may repeat the three names; the last value is Mailgun's own.
fn claimed_in_form(form: &Form) -> Claimed {
    Claimed {
        timestamp: form.last_text("timestamp"),
        token: form.last_text("token"),
        signature: form.last_text("signature"),
        parent_signature: form.last_text("parent-signature"),
    }
}

/// Each piece is preceded by its length, so that no two different requests write the same bytes.
struct Fingerprint(Sha256);

impl Fingerprint {
    fn new() -> Self {
        Self(Sha256::new())
    }

    fn piece(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn done(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

fn fingerprint_of_object(object: &Map<String, Value>) -> [u8; 32] {
    let mut to = Fingerprint::new();
    members(object, &mut to);
    to.done()
}

/// Members in order of their names; the parser bounds the depth at 128.
fn members(object: &Map<String, Value>, to: &mut Fingerprint) {
    let mut sorted: Vec<(&String, &Value)> = object.iter().collect();
    sorted.sort_by_key(|(name, _)| *name);
    to.piece(b"{");
    for (name, value) in sorted {
        to.piece(name.as_bytes());
        json(value, to);
    }
    to.piece(b"}");
}

fn json(value: &Value, to: &mut Fingerprint) {
    match value {
        Value::Object(object) => members(object, to),
        Value::Array(items) => {
            to.piece(b"[");
            for item in items {
                json(item, to);
            }
            to.piece(b"]");
        }
        scalar => to.piece(scalar.to_string().as_bytes()),
    }
}

fn fingerprint_of_form(form: &Form) -> [u8; 32] {
    let mut fields: Vec<&(String, Vec<u8>)> = form.fields.iter().collect();
    fields.sort();
    let mut to = Fingerprint::new();
    for (name, value) in fields {
        to.piece(name.as_bytes());
        to.piece(value);
    }
    let mut files: Vec<_> = form.files.iter().collect();
    files.sort_by(|a, b| a.field.cmp(&b.field).then_with(|| a.bytes.cmp(&b.bytes)));
    for file in files {
        to.piece(file.field.as_bytes());
        to.piece(file.file_name.as_deref().unwrap_or_default().as_bytes());
        to.piece(&file.bytes);
    }
    to.done()
}
