//! Bodies of requests. In each an absent member and null mean the same, except where a PATCH says otherwise.

mod gate;
mod records;

use chrono::{DateTime, Utc};
use utoipa::ToSchema;
use uuid::Uuid;

pub use gate::*;
pub use records::*;

use super::vocabulary::{
    FreeObject, HeadFields, IntegrationType, Outcome, Purpose, ReviewAction, State, Writer,
};

/// Body of `POST /api/conversations`.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewConversation {
    /// The lead.
    pub lead_id: Uuid,
    /// The campaign, if it belongs to one.
    pub campaign_id: Option<Uuid>,
    /// Subject shown in lists.
    #[schema(max_length = 998)]
    pub subject: String,
    /// The caller's own id, unique among conversations.
    #[schema(max_length = 200)]
    pub external_id: Option<String>,
}

/// Body of `PATCH /api/conversations/{id}`: absent members stay.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ConversationPatch {
    /// Corrects the outcome of a closing.
    pub outcome: Option<Outcome>,
    /// When to write again; null empties.
    pub follow_up_at: Option<DateTime<Utc>>,
    /// Subject shown in lists.
    #[schema(max_length = 998)]
    pub subject: Option<String>,
    /// What Convo does by itself in it.
    pub integration: Option<IntegrationPatch>,
}

/// Switches of a conversation; absent members stay.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct IntegrationPatch {
    /// Opens and clicks are asked for, and count.
    pub tracking: Option<bool>,
    /// Handover is asked for by itself.
    pub handover: Option<bool>,
    /// What happens is told to WebSockets.
    pub real_time: Option<bool>,
}

/// Body of `POST /api/conversation-state/{id}/send`.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Send {
    /// Who writes.
    pub author: Writer,
    /// The text, at most 1 MiB.
    #[schema(min_length = 1)]
    pub text: String,
    /// The same as HTML, at most 4 MiB.
    pub html: Option<String>,
    /// Its subject; `Re:` and that of the message it answers when absent.
    #[schema(max_length = 998)]
    pub subject: Option<String>,
    /// Of author `agent`: who writes; default the key's agent, else the owner.
    pub agent_id: Option<Uuid>,
    /// The lease that `may-send` gave.
    pub lease: Option<Uuid>,
    /// What it is for; when absent: `reply` while the lead's mail waits, else `campaign` for the first mail and
    /// `follow_up` for later ones.
    pub purpose: Option<Purpose>,
    /// The message it answers, by id or Message-ID; the lead's newest when absent.
    #[schema(max_length = 998)]
    pub answers: Option<String>,
    /// Keep it for an agent to look at, instead of sending it.
    pub draft: Option<bool>,
    /// Files, at most 25 MiB together.
    #[schema(max_items = 50)]
    pub attachments: Option<Vec<SendFile>>,
}

/// A file of a mail.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct SendFile {
    /// Its name.
    #[schema(min_length = 1, max_length = 255)]
    pub name: String,
    /// Its media type; default `application/octet-stream`.
    #[schema(max_length = 127)]
    pub content_type: Option<String>,
    /// Its bytes in base64.
    pub content: String,
}

/// Body of `POST /api/conversation-state/{id}/transition`.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct TransitionRequest {
    /// What happened.
    pub event: super::vocabulary::Event,
    /// Who claims to cause it.
    #[schema(min_length = 1, max_length = 200)]
    pub triggered_by: String,
    /// Free, kept with the audit row; `agentId`, `outcome` and `followUpAt` in it are read.
    pub metadata: Option<FreeObject>,
    /// Refuse unless the conversation has this version.
    pub expected_version: Option<u64>,
}

/// Body of `POST /api/conversation-state/{id}/validate-transition`: `event`, or `toState`.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ValidateRequest {
    /// What would happen; without it the one event leading from `fromState` to `toState` is meant.
    pub event: Option<super::vocabulary::Event>,
    /// Who claims to cause it.
    #[schema(min_length = 1, max_length = 200)]
    pub triggered_by: String,
    /// As `transition` would be given.
    pub metadata: Option<FreeObject>,
    /// The state the caller believes it is in.
    pub from_state: Option<State>,
    /// The state the caller wants.
    pub to_state: Option<State>,
    /// As `transition` would be given.
    pub expected_version: Option<u64>,
}

/// Body of `POST /api/conversation-state/{id}/take-over`.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct TakeOver {
    /// The agent who takes over.
    pub agent_id: Uuid,
    /// Why, for the audit.
    #[schema(min_length = 1, max_length = 2000)]
    pub reason: String,
}

/// Body of `POST /api/conversation-state/{id}/handover/{accept|decline|release|touch}`; may be left out.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct HandoverRequest {
    /// The agent; not looked at where the key belongs to one.
    pub agent_id: Option<Uuid>,
    /// Why, for decline and release.
    #[schema(max_length = 2000)]
    pub reason: Option<String>,
    /// How the agent was in touch: phone, sms, meeting …
    #[schema(max_length = 40)]
    pub channel: Option<String>,
    /// What came of it.
    #[schema(max_length = 4000)]
    pub note: Option<String>,
}

/// Body of `POST /api/conversation-state/{id}/snooze`.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Snooze {
    /// When it wakes, in the future; null wakes it now. Must be given.
    #[schema(required)]
    pub until: Option<DateTime<Utc>>,
}

/// Body of `POST /api/outbox/retry`.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct RetryMails {
    /// The code of the dead mails that are tried again.
    #[schema(min_length = 1, max_length = 100)]
    pub code: String,
}

/// Body of `POST /api/conversation-state/{id}/process-message`.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ProcessMessage {
    /// The lead's id or address, or an agent's id; any text when our AI wrote it.
    #[schema(min_length = 1, max_length = 254)]
    pub sender_id: String,
    /// The text, quotes included, at most 1 MiB.
    pub content: String,
    /// Where it was said: email, sms, chat, phone, note …
    #[schema(min_length = 1, max_length = 40)]
    pub message_type: String,
    /// 1 when our AI wrote it, else 0.
    #[schema(rename = "isFromAI", maximum = 1)]
    pub is_from_ai: u8,
    /// Each name with a text or a list of texts; names are case-insensitive.
    pub email_headers: Option<HeadFields>,
    /// The message's own time.
    pub sent_at: Option<DateTime<Utc>>,
    /// Subject; the header wins.
    pub subject: Option<String>,
}

/// Body of `POST /api/conversation-state/{id}/integration-event`.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct IntegrationEvent {
    /// What happened.
    #[schema(rename = "type")]
    pub kind: IntegrationType,
    /// Which system says so.
    #[schema(min_length = 1, max_length = 200)]
    pub source: String,
    /// Free, kept with the event; `severity`, `messageId`, `recipient`, `userAgent`, `bot`, `agentId`, `outcome` and
    /// `followUpAt` in it are read.
    pub metadata: Option<FreeObject>,
    /// The lead, checked against the conversation's.
    pub lead_id: Option<Uuid>,
    /// When it happened; default now.
    pub occurred_at: Option<DateTime<Utc>>,
    /// A repeat with the same key changes nothing.
    #[schema(max_length = 255)]
    pub idempotency_key: Option<String>,
}

/// Body of `POST /api/review/{id}/resolve`.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Resolve {
    /// What to do with it.
    pub action: ReviewAction,
    /// The conversation to attach to.
    pub conversation_id: Option<Uuid>,
    /// The lead the sender is an alias of, or that is meant.
    pub lead_id: Option<Uuid>,
    /// Why, for the audit.
    #[schema(max_length = 2000)]
    pub reason: Option<String>,
}

#[cfg(test)]
mod tests;
