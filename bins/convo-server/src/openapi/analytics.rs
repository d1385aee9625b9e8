//! Figures over many conversations, and what stands behind them.

use chrono::{DateTime, Utc};
use utoipa::ToSchema;
use uuid::Uuid;

use super::vocabulary::{AnalyticsGroupBy, MailFigure, OfferStatus, Stage, WaitStatus};

/// Declares a report of each kind of figures.
macro_rules! reports {
    ($($(#[$doc:meta])+ $report:ident of $group:ident = $figures:ident;)+) => {$(
        $(#[$doc])+
        #[derive(Debug, ToSchema)]
        #[schema(rename_all = "camelCase")]
        pub struct $report {
            /// From then on: rounded down to what is counted by.
            pub from: DateTime<Utc>,
            /// Up to, and without, then: rounded up likewise.
            pub to: DateTime<Utc>,
            /// What the groups are.
            pub group_by: Option<AnalyticsGroupBy>,
            /// Everything.
            pub total: $figures,
            /// The same told apart, by key; empty when nothing is asked to be.
            #[schema(max_items = 1000)]
            pub groups: Vec<$group>,
        }

        /// One group of a report.
        #[derive(Debug, ToSchema)]
        #[schema(rename_all = "camelCase")]
        pub struct $group {
            /// Id of the campaign or agent, the source, `2026-01-05` or `2026-W02`; null for none.
            pub key: Option<String>,
            /// The name of the campaign or agent.
            pub name: Option<String>,
            /// What is counted in it.
            pub figures: $figures,
        }
    )+};
}

reports! {
    /// How fast we answer.
    ReplySpeedReport of ReplySpeedGroup = ReplySpeed;
    /// How fast agents take what they are offered, and are in touch.
    OwnershipReport of OwnershipGroup = Ownership;
    /// How far leads came.
    ConversionReport of ConversionGroup = Conversion;
    /// What became of mail.
    DeliveryReport of DeliveryGroup = Delivery;
}

/// Minutes of many waits; null without any.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Minutes {
    /// The middle one, or the mean of the two in the middle.
    pub median_minutes: Option<f64>,
    /// The smallest that is not exceeded by nine tenths.
    pub p90_minutes: Option<u32>,
    /// The mean.
    pub mean_minutes: Option<f64>,
}

/// How fast we answer.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ReplySpeed {
    /// Waits of leads for us that began in the span.
    pub waits: u64,
    /// Of these, answered.
    pub answered: u64,
    /// Of these, waiting now.
    pub waiting: u64,
    /// Of these, left without an answer when the conversation was closed.
    pub dropped: u64,
    /// Minutes of those answered.
    pub wall: Minutes,
    /// Of these, minutes within business hours.
    pub business: Minutes,
}

/// How fast agents take what they are offered, and are in touch.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Ownership {
    /// Offers made in the span.
    pub offers: u64,
    /// Of these, accepted.
    pub accepted: u64,
    /// Of these, declined.
    pub declined: u64,
    /// Of these, run out.
    pub expired: u64,
    /// Of these, taken back.
    pub withdrawn: u64,
    /// Of these, open now.
    pub open: u64,
    /// Of those accepted: the agent was in touch with the lead.
    pub touched: u64,
    /// From the offer to its acceptance.
    pub offer_to_accept: Leg,
    /// From the acceptance to the first touch.
    pub accept_to_touch: Leg,
    /// From the offer to the first touch.
    pub offer_to_touch: Leg,
}

/// One way in wall time and in business time.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Leg {
    /// Minutes.
    pub wall: Minutes,
    /// Of these, minutes within business hours.
    pub business: Minutes,
}

/// How far leads came.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Conversion {
    /// Leads first written to in the span.
    pub leads: u64,
    /// Of these, those that ever reached each stage.
    #[schema(min_items = 6, max_items = 6)]
    pub stages: Vec<StageReached>,
    /// Leads that reached QUALIFIED_LEAD ÷ leads; null without any.
    #[schema(minimum = 0.0, maximum = 1.0)]
    pub conversion_rate: Option<f64>,
}

