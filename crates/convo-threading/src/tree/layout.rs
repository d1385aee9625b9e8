//! The forest in pre-order.

use std::collections::BTreeMap;

use super::parents::Parents;
use super::slots::{NONE, Slots};
use super::{Entry, Forest, Node, Place, Placeholder};

/// First children and next siblings of all slots.
pub(super) struct Layout<'s, 'a> {
    slots: &'s Slots<'a>,
    parents: &'s Parents,
    /// The message slot that gives a slot its rank among siblings; [`NONE`]: not shown.
    rank: Vec<u32>,
    depth: Vec<u32>,
    shown_parent: Vec<u32>,
    first_child: Vec<u32>,
    next_sibling: Vec<u32>,
    /// First root of the thread whose smallest slot this is.
    first_root: Vec<u32>,
}

impl<'s, 'a> Layout<'s, 'a> {
    pub(super) fn new(slots: &'s Slots<'a>, parents: &'s Parents) -> Self {
        let empty = vec![NONE; slots.ids.len()];
        let mut layout = Self {
            slots,
            parents,
            rank: ranks(slots, &parents.parent),
            depth: empty.clone(),
            shown_parent: empty.clone(),
            first_child: empty.clone(),
            next_sibling: empty,
            first_root: vec![NONE; slots.messages()],
        };
        let messages = slots.messages() as u32;
        let mut missing: Vec<u32> = (messages..slots.ids.len() as u32)
            .filter(|&slot| layout.rank[slot as usize] != NONE)
            .collect();
        missing.sort_unstable_by_key(|&slot| layout.rank[slot as usize]);
        // From the last to the first, so that each one is put before its later siblings.
        for slot in (0..messages).rev() {
            while let Some(&ghost) = missing.last()
                && layout.rank[ghost as usize] == slot
            {
                layout.prepend(ghost);
                missing.pop();
            }
            layout.prepend(slot);
        }
        layout
    }

    fn prepend(&mut self, slot: u32) {
        let first = match self.parents.parent[slot as usize] {
            NONE => &mut self.first_root[self.slots.thread[slot as usize] as usize],
            parent => &mut self.first_child[parent as usize],
        };
        self.next_sibling[slot as usize] = *first;
        *first = slot;
    }

    pub(super) fn forest<K: Clone>(mut self, nodes: &[Node<'a, K>]) -> Forest<'a, K> {
        let mut entries = Vec::with_capacity(self.slots.ids.len());
        let mut threads = Vec::new();
        let mut thread_of = vec![NONE; self.slots.messages()];
        let mut entry_of = vec![NONE; self.slots.ids.len()];
        for (slot, thread) in thread_of.iter_mut().enumerate() {
            let mut next = self.first_root[slot];
            if next == NONE {
                continue;
            }
            *thread = threads.len() as u32;
            let start = entries.len();
            while next != NONE {
                self.descend(next);
                entry_of[next as usize] = entries.len() as u32;
                entries.push(self.entry(next, nodes, threads.len(), &entry_of));
                next = self.after(next);
            }
            threads.push(start..entries.len());
        }
        let placeholders = self.placeholders(&thread_of);
        Forest {
            entries,
            threads,
            placeholders,
        }
    }

    /// The slot after this one in pre-order.
    fn after(&self, mut slot: u32) -> u32 {
        if self.first_child[slot as usize] != NONE {
            return self.first_child[slot as usize];
        }
        while self.next_sibling[slot as usize] == NONE {
            slot = self.parents.parent[slot as usize];
            if slot == NONE {
                return NONE;
            }
        }
        self.next_sibling[slot as usize]
    }

    /// Sets depth and shown parent of a slot whose parent has its own.
    fn descend(&mut self, slot: u32) {
        let parent = self.parents.parent[slot as usize];
        let (depth, shown) = match parent {
            NONE => (0, NONE),
            _ if self.slots.is_missing(parent) => (
                self.depth[parent as usize] + 1,
                self.shown_parent[parent as usize],
            ),
            _ => (self.depth[parent as usize] + 1, parent),
        };
        self.depth[slot as usize] = depth;
        self.shown_parent[slot as usize] = shown;
    }

    fn entry<K: Clone>(
        &self,
        slot: u32,
        nodes: &[Node<'a, K>],
        thread: usize,
        entry_of: &[u32],
    ) -> Entry<'a, K> {
        let node = |slot: u32| &nodes[self.slots.order[slot as usize] as usize];
        let index = |slot: u32| match slot {
            NONE => None,
            _ => Some(entry_of[slot as usize] as usize),
        };
        let missing = self.slots.is_missing(slot);
        Entry {
            key: (!missing).then(|| node(slot).key.clone()),
            message_id: self.slots.ids[slot as usize],
            parent: index(self.parents.parent[slot as usize]),
            shown_parent: index(self.shown_parent[slot as usize]),
            thread,
            depth: self.depth[slot as usize],
            copy: !missing && self.slots.primary[slot as usize] != slot,
            at: node(self.rank[slot as usize]).at,
        }
    }

    /// All missing ids that chains name.
    fn placeholders(&mut self, thread_of: &[u32]) -> Vec<Placeholder<usize>> {
        let messages = self.slots.messages();
        let mut rows: Vec<_> = (messages..self.slots.ids.len())
            .map(|slot| Placeholder {
                id: self.slots.ids[slot].clone(),
                votes: BTreeMap::new(),
                thread: thread_of[self.slots.thread[slot] as usize] as usize,
                place: self.place(slot as u32),
            })
            .collect();
        for &(missing, before, count) in &self.parents.votes {
            let votes = &mut rows[missing as usize - messages].votes;
            votes.insert(self.slots.ids[before as usize].clone(), count);
        }
        rows.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        rows
    }

    /// The place of a missing id; an opened loop can leave it without a message below.
    fn place(&mut self, missing: u32) -> Option<Place> {
        if !self.parents.placed[missing as usize] {
            return None;
        }
        let mut hidden = Vec::new();
        let mut slot = missing;
        while slot != NONE && self.depth[slot as usize] == NONE {
            hidden.push(slot);
            slot = self.parents.parent[slot as usize];
        }
        while let Some(slot) = hidden.pop() {
            self.descend(slot);
        }
        let id = |slot: u32| match slot {
            NONE => None,
            _ => Some(self.slots.ids[slot as usize].clone()),
        };
        Some(Place {
            parent: id(self.parents.parent[missing as usize]),
            shown_parent: id(self.shown_parent[missing as usize]),
            depth: self.depth[missing as usize],
            looped: self.parents.looped.binary_search(&missing).is_ok(),
        })
    }
}

/// A message's rank is its own slot, a missing one's that of the earliest message shown below it.
fn ranks(slots: &Slots<'_>, parent: &[u32]) -> Vec<u32> {
    let mut rank = vec![NONE; slots.ids.len()];
    for slot in 0..slots.messages() as u32 {
        rank[slot as usize] = slot;
        let mut above = parent[slot as usize];
        while slots.is_missing(above) && rank[above as usize] == NONE {
            rank[above as usize] = slot;
            above = parent[above as usize];
        }
    }
    rank
}
