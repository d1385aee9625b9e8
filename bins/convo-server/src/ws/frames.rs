//! What clients say, and what they are told beside events.

use convo_app::live::{Since, Topic};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// A frame of a client.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request {
    Authenticate(String),
    Subscribe(Vec<Topic>, Option<Since>),
    Unsubscribe(Vec<Topic>),
    Join(Uuid),
    Leave(Uuid),
    Ping,
    /// An answer to one of our pings.
    Pong,
}

/// A frame that cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub code: &'static str,
    pub message: String,
}

impl Wrong {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// The frame that says so.
    pub fn frame(&self) -> String {
        json!({"type": "error", "code": self.code, "message": self.message}).to_string()
    }
}

#[derive(Deserialize)]
struct Subscriptions {
    subscriptions: Vec<String>,
    since: Option<i64>,
    epoch: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfConversation {
    conversation_id: Uuid,
}

/// Reads a text frame.
///
/// # Errors
/// [`Wrong`] for what is no frame of the protocol.
pub(super) fn read(text: &str) -> Result<Request, Wrong> {
    let frame: Value = serde_json::from_str(text)
        .map_err(|_| Wrong::new("malformed_json", "a frame is one JSON object"))?;
    let Some(kind) = frame.get("type").and_then(Value::as_str) else {
        let message = "a frame is a JSON object with a `type`";
        return Err(Wrong::new("validation_failed", message));
    };
    match kind {
        "authenticate" => match frame.get("token").and_then(Value::as_str) {
            Some(token) => Ok(Request::Authenticate(token.to_owned())),
            None => Err(Wrong::new("validation_failed", "`token` must be a text")),
        },
        "subscribe_state_updates" => {
            let asked: Subscriptions = fields(frame)?;
            let since = since(&asked)?;
            Ok(Request::Subscribe(topics(&asked.subscriptions)?, since))
        }
        "unsubscribe_state_updates" => {
            let asked: Subscriptions = fields(frame)?;
            Ok(Request::Unsubscribe(topics(&asked.subscriptions)?))
        }
        "join_conversation" => {
            let of: OfConversation = fields(frame)?;
            Ok(Request::Join(of.conversation_id))
        }
        "leave_conversation" => {
            let of: OfConversation = fields(frame)?;
            Ok(Request::Leave(of.conversation_id))
        }
        "ping" => Ok(Request::Ping),
        "pong" => Ok(Request::Pong),
        _ => Err(Wrong::new("unknown_type", "there is no such frame")),
    }
}

fn fields<T: serde::de::DeserializeOwned>(frame: Value) -> Result<T, Wrong> {
    serde_path_to_error::deserialize(frame).map_err(|error| {
        let path = error.path().to_string();
        Wrong::new(
            "validation_failed",
            format!("`{path}`: {}", expected(&error.into_inner())),
        )
    })
}

/// What serde expected, without repeating what was given.
fn expected(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.split_once("expected ") {
        Some((_, expected)) => format!("must be {expected}"),
        None if text.starts_with("missing field") => text,
        None => "is not valid".to_owned(),
    }
}

fn since(asked: &Subscriptions) -> Result<Option<Since>, Wrong> {
    let Some(seq) = asked.since else {
        return Ok(None);
    };
    if seq < 0 {
        return Err(Wrong::new("validation_failed", "`since` is too small"));
    }
    let Some(epoch) = &asked.epoch else {
        let message = "`since` needs the `epoch` of the log it was seen in";
        return Err(Wrong::new("epoch_required", message));
    };
    // A text that is no epoch of ours is another log's all the same.
    let epoch = epoch.parse().unwrap_or(Uuid::nil());
    Ok(Some(Since { seq, epoch }))
}

fn topics(names: &[String]) -> Result<Vec<Topic>, Wrong> {
    let mut topics = Vec::with_capacity(names.len().min(1_000));
    for (index, name) in names.iter().enumerate() {
        let topic = name.parse().map_err(|_| {
            let message = format!("`subscriptions.{index}` is no subscription");
            Wrong::new("unknown_subscription", message)
        })?;
        topics.push(topic);
    }
    Ok(topics)
}

/// Names of subscriptions.
pub(super) fn names(topics: &[Topic]) -> Vec<String> {
    topics.iter().map(Topic::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str, code: &str) {
        let error = read(text).expect_err(text);
        assert_eq!(error.code, code, "{text}: {}", error.message);
    }

    #[test]
    fn what_is_no_frame_says_why() {
        wrong("", "malformed_json");
        wrong("{", "malformed_json");
        wrong(&"[".repeat(60_000), "malformed_json");
        wrong("[]", "validation_failed");
        wrong("5", "validation_failed");
        wrong(r#"{"type":5}"#, "validation_failed");
        wrong(r#"{"type":"subscribe"}"#, "unknown_type");
        wrong(r#"{"type":"authenticate"}"#, "validation_failed");
        wrong(r#"{"type":"subscribe_state_updates"}"#, "validation_failed");
        wrong(
            r#"{"type":"subscribe_state_updates","subscriptions":["all"]}"#,
            "unknown_subscription",
        );
        wrong(
            r#"{"type":"subscribe_state_updates","subscriptions":[],"since":0}"#,
            "epoch_required",
        );
        wrong(
            r#"{"type":"subscribe_state_updates","subscriptions":[],"since":-1,"epoch":"x"}"#,
            "validation_failed",
        );
        wrong(
            r#"{"type":"join_conversation","conversationId":"x"}"#,
            "validation_failed",
        );
    }

    #[test]
    fn a_refusal_repeats_nothing() {
        let text = r#"{"type":"join_conversation","conversationId":"ada@customer.example"}"#;
        assert!(read(text).is_err_and(|wrong| !wrong.message.contains("ada")));
    }
}
