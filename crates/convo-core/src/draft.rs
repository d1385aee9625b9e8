//! A decision in the making: the snapshot with the changes made so far.
//!
//! Only what later steps look at is kept beside the changes, so that a draft copies next to nothing.

mod journey;

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::change::{Cause, Change, Decision, Step, TriggeredBy, Warning};
use crate::email::EmailFacts;
use crate::lead::LeadFactKind;
use crate::machine::{Cell, Event, State, cell};
use crate::policy::Policy;
use crate::rules::{Finding, Rule, RuleContext, RuleId, RuleKind, Rules};
use crate::scoring::{ScoreInput, engagement};
use crate::snapshot::Snapshot;
use crate::tally::{MessageFact, Tally};
use crate::{Key, Time};

/// How an event is taken.
pub(crate) struct Taking<'a, K> {
    pub event: Event,
    pub cause: Cause<K>,
    pub implied_by: Option<K>,
    pub triggered_by: TriggeredBy,
    /// The agent named for it.
    pub agent: Option<&'a K>,
    /// Take it although required rules do not hold, `agent_assignment` excepted.
    pub waive: bool,
}

impl<'a, K: Key> Taking<'a, K> {
    /// An event that Convo takes by itself.
    pub(crate) fn system(event: Event, cause: Cause<K>) -> Self {
        Self {
            event,
            cause,
            implied_by: None,
            triggered_by: TriggeredBy::System,
            agent: None,
            waive: false,
        }
    }
}

/// Why an event was not taken.
pub(crate) enum Refused {
    /// The table refuses it.
    Table,
    /// Required rules do not hold.
    Rules(Vec<(RuleId, Finding)>),
}

pub(crate) struct Draft<'a, K: Key> {
    pub snapshot: &'a Snapshot<'a, K>,
    pub rules: &'a Rules<K>,
    pub policy: &'a Policy,
    pub now: Time,
    pub state: State,
    pub version: u64,
    pub agent: Option<&'a K>,
    pub replied_seq: Option<u64>,
    pub tally: Cow<'a, Tally<K>>,
    pub email: EmailFacts,
    pub set_back: Option<Time>,
    pub opted_out_at: Option<Time>,
    /// The message being observed; a history does not have it, or has it as it was before.
    pub message: Option<&'a MessageFact<K>>,
    pub decision: Decision<K>,
    /// States moved to, with the own time of what made it.
    lifts: Vec<(State, Time)>,
}

impl<'a, K: Key> Draft<'a, K> {
    pub(crate) fn new(
        snapshot: &'a Snapshot<'a, K>,
        rules: &'a Rules<K>,
        policy: &'a Policy,
        now: Time,
    ) -> Self {
        let conversation = snapshot.conversation;
        Self {
            snapshot,
            rules,
            policy,
            now,
            state: conversation.state,
            version: conversation.version,
            agent: conversation.agent.as_ref(),
            replied_seq: conversation.replied_seq,
            tally: Cow::Borrowed(&conversation.tally),
            email: conversation.email,
            set_back: snapshot.lead.set_back_at(),
            opted_out_at: snapshot.lead.opted_out_at(),
            message: None,
            decision: Decision {
                changes: Vec::with_capacity(8),
                ..Decision::default()
            },
            lifts: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, change: Change<K>) {
        self.decision.changes.push(change);
    }

    /// True when an agent owns the conversation as it stands now.
    pub(crate) fn is_owned(&self) -> bool {
        self.agent.is_some() && self.state.is_open()
    }

    pub(crate) fn engagement(&self) -> u8 {
        let completeness = self.snapshot.lead.completeness;
        engagement(
            &ScoreInput {
                tally: &self.tally,
                email: &self.email,
                completeness,
            },
            self.policy,
            self.now,
        )
    }

    /// What every rule that guards `event` here says.
    pub(crate) fn check<'r>(
        &'r self,
        event: Event,
        agent: Option<&'r K>,
    ) -> Vec<(&'r dyn Rule<K>, Finding)> {
        let context = RuleContext {
            conversation: self.snapshot.conversation,
            lead: self.snapshot.lead,
            state: self.state,
            event,
            tally: &self.tally,
            email: &self.email,
            replied_seq: self.replied_seq,
            agent_id: agent.or(self.agent),
            agent: self.snapshot.agent,
            policy: self.policy,
            now: self.now,
            scores: OnceCell::new(),
        };
        self.rules
            .guarding(event, self.state)
            .map(|rule| (rule, rule.check(&context)))
            .collect()
    }

