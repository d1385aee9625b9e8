//! Handover: offers, what agents do, and the pack.

use chrono::{DateTime, Utc};
use utoipa::ToSchema;
use uuid::Uuid;

use super::vocabulary::{
    AgentAct, Event, FreeObject, HandoverStatus, NextAction, RiskFactor, Score, SignalClass, Stage,
    State,
};

/// What an agent did came to this.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct HandoverStep {
    /// Always true.
    pub success: bool,
    /// The conversation.
    pub conversation_id: Uuid,
    /// What was done.
    pub action: AgentAct,
    /// By which agent.
    pub agent_id: Option<Uuid>,
    /// The state after.
    pub new_state: State,
    /// The version after.
    pub version: u64,
    /// The agent who has it now.
    pub assigned_agent_id: Option<Uuid>,
    /// How far the handover is.
    pub handover: HandoverNow,
    /// Accepted events; none where the agent had it already, or no event follows.
    pub transitions: Vec<HandoverTransition>,
    /// When.
    pub timestamp: DateTime<Utc>,
}

/// How far the handover is.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct HandoverNow {
    /// How far.
    pub status: HandoverStatus,
    /// When the owner was first in touch with the lead.
    pub touched_at: Option<DateTime<Utc>>,
}

/// An event that was accepted.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct HandoverTransition {
    /// The audit row.
    pub transition_id: Uuid,
    /// The state before.
    pub from_state: State,
    /// The state after.
    pub new_state: State,
    /// What happened.
    pub event: Event,
    /// The version after.
    pub version: u64,
}

/// An agent is asked to take a conversation.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Offer {
    /// Its id.
    pub id: Uuid,
    /// The conversation.
    pub conversation_id: Uuid,
    /// Its lead.
    pub lead_id: Uuid,
    /// Who is asked.
    pub agent_id: Uuid,
    /// Always open.
    pub status: String,
    /// The round of offers it belongs to.
    pub round: u32,
    /// All other agents have been asked.
    pub escalated: bool,
    /// When it was made.
    pub offered_at: DateTime<Utc>,
    /// Until when it stands.
    pub due_at: DateTime<Utc>,
    /// The conversation's subject.
    pub subject: String,
    /// Who it is.
    pub lead: OfferedLead,
    /// Who it is and what was read in their words, in one line.
    pub summary: String,
}

/// The lead of an offer.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct OfferedLead {
    /// Name, else the address.
    pub name: String,
    /// Primary address.
    pub email: String,
    /// Phone number.
    pub phone: Option<String>,
}

/// All an agent needs before the first word to a lead. Every claim about what was said cites messages.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct HandoverPack {
    /// The conversation.
    pub conversation_id: Uuid,
    /// Its lead.
    pub lead_id: Uuid,
    /// The last commit of the conversation: the same facts give the same pack.
    pub as_of: DateTime<Utc>,
    /// Accepted events.
    pub version: u64,
    /// Its state.
    pub state: State,
    /// Its subject.
    pub subject: String,
    /// Who it is and what was read in their words, in one line.
    pub headline: String,
    /// The person, from the record.
    pub who: PackWho,
    /// Signals in the lead's own words.
    pub wants: Vec<PackWant>,
    /// Topics spoken of, the most frequent first.
    pub topics: Vec<PackTopic>,
    /// What the lead asked since we wrote last.
    pub open_questions: Vec<PackQuestion>,
    /// The lead's newest message.
    pub last_reply: Option<PackReply>,
    /// What happened, oldest first.
    pub timeline: PackTimeline,
    /// The three scores with their reasons.
    pub scores: PackScores,
    /// What may lose the lead.
    pub risks: Vec<PackRisk>,
    /// What to do now.
    pub next_step: PackStep,
}

/// A message that shows something.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Evidence {
    /// Our id of it.
    pub id: Uuid,
    /// Its Message-ID.
    pub message_id: String,
    /// Its own time.
    pub at: DateTime<Utc>,
    /// A part of its text, exactly as it stands there.
    #[schema(nullable = false)]
    pub quote: Option<String>,
}

/// The person.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PackWho {
    /// Name, else the address.
    pub name: String,
    /// Primary address.
    pub email: String,
    /// Phone number.
    pub phone: Option<String>,
    /// What the lead asked about.
    pub interest: Option<String>,
    /// Where the lead came from.
    pub source: Option<String>,
    /// Language tag.
    pub language: Option<String>,
    /// IANA time zone.
    pub time_zone: Option<String>,
    /// Free attributes.
    pub attributes: FreeObject,
    /// Current stage of the journey.
    pub stage: Option<Stage>,
    /// The record that says so.
    pub evidence: Vec<RecordEvidence>,
}

/// A record that shows something.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct RecordEvidence {
    /// Which kind.
    pub record: String,
    /// Its id.
    pub id: Uuid,
}

/// A signal.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PackWant {
    /// Its code.
    pub signal: String,
    /// How much it says.
    pub class: SignalClass,
    /// Messages that say so, the newest first.
    pub evidence: Vec<Evidence>,
}

/// A topic.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PackTopic {
    /// Its code.
    pub topic: String,
    /// Replies that speak of it.
    pub replies: Option<u32>,
    /// Messages that speak of it, the newest first.
    pub evidence: Vec<Evidence>,
}

/// A question.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PackQuestion {
    /// In the lead's words.
    pub question: String,
    /// Where it was asked.
    pub evidence: Vec<Evidence>,
}

/// The lead's newest message.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PackReply {
    /// Our id of it.
    pub id: Uuid,
    /// Its Message-ID.
    pub message_id: String,
    /// Its own time.
    pub at: DateTime<Utc>,
    /// Its subject.
    pub subject: String,
    /// What the lead wrote, without quotes and signature; at most 4000 characters.
    pub text: String,
}

/// What happened.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PackTimeline {
    /// The first and the last entries: messages, steps, stages and touches.
    pub entries: Vec<FreeObject>,
    /// How many in between are left out.
    pub omitted: u64,
}

/// The three scores.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PackScores {
    /// How much the lead really answers.
    pub engagement: PackScore,
    /// How much speaks for a purchase.
    pub qualification: PackScore,
    /// How ready it is for a person.
    pub readiness: PackScore,
}

/// A score with its reasons, which add up to it.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PackScore {
    /// The score.
    pub score: Score,
    /// Its summands.
    pub reasons: Vec<PackReason>,
}

/// A summand of a score.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PackReason {
    /// What for.
    pub reason: String,
    /// How much.
    pub points: i64,
    /// The message it comes from.
    #[schema(nullable = false)]
    pub message_id: Option<Uuid>,
}

/// Something that may lose the lead.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PackRisk {
    /// What.
    pub risk: RiskFactor,
    /// Messages it was seen in.
    pub evidence: Vec<Evidence>,
}

/// What to do now.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PackStep {
    /// What.
    pub action: NextAction,
    /// The same in a sentence.
    pub text: String,
    /// The newest message, which it follows from.
    pub evidence: Vec<Evidence>,
}
