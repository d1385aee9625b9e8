//! Lexicon: language packs × an industry pack, and the reading of a message with them.
//!
//! ```
//! use convo_core::lexicon::Lexicon;
//!
//! let reading = Lexicon::automotive().read("Can I book a test drive?", None);
//! assert_eq!(reading.signals[0].code, "test_drive");
//! ```
//!
//! A message passes five steps, each a module: `fold` makes case, accents and typography alike;
//! `scan` finds every phrase with one automaton; `clause` tells which of them their clause denies;
//! `phone` finds numbers; `judge` weighs what is left. Time is linear in the text.
//!
//! # Packs
//! A pack is a TOML file. Each entry carries the sentences it must and must not match;
//! [`Lexicon::check`] runs them all.
//!
//! ```toml
//! [pack]
//! name = "boats.en"      # ids are "boats.en/mooring"
//!
//! [[entry]]
//! id = "mooring"
//! kind = "signal"        # signal | topic | negation | boundary | opt_out | not_interested
//!                        # | sentiment | absence | filler | phone
//! signal = "mooring"     # signal: its code,
//! class = "purchase"     #   its class (interest | purchase | hand_raise);
//! topics = ["harbour"]   # signal and topic: codes of the topics spoken of,
//! intent = "pricing"     #   and the intent it stands for
//! phrases = ["mooring", "rent* ... berth"]
//! unless = ["berth rate"]
//! match = ["Is a mooring included?"]
//! reject = ["The berth rate is fine."]
//! ```
//!
//! A phrase is compared without case and accents, at word borders; `*` at its start or end opens
//! that border, ` ... ` stands for up to five words of the same sentence. Spellings that differ by
//! a hyphen, `ä`/`ae`, `ß`/`ss`, `email`/`e-mail` or `don't`/`dont` need not be listed. A place
//! inside a phrase of `unless` does not count, for every entry that says the same.
//!
//! Further fields: `scope` (`after`, `around`) and `reach` (words) make an entry deny what stands
//! after it in its clause, or around it; `firm = true` lets an entry stand although denied;
//! `strength` of an opt-out is `direct`, `word` (clear only when little else is said), `alone`
//! (clear only as the whole message, otherwise nothing) or `hint` (never clear); `tone` of a
//! sentiment is `positive` or `negative`; `doubt` lists sentences that are a doubtful opt-out.
//! A `boundary` opens a new clause; a `filler` is politeness that adds nothing; `phone` words
//! stand before a telephone number.

mod check;
mod clause;
mod compile;
mod error;
mod fold;
mod judge;
mod pack;
mod phone;
mod phrase;
mod reading;
mod scan;
mod shipped;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use serde::Deserialize;

use crate::signals::{OptOut, Signal, SignalClass, signal};
pub use check::{Expected, Failure};
use compile::Automaton;
pub use error::LexiconError;
use judge::Analysis;
use pack::Pack;
pub use reading::{EVIDENCE_PER_ENTRY, Evidence, PHONE, Reading};
pub use shipped::{AUTOMOTIVE, AUTOMOTIVE_PACKS, LANGUAGE_PACKS};

/// Compiled language and industry packs.
#[derive(Debug)]
pub struct Lexicon {
    automaton: Automaton,
    version: String,
}

