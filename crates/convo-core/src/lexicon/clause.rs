//! Sentences, clauses, and what a negation denies in them.

use super::compile::Automaton;
use super::fold::Folded;
use super::pack::{Kind, Scope};
use super::scan::Hit;

/// Where sentences, clauses and words lie in a folded text.
#[derive(Debug)]
pub(super) struct Outline {
    /// Ends of clauses, sorted, with true when a question mark ends it.
    clauses: Vec<(usize, bool)>,
    /// Ends of sentences, sorted, with true when a question mark ends it.
    sentences: Vec<(usize, bool)>,
    /// Starts of words, sorted.
    words: Vec<usize>,
}

impl Outline {
    pub(super) fn new(automaton: &Automaton, folded: &Folded, hits: &[Hit]) -> Self {
        let mut sentences: Vec<(usize, bool)> = Vec::new();
        let mut clauses: Vec<(usize, bool)> = hits
            .iter()
            .filter(|hit| is_kind(automaton, hit, Kind::Boundary))
            .map(|hit| (hit.start, false))
            .collect();
        let mut words = Vec::new();
        let mut before = ' ';
        let mut in_terminator = false;
        let mut characters = folded.text.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            let next = characters.peek().map_or(' ', |(_, next)| *next);
            match character {
                '.' if next.is_alphanumeric() && before.is_alphanumeric() => {}
                '.' | '!' | '?' | '\n' => {
                    let question = character == '?';
                    match sentences.last_mut() {
                        // "?!" and "..." end one sentence, as does a mark before a line's end.
                        Some(last) if in_terminator => last.1 |= question,
                        _ => sentences.push((at, question)),
                    }
                    in_terminator = true;
                }
                ' ' => {}
                ';' | ':' | '(' | ')' => clauses.push((at, false)),
                _ => in_terminator = false,
            }
            if character.is_alphanumeric() && !before.is_alphanumeric() {
                words.push(at);
            }
            before = character;
        }
        clauses.extend_from_slice(&sentences);
        clauses.sort_unstable();
        Self {
            clauses,
            sentences,
            words,
        }
    }

    pub(super) fn clause(&self, position: usize) -> usize {
        self.clauses.partition_point(|(end, _)| *end <= position)
    }

    /// The clause that ends with the byte before `end`.
    pub(super) fn clause_ending(&self, end: usize) -> usize {
        self.clause(end.saturating_sub(1))
    }

    pub(super) fn sentence(&self, position: usize) -> usize {
        self.sentences.partition_point(|(end, _)| *end <= position)
    }

    pub(super) fn sentence_count(&self) -> usize {
        self.sentences.len() + 1
    }

    /// Words that start before this position.
    pub(super) fn words_before(&self, position: usize) -> usize {
        self.words.partition_point(|start| *start < position)
    }

    pub(super) fn word_starts(&self) -> &[usize] {
        &self.words
    }

    /// True when a question mark ends the clause.
    pub(super) fn clause_asks(&self, clause: usize) -> bool {
        self.clauses.get(clause).is_some_and(|(_, asks)| *asks)
    }

    /// True when a question mark ends the sentence of this position.
    pub(super) fn asks(&self, position: usize) -> bool {
        let sentence = self.sentence(position);
        self.sentences.get(sentence).is_some_and(|(_, asks)| *asks)
    }

    /// True when any sentence is a question.
    pub(super) fn any_question(&self) -> bool {
        self.sentences.iter().any(|(_, asks)| *asks)
    }
}

pub(super) fn is_kind(automaton: &Automaton, hit: &Hit, kind: Kind) -> bool {
    automaton
        .entries
        .get(hit.entry)
        .is_some_and(|compiled| compiled.entry.kind == kind)
}

/// Words a negation of scope `around` reaches back over.
const REACH_BACK: usize = 3;
/// Words between a negation and the opt-out it denies ("please do not unsubscribe me").
const REACH_OPT_OUT: usize = 2;

/// For each hit (sorted by start), whether its clause denies it.
pub(super) fn denied(
    automaton: &Automaton,
    folded: &Folded,
    outline: &Outline,
    hits: &[Hit],
) -> Vec<bool> {
    let mut denied = vec![false; hits.len()];
    let mut negators: Vec<Hit> = hits
        .iter()
        .copied()
        .filter(|hit| scope(automaton, hit).is_some())
        .collect();
    deny_inside(automaton, &negators, hits, &mut denied);
    deny_split(automaton, &negators, hits, &mut denied);
    negators.sort_unstable_by_key(|hit| (hit.end, hit.start));
    deny_after(automaton, folded, outline, &negators, hits, &mut denied);
    deny_before(automaton, outline, &negators, hits, &mut denied);
    for (hit, denied) in hits.iter().zip(&mut denied) {
        if firm(automaton, outline, hit) {
            *denied = false;
        }
    }
    denied
}

