//! Signed webhooks as Mailgun sends them.

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use crate::{Answer, Api, Call, Mail, SIGNING_KEY};

const EVENTS: &str = "/api/webhooks/mailgun/events";
const INBOUND: &str = "/api/webhooks/mailgun/inbound";
const MIME: &str = "/api/webhooks/mailgun/inbound/mime";

/// One signature block. The same block again is Mailgun's retry.
#[derive(Clone, Debug)]
pub struct Signature {
    pub timestamp: String,
    pub token: String,
    pub signature: String,
}

impl Signature {
    /// A new one, made now with the key of the tests.
    pub fn new() -> Signature {
        Signature::made(SIGNING_KEY, Utc::now())
    }

    /// A new one, made then with this key.
    pub fn made(key: &str, at: DateTime<Utc>) -> Signature {
        let timestamp = at.timestamp().to_string();
        let token = format!("{0}{0}", Uuid::new_v4().simple())[..50].to_owned();
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key of any length");
        mac.update(timestamp.as_bytes());
        mac.update(token.as_bytes());
        let signature = hex::encode(mac.finalize().into_bytes());
        Signature {
            timestamp,
            token,
            signature,
        }
    }

    fn json(&self) -> Value {
        json!({"timestamp": self.timestamp, "token": self.token, "signature": self.signature})
    }

    /// The three fields of a form.
    pub fn fields(&self) -> Vec<(String, String)> {
        let fields = [
            ("timestamp", &self.timestamp),
            ("token", &self.token),
            ("signature", &self.signature),
        ];
        fields
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .to_vec()
    }
}

impl Default for Signature {
    fn default() -> Signature {
        Signature::new()
    }
}

/// The `event-data` of one webhook.
#[derive(Clone, Debug)]
pub struct Event(pub Value);

impl Event {
    /// An event of this name about one of our messages (its id without `<>`), happening now.
    pub fn of(name: &str, message_id: &str, recipient: &str) -> Event {
        let domain = recipient.rsplit('@').next();
        Event(json!({
            "event": name,
            "id": Uuid::new_v4().simple().to_string(),
            "timestamp": seconds(Utc::now()),
            "recipient": recipient,
            "recipient-domain": domain,
            "message": {"headers": {"message-id": message_id, "to": recipient}},
            "domain": {"name": "mail.dealer.example"},
            "user-variables": {},
        }))
    }

    pub fn delivered(message_id: &str, recipient: &str) -> Event {
        Event::of("delivered", message_id, recipient)
            .with("delivery-status", json!({"code": 250, "message": "OK"}))
    }

    /// Opened in a browser a person uses.
    pub fn opened(message_id: &str, recipient: &str) -> Event {
        Event::of("opened", message_id, recipient).with("client-info", browser())
    }

    /// Clicked in a browser a person uses.
    pub fn clicked(message_id: &str, recipient: &str) -> Event {
        Event::of("clicked", message_id, recipient)
            .with("client-info", browser())
            .with("url", json!("https://dealer.example/offer"))
    }

    /// The mailbox does not exist.
    pub fn bounced(message_id: &str, recipient: &str) -> Event {
        Event::of("failed", message_id, recipient)
            .with("severity", json!("permanent"))
            .with("reason", json!("bounce"))
            .with(
                "delivery-status",
                json!({"code": 550, "enhanced-code": "5.1.1", "message": "no such user", "bounce-type": "hard"}),
            )
    }

    /// The mailbox is full for now.
    pub fn deferred(message_id: &str, recipient: &str) -> Event {
        Event::of("failed", message_id, recipient)
            .with("severity", json!("temporary"))
            .with("reason", json!("generic"))
            .with(
                "delivery-status",
                json!({"code": 452, "enhanced-code": "4.2.2"}),
            )
    }

    pub fn complained(message_id: &str, recipient: &str) -> Event {
        Event::of("complained", message_id, recipient)
    }

    pub fn unsubscribed(message_id: &str, recipient: &str) -> Event {
        Event::of("unsubscribed", message_id, recipient)
    }

    /// With a field of `event-data`.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Event {
        self.0[name] = value;
        self
    }

    /// Happening then.
    #[must_use]
    pub fn at(self, time: DateTime<Utc>) -> Event {
        self.with("timestamp", json!(seconds(time)))
    }
}

fn seconds(time: DateTime<Utc>) -> f64 {
    time.timestamp_millis() as f64 / 1000.0
}

fn browser() -> Value {
    json!({
        "client-name": "Firefox",
        "client-type": "browser",
        "device-type": "desktop",
        "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "bot": "",
    })
}

