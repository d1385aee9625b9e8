//! Where messages stand in their conversation's tree, by the ancestors they name.

use std::collections::{HashMap, HashSet};

use convo_store::rows::{PlaceholderRow, ThreadRow};
use convo_store::{MessageNode, Placement, Reader};
use convo_threading::MessageId;
use convo_threading::tree::{Forest, Node, Placeholder, build};
use uuid::Uuid;

use super::Found;
use crate::error::AppError;
use crate::message::placeholder_row;

/// Compares the places of a conversation's messages and placeholders with its forest.
pub(super) fn look(
    reader: &mut Reader<'_>,
    conversation: Uuid,
    found: &mut Found,
) -> Result<(), AppError> {
    let all = reader.message_nodes(conversation)?;
    let read = |node: MessageNode| {
        let id = MessageId::parse(&format!("<{}>", node.rfc_id))?;
        let chain: Vec<MessageId> = serde_json::from_str(&node.chain).unwrap_or_default();
        Some((node, id, chain))
    };
    let all: Vec<_> = all.into_iter().filter_map(read).collect();
    let nodes = all.iter().enumerate();
    let nodes: Vec<Node<'_, usize>> = nodes
        .map(|(key, (node, message_id, chain))| Node {
            key,
            message_id,
            chain,
            at: node.at,
            hash: &node.content_hash,
        })
        .collect();
    let forest = build(&nodes);
    let stored: Vec<&MessageNode> = all.iter().map(|(node, ..)| node).collect();
    let known = reader.threads_by_conversation(conversation)?;
    let threads = threads(&forest, &stored, &known);
    for entry in &forest.entries {
        let Some(node) = entry.key.and_then(|key| stored.get(key)) else {
            continue;
        };
        let parent = entry.shown_parent.and_then(|at| forest.entries.get(at));
        let of = parent.and_then(|parent| parent.key);
        let is = Placement {
            id: node.id,
            parent_message_rfc: parent.map(|parent| parent.message_id.as_str().to_owned()),
            parent_id: of.and_then(|key| stored.get(key)).map(|parent| parent.id),
            depth: i32::try_from(entry.depth).unwrap_or(i32::MAX),
            thread_id: threads
                .get(entry.thread)
                .copied()
                .flatten()
                .unwrap_or(node.thread_id),
        };
        let was = Placement {
            id: node.id,
            parent_message_rfc: node.parent_message_rfc.clone(),
            parent_id: node.parent_id,
            depth: node.depth,
            thread_id: node.thread_id,
        };
        if is != was {
            let what = "its place in the tree";
            found.report.change("messages", Some(node.id), what);
            found.commit.placements.push(is);
        }
    }
    placeholders(reader, conversation, forest, &threads, found)
}

fn placeholders(
    reader: &mut Reader<'_>,
    conversation: Uuid,
    forest: Forest<'_, usize>,
    threads: &[Option<Uuid>],
    found: &mut Found,
) -> Result<(), AppError> {
    let stored = reader.placeholders(conversation, None)?.into_iter();
    let mut stored: HashMap<String, PlaceholderRow> =
        stored.map(|row| (row.rfc_id.clone(), row)).collect();
    for one in forest.placeholders {
        let was = stored.remove(one.id.as_str());
        let of = threads.get(one.thread).copied().flatten();
        let thread = of.or(was.as_ref().map(|row| row.thread_id));
        let is = placeholder_row(
            conversation,
            &Placeholder {
                thread: thread.unwrap_or_default(),
                id: one.id,
                votes: one.votes,
                place: one.place,
            },
        );
        if was.as_ref() != Some(&is) {
            let what = "a missing message's place in the tree";
            found
                .report
                .change("thread_placeholders", Some(conversation), what);
            found.commit.placeholders.push(is);
        }
    }
    for (rfc_id, _) in stored {
        let what = "nobody names it";
        found
            .report
            .change("thread_placeholders", Some(conversation), what);
        found
            .commit
            .placeholders_removed
            .push((conversation, rfc_id));
    }
    Ok(())
}

/// The id of each thread of the forest: the one its messages agree on; else the oldest thread whose root is in it;
/// else the oldest that one of its messages names.
fn threads(
    forest: &Forest<'_, usize>,
    stored: &[&MessageNode],
    known: &[ThreadRow],
) -> Vec<Option<Uuid>> {
    let standing: HashSet<Uuid> = known
        .iter()
        .filter(|row| row.merged_into.is_none())
        .map(|row| row.id)
        .collect();
    let mut taken = HashSet::new();
    let mut threads = Vec::with_capacity(forest.threads.len());
    for range in &forest.threads {
        let entries = forest.entries.get(range.clone()).unwrap_or_default();
        let nodes = entries.iter().filter_map(|entry| stored.get(entry.key?));
        let mut had: Vec<Uuid> = nodes.map(|node| node.thread_id).collect();
        had.sort_unstable();
        had.dedup();
        had.retain(|id| standing.contains(id) && !taken.contains(id));
        let ids: HashSet<&str> = entries
            .iter()
            .map(|entry| entry.message_id.as_str())
            .collect();
        let mut rooted = known.iter().filter(|row| {
            standing.contains(&row.id)
                && !taken.contains(&row.id)
                && ids.contains(row.root_rfc.as_str())
        });
        let id = match had.as_slice() {
            [one] => Some(*one),
            _ => rooted.next().map(|row| row.id).or(had.first().copied()),
        };
        taken.extend(id);
        threads.push(id);
    }
    threads
}
