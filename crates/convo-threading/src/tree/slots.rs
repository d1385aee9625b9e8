//! Messages and named ids as small numbers.

use std::collections::HashMap;

use super::Node;
use crate::message_id::MessageId;

/// No slot.
pub(super) const NONE: u32 = u32::MAX;

/// Numbers for all ids: messages first, in the order of date, id, hash and key; then the missing
/// ids that chains name.
pub(super) struct Slots<'a> {
    /// Index of the node in each message slot.
    pub(super) order: Vec<u32>,
    /// The message slot whose Message-ID this one repeats; its own slot otherwise.
    pub(super) primary: Vec<u32>,
    /// The id of every slot.
    pub(super) ids: Vec<&'a MessageId>,
    /// The thread of every slot: the smallest slot of all that hang together.
    pub(super) thread: Vec<u32>,
    chain_ends: Vec<usize>,
    chains: Vec<u32>,
}

impl<'a> Slots<'a> {
    pub(super) fn new<K: Ord>(nodes: &[Node<'a, K>]) -> Self {
        let order = sorted(nodes);
        let mut known: HashMap<&'a str, u32> = HashMap::with_capacity(nodes.len());
        let mut ids = Vec::with_capacity(nodes.len());
        let mut primary = Vec::with_capacity(nodes.len());
        for (slot, &node) in (0..).zip(&order) {
            let id = nodes[node as usize].message_id;
            ids.push(id);
            primary.push(*known.entry(id.as_str()).or_insert(slot));
        }
        let mut slots = Self {
            thread: primary.clone(),
            chain_ends: Vec::with_capacity(nodes.len()),
            chains: Vec::with_capacity(nodes.len()),
            order,
            primary,
            ids,
        };
        for slot in 0..slots.messages() {
            if slots.primary[slot] as usize == slot {
                slots.read_chain(slot as u32, nodes, &mut known);
            }
            slots.chain_ends.push(slots.chains.len());
        }
        // The smaller slot is always on top, so one pass downwards reaches every top.
        for slot in 0..slots.thread.len() {
            slots.thread[slot] = slots.thread[slots.thread[slot] as usize];
        }
        slots
    }

    /// Count of messages: slots from here on are missing ids.
    pub(super) fn messages(&self) -> usize {
        self.order.len()
    }

    /// Whether no message carries the id of this slot.
    pub(super) fn is_missing(&self, slot: u32) -> bool {
        slot != NONE && slot as usize >= self.order.len()
    }

    /// The chain of a message slot, oldest first; empty for a copy.
    pub(super) fn chain(&self, slot: u32) -> &[u32] {
        let slot = slot as usize;
        let start = if slot == 0 {
            0
        } else {
            self.chain_ends[slot - 1]
        };
        &self.chains[start..self.chain_ends[slot]]
    }

    /// Numbers the ids of a message's chain and joins the message with all of them.
    fn read_chain<K>(
        &mut self,
        slot: u32,
        nodes: &[Node<'a, K>],
        known: &mut HashMap<&'a str, u32>,
    ) {
        let chain = |slot: u32| nodes[self.order[slot as usize] as usize].chain;
        let Some((last, older)) = chain(slot).split_last() else {
            return;
        };
        let parent = self.number(last, known);
        // Most replies repeat the chain of their parent: then its numbers, and what it joined,
        // hold for them as well.
        if (parent as usize) < self.chain_ends.len()
            && self.chain(parent).len() == older.len()
            && nodes[self.order[parent as usize] as usize].chain == older
        {
            let end = self.chain_ends[parent as usize];
            self.chains.extend_from_within(end - older.len()..end);
        } else {
            for id in older {
                let named = self.number(id, known);
                self.name(slot, named);
            }
        }
        self.name(slot, parent);
    }

    /// The slot of an id; a new one for an id that nobody named before.
    fn number(&mut self, id: &'a MessageId, known: &mut HashMap<&'a str, u32>) -> u32 {
        let new = self.ids.len() as u32;
        let slot = *known.entry(id.as_str()).or_insert(new);
        if slot == new {
            self.ids.push(id);
            self.thread.push(new);
        }
        slot
    }

    /// Adds an id to the chain that is being read.
    fn name(&mut self, slot: u32, named: u32) {
        if named != slot {
            self.chains.push(named);
            join(&mut self.thread, slot, named);
        }
    }
}

/// Indices of the nodes in the order of date, id, hash and key.
fn sorted<K: Ord>(nodes: &[Node<'_, K>]) -> Vec<u32> {
    let mut order: Vec<_> = (0..)
        .zip(nodes)
        .map(|(index, node)| (node.at, index))
        .collect();
    let rest = |index: u32| {
        let node = &nodes[index as usize];
        (node.message_id, node.hash, &node.key)
    };
    order.sort_unstable_by(|a: &(_, u32), b| a.0.cmp(&b.0).then_with(|| rest(a.1).cmp(&rest(b.1))));
    order.into_iter().map(|(_, index)| index).collect()
}

/// Joins two sets; the smaller slot becomes the top.
fn join(up: &mut [u32], a: u32, b: u32) {
    let (a, b) = (top(up, a), top(up, b));
    up[a.max(b) as usize] = a.min(b);
}

/// The top of a slot's set; shortens the way on its way.
pub(super) fn top(up: &mut [u32], mut slot: u32) -> u32 {
    while up[slot as usize] != slot {
        let above = up[up[slot as usize] as usize];
        up[slot as usize] = above;
        slot = above;
    }
    slot
}
