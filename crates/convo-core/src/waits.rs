//! Waits of a lead for us, and figures over minutes.
//!
//! A wait begins with the lead's first human mail that we have not answered, and ends with our first human mail
//! after it. What reopens a conversation begins a new one: what waited when it was closed got no answer. Automated
//! mail, notes and mail of others neither begin nor end one.
//!
//! [`waits`] is a function of the set of messages, so that every order of arrival comes to the same; the wait that is
//! open at the end of it, [`Conversation::waits_since`] tells without the messages.

use std::collections::BTreeSet;

use crate::conversation::Conversation;
use crate::tally::MessageFact;
use crate::{Key, Time};

/// One wait of a lead for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait<K> {
    /// Own time of the lead's first unanswered mail.
    pub began_at: Time,
    /// Own time and id of our answer; none when there is none.
    pub answer: Option<(Time, K)>,
}

/// All waits of a conversation, oldest first, from its messages in any order and the own times of the mails that
/// reopened it. No two begin at the same instant: the later one stands for both.
#[must_use]
pub fn waits<'a, K: Key + 'a>(
    facts: impl IntoIterator<Item = &'a MessageFact<K>>,
    reopened: &BTreeSet<Time>,
) -> Vec<Wait<K>> {
    let mut facts: Vec<&MessageFact<K>> = facts
        .into_iter()
        .filter(|fact| fact.is_reply() || fact.is_sent())
        .collect();
    facts.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    let mut waits: Vec<Wait<K>> = Vec::new();
    let mut open = false;
    for fact in facts {
        if fact.is_sent() {
            if let Some(wait) = waits.last_mut().filter(|_| open) {
                wait.answer = Some((fact.at, fact.id.clone()));
            }
            open = false;
            continue;
        }
        let began = waits.last().map(|wait| wait.began_at);
        let cut = reopened.contains(&fact.at) && began < Some(fact.at);
        if open && !cut {
            continue;
        }
        waits.pop_if(|wait| wait.began_at == fact.at);
        waits.push(Wait {
            began_at: fact.at,
            answer: None,
        });
        open = true;
    }
    waits
}

impl<K: Key> Conversation<K> {
    /// Since when the lead waits for an answer that has not come, open or closed: the beginning of the last of
    /// [`waits`], if it has no answer.
    #[must_use]
    pub fn waits_since(&self) -> Option<Time> {
        let base = self.tally.pending.base?;
        Some(self.reopened_at.map_or(base, |reopened| reopened.max(base)))
    }

    /// Notes the own time of a mail that reopened it.
    pub fn reopened_by(&mut self, at: Time) {
        self.reopened_at = self.reopened_at.max(Some(at));
    }
}

/// Figures over a number of durations in whole minutes; none without any.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Minutes {
    /// The middle one; of an even number, the mean of the two in the middle.
    pub median: Option<f64>,
    /// The smallest that at least nine tenths of them do not exceed (nearest rank).
    pub p90: Option<u32>,
    /// Their sum ÷ their number.
    pub mean: Option<f64>,
}

impl Minutes {
    /// The figures of these, in any order.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a figure to be read, not computed with"
    )]
    pub fn of(mut all: Vec<u32>) -> Self {
        all.sort_unstable();
        let middle = all.len() / 2;
        let at = |rank: usize| all.get(rank).copied();
        let median = match at(middle) {
            Some(upper) if all.len().is_multiple_of(2) => {
                let lower = middle.checked_sub(1).and_then(at).unwrap_or(upper);
                Some(f64::midpoint(f64::from(lower), f64::from(upper)))
            }
            upper => upper.map(f64::from),
        };
        let sum: u64 = all.iter().map(|minutes| u64::from(*minutes)).sum();
        Self {
            median,
            p90: (all.len() * 9).div_ceil(10).checked_sub(1).and_then(at),
            mean: (!all.is_empty()).then(|| sum as f64 / all.len() as f64),
        }
    }
}

/// Whole minutes from one time to a later one, rounded down; 0 when it is not later.
#[must_use]
pub fn minutes_between(from: Time, to: Time) -> u32 {
    let minutes = to.signed_duration_since(from).num_minutes().max(0);
    u32::try_from(minutes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
