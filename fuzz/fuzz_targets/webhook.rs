//! Webhooks of Mailgun: event JSON, and both forms of inbound mail, read by the same steps as the route takes.
//! Without the right signature nothing is parsed; with it the answer is the same each time.

#![no_main]

#[path = "../../bins/convo-server/src/http/form.rs"]
#[allow(dead_code, reason = "a source file of the server")]
mod form;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use actix_web::web::Bytes;
use chrono::{DateTime, Utc};
use convo_email::{
    Form, FormFile, Limits, Received, Rejection, VerifiedWebhook as _, WebhookBody, WebhookProvider as _,
    WebhookRequest,
};
use convo_mailgun::{Mailgun, SigningKeys};
use hmac::{Hmac, KeyInit as _, Mac as _};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

const KEY: &str = "key-of-a-fuzzer";
const TIME: i64 = 1_800_000_000;

fuzz_target!(|data: &[u8]| {
    let Some((kind, bytes)) = data.split_first() else {
        return;
    };
    let Some(body) = body(kind % 3, bytes) else {
        return;
    };
    let provider = provider();
    let now = DateTime::from_timestamp(TIME, 0).expect("a time");
    unsigned(&provider, body.clone(), now);
    if let Some(body) = signed(body.clone()) {
        twice(&provider, body, now);
    }
    if let Ok(received) = provider.reread(body, now) {
        readable(received);
    }
});

fn provider() -> Mailgun {
    let keys = SigningKeys {
        current: Some(KEY.to_owned()),
        ..SigningKeys::default()
    };
    Mailgun::new(keys, Limits::default())
}

fn body(kind: u8, bytes: &[u8]) -> Option<WebhookBody> {
    match kind {
        0 => Some(WebhookBody::Raw(bytes.to_vec())),
        1 => {
            let fields = form::urlencoded(bytes).ok()?;
            Some(WebhookBody::Form(Form { fields, files: Vec::new() }))
        }
        _ => {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("multipart/form-data; boundary=B"));
            let parts = now(form::multipart(&headers, Bytes::copy_from_slice(bytes))).ok()?;
            let mut form = Form::default();
            for part in parts {
                if part.is_file {
                    form.files.push(FormFile {
                        field: part.name,
                        file_name: part.file_name,
                        content_type: part.content_type,
                        bytes: part.bytes,
                    });
                } else {
                    form.fields.push((part.name, part.bytes));
                }
            }
            Some(WebhookBody::Form(form))
        }
    }
}

/// A future over bytes in memory: polled until it is done, and it must be in the end.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..1_000_000 {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
    panic!("a form in memory is never read to its end");
}

/// Nobody but the provider knows the key: whatever it says of itself, it is not believed.
fn unsigned(provider: &Mailgun, body: WebhookBody, now: DateTime<Utc>) {
    let request = WebhookRequest { headers: Vec::new(), body };
    match provider.verify(request, now) {
        Ok(_) => panic!("verified without the key"),
        Err(Rejection::NotConfigured) => panic!("there is a key"),
        Err(_) => {}
    }
}

/// The body with a signature block that fits; `None` for what cannot carry one.
fn signed(body: WebhookBody) -> Option<WebhookBody> {
    let (timestamp, token) = (TIME.to_string(), "token");
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(KEY.as_bytes()).expect("any key");
    mac.update(timestamp.as_bytes());
    mac.update(token.as_bytes());
    let digest = hex::encode(mac.finalize().into_bytes());
    match body {
        WebhookBody::Raw(bytes) => {
            let mut object = match serde_json::from_slice(&bytes) {
                Ok(Value::Object(object)) => object,
                _ => return None,
            };
            let block = json!({"timestamp": timestamp, "token": token, "signature": digest});
            object.insert("signature".into(), block);
            Some(WebhookBody::Raw(serde_json::to_vec(&object).expect("an object")))
        }
        WebhookBody::Form(mut form) => {
            let own = [("timestamp", timestamp.as_str()), ("token", token), ("signature", &digest)];
            form.fields.retain(|(name, _)| own.iter().all(|(own, _)| name != own) && name != "parent-signature");
            let own = own.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
            form.fields.extend(own);
            Some(WebhookBody::Form(form))
        }
    }
}

fn twice(provider: &Mailgun, body: WebhookBody, now: DateTime<Utc>) {
    let once = || {
        let request = WebhookRequest { headers: Vec::new(), body: body.clone() };
        let verified = provider.verify(request, now).ok().expect("a signature that fits");
        assert_eq!(verified.token(), Some("token"));
        let fingerprint = verified.fingerprint();
        (fingerprint, provider.parse(verified).map(readable).ok())
    };
    assert_eq!(once(), once());
}

/// What was understood, as it is stored.
fn readable(received: Vec<Received>) -> Vec<String> {
    let limits = Limits::default();
    received
        .into_iter()
        .map(|one| match one {
            Received::Event(event) => {
                let stored = serde_json::to_string(&event).expect("what can be stored");
                let back: convo_email::EmailObservation = serde_json::from_str(&stored).expect("what was stored");
                assert_eq!(back, event);
                stored
            }
            Received::Mail(mail) => {
                assert!(mail.attachments.len() <= limits.attachments);
                assert!(mail.headers.iter().all(|field| !field.value().contains(['\0', '\r', '\n'])));
                assert!(![&mail.subject, &mail.text, &mail.reply_text].iter().any(|text| text.contains('\0')));
                serde_json::to_string(&mail).expect("what can be stored")
            }
            Received::Unreadable(error) => error.to_string(),
        })
        .collect()
}
