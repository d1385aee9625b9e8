//! Leave to send, drafts, and how mail fared.

use chrono::{DateTime, Utc};
use utoipa::ToSchema;
use uuid::Uuid;

use super::sending::Standing;
use super::vocabulary::{DraftDecision, FreeObject, Purpose, ReputationScope, Writer};
use crate::problem::SendDenial;

/// A lease.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Lease {
    /// What `send` and `sent` are given.
    pub id: Uuid,
    /// Until when it is good, if nothing forbids the mail before.
    pub expires_at: DateTime<Utc>,
}

/// Leave to send a mail, or every reason why not.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct LeaveAnswer {
    /// Whether it may be sent.
    pub allowed: bool,
    /// The conversation.
    pub conversation_id: Uuid,
    /// Leave for one mail.
    #[schema(nullable = false)]
    pub lease: Option<Lease>,
    /// The Message-ID it has to have, without `<>`.
    #[schema(nullable = false)]
    pub message_id: Option<String>,
    /// Where answers have to go; absent without a domain for that.
    #[schema(nullable = false)]
    pub reply_to: Option<String>,
    /// The subject it would have by itself.
    #[schema(nullable = false)]
    pub subject: Option<String>,
    /// Header fields that a foreign sender sets, by name.
    #[schema(nullable = false)]
    pub headers: Option<FreeObject>,
    /// Variables that a foreign provider's events have to carry.
    #[schema(nullable = false)]
    pub variables: Option<FreeObject>,
    /// The line that a foreign sender has to add to text and HTML.
    #[schema(nullable = false)]
    pub disclosure: Option<String>,
    /// Why not.
    #[schema(nullable = false)]
    pub reasons: Option<Vec<SendDenial>>,
    /// When this was decided.
    pub timestamp: DateTime<Utc>,
}

/// A mail that others send, stored.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Recorded {
    /// Always true.
    pub success: bool,
    /// The conversation.
    pub conversation_id: Uuid,
    /// The message.
    pub id: Uuid,
    /// Its Message-ID.
    pub message_id: String,
    /// It was stored before; only a provider's id can be new.
    pub duplicate: bool,
    /// Where the conversation stands now.
    pub conversation: Standing,
    /// When it was stored.
    pub timestamp: DateTime<Utc>,
}

/// Leave for a campaign's mail to each of many leads.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PreparedBatch {
    /// The campaign.
    pub campaign_id: Uuid,
    /// How many of the leads may be written to.
    pub allowed: u32,
    /// Each lead, in the order they were named.
    pub items: Vec<Prepared>,
    /// When this was decided.
    pub timestamp: DateTime<Utc>,
}

/// Leave for one lead's mail, or every reason why not.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Prepared {
    /// The lead.
    pub lead_id: Uuid,
    /// Its open conversation in the campaign; made where the mail is allowed.
    pub conversation_id: Option<Uuid>,
    /// Whether it may be written to.
    pub allowed: bool,
    /// Why not.
    pub reasons: Vec<SendDenial>,
    /// Leave for one mail.
    pub lease: Option<Lease>,
    /// The Message-ID it has to have, without `<>`.
    pub message_id: Option<String>,
    /// Where answers have to go.
    pub reply_to: Option<String>,
    /// The subject that was asked for, else the campaign's name.
    pub subject: Option<String>,
    /// Header fields that a foreign sender sets, by name.
    pub headers: FreeObject,
    /// Variables that a foreign provider's events have to carry.
    pub variables: FreeObject,
    /// The line that a foreign sender has to add to text and HTML.
    pub disclosure: Option<String>,
}

/// A mail that waits, or waited, for an agent.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Draft {
    /// Its id.
    pub id: Uuid,
    /// The conversation.
    pub conversation_id: Uuid,
    /// Its lead.
    pub lead_id: Uuid,
    /// Who wrote it.
    pub author: Writer,
    /// What it is for.
    pub purpose: Purpose,
    /// The message it answers.
    pub answers: Option<Uuid>,
    /// Its subject, where it has one of its own.
    pub subject: Option<String>,
    /// Its text; empty once it is decided.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// What became of it.
    pub decision: Option<DraftDecision>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// The message it became.
    pub sent_as: Option<Uuid>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
}

/// How mail fared lately.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Reputation {
    /// Whose mail.
    pub scope: ReputationScope,
    /// The campaign.
    pub campaign_id: Option<Uuid>,
    /// Hours that are looked at.
    pub window_hours: u32,
    /// Unasked mails sent.
    pub sent: u64,
    /// Addresses found dead.
    pub hard_bounces: u64,
    /// Complaints.
    pub complaints: u64,
    /// Unasked mail is stopped.
    pub open: bool,
    /// When nothing of this is looked at any more, at the latest.
    pub clears_at: Option<DateTime<Utc>>,
}
