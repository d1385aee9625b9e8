//! The codes stored with each message.

use serde::{Deserialize, Serialize};

use crate::lexicon::Reading;
use crate::signals::{Intent, Sentiment, Signal};
use crate::vocabulary::{Author, Direction, Kind};
use crate::{Key, Time};

/// What is stored of a message besides its text: enough to compute every fact again without reading it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageFact<K> {
    /// Its id.
    pub id: K,
    /// Its own time (not that of its arrival).
    pub at: Time,
    /// Order of storing in the conversation, 1..n.
    pub seq: u64,
    /// Which way it went.
    pub direction: Direction,
    /// Who wrote it.
    pub author: Author,
    /// What sort of mail it is.
    pub kind: Kind,
    /// True for an internal note.
    pub note: bool,
    /// Signals in the lead's own words.
    pub signals: Vec<Signal>,
    /// Topics in them.
    pub topics: Vec<String>,
    /// What the lead wants.
    pub intent: Option<Intent>,
    /// Their tone.
    pub sentiment: Sentiment,
    /// Characters of the text.
    pub text_len: u64,
    /// Version of the lexicon it was read with; none when it was not read.
    pub lexicon: Option<String>,
}

impl<K: Key> MessageFact<K> {
    /// A human message without anything read in it.
    pub fn new(id: K, at: Time, seq: u64, direction: Direction, author: Author) -> Self {
        Self {
            id,
            at,
            seq,
            direction,
            author,
            kind: Kind::Human,
            note: false,
            signals: Vec::new(),
            topics: Vec::new(),
            intent: None,
            sentiment: Sentiment::Neutral,
            text_len: 0,
            lexicon: None,
        }
    }

    /// A human message of the lead.
    pub fn reply(id: K, at: Time, seq: u64) -> Self {
        Self::new(id, at, seq, Direction::Inbound, Author::Lead)
    }

    /// A human message of ours.
    pub fn sent(id: K, at: Time, seq: u64) -> Self {
        Self::new(id, at, seq, Direction::Outbound, Author::Ai)
    }

    /// The same message of another kind.
    #[must_use]
    pub fn of_kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// The same message with what was read in it.
    #[must_use]
    pub fn read(self, reading: &Reading, lexicon: &str) -> Self {
        Self {
            signals: reading.signals.clone(),
            topics: reading.topics.clone(),
            intent: reading.intent,
            sentiment: reading.sentiment,
            text_len: u64::try_from(reading.text_len).unwrap_or(u64::MAX),
            lexicon: Some(lexicon.to_owned()),
            ..self
        }
    }

    /// Author lead, kind human, inbound, no note.
    #[must_use]
    pub fn is_reply(&self) -> bool {
        self.author == Author::Lead
            && self.kind == Kind::Human
            && self.direction == Direction::Inbound
            && !self.note
    }

    /// Human and outbound, no note.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        self.kind == Kind::Human && self.direction == Direction::Outbound && !self.note
    }

    /// Human and inbound, but not the lead's.
    #[must_use]
    pub fn is_other(&self) -> bool {
        self.kind == Kind::Human
            && self.direction == Direction::Inbound
            && self.author != Author::Lead
            && !self.note
    }
}