    /// Takes an event if the table and the rules let it.
    pub(crate) fn take(&mut self, taking: Taking<'a, K>) -> Result<(), Refused> {
        let to = match cell(self.state, taking.event) {
            Cell::Refused => return Err(Refused::Table),
            Cell::Recorded => self.state,
            Cell::To(to) => to,
        };
        let (waived, warnings) = self.ask(&taking)?;
        let from = std::mem::replace(&mut self.state, to);
        self.version = self.version.saturating_add(1);
        if taking.event == Event::LeadReplied {
            self.replied_seq = Some(self.tally.stored_reply.map_or(0, |reply| reply.seq));
        }
        // A message that overtook an older one has a share in what that one makes possible.
        let caused_at = match (&taking.cause, self.message) {
            (Cause::Message(_), Some(message)) => self
                .tally
                .last_reply_at()
                .map_or(message.at, |reply| reply.max(message.at)),
            _ => self.now,
        };
        if from != to {
            self.lifts.push((to, caused_at));
        }
        self.push(Change::Transitioned(Step {
            event: taking.event,
            from,
            to,
            version: self.version,
            at: self.now,
            caused_at,
            cause: taking.cause,
            implied_by: taking.implied_by,
            triggered_by: taking.triggered_by,
            waived,
            warnings,
        }));
        if !from.is_open() && to.is_open() {
            self.push(Change::OutcomeSet {
                outcome: None,
                follow_up_at: None,
            });
        }
        Ok(())
    }

    /// Asks the rules: those waived and those that warn, or those that refuse.
    fn ask(&mut self, taking: &Taking<'a, K>) -> Result<(Vec<RuleId>, Vec<RuleId>), Refused> {
        let (mut unmet, mut waived, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
        for (rule, finding) in self.check(taking.event, taking.agent) {
            let (id, kind) = (rule.id(), rule.kind());
            let required = kind == RuleKind::Required;
            if !finding.passed && required {
                if taking.waive && id != RuleId::AGENT_ASSIGNMENT {
                    waived.push(id);
                } else {
                    unmet.push((id, finding));
                }
            } else if let Some(message) = warning(finding) {
                warnings.push(Warning { rule: id, message });
            }
        }
        if !unmet.is_empty() {
            return Err(Refused::Rules(unmet));
        }
        let ids = warnings
            .iter()
            .map(|warning| warning.rule.clone())
            .collect();
        self.decision.warnings.extend(warnings);
        Ok((waived, ids))
    }

    /// Notes a fact about the lead, if it is newer than what is known.
    pub(crate) fn lead_fact(&mut self, kind: LeadFactKind, at: Time) {
        let known = self.snapshot.lead.facts.get(&kind).copied();
        if kind != LeadFactKind::SoftBounce && known.is_some_and(|known| known >= at) {
            return;
        }
        self.push(Change::LeadFact { kind, at });
        if kind.sets_back() {
            self.set_back = self.set_back.max(Some(at));
        }
        if matches!(
            kind,
            LeadFactKind::OptOut | LeadFactKind::Unsubscribed | LeadFactKind::Complaint
        ) {
            self.opted_out_at = self.opted_out_at.max(Some(at));
        }
    }
}

/// What an advisory rule that does not hold, or a rule that holds but warns, has to say.
fn warning(finding: Finding) -> Option<String> {
    if finding.passed {
        return finding.warning.map(Into::into);
    }
    Some(finding.message.into_owned())
}
