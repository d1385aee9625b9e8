//! What can change, and what a decision is made of.
//!
//! `after = changes.fold(before, apply)`, for the conversation and for the lead: each takes the changes that
//! concern it and leaves the others alone.

use serde::{Deserialize, Serialize};

use crate::conversation::{Integration, Since};
use crate::email::EmailFacts;
use crate::handover::HandoverFacts;
use crate::lead::LeadFactKind;
use crate::machine::{Event, State};
use crate::rules::RuleId;
use crate::stages::lift;
use crate::tally::{MessageFact, Tally};
use crate::vocabulary::{
    FlagCode, HoldReason, Milestone, Outcome, Stage, SuppressionReason, SuppressionScope,
    SuppressionSource,
};
use crate::{Key, Time};

/// What made an event be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause<K> {
    /// A stored message.
    Message(K),
    /// A provider event.
    ProviderEvent(K),
    /// A timer.
    Timer,
    /// Somebody asked for it.
    Request,
    /// An agent took the conversation over.
    TakeOver,
}

/// Who triggered an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggeredBy {
    /// Convo itself.
    System,
    /// Whoever asked; the caller knows the name.
    User,
}

/// One accepted event: one audit row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step<K> {
    /// The event.
    pub event: Event,
    /// State before.
    pub from: State,
    /// State after; the same for a recorded event.
    pub to: State,
    /// Version after.
    pub version: u64,
    /// When it was decided.
    pub at: Time,
    /// Own time of what made it be taken: the message's, or `at`.
    pub caused_at: Time,
    /// What made it be taken.
    pub cause: Cause<K>,
    /// The message that implied it, when nobody reported it.
    pub implied_by: Option<K>,
    /// Who triggered it.
    pub triggered_by: TriggeredBy,
    /// Required rules that did not hold and were waived.
    pub waived: Vec<RuleId>,
    /// Rules that warned.
    pub warnings: Vec<RuleId>,
}

/// An address or a lead may not be written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression<K> {
    /// Why.
    pub reason: SuppressionReason,
    /// How far it reaches.
    pub scope: SuppressionScope,
    /// Who told us.
    pub source: SuppressionSource,
    /// Own time of the fact.
    pub at: Time,
    /// The message it came from, if there is one.
    pub message: Option<K>,
}

