//! The review list.

use chrono::{DateTime, Utc};
use utoipa::ToSchema;
use uuid::Uuid;

use super::vocabulary::{Kind, ReviewReason, ReviewResolution};

/// Something a person must decide.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ReviewItem {
    /// Its id.
    pub id: Uuid,
    /// Why it is here.
    pub reason: ReviewReason,
    /// `open` or `resolved`.
    pub status: ReviewStatus,
    /// The receipt it came with.
    pub receipt_id: Option<Uuid>,
    /// The stored message it is about.
    pub message_id: Option<Uuid>,
    /// The conversation it is about, or went to.
    pub conversation_id: Option<Uuid>,
    /// The lead it is about.
    pub lead_id: Option<Uuid>,
    /// The mail; null once decided.
    pub mail: Option<ReviewMail>,
    /// How it was decided.
    pub resolution: Option<ReviewResolution>,
    /// Who decided: `key:` and the key's id, or a part of the system.
    pub resolved_by: Option<String>,
    /// When it came.
    pub created_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
    /// When it was decided.
    pub resolved_at: Option<DateTime<Utc>>,
    /// Conversations that could be meant; only in the list.
    #[schema(nullable = false)]
    pub likely_matches: Option<Vec<LikelyMatch>>,
}

/// Whether an item is decided.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum ReviewStatus {
    /// It waits.
    Open,
    /// It is decided.
    Resolved,
}

/// The mail of an item.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ReviewMail {
    /// The address in From.
    pub from: Option<String>,
    /// The name in From.
    pub from_name: Option<String>,
    /// Addresses it went to.
    pub to: Vec<String>,
    /// Its subject.
    pub subject: Option<String>,
    /// Its text.
    pub text: String,
    /// What the sender wrote.
    pub reply_text: String,
    /// Its own time.
    pub date: Option<DateTime<Utc>>,
    /// Message-ID without `<>`.
    pub message_id: Option<String>,
    /// What sort of mail it is.
    pub kind: Kind,
    /// File names of its attachments.
    pub attachments: Vec<String>,
}

/// A conversation that could be meant.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct LikelyMatch {
    /// The conversation.
    pub conversation_id: Uuid,
    /// Its lead.
    pub lead_id: Uuid,
    /// Message-ID of the message in it that the mail names.
    pub message_id: String,
}
