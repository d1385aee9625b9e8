//! Analytics of a lead's journey.
//!
//! Definitions, where a name could mean several things:
//! - *velocity*: stages advanced × the policy's days per stage ÷ days since the first stage, as a percentage,
//!   at most 100; a lead that does not move slows down.
//! - *response rate*: replies ÷ outbound messages over all conversations, 0–1.
//! - *engagement trend*: of the most recently active conversation. Two messages of ours without a reply, or
//!   silence beyond the policy's gap while we wait, is decreasing; else the newest latencies are compared with
//!   those before: a fifth faster is increasing, a quarter slower decreasing.
//! - *stage progress*: percentage of the next stage's own criteria that hold.

mod advice;
mod figures;

use serde::Serialize;

pub use advice::{NextAction, Risk};
pub use figures::Trend;
pub(crate) use figures::pace;

use crate::conversation::Conversation;
use crate::lead::Lead;
use crate::policy::Policy;
use crate::scoring::{ScoreInput, scores};
use crate::signals::SignalClass;
use crate::stages::{Sums, View};
use crate::vocabulary::{Milestone, Stage};
use crate::{Key, Time};

/// One stage as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StageName {
    /// Wire name.
    pub id: Stage,
    /// Name people read.
    pub name: &'static str,
    /// 1 to 6.
    pub order: u8,
    /// Percent.
    pub progress: u8,
}

impl From<Stage> for StageName {
    fn from(stage: Stage) -> Self {
        Self {
            id: stage,
            name: stage.name(),
            order: stage.order(),
            progress: stage.progress(),
        }
    }
}

/// Where the lead stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// The current stage.
    pub current_stage: Option<StageName>,
    /// The highest stage ever.
    pub highest_stage: Option<StageName>,
    /// Stages left behind.
    pub completed_stages: Vec<Stage>,
    /// The stage after the current one.
    pub next_stage: Option<StageName>,
    /// The current stage's progress, 0–100.
    pub overall_progress: u8,
    /// Criteria of the next stage that hold, 0–100; 100 when there is no next stage.
    pub stage_progress: u8,
    /// Whole minutes in the current stage, all stays together.
    pub time_in_current_stage_minutes: i64,
    /// 0–100.
    pub velocity_score: u8,
    /// 0–100; highest of the open conversations, else of the most recently active one.
    pub qualification_score: u8,
}

/// A milestone reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MilestoneRow<K> {
    /// Which.
    pub milestone: Milestone,
    /// When.
    pub at: Time,
    /// In which conversation.
    pub conversation_id: K,
}

/// Figures over all conversations.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Analytics {
    /// Conversations.
    pub total_conversations: usize,
    /// Stored messages.
    pub total_messages: u32,
    /// Replies per outbound message, 0–1; none without outbound messages.
    pub response_rate: Option<f64>,
    /// Mean time of the lead to answer, in minutes; none without answers.
    pub average_response_minutes: Option<f64>,
    /// Where engagement goes.
    pub engagement_trend: Trend,
    /// Codes of purchase signals read.
    pub qualification_signals: Vec<String>,
    /// What may lose the lead.
    pub risk_factors: Vec<Risk>,
    /// What to do now.
    pub next_best_action: NextAction,
    /// 0–100.
    pub handover_readiness: u8,
    /// 0–100.
    pub engagement_score: u8,
}

/// One of the six stages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StageRow {
    /// Wire name.
    pub id: Stage,
    /// Name people read.
    pub name: &'static str,
    /// Percent.
    pub progress: u8,
    /// It was left behind.
    pub is_completed: bool,
    /// The lead is in it.
    pub is_current: bool,
    /// When it was first entered.
    pub entered_at: Option<Time>,
    /// Whole minutes spent in it as the current stage.
    pub minutes_in_stage: i64,
}

/// The whole journey, in the shape of the wire.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JourneyView<K> {
    /// Where the lead stands.
    pub progress: Progress,
    /// Milestones, in order of their stages.
    pub milestones: Vec<MilestoneRow<K>>,
    /// Figures.
    pub analytics: Analytics,
    /// All six stages.
    pub stages: Vec<StageRow>,
    /// What to do, in sentences.
    pub recommendations: Vec<&'static str>,
}

