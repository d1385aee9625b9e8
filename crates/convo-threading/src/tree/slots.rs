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
        let mut known: HashMap<&'a MessageId, u32> = HashMap::with_capacity(nodes.len());
        let mut ids = Vec::with_capacity(nodes.len());
        let mut primary = Vec::with_capacity(nodes.len());
        for (slot, &node) in (0..).zip(&order) {
            let id = nodes[node as usize].message_id;
            ids.push(id);
            primary.push(*known.entry(id).or_insert(slot));
        }
        let mut chain_ends = Vec::with_capacity(nodes.len());
        let mut chains = Vec::new();
        for (slot, &node) in order.iter().enumerate() {
            if primary[slot] == slot as u32 {
                for id in nodes[node as usize].chain {
                    let named = *known.entry(id).or_insert(ids.len() as u32);
                    if named as usize == ids.len() {
                        ids.push(id);
                    }
                    if named != slot as u32 {
                        chains.push(named);
                    }
                }
            }
            chain_ends.push(chains.len());
        }
        let mut slots = Self {
            order,
            primary,
            ids,
            thread: Vec::new(),
            chain_ends,
            chains,
        };
        slots.thread = slots.threads();
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

    /// Joins every message with all ids of its chain, and copies with what they repeat.
    fn threads(&self) -> Vec<u32> {
        let mut up: Vec<u32> = (0..self.ids.len() as u32).collect();
        for slot in 0..self.messages() as u32 {
            join(&mut up, slot, self.primary[slot as usize]);
            for &named in self.chain(slot) {
                join(&mut up, slot, named);
            }
        }
        // The smaller slot is always on top, so one pass downwards reaches every top.
        for slot in 0..up.len() {
            up[slot] = up[up[slot] as usize];
        }
        up
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
