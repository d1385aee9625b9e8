//! Bodies of requests about leave to send and drafts.

use utoipa::ToSchema;
use uuid::Uuid;

use crate::openapi::vocabulary::{Automation, Purpose, Writer};

/// Body of `POST /api/conversation-state/{id}/may-send`.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct MaySend {
    /// Who writes.
    pub author: Writer,
    /// What it is for.
    pub purpose: Purpose,
    /// The message it answers, by id or Message-ID; the lead's newest when absent.
    #[schema(max_length = 998)]
    pub answers: Option<String>,
    /// Of author `agent`: who writes; default the key's agent, else the owner.
    pub agent_id: Option<Uuid>,
}

/// Body of `POST /api/conversation-state/{id}/sent`.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct SentByOthers {
    /// The lease it is sent with.
    pub lease: Uuid,
    /// The provider's id of the mail, where it gave it another one.
    #[schema(max_length = 998)]
    pub provider_message_id: Option<String>,
    /// Its subject; `Re:` and that of the message it answers when absent.
    #[schema(max_length = 998)]
    pub subject: Option<String>,
    /// Its text, at most 1 MiB.
    pub text: Option<String>,
    /// The same as HTML, at most 4 MiB.
    pub html: Option<String>,
}

/// Body of `POST /api/campaigns/{id}/prepare`.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Prepare {
    /// Whom to write to; one that is named twice counts once.
    #[schema(min_items = 1, max_items = 1000)]
    pub leads: Vec<Uuid>,
    /// Subject of conversations that are made; the campaign's name when absent.
    #[schema(max_length = 998)]
    pub subject: Option<String>,
    /// Who writes; default `ai`.
    pub author: Option<Automation>,
}

/// Body of `POST /api/drafts/{id}/approve`: what is absent stays as it was drafted.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ApproveDraft {
    /// The agent who makes it the agent's own; default the key's.
    pub agent_id: Option<Uuid>,
    /// Another subject.
    #[schema(max_length = 998)]
    pub subject: Option<String>,
    /// Another text; without another HTML beside it the mail has none.
    pub text: Option<String>,
    /// Another HTML form; null: none.
    pub html: Option<String>,
}

/// Body of `POST /api/drafts/{id}/discard`.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct DiscardDraft {
    /// Why, for the audit.
    #[schema(max_length = 2000)]
    pub reason: Option<String>,
}
