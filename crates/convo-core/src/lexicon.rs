//! Lexicon: language packs × an industry pack, and the reading of a message with them.

use serde::{Deserialize, Serialize};

use crate::signals::{Intent, OptOut, Sentiment, Signal};

/// What was read in one message.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reading {
    /// Signals in the lead's words, negated ones left out; sorted by code, distinct.
    pub signals: Vec<Signal>,
    /// Codes of the topics spoken of, negated or not; sorted, distinct.
    pub topics: Vec<String>,
    /// What the lead wants, if anything could be told.
    pub intent: Option<Intent>,
    /// Tone of the message.
    pub sentiment: Sentiment,
    /// Whether it asks to hear nothing more.
    pub opt_out: OptOut,
    /// Unicode characters of the trimmed text (not of the subject).
    pub text_len: usize,
    /// Matched phrases in order of position, at most [`EVIDENCE_PER_ENTRY`] of each entry.
    pub evidence: Vec<Evidence>,
    /// True when the text was empty and the subject was read instead; `evidence` points into it then.
    pub from_subject: bool,
    /// True when a phone number stands in it.
    pub phone: bool,
    /// True when the person says it is or was away.
    pub absence: bool,
}

/// Most places kept in [`Reading::evidence`] for one entry.
pub const EVIDENCE_PER_ENTRY: usize = 8;

/// One matched phrase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Id of the lexicon entry: pack and entry, e.g. `automotive.en/test_drive`; `phone` for a number.
    pub entry: String,
    /// First byte in the text (or subject) as given.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
    /// True when the sentence denies it.
    pub negated: bool,
}

/// Compiled language and industry packs.
#[derive(Debug)]
pub struct Lexicon {
    version: String,
}

impl Lexicon {
    /// The shipped language packs with the automotive industry pack.
    #[must_use]
    pub fn automotive() -> &'static Self {
        static SHIPPED: std::sync::LazyLock<Lexicon> = std::sync::LazyLock::new(|| Lexicon {
            version: "automotive".to_owned(),
        });
        &SHIPPED
    }

    /// Compiles these packs and nothing else.
    ///
    /// # Errors
    /// The pack that is not TOML or breaks a rule of the format.
    pub fn from_toml(_packs: &[&str]) -> Result<Self, LexiconError> {
        Ok(Self {
            version: String::new(),
        })
    }

    /// Name and content digest, stored with every message read, e.g. `automotive-5f3a…`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Reads the lead's own words; the subject counts only when `text` is blank.
    #[must_use]
    pub fn read(&self, text: &str, _subject: Option<&str>) -> Reading {
        Reading {
            text_len: text.trim().chars().count(),
            ..Reading::default()
        }
    }

    /// Runs every sentence of the packs and returns those that read otherwise than their entry says.
    #[must_use]
    pub fn check(&self) -> Vec<Failure> {
        Vec::new()
    }
}

/// A pack's own sentence that was read otherwise than its entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Id of the entry.
    pub entry: String,
    /// The sentence as the pack has it.
    pub sentence: String,
    /// What the entry says of the sentence.
    pub expected: &'static str,
}

/// Why a pack could not be compiled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LexiconError {
    /// A pack is not TOML or has an unknown or missing field.
    #[error("pack {index} is not a lexicon pack")]
    Format {
        /// Position in the list given, from 0.
        index: usize,
        /// What the TOML reader says.
        #[source]
        source: toml::de::Error,
    },
}