/// The journey of a lead as of `now`, from all its conversations.
#[must_use]
pub fn of<K: Key>(
    lead: &Lead<K>,
    conversations: &[&Conversation<K>],
    policy: &Policy,
    now: Time,
) -> JourneyView<K> {
    let sums = Sums::over(
        conversations.iter().map(|c| View::of(c)),
        lead.completeness,
        policy,
        now,
    );
    let risks = advice::risks(lead, conversations, policy, now);
    let action = advice::next_action(lead, conversations);
    JourneyView {
        progress: progress(lead, conversations, &sums, policy, now),
        milestones: milestones(lead),
        stages: Stage::ALL
            .iter()
            .map(|&stage| stage_row(lead, stage, now))
            .collect(),
        recommendations: advice::recommendations(&risks, action),
        analytics: Analytics {
            total_conversations: conversations.len(),
            total_messages: conversations.iter().map(|c| c.tally.messages()).sum(),
            response_rate: figures::response_rate(&sums),
            average_response_minutes: figures::average_response(conversations),
            engagement_trend: figures::trend(conversations, policy, now),
            qualification_signals: signals(conversations),
            risk_factors: risks,
            next_best_action: action,
            handover_readiness: sums.readiness,
            engagement_score: sums.engagement,
        },
    }
}

fn progress<K: Key>(
    lead: &Lead<K>,
    conversations: &[&Conversation<K>],
    sums: &Sums,
    policy: &Policy,
    now: Time,
) -> Progress {
    let current = lead.journey.current;
    let next = current.map_or(Some(Stage::ColdLead), Stage::next);
    let completed = |stage: &Stage| stage_row(lead, *stage, now).is_completed;
    Progress {
        current_stage: current.map(StageName::from),
        highest_stage: lead.journey.highest.map(StageName::from),
        completed_stages: Stage::ALL.iter().copied().filter(completed).collect(),
        next_stage: next.map(StageName::from),
        overall_progress: current.map_or(0, Stage::progress),
        stage_progress: next.map_or(100, |next| figures::share_met(sums.criteria(next, policy))),
        time_in_current_stage_minutes: current
            .map_or(0, |stage| lead.journey.time_in_ms(stage, now) / 60_000),
        velocity_score: figures::velocity(&lead.journey, policy, now),
        qualification_score: figures::qualification(lead, conversations, policy, now),
    }
}

fn stage_row<K: Key>(lead: &Lead<K>, stage: Stage, now: Time) -> StageRow {
    let journey = &lead.journey;
    let is_current = journey.current == Some(stage);
    StageRow {
        id: stage,
        name: stage.name(),
        progress: stage.progress(),
        is_completed: !is_current && journey.highest > Some(stage),
        is_current,
        entered_at: journey.entered.get(&stage).copied(),
        minutes_in_stage: journey.time_in_ms(stage, now) / 60_000,
    }
}

fn milestones<K: Key>(lead: &Lead<K>) -> Vec<MilestoneRow<K>> {
    let rows = lead
        .journey
        .milestones
        .iter()
        .map(|(milestone, reached)| MilestoneRow {
            milestone: *milestone,
            at: reached.at,
            conversation_id: reached.conversation.clone(),
        });
    rows.collect()
}

fn signals<K: Key>(conversations: &[&Conversation<K>]) -> Vec<String> {
    let all = conversations.iter().flat_map(|c| &c.tally.signals);
    let purchase = all.filter(|(_, signal)| signal.class == SignalClass::Purchase);
    let mut codes: Vec<String> = purchase.map(|(code, _)| code.clone()).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// The open conversation with the newest activity, else the closed one with it.
fn foremost<'a, K: Key>(conversations: &[&'a Conversation<K>]) -> Option<&'a Conversation<K>> {
    conversations
        .iter()
        .copied()
        .max_by_key(|c| (c.state.is_open(), c.last_activity_at()))
}

/// The three scores of one conversation.
fn scores_of<K: Key>(
    lead: &Lead<K>,
    conversation: &Conversation<K>,
    policy: &Policy,
    now: Time,
) -> crate::scoring::Scores {
    scores(&ScoreInput::of(conversation, lead), policy, now)
}
