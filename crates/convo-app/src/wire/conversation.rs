//! Conversations: create, transition, process-message, integration events, take-over.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::members::maybe_object;
use super::{Checks, maybe_moment, moment};
use crate::error::AppError;

const METADATA: usize = 32 * 1024;
/// Longest text of a message given to `process-message`, in bytes.
pub const CONTENT_BYTES: usize = 1024 * 1024;

/// Body of `POST /api/conversations`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewConversation {
    /// The lead.
    pub lead_id: Uuid,
    /// The campaign, if it belongs to one.
    pub campaign_id: Option<Uuid>,
    /// Subject shown in lists.
    pub subject: String,
    /// The caller's own id.
    pub external_id: Option<String>,
}

impl NewConversation {
    /// Checks what needs no database.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every violation.
    pub fn check(&self) -> Result<(), AppError> {
        let mut checks = Checks::new();
        checks.at_most(&self.subject, 998, "subject");
        checks.optional(self.external_id.as_ref(), 200, "externalId");
        checks.done()
    }
}

/// Body of `PATCH /api/conversations/{id}`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConversationPatch {
    /// Corrects the outcome of a closing.
    pub outcome: Option<String>,
    /// When to write again.
    #[serde(deserialize_with = "maybe_moment")]
    pub follow_up_at: Option<Option<DateTime<Utc>>>,
    /// Subject shown in lists.
    pub subject: Option<String>,
    /// What Convo does by itself in it; absent members stay.
    #[serde(deserialize_with = "maybe_object")]
    pub integration: Option<IntegrationPatch>,
}

/// Switches of a conversation.
#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IntegrationPatch {
    /// Opens and clicks are asked for, and count.
    pub tracking: Option<bool>,
    /// Handover is asked for by itself.
    pub handover: Option<bool>,
    /// What happens is told to WebSockets.
    pub real_time: Option<bool>,
}

/// Body of `POST /{id}/transition`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TransitionRequest {
    /// One of the nine events.
    pub event: String,
    /// Who claims to cause it.
    pub triggered_by: String,
    /// Free, kept with the audit row.
    pub metadata: Option<Value>,
    /// Refuse unless the conversation has this version.
    pub expected_version: Option<u64>,
}

impl TransitionRequest {
    /// Checks what needs no database.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every violation.
    pub fn check(&self) -> Result<(), AppError> {
        let mut checks = Checks::new();
        checks.text(&self.triggered_by, 200, "triggeredBy");
        checks.object(self.metadata.as_ref(), METADATA, "metadata");
        checks.done()
    }
}

/// Body of `POST /{id}/validate-transition`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ValidateRequest {
    /// One of the nine events; or `fromState` and `toState` name it.
    pub event: Option<String>,
    /// Who claims to cause it.
    pub triggered_by: String,
    /// As `transition` would be given.
    pub metadata: Option<Value>,
    /// The state the caller believes it is in.
    pub from_state: Option<String>,
    /// The state the caller wants.
    pub to_state: Option<String>,
    /// As `transition` would be given.
    pub expected_version: Option<u64>,
}

/// Body of `POST /{id}/take-over`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TakeOver {
    /// The agent who takes over.
    pub agent_id: Uuid,
    /// Why, for the audit.
    pub reason: String,
}

impl TakeOver {
    /// Checks what needs no database.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every violation.
    pub fn check(&self) -> Result<(), AppError> {
        let mut checks = Checks::new();
        checks.text(&self.reason, 2_000, "reason");
        checks.done()
    }
}

/// Body of `POST /{id}/snooze`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snooze {
    /// When it wakes; null wakes it now. Must be given.
    #[serde(deserialize_with = "moment")]
    pub until: Option<DateTime<Utc>>,
}

/// Body of `POST /{id}/process-message`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProcessMessage {
    /// The lead's id or address, or an agent's id.
    pub sender_id: String,
    /// The text, quotes included.
    pub content: String,
    /// Where it was said: email, sms, chat, phone, note …
    pub message_type: String,
    /// 1 when our AI wrote it.
    #[serde(rename = "isFromAI")]
    pub is_from_ai: u8,
    /// Header names are case-insensitive.
    pub email_headers: Option<BTreeMap<String, Value>>,
    /// The message's own time.
    #[serde(default, deserialize_with = "moment")]
    pub sent_at: Option<DateTime<Utc>>,
    /// Subject; the header wins.
    pub subject: Option<String>,
}

impl ProcessMessage {
    /// Checks what needs no database.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every violation.
    pub fn check(&self) -> Result<(), AppError> {
        let mut checks = Checks::new();
        checks.text(&self.sender_id, 254, "senderId");
        checks.text(&self.message_type, 40, "messageType");
        checks.require(self.is_from_ai <= 1, "isFromAI", "must be 0 or 1");
        checks.require(
            self.content.len() <= CONTENT_BYTES,
            "content",
            "must have at most 1048576 bytes",
        );
        for (name, value) in self.email_headers.iter().flatten() {
            let fits = value.is_string()
                || value
                    .as_array()
                    .is_some_and(|all| all.iter().all(Value::is_string));
            checks.require(
                fits,
                &format!("emailHeaders.{name}"),
                "must be a string or a list of strings",
            );
        }
        checks.done()
    }
}

/// Body of `POST /{id}/integration-event`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IntegrationEvent {
    /// email_delivered, email_opened, … conversation_completed.
    #[serde(rename = "type")]
    pub kind: String,
    /// Which system says so.
    pub source: String,
    /// Free, kept with the event.
    pub metadata: Option<Value>,
    /// The lead, checked against the conversation's.
    pub lead_id: Option<Uuid>,
    /// When it happened; default now.
    #[serde(default, deserialize_with = "moment")]
    pub occurred_at: Option<DateTime<Utc>>,
    /// A repeat with the same key changes nothing.
    pub idempotency_key: Option<String>,
}

impl IntegrationEvent {
    /// Checks what needs no database.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every violation.
    pub fn check(&self) -> Result<(), AppError> {
        let mut checks = Checks::new();
        checks.text(&self.source, 200, "source");
        checks.object(self.metadata.as_ref(), METADATA, "metadata");
        checks.optional(self.idempotency_key.as_ref(), 255, "idempotencyKey");
        checks.done()
    }
}

/// Body of `POST /{id}/handover/{accept|decline|release|touch}`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HandoverRequest {
    /// The agent; not looked at where the key belongs to one.
    pub agent_id: Option<Uuid>,
    /// Why, for decline and release.
    pub reason: Option<String>,
    /// How the agent was in touch: phone, sms, meeting …
    pub channel: Option<String>,
    /// What came of it.
    pub note: Option<String>,
}

impl HandoverRequest {
    /// Checks what needs no database.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every violation.
    pub fn check(&self) -> Result<(), AppError> {
        let mut checks = Checks::new();
        checks.optional(self.reason.as_ref(), 2_000, "reason");
        checks.optional(self.channel.as_ref(), 40, "channel");
        checks.optional(self.note.as_ref(), 4_000, "note");
        checks.done()
    }
}