/// The parsed-fields form of a mail, without a signature.
pub fn form(mail: &Mail) -> Vec<(String, String)> {
    let headers: Vec<[String; 2]> = mail.fields().into_iter().map(|(n, v)| [n, v]).collect();
    let mut form: Vec<(String, String)> = [
        ("recipient", mail.to.clone()),
        ("sender", mail.from.clone()),
        ("from", mail.from.clone()),
        ("subject", mail.subject.clone()),
        ("body-plain", mail.text.clone()),
        ("stripped-text", mail.text.clone()),
        ("message-headers", json!(headers).to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec();
    form.extend(mail.fields());
    form
}

impl Api {
    /// Posts an event under a new signature.
    pub async fn event(&self, event: &Event) -> Answer {
        self.event_signed(event, &Signature::new()).await
    }

    pub async fn event_signed(&self, event: &Event, signature: &Signature) -> Answer {
        self.event_call(event, signature).send().await
    }

    /// The request of [`Api::event_signed`], not sent.
    pub fn event_call(&self, event: &Event, signature: &Signature) -> Call {
        let body = json!({"signature": signature.json(), "event-data": event.0});
        self.with_key(None).call("POST", EVENTS).json(&body)
    }

    /// Posts any JSON to a webhook route, without a key.
    pub async fn webhook(&self, path: &str, body: &Value) -> Answer {
        self.with_key(None).post(path, body.clone()).await
    }

    /// Posts a mail as urlencoded fields under a new signature.
    pub async fn inbound(&self, mail: &Mail) -> Answer {
        self.inbound_signed(mail, &Signature::new()).await
    }

    pub async fn inbound_signed(&self, mail: &Mail, signature: &Signature) -> Answer {
        self.inbound_call(mail, signature).send().await
    }

    /// The request of [`Api::inbound_signed`], not sent.
    pub fn inbound_call(&self, mail: &Mail, signature: &Signature) -> Call {
        let fields = [form(mail), signature.fields()].concat();
        self.with_key(None).call("POST", INBOUND).form(&fields)
    }

    /// Posts a mail as multipart fields with attachments (name, media type, bytes) under a new signature.
    pub async fn inbound_multipart(
        &self,
        mail: &Mail,
        attachments: &[(&str, &str, &[u8])],
    ) -> Answer {
        self.inbound_multipart_signed(mail, attachments, &Signature::new())
            .await
    }

    pub async fn inbound_multipart_signed(
        &self,
        mail: &Mail,
        attachments: &[(&str, &str, &[u8])],
        signature: &Signature,
    ) -> Answer {
        let fields = [form(mail), signature.fields()].concat();
        self.inbound_fields(fields, attachments).await
    }

    /// Posts fields, the signature's among them, and attachments as multipart.
    pub async fn inbound_fields(
        &self,
        fields: Vec<(String, String)>,
        attachments: &[(&str, &str, &[u8])],
    ) -> Answer {
        self.inbound_fields_call(fields, attachments).send().await
    }

    /// The request of [`Api::inbound_fields`], not sent.
    pub fn inbound_fields_call(
        &self,
        fields: Vec<(String, String)>,
        attachments: &[(&str, &str, &[u8])],
    ) -> Call {
        let mut parts =
            reqwest::multipart::Form::new().text("attachment-count", attachments.len().to_string());
        for (name, value) in fields {
            parts = parts.text(name, value);
        }
        for (index, (name, media, bytes)) in attachments.iter().enumerate() {
            let part = reqwest::multipart::Part::bytes(bytes.to_vec())
                .file_name((*name).to_owned())
                .mime_str(media)
                .expect("a media type");
            parts = parts.part(format!("attachment-{}", index + 1), part);
        }
        let call = self.with_key(None).call("POST", INBOUND);
        call.multipart(parts)
    }

    /// Posts a mail in raw form under a new signature.
    pub async fn inbound_mime(&self, mail: &Mail) -> Answer {
        self.inbound_raw(&mail.mime(), &mail.to, &mail.from).await
    }

    /// Posts raw MIME with its envelope under a new signature.
    pub async fn inbound_raw(&self, mime: &str, recipient: &str, sender: &str) -> Answer {
        let signature = Signature::new();
        let call = self.inbound_raw_call(mime, recipient, sender, &signature);
        call.send().await
    }

    /// The request of [`Api::inbound_raw`] under this signature, not sent.
    pub fn inbound_raw_call(
        &self,
        mime: &str,
        recipient: &str,
        sender: &str,
        signature: &Signature,
    ) -> Call {
        let own = [
            ("recipient", recipient),
            ("sender", sender),
            ("body-mime", mime),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let fields = [own.to_vec(), signature.fields()].concat();
        self.with_key(None).call("POST", MIME).form(&fields)
    }
}
