//! What a decision means for the lead's journey, and for the facts since its newest set-back.

use std::borrow::Cow;

use super::Draft;
use crate::change::{Change, Decision};
use crate::conversation::{Conversation, Since};
use crate::stages::{Sums, View, lift, since};
use crate::tally::{Absorbed, Tally, counts_since};
use crate::vocabulary::Stage;
use crate::{Key, Time};

impl<'a, K: Key> Draft<'a, K> {
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
        let Some(after) = self.set_back else {
            return Ok((by_all, by_all));
        };
        let own = self.own_since(after);
        let of_own = own.as_deref().map(Cow::Borrowed).map_err(Clone::clone);
        let by_current = self.sums(of_own, |sibling| {
            since(sibling, after, self.snapshot.history(&sibling.id))
                .ok_or_else(|| sibling.id.clone())
        })?;
        let by_current = by_current.stage(self.policy);
        if let Ok(tally) = own
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
    fn own_since(&self, after: Time) -> Result<Cow<'a, Tally<K>>, K> {
        let conversation = self.snapshot.conversation;
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
            let Some(message) = self.message.filter(|message| counts_since(after, message)) else {
                return Ok(Cow::Borrowed(&since.tally));
            };
            let mut tally = since.tally.clone();
            if tally.absorb(message) == Absorbed::Done {
                return Ok(Cow::Owned(tally));
            }
        }
        let history = self
            .snapshot
            .history(&conversation.id)
            .ok_or_else(|| conversation.id.clone())?;
        let fresh = self.message.map(|message| &message.id);
        let others = history.iter().filter(|other| Some(&other.id) != fresh);
        Ok(Cow::Owned(Tally::recompute_since(
            after,
            others.chain(self.message),
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
        // A lift by something that is not later than the set-back concerns the highest stage only.
        let stands = |at: Time| self.set_back.is_none_or(|set_back| at > set_back);
        let lifting = |stage: Stage, current: bool| {
            let mut lifts = self.lifts.iter().filter(|(_, at)| !current || stands(*at));
            lifts
                .find(|(state, _)| lift(*state) >= Some(stage))
                .map(|(state, _)| *state)
        };
        let mut current = lead.journey.current;
        let mut changes = Vec::new();
        if self.set_back > lead.set_back_at()
            && let Some(from) = current
        {
            let lifted = lead
                .journey
                .lifted
                .iter()
                .filter(|(_, at)| stands(**at))
                .map(|(stage, _)| *stage)
                .max();
            let to = by_current.max(lifted).unwrap_or(Stage::ColdLead);
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
