//! Where one more message goes, without reading the whole conversation.
//!
//! A store keeps, beside every message, its depth and thread, and one [`Placeholder`] for every
//! missing id that a chain names. From the rows of the ids in the new message's own chain
//! [`place`] says where it goes and which placeholders change, or that this message moves others:
//! then the conversation is loaded and [`build`](crate::tree::build) tells. Both ways lead to the
//! same tree.

#[cfg(test)]
pub(crate) mod tests;

use std::collections::HashMap;

use crate::message_id::MessageId;
use crate::tree::{Place, Placeholder};

/// What the store knows about an id within the conversation; `T` names a thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known<T> {
    /// A stored message carries it.
    Message {
        /// Edges up to the root, placeholders counted.
        depth: u32,
        /// Its thread.
        thread: T,
    },
    /// Chains of stored messages name it, no message carries it.
    Missing(Placeholder<T>),
}

/// The answer of [`place`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placement<T> {
    /// The message goes here; nothing else moves.
    Placed(Placed<T>),
    /// The message can move others: build the conversation's forest anew.
    Rebuild(Cause),
}

/// Where a new message stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<T> {
    /// Its parent's id, which may be a placeholder's.
    pub parent: Option<MessageId>,
    /// The id of its nearest present ancestor.
    pub shown_parent: Option<MessageId>,
    /// Edges up to the root, placeholders counted.
    pub depth: u32,
    /// The thread it joins; `None`: it starts one.
    pub thread: Option<T>,
    /// Placeholders to insert or to replace, whole, by id. A `None` thread is the message's own.
    pub placeholders: Vec<Placeholder<Option<T>>>,
}

/// Why a message cannot be placed alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// A stored message carries the same id.
    Copy,
    /// Stored messages already name this id.
    Awaited,
    /// Its chain names ids of two threads.
    JoinsThreads,
    /// With its vote a placeholder has, or in a loop can have, another parent.
    OtherWinner,
    /// A placeholder it needs hangs from an id that its chain does not name.
    BeyondChain,
    /// The placeholders it needs hang from each other.
    Loop,
}

impl Cause {
    /// The stable text of this cause, for logs and metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Awaited => "awaited",
            Self::JoinsThreads => "joins_threads",
            Self::OtherWinner => "other_winner",
            Self::BeyondChain => "beyond_chain",
            Self::Loop => "loop",
        }
    }
}

/// Places one more message whose id is `id` and whose chain is `chain` (oldest first, as
/// [`chain`](crate::references::chain) gives it: no id twice).
///
/// `known` is asked for `id` and for each id of the chain, once; it answers `None` for an id that
/// the conversation neither holds nor names.
pub fn place<T: Clone + PartialEq>(
    id: &MessageId,
    chain: &[MessageId],
    mut known: impl FnMut(&MessageId) -> Option<Known<T>>,
) -> Placement<T> {
    match known(id) {
        Some(Known::Message { .. }) => return Placement::Rebuild(Cause::Copy),
        Some(Known::Missing(_)) => return Placement::Rebuild(Cause::Awaited),
        None => {}
    }
    let chain = chain.iter().filter(|named| *named != id).collect();
    let placed = Ancestors::read(chain, &mut known).and_then(|ancestors| ancestors.place());
    match placed {
        Ok(placed) => Placement::Placed(placed),
        Err(cause) => Placement::Rebuild(cause),
    }
}

/// An id of the chain.
enum Ancestor<T> {
    /// A message and its depth.
    Message(u32),
    /// A placeholder, and whether its row changed.
    Missing(Placeholder<Option<T>>, bool),
}

/// The chain of the new message with all that is known about it.
struct Ancestors<'a, T> {
    chain: Vec<&'a MessageId>,
    rows: HashMap<&'a MessageId, Ancestor<T>>,
    thread: Option<T>,
}

impl<'a, T: Clone + PartialEq> Ancestors<'a, T> {
    fn read(
        chain: Vec<&'a MessageId>,
        known: &mut impl FnMut(&MessageId) -> Option<Known<T>>,
    ) -> Result<Self, Cause> {
        let rows = HashMap::with_capacity(chain.len());
        let mut ancestors = Self {
            chain: Vec::new(),
            rows,
            thread: None,
        };
        let mut before = None;
        for &id in &chain {
            let row = ancestors.row(id, before, known(id))?;
            ancestors.rows.insert(id, row);
            before = Some(id);
        }
        Ok(Self { chain, ..ancestors })
    }

