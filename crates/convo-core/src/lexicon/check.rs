//! The sentences a pack promises to read rightly.

use super::Lexicon;
use super::compile::Compiled;
use super::judge::Analysis;
use super::pack::Kind;
use crate::signals::OptOut;

/// A pack's own sentence that was read otherwise than its entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Id of the entry.
    pub entry: String,
    /// The sentence as the pack has it.
    pub sentence: String,
    /// What the entry says of it.
    pub expected: Expected,
}

/// What an entry says of one of its sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The entry is found and not denied; an opt-out is clear.
    Match,
    /// The opt-out is doubtful.
    Doubt,
    /// The entry is not found or is denied; an opt-out is none.
    Reject,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verb = match self.expected {
            Expected::Match => "must match",
            Expected::Doubt => "must be in doubt about",
            Expected::Reject => "must not match",
        };
        write!(f, "{} {verb} {:?}", self.entry, self.sentence)
    }
}

pub(super) fn check(lexicon: &Lexicon) -> Vec<Failure> {
    let mut failures = Vec::new();
    for compiled in &lexicon.automaton.entries {
        for (sentence, expected) in sentences(compiled) {
            if !holds(lexicon, compiled, sentence, expected) {
                failures.push(Failure {
                    entry: compiled.id.clone(),
                    sentence: sentence.to_owned(),
                    expected,
                });
            }
        }
    }
    failures
}

pub(super) fn sentences(compiled: &Compiled) -> impl Iterator<Item = (&str, Expected)> {
    let entry = &compiled.entry;
    [
        (&entry.matching, Expected::Match),
        (&entry.doubt, Expected::Doubt),
        (&entry.reject, Expected::Reject),
    ]
    .into_iter()
    .flat_map(|(list, expected)| list.iter().map(move |s| (s.as_str(), expected)))
}

fn holds(lexicon: &Lexicon, compiled: &Compiled, sentence: &str, expected: Expected) -> bool {
    if compiled.entry.kind == Kind::OptOut {
        let wanted = match expected {
            Expected::Match => OptOut::Clear,
            Expected::Doubt => OptOut::Doubtful,
            Expected::Reject => OptOut::None,
        };
        return lexicon.read(sentence, None).opt_out == wanted;
    }
    let analysis = Analysis::new(&lexicon.automaton, sentence);
    let found = analysis.found.iter().any(|(hit, denied)| {
        !denied
            && analysis
                .entry(hit)
                .is_some_and(|entry| entry.id == compiled.id)
    });
    found == (expected == Expected::Match)
}
