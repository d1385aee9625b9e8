//! One conversation with its facts: a single serde value that [`Conversation::apply`] moves on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::email::EmailFacts;
use crate::handover::HandoverFacts;
use crate::machine::{Event, State};
use crate::tally::Tally;
use crate::vocabulary::{Awaiting, FlagCode, HoldReason, Outcome};
use crate::{Key, Time};

/// Schema of the serialised value; rises when a field changes its meaning.
pub const SCHEMA: u16 = 1;

/// A mark with its time and the message it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted<K> {
    /// Own time of the newest fact behind it.
    pub at: Time,
    /// The message, if there is one.
    pub message: Option<K>,
}

/// Facts over replies later than the lead's newest set-back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(deserialize = "K: Deserialize<'de>"))]
pub struct Since<K> {
    /// Own time of the set-back.
    pub after: Time,
    /// Facts without the replies that are not later.
    pub tally: Tally<K>,
}

/// What is switched on in a conversation; everything, unless somebody switches it off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Integration {
    /// Opens and clicks are asked for, and count.
    pub tracking: bool,
    /// Handover is asked for by itself.
    pub handover: bool,
    /// What happens is told live.
    pub real_time: bool,
}

impl Default for Integration {
    fn default() -> Self {
        Self {
            tracking: true,
            handover: true,
            real_time: true,
        }
    }
}

impl Integration {
    /// True when nothing is switched off.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        *self == Self::default()
    }
}

/// One lead, at most one campaign, one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(deserialize = "K: Deserialize<'de>"))]
pub struct Conversation<K> {
    /// Schema of this value.
    pub schema: u16,
    /// Its id.
    pub id: K,
    /// Whom it is with.
    pub lead: K,
    /// The outreach it belongs to.
    pub campaign: Option<K>,
    /// The conversation it continues.
    pub previous: Option<K>,
    /// When it was made.
    pub created_at: Time,
    /// When it had the state it was imported with; none when its history began here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported_at: Option<Time>,
    /// Where it stands.
    pub state: State,
    /// Number of accepted events.
    pub version: u64,
    /// Newest accepted event and its time.
    pub last_event: Option<(Event, Time)>,
    /// The agent who owns it.
    pub agent: Option<K>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// When to write again after `not_now`.
    pub follow_up_at: Option<Time>,
    /// When it was closed; none while open.
    pub closed_at: Option<Time>,
    /// Own time of the newest mail that reopened it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reopened_at: Option<Time>,
    /// Automation sleeps until then.
    pub snoozed_until: Option<Time>,
    /// The lead is away until then, as an out-of-office said.
    pub away_until: Option<Time>,
    /// Own time of the mail that said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away_said: Option<Time>,
    /// Its clocks count from then at the earliest: the end of what stopped them, or an import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_from: Option<Time>,
    /// Own time of the oldest unanswered reply that we were last alerted of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alerted_for: Option<Time>,
    /// The follow-up time that was brought up last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub followed_up: Option<Time>,
    /// Flags, by code.
    pub flags: BTreeMap<FlagCode, Noted<K>>,
    /// Holds of automation, by reason.
    pub holds: BTreeMap<HoldReason, Noted<K>>,
    /// Order of storing of the reply that the newest LEAD_REPLIED took; 0 when it took none.
    pub replied_seq: Option<u64>,
    /// Facts over its messages.
    pub tally: Tally<K>,
    /// Facts since the lead's newest set-back; none without one: `tally` stands for both.
    pub since: Option<Since<K>>,
    /// Provider facts.
    pub email: EmailFacts,
    /// Handover facts.
    pub handover: HandoverFacts<K>,
    /// What is switched on in it.
    #[serde(default, skip_serializing_if = "Integration::is_whole")]
    pub integration: Integration,
}

impl<K: Key> Conversation<K> {
    /// A NEW conversation.
    pub fn new(id: K, lead: K, campaign: Option<K>, created_at: Time) -> Self {
        Self {
            schema: SCHEMA,
            id,
            lead,
            campaign,
            previous: None,
            created_at,
            imported_at: None,
            state: State::New,
            version: 0,
            last_event: None,
            agent: None,
            outcome: None,
            follow_up_at: None,
            closed_at: None,
            reopened_at: None,
            snoozed_until: None,
            away_until: None,
            away_said: None,
            clock_from: None,
            alerted_for: None,
            followed_up: None,
            flags: BTreeMap::new(),
            holds: BTreeMap::new(),
            replied_seq: None,
            tally: Tally::default(),
            since: None,
            email: EmailFacts::default(),
            handover: HandoverFacts::default(),
            integration: Integration::default(),
        }
    }

