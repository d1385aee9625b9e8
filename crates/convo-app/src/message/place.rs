//! Where a message stands in its conversation's tree: one step where that suffices, else the
//! whole conversation's forest again.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use convo_store::rows::{PlaceholderRow, ThreadRow};
use convo_store::{MessageHead, Placement as Moved};
use convo_threading::MessageId;
use convo_threading::incremental::{Known, Placed, Placement, place};
use convo_threading::tree::{Node, Placeholder, build};
use uuid::Uuid;

use crate::batch::Batch;
use crate::error::AppError;

/// A message about to be stored, as the tree sees it.
pub(crate) struct Placing<'a> {
    pub id: Uuid,
    pub conversation: Uuid,
    pub rfc_id: &'a MessageId,
    pub chain: &'a [MessageId],
    pub at: DateTime<Utc>,
    pub hash: &'a [u8],
}

/// Where it went.
#[derive(Debug, Clone)]
pub(crate) struct Stands {
    pub thread: Uuid,
    pub depth: i32,
    pub shown_parent: Option<MessageId>,
    pub parent_id: Option<Uuid>,
    /// Messages that stand elsewhere now because this one came.
    pub moved: Vec<Uuid>,
}

/// A message as it is stored, with what the tree needs of it.
struct Stored {
    id: Uuid,
    rfc_id: MessageId,
    chain: Vec<MessageId>,
    at: DateTime<Utc>,
    hash: Vec<u8>,
    thread: Uuid,
    depth: i32,
    parent_id: Option<Uuid>,
    fresh: bool,
}

impl Batch<'_, '_> {
    /// Places a message in its conversation's tree.
    pub(crate) fn place(&mut self, new: &Placing<'_>) -> Result<Stands, AppError> {
        let known = self.known(new)?;
        match place(new.rfc_id, new.chain, |id| known.get(id).cloned()) {
            Placement::Placed(placed) => self.placed(new, placed),
            Placement::Rebuild(_) => self.rebuild(new),
        }
    }

    fn known(&mut self, new: &Placing<'_>) -> Result<HashMap<MessageId, Known<Uuid>>, AppError> {
        let ids = || new.chain.iter().chain(std::iter::once(new.rfc_id));
        self.want_heads(ids().map(|id| id.as_str().to_owned()))?;
        let mut known = HashMap::new();
        let mut unknown = Vec::new();
        for id in ids() {
            let heads = self.heads(id.as_str())?;
            let here = heads.iter().find(|head| {
                head.conversation_id == new.conversation && head.rfc_id == id.as_str()
            });
            match here {
                Some(head) => {
                    let depth = u32::try_from(head.depth).unwrap_or(0);
                    known.insert(
                        id.clone(),
                        Known::Message {
                            depth,
                            thread: head.thread_id,
                        },
                    );
                }
                None => unknown.push(id.as_str().to_owned()),
            }
        }
        for row in self.placeholders(new.conversation, &unknown)? {
            if let Some(placeholder) = read(&row) {
                known.insert(placeholder.id.clone(), Known::Missing(placeholder));
            }
        }
        Ok(known)
    }

    fn placeholders(
        &mut self,
        conversation: Uuid,
        ids: &[String],
    ) -> Result<Vec<PlaceholderRow>, AppError> {
        let missing: Vec<String> = ids
            .iter()
            .filter(|id| {
                !self
                    .placeholders
                    .contains_key(&(conversation, (*id).clone()))
            })
            .cloned()
            .collect();
        if !missing.is_empty() {
            let rows = match self.misses_nothing(conversation) {
                true => Vec::new(),
                false => self.reader.placeholders(conversation, Some(&missing))?,
            };
            for id in missing {
                self.placeholders.insert((conversation, id), None);
            }
            for row in rows {
                self.placeholders
                    .insert((conversation, row.rfc_id.clone()), Some(row));
            }
        }
        let found = ids.iter().filter_map(|id| {
            self.placeholders
                .get(&(conversation, id.clone()))
                .cloned()
                .flatten()
        });
        Ok(found.collect())
    }

    /// Whether the database is known to hold no placeholder of a conversation.
    fn misses_nothing(&self, conversation: Uuid) -> bool {
        let entry = self
            .conversations
            .get(&conversation)
            .and_then(Option::as_ref);
        let made_here = entry.is_some_and(|entry| entry.stored.is_none());
        made_here || self.whole.contains(&conversation)
    }

    fn put_placeholder(&mut self, row: PlaceholderRow) {
        let key = (row.conversation_id, row.rfc_id.clone());
        self.commit
            .placeholders
            .retain(|other| (other.conversation_id, &other.rfc_id) != (key.0, &key.1));
        self.commit.placeholders.push(row.clone());
        self.placeholders.insert(key, Some(row));
    }

