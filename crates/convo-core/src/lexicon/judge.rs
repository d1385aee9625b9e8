//! From found phrases to a reading: opt-out, intent, tone.

use std::collections::BTreeSet;

use super::clause::{Outline, denied, is_kind};
use super::compile::{Automaton, Compiled};
use super::fold::Folded;
use super::pack::{Entry, Kind, Strength};
use super::phone;
use super::scan::{Hit, hits};
use crate::signals::{Intent, OptOut, Sentiment, Signal, SignalClass};

/// A text with all that was found in it.
pub(super) struct Analysis<'a> {
    automaton: &'a Automaton,
    pub(super) folded: Folded,
    outline: Outline,
    /// Sorted by start; true where the clause denies it.
    pub(super) found: Vec<(Hit, bool)>,
    pub(super) phones: Vec<(usize, usize)>,
}

/// Most words of a message that is short as a whole.
const SHORT_MESSAGE_WORDS: usize = 30;
/// Words beside a lone "unsubscribe": in its own sentence, and in the others (a name).
const WORD_BESIDE: (usize, usize) = (1, 4);
/// Words beside a lone "stop".
const ALONE_BESIDE: (usize, usize) = (0, 3);

impl<'a> Analysis<'a> {
    pub(super) fn new(automaton: &'a Automaton, text: &str) -> Self {
        let folded = Folded::new(text);
        let hits = hits(automaton, &folded);
        let outline = Outline::new(automaton, &folded, &hits);
        let denied = denied(automaton, &folded, &outline, &hits);
        let mut announced: Vec<usize> = hits
            .iter()
            .filter(|hit| is_kind(automaton, hit, Kind::Phone))
            .map(|hit| hit.end)
            .collect();
        announced.sort_unstable();
        let phones = phone::numbers(&folded.text, &announced);
        let found = hits.into_iter().zip(denied).collect();
        Self {
            automaton,
            folded,
            outline,
            found,
            phones,
        }
    }

    /// Everything found that its clause does not deny.
    fn live(&self) -> impl Iterator<Item = (&Hit, &'a Entry)> {
        self.of(false)
    }

    fn of(&self, denied: bool) -> impl Iterator<Item = (&Hit, &'a Entry)> {
        let entries = &self.automaton.entries;
        self.found
            .iter()
            .filter(move |(_, is_denied)| *is_denied == denied)
            .filter_map(|(hit, _)| Some((hit, &entries.get(hit.entry)?.entry)))
    }

    pub(super) fn entry_count(&self) -> usize {
        self.automaton.entries.len()
    }

