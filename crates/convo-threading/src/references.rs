//! The chain of ancestors that a message's own headers name.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::message_id::{MessageId, scan, scan_or_bare};
use crate::resolve::Evidence;

/// Longest chain kept: the first id and the last fifty.
pub const MAX_CHAIN: usize = 51;

/// Raw values of the header fields that decide a message's place; a field may occur repeatedly.
#[derive(Debug, Clone, Copy, Default)]
pub struct HeaderFields<'a> {
    /// Values of Message-ID; the first valid id counts.
    pub message_id: &'a [&'a str],
    /// Values of In-Reply-To.
    pub in_reply_to: &'a [&'a str],
    /// Values of References.
    pub references: &'a [&'a str],
    /// Bare addresses of From, To, Cc, Reply-To and Sender: never ids in a reply header.
    pub participants: &'a [&'a str],
}

impl HeaderFields<'_> {
    /// The message's own id; `None` when it carries no valid one.
    pub fn own_id(&self) -> Option<MessageId> {
        self.message_id
            .iter()
            .find_map(|value| scan_or_bare(value).into_iter().next())
    }
}

/// The ancestors of a message as its own headers name them, oldest first, without repetition and
/// without its own id; the last one is the parent. At most [`MAX_CHAIN`] ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// The ids, oldest first.
    pub ids: Vec<MessageId>,
    /// Which header named the last id.
    pub evidence: Evidence,
}

impl Chain {
    /// The parent's id, whether or not such a message is known.
    pub fn parent(&self) -> Option<&MessageId> {
        self.ids.last()
    }

    /// The ids from the newest to the oldest: the order in which a known message is looked for.
    pub fn candidates(&self) -> impl Iterator<Item = &MessageId> {
        self.ids.iter().rev()
    }
}

/// Reads the chain of a message whose own id is `own` (its header's or the derived one).
///
/// References without the In-Reply-To target, then that target when In-Reply-To names exactly one
/// id; without References the last id of In-Reply-To.
///
/// Source: RFC 5322 §3.6.4, RFC 5256 §3 (REFERENCES step 1), which lets References win instead.
pub fn chain(fields: &HeaderFields<'_>, own: Option<&MessageId>) -> Chain {
    let participants: HashSet<String> = fields
        .participants
        .iter()
        .map(|address| address.trim().to_ascii_lowercase())
        .collect();
    let counts = |id: &MessageId| {
        own != Some(id) && !participants.contains(&id.as_str().to_ascii_lowercase())
    };
    let references = fields.references.iter().flat_map(|value| scan(value));
    let references = last_of_each(references.filter(|id| counts(id)).collect());
    let replied = fields
        .in_reply_to
        .iter()
        .flat_map(|value| scan_or_bare(value));
    let mut replied = last_of_each(replied.filter(|id| counts(id)).collect());

    let (ids, evidence) = match (replied.len(), references.is_empty()) {
        (0, true) => (Vec::new(), Evidence::None),
        (1, _) => {
            let mut ids = references;
            ids.retain(|id| *id != replied[0]);
            ids.append(&mut replied);
            (ids, Evidence::InReplyTo)
        }
        (_, false) => (references, Evidence::References),
        (several, true) => (replied.split_off(several - 1), Evidence::LastOfInReplyTo),
    };
    Chain {
        ids: capped(ids),
        evidence,
    }
}

/// Drops all but the last occurrence of every id: the last one decides the parent.
fn last_of_each(mut ids: Vec<MessageId>) -> Vec<MessageId> {
    let mut seen = HashSet::with_capacity(ids.len());
    let kept: Vec<bool> = ids.iter().rev().map(|id| seen.insert(id)).collect();
    let mut kept = kept.into_iter().rev();
    ids.retain(|_| kept.next().unwrap_or(true));
    ids
}

/// The first id and the last fifty.
fn capped(mut ids: Vec<MessageId>) -> Vec<MessageId> {
    if ids.len() > MAX_CHAIN {
        ids.drain(1..=ids.len() - MAX_CHAIN);
    }
    ids
}
