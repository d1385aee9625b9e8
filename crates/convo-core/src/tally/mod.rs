//! Facts of one conversation, kept incrementally.
//!
//! [`Tally`] is a fold over the messages of a conversation in the order of their own times (ties by id).
//! A message that is not older than the newest one absorbed costs O(1); an older one answers
//! [`Absorbed::NeedsRecompute`], and [`Tally::recompute`] folds the stored codes again. Every order of
//! arrival ends in equal facts. The size is bounded: no list grows with the number of messages.
//!
//! What counts:
//! - *Reply*: author lead and kind human. Only replies bring signals, topics, intent and sentiment.
//! - Messages of author `other` are stored and turn `awaiting` to us, but count for no depth, rate or score:
//!   a stranger must not move the lead's numbers.
//! - Notes and automated mail are stored messages and nothing else.
//! - *Exchange*: an outbound message directly followed by at least one reply. Several outbound messages in a
//!   row before one reply are one exchange.
//! - *Response time of the lead*: reply − latest outbound before it, for every reply that has one.
//! - *Our response time*: first outbound after a reply − that reply, for every reply that has one.

mod fact;
mod fold;
mod numbers;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use fact::MessageFact;
pub(crate) use fold::counts_since;
pub use numbers::{Latency, Promptness, Spread};

use crate::signals::{Intent, Sentiment, SignalClass};
use crate::vocabulary::{Author, Awaiting, Kind};
use crate::{Key, Time};

/// Place of a message in the order of own times.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mark<K> {
    /// Own time.
    pub at: Time,
    /// Id, which breaks ties.
    pub id: K,
}

/// The newest reply, by own time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewestReply<K> {
    /// When and which.
    pub mark: Mark<K>,
    /// What the lead wants.
    pub intent: Option<Intent>,
    /// Its tone.
    pub sentiment: Sentiment,
    /// Characters of its text.
    pub text_len: u64,
}

/// How often a signal was read, and where last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalTally<K> {
    /// Its class.
    pub class: SignalClass,
    /// Replies that carry it.
    pub count: u32,
    /// The newest of them.
    pub last: Mark<K>,
}

/// The reply stored last, by order of storing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredReply {
    /// Order of storing in the conversation, 1..n.
    pub seq: u64,
    /// Characters of its text.
    pub text_len: u64,
}

/// Incremental facts of one conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(deserialize = "K: Deserialize<'de>"))]
pub struct Tally<K> {
    /// Stored messages to us.
    pub inbound: u32,
    /// Stored messages from us, notes included.
    pub outbound: u32,
    /// Of these, messages of another kind than human.
    pub automated: u32,
    /// Internal notes.
    pub notes: u32,
    /// Human messages without notes, both directions, without those of author `other`.
    pub human: u32,
    /// Human outbound messages without notes.
    pub sent: u32,
    /// Messages of the lead's own hand.
    pub replies: u32,
    /// Outbound messages directly followed by a reply.
    pub exchanges: u32,
    /// Outbound messages since the newest reply.
    pub unanswered: u32,
    /// Stored messages by kind.
    pub kinds: BTreeMap<Kind, u32>,
    /// Stored messages by author.
    pub authors: BTreeMap<Author, u32>,
    /// How fast the lead answers.
    pub lead_latency: Latency,
    /// Replies by how fast they came.
    pub promptness: Promptness,
    /// The lead's newest latencies, and all before them, for the trend.
    pub spread: Spread,
    /// How fast we answer.
    pub our_latency: Latency,
    /// Replies that we have not answered yet.
    pub pending: Pending,
    /// First and newest of our messages.
    pub first_sent: Option<Mark<K>>,
    /// Newest of our messages.
    pub last_sent: Option<Mark<K>>,
    /// First reply.
    pub first_reply: Option<Mark<K>>,
    /// Latency of the first reply, in milliseconds; none when nothing was sent before it.
    pub first_latency_ms: Option<i64>,
    /// Newest reply.
    pub newest_reply: Option<NewestReply<K>>,
    /// Newest human message of author `other`.
    pub last_other: Option<Mark<K>>,
    /// The reply stored last.
    pub stored_reply: Option<StoredReply>,
    /// Signals in replies, by code.
    pub signals: BTreeMap<String, SignalTally<K>>,
    /// Topics in replies, by code, with the number of replies.
    pub topics: BTreeMap<String, u32>,
}