fn scope(automaton: &Automaton, hit: &Hit) -> Option<Scope> {
    automaton.entries.get(hit.entry)?.entry.scope
}

/// Entries no negation touches, and what a question asks for ("don't you have financing?").
fn firm(automaton: &Automaton, outline: &Outline, hit: &Hit) -> bool {
    use crate::signals::SignalClass;
    let Some(compiled) = automaton.entries.get(hit.entry) else {
        return true;
    };
    let entry = &compiled.entry;
    entry.firm
        || matches!(
            entry.kind,
            Kind::Negation | Kind::Boundary | Kind::Filler | Kind::Absence
        )
        || (entry.class != Some(SignalClass::Interest)
            && entry.kind == Kind::Signal
            && outline.clause_asks(outline.clause_ending(hit.end)))
}

/// "interested" inside "not interested", where the longer phrase is a refusal.
fn deny_inside(automaton: &Automaton, negators: &[Hit], hits: &[Hit], denied: &mut [bool]) {
    let refusals = negators
        .iter()
        .filter(|hit| !is_kind(automaton, hit, Kind::Negation));
    let mut refusals = refusals.peekable();
    let mut reached = 0;
    for (hit, denied) in hits.iter().zip(denied) {
        while let Some(refusal) = refusals.next_if(|refusal| refusal.start <= hit.start) {
            reached = refusal.end.max(reached);
        }
        let inner = [Kind::Signal, Kind::Topic, Kind::Sentiment];
        *denied |= hit.end <= reached && inner.iter().any(|kind| is_kind(automaton, hit, *kind));
    }
}

/// A signal whose gap holds the negation ("kommen Sie bitte nicht vorbei").
fn deny_split(automaton: &Automaton, negators: &[Hit], hits: &[Hit], denied: &mut [bool]) {
    for (hit, denied) in hits.iter().zip(denied) {
        let next = negators.partition_point(|negator| negator.start < hit.start);
        let split = negators
            .get(next)
            .is_some_and(|n| n.end <= hit.end && n != hit);
        *denied |= split && is_kind(automaton, hit, Kind::Signal);
    }
}

fn deny_after(
    automaton: &Automaton,
    folded: &Folded,
    outline: &Outline,
    negators: &[Hit],
    hits: &[Hit],
    denied: &mut [bool],
) {
    let mut next = negators.iter().peekable();
    let (mut clause, mut reached, mut nearest) = (usize::MAX, 0, None);
    for (hit, denied) in hits.iter().zip(denied) {
        while let Some(negator) = next.next_if(|negator| negator.end <= hit.start) {
            let its = outline.clause_ending(negator.end);
            if its != clause {
                (clause, reached) = (its, 0);
            }
            let reach = automaton
                .entries
                .get(negator.entry)
                .and_then(|compiled| compiled.entry.reach)
                .unwrap_or(usize::MAX / 2);
            reached = reached.max(outline.words_before(negator.end) + reach);
            nearest = Some(negator.end);
        }
        if clause != outline.clause(hit.start) {
            continue;
        }
        let before = outline.words_before(hit.start);
        *denied |= if is_kind(automaton, hit, Kind::OptOut) {
            nearest.is_some_and(|end| {
                before - outline.words_before(end) <= REACH_OPT_OUT
                    && folded
                        .text
                        .get(end..hit.start)
                        .is_some_and(|gap| !gap.contains(','))
            })
        } else {
            before <= reached
        };
    }
}

fn deny_before(
    automaton: &Automaton,
    outline: &Outline,
    negators: &[Hit],
    hits: &[Hit],
    denied: &mut [bool],
) {
    let mut around: Vec<&Hit> = negators
        .iter()
        .filter(|hit| scope(automaton, hit) == Some(Scope::Around))
        .collect();
    around.sort_unstable_by_key(|hit| hit.start);
    let mut order: Vec<usize> = (0..hits.len()).collect();
    order.sort_unstable_by_key(|index| hits.get(*index).map(|hit| hit.end));
    let (mut clause, mut reached) = (usize::MAX, usize::MAX);
    for index in order.into_iter().rev() {
        let (Some(hit), Some(denied)) = (hits.get(index), denied.get_mut(index)) else {
            continue;
        };
        while let Some(negator) = around.pop_if(|negator| negator.start >= hit.end) {
            let its = outline.clause(negator.start);
            if its != clause {
                (clause, reached) = (its, usize::MAX);
            }
            let back = outline
                .words_before(negator.start)
                .saturating_sub(REACH_BACK);
            reached = reached.min(back);
        }
        let exempt = is_kind(automaton, hit, Kind::OptOut);
        if !exempt
            && clause == outline.clause_ending(hit.end)
            && outline.words_before(hit.end) >= reached
        {
            *denied = true;
        }
    }
}