    pub(super) fn entry(&self, hit: &Hit) -> Option<&'a Compiled> {
        self.automaton.entries.get(hit.entry)
    }

    /// Signals by phrase; a phone number is not among them.
    pub(super) fn signals(&self) -> BTreeSet<Signal> {
        self.live()
            .filter_map(|(_, entry)| Some(Signal::new(entry.signal.as_deref()?, entry.class?)))
            .collect()
    }

    /// True when a phone number is given and no clause says not to call.
    pub(super) fn phone_invites(&self) -> bool {
        let refused = self
            .of(true)
            .any(|(_, entry)| entry.class == Some(SignalClass::HandRaise));
        !self.phones.is_empty() && !refused
    }

    pub(super) fn topics(&self) -> BTreeSet<&'a str> {
        self.of(false)
            .chain(self.of(true))
            .flat_map(|(_, entry)| entry.topics.iter().map(String::as_str))
            .collect()
    }

    pub(super) fn absence(&self) -> bool {
        self.live().any(|(_, entry)| entry.kind == Kind::Absence)
    }

    pub(super) fn sentiment(&self) -> Sentiment {
        let tone = |denied, tone| {
            self.of(denied)
                .filter(|(_, entry)| entry.tone == Some(tone))
                .count()
        };
        let positive = tone(false, Sentiment::Positive);
        let negative = tone(false, Sentiment::Negative) + tone(true, Sentiment::Positive);
        match positive.cmp(&negative) {
            std::cmp::Ordering::Less => Sentiment::Negative,
            std::cmp::Ordering::Equal => Sentiment::Neutral,
            std::cmp::Ordering::Greater => Sentiment::Positive,
        }
    }

    pub(super) fn intent(&self, opt_out: OptOut) -> Option<Intent> {
        if opt_out == OptOut::Clear {
            return Some(Intent::OptOut);
        }
        let refuses = self
            .live()
            .any(|(_, entry)| entry.kind == Kind::NotInterested)
            || self.of(true).any(|(_, entry)| {
                entry.class == Some(SignalClass::Interest)
                    || (entry.kind == Kind::Signal && entry.intent == Some(Intent::Purchase))
            });
        if refuses && !self.wants() {
            return Some(Intent::NotInterested);
        }
        self.live()
            .filter_map(|(_, entry)| entry.intent)
            .min()
            .or_else(|| self.outline.any_question().then_some(Intent::Information))
    }

    /// A signal, or a question on a topic in a sentence that holds no refusal.
    fn wants(&self) -> bool {
        let refusals: BTreeSet<usize> = self
            .live()
            .filter(|(_, entry)| matches!(entry.kind, Kind::NotInterested | Kind::OptOut))
            .map(|(hit, _)| self.outline.sentence(hit.start))
            .collect();
        self.live().any(|(hit, entry)| match entry.kind {
            Kind::Signal => true,
            Kind::Topic => {
                self.outline.asks(hit.start)
                    && !refusals.contains(&self.outline.sentence(hit.start))
            }
            _ => false,
        })
    }

    pub(super) fn opt_out(&self) -> OptOut {
        let said: Vec<(usize, Strength)> = self
            .live()
            .filter_map(|(hit, entry)| Some((self.outline.sentence(hit.start), entry.strength?)))
            .collect();
        if said.is_empty() {
            return OptOut::None;
        }
        let counts = self.word_counts();
        let dominates = counts.dominates(&said);
        let mut verdict = OptOut::None;
        for (sentence, strength) in &said {
            let points = match strength {
                Strength::Direct => dominates,
                Strength::Word => counts.little_beside(*sentence, WORD_BESIDE),
                Strength::Alone => {
                    if !counts.little_beside(*sentence, ALONE_BESIDE) {
                        continue;
                    }
                    true
                }
                Strength::Hint => false,
            };
            verdict = verdict.max(if points {
                OptOut::Clear
            } else {
                OptOut::Doubtful
            });
        }
        if verdict == OptOut::Clear && self.wants() {
            verdict = OptOut::Doubtful;
        }
        verdict
    }

    fn word_counts(&self) -> WordCounts {
        let mut counts = WordCounts {
            all: vec![0; self.outline.sentence_count()],
            own: vec![0; self.outline.sentence_count()],
            filler: 0,
            refusing: BTreeSet::new(),
        };
        for (hit, entry) in self.live() {
            if entry.kind == Kind::NotInterested {
                counts.refusing.insert(self.outline.sentence(hit.start));
            }
        }
        let mut covering = self.live().filter(|(_, entry)| {
            matches!(
                entry.kind,
                Kind::Filler | Kind::OptOut | Kind::NotInterested
            )
        });
        let mut next = covering.next();
        let (mut covered, mut filled) = (0, 0);
        for start in self.outline.word_starts() {
            while let Some((hit, entry)) = next.filter(|(hit, _)| hit.start <= *start) {
                covered = hit.end.max(covered);
                if entry.kind == Kind::Filler {
                    filled = hit.end.max(filled);
                }
                next = covering.next();
            }
            let sentence = self.outline.sentence(*start);
            if let Some(all) = counts.all.get_mut(sentence) {
                *all += 1;
            }
            if *start < filled {
                counts.filler += 1;
            }
            if *start >= covered
                && let Some(own) = counts.own.get_mut(sentence)
            {
                *own += 1;
            }
        }
        counts
    }
}

/// Words by sentence.
struct WordCounts {
    all: Vec<usize>,
    /// Words that belong to no opt-out, refusal or politeness.
    own: Vec<usize>,
    /// Words of politeness in all sentences.
    filler: usize,
    /// Sentences with a refusal.
    refusing: BTreeSet<usize>,
}

impl WordCounts {
    /// The message is short, or half of it is in sentences that opt out or refuse.
    fn dominates(&self, said: &[(usize, Strength)]) -> bool {
        let total: usize = self.all.iter().sum();
        if total <= SHORT_MESSAGE_WORDS {
            return true;
        }
        let mut sentences = self.refusing.clone();
        sentences.extend(
            said.iter()
                .filter(|(_, strength)| *strength == Strength::Direct)
                .map(|(sentence, _)| *sentence),
        );
        let theirs: usize = sentences.iter().filter_map(|s| self.all.get(*s)).sum();
        theirs * 2 >= total.saturating_sub(self.filler)
    }

    fn little_beside(&self, sentence: usize, (own, others): (usize, usize)) -> bool {
        let here = self.own.get(sentence).copied().unwrap_or(0);
        let total: usize = self.own.iter().sum();
        here <= own && total - here <= others
    }
}