/// Replies that wait for our answer, as sums so that their number does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pending {
    /// How many.
    pub count: u32,
    /// Sum of their times since `base`, in milliseconds.
    pub sum_ms: i64,
    /// Time of the first of them.
    pub base: Option<Time>,
}

/// What absorbing a message came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Absorbed {
    /// The facts hold it now.
    Done,
    /// It is older than the newest absorbed: nothing changed, fold all messages again.
    NeedsRecompute,
}

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self {
            inbound: 0,
            outbound: 0,
            automated: 0,
            notes: 0,
            human: 0,
            sent: 0,
            replies: 0,
            exchanges: 0,
            unanswered: 0,
            kinds: BTreeMap::new(),
            authors: BTreeMap::new(),
            lead_latency: Latency::default(),
            promptness: Promptness::default(),
            spread: Spread::default(),
            our_latency: Latency::default(),
            pending: Pending::default(),
            first_sent: None,
            last_sent: None,
            first_reply: None,
            first_latency_ms: None,
            newest_reply: None,
            last_other: None,
            stored_reply: None,
            signals: BTreeMap::new(),
            topics: BTreeMap::new(),
        }
    }
}

impl<K: Key> Tally<K> {
    /// Stored messages: inbound and outbound.
    #[must_use]
    pub fn messages(&self) -> u32 {
        self.inbound.saturating_add(self.outbound)
    }

    /// Own time of the newest reply.
    #[must_use]
    pub fn last_reply_at(&self) -> Option<Time> {
        self.newest_reply.as_ref().map(|reply| reply.mark.at)
    }

    /// Own time of our newest human message.
    #[must_use]
    pub fn last_sent_at(&self) -> Option<Time> {
        self.last_sent.as_ref().map(|mark| mark.at)
    }

    /// Own time of the newest human message of anybody.
    #[must_use]
    pub fn last_activity_at(&self) -> Option<Time> {
        self.newest().map(|mark| mark.at)
    }

    /// Own time of the first human message of the lead or ours.
    #[must_use]
    pub fn first_activity_at(&self) -> Option<Time> {
        [&self.first_sent, &self.first_reply]
            .into_iter()
            .flatten()
            .map(|mark| mark.at)
            .min()
    }

    /// Whose turn it is, by the newest human message.
    #[must_use]
    pub fn awaiting(&self) -> Awaiting {
        let inbound = self
            .newest_reply
            .as_ref()
            .map(|reply| &reply.mark)
            .max(self.last_other.as_ref());
        match (inbound, self.last_sent.as_ref()) {
            (None, None) => Awaiting::Nobody,
            (theirs, ours) if theirs > ours => Awaiting::Us,
            _ => Awaiting::Lead,
        }
    }

    /// Distinct purchase signals.
    #[must_use]
    pub fn purchase_signals(&self) -> u32 {
        let purchase = self
            .signals
            .values()
            .filter(|s| s.class == SignalClass::Purchase);
        u32::try_from(purchase.count()).unwrap_or(u32::MAX)
    }

    /// True when a reply asked for a person or a call, or gave a phone number.
    #[must_use]
    pub fn has_hand_raise(&self) -> bool {
        self.signals
            .values()
            .any(|s| s.class == SignalClass::HandRaise)
    }

    /// Topics, most frequent first, ties by code.
    #[must_use]
    pub fn key_topics(&self) -> Vec<&str> {
        let mut topics: Vec<(&str, u32)> = self
            .topics
            .iter()
            .map(|(code, n)| (code.as_str(), *n))
            .collect();
        topics.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        topics.into_iter().map(|(code, _)| code).collect()
    }

    /// The newest human message, by own time.
    pub(crate) fn newest(&self) -> Option<&Mark<K>> {
        let reply = self.newest_reply.as_ref().map(|reply| &reply.mark);
        reply
            .max(self.last_sent.as_ref())
            .max(self.last_other.as_ref())
    }
}

#[cfg(test)]
mod tests;
