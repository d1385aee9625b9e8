//! Where a conversation stands.

use chrono::{DateTime, Utc};
use utoipa::ToSchema;
use uuid::Uuid;

use super::vocabulary::{
    Awaiting, DeliveryStatus, Event, FlagCode, HandoverStatus, Outcome, Score, Stage, State,
    StepEvent,
};

/// Where a conversation stands, or stood where `asOf` is given.
#[derive(Debug, ToSchema)]
#[serde(untagged)]
pub enum StatusAnswer {
    /// Now.
    Now(Box<Status>),
    /// Then.
    Then(StatusThen),
}

/// Where a conversation stood, as far as the audit has it.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct StatusThen {
    /// The conversation.
    pub conversation_id: Uuid,
    /// When; all of its millisecond counts.
    pub as_of: DateTime<Utc>,
    /// The state it was in.
    pub current_state: State,
    /// Accepted events by then.
    pub version: u64,
    /// Since when it was in that state.
    pub since: DateTime<Utc>,
    /// The last event accepted by then.
    pub last_event: Option<StepEvent>,
    /// When that counted from; without one, when the conversation was made.
    pub last_updated: DateTime<Utc>,
    /// Its lead.
    pub lead_id: Uuid,
    /// Its campaign.
    pub campaign_id: Option<Uuid>,
    /// Events the table accepts in that state, in table order.
    pub allowed_events: Vec<Event>,
    /// The stage the lead was in.
    pub stage: Option<Stage>,
    /// The highest stage the lead had been in.
    pub highest_stage: Option<Stage>,
}

/// Where a conversation stands.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Status {
    /// The conversation.
    pub conversation_id: Uuid,
    /// Its state.
    pub current_state: State,
    /// Accepted events.
    pub version: u64,
    /// Its lead.
    pub lead_id: Uuid,
    /// Its campaign.
    pub campaign_id: Option<Uuid>,
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
    /// It sleeps until then; null when it is awake.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// Events the table accepts now, in table order; rules are not consulted.
    pub allowed_events: Vec<Event>,
    /// Marks on it.
    pub flags: Vec<Flag>,
    /// Its figures.
    pub analytics: ConversationAnalytics,
    /// What others told of it.
    pub integration_status: IntegrationStatus,
    /// When it changed last.
    pub last_updated: DateTime<Utc>,
}

/// A mark on a conversation.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Flag {
    /// Which.
    pub code: FlagCode,
    /// Since when.
    pub at: DateTime<Utc>,
    /// The message it comes from; of a bounce the one that bounced.
    #[schema(nullable = false)]
    pub message_id: Option<Uuid>,
}

/// Figures of a conversation.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ConversationAnalytics {
    /// Stored messages.
    pub message_count: u32,
    /// To us.
    pub inbound_count: u32,
    /// From us.
    pub outbound_count: u32,
    /// Of another kind than human.
    pub automated_count: u32,
    /// Mean over the lead's replies: reply − latest mail of ours before it.
    pub average_response_minutes: Option<f64>,
    /// How much the lead really answers.
    pub engagement_score: Score,
    /// How much speaks for a purchase.
    pub qualification_score: Score,
    /// How ready it is for a person.
    pub handover_readiness: Score,
    /// Newest human activity.
    pub last_activity_at: DateTime<Utc>,
}

/// What others told of a conversation.
#[derive(Debug, ToSchema)]
pub struct IntegrationStatus {
    /// The provider.
    pub email: EmailStatus,
    /// The handover.
    pub handover: Handover,
    /// What Convo does by itself in it.
    pub integration: Integration,
}

/// What Convo does by itself in a conversation.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Integration {
    /// Opens and clicks are asked for, and count.
    pub tracking: bool,
    /// Handover is asked for by itself.
    pub handover: bool,
    /// What happens is told to WebSockets.
    pub real_time: bool,
}

/// What the provider told.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct EmailStatus {
    /// How the newest delivery attempt ended.
    pub delivery_status: Option<DeliveryStatus>,
    /// Opens judged human.
    pub opens: u32,
    /// Clicks judged human.
    pub clicks: u32,
    /// Opens judged machine.
    pub machine_opens: u32,
    /// Clicks judged machine.
    pub machine_clicks: u32,
    /// Newest open judged human.
    pub last_opened_at: Option<DateTime<Utc>>,
    /// Newest click judged human.
    pub last_clicked_at: Option<DateTime<Utc>>,
    /// The lead may not be written to.
    pub suppressed: bool,
}

/// How far the handover is.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Handover {
    /// How far.
    pub status: HandoverStatus,
    /// When a person was wanted.
    pub requested_at: Option<DateTime<Utc>>,
    /// The agent who has it.
    pub assigned_agent_id: Option<Uuid>,
    /// When it was assigned.
    pub assigned_at: Option<DateTime<Utc>>,
    /// When its owner was first in touch with the lead.
    pub touched_at: Option<DateTime<Utc>>,
    /// Until when a reply of the lead must be answered.
    pub reply_due_at: Option<DateTime<Utc>>,
    /// When the agent was done.
    pub completed_at: Option<DateTime<Utc>>,
    /// The offer that is open.
    pub offer: Option<OpenOffer>,
}

/// An offer that is open.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct OpenOffer {
    /// Its id.
    pub id: Uuid,
    /// Who is asked.
    pub agent_id: Uuid,
    /// The round of offers it belongs to.
    pub round: u32,
    /// All other agents have been asked.
    pub escalated: bool,
    /// When it was made.
    pub offered_at: DateTime<Utc>,
    /// Until when it stands.
    pub due_at: DateTime<Utc>,
}
