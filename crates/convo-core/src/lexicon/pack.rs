//! The TOML format of a pack, as the module above documents it.

use serde::Deserialize;

use crate::signals::{Intent, Sentiment, SignalClass};

/// One pack as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pack {
    pub(super) pack: Head,
    #[serde(default)]
    pub(super) entry: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) signal: Option<String>,
    pub(super) class: Option<SignalClass>,
    #[serde(default)]
    pub(super) topics: Vec<String>,
    pub(super) intent: Option<Intent>,
    pub(super) strength: Option<Strength>,
    pub(super) tone: Option<Sentiment>,
    pub(super) scope: Option<Scope>,
    pub(super) reach: Option<usize>,
    #[serde(default)]
    pub(super) firm: bool,
    pub(super) phrases: Vec<String>,
    #[serde(default)]
    pub(super) unless: Vec<String>,
    #[serde(default, rename = "match")]
    pub(super) matching: Vec<String>,
    #[serde(default)]
    pub(super) doubt: Vec<String>,
    #[serde(default)]
    pub(super) reject: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Signal,
    Topic,
    Negation,
    Boundary,
    OptOut,
    NotInterested,
    Sentiment,
    Absence,
    Filler,
    Phone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Strength {
    Direct,
    Word,
    Alone,
    Hint,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Scope {
    After,
    Around,
}

impl Entry {
    /// What is wrong with the entry, if anything.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let signal = self.kind == Kind::Signal;
        if signal != (self.signal.is_some() && self.class.is_some()) {
            return Some("a signal, and nothing else, has `signal` and `class`");
        }
        if self.kind == Kind::Topic && self.topics.is_empty() {
            return Some("a topic names its `topics`");
        }
        if (self.kind == Kind::OptOut) != self.strength.is_some() {
            return Some("an opt_out, and nothing else, has a `strength`");
        }
        if (self.kind == Kind::Sentiment) != self.tone.is_some() {
            return Some("a sentiment, and nothing else, has a `tone`");
        }
        if self.kind == Kind::Negation && self.scope.is_none() {
            return Some("a negation has a `scope`");
        }
        if self.phrases.is_empty() {
            return Some("an entry has `phrases`");
        }
        None
    }
}
