//! The forest of a set of messages, the same for every arrival order.

use chrono::{DateTime, Utc};

use crate::message_id::MessageId;

/// A message as the tree sees it.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a, K> {
    /// The caller's own key.
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
    /// All nodes in pre-order: a parent before its children, siblings by date, then id.
    pub entries: Vec<Entry<'a, K>>,
}

/// One node of a [`Forest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a, K> {
    /// The message's key; `None` for a missing message (placeholder).
    pub key: Option<K>,
    /// Its id.
    pub message_id: &'a MessageId,
    /// Index of its parent in the forest, which may be a placeholder.
    pub parent: Option<usize>,
    /// Index of its nearest present ancestor.
    pub shown_parent: Option<usize>,
    /// Index of the root of its tree.
    pub root: usize,
    /// Edges up to the root, placeholders counted; a root has 0.
    pub depth: u32,
    /// Whether it is a further copy of a Message-ID, kept as a leaf beside the first.
    pub copy: bool,
    /// The message's own time; of a placeholder the earliest below it.
    pub at: DateTime<Utc>,
}

/// Builds the forest of a set of messages; the order of `nodes` does not matter.
pub fn build<'a, K: Ord + Clone>(_nodes: &[Node<'a, K>]) -> Forest<'a, K> {
    Forest {
        entries: Vec::new(),
    }
}
