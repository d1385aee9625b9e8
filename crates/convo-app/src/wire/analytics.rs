//! Figures over many conversations: what is asked, and what is answered. `docs/analytics.md` defines each.

use chrono::{DateTime, TimeDelta, Utc};
use convo_core::waits::Minutes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{as_maybe_time, as_time};
use crate::error::AppError;

/// The longest span a figure is asked over.
pub const LONGEST: TimeDelta = TimeDelta::days(371);
/// The span when nothing is said.
const USUAL: TimeDelta = TimeDelta::days(30);

/// What figures are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GroupBy {
    /// By campaign.
    Campaign,
    /// By agent.
    Agent,
    /// By the lead's source.
    Source,
    /// By day, UTC.
    Day,
    /// By ISO week, UTC.
    Week,
}

/// Over what figures are asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Span {
    /// From then on; 30 days before the end when absent.
    #[serde(default, deserialize_with = "super::moment")]
    pub from: Option<DateTime<Utc>>,
    /// Up to, and without, then; now when absent.
    #[serde(default, deserialize_with = "super::moment")]
    pub to: Option<DateTime<Utc>>,
}

impl Span {
    /// Beginning and end.
    ///
    /// # Errors
    /// `Invalid` when it ends before it begins, or is longer than [`LONGEST`].
    pub fn ends(&self, now: DateTime<Utc>) -> Result<(DateTime<Utc>, DateTime<Utc>), AppError> {
        let to = self.to.unwrap_or(now);
        let usual = || to.checked_sub_signed(USUAL).unwrap_or(to);
        let from = self.from.unwrap_or_else(usual);
        if to < from {
            return Err(AppError::invalid("to", "must not be before from"));
        }
        if to.signed_duration_since(from) > LONGEST {
            return Err(AppError::invalid(
                "from",
                "must be at most 371 days before to",
            ));
        }
        Ok((from, to))
    }
}

/// A figure over a span, as a whole and told apart.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report<T> {
    /// From then on: rounded down to what is counted by.
    #[serde(serialize_with = "as_time")]
    pub from: DateTime<Utc>,
    /// Up to, and without, then: rounded up likewise.
    #[serde(serialize_with = "as_time")]
    pub to: DateTime<Utc>,
    /// What the groups are.
    pub group_by: Option<GroupBy>,
    /// Everything.
    pub total: T,
    /// The same told apart, by key; empty when nothing is asked to be.
    pub groups: Vec<Group<T>>,
}

/// One group of a report.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Group<T> {
    /// Id of the campaign or agent, the source, `2026-01-05` or `2026-W02`; null for none.
    pub key: Option<String>,
    /// The name of the campaign or agent.
    pub name: Option<String>,
    /// What is counted in it.
    pub figures: T,
}

/// Minutes of many waits: median, 90th percentile and mean; null without any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MinutesView {
    /// The middle one, or the mean of the two in the middle.
    pub median_minutes: Option<f64>,
    /// The smallest that is not exceeded by nine tenths.
    pub p90_minutes: Option<u32>,
    /// The mean.
    pub mean_minutes: Option<f64>,
}

impl From<Minutes> for MinutesView {
    fn from(minutes: Minutes) -> Self {
        Self {
            median_minutes: minutes.median,
            p90_minutes: minutes.p90,
            mean_minutes: minutes.mean,
        }
    }
}

/// How fast we answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
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
    pub wall: MinutesView,
    /// Of these, minutes within business hours.
    pub business: MinutesView,
}

/// How fast agents take what they are offered, and are in touch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Leg {
    /// Minutes.
    pub wall: MinutesView,
    /// Of these, minutes within business hours.
    pub business: MinutesView,
}

/// How far leads came.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Conversion {
    /// Leads first written to in the span.
    pub leads: u64,
    /// Of these, those that ever reached each stage.
    pub stages: Vec<StageReached>,
    /// Leads that reached QUALIFIED_LEAD ÷ leads; null without any.
    pub conversion_rate: Option<f64>,
}

/// Leads that reached a stage.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StageReached {
    /// The stage.
    pub stage: &'static str,
    /// Leads whose highest stage it is or is above it.
    pub leads: u64,
    /// The same ÷ those of the stage before (of the first: ÷ all); null without any.
    pub rate_from_previous: Option<f64>,
}