    /// Takes the new message's naming of `id`, just after `before`, into account.
    fn row(
        &mut self,
        id: &MessageId,
        before: Option<&MessageId>,
        known: Option<Known<T>>,
    ) -> Result<Ancestor<T>, Cause> {
        let (mut row, mut changed) = match known {
            Some(Known::Message { depth, thread }) => {
                self.join(thread)?;
                return Ok(Ancestor::Message(depth));
            }
            Some(Known::Missing(row)) => {
                let Placeholder {
                    id,
                    votes,
                    thread,
                    place,
                } = row;
                self.join(thread.clone())?;
                (
                    Placeholder {
                        id,
                        votes,
                        thread: Some(thread),
                        place,
                    },
                    false,
                )
            }
            None => {
                let (id, votes) = (id.clone(), Default::default());
                (
                    Placeholder {
                        id,
                        votes,
                        thread: None,
                        place: None,
                    },
                    true,
                )
            }
        };
        if let Some(before) = before {
            let winner = row.winner().cloned();
            *row.votes.entry(before.clone()).or_insert(0) += 1;
            changed = true;
            let other = row.winner() != winner.as_ref();
            if row
                .place
                .as_ref()
                .is_some_and(|place| other || place.looped)
            {
                return Err(Cause::OtherWinner);
            }
        }
        Ok(Ancestor::Missing(row, changed))
    }

    fn join(&mut self, thread: T) -> Result<(), Cause> {
        match &self.thread {
            Some(joined) if *joined != thread => Err(Cause::JoinsThreads),
            _ => {
                self.thread = Some(thread);
                Ok(())
            }
        }
    }

    fn place(mut self) -> Result<Placed<T>, Cause> {
        let parent = self.chain.last().map(|&id| id.clone());
        let place = match &parent {
            Some(parent) => self.place_below(parent.clone())?,
            None => ROOT,
        };
        let thread = self.thread;
        let changed = self
            .chain
            .iter()
            .filter_map(|id| match self.rows.remove(*id) {
                Some(Ancestor::Missing(row, true)) => Some(row),
                _ => None,
            });
        let joined = |row| Placeholder {
            thread: thread.clone(),
            ..row
        };
        Ok(Placed {
            parent,
            shown_parent: place.shown_parent,
            depth: place.depth,
            placeholders: changed.map(joined).collect(),
            thread,
        })
    }

    /// The place of a child of `parent`; placeholders on the way up get theirs.
    fn place_below(&mut self, parent: MessageId) -> Result<Place, Cause> {
        let mut unplaced = Vec::new();
        let mut next = Some(parent);
        let mut place = loop {
            let Some(id) = next else { break ROOT };
            match self.rows.get(&id).ok_or(Cause::BeyondChain)? {
                Ancestor::Message(depth) => break below(id.clone(), Some(id), *depth),
                Ancestor::Missing(row, _) => match &row.place {
                    Some(above) => break below(id, above.shown_parent.clone(), above.depth),
                    None if unplaced.len() == self.chain.len() => return Err(Cause::Loop),
                    None => next = row.winner().cloned(),
                },
            }
            unplaced.push(id);
        };
        while let Some(id) = unplaced.pop() {
            let next = below(id.clone(), place.shown_parent.clone(), place.depth);
            if let Some(Ancestor::Missing(row, changed)) = self.rows.get_mut(&id) {
                row.place = Some(place);
                *changed = true;
            }
            place = next;
        }
        Ok(place)
    }
}

const ROOT: Place = Place {
    parent: None,
    shown_parent: None,
    depth: 0,
    looped: false,
};

/// The place of a child of a node at `depth`.
fn below(parent: MessageId, shown_parent: Option<MessageId>, depth: u32) -> Place {
    Place {
        parent: Some(parent),
        shown_parent,
        depth: depth + 1,
        looped: false,
    }
}