    /// Folds one change in; changes of the lead leave it as it is.
    pub fn apply(&mut self, change: &Change<K>) {
        match change {
            Change::Transitioned(step) => {
                self.take_step(step.event, step.to, step.version, step.at);
            }
            Change::MessageAbsorbed(fact) => {
                // The door that made this change has seen that it is not older than the newest.
                let _ = self.tally.absorb(fact);
                if let Some(since) = &mut self.since
                    && crate::tally::counts_since(since.after, fact)
                {
                    let _ = since.tally.absorb(fact);
                }
            }
            Change::TallyReplaced(tally) => self.tally = (**tally).clone(),
            Change::SinceReplaced(since) => self.since = Some((**since).clone()),
            Change::EmailFacts(facts) => self.email = **facts,
            Change::FlagSet { code, at, message } => {
                self.flags.insert(
                    *code,
                    Noted {
                        at: *at,
                        message: message.clone(),
                    },
                );
            }
            Change::HoldSet {
                reason,
                at,
                message,
            } => {
                self.holds.insert(
                    *reason,
                    Noted {
                        at: *at,
                        message: message.clone(),
                    },
                );
            }
            Change::HoldCleared { reason } => {
                self.holds.remove(reason);
            }
            Change::AgentAssigned { agent } => {
                if self.agent.as_ref() != Some(agent) {
                    self.handover.new_owner();
                }
                self.agent = Some(agent.clone());
            }
            Change::AgentReleased { .. } => {
                self.handover.new_owner();
                self.agent = None;
            }
            Change::Handover(facts) => self.handover = (**facts).clone(),
            Change::OutcomeSet {
                outcome,
                follow_up_at,
            } => {
                self.outcome = *outcome;
                self.follow_up_at = *follow_up_at;
            }
            Change::Snoozed { until } => self.snoozed_until = *until,
            Change::IntegrationSet(integration) => self.integration = *integration,
            Change::AwayUntil { until, said } => {
                self.away_until = *until;
                self.away_said = until.and(Some(*said));
            }
            Change::ClockRestarted { at } => self.clock_from = self.clock_from.max(Some(*at)),
            Change::ReplyAlerted { waits_since, .. } => self.alerted_for = Some(*waits_since),
            Change::FollowUpRaised { at } => self.followed_up = Some(*at),
            Change::Suppressed(_)
            | Change::LeadFact { .. }
            | Change::StageEntered { .. }
            | Change::StageFell { .. }
            | Change::MilestoneReached { .. } => {}
        }
    }

    fn take_step(&mut self, event: Event, to: State, version: u64, at: Time) {
        let from = self.state;
        self.state = to;
        self.version = version;
        self.last_event = Some((event, at));
        match event {
            Event::LeadReplied => {
                self.replied_seq = Some(self.tally.stored_reply.map_or(0, |reply| reply.seq));
            }
            Event::HandoverRequested => self.handover.requested_at = Some(at),
            Event::HumanAgentAssigned => {
                if from == State::ReadyForHandover {
                    // Who had it before owes the first touch of this handover too.
                    self.handover.new_owner();
                }
                self.handover.assigned_at = Some(at);
                self.handover.leave_queue();
            }
            Event::ConversationCompleted => self.handover.completed_at = Some(at),
            _ => {}
        }
        if to == State::HandedOver {
            self.handover.handed_over_at.get_or_insert(at);
        }
        if to.is_open() {
            self.closed_at = None;
        } else if from.is_open() {
            self.closed_at = Some(at);
            self.handover.leave_queue();
            self.handover.reply_due_at = None;
            self.snoozed_until = None;
        }
    }

    /// True for what happened before the state it was imported with: that state contains it already.
    #[must_use]
    pub fn is_history(&self, at: Time) -> bool {
        self.imported_at.is_some_and(|imported| at <= imported)
    }

    /// True when an agent owns it: assigned and open.
    #[must_use]
    pub fn is_owned(&self) -> bool {
        self.agent.is_some() && self.state.is_open()
    }

    /// Whose turn it is; nobody's once closed.
    #[must_use]
    pub fn awaiting(&self) -> Awaiting {
        if self.state.is_open() {
            self.tally.awaiting()
        } else {
            Awaiting::Nobody
        }
    }

    /// Newest human act of the lead: a reply, or an open or click judged human.
    #[must_use]
    pub fn last_engagement_at(&self) -> Option<Time> {
        self.tally
            .last_reply_at()
            .max(self.email.judged.last_human_at())
    }

    /// Newest human message or human-looking open or click; its making when there is none.
    #[must_use]
    pub fn last_activity_at(&self) -> Time {
        self.tally
            .last_activity_at()
            .max(self.email.judged.last_human_at())
            .unwrap_or(self.created_at)
    }

    /// Facts since the lead's newest set-back.
    #[must_use]
    pub fn since(&self) -> &Tally<K> {
        self.since
            .as_ref()
            .map_or(&self.tally, |since| &since.tally)
    }
}