/// Leads that reached a stage.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct StageReached {
    /// The stage.
    pub stage: Stage,
    /// Leads whose highest stage it is or is above it.
    pub leads: u64,
    /// The same ÷ those of the stage before (of the first: ÷ all); null without any.
    #[schema(minimum = 0.0, maximum = 1.0)]
    pub rate_from_previous: Option<f64>,
}

/// What became of mail, by the own times of what happened.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Delivery {
    /// Mails of ours.
    pub sent: u64,
    /// Deliveries.
    pub delivered: u64,
    /// Failures for good.
    pub bounced_hard: u64,
    /// Failures for now.
    pub bounced_soft: u64,
    /// Not tried by the provider, whose own list forbids it.
    pub refused: u64,
    /// Complaints.
    pub complained: u64,
    /// Unsubscriptions.
    pub unsubscribed: u64,
    /// Opens that look like a person's.
    pub opened: u64,
    /// Clicks that look like a person's.
    pub clicked: u64,
    /// Opens by machines.
    pub machine_opened: u64,
    /// Clicks by machines.
    pub machine_clicked: u64,
}

/// A wait of a lead for us.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct WaitItem {
    /// The conversation.
    pub conversation_id: Uuid,
    /// The lead.
    pub lead_id: Uuid,
    /// The campaign.
    pub campaign_id: Option<Uuid>,
    /// The agent who answered, or who owns the conversation that waits.
    pub agent_id: Option<Uuid>,
    /// What came of it.
    pub status: WaitStatus,
    /// Own time of the lead's first unanswered mail.
    pub began_at: DateTime<Utc>,
    /// Own time of our answer.
    pub ended_at: Option<DateTime<Utc>>,
    /// Minutes between.
    pub wall_minutes: Option<u32>,
    /// Of these, within business hours.
    pub business_minutes: Option<u32>,
}

/// An offer with what came of it.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct OwnershipItem {
    /// The offer.
    pub offer_id: Uuid,
    /// The conversation.
    pub conversation_id: Uuid,
    /// The lead.
    pub lead_id: Uuid,
    /// The campaign.
    pub campaign_id: Option<Uuid>,
    /// Who was asked.
    pub agent_id: Uuid,
    /// What came of it.
    pub status: OfferStatus,
    /// When it was made.
    pub offered_at: DateTime<Utc>,
    /// When it was accepted.
    pub accepted_at: Option<DateTime<Utc>>,
    /// When the agent was first in touch with the lead.
    pub touched_at: Option<DateTime<Utc>>,
    /// Minutes from the offer to its acceptance.
    pub accept_minutes: Option<u32>,
    /// Of these, within business hours.
    pub accept_business_minutes: Option<u32>,
    /// Minutes from the acceptance to the first touch.
    pub touch_minutes: Option<u32>,
    /// Of these, within business hours.
    pub touch_business_minutes: Option<u32>,
}

/// A lead in its cohort.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct CohortItem {
    /// The lead.
    pub lead_id: Uuid,
    /// The conversation of our first mail.
    pub conversation_id: Uuid,
    /// Its campaign.
    pub campaign_id: Option<Uuid>,
    /// Its owner.
    pub agent_id: Option<Uuid>,
    /// Where the lead comes from.
    pub source: Option<String>,
    /// Own time of our first mail.
    pub first_sent_at: DateTime<Utc>,
    /// Its ISO week, such as `2026-W02`.
    pub week: String,
    /// The highest stage; null before the first.
    pub highest_stage: Option<Stage>,
}

/// Something that happened to a mail.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct DeliveryItem {
    /// The mail or the event.
    pub id: Uuid,
    /// The conversation.
    pub conversation_id: Uuid,
    /// Its campaign.
    pub campaign_id: Option<Uuid>,
    /// The mail, where it is stored.
    pub message_id: Option<Uuid>,
    /// Which figure it is counted in.
    pub figure: MailFigure,
    /// Its own time.
    pub at: DateTime<Utc>,
}
