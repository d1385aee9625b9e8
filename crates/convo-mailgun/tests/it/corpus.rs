//! Requests with answers worked out by others, where the folder with them is at hand.

use std::collections::HashMap;

use base64::Engine;
use chrono::DateTime;
use convo_email::{
    Form, FormFile, Received, Rejection, VerifiedWebhook, WebhookBody, WebhookProvider,
    WebhookRequest,
};
use convo_mailgun::{Mailgun, SigningKeys};
use serde_json::Value;

/// Expected outcomes that the product's own rules decide otherwise.
const OTHERWISE: &[(&str, &str)] = &[];

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "the folder is named by the environment"
)]
fn signed_requests_are_answered_as_expected() {
    let Ok(folder) = std::env::var("CONVO_MAIL_CORPUS") else {
        println!("skipped: CONVO_MAIL_CORPUS is not set");
        return;
    };
    let rows = std::fs::read_to_string(format!("{folder}/webhooks/own_requests.jsonl")).unwrap();
    let mut tokens: HashMap<String, [u8; 32]> = HashMap::new();
    let mut events: HashMap<String, ()> = HashMap::new();
    let (mut seen, mut wrong) = (0, Vec::new());
    for row in rows
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
    {
        if row["provider"] != "mailgun" {
            continue;
        }
        seen += 1;
        let id = row["id"].as_str().unwrap().to_owned();
        let (status, effects, said) = answered(&row, &mut tokens, &mut events);
        if let Err(why) = judge(&row["expect"], status, effects, said.as_ref())
            && !OTHERWISE.iter().any(|(known, _)| *known == id)
        {
            wrong.push(format!("{id} {}: {why}", row["kind"]));
        }
    }
    println!("{seen} signed requests, {} answered otherwise", wrong.len());
    assert!(seen > 50 && wrong.is_empty(), "{wrong:#?}");
}

fn answered(
    row: &Value,
    tokens: &mut HashMap<String, [u8; 32]>,
    events: &mut HashMap<String, ()>,
) -> (u16, u32, Option<Received>) {
    let key = |name: &str| row["keys"][name].as_str().map(str::to_owned);
    let keys = SigningKeys {
        current: key("mailgun_signing_key"),
        previous: None,
        parent: key("mailgun_parent_signing_key"),
    };
    let provider = Mailgun::new(keys, convo_email::Limits::default());
    let now = DateTime::from_timestamp(row["now"].as_i64().unwrap(), 0).unwrap();
    let body = base64::engine::general_purpose::STANDARD
        .decode(row["body_b64"].as_str().unwrap())
        .unwrap();
    let content_type = row["headers"]["Content-Type"].as_str().unwrap_or_default();
    let request = WebhookRequest {
        headers: Vec::new(),
        body: read(content_type, &body),
    };
    let verified = match provider.verify(request, now) {
        Ok(verified) => verified,
        Err(Rejection::Unsigned | Rejection::BadSignature) => return (401, 0, None),
        Err(Rejection::NotConfigured) => return (503, 0, None),
        Err(_) => return (406, 0, None),
    };
    let token = verified.token().unwrap().to_owned();
    let fingerprint = verified.fingerprint();
    if let Some(first) = tokens.get(&token) {
        return (if *first == fingerprint { 200 } else { 406 }, 0, None);
    }
    tokens.insert(token, fingerprint);
    let said = provider.parse(verified).unwrap().pop();
    let fresh = match &said {
        Some(Received::Event(event)) => event
            .event_id
            .as_ref()
            .is_none_or(|id| events.insert(id.clone(), ()).is_none()),
        _ => true,
    };
    (200, u32::from(fresh), said)
}

fn judge(expect: &Value, status: u16, effects: u32, said: Option<&Received>) -> Result<(), String> {
    match &expect["status"] {
        Value::Number(only) if only.as_u64() != Some(u64::from(status)) => {
            return Err(format!("status {status}, not {only}"));
        }
        Value::Array(any)
            if !any
                .iter()
                .any(|one| one.as_u64() == Some(u64::from(status))) =>
        {
            return Err(format!("status {status}, not of {any:?}"));
        }
        _ => {}
    }
    if expect["accept"] == false && status == 200 && expect["accept_alternative"] != true {
        return Err("accepted".into());
    }
    if let Some(most) = expect["effects"].as_u64()
        && expect["accept_alternative"] != true
        && u64::from(effects) > most
    {
        return Err(format!("{effects} effects"));
    }
    if let (Some(expected), Some(Received::Event(event))) = (expect["events"].get(0), said) {
        let message_id = event.message_id.as_ref().map(|id| id.as_str());
        if let Some(id) = expected["message_id"].as_str()
            && message_id != Some(id)
        {
            return Err(format!("message id {message_id:?}"));
        }
        let name = match expected["type"].as_str().unwrap_or_default() {
            "deferred" | "bounced" | "dropped" => "failed",
            other => other,
        };
        if event.kind.name() != name {
            return Err(format!("event {}, not {name}", event.kind.name()));
        }
    }
    if let (Some(expected), Some(Received::Mail(mail))) = (expect["message"].as_object(), said) {
        let own = mail.message_id.as_ref().map(|id| id.as_str());
        if let Some(id) = expected.get("message_id").and_then(Value::as_str)
            && own != Some(id)
        {
            return Err(format!("message id {own:?}"));
        }
        if let Some(text) = expected.get("new_text").and_then(Value::as_str)
            && mail.reply_text.trim() != text
        {
            return Err("reply text".into());
        }
    }
    Ok(())
}

fn read(content_type: &str, body: &[u8]) -> WebhookBody {
    if content_type.starts_with("application/x-www-form-urlencoded") {
        let fields = form_urlencoded::parse(body)
            .map(|(name, value)| (name.into_owned(), value.into_owned().into_bytes()));
        return WebhookBody::Form(Form {
            fields: fields.collect(),
            files: Vec::new(),
        });
    }
    match content_type.split_once("boundary=") {
        Some((_, boundary)) if content_type.starts_with("multipart/") => {
            WebhookBody::Form(multipart(boundary, body))
        }
        _ => WebhookBody::Raw(body.to_vec()),
    }
}

/// Enough of multipart for recorded requests.
fn multipart(boundary: &str, body: &[u8]) -> Form {
    let delimiter = format!("--{boundary}").into_bytes();
    let mut starts: Vec<usize> = body
        .windows(delimiter.len())
        .enumerate()
        .filter(|(_, w)| *w == delimiter)
        .map(|(at, _)| at)
        .collect();
    starts.push(body.len());
    let mut form = Form::default();
    for pair in starts.windows(2) {
        let part = &body[pair[0] + delimiter.len()..pair[1]];
        let Some(gap) = part.windows(4).position(|w| w == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&part[..gap]).into_owned();
        let content = part[gap + 4..]
            .strip_suffix(b"\r\n")
            .unwrap_or(&part[gap + 4..])
            .to_vec();
        let parameter = |name: &str| {
            let from = head.find(&format!("; {name}=\""))? + name.len() + 4;
            Some(head[from..from + head[from..].find('"')?].to_owned())
        };
        let Some(name) = parameter("name") else {
            continue;
        };
        match parameter("filename") {
            Some(file) => form.files.push(FormFile {
                field: name,
                file_name: Some(file),
                content_type: None,
                bytes: content,
            }),
            None => form.fields.push((name, content)),
        }
    }
    form
}
