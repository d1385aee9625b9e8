//! A decision in the making: the snapshot with the changes made so far.
//!
//! Only what later steps look at is kept beside the changes, so that a draft copies next to nothing.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::change::{Cause, Change, Decision, Step, TriggeredBy, Warning};
use crate::conversation::{Conversation, Since};
use crate::email::EmailFacts;
use crate::lead::LeadFactKind;
use crate::machine::{Cell, Event, State, cell};
use crate::policy::Policy;
use crate::rules::{Finding, Rule, RuleContext, RuleId, RuleKind, Rules};
use crate::scoring::{ScoreInput, engagement};
use crate::snapshot::Snapshot;
use crate::stages::{Sums, View, lift, since};
use crate::tally::{Absorbed, MessageFact, Tally, counts_since};
use crate::vocabulary::Stage;
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
    /// The message being observed; not part of any history.
    pub message: Option<&'a MessageFact<K>>,
    pub decision: Decision<K>,
    lifts: Vec<(State, bool)>,
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
            decision: Decision::default(),
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
        if from != to {
            self.lifts.push((to, self.lifts_current(&taking.cause)));
        }
        self.push(Change::Transitioned(Step {
            event: taking.event,
            from,
            to,
            version: self.version,
            at: self.now,
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

    fn lifts_current(&self, cause: &Cause<K>) -> bool {
        match (cause, self.message, self.set_back) {
            (Cause::Message(_), Some(message), Some(set_back)) => message.at > set_back,
            _ => true,
        }
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

    /// The decision with what it means for the lead's journey.
    pub(crate) fn finish(mut self) -> Decision<K> {
        match self.goals() {
            Ok((by_all, by_current)) => {
                self.journey(by_all, by_current);
                self.decision
            }
            Err(needs_history) => Decision {
                needs_history,
                ..Decision::default()
            },
        }
    }

    /// The stages whose criteria hold: over all replies, and over those since the newest set-back.
    fn goals(&mut self) -> Result<(Option<Stage>, Option<Stage>), Vec<K>> {
        let by_all = self.sums(Ok(Cow::Borrowed(&*self.tally)), |sibling| {
            Ok(Cow::Borrowed(&sibling.tally))
        })?;
        let by_all = by_all.stage(self.policy);
        if self.set_back.is_none() {
            return Ok((by_all, by_all));
        }
        let own = self.own_since();
        let by_current = self.sums(
            own.as_deref().map(Cow::Borrowed).map_err(Clone::clone),
            |sibling| {
                since(sibling, self.set_back, self.snapshot.history(&sibling.id))
                    .ok_or_else(|| sibling.id.clone())
            },
        )?;
        let by_current = by_current.stage(self.policy);
        if let (Ok(tally), Some(after)) = (own, self.set_back)
            && self.is_rebased(after)
        {
            let since = Box::new(Since {
                after,
                tally: tally.into_owned(),
            });
            self.decision.changes.push(Change::SinceReplaced(since));
        }
        Ok((by_all, by_current))
    }

    fn sums<'s>(
        &'s self,
        own: Result<Cow<'s, Tally<K>>, K>,
        of_sibling: impl Fn(&'s Conversation<K>) -> Result<Cow<'s, Tally<K>>, K>,
    ) -> Result<Sums, Vec<K>> {
        let mut needs = Vec::new();
        let mut views = Vec::with_capacity(1 + self.snapshot.siblings.len());
        match own {
            Ok(tally) => views.push(View::new(tally, &self.email, self.state.is_open())),
            Err(id) => needs.push(id),
        }
        for &sibling in self.snapshot.siblings {
            match of_sibling(sibling) {
                Ok(tally) => views.push(View::new(tally, &sibling.email, sibling.state.is_open())),
                Err(id) => needs.push(id),
            }
        }
        if needs.is_empty() {
            Ok(Sums::over(
                views,
                self.snapshot.lead.completeness,
                self.policy,
                self.now,
            ))
        } else {
            Err(needs)
        }
    }

    /// Facts of this conversation since the newest set-back; its id when that needs its history.
    fn own_since(&self) -> Result<Cow<'a, Tally<K>>, K> {
        let conversation = self.snapshot.conversation;
        let Some(message) = self.message else {
            let history = self.snapshot.history(&conversation.id);
            return since(conversation, self.set_back, history)
                .ok_or_else(|| conversation.id.clone());
        };
        let Some(after) = self.set_back else {
            return Ok(self.tally.clone());
        };
        if self
            .tally
            .last_reply_at()
            .is_none_or(|reply| reply <= after)
        {
            return Ok(Cow::Owned(self.tally.without_replies()));
        }
        if self
            .tally
            .first_reply
            .as_ref()
            .is_some_and(|reply| reply.at > after)
        {
            return Ok(self.tally.clone());
        }
        if !self.is_rebased(after)
            && let Some(since) = &conversation.since
        {
            let mut tally = since.tally.clone();
            if !counts_since(after, message) || tally.absorb(message) == Absorbed::Done {
                return Ok(Cow::Owned(tally));
            }
        }
        let history = self
            .snapshot
            .history(&conversation.id)
            .ok_or_else(|| conversation.id.clone())?;
        Ok(Cow::Owned(Tally::recompute_since(
            after,
            history.iter().chain([message]),
        )))
    }

    /// True when the stored facts since the set-back are to be replaced, not only moved on by the message.
    fn is_rebased(&self, after: Time) -> bool {
        let refolded = self
            .decision
            .changes
            .iter()
            .any(|change| matches!(change, Change::TallyReplaced(_)));
        refolded
            || self
                .snapshot
                .conversation
                .since
                .as_ref()
                .is_none_or(|since| since.after != after)
    }

    fn journey(&mut self, by_all: Option<Stage>, by_current: Option<Stage>) {
        let (lead, conversation) = (self.snapshot.lead, &self.snapshot.conversation.id);
        let lifting = |stage: Stage, current: bool| {
            let mut lifts = self
                .lifts
                .iter()
                .filter(|(_, lifts_current)| *lifts_current || !current);
            lifts
                .find(|(state, _)| lift(*state) >= Some(stage))
                .map(|(state, _)| *state)
        };
        let mut current = lead.journey.current;
        let mut changes = Vec::new();
        if self.set_back > lead.set_back_at()
            && let Some(from) = current
        {
            let to = by_current.unwrap_or(Stage::ColdLead);
            if to < from {
                current = Some(to);
                changes.push(Change::StageFell {
                    from,
                    to: current,
                    at: self.now,
                    conversation: conversation.clone(),
                });
            }
        }
        for &stage in Stage::ALL {
            let enters = Some(stage) > current
                && (Some(stage) <= by_current || lifting(stage, true).is_some());
            let holds = Some(stage) <= by_all || lifting(stage, false).is_some();
            let rises = Some(stage) > lead.journey.highest && (holds || enters);
            if !enters && !rises {
                continue;
            }
            let by_criteria = if enters { by_current } else { by_all };
            changes.push(Change::StageEntered {
                stage,
                at: self.now,
                current: enters,
                highest: rises,
                lifted_by: lifting(stage, enters).filter(|_| Some(stage) > by_criteria),
                conversation: conversation.clone(),
            });
            let milestone = stage.milestone();
            if rises && !lead.journey.milestones.contains_key(&milestone) {
                changes.push(Change::MilestoneReached {
                    milestone,
                    at: self.now,
                    conversation: conversation.clone(),
                });
            }
        }
        self.decision.changes.append(&mut changes);
    }
}

/// What an advisory rule that does not hold, or a rule that holds but warns, has to say.
fn warning(finding: Finding) -> Option<String> {
    if finding.passed {
        return finding.warning.map(Into::into);
    }
    Some(finding.message.into_owned())
}
