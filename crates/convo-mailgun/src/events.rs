//! Event webhooks: the JSON form, and the older form posts.
//!
//! Fields appear at any time and none is required but the event's name: what is missing or of an
//! odd type is read as absent, so that an event is never lost for a field nobody needs.
//!
//! Source: <https://documentation.mailgun.com/docs/mailgun/user-manual/events/event-types>.

use chrono::{DateTime, Utc};
use convo_email::observation::time_from_seconds;
use convo_email::{
    BounceType, Client, EmailObservation, EventKind, Failure, Form, MessageId, ParseError,
    Severity, UserVariables,
};
use serde_json::{Map, Value};

const PROVIDER: &str = "mailgun";

/// Reads `{"signature": …, "event-data": {…}}`; `signed_at` stands in for a missing time.
///
/// # Errors
/// [`ParseError`] when there is no `event-data` object or it names no event.
pub fn from_object(
    object: &Map<String, Value>,
    signed_at: DateTime<Utc>,
) -> Result<EmailObservation, ParseError> {
    let data = object
        .get("event-data")
        .ok_or(ParseError::Missing("event-data"))?;
    let data = data.as_object().ok_or(ParseError::Shape("event-data"))?;
    let event = text(data, "event").ok_or(ParseError::Missing("event"))?;
    let occurred_at = number(data.get("timestamp"))
        .and_then(time_from_seconds)
        .unwrap_or(signed_at);
    let headers = path(data, &["message", "headers"]);
    let message_id = headers.and_then(|headers| text(headers, "message-id"));
    let domain = path(data, &["domain"]).and_then(|domain| text(domain, "name"));
    Ok(EmailObservation {
        provider: PROVIDER.to_owned(),
        kind: kind(event, data),
        occurred_at,
        event_id: text(data, "id").map(str::to_owned),
        domain: domain.map(str::to_lowercase),
        recipient: text(data, "recipient").map(str::to_lowercase),
        message_id: message_id.and_then(MessageId::parse),
        variables: variables(data.get("user-variables")),
        client: client(data),
        url: text(data, "url").map(str::to_owned),
    })
}

fn kind(event: &str, data: &Map<String, Value>) -> EventKind {
    match event {
        "accepted" => EventKind::Accepted,
        "delivered" => EventKind::Delivered,
        "opened" => EventKind::Opened,
        "clicked" => EventKind::Clicked,
        "unsubscribed" => EventKind::Unsubscribed,
        "complained" => EventKind::Complained,
        "stored" => EventKind::Stored,
        "failed" | "permanent_fail" | "temporary_fail" => EventKind::Failed(failure(event, data)),
        "rejected" => {
            let reason = path(data, &["reject"]).and_then(|reject| text(reject, "reason"));
            EventKind::Rejected {
                reason: reason.map(str::to_owned),
            }
        }
        other => EventKind::Unknown(other.chars().take(100).collect()),
    }
}

fn failure(event: &str, data: &Map<String, Value>) -> Failure {
    let status = path(data, &["delivery-status"]);
    // Only what is called permanent is: a deferral taken for a bounce would end a conversation.
    let severity = match (text(data, "severity"), event) {
        (Some("permanent"), _) | (None, "permanent_fail") => Severity::Permanent,
        _ => Severity::Temporary,
    };
    let bounce_type = status.and_then(|status| text(status, "bounce-type"));
    Failure {
        severity,
        reason: text(data, "reason").map(str::to_lowercase),
        code: status
            .and_then(|status| number(status.get("code")))
            .map(|code| code as u16),
        enhanced_code: status
            .and_then(|status| text(status, "enhanced-code"))
            .map(str::to_owned),
        bounce_type: match bounce_type {
            Some("hard") => Some(BounceType::Hard),
            Some("soft") => Some(BounceType::Soft),
            _ => None,
        },
    }
}

/// The ids we attached to a mail of ours.
pub(crate) fn variables(value: Option<&Value>) -> UserVariables {
    // A few senders attach the object as a JSON string.
    let parsed;
    let object = match value {
        Some(Value::Object(object)) => object,
        Some(Value::String(text)) => {
            parsed = serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default();
            &parsed
        }
        _ => return UserVariables::default(),
    };
    UserVariables::from_pairs(
        object
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))),
    )
}

fn client(data: &Map<String, Value>) -> Option<Client> {
    let info = path(data, &["client-info"])?;
    let user_agent = text(info, "user-agent").map(str::to_owned);
    let bot = text(info, "bot").map(str::to_owned);
    Some(Client { user_agent, bot })
}

fn path<'a>(data: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Map<String, Value>> {
    names
        .iter()
        .try_fold(data, |at, name| at.get(*name)?.as_object())
}

fn text<'a>(data: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    data.get(name)?
        .as_str()
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

fn number(value: Option<&Value>) -> Option<f64> {
    match value? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Reads a form post of the older webhooks.
///
/// # Errors
/// [`ParseError::Missing`] when it names no event.
///
/// Source: <https://help.mailgun.com/hc/en-us/articles/202236504-Webhooks>.
pub fn from_form(form: &Form, signed_at: DateTime<Utc>) -> Result<EmailObservation, ParseError> {
    let field = |name: &str| {
        form.text(name)
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    };
    let event = field("event").ok_or(ParseError::Missing("event"))?;
    let occurred_at = field("timestamp")
        .and_then(|text| text.parse().ok())
        .and_then(time_from_seconds);
    let code = field("code").and_then(|text| text.parse().ok());
    let failed = |reason: Option<String>| {
        let enhanced_code = field("error")
            .or_else(|| field("description"))
            .and_then(|text| enhanced(&text));
        EventKind::Failed(Failure {
            severity: Severity::Permanent,
            reason,
            code,
            enhanced_code,
            bounce_type: None,
        })
    };
    let kind = match event.as_str() {
        "bounced" => failed(Some("bounce".to_owned())),
        "dropped" => failed(field("reason").map(|reason| reason.to_lowercase())),
        other => kind(other, &Map::new()),
    };
    let names: Vec<(String, String)> = form
        .fields
        .iter()
        .map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned()))
        .collect();
    Ok(EmailObservation {
        provider: PROVIDER.to_owned(),
        kind,
        occurred_at: occurred_at.unwrap_or(signed_at),
        event_id: None,
        domain: field("domain").map(|domain| domain.to_lowercase()),
        recipient: field("recipient").map(|recipient| recipient.to_lowercase()),
        message_id: field("Message-Id")
            .or_else(|| field("message-id"))
            .and_then(|id| MessageId::parse(&id)),
        variables: UserVariables::from_pairs(
            names
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        ),
        client: Some(Client {
            user_agent: field("user-agent"),
            bot: field("bot"),
        }),
        url: field("url"),
    })
}

/// The enhanced status code a free text begins with, such as `5.1.1` (RFC 3463).
fn enhanced(text: &str) -> Option<String> {
    let first = text.split_whitespace().next()?;
    let mut fields = first.split('.');
    let class = fields.next()?;
    let plain = matches!(class, "2" | "4" | "5")
        && fields.clone().count() == 2
        && fields.all(|field| {
            !field.is_empty() && field.len() <= 3 && field.bytes().all(|b| b.is_ascii_digit())
        });
    plain.then(|| first.to_owned())
}