/// One thing that changes in a conversation or its lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(deserialize = "K: Deserialize<'de>"))]
#[serde(rename_all = "snake_case")]
pub enum Change<K> {
    /// Conversation: an event was accepted.
    Transitioned(Step<K>),
    /// Conversation: a message's codes are part of the facts now.
    MessageAbsorbed(Box<MessageFact<K>>),
    /// Conversation: its facts were folded again.
    TallyReplaced(Box<Tally<K>>),
    /// Conversation: its facts since the lead's newest set-back were folded again.
    SinceReplaced(Box<Since<K>>),
    /// Conversation: provider facts.
    EmailFacts(Box<EmailFacts>),
    /// Conversation: a flag, or a newer fact behind it.
    FlagSet {
        /// Which.
        code: FlagCode,
        /// Own time of the newest fact.
        at: Time,
        /// The message, if there is one.
        message: Option<K>,
    },
    /// Conversation: automation is held.
    HoldSet {
        /// Why.
        reason: HoldReason,
        /// Own time of the fact.
        at: Time,
        /// The message, if there is one.
        message: Option<K>,
    },
    /// Conversation: a hold was lifted.
    HoldCleared {
        /// Which.
        reason: HoldReason,
    },
    /// Conversation: an agent owns it now.
    AgentAssigned {
        /// Who.
        agent: K,
    },
    /// Conversation: nobody owns it now.
    AgentReleased {
        /// Who did.
        agent: K,
    },
    /// Conversation: how far its handover is.
    Handover(Box<HandoverFacts<K>>),
    /// Conversation: how it ended; none when it reopens.
    OutcomeSet {
        /// The outcome.
        outcome: Option<Outcome>,
        /// When to write again.
        follow_up_at: Option<Time>,
    },
    /// Conversation: automation sleeps; none wakes it.
    Snoozed {
        /// Until when.
        until: Option<Time>,
    },
    /// Conversation: what is switched on in it.
    IntegrationSet(Integration),
    /// Conversation: the lead is away; none: it is back.
    AwayUntil {
        /// Until when.
        until: Option<Time>,
        /// Own time of the mail that says so.
        said: Time,
    },
    /// Conversation: its clocks count from then at the earliest.
    ClockRestarted {
        /// When what stopped them ended.
        at: Time,
    },
    /// Conversation: we were alerted that the lead waits for an answer.
    ReplyAlerted {
        /// Own time of the oldest reply that nobody answered.
        waits_since: Time,
        /// The newest reply.
        message: K,
    },
    /// Conversation: the time to write again was brought up.
    FollowUpRaised {
        /// That time.
        at: Time,
    },
    /// Ledger: a suppression; repeated with every such fact, so storing it must be idempotent.
    Suppressed(Suppression<K>),
    /// Lead: newest opt-out, complaint, bounce or silence.
    LeadFact {
        /// Which.
        kind: LeadFactKind,
        /// Its own time.
        at: Time,
    },
    /// Lead: a stage was entered; one row of the journey.
    StageEntered {
        /// Which.
        stage: Stage,
        /// When.
        at: Time,
        /// It is the current stage now.
        current: bool,
        /// It is the highest stage now.
        highest: bool,
        /// The state that lifted the lead, when its own criteria did not.
        lifted_by: Option<State>,
        /// The conversation that made it.
        conversation: K,
    },
    /// Lead: the current stage fell after a set-back; one row of the journey.
    StageFell {
        /// The stage left.
        from: Stage,
        /// The stage now.
        to: Option<Stage>,
        /// When.
        at: Time,
        /// The conversation that made it.
        conversation: K,
    },
    /// Lead: a milestone, once.
    MilestoneReached {
        /// Which.
        milestone: Milestone,
        /// When.
        at: Time,
        /// The conversation that made it.
        conversation: K,
    },
}

impl<K> Change<K> {
    /// Whether it changes what is known of the lead.
    #[must_use]
    pub fn is_of_lead(&self) -> bool {
        match self {
            Self::LeadFact { .. }
            | Self::StageEntered { .. }
            | Self::StageFell { .. }
            | Self::MilestoneReached { .. } => true,
            Self::Transitioned(step) => step.from != step.to && lift(step.to).is_some(),
            Self::MessageAbsorbed(_)
            | Self::TallyReplaced(_)
            | Self::SinceReplaced(_)
            | Self::EmailFacts(_)
            | Self::FlagSet { .. }
            | Self::HoldSet { .. }
            | Self::HoldCleared { .. }
            | Self::AgentAssigned { .. }
            | Self::AgentReleased { .. }
            | Self::Handover(_)
            | Self::OutcomeSet { .. }
            | Self::Snoozed { .. }
            | Self::IntegrationSet(_)
            | Self::AwayUntil { .. }
            | Self::ClockRestarted { .. }
            | Self::ReplyAlerted { .. }
            | Self::FollowUpRaised { .. }
            | Self::Suppressed(_) => false,
        }
    }
}

/// Something to know that stopped nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// The rule that warns.
    pub rule: RuleId,
    /// What it says.
    pub message: String,
}

/// What follows from an observation or a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision<K> {
    /// What changes, in order.
    pub changes: Vec<Change<K>>,
    /// What to know.
    pub warnings: Vec<Warning>,
    /// Conversations whose history must be in the snapshot before this can be decided; when not empty,
    /// nothing was decided.
    pub needs_history: Vec<K>,
}

impl<K> Default for Decision<K> {
    fn default() -> Self {
        Self {
            changes: Vec::new(),
            warnings: Vec::new(),
            needs_history: Vec::new(),
        }
    }
}

impl<K: Key> Decision<K> {
    /// The accepted events, in order.
    pub fn steps(&self) -> impl Iterator<Item = &Step<K>> {
        self.changes.iter().filter_map(|change| match change {
            Change::Transitioned(step) => Some(step),
            _ => None,
        })
    }
}
