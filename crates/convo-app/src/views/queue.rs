//! The handover queue: who is asked, who waits, and which clocks run.

use std::collections::HashMap;

use convo_store::Reader;
use convo_store::rows::ConversationRow;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{conversation, named, offers};
use crate::error::AppError;
use crate::timers::TimerKind;
use crate::wire::time;

/// Open offers, conversations that wait for an agent, and what agents owe their leads; at most `limit` of each, what
/// is due first at the top.
///
/// # Errors
/// The database's.
pub fn handover_queue(reader: &mut Reader<'_>, limit: i64) -> Result<Value, AppError> {
    let open = reader.open_offers_after(None, limit)?;
    let mut asked = offers(reader, &open)?;
    asked.sort_by(|a, b| a["dueAt"].as_str().cmp(&b["dueAt"].as_str()));
    let queued = reader.queued_conversations(None, limit)?;
    let kinds = [
        TimerKind::FirstTouch.as_str(),
        TimerKind::NextReply.as_str(),
    ];
    let clocks = reader.timers_first(&kinds, limit)?;
    let ids: Vec<Uuid> = queued
        .iter()
        .copied()
        .chain(clocks.iter().map(|row| row.conversation_id))
        .collect();
    let rows = reader.conversations_by_ids(&ids)?.into_iter();
    let rows: HashMap<Uuid, ConversationRow> = rows.map(|row| (row.id, row)).collect();
    let mut waiting: Vec<Value> = queued
        .iter()
        .filter_map(|id| rows.get(id))
        .map(|row| with(row, "queuedSince", json!(row.queued_since.map(time))))
        .collect();
    let mut owed: Vec<Value> = clocks
        .iter()
        .filter_map(|timer| {
            let row = rows.get(&timer.conversation_id)?;
            let item = with(row, "dueAt", time(timer.due_at).into());
            Some(added(item, "kind", timer.kind.as_str().into()))
        })
        .collect();
    let all = asked.iter_mut().chain(&mut waiting).chain(&mut owed);
    named(reader, &mut all.collect::<Vec<_>>())?;
    Ok(json!({"offers": asked, "waiting": waiting, "clocks": owed}))
}

fn with(row: &ConversationRow, name: &str, value: Value) -> Value {
    let item = added(
        conversation(row, None),
        "conversationId",
        row.id.to_string().into(),
    );
    added(item, name, value)
}

fn added(mut item: Value, name: &str, value: Value) -> Value {
    if let Value::Object(members) = &mut item {
        members.insert(name.to_owned(), value);
    }
    item
}
