//! The journey of a lead.

use chrono::{DateTime, Utc};
use utoipa::ToSchema;
use uuid::Uuid;

use super::vocabulary::{Milestone, NextAction, RiskFactor, Score, Stage, Trend};

/// The journey of a lead.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Journey {
    /// The conversation asked for; not in the journey asked for by lead.
    #[schema(nullable = false)]
    pub conversation_id: Option<Uuid>,
    /// The lead.
    pub lead_id: Uuid,
    /// Where the lead stands.
    pub progress: Progress,
    /// Milestones, in order of their stages.
    pub milestones: Vec<MilestoneReached>,
    /// Figures over all conversations.
    pub analytics: JourneyAnalytics,
    /// All six stages.
    pub stages: Vec<StageRow>,
    /// What to do, in sentences.
    pub recommendations: Vec<String>,
    /// Why the scores are what they are; only with `explain`, and only where there is a conversation.
    #[schema(nullable = false)]
    pub explanation: Option<Explanation>,
}

/// Where a lead stands.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Progress {
    /// The current stage.
    pub current_stage: Option<StageName>,
    /// The highest stage ever.
    pub highest_stage: Option<StageName>,
    /// Stages left behind.
    pub completed_stages: Vec<Stage>,
    /// The stage after the current one.
    pub next_stage: Option<StageName>,
    /// The current stage's progress.
    pub overall_progress: Score,
    /// Percentage of the next stage's criteria that hold; 100 when there is no next stage.
    pub stage_progress: Score,
    /// Whole minutes in the current stage, all stays together.
    pub time_in_current_stage_minutes: i64,
    /// How fast the lead moves through the stages.
    pub velocity_score: Score,
    /// Highest of the open conversations, else of the most recently active one.
    pub qualification_score: Score,
}

/// A stage as people read it.
#[derive(Debug, ToSchema)]
pub struct StageName {
    /// Its name on the wire.
    pub id: Stage,
    /// Its name for people.
    pub name: String,
    /// 1 to 6.
    #[schema(minimum = 1, maximum = 6)]
    pub order: u8,
    /// Its progress in percent.
    pub progress: Score,
}

/// A milestone that was reached.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct MilestoneReached {
    /// Which.
    pub milestone: Milestone,
    /// When.
    pub at: DateTime<Utc>,
    /// In which conversation.
    pub conversation_id: Uuid,
}

/// Figures over all conversations of a lead.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct JourneyAnalytics {
    /// Conversations.
    pub total_conversations: u64,
    /// Stored messages.
    pub total_messages: u32,
    /// Replies per mail of ours; null without one.
    #[schema(minimum = 0.0, maximum = 1.0)]
    pub response_rate: Option<f64>,
    /// Mean time of the lead to answer; null without an answer.
    pub average_response_minutes: Option<f64>,
    /// Where engagement goes.
    pub engagement_trend: Trend,
    /// Codes of purchase signals read.
    pub qualification_signals: Vec<String>,
    /// What may lose the lead.
    pub risk_factors: Vec<RiskFactor>,
    /// What to do now.
    pub next_best_action: NextAction,
    /// How ready the lead is for a person.
    pub handover_readiness: Score,
    /// How much the lead really answers.
    pub engagement_score: Score,
}

/// One of the six stages.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct StageRow {
    /// Its name on the wire.
    pub id: Stage,
    /// Its name for people.
    pub name: String,
    /// Its progress in percent.
    pub progress: Score,
    /// It was left behind.
    pub is_completed: bool,
    /// The lead is in it.
    pub is_current: bool,
    /// When it was first entered.
    pub entered_at: Option<DateTime<Utc>>,
    /// Whole minutes spent in it as the current stage.
    pub minutes_in_stage: i64,
}

/// The summands of the three scores; each list adds up to its score.
#[derive(Debug, ToSchema)]
pub struct Explanation {
    /// Of engagement.
    pub engagement: Vec<Points>,
    /// Of qualification.
    pub qualification: Vec<Points>,
    /// Of readiness.
    pub readiness: Vec<Points>,
}

/// One summand of a score.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Points {
    /// What it is for, e.g. `reply_rate`, `signal:test_drive`, `silence`.
    pub reason: String,
    /// Negative for what is taken off.
    pub points: i64,
    /// The message it comes from, where it comes from one.
    #[schema(nullable = false)]
    pub message_id: Option<Uuid>,
}
