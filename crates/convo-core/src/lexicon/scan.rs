//! Finding phrases: word borders, gaps, exceptions.

use super::compile::{Automaton, Role};
use super::fold::Folded;

/// A phrase of an entry, by positions in the folded text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) entry: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Most bytes and words between two parts of a phrase with a gap.
const GAP_BYTES: usize = 60;
const GAP_WORDS: usize = 5;

/// Every phrase found, sorted by start; of one entry no hit lies inside another.
pub(super) fn hits(automaton: &Automaton, folded: &Folded) -> Vec<Hit> {
    let text = folded.text.as_str();
    let mut found = Vec::new();
    let mut exceptions = Vec::new();
    let mut chains: Vec<Option<(usize, usize)>> = vec![None; automaton.slots];
    for place in automaton.search.find_overlapping_iter(text) {
        let Some(roles) = automaton.roles.get(place.pattern().as_usize()) else {
            continue;
        };
        for role in roles {
            let Some((start, end)) = within_borders(text, role, place.start(), place.end()) else {
                continue;
            };
            let Some(start) = chained(&mut chains, text, role, start, end) else {
                continue;
            };
            let hit = Hit {
                entry: role.entry,
                start,
                end,
            };
            if role.unless {
                exceptions.push(hit);
            } else {
                found.push(hit);
            }
        }
    }
    let group_of = |hit: &Hit| automaton.entries.get(hit.entry).map_or(0, |e| e.group);
    drop_inside(&mut found, &mut exceptions, automaton.groups, group_of);
    drop_nested(&mut found, automaton.entries.len());
    found
}

/// The whole word or words of a match, or `None` when it begins or ends inside one.
fn within_borders(text: &str, role: &Role, start: usize, end: usize) -> Option<(usize, usize)> {
    let (before, rest) = text.split_at(start);
    let (inside, after) = rest.split_at(end - start);
    let splits_end =
        inside.ends_with(char::is_alphanumeric) && after.starts_with(char::is_alphanumeric);
    let splits_start =
        inside.starts_with(char::is_alphanumeric) && before.ends_with(char::is_alphanumeric);
    // A part is open on one side at most, so each word is walked once for a part.
    match (role.open_start, role.open_end) {
        (false, _) if splits_start => None,
        (_, false) if splits_end => None,
        (true, _) => Some((start - word_bytes(before.chars().rev()), end)),
        (_, true) => Some((start, end + word_bytes(after.chars()))),
        (false, false) => Some((start, end)),
    }
}

fn word_bytes(characters: impl Iterator<Item = char>) -> usize {
    characters
        .take_while(|character| character.is_alphanumeric())
        .map(char::len_utf8)
        .sum()
}

/// The start of the phrase this part completes, or `None` while parts are missing.
fn chained(
    chains: &mut [Option<(usize, usize)>],
    text: &str,
    role: &Role,
    start: usize,
    end: usize,
) -> Option<usize> {
    let Some(slot) = role.slot else {
        return Some(start);
    };
    let first = if slot.first {
        start
    } else {
        let (first, before) = *chains.get(slot.index.checked_sub(1)?)?.as_ref()?;
        let gap = text.get(before..start)?;
        if !is_gap(gap) {
            return None;
        }
        first
    };
    if slot.last {
        return Some(first);
    }
    if let Some(chain) = chains.get_mut(slot.index) {
        *chain = Some((first, end));
    }
    None
}

fn is_gap(gap: &str) -> bool {
    gap.len() <= GAP_BYTES
        && !gap.contains(['.', '!', '?', ';', ':', '\n'])
        && gap.split_whitespace().count() <= GAP_WORDS
}

/// Drops hits that lie inside an exception of their group.
fn drop_inside(
    found: &mut Vec<Hit>,
    exceptions: &mut [Hit],
    groups: usize,
    group_of: impl Fn(&Hit) -> usize,
) {
    sort(found);
    sort(exceptions);
    let mut reached = vec![0; groups];
    let mut next = exceptions.iter().peekable();
    found.retain(|hit| {
        while let Some(exception) = next.next_if(|exception| exception.start <= hit.start) {
            if let Some(end) = reached.get_mut(group_of(exception)) {
                *end = exception.end.max(*end);
            }
        }
        reached.get(group_of(hit)).is_none_or(|end| hit.end > *end)
    });
}

/// Keeps the longest of nested hits of one entry. `found` is sorted.
fn drop_nested(found: &mut Vec<Hit>, entries: usize) {
    let mut reached = vec![0; entries];
    found.retain(|hit| match reached.get_mut(hit.entry) {
        Some(end) if hit.end > *end => {
            *end = hit.end;
            true
        }
        _ => false,
    });
}

fn sort(hits: &mut [Hit]) {
    hits.sort_unstable_by_key(|hit| (hit.start, std::cmp::Reverse(hit.end), hit.entry));
}
