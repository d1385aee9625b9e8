//! The forest of a set of messages, the same for every arrival order.
//!
//! 1. A message's parent is the last id of its own chain, known or not; what others' References
//!    claim about a real message counts for nothing.
//! 2. A missing message that somebody hangs from stays as a placeholder. Its parent is the id
//!    most often named just before it; the smallest id wins a tie.
//! 3. Loops: messages take their parents in the order of date, then id. The one whose edge would
//!    close a loop takes the next older id of its chain. A loop through placeholders opens at the
//!    one with the largest id, preferably one that a message is named before; it goes there.
//! 4. Of several messages with one id the one with the lowest date, then hash, is the message;
//!    the others are leaves beside it, and nothing is read from their chains.
//! 5. A thread is what hangs together over all ids that chains name, missing ones included. It
//!    may have several roots: a message's own headers can deny what another one claims.
//!
//! Source: RFC 5256 §3 (REFERENCES steps 1 to 3) without its dependence on arrival order.

mod layout;
mod parents;
mod slots;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::message_id::MessageId;
use layout::Layout;
use parents::Parents;
use slots::Slots;

/// A message as the tree sees it.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a, K> {
    /// The caller's own key; tells apart what is equal in all else.
    pub key: K,
    /// The message's own id (its header's or the derived one).
    pub message_id: &'a MessageId,
    /// The ids of its [`Chain`](crate::references::Chain), oldest first.
    pub chain: &'a [MessageId],
    /// The message's own time.
    pub at: DateTime<Utc>,
    /// Hash of its content; tells copies of one Message-ID apart.
    pub hash: &'a [u8],
}

/// The trees of a set of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forest<'a, K> {
    /// All nodes, thread after thread, in pre-order: a parent before its children, siblings by
    /// date, then id; threads by their earliest message.
    pub entries: Vec<Entry<'a, K>>,
    /// The part of `entries` that each thread takes; the first entry is the thread's root.
    pub threads: Vec<Range<usize>>,
    /// Every missing id that a chain names, in the order of ids.
    pub placeholders: Vec<Placeholder<usize>>,
}

/// One node of a [`Forest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a, K> {
    /// The message's key; `None` for a placeholder.
    pub key: Option<K>,
    /// Its id.
    pub message_id: &'a MessageId,
    /// Index of its parent in the forest, which may be a placeholder.
    pub parent: Option<usize>,
    /// Index of its nearest present ancestor.
    pub shown_parent: Option<usize>,
    /// Index of its thread in [`Forest::threads`].
    pub thread: usize,
    /// Edges up to the root, placeholders counted; a root has 0.
    pub depth: u32,
    /// Whether it is a further copy of a Message-ID.
    pub copy: bool,
    /// The message's own time; of a placeholder that of the earliest message shown below it.
    pub at: DateTime<Utc>,
}

/// What is known about an id that chains name and no message carries; `T` names its thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placeholder<T> {
    /// The missing message's id.
    pub id: MessageId,
    /// How many messages name which id just before this one.
    pub votes: BTreeMap<MessageId, u32>,
    /// The thread of those that name it.
    pub thread: T,
    /// Its place in the tree; `None` when no message hangs from it.
    pub place: Option<Place>,
}

/// Where a placeholder stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its parent's id, which may be a placeholder's.
    pub parent: Option<MessageId>,
    /// The id of its nearest present ancestor.
    pub shown_parent: Option<MessageId>,
    /// Edges up to the root.
    pub depth: u32,
    /// Whether it stood in a loop: each new vote can move it or another one of the loop.
    pub looped: bool,
}

impl<T> Placeholder<T> {
    /// The id most often named just before this one; the smallest of several.
    pub fn winner(&self) -> Option<&MessageId> {
        let most = self.votes.values().max()?;
        self.votes
            .iter()
            .find(|(_, count)| *count == most)
            .map(|(id, _)| id)
    }
}

impl<K> Forest<'_, K> {
    /// The entry that is the root of a thread: of several roots the earliest.
    pub fn root(&self, thread: usize) -> Option<&Entry<'_, K>> {
        self.entries.get(self.threads.get(thread)?.start)
    }
}

/// Builds the forest of a set of messages; the order of `nodes` does not matter.
///
/// Takes time in proportion to the ids in all chains, apart from one sort of the messages.
pub fn build<'a, K: Ord + Clone>(nodes: &[Node<'a, K>]) -> Forest<'a, K> {
    let slots = Slots::new(nodes);
    let parents = Parents::new(&slots);
    Layout::new(&slots, &parents).forest(nodes)
}