impl Lexicon {
    /// The shipped language packs with the automotive industry pack.
    #[must_use]
    pub fn automotive() -> &'static Self {
        #[expect(
            clippy::expect_used,
            reason = "the packs are compiled in, and a test compiles them"
        )]
        static SHIPPED: LazyLock<Lexicon> = LazyLock::new(|| {
            Lexicon::with_industry(AUTOMOTIVE_PACKS).expect("the shipped packs compile")
        });
        &SHIPPED
    }

    /// The shipped language packs with these industry packs in the place of the automotive one.
    ///
    /// # Errors
    /// As [`Lexicon::from_toml`].
    pub fn with_industry(packs: &[&str]) -> Result<Self, LexiconError> {
        Self::from_toml(&[LANGUAGE_PACKS, packs].concat())
    }

    /// Compiles these packs and nothing else.
    ///
    /// # Errors
    /// [`LexiconError::Format`] for a pack that is not TOML or has unknown fields,
    /// [`LexiconError::Entry`] for an entry that breaks a rule of the format.
    pub fn from_toml(packs: &[&str]) -> Result<Self, LexiconError> {
        Self::compile(read_toml(packs)?, digest(packs))
    }

    /// The shipped language packs with industry packs given as values of a pack's shape, such as a
    /// policy or a campaign carries.
    ///
    /// # Errors
    /// [`LexiconError::Shape`] for a value that is no pack, otherwise as [`Lexicon::from_toml`].
    pub fn with_industry_values(packs: &[serde_json::Value]) -> Result<Self, LexiconError> {
        let mut read = read_toml(LANGUAGE_PACKS)?;
        for (index, value) in packs.iter().enumerate() {
            let pack =
                Pack::deserialize(value).map_err(|source| LexiconError::Shape { index, source })?;
            read.push(pack);
        }
        let texts: Vec<String> = packs.iter().map(ToString::to_string).collect();
        let mut all = LANGUAGE_PACKS.to_vec();
        all.extend(texts.iter().map(String::as_str));
        Self::compile(read, digest(&all))
    }

    /// The lexicon of an industry whose packs are compiled in.
    #[must_use]
    pub fn shipped(industry: &str) -> Option<&'static Self> {
        (industry == AUTOMOTIVE).then(Self::automotive)
    }

    fn compile(packs: Vec<Pack>, digest: u64) -> Result<Self, LexiconError> {
        let name = packs.last().map_or("empty", |pack| pack.pack.name.as_str());
        let name = name.split('.').next().unwrap_or(name);
        let version = format!("{name}-{digest:016x}");
        let automaton = Automaton::compile(packs)?;
        Ok(Self { automaton, version })
    }

    /// Name of the last pack and digest of all, stored with every message read.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Reads the lead's own words, up to [`READ_BYTES`] of them; the subject counts only when `text`
    /// is blank.
    ///
    /// A subject that begins with "Re:" is ours: it can opt out, but shows no interest.
    #[must_use]
    pub fn read(&self, text: &str, subject: Option<&str>) -> Reading {
        let text_len = text.trim().chars().count();
        let (text, from_subject) = match subject {
            Some(subject) if text_len == 0 => (subject, true),
            _ => (text, false),
        };
        let text = &text[..text.floor_char_boundary(READ_BYTES)];
        let analysis = Analysis::new(&self.automaton, text);
        let opt_out = analysis.opt_out();
        if from_subject && is_reply_subject(text) && opt_out != OptOut::Clear {
            return Reading {
                from_subject,
                ..Reading::default()
            };
        }
        let mut signals = analysis.signals();
        if analysis.phone_invites() && opt_out != OptOut::Clear {
            signals.insert(Signal::new(signal::HAND_RAISE, SignalClass::HandRaise));
        }
        Reading {
            signals: signals.into_iter().collect(),
            topics: analysis.topics().into_iter().map(str::to_owned).collect(),
            intent: analysis.intent(opt_out),
            sentiment: analysis.sentiment(),
            opt_out,
            text_len,
            evidence: reading::evidence(&analysis, text, opt_out),
            from_subject,
            phone: !analysis.phones.is_empty(),
            absence: analysis.absence(),
        }
    }

    /// Runs every sentence of the packs; what is returned was read otherwise than its entry says.
    #[must_use]
    pub fn check(&self) -> Vec<Failure> {
        check::check(self)
    }

    /// How many sentences [`Lexicon::check`] runs.
    #[must_use]
    pub fn sentence_count(&self) -> usize {
        let entries = &self.automaton.entries;
        entries.iter().map(|e| check::sentences(e).count()).sum()
    }

    /// Every signal the packs name, sorted by code, distinct.
    #[must_use]
    pub fn signals(&self) -> Vec<Signal> {
        let mut signals: Vec<Signal> = self
            .automaton
            .entries
            .iter()
            .filter_map(|c| Some(Signal::new(c.entry.signal.as_deref()?, c.entry.class?)))
            .collect();
        signals.sort_unstable();
        signals.dedup();
        signals
    }

    /// Every topic the packs name, sorted, distinct.
    #[must_use]
    pub fn topics(&self) -> Vec<&str> {
        let entries = self.automaton.entries.iter();
        let mut topics: Vec<&str> = entries
            .flat_map(|c| c.entry.topics.iter().map(String::as_str))
            .collect();
        topics.sort_unstable();
        topics.dedup();
        topics
    }
}

/// Bytes of a text that are read, so that no mail costs more than its first quarter of a megabyte;
/// nobody types more in one reply.
pub const READ_BYTES: usize = 256 * 1024;

/// Subject prefixes of replies and forwards in the shipped languages.
const REPLY_PREFIXES: &[&str] = &[
    "re", "aw", "antw", "antwort", "sv", "rv", "tr", "ref", "rif", "r", "fw", "fwd", "wg", "i",
    "betr", "betreff",
];

fn is_reply_subject(subject: &str) -> bool {
    let prefix = subject.split_once(':').map(|(prefix, _)| prefix.trim());
    prefix.is_some_and(|prefix| {
        REPLY_PREFIXES
            .iter()
            .any(|known| prefix.eq_ignore_ascii_case(known))
    })
}

fn read_toml(packs: &[&str]) -> Result<Vec<Pack>, LexiconError> {
    let read = |(index, text): (usize, &&str)| {
        toml::from_str(text).map_err(|source| LexiconError::Format {
            index,
            source: Box::new(source),
        })
    };
    packs.iter().enumerate().map(read).collect()
}

/// FNV-1a over the packs, each closed by a byte that no UTF-8 text holds.
fn digest(packs: &[&str]) -> u64 {
    let bytes = packs
        .iter()
        .flat_map(|pack| pack.bytes().chain(std::iter::once(0xff)));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
