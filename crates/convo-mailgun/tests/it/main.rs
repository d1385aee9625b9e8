//! Mailgun's requests as its documentation describes them, and recorded ones with known answers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod corpus;
mod events;
mod inbound;

use chrono::{DateTime, Utc};
use convo_email::{
    Form, Received, Rejection, VerifiedWebhook, WebhookBody, WebhookProvider, WebhookRequest,
};
use convo_mailgun::{Mailgun, SigningKeys};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

const KEY: &str = "signing-key";
const NOW: i64 = 1_800_000_000;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW, 0).unwrap()
}

fn provider() -> Mailgun {
    let keys = SigningKeys {
        current: Some(KEY.into()),
        ..SigningKeys::default()
    };
    Mailgun::new(keys, convo_email::Limits::default())
}

fn signature(timestamp: &str, token: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
    mac.update(timestamp.as_bytes());
    mac.update(token.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

fn signed_event(data: &Value) -> WebhookRequest {
    let timestamp = NOW.to_string();
    let body = json!({
        "signature": {"timestamp": timestamp, "token": "t", "signature": signature(&timestamp, "t")},
        "event-data": data,
    });
    WebhookRequest {
        headers: Vec::new(),
        body: WebhookBody::Raw(body.to_string().into_bytes()),
    }
}

fn signed_form(fields: &[(&str, &str)]) -> WebhookRequest {
    let timestamp = NOW.to_string();
    let digest = signature(&timestamp, "t");
    let own = [
        ("timestamp", timestamp.as_str()),
        ("token", "t"),
        ("signature", digest.as_str()),
    ];
    let fields = fields
        .iter()
        .chain(&own)
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
    WebhookRequest {
        headers: Vec::new(),
        body: WebhookBody::Form(Form {
            fields: fields.collect(),
            files: Vec::new(),
        }),
    }
}

fn received(request: WebhookRequest) -> Received {
    let provider = provider();
    let verified = provider.verify(request, now()).unwrap();
    provider.parse(verified).unwrap().pop().unwrap()
}

#[test]
fn without_a_key_nothing_is_verified() {
    let provider = Mailgun::default();
    let refused = provider.verify(signed_event(&json!({"event": "delivered"})), now());
    assert_eq!(refused.err(), Some(Rejection::NotConfigured));
}

#[test]
fn the_body_decides_the_fingerprint_not_its_bytes() {
    let provider = provider();
    let of = |request| provider.verify(request, now()).unwrap().fingerprint();
    let one = of(signed_form(&[("a", "1"), ("b", "2")]));
    assert_eq!(one, of(signed_form(&[("b", "2"), ("a", "1")])));
    assert_ne!(one, of(signed_form(&[("a", "1"), ("b", "3")])));
    assert_ne!(one, of(signed_form(&[("a", "1b"), ("", "2")])));
    let event = of(signed_event(&json!({"event": "opened", "id": "x"})));
    assert_eq!(
        event,
        of(signed_event(&json!({"id": "x", "event": "opened"})))
    );
    assert_ne!(
        event,
        of(signed_event(&json!({"id": "y", "event": "opened"})))
    );
}

#[test]
fn what_is_no_object_is_malformed_and_what_is_unsigned_is_not() {
    let refused = |body: &str| {
        let body = WebhookBody::Raw(body.as_bytes().to_vec());
        provider()
            .verify(
                WebhookRequest {
                    headers: Vec::new(),
                    body,
                },
                now(),
            )
            .err()
            .unwrap()
    };
    for body in ["", "not json", "[]", "3"] {
        assert!(matches!(refused(body), Rejection::Malformed(_)), "{body}");
    }
    for body in [
        "{}",
        r#"{"signature": null}"#,
        r#"{"signature": []}"#,
        r#"{"signature": {"token": 1}}"#,
    ] {
        assert_eq!(refused(body), Rejection::Unsigned, "{body}");
    }
}
