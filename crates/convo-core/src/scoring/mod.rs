//! The three scores, each 0–100, one formula each; `docs/scoring.md` says the same in prose.
//!
//! All arithmetic is on integers; every quotient is rounded to the nearest, halves up. A score is the sum of
//! its entries, and [`explain`] lists them: the same code adds and explains, so they cannot differ. Weights
//! are the policy's; the numbers below are its defaults.
//!
//! **engagement** = halved per half-life of silence ( min(100, *rate* + *promptness* + *depth* + *tracking*) )
//! - *rate* = 25 × min(1, replies ÷ outbound messages); whoever wrote first without an outbound message has
//!   answered everything: 25
//! - *promptness* = 25 × mean over the replies that answer something: within 1 h 100 %, 4 h 80 %, 24 h 50 %,
//!   48 h 30 %, later 0
//! - *depth* = 9 per reply, at most 40
//! - *tracking* = 3 per human open + 6 per human click, at most 25
//! - silence runs from the newest reply, or open or click judged human, and halves the sum every 14 days
//!
//! **qualification** = min(100, 15 per distinct purchase signal up to 45 + 10 for interest or a raised hand
//! + 15 × known share of the lead's data + 30 % of engagement)
//!
//! **readiness** = min(100, 25 × min(1, human messages ÷ 6) + 35 % of engagement + 10 per distinct purchase
//! signal up to 25 + data: e-mail 5, phone 5, name 3, interest 2)
//!
//! Sentiment is in none of them.

mod decay;
mod formula;

use serde::Serialize;

use crate::conversation::Conversation;
use crate::email::EmailFacts;
use crate::lead::{Completeness, Lead};
use crate::policy::Policy;
use crate::tally::Tally;
use crate::{Key, Time};

/// All that a score depends on besides policy and present.
#[derive(Debug, Clone, Copy)]
pub struct ScoreInput<'a, K> {
    /// Facts over the messages.
    pub tally: &'a Tally<K>,
    /// Provider facts.
    pub email: &'a EmailFacts,
    /// Which of the lead's data are known.
    pub completeness: Completeness,
}

impl<'a, K: Key> ScoreInput<'a, K> {
    /// The input of a stored conversation.
    #[must_use]
    pub fn of(conversation: &'a Conversation<K>, lead: &Lead<K>) -> Self {
        Self {
            tally: &conversation.tally,
            email: &conversation.email,
            completeness: lead.completeness,
        }
    }
}

/// The three scores, 0–100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Scores {
    /// How much the lead really answers.
    pub engagement: u8,
    /// How much speaks for a purchase.
    pub qualification: u8,
    /// How ready the conversation is for a person.
    pub readiness: u8,
}

/// One summand of a score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry<K> {
    /// What it is for, e.g. `reply_rate`, `signal:test_drive`, `silence`.
    pub reason: String,
    /// Points; negative for what is taken off.
    pub points: i64,
    /// The message it comes from, where it comes from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<K>,
}

/// The summands of the three scores; each list adds up to its score exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation<K> {
    /// Of engagement.
    pub engagement: Vec<Entry<K>>,
    /// Of qualification.
    pub qualification: Vec<Entry<K>>,
    /// Of readiness.
    pub readiness: Vec<Entry<K>>,
}

/// The three scores as of `now`.
#[must_use]
pub fn scores<K: Key>(input: &ScoreInput<'_, K>, policy: &Policy, now: Time) -> Scores {
    let engagement = formula::engagement(input, policy, now, &mut |_, _, _| ());
    Scores {
        engagement,
        qualification: formula::qualification(input, policy, engagement, &mut |_, _, _| ()),
        readiness: formula::readiness(input, policy, engagement, &mut |_, _, _| ()),
    }
}

/// The engagement score as of `now`.
#[must_use]
pub fn engagement<K: Key>(input: &ScoreInput<'_, K>, policy: &Policy, now: Time) -> u8 {
    formula::engagement(input, policy, now, &mut |_, _, _| ())
}

/// Why the scores are what they are; entries of 0 points are left out.
#[must_use]
pub fn explain<K: Key>(input: &ScoreInput<'_, K>, policy: &Policy, now: Time) -> Explanation<K> {
    let mut entries = (Vec::new(), Vec::new(), Vec::new());
    let engagement = formula::engagement(input, policy, now, &mut into(&mut entries.0));
    formula::qualification(input, policy, engagement, &mut into(&mut entries.1));
    formula::readiness(input, policy, engagement, &mut into(&mut entries.2));
    Explanation {
        engagement: entries.0,
        qualification: entries.1,
        readiness: entries.2,
    }
}

fn into<K: Key>(entries: &mut Vec<Entry<K>>) -> impl FnMut(formula::Reason<'_>, i64, Option<&K>) {
    |reason, points, message| {
        if points != 0 {
            entries.push(Entry {
                reason: reason.to_string(),
                points,
                message_id: message.cloned(),
            });
        }
    }
}
