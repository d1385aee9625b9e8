//! Figures of one conversation. Source: "Conversation Metrics".

use std::collections::BTreeMap;

use serde::Serialize;

use crate::conversation::Conversation;
use crate::email::EmailFacts;
use crate::journey::Trend;
use crate::lead::Lead;
use crate::machine::State;
use crate::policy::Policy;
use crate::scoring::{ScoreInput, Scores, scores};
use crate::signals::SignalClass;
use crate::tally::Promptness;
use crate::vocabulary::{Author, Awaiting, Kind};
use crate::{Key, Time};

/// Messages by what they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageFigures {
    /// Stored messages.
    pub total: u32,
    /// To us.
    pub inbound: u32,
    /// From us.
    pub outbound: u32,
    /// Of another kind than human.
    pub automated: u32,
    /// Internal notes.
    pub notes: u32,
    /// Of the lead's own hand.
    pub replies: u32,
    /// Outbound messages directly followed by a reply.
    pub exchanges: u32,
    /// Outbound messages since the newest reply.
    pub unanswered: u32,
    /// By kind.
    pub by_kind: BTreeMap<Kind, u32>,
    /// By author.
    pub by_author: BTreeMap<Author, u32>,
}

/// How fast both sides answer, in minutes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResponseFigures {
    /// Mean of the lead.
    pub average_minutes: Option<f64>,
    /// The lead's first reply.
    pub first_minutes: Option<i64>,
    /// The lead's replies by speed.
    pub promptness: Promptness,
    /// Mean of ours.
    pub our_average_minutes: Option<f64>,
    /// Where the lead's pace goes.
    pub trend: Trend,
}

/// A signal read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignalFigure<K> {
    /// Its code.
    pub code: String,
    /// Its class.
    pub class: SignalClass,
    /// Replies that carry it.
    pub count: u32,
    /// Own time of the newest of them.
    pub last_at: Time,
    /// The newest of them.
    pub message_id: K,
}

/// Figures of one conversation.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metrics<K> {
    /// Where it stands.
    pub state: State,
    /// Accepted events.
    pub version: u64,
    /// Whose turn it is.
    pub awaiting: Awaiting,
    /// Messages.
    pub messages: MessageFigures,
    /// Response times.
    pub responses: ResponseFigures,
    /// Scores as of now.
    pub scores: Scores,
    /// Signals, by code.
    pub signals: Vec<SignalFigure<K>>,
    /// Topics with the number of replies, by code.
    pub topics: BTreeMap<String, u32>,
    /// Provider facts.
    pub email: EmailFacts,
    /// First human message.
    pub first_activity_at: Option<Time>,
    /// Newest human activity.
    pub last_activity_at: Time,
    /// Minutes from its making to its closing, or to now.
    pub age_minutes: i64,
}

/// The figures of one conversation as of `now`.
#[must_use]
pub fn of<K: Key>(
    conversation: &Conversation<K>,
    lead: &Lead<K>,
    policy: &Policy,
    now: Time,
) -> Metrics<K> {
    let tally = &conversation.tally;
    let end = conversation.closed_at.unwrap_or(now);
    let signals = tally.signals.iter().map(|(code, signal)| SignalFigure {
        code: code.clone(),
        class: signal.class,
        count: signal.count,
        last_at: signal.last.at,
        message_id: signal.last.id.clone(),
    });
    Metrics {
        state: conversation.state,
        version: conversation.version,
        awaiting: conversation.awaiting(),
        messages: MessageFigures {
            total: tally.messages(),
            inbound: tally.inbound,
            outbound: tally.outbound,
            automated: tally.automated,
            notes: tally.notes,
            replies: tally.replies,
            exchanges: tally.exchanges,
            unanswered: tally.unanswered,
            by_kind: tally.kinds.clone(),
            by_author: tally.authors.clone(),
        },
        responses: ResponseFigures {
            average_minutes: tally.lead_latency.mean_minutes(),
            first_minutes: tally.first_latency_ms.map(|ms| ms / 60_000),
            promptness: tally.promptness,
            our_average_minutes: tally.our_latency.mean_minutes(),
            trend: crate::journey::pace(tally),
        },
        scores: scores(&ScoreInput::of(conversation, lead), policy, now),
        signals: signals.collect(),
        topics: tally.topics.clone(),
        email: conversation.email,
        first_activity_at: tally.first_activity_at(),
        last_activity_at: conversation.last_activity_at(),
        age_minutes: end
            .signed_duration_since(conversation.created_at)
            .num_minutes(),
    }
}
