//! When a stage is entered.
//!
//! A stage holds when its own criteria and those of all stages before it hold. Replies, exchanges and signals
//! are summed over the lead's conversations; engagement and readiness are the highest among the open ones, or
//! those of the most recently active one when none is open.
//!
//! Decisions where several readings are possible:
//! - The **highest** stage follows the facts of all replies and never falls. The **current** stage follows
//!   the replies later than the newest set-back (an opt-out, complaint, hard bounce, or a no-reply timer that
//!   leaves no open conversation), and falls only when there is a newer set-back.
//! - A state lifts at its transition, as of the own time of what made it. A lift that is not later than the
//!   newest set-back concerns the highest stage only, and one that is later outlives a set-back that comes to
//!   be known afterwards: so the order of arrival does not matter.
//! - Stages are looked at after every observation and accepted request, not by the passing of time.

use std::borrow::Cow;

use crate::conversation::Conversation;
use crate::email::EmailFacts;
use crate::lead::Completeness;
use crate::machine::State;
use crate::policy::Policy;
use crate::scoring::{ScoreInput, scores};
use crate::signals::SignalClass;
use crate::tally::{MessageFact, Tally};
use crate::vocabulary::Stage;
use crate::{Key, Time};

/// What the criteria look at, over all conversations of a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// Outbound messages.
    pub sent: u32,
    /// Replies.
    pub replies: u32,
    /// Exchanges.
    pub exchanges: u32,
    /// A signal of any class was read.
    pub interest: bool,
    /// A purchase signal was read.
    pub purchase: bool,
    /// Engagement, 0–100.
    pub engagement: u8,
    /// Handover readiness, 0–100.
    pub readiness: u8,
}

/// The part of one conversation in [`Sums`].
#[derive(Debug)]
pub struct View<'a, K: Key> {
    /// Facts over its messages.
    pub tally: Cow<'a, Tally<K>>,
    /// Provider facts.
    pub email: &'a EmailFacts,
    /// It is open.
    pub open: bool,
    /// Its newest human activity.
    pub active_at: Option<Time>,
}

impl<'a, K: Key> View<'a, K> {
    /// Facts of one conversation.
    #[must_use]
    pub fn new(tally: Cow<'a, Tally<K>>, email: &'a EmailFacts, open: bool) -> Self {
        Self {
            active_at: tally.last_activity_at(),
            tally,
            email,
            open,
        }
    }

    /// A stored conversation with all its replies.
    #[must_use]
    pub fn of(conversation: &'a Conversation<K>) -> Self {
        Self::new(
            Cow::Borrowed(&conversation.tally),
            &conversation.email,
            conversation.state.is_open(),
        )
    }
}

impl Sums {
    /// Adds up the conversations of a lead.
    pub fn over<'a, K: Key + 'a>(
        views: impl IntoIterator<Item = View<'a, K>>,
        completeness: Completeness,
        policy: &Policy,
        now: Time,
    ) -> Self {
        let mut sums = Self::default();
        let mut any_open = false;
        let mut latest: Option<Option<Time>> = None;
        for view in views {
            let tally = &*view.tally;
            sums.sent = sums.sent.saturating_add(tally.sent);
            sums.replies = sums.replies.saturating_add(tally.replies);
            sums.exchanges = sums.exchanges.saturating_add(tally.exchanges);
            sums.interest |= !tally.signals.is_empty();
            sums.purchase |= tally
                .signals
                .values()
                .any(|signal| signal.class == SignalClass::Purchase);
            let score = scores(
                &ScoreInput {
                    tally,
                    email: view.email,
                    completeness,
                },
                policy,
                now,
            );
            if view.open {
                let (engagement, readiness) = if any_open {
                    (sums.engagement, sums.readiness)
                } else {
                    (0, 0)
                };
                sums.engagement = engagement.max(score.engagement);
                sums.readiness = readiness.max(score.readiness);
                any_open = true;
            } else if !any_open && latest.is_none_or(|latest| view.active_at > latest) {
                (sums.engagement, sums.readiness) = (score.engagement, score.readiness);
                latest = Some(view.active_at);
            }
        }
        sums
    }

    /// The criteria of one stage: each with whether it holds.
    pub fn criteria(&self, stage: Stage, policy: &Policy) -> impl Iterator<Item = bool> + use<> {
        let thresholds = &policy.stages;
        let criteria = match stage {
            Stage::ColdLead => [Some(self.sent > 0), None],
            Stage::RespondingLead => [Some(self.replies > 0), None],
            Stage::EngagedLead => [
                Some(self.exchanges >= thresholds.engaged_exchanges),
                Some(self.engagement > thresholds.engaged_above),
            ],
            Stage::InterestedLead => [Some(self.interest), None],
            Stage::QualifiedLead => [
                Some(self.purchase),
                Some(self.engagement > thresholds.qualified_above),
            ],
            Stage::HandoverReady => [
                Some(self.readiness >= thresholds.handover_readiness),
                Some(self.engagement > thresholds.handover_above),
            ],
        };
        criteria.into_iter().flatten()
    }

    /// The highest stage whose criteria hold together with those of all stages before it.
    #[must_use]
    pub fn stage(&self, policy: &Policy) -> Option<Stage> {
        Stage::ALL
            .iter()
            .copied()
            .take_while(|&stage| self.criteria(stage, policy).all(|holds| holds))
            .last()
    }
}

/// The stage that a state lifts a lead to, at its transition.
#[must_use]
pub const fn lift(state: State) -> Option<Stage> {
    match state {
        State::Qualified => Some(Stage::QualifiedLead),
        State::ReadyForHandover | State::HandedOver => Some(Stage::HandoverReady),
        State::New | State::Active | State::Engaged | State::Closed | State::Archived => None,
    }
}

/// Facts of a stored conversation over replies later than `after`; none when that needs its history.
pub(crate) fn since<'a, K: Key>(
    conversation: &'a Conversation<K>,
    after: Time,
    history: Option<&[MessageFact<K>]>,
) -> Option<Cow<'a, Tally<K>>> {
    let tally = &conversation.tally;
    if let Some(since) = conversation
        .since
        .as_ref()
        .filter(|since| since.after == after)
    {
        return Some(Cow::Borrowed(&since.tally));
    }
    if tally.last_reply_at().is_none_or(|reply| reply <= after) {
        return Some(Cow::Owned(tally.without_replies()));
    }
    if tally
        .first_reply
        .as_ref()
        .is_some_and(|reply| reply.at > after)
    {
        return Some(Cow::Borrowed(tally));
    }
    history.map(|facts| Cow::Owned(Tally::recompute_since(after, facts)))
}
