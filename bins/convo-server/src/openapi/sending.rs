//! Mail on its way out.

use chrono::{DateTime, Utc};
use utoipa::ToSchema;
use uuid::Uuid;

use super::gate::Draft;
use super::vocabulary::{OutboxStatus, OutgoingKind, State};

/// A mail that was stored and queued, or kept as a draft.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Queued {
    /// Always true.
    pub success: bool,
    /// The conversation.
    pub conversation_id: Uuid,
    /// The stored message; absent of a draft.
    #[schema(nullable = false)]
    pub id: Option<Uuid>,
    /// Its Message-ID without `<>`.
    pub message_id: String,
    /// How far its sending is; absent of a draft.
    #[schema(nullable = false)]
    pub outbox: Option<OutgoingMail>,
    /// The draft it is kept as.
    #[schema(nullable = false)]
    pub draft: Option<Draft>,
    /// The draft it was.
    #[schema(nullable = false)]
    pub draft_id: Option<Uuid>,
    /// Where the conversation stands.
    pub conversation: Standing,
    /// When.
    pub timestamp: DateTime<Utc>,
}

/// Where a conversation stands.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Standing {
    /// Its state.
    pub current_state: State,
    /// Accepted events.
    pub version: u64,
}

/// What became of a retry of many mails.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Retried {
    /// Mails that are tried again.
    pub retried: u64,
    /// Whether there are more of them.
    pub more: bool,
}

/// A mail on its way, or what became of it.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct OutgoingMail {
    /// Its id.
    pub id: Uuid,
    /// A message to a lead, or a notice to an agent.
    pub kind: OutgoingKind,
    /// Which notice.
    pub notice: Option<String>,
    /// How far it is.
    pub status: OutboxStatus,
    /// Why it waits, is void or is dead: `status_` and the provider's HTTP status, `no_connection`, `unknown`,
    /// `unsendable`, `rejected`, or what the gate says.
    pub code: Option<String>,
    /// How often it was handed to a sender.
    #[schema(minimum = 0)]
    pub attempts: i32,
    /// Its Message-ID without `<>`, the same at every attempt.
    pub message_id: String,
    /// The stored message.
    pub stored_message_id: Option<Uuid>,
    /// The conversation.
    pub conversation_id: Option<Uuid>,
    /// The lead it goes to, or is about.
    pub lead_id: Option<Uuid>,
    /// The agent a notice goes to.
    pub agent_id: Option<Uuid>,
    /// When it is tried next, or when its sender must be done.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// When the provider took it.
    pub sent_at: Option<DateTime<Utc>>,
    /// When it was queued.
    pub created_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
}

/// What came, or would come, of a list of suppressions.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct SuppressionsImported {
    /// Nothing was stored.
    pub dry_run: bool,
    /// Lines with something in them.
    pub rows: u64,
    /// New suppressions.
    pub added: u64,
    /// Those that stood already.
    pub existing: u64,
    /// Those that were lifted or are over: an import never lifts.
    pub ignored: u64,
    /// Those with something wrong.
    pub rejected: u64,
    /// The first hundred of these.
    pub errors: Vec<RejectedRow>,
    /// When.
    pub timestamp: DateTime<Utc>,
}

/// A line that was not taken.
#[derive(Debug, ToSchema)]
pub struct RejectedRow {
    /// Its number, from 1; of a table the head is line 1.
    #[schema(minimum = 1)]
    pub line: u64,
    /// What is wrong with it.
    pub violations: Vec<crate::problem::Violation>,
}
