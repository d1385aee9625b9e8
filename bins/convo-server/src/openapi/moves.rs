//! Answers about what moves a conversation.

use chrono::{DateTime, Utc};
use utoipa::ToSchema;
use uuid::Uuid;

use super::messages::Message;
use super::vocabulary::{
    Event, FreeObject, IntegrationOutcome, IntegrationType, Measured, RefusalReason, Score, Stage,
    State, StepEvent,
};

/// An advisory rule that does not hold.
#[derive(Debug, ToSchema)]
pub struct Warning {
    /// Which.
    pub rule: String,
    /// What it says.
    pub message: String,
}

/// An event that was accepted.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Transition {
    /// Always true.
    pub success: bool,
    /// The conversation.
    pub conversation_id: Uuid,
    /// The state before.
    pub from_state: State,
    /// The state after; the same for an event that is only recorded.
    pub new_state: State,
    /// What happened.
    pub event: Event,
    /// Who claims to have caused it.
    pub triggered_by: String,
    /// The version after.
    pub version: u64,
    /// Advisory rules that do not hold.
    pub warnings: Vec<Warning>,
    /// The audit row.
    pub transition_id: Uuid,
    /// When.
    pub timestamp: DateTime<Utc>,
}

/// A row of the audit trail.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct AuditedStep {
    /// Always true.
    pub success: bool,
    /// Its id.
    pub transition_id: Uuid,
    /// The conversation.
    pub conversation_id: Uuid,
    /// The state before.
    pub from_state: State,
    /// The state after.
    pub new_state: State,
    /// What happened.
    pub event: StepEvent,
    /// Who claims to have caused it: the request's text, `system`, or `request` once that text was erased.
    pub triggered_by: String,
    /// The version after.
    pub version: u64,
    /// Advisory rules that did not hold.
    pub warnings: Vec<String>,
    /// Required rules that did not hold, but did not have to.
    pub waived: Vec<String>,
    /// Who was authenticated: `key:` and the key's id, or a part of the system.
    pub actor: String,
    /// What it follows from: `message:` or `event:` and an id, `timer`, `request`, `take_over`, `import`.
    pub cause: Option<String>,
    /// The step that brought it about.
    pub implied_by: Option<Uuid>,
    /// What the request said.
    pub metadata: Option<FreeObject>,
    /// The policy it was decided by.
    pub policy_version: i64,
    /// When.
    pub timestamp: DateTime<Utc>,
}

/// What a transition would come to.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Validated {
    /// The conversation.
    pub conversation_id: Uuid,
    /// What it would come to.
    pub validation: Validation,
    /// As of when.
    pub timestamp: DateTime<Utc>,
}

/// What a transition would come to.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Validation {
    /// The table accepts the event.
    pub is_valid: bool,
    /// The transition would be accepted now.
    pub can_proceed: bool,
    /// The state now.
    pub from_state: State,
    /// The state after; null when the table refuses.
    pub to_state: Option<State>,
    /// Why it would be refused.
    #[schema(nullable = false)]
    pub reason: Option<RefusalReason>,
    /// Advisory rules that do not hold.
    pub warnings: Vec<Warning>,
    /// What would make the failed required rules hold.
    pub requirements: Vec<String>,
    /// What every guarding rule says; empty when the table refuses.
    pub rules: Vec<RuleReport>,
}

/// What one rule says.
#[derive(Debug, ToSchema)]
pub struct RuleReport {
    /// Which.
    pub id: String,
    /// It stops, or only warns.
    pub required: bool,
    /// It holds.
    pub passed: bool,
    /// The value seen.
    pub actual: Measured,
    /// The value needed.
    pub expected: Measured,
    /// What it says, in a sentence.
    pub message: String,
    /// What would make it hold; empty when it does.
    pub fix: String,
}

/// A message that was recorded, and what followed from it.
#[derive(Debug, ToSchema)]
pub struct Processed {
    /// Always true.
    pub success: bool,
    /// The message; of a duplicate the one stored before.
    pub message: Message,
    /// Where the conversation stands now.
    pub conversation: StateAndVersion,
    /// Steps that followed.
    pub transitions: Vec<Step>,
    /// Where the lead stands now.
    pub journey: Reached,
    /// It was stored before: nothing followed.
    pub duplicate: bool,
    /// When.
    pub timestamp: DateTime<Utc>,
}

/// Where a conversation stands.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct StateAndVersion {
    /// Its state.
    pub current_state: State,
    /// Accepted events.
    pub version: u64,
}

/// A step of a conversation.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Step {
    /// The state before.
    pub from_state: State,
    /// The state after.
    pub new_state: State,
    /// What happened.
    pub event: Event,
    /// The version after.
    pub version: u64,
}

/// Where a lead stands.
#[derive(Debug, ToSchema)]
pub struct Reached {
    /// The current stage.
    pub stage: Option<Stage>,
    /// Its progress in percent; 0 without one.
    pub progress: Score,
    /// Stages entered just now.
    pub entered: Vec<Stage>,
}

/// An integration event that was stored.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Integrated {
    /// Always true.
    pub success: bool,
    /// The event.
    pub event: IntegratedEvent,
    /// What it came to.
    pub outcome: IntegrationOutcome,
    /// The state after.
    pub new_state: State,
    /// Why it was ignored: `duplicate`, `inbound_message`, or the code a transition would be refused with.
    #[schema(nullable = false)]
    pub reason: Option<String>,
    /// When.
    pub timestamp: DateTime<Utc>,
}

/// An integration event.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct IntegratedEvent {
    /// What happened.
    #[schema(rename = "type")]
    pub kind: IntegrationType,
    /// Which system says so.
    pub source: String,
    /// The conversation.
    pub conversation_id: Uuid,
    /// Its lead.
    pub lead_id: Uuid,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// As given.
    pub metadata: Option<FreeObject>,
}

/// A conversation that was taken over.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct TakenOver {
    /// Always true.
    pub success: bool,
    /// The conversation.
    pub conversation_id: Uuid,
    /// The state after.
    pub new_state: State,
    /// The version after.
    pub version: u64,
    /// The agent who has it.
    pub assigned_agent_id: Uuid,
    /// Steps that led there.
    pub transitions: Vec<TakeOverStep>,
    /// Advisory rules that do not hold.
    pub warnings: Vec<Warning>,
    /// When.
    pub timestamp: DateTime<Utc>,
}

/// A step on the way to an agent.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct TakeOverStep {
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
    /// Required rules that did not hold, but did not have to.
    pub waived: Vec<String>,
}

/// A conversation that sleeps, or is awake.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Snoozed {
    /// Always true.
    pub success: bool,
    /// The conversation.
    pub conversation_id: Uuid,
    /// It sleeps until then; null when it is awake.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// Its state, which stays.
    pub current_state: State,
    /// Accepted events, which stay.
    pub version: u64,
    /// When.
    pub timestamp: DateTime<Utc>,
}

/// A rule, and the events it guards.
#[derive(Debug, ToSchema)]
pub struct Rule {
    /// Which.
    pub id: String,
    /// It stops, or only warns.
    pub required: bool,
    /// Events it guards somewhere.
    pub events: Vec<Event>,
}
