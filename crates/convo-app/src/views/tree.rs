//! `GET /{id}/thread-tree`: the conversation's messages as a tree, missing ones as placeholders.

use std::collections::HashMap;

use convo_store::{MessageLabel, MessageNode, Reader};
use convo_threading::tree::{Entry, Forest, Node, build};
use convo_threading::{MessageId, render};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Seen, context};
use crate::error::AppError;
use crate::wire::time;

/// Deepest nesting of the nested form.
const NESTED: u32 = 100;

/// The form the tree is asked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TreeForm {
    /// Children inside their parents, to depth 100.
    Nested,
    /// All nodes in pre-order.
    Flat,
    /// One line a node.
    Text,
}

/// The tree; text for [`TreeForm::Text`] as a JSON string.
///
/// # Errors
/// The database's.
pub fn thread_tree(
    reader: &mut Reader<'_>,
    seen: &Seen,
    form: TreeForm,
) -> Result<Value, AppError> {
    let nodes = reader.message_nodes(seen.row.id)?;
    let labels: HashMap<Uuid, MessageLabel> = reader
        .message_labels(seen.row.id)?
        .into_iter()
        .map(|label| (label.message_id, label))
        .collect();
    let ids: Vec<(MessageId, Vec<MessageId>)> = nodes
        .iter()
        .filter_map(|node| {
            let id = MessageId::parse(&format!("<{}>", node.rfc_id))?;
            Some((id, serde_json::from_str(&node.chain).unwrap_or_default()))
        })
        .collect();
    if ids.len() != nodes.len() {
        return Err(AppError::Fault("a stored Message-ID is none".to_owned()));
    }
    let of: Vec<Node<'_, usize>> = nodes
        .iter()
        .zip(&ids)
        .enumerate()
        .map(|(key, (node, (message_id, chain)))| Node {
            key,
            message_id,
            chain,
            at: node.at,
            hash: &node.content_hash,
        })
        .collect();
    let forest = build(&of);
    let shown = Shown {
        nodes: &nodes,
        labels: &labels,
        forest: &forest,
    };
    if form == TreeForm::Text {
        return Ok(Value::String(shown.text()));
    }
    let deepest = forest
        .entries
        .iter()
        .map(|entry| entry.depth)
        .max()
        .unwrap_or(0);
    let mut value = json!({
        "conversationId": seen.row.id,
        "totalMessages": nodes.len(),
        "maxDepth": deepest,
        "lastActivity": time(seen.row.last_activity_at),
        "keyTopics": context::topics(seen),
        "currentIntent": seen.facts.tally.newest_reply.as_ref().and_then(|reply| reply.intent),
        "threadTree": if form == TreeForm::Flat { shown.flat() } else { shown.nested() },
    });
    if form == TreeForm::Nested
        && deepest > NESTED
        && let Value::Object(members) = &mut value
    {
        members.insert("truncated".to_owned(), true.into());
    }
    Ok(value)
}

struct Shown<'a> {
    nodes: &'a [MessageNode],
    labels: &'a HashMap<Uuid, MessageLabel>,
    forest: &'a Forest<'a, usize>,
}

impl Shown<'_> {
    fn flat(&self) -> Value {
        let each = self.forest.entries.iter().map(|entry| {
            let mut node = self.node(entry);
            node.insert("depth".to_owned(), entry.depth.into());
            Value::Object(node)
        });
        each.collect()
    }

    /// From the last entry to the first, so that children are ready before their parent: no recursion.
    fn nested(&self) -> Value {
        let entries = &self.forest.entries;
        let mut children: Vec<Vec<Value>> = vec![Vec::new(); entries.len()];
        let mut roots = Vec::new();
        for (at, entry) in entries.iter().enumerate().rev() {
            if entry.depth > NESTED {
                continue;
            }
            let mut node = self.node(entry);
            let mut of = std::mem::take(&mut children[at]);
            of.reverse();
            node.insert("children".to_owned(), Value::Array(of));
            match entry.parent {
                Some(parent) => children[parent].push(Value::Object(node)),
                None => roots.push(Value::Object(node)),
            }
        }
        roots.reverse();
        Value::Array(roots)
    }

    fn node(&self, entry: &Entry<'_, usize>) -> Map<String, Value> {
        let row = entry.key.map(|key| &self.nodes[key]);
        let label = row.and_then(|row| self.labels.get(&row.id));
        let parent = entry
            .shown_parent
            .map(|parent| self.forest.entries[parent].message_id.as_str());
        let value = json!({
            "id": row.map(|row| row.id),
            "messageId": entry.message_id.as_str(),
            "parentMessageId": parent,
            "threadDepth": entry.depth,
            "direction": row.map(|row| &row.direction),
            "author": row.map(|row| &row.author),
            "kind": row.map(|row| &row.kind),
            "subject": label.map(|label| &label.subject),
            "snippet": label.map(|label| &label.snippet),
            "createdAt": row.map(|row| time(row.at)),
            "missing": row.is_none(),
        });
        match value {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    fn text(&self) -> String {
        render::render_text(self.forest, |key| {
            let row = &self.nodes[*key];
            let snippet = self
                .labels
                .get(&row.id)
                .map(|label| label.snippet.as_str())
                .unwrap_or_default();
            format!(
                "{} {} {}: {}",
                time(row.at),
                row.direction,
                row.author,
                snippet
            )
        })
    }
}
