//! Packs compiled to one automaton.

use std::collections::{BTreeMap, HashMap, HashSet};

use aho_corasick::{AhoCorasick, MatchKind};

use super::error::LexiconError;
use super::pack::{Entry, Kind, Pack};
use super::phrase::{Part, spellings};

/// An entry with its pack's name in the id.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) id: String,
    /// Entries that say the same share it: an `unless` of one counts for all.
    pub(super) group: usize,
    pub(super) entry: Entry,
}

/// What a found pattern stands for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Role {
    pub(super) entry: usize,
    /// From a phrase of `unless`.
    pub(super) unless: bool,
    pub(super) open_start: bool,
    pub(super) open_end: bool,
    /// Index into the chain slots; the part before it is at `slot - 1`.
    pub(super) slot: Option<Slot>,
}

/// Place of a part in a phrase with gaps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) index: usize,
    pub(super) first: bool,
    pub(super) last: bool,
}

/// The automaton with the entries it serves.
#[derive(Debug)]
pub(super) struct Automaton {
    pub(super) entries: Vec<Compiled>,
    pub(super) groups: usize,
    pub(super) slots: usize,
    pub(super) search: AhoCorasick,
    /// By pattern.
    pub(super) roles: Vec<Vec<Role>>,
}

impl Automaton {
    pub(super) fn compile(packs: Vec<Pack>) -> Result<Self, LexiconError> {
        let mut builder = Builder::default();
        for pack in packs {
            for entry in pack.entry {
                builder.add(&pack.pack.name, entry)?;
            }
        }
        let search = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(&builder.patterns)
            .map_err(|source| LexiconError::Automaton { source })?;
        Ok(Self {
            entries: builder.entries,
            groups: builder.groups.len(),
            slots: builder.slots,
            search,
            roles: builder.roles,
        })
    }
}

#[derive(Default)]
struct Builder {
    entries: Vec<Compiled>,
    ids: HashSet<String>,
    groups: BTreeMap<(u8, String), usize>,
    patterns: Vec<String>,
    by_text: HashMap<String, usize>,
    roles: Vec<Vec<Role>>,
    slots: usize,
}

impl Builder {
    fn add(&mut self, pack: &str, mut entry: Entry) -> Result<(), LexiconError> {
        let id = format!("{pack}/{}", entry.id);
        let fault = |reason| LexiconError::Entry {
            entry: id.clone(),
            reason,
        };
        if let Some(reason) = entry.fault() {
            return Err(fault(reason));
        }
        if !self.ids.insert(id.clone()) {
            return Err(fault("the id occurs twice"));
        }
        let index = self.entries.len();
        let phrases = std::mem::take(&mut entry.phrases);
        let unless = std::mem::take(&mut entry.unless);
        for (phrases, unless) in [(&phrases, false), (&unless, true)] {
            for phrase in phrases {
                let spellings = spellings(phrase)
                    .ok_or_else(|| fault("a phrase has words and is open on one side at most"))?;
                for parts in spellings {
                    self.phrase(parts, index, unless);
                }
            }
        }
        let next = self.groups.len();
        let group = *self.groups.entry(group_of(&entry)).or_insert(next);
        self.entries.push(Compiled { id, group, entry });
        Ok(())
    }

    fn phrase(&mut self, parts: Vec<Part>, entry: usize, unless: bool) {
        let count = parts.len();
        for (position, part) in parts.into_iter().enumerate() {
            let slot = (count > 1).then(|| {
                self.slots += 1;
                Slot {
                    index: self.slots - 1,
                    first: position == 0,
                    last: position + 1 == count,
                }
            });
            let role = Role {
                entry,
                unless,
                open_start: part.open_start,
                open_end: part.open_end,
                slot,
            };
            let pattern = match self.by_text.get(&part.text) {
                Some(pattern) => *pattern,
                None => {
                    self.by_text.insert(part.text.clone(), self.patterns.len());
                    self.patterns.push(part.text);
                    self.roles.push(Vec::new());
                    self.patterns.len() - 1
                }
            };
            if let Some(roles) = self.roles.get_mut(pattern) {
                roles.push(role);
            }
        }
    }
}

fn group_of(entry: &Entry) -> (u8, String) {
    let says = match entry.kind {
        Kind::Signal => entry.signal.clone().unwrap_or_default(),
        Kind::Topic => entry.topics.join(" "),
        Kind::Sentiment => format!("{:?}", entry.tone),
        _ => String::new(),
    };
    (entry.kind as u8, says)
}
