//! Conversations as records, and everything held on a person.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use utoipa::openapi::schema::AllOfBuilder;
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::gate::Draft;
use super::messages::StoredMessage;
use super::moves::AuditedStep;
use super::people::{Lead, Suppression};
use super::review::ReviewItem;
use super::states::Integration;
use super::vocabulary::{
    Awaiting, FreeObject, Milestone, Outcome, Score, Stage, StageAction, State,
};
use super::webhooks::Receipt;

/// A conversation.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Conversation {
    /// Its id.
    pub id: Uuid,
    /// Its lead.
    pub lead_id: Uuid,
    /// Its campaign.
    pub campaign_id: Option<Uuid>,
    /// The caller's own id.
    pub external_id: Option<String>,
    /// Subject shown in lists.
    pub subject: String,
    /// Its state.
    pub current_state: State,
    /// Accepted events.
    pub version: u64,
    /// The agent who has it.
    pub assigned_agent_id: Option<Uuid>,
    /// The conversation it continues.
    pub previous_conversation_id: Option<Uuid>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// When to write again.
    pub follow_up_at: Option<DateTime<Utc>>,
    /// Whose turn it is.
    pub awaiting: Awaiting,
    /// Automation is held until a person decides.
    pub held: bool,
    /// What Convo does by itself in it.
    pub integration: Integration,
    /// Stored messages.
    pub message_count: u32,
    /// How much the lead really answers, as of its last change.
    pub engagement_score: Score,
    /// Newest human activity.
    pub last_activity_at: DateTime<Utc>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
    /// What an address to reply to carries; only by its id, and when it is made.
    #[schema(nullable = false)]
    pub reply_token: Option<String>,
}

/// Everything held on a person.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Export {
    /// The person.
    pub lead: Lead,
    /// Ids of other systems that name the person or one of the conversations, beside the `externalId` of each.
    pub external_ids: Vec<String>,
    /// Conversations, with all that was said.
    pub conversations: Vec<ExportedConversation>,
    /// Suppressions of the person's addresses.
    pub suppressions: Vec<Suppression>,
    /// What requests said of the person.
    pub metadata: Vec<ExportedMetadata>,
    /// Stages entered and left.
    pub journey_events: Vec<ExportedStage>,
    /// What providers sent about the person.
    pub receipts: Vec<ExportedReceipt>,
    /// Mails to the person that wait, or waited, for an agent.
    pub drafts: Vec<Draft>,
    /// Items of the review list.
    pub reviews: Vec<ReviewItem>,
    /// When.
    pub exported_at: DateTime<Utc>,
}

/// What is added to a conversation.
#[derive(Debug, ToSchema)]
pub struct ConversationContents {
    /// Its messages, in order of storing.
    pub messages: Vec<StoredMessage>,
    /// Its audit trail.
    pub transitions: Vec<AuditedStep>,
}

/// A conversation with all that was said.
#[derive(Debug)]
pub struct ExportedConversation;

impl PartialSchema for ExportedConversation {
    fn schema() -> RefOr<Schema> {
        AllOfBuilder::new()
            .description(Some("A conversation with all that was said."))
            .item(Ref::from_schema_name(Conversation::name()))
            .item(Ref::from_schema_name(ConversationContents::name()))
            .into()
    }
}

impl ToSchema for ExportedConversation {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ExportedConversation")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Conversation::schemas(schemas);
        ConversationContents::schemas(schemas);
        schemas.push((Conversation::name().into_owned(), Conversation::schema()));
        schemas.push((
            ConversationContents::name().into_owned(),
            ConversationContents::schema(),
        ));
    }
}

/// What a provider sent.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ExportedReceipt {
    /// The receipt.
    pub receipt: Receipt,
    /// What it said, while that is kept.
    pub said: Option<FreeObject>,
}

/// What a request said.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ExportedMetadata {
    /// Which request.
    pub kind: String,
    /// The conversation it was about.
    pub conversation_id: Option<Uuid>,
    /// What it said; null once erased.
    pub body: Option<FreeObject>,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// A stage entered or left.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ExportedStage {
    /// The stage.
    pub stage: Stage,
    /// Which of the two.
    pub action: StageAction,
    /// The milestone reached with it.
    pub milestone: Option<Milestone>,
    /// The conversation it came from.
    pub conversation_id: Option<Uuid>,
    /// When.
    pub at: DateTime<Utc>,
}
