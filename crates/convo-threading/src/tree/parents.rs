//! Who hangs from whom: own chains, votes for placeholders, loops opened.

use std::cmp::Reverse;

use super::slots::{NONE, Slots, top};

/// The parent of every slot.
pub(super) struct Parents {
    /// Parent slot or [`NONE`]; a copy has the parent of what it repeats.
    pub(super) parent: Vec<u32>,
    /// Whether a slot stands in the forest: all messages, and the missing ids they hang from.
    pub(super) placed: Vec<bool>,
    /// Missing slots that stood in a loop, in ascending order.
    pub(super) looped: Vec<u32>,
    /// Missing id, id named just before it, how often; in the order of missing slots.
    pub(super) votes: Vec<(u32, u32, u32)>,
}

impl Parents {
    pub(super) fn new(slots: &Slots<'_>) -> Self {
        let mut parent = newest_named(slots);
        if !loops(&parent).is_empty() {
            parent = without_loops(slots);
        }
        let votes = votes(slots);
        let placed = place_missing(slots, &votes, &mut parent);
        let looped = open_loops(slots, &votes, &mut parent);
        for (slot, &primary) in slots.primary.iter().enumerate() {
            parent[slot] = parent[primary as usize];
        }
        Self {
            parent,
            placed,
            looped,
            votes,
        }
    }
}

/// Every message under the last id of its chain; missing ids under nothing.
fn newest_named(slots: &Slots<'_>) -> Vec<u32> {
    let newest = |slot| slots.chain(slot).last().copied().unwrap_or(NONE);
    let mut parent: Vec<u32> = (0..slots.messages() as u32).map(newest).collect();
    parent.resize(slots.ids.len(), NONE);
    parent
}

/// The same, edge by edge in the order of slots: what would close a loop goes one id back.
fn without_loops(slots: &Slots<'_>) -> Vec<u32> {
    let mut parent = vec![NONE; slots.ids.len()];
    let mut up: Vec<u32> = (0..slots.ids.len() as u32).collect();
    for slot in 0..slots.messages() as u32 {
        // A slot without a parent is the top of its tree: a candidate below it has it as its top.
        let open = slots.chain(slot).iter().rev();
        let mut open = open.filter(|&&candidate| top(&mut up, candidate) != slot);
        if let Some(&candidate) = open.next() {
            parent[slot as usize] = candidate;
            up[slot as usize] = candidate;
        }
    }
    parent
}

/// Counts which id stands just before each missing id.
fn votes(slots: &Slots<'_>) -> Vec<(u32, u32, u32)> {
    let mut pairs = Vec::new();
    for slot in 0..slots.messages() as u32 {
        let named = slots.chain(slot).windows(2);
        pairs.extend(
            named
                .filter(|pair| slots.is_missing(pair[1]))
                .map(|pair| (pair[1], pair[0])),
        );
    }
    pairs.sort_unstable();
    let same = pairs.chunk_by(|a, b| a == b);
    same.map(|pairs| (pairs[0].0, pairs[0].1, pairs.len() as u32))
        .collect()
}

/// Hangs the missing ids that messages need under their winners; says which slots are placed.
fn place_missing(slots: &Slots<'_>, votes: &[(u32, u32, u32)], parent: &mut [u32]) -> Vec<bool> {
    let mut winner = vec![NONE; slots.ids.len() - slots.messages()];
    for of_one in votes.chunk_by(|a, b| a.0 == b.0) {
        let most = of_one
            .iter()
            .max_by_key(|(_, before, count)| (*count, Reverse(slots.ids[*before as usize])));
        if let Some(&(missing, before, _)) = most {
            winner[missing as usize - slots.messages()] = before;
        }
    }
    let mut placed = vec![true; slots.messages()];
    placed.resize(slots.ids.len(), false);
    for slot in 0..slots.messages() {
        let mut above = parent[slot];
        while slots.is_missing(above) && !placed[above as usize] {
            placed[above as usize] = true;
            let next = winner[above as usize - slots.messages()];
            parent[above as usize] = next;
            above = next;
        }
    }
    placed
}

/// The loops of a graph in which every slot has at most one parent.
fn loops(parent: &[u32]) -> Vec<Vec<u32>> {
    let mut found = Vec::new();
    // The walk that first came by a slot.
    let mut walk = vec![NONE; parent.len()];
    for start in 0..parent.len() as u32 {
        let mut slot = start;
        while slot != NONE && walk[slot as usize] == NONE {
            walk[slot as usize] = start;
            slot = parent[slot as usize];
        }
        if slot == NONE || walk[slot as usize] != start {
            continue;
        }
        let mut looped = vec![slot];
        let mut next = parent[slot as usize];
        while next != slot {
            looped.push(next);
            next = parent[next as usize];
        }
        found.push(looped);
    }
    found
}

/// Opens every loop at one missing id and hangs that, if it can, from a message named before it.
///
/// A loop opens where such a message exists; of several missing ids at the largest. Returns the
/// missing slots of all loops.
fn open_loops(slots: &Slots<'_>, votes: &[(u32, u32, u32)], parent: &mut [u32]) -> Vec<u32> {
    let found = loops(parent);
    if found.is_empty() {
        return Vec::new();
    }
    let mut opened = Vec::new();
    for looped in &found {
        let rank = |slot: u32| {
            let elsewhere = others(slots, votes, slot, parent[slot as usize]);
            (
                slots.is_missing(slot),
                !elsewhere.is_empty(),
                slots.ids[slot as usize],
            )
        };
        if let Some(&slot) = looped.iter().max_by_key(|&&slot| rank(slot)) {
            opened.push((slot, parent[slot as usize]));
            parent[slot as usize] = NONE;
        }
    }
    opened.sort_unstable_by_key(|(slot, _)| slots.ids[*slot as usize]);
    let above = |(slot, &parent): (u32, &u32)| if parent == NONE { slot } else { parent };
    let mut up: Vec<u32> = (0..).zip(&*parent).map(above).collect();
    for (slot, winner) in opened {
        let others = others(slots, votes, slot, winner);
        if let Some(&other) = others.iter().find(|&&other| top(&mut up, other) != slot) {
            parent[slot as usize] = other;
            up[slot as usize] = other;
        }
    }
    let mut looped: Vec<u32> = found.into_iter().flatten().collect();
    looped.retain(|&slot| slots.is_missing(slot));
    looped.sort_unstable();
    looped
}

/// The messages other than the winner that are named just before a missing id, most votes first.
fn others(slots: &Slots<'_>, votes: &[(u32, u32, u32)], missing: u32, winner: u32) -> Vec<u32> {
    let start = votes.partition_point(|vote| vote.0 < missing);
    let mut others: Vec<_> = votes[start..]
        .iter()
        .take_while(|vote| vote.0 == missing)
        .filter(|(_, before, _)| *before != winner && !slots.is_missing(*before))
        .map(|(_, before, count)| (Reverse(*count), slots.ids[*before as usize], *before))
        .collect();
    others.sort_unstable();
    others.into_iter().map(|(_, _, before)| before).collect()
}
