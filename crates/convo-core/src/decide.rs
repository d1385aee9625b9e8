//! The door for what is asked for: it may refuse, and the refusal says why.
//!
//! [`validate`] asks the same questions of the same snapshot through the same code and changes nothing, so
//! the two cannot disagree.
//!
//! Decisions where several readings are possible:
//! - Which refusal wins: version conflict, conflict with another open conversation, the table, the rules.
//! - Reopening clears the outcome; closing without one keeps an outcome set before, else it is `other`.
//! - An outcome may be set in any state; it is corrected without an event.

mod refusal;
mod validate;

use crate::change::{Cause, Change, Decision, TriggeredBy};
use crate::conversation::Integration;
use crate::draft::{Draft, Refused, Taking};
use crate::machine::{Event, State, allowed_events};
use crate::policy::Policy;
use crate::rules::Rules;
use crate::snapshot::Snapshot;
use crate::vocabulary::{HoldReason, Outcome};
use crate::{Key, Time};

pub use refusal::{Refusal, Unmet};
pub use validate::{RuleReport, Validation, validate};

/// An event asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger<K> {
    /// The event.
    pub event: Event,
    /// `metadata.agentId`.
    pub agent: Option<K>,
    /// `metadata.outcome`.
    pub outcome: Option<Outcome>,
    /// `metadata.followUpAt`.
    pub follow_up_at: Option<Time>,
    /// The version the client saw.
    pub expected_version: Option<u64>,
    /// What makes it be asked.
    pub cause: Cause<K>,
    /// Who asks.
    pub triggered_by: TriggeredBy,
}

impl<K> Trigger<K> {
    /// An event that a user asks for, with nothing else given.
    #[must_use]
    pub fn new(event: Event) -> Self {
        Self {
            event,
            agent: None,
            outcome: None,
            follow_up_at: None,
            expected_version: None,
            cause: Cause::Request,
            triggered_by: TriggeredBy::User,
        }
    }
}

/// Something asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request<K> {
    /// Take this event.
    Trigger(Trigger<K>),
    /// Give the conversation to this agent now, whatever is missing; required rules other than
    /// `agent_assignment` are waived, and each waived one is recorded.
    TakeOver {
        /// Who takes it.
        agent: K,
        /// The version the client saw.
        expected_version: Option<u64>,
    },
    /// Correct how it ended.
    SetOutcome {
        /// The outcome.
        outcome: Outcome,
        /// When to write again.
        follow_up_at: Option<Time>,
    },
    /// The owner gives it back; the state stays.
    Release,
    /// Hold automation.
    Hold {
        /// Why.
        reason: HoldReason,
    },
    /// Lift a hold of automation.
    ReleaseHold {
        /// Which.
        reason: HoldReason,
    },
    /// Let automation sleep; none wakes it.
    Snooze {
        /// Until when.
        until: Option<Time>,
    },
    /// Switch on or off what Convo does by itself.
    Integrate(Integration),
}

/// Decides a request.
///
/// # Errors
/// A [`Refusal`]; nothing changes then.
pub fn decide<K: Key>(
    snapshot: &Snapshot<'_, K>,
    request: &Request<K>,
    rules: &Rules<K>,
    policy: &Policy,
    now: Time,
) -> Result<Decision<K>, Refusal<K>> {
    let mut draft = Draft::new(snapshot, rules, policy, now);
    match request {
        Request::Trigger(asked) => trigger(&mut draft, asked)?,
        Request::TakeOver {
            agent,
            expected_version,
        } => take_over(&mut draft, agent, *expected_version)?,
        Request::SetOutcome {
            outcome,
            follow_up_at,
        } => {
            draft.push(Change::OutcomeSet {
                outcome: Some(*outcome),
                follow_up_at: *follow_up_at,
            });
            return Ok(draft.decision);
        }
        Request::Release => {
            let agent = draft.agent.ok_or(Refusal::NotOwned)?;
            draft.push(Change::AgentReleased {
                agent: agent.clone(),
            });
            draft.push(Change::ClockRestarted { at: now });
            return Ok(draft.decision);
        }
        Request::Hold { reason } => {
            draft.push(Change::HoldSet {
                reason: *reason,
                at: now,
                message: None,
            });
            return Ok(draft.decision);
        }
        Request::ReleaseHold { reason } => {
            let holds = &snapshot.conversation.holds;
            if holds.contains_key(reason) {
                draft.push(Change::HoldCleared { reason: *reason });
                if holds.len() == 1 {
                    draft.push(Change::ClockRestarted { at: now });
                }
            }
            return Ok(draft.decision);
        }
        Request::Snooze { until } => {
            snooze(&mut draft, until.filter(|until| *until > now))?;
            return Ok(draft.decision);
        }
        Request::Integrate(integration) => {
            draft.push(Change::IntegrationSet(*integration));
            return Ok(draft.decision);
        }
    }
    Ok(draft.finish())
}