/// What became of mail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
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
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WaitView {
    /// The conversation.
    pub conversation_id: Uuid,
    /// The lead.
    pub lead_id: Uuid,
    /// The campaign.
    pub campaign_id: Option<Uuid>,
    /// Who answered, or who owns the conversation that waits.
    pub agent_id: Option<Uuid>,
    /// `answered`, `waiting` or `dropped`.
    pub status: String,
    /// Own time of the lead's first unanswered mail.
    #[serde(serialize_with = "as_time")]
    pub began_at: DateTime<Utc>,
    /// Own time of our answer.
    #[serde(serialize_with = "as_maybe_time")]
    pub ended_at: Option<DateTime<Utc>>,
    /// Minutes between.
    pub wall_minutes: Option<i32>,
    /// Of these, within business hours.
    pub business_minutes: Option<i32>,
}

/// An offer with what came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnershipView {
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
    /// `open`, `accepted`, `declined`, `expired` or `withdrawn`.
    pub status: String,
    /// When it was made.
    #[serde(serialize_with = "as_time")]
    pub offered_at: DateTime<Utc>,
    /// When it was accepted.
    #[serde(serialize_with = "as_maybe_time")]
    pub accepted_at: Option<DateTime<Utc>>,
    /// When the agent was first in touch with the lead.
    #[serde(serialize_with = "as_maybe_time")]
    pub touched_at: Option<DateTime<Utc>>,
    /// Minutes from the offer to its acceptance.
    pub accept_minutes: Option<i32>,
    /// Of these, within business hours.
    pub accept_business_minutes: Option<i32>,
    /// Minutes from the acceptance to the first touch.
    pub touch_minutes: Option<i32>,
    /// Of these, within business hours.
    pub touch_business_minutes: Option<i32>,
}

/// A lead in its cohort.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CohortView {
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
    #[serde(serialize_with = "as_time")]
    pub first_sent_at: DateTime<Utc>,
    /// Its ISO week.
    pub week: String,
    /// The highest stage; null before the first.
    pub highest_stage: Option<&'static str>,
}

/// Something that happened to a mail.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryView {
    /// The mail or the event.
    pub id: Uuid,
    /// The conversation.
    pub conversation_id: Uuid,
    /// Its campaign.
    pub campaign_id: Option<Uuid>,
    /// The mail, where it is stored.
    pub message_id: Option<Uuid>,
    /// Which figure it is counted in.
    pub figure: String,
    /// Its own time.
    #[serde(serialize_with = "as_time")]
    pub at: DateTime<Utc>,
}

/// What is asked of a figure, or of what stands behind it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnalyticsQuery {
    /// From then on; 30 days before the end when absent.
    #[serde(default, deserialize_with = "super::moment")]
    pub from: Option<DateTime<Utc>>,
    /// Up to, and without, then; now when absent.
    #[serde(default, deserialize_with = "super::moment")]
    pub to: Option<DateTime<Utc>>,
    /// Of this campaign; `none`: of none.
    pub campaign_id: Option<String>,
    /// Of this agent; `none`: of none.
    pub agent_id: Option<String>,
    /// Of leads from there; nothing: from nowhere known.
    pub source: Option<String>,
    /// What the figure is told apart by.
    pub group_by: Option<GroupBy>,
    /// Of this status: of the waits or offers behind a figure.
    pub status: Option<String>,
    /// Counted as this: of what stands behind delivery.
    pub figure: Option<String>,
    /// That reached this stage: of the leads behind conversion.
    pub stage: Option<String>,
}

impl AnalyticsQuery {
    /// The span.
    #[must_use]
    pub fn span(&self) -> Span {
        Span {
            from: self.from,
            to: self.to,
        }
    }

    /// Of which campaign and which agent: `None` of any, `Some(None)` of none.
    ///
    /// # Errors
    /// `Invalid` for what is neither an id nor `none`.
    pub fn whose(&self) -> Result<[Option<Option<Uuid>>; 2], AppError> {
        let one = |text: Option<&String>, field: &str| match text.map(String::as_str) {
            None => Ok(None),
            Some("none") => Ok(Some(None)),
            Some(text) => match text.parse() {
                Ok(id) => Ok(Some(Some(id))),
                Err(_) => Err(AppError::invalid(field, "must be an id or none")),
            },
        };
        Ok([
            one(self.campaign_id.as_ref(), "campaignId")?,
            one(self.agent_id.as_ref(), "agentId")?,
        ])
    }
}
