//! What a reading says, and where it was read.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::judge::Analysis;
use super::pack::{Kind, Strength};
use crate::signals::{Intent, OptOut, Sentiment, Signal};

/// What was read in one message.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reading {
    /// Signals in the lead's words, denied ones left out; sorted by code, distinct.
    pub signals: Vec<Signal>,
    /// Codes of the topics spoken of, denied or not; sorted, distinct.
    pub topics: Vec<String>,
    /// What the lead wants, if anything could be told.
    pub intent: Option<Intent>,
    /// Tone of the message.
    pub sentiment: Sentiment,
    /// Whether it asks to hear nothing more.
    pub opt_out: OptOut,
    /// Unicode characters of the whole trimmed text (not of the subject).
    pub text_len: usize,
    /// Matched phrases in order of position, at most [`EVIDENCE_PER_ENTRY`] of each entry.
    pub evidence: Vec<Evidence>,
    /// True when the text was blank and the subject was read instead; `evidence` points into it then.
    pub from_subject: bool,
    /// True when a phone number stands in it.
    pub phone: bool,
    /// True when the person says it is or was away.
    pub absence: bool,
}

/// Most places kept in [`Reading::evidence`] for one entry.
pub const EVIDENCE_PER_ENTRY: usize = 8;

/// Entry id of a phone number in [`Reading::evidence`].
pub const PHONE: &str = "phone";

/// One matched phrase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Id of the lexicon entry, pack and entry, e.g. `automotive.en/test_drive`; or [`PHONE`].
    pub entry: String,
    /// Code of the signal the entry stands for, if it is one.
    pub signal: Option<String>,
    /// First byte in the text (or subject) as given.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
    /// True when the clause denies it.
    pub negated: bool,
}

/// The places worth quoting, by position; what several packs say of one place counts once.
pub(super) fn evidence(analysis: &Analysis<'_>, text: &str, opt_out: OptOut) -> Vec<Evidence> {
    let mut kept = vec![0; analysis.entry_count()];
    let mut seen = HashSet::new();
    let mut evidence = Vec::new();
    for (hit, negated) in &analysis.found {
        let (Some(compiled), Some(kept)) = (analysis.entry(hit), kept.get_mut(hit.entry)) else {
            continue;
        };
        let entry = &compiled.entry;
        let silent = matches!(
            entry.kind,
            Kind::Negation | Kind::Boundary | Kind::Filler | Kind::Phone
        ) || (entry.strength == Some(Strength::Alone) && opt_out != OptOut::Clear);
        if silent || *kept == EVIDENCE_PER_ENTRY {
            continue;
        }
        *kept += 1;
        if !seen.insert((compiled.group, hit.start, hit.end)) {
            continue;
        }
        let (start, end) = analysis.folded.original_range(text, hit.start, hit.end);
        evidence.push(Evidence {
            entry: compiled.id.clone(),
            signal: entry.signal.clone(),
            start,
            end,
            negated: *negated,
        });
    }
    for (start, end) in analysis.phones.iter().take(EVIDENCE_PER_ENTRY) {
        let (start, end) = analysis.folded.original_range(text, *start, *end);
        evidence.push(Evidence {
            entry: PHONE.to_owned(),
            signal: None,
            start,
            end,
            negated: false,
        });
    }
    evidence.sort_by_key(|found| (found.start, found.end));
    evidence
}