/// What must hold before the table and the rules are asked.
fn precondition<K: Key>(
    draft: &Draft<'_, K>,
    event: Event,
    expected: Option<u64>,
) -> Result<(), Refusal<K>> {
    if expected.is_some_and(|expected| expected != draft.version) {
        return Err(Refusal::VersionConflict {
            current: draft.version,
        });
    }
    let reopens = draft.state == State::Closed && event == Event::LeadReplied;
    match draft.snapshot.other_open {
        Some(other) if reopens => Err(Refusal::Conflict {
            open: other.clone(),
        }),
        _ => Ok(()),
    }
}

/// A time that is past wakes as none does; only what is open can sleep.
fn snooze<K: Key>(draft: &mut Draft<'_, K>, until: Option<Time>) -> Result<(), Refusal<K>> {
    if until.is_some() && !draft.state.is_open() {
        return Err(Refusal::NotOpen);
    }
    if draft.snapshot.conversation.snoozed_until == until {
        return Ok(());
    }
    draft.push(Change::Snoozed { until });
    if until.is_none() {
        draft.push(Change::ClockRestarted { at: draft.now });
    }
    Ok(())
}

fn trigger<'a, K: Key>(draft: &mut Draft<'a, K>, asked: &'a Trigger<K>) -> Result<(), Refusal<K>> {
    precondition(draft, asked.event, asked.expected_version)?;
    let from = draft.state;
    let taking = Taking {
        event: asked.event,
        cause: asked.cause.clone(),
        implied_by: None,
        triggered_by: asked.triggered_by,
        agent: asked.agent.as_ref(),
        waive: false,
    };
    draft
        .take(taking)
        .map_err(|refused| refusal(from, asked.event, refused))?;
    match asked.event {
        Event::HumanAgentAssigned => assign(draft, asked.agent.as_ref()),
        Event::ConversationCompleted | Event::ConversationAbandoned => {
            let known = draft.snapshot.conversation.outcome;
            let outcome = asked.outcome.or(known).or(Some(Outcome::Other));
            let follow_up_at = asked
                .follow_up_at
                .or(draft.snapshot.conversation.follow_up_at);
            draft.push(Change::OutcomeSet {
                outcome,
                follow_up_at,
            });
        }
        _ => {}
    }
    Ok(())
}

fn take_over<'a, K: Key>(
    draft: &mut Draft<'a, K>,
    agent: &'a K,
    expected: Option<u64>,
) -> Result<(), Refusal<K>> {
    precondition(draft, Event::HumanAgentAssigned, expected)?;
    let asked_in = draft.state;
    if !asked_in.is_open() {
        return Err(refusal(asked_in, Event::HumanAgentAssigned, Refused::Table));
    }
    loop {
        let event = match draft.state {
            State::New => Event::FirstEmailSent,
            State::Active => Event::LeadReplied,
            State::Engaged => Event::QualificationCriteriaMet,
            State::Qualified => Event::HandoverRequested,
            State::ReadyForHandover | State::HandedOver | State::Closed | State::Archived => {
                Event::HumanAgentAssigned
            }
        };
        let taking = Taking {
            event,
            cause: Cause::TakeOver,
            implied_by: None,
            triggered_by: TriggeredBy::User,
            agent: Some(agent),
            waive: true,
        };
        let from = draft.state;
        draft
            .take(taking)
            .map_err(|refused| refusal(from, event, refused))?;
        if event == Event::HumanAgentAssigned {
            assign(draft, Some(agent));
            return Ok(());
        }
    }
}

fn assign<'a, K: Key>(draft: &mut Draft<'a, K>, agent: Option<&'a K>) {
    if let Some(agent) = agent.or(draft.agent) {
        draft.agent = Some(agent);
        draft.push(Change::AgentAssigned {
            agent: agent.clone(),
        });
    }
}

fn refusal<K: Key>(from: State, event: Event, refused: Refused) -> Refusal<K> {
    match refused {
        Refused::Table => Refusal::InvalidTransition {
            from,
            event,
            allowed: allowed_events(from).collect(),
        },
        Refused::Rules(unmet) => Refusal::RulesNotMet {
            unmet: unmet
                .into_iter()
                .map(|(rule, finding)| Unmet::of(rule, finding))
                .collect(),
        },
    }
}