    fn placed(&mut self, new: &Placing<'_>, placed: Placed<Uuid>) -> Result<Stands, AppError> {
        let thread = match placed.thread {
            Some(thread) => thread,
            None => self.start_thread(new, placed.parent.as_ref()),
        };
        for placeholder in placed.placeholders {
            let of = placeholder.thread.unwrap_or(thread);
            let Placeholder {
                id, votes, place, ..
            } = placeholder;
            self.put_placeholder(row(
                new.conversation,
                &Placeholder {
                    id,
                    votes,
                    thread: of,
                    place,
                },
            ));
        }
        let parent_id = match &placed.shown_parent {
            Some(parent) => self.present(new.conversation, parent)?.map(|head| head.id),
            None => None,
        };
        let depth = i32::try_from(placed.depth).unwrap_or(i32::MAX);
        Ok(Stands {
            thread,
            depth,
            shown_parent: placed.shown_parent,
            parent_id,
            moved: Vec::new(),
        })
    }

    fn present(
        &mut self,
        conversation: Uuid,
        id: &MessageId,
    ) -> Result<Option<MessageHead>, AppError> {
        let heads = self.heads(id.as_str())?;
        Ok(heads
            .iter()
            .find(|head| head.conversation_id == conversation)
            .cloned())
    }

    fn start_thread(&mut self, new: &Placing<'_>, parent: Option<&MessageId>) -> Uuid {
        let id = self.new_id();
        let root = parent.or(new.chain.first()).unwrap_or(new.rfc_id);
        self.commit.threads.push(ThreadRow {
            id,
            conversation_id: new.conversation,
            root_rfc: root.as_str().to_owned(),
            merged_into: None,
            created_at: self.now,
        });
        id
    }

    /// Builds the conversation's forest with the new message in it and moves what stands elsewhere.
    fn rebuild(&mut self, new: &Placing<'_>) -> Result<Stands, AppError> {
        let mut stored = self.stored(new.conversation)?;
        stored.push(Stored {
            id: new.id,
            rfc_id: new.rfc_id.clone(),
            chain: new.chain.to_vec(),
            at: new.at,
            hash: new.hash.to_vec(),
            thread: Uuid::nil(),
            depth: 0,
            parent_id: None,
            fresh: true,
        });
        let nodes: Vec<Node<'_, usize>> = stored
            .iter()
            .enumerate()
            .map(|(key, one)| Node {
                key,
                message_id: &one.rfc_id,
                chain: &one.chain,
                at: one.at,
                hash: &one.hash,
            })
            .collect();
        let forest = build(&nodes);
        let threads = self.thread_ids(new, &forest, &stored);
        let mut mine = None;
        let mut moved = Vec::new();
        let mut places = Vec::new();
        for entry in &forest.entries {
            let Some(key) = entry.key else { continue };
            let one = &stored[key];
            let parent = entry.shown_parent.map(|at| &forest.entries[at]);
            let parent_id = parent
                .and_then(|parent| parent.key)
                .map(|key| stored[key].id);
            let shown_parent = parent.map(|parent| parent.message_id.clone());
            let depth = i32::try_from(entry.depth).unwrap_or(i32::MAX);
            let thread = threads[entry.thread];
            if one.id == new.id {
                mine = Some((thread, depth, shown_parent, parent_id));
            } else if (one.thread, one.depth, one.parent_id) != (thread, depth, parent_id) {
                if one.parent_id != parent_id {
                    moved.push(one.id);
                }
                places.push((key, thread, depth, shown_parent, parent_id));
            }
        }
        for (key, thread, depth, shown_parent, parent_id) in places {
            self.replace(&stored[key], thread, depth, shown_parent, parent_id);
        }
        let standing: HashSet<&str> = forest
            .placeholders
            .iter()
            .map(|one| one.id.as_str())
            .collect();
        let gone: Vec<String> = self
            .all_placeholders(new.conversation)?
            .into_iter()
            .filter(|row| !standing.contains(row.rfc_id.as_str()))
            .map(|row| row.rfc_id)
            .collect();
        for id in gone {
            self.commit
                .placeholders
                .retain(|row| row.conversation_id != new.conversation || row.rfc_id != id);
            self.commit
                .placeholders_removed
                .push((new.conversation, id.clone()));
            self.placeholders.insert((new.conversation, id), None);
        }
        for placeholder in forest.placeholders {
            let Placeholder {
                id,
                votes,
                thread,
                place,
            } = placeholder;
            let thread = threads[thread];
            self.put_placeholder(row(
                new.conversation,
                &Placeholder {
                    id,
                    votes,
                    thread,
                    place,
                },
            ));
        }
        let (thread, depth, shown_parent, parent_id) = mine.ok_or_else(|| {
            AppError::Fault("a message is missing from its own forest".to_owned())
        })?;
        Ok(Stands {
            thread,
            depth,
            shown_parent,
            parent_id,
            moved,
        })
    }

