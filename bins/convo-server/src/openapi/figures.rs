//! Figures: of one conversation, and of all.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use utoipa::ToSchema;
use uuid::Uuid;

use super::states::ConversationAnalytics;
use super::vocabulary::{
    Awaiting, DeliveryStatus, Score, SignalClass, Stage, State, StepEvent, Trend,
};

/// Figures of one conversation.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ConversationFigures {
    /// The conversation.
    pub conversation_id: Uuid,
    /// Where it stands.
    pub state: State,
    /// Accepted events.
    pub version: u64,
    /// Whose turn it is.
    pub awaiting: Awaiting,
    /// Messages.
    pub messages: MessageFigures,
    /// How fast both sides answer.
    pub responses: ResponseFigures,
    /// Scores as of now.
    pub scores: Scores,
    /// Signals read, by code.
    pub signals: Vec<SignalFigures>,
    /// Topics with the number of replies.
    pub topics: BTreeMap<String, u32>,
    /// What the provider told.
    pub email: EmailFigures,
    /// First human message.
    pub first_activity_at: Option<DateTime<Utc>>,
    /// Newest human activity.
    pub last_activity_at: DateTime<Utc>,
    /// Minutes from its making to its closing, or to now.
    pub age_minutes: i64,
    /// The figures of its status.
    pub analytics: ConversationAnalytics,
    /// As of when.
    pub timestamp: DateTime<Utc>,
}

/// Messages by what they are.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct MessageFigures {
    /// Stored messages.
    pub total: u32,
    /// To us.
    pub inbound: u32,
    /// From us.
    pub outbound: u32,
    /// Of another kind than human.
    pub automated: u32,
    /// Internal notes.
    pub notes: u32,
    /// Of the lead's own hand.
    pub replies: u32,
    /// Mails of ours directly followed by a reply.
    pub exchanges: u32,
    /// Mails of ours since the newest reply.
    pub unanswered: u32,
    /// By kind.
    pub by_kind: BTreeMap<String, u32>,
    /// By author.
    pub by_author: BTreeMap<String, u32>,
}

/// How fast both sides answer.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ResponseFigures {
    /// Mean of the lead.
    pub average_minutes: Option<f64>,
    /// The lead's first reply.
    pub first_minutes: Option<i64>,
    /// The lead's replies by speed.
    pub promptness: Promptness,
    /// Mean of ours.
    pub our_average_minutes: Option<f64>,
    /// Where the lead's pace goes.
    pub trend: Trend,
}

/// Replies by how long they took, each counted once.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Promptness {
    /// Within 1 hour.
    pub hour: u32,
    /// Within 4 hours.
    pub four_hours: u32,
    /// Within 24 hours.
    pub day: u32,
    /// Within 48 hours.
    pub two_days: u32,
    /// Later.
    pub later: u32,
}

/// The three scores.
#[derive(Debug, ToSchema)]
pub struct Scores {
    /// How much the lead really answers.
    pub engagement: Score,
    /// How much speaks for a purchase.
    pub qualification: Score,
    /// How ready the conversation is for a person.
    pub readiness: Score,
}

/// A signal read.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct SignalFigures {
    /// Its code.
    pub code: String,
    /// How much it says.
    pub class: SignalClass,
    /// Replies that carry it.
    pub count: u32,
    /// Own time of the newest of them.
    pub last_at: DateTime<Utc>,
    /// The newest of them.
    pub message_id: Uuid,
}

/// What the provider told of a conversation.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct EmailFigures {
    /// Mails reported as delivered.
    pub delivered: u32,
    /// First delivery.
    pub first_delivered_at: Option<DateTime<Utc>>,
    /// Newest delivery.
    pub last_delivered_at: Option<DateTime<Utc>>,
    /// When the newest attempt ended.
    pub status_at: Option<DateTime<Utc>>,
    /// How it ended.
    pub status: Option<DeliveryStatus>,
    /// Soft failures.
    pub soft_bounces: u32,
    /// Hard failures.
    pub hard_bounces: u32,
    /// Complaints.
    pub complaints: u32,
    /// Opens and clicks.
    pub judged: TrackingFigures,
}

/// Opens and clicks.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct TrackingFigures {
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
}

/// All conversations at a glance.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Overview {
    /// Conversations.
    pub total_conversations: u64,
    /// Conversations in each of the eight states.
    pub state_distribution: StateDistribution,
    /// The ten most recently active conversations.
    #[schema(max_items = 10)]
    pub recent_activity: Vec<RecentActivity>,
    /// Rates and means.
    pub metrics: OverviewMetrics,
    /// Leads that ever reached each stage.
    pub funnel: Vec<FunnelRow>,
    /// Open review items.
    pub review: ReviewCount,
}

/// Conversations in each of the eight states.
#[derive(Debug)]
pub struct StateDistribution;

impl utoipa::PartialSchema for StateDistribution {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::ObjectBuilder;
        use utoipa::openapi::schema::Type;
        let states = convo_core::machine::State::ALL;
        let described = "Conversations in each of the eight states.";
        let object = ObjectBuilder::new().description(Some(described));
        states
            .iter()
            .fold(object, |object, state| {
                let count = ObjectBuilder::new()
                    .schema_type(Type::Integer)
                    .minimum(Some(0));
                object
                    .property(state.as_str(), count)
                    .required(state.as_str())
            })
            .into()
    }
}

impl ToSchema for StateDistribution {
    fn name() -> std::borrow::Cow<'static, str> {
        "StateDistribution".into()
    }
}

/// A conversation that was active.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct RecentActivity {
    /// The conversation.
    pub conversation_id: Uuid,
    /// Its lead.
    pub lead_id: Uuid,
    /// Its subject.
    pub subject: String,
    /// Its state.
    pub current_state: State,
    /// The newest event; null before the first.
    pub event: Option<StepEvent>,
    /// Newest human activity.
    pub last_updated: DateTime<Utc>,
}

/// Rates and means; null without data.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct OverviewMetrics {
    /// Mean of: our first mail after a lead's − that mail.
    pub average_time_to_response_minutes: Option<f64>,
    /// Leads whose highest stage is at least QUALIFIED_LEAD ÷ leads with a stage.
    #[schema(minimum = 0.0, maximum = 1.0)]
    pub conversion_rate: Option<f64>,
    /// Of conversations that were ever handed over: those that are won.
    #[schema(minimum = 0.0, maximum = 1.0)]
    pub won_rate: Option<f64>,
    /// Mean of the open conversations as of their last change.
    #[schema(minimum = 0.0, maximum = 100.0)]
    pub engagement_score: Option<f64>,
    /// Conversations active today (UTC).
    pub active_today: u64,
}

/// A stage of the funnel.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct FunnelRow {
    /// The stage.
    pub stage: Stage,
    /// Leads that ever reached it.
    pub leads: u64,
    /// The same ÷ those of the stage before; null for the first one, and without data.
    #[schema(minimum = 0.0, maximum = 1.0)]
    pub rate_from_previous: Option<f64>,
}

/// Open review items.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ReviewCount {
    /// How many.
    pub count: u64,
    /// Minutes the oldest one waits; null without any.
    pub oldest_minutes: Option<i64>,
}