    /// The id of each thread of the forest: where two meet, the older one goes on.
    fn thread_ids(
        &mut self,
        new: &Placing<'_>,
        forest: &convo_threading::Forest<'_, usize>,
        stored: &[Stored],
    ) -> Vec<Uuid> {
        let mut ids = Vec::with_capacity(forest.threads.len());
        let mut taken = HashSet::new();
        for range in &forest.threads {
            let keys = forest.entries[range.clone()]
                .iter()
                .filter_map(|entry| entry.key);
            let mut had: Vec<Uuid> = keys
                .map(|key| stored[key].thread)
                .filter(|id| !id.is_nil())
                .collect();
            had.sort_unstable();
            had.dedup();
            // Ids are ordered by time, so the smallest is the oldest thread.
            let id = match had.iter().find(|id| !taken.contains(*id)) {
                Some(id) => *id,
                None => self.start_thread(new, None),
            };
            taken.insert(id);
            for merged in had.into_iter().filter(|other| *other != id) {
                self.commit.threads.push(ThreadRow {
                    id: merged,
                    conversation_id: new.conversation,
                    root_rfc: new.rfc_id.as_str().to_owned(),
                    merged_into: Some(id),
                    created_at: self.now,
                });
            }
            ids.push(id);
        }
        ids
    }

    fn stored(&mut self, conversation: Uuid) -> Result<Vec<Stored>, AppError> {
        let parse = |id: &str| MessageId::parse(&format!("<{id}>"));
        let mut all = Vec::new();
        let changed: HashMap<Uuid, Moved> = self
            .commit
            .placements
            .iter()
            .map(|moved| (moved.id, moved.clone()))
            .collect();
        let gone: HashSet<Uuid> = self
            .commit
            .messages_changed
            .iter()
            .map(|row| row.id)
            .collect();
        for node in self.reader.message_nodes(conversation)? {
            let Some(rfc_id) = parse(&node.rfc_id) else {
                continue;
            };
            if gone.contains(&node.id) {
                continue;
            }
            let moved = changed.get(&node.id);
            all.push(Stored {
                id: node.id,
                rfc_id,
                chain: serde_json::from_str(&node.chain).unwrap_or_default(),
                at: node.at,
                hash: node.content_hash,
                thread: moved.map_or(node.thread_id, |moved| moved.thread_id),
                depth: moved.map_or(node.depth, |moved| moved.depth),
                parent_id: moved.map_or(node.parent_id, |moved| moved.parent_id),
                fresh: false,
            });
        }
        let here = self
            .commit
            .messages
            .iter()
            .chain(&self.commit.messages_changed);
        for row in here.filter(|row| row.conversation_id == conversation) {
            let Some(rfc_id) = parse(&row.rfc_id) else {
                continue;
            };
            all.push(Stored {
                id: row.id,
                rfc_id,
                chain: serde_json::from_str(&row.chain).unwrap_or_default(),
                at: row.at,
                hash: row.content_hash.clone(),
                thread: row.thread_id,
                depth: row.depth,
                parent_id: row.parent_id,
                fresh: true,
            });
        }
        Ok(all)
    }

    fn all_placeholders(&mut self, conversation: Uuid) -> Result<Vec<PlaceholderRow>, AppError> {
        let mut rows = self.reader.placeholders(conversation, None)?;
        rows.retain(|row| {
            !matches!(
                self.placeholders.get(&(conversation, row.rfc_id.clone())),
                Some(None)
            )
        });
        for ((of, _), row) in &self.placeholders {
            if let Some(row) = row
                && *of == conversation
                && !rows.iter().any(|known| known.rfc_id == row.rfc_id)
            {
                rows.push(row.clone());
            }
        }
        Ok(rows)
    }

    fn replace(
        &mut self,
        one: &Stored,
        thread: Uuid,
        depth: i32,
        shown_parent: Option<MessageId>,
        parent_id: Option<Uuid>,
    ) {
        for head in self
            .heads
            .values_mut()
            .flatten()
            .filter(|head| head.id == one.id)
        {
            head.depth = depth;
            head.thread_id = thread;
        }
        let parent_message_rfc = shown_parent.map(|id| id.as_str().to_owned());
        if one.fresh {
            let rows = self
                .commit
                .messages
                .iter_mut()
                .chain(&mut self.commit.messages_changed);
            for row in rows.filter(|row| row.id == one.id) {
                row.thread_id = thread;
                row.depth = depth;
                row.parent_id = parent_id;
                row.parent_message_rfc.clone_from(&parent_message_rfc);
            }
            return;
        }
        self.commit.placements.retain(|moved| moved.id != one.id);
        self.commit.placements.push(Moved {
            id: one.id,
            parent_message_rfc,
            parent_id,
            depth,
            thread_id: thread,
        });
    }
}

/// The row of a missing message.
pub(crate) fn row(conversation: Uuid, placeholder: &Placeholder<Uuid>) -> PlaceholderRow {
    let place = placeholder.place.as_ref();
    let parent = place.and_then(|place| place.parent.as_ref());
    PlaceholderRow {
        conversation_id: conversation,
        rfc_id: placeholder.id.as_str().to_owned(),
        thread_id: placeholder.thread,
        parent_rfc: parent.map(|id| id.as_str().to_owned()),
        depth: place.map_or(0, |place| i32::try_from(place.depth).unwrap_or(i32::MAX)),
        votes: serde_json::to_string(placeholder).unwrap_or_default(),
    }
}

fn read(row: &PlaceholderRow) -> Option<Placeholder<Uuid>> {
    let mut placeholder: Placeholder<Uuid> = serde_json::from_str(&row.votes).ok()?;
    placeholder.thread = row.thread_id;
    Some(placeholder)
}
