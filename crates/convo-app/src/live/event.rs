//! A row of the log as it is told: read in bulk, rendered once, shared by everybody who gets it.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use bytestring::ByteString;
use convo_store::Reader;
use convo_store::rows::LogRow;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::topic::{Kind, Topic};
use crate::error::AppError;
use crate::views;
use crate::wire::time;

/// An event, rendered but for the number of the one before it, which every connection has of its own.
#[derive(Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place in the log.
    pub seq: i64,
    /// What kind it is.
    pub kind: Kind,
    /// Its conversation.
    pub conversation: Option<Uuid>,
    /// Its lead.
    pub lead: Option<Uuid>,
    /// The frame behind `{"prev":N,`.
    rest: Box<str>,
    /// The frame of the first who asked, and the number it had: most others have the same.
    first: OnceLock<(i64, ByteString)>,
}

impl Event {
    /// An event of these members; `None` of a kind that is not told live, and of a quiet row.
    #[must_use]
    pub fn new(row: &LogRow, data: &Map<String, Value>) -> Option<Self> {
        let kind = Kind::of(&row.kind).filter(|_| !row.quiet)?;
        let mut frame = Map::new();
        frame.insert("type".to_owned(), kind.event().into());
        frame.insert("seq".to_owned(), row.seq.into());
        frame.insert("timestamp".to_owned(), time(row.at).into());
        of_whom(&mut frame, row);
        for (name, value) in data {
            frame.entry(name).or_insert_with(|| value.clone());
        }
        let whole = Value::Object(frame).to_string();
        Some(Self {
            seq: row.seq,
            kind,
            conversation: row.conversation_id,
            lead: row.lead_id,
            rest: whole.get(1..)?.into(),
            first: OnceLock::new(),
        })
    }

    /// The frame on a connection that got `prev` before; shared by all that got the same.
    #[must_use]
    pub fn frame(&self, prev: i64) -> ByteString {
        let (of, frame) = self
            .first
            .get_or_init(|| (prev, ByteString::from(self.whole(prev))));
        if *of == prev {
            return frame.clone();
        }
        ByteString::from(self.whole(prev))
    }

    fn whole(&self, prev: i64) -> String {
        let prev = prev.to_string();
        let mut frame = String::with_capacity(9 + prev.len() + self.rest.len());
        frame.push_str("{\"prev\":");
        frame.push_str(&prev);
        frame.push(',');
        frame.push_str(&self.rest);
        frame
    }

    /// Bytes of the frame, about.
    #[must_use]
    pub fn size(&self) -> usize {
        self.rest.len()
    }

    /// Whether a subscription asks for it.
    #[must_use]
    pub fn is_of(&self, topic: &Topic) -> bool {
        match topic {
            Topic::Kind(kind) => self.kind == *kind,
            Topic::Conversation(id) => self.conversation == Some(*id),
            Topic::Lead(id) => self.lead == Some(*id),
        }
    }
}

/// Rows as events, in order; those of kinds that are not told live are left out.
///
/// # Errors
/// The database's.
pub fn render(reader: &mut Reader<'_>, rows: &[LogRow]) -> Result<Vec<Arc<Event>>, AppError> {
    let joined = joined(reader, rows)?;
    let events = rows.iter().zip(&joined);
    Ok(events
        .filter_map(|(row, data)| Event::new(row, data).map(Arc::new))
        .collect())
}

/// Rows as items of `GET /api/events`: all kinds, with the same data as the frames.
///
/// # Errors
/// The database's.
pub fn rest_items(reader: &mut Reader<'_>, rows: &[LogRow]) -> Result<Vec<Value>, AppError> {
    let joined = joined(reader, rows)?;
    let each = rows.iter().zip(joined).map(|(row, data)| {
        let mut item = Map::new();
        item.insert("seq".to_owned(), row.seq.into());
        item.insert("type".to_owned(), row.kind.as_str().into());
        item.insert("at".to_owned(), time(row.at).into());
        of_whom(&mut item, row);
        item.insert("data".to_owned(), Value::Object(data));
        Value::Object(item)
    });
    Ok(each.collect())
}

fn of_whom(members: &mut Map<String, Value>, row: &LogRow) {
    if let Some(id) = row.conversation_id {
        members.insert("conversationId".to_owned(), id.to_string().into());
    }
    if let Some(id) = row.lead_id {
        members.insert("leadId".to_owned(), id.to_string().into());
    }
    if row.silent {
        members.insert("silent".to_owned(), true.into());
    }
}

/// The data of rows with what the log does not hold itself: who says to have caused it, and the message.
fn joined(reader: &mut Reader<'_>, rows: &[LogRow]) -> Result<Vec<Map<String, Value>>, AppError> {
    let mut data: Vec<Map<String, Value>> = rows
        .iter()
        .map(|row| serde_json::from_str(&row.data).unwrap_or_default())
        .collect();
    let said = said(reader, rows)?;
    let messages = messages(reader, rows, &data)?;
    for (row, members) in rows.iter().zip(&mut data) {
        if let Some(by) = row.metadata_id.and_then(|id| said.get(&id)) {
            members.insert("triggeredBy".to_owned(), by.clone());
        }
        if let Some(message) = message_of(row, members).and_then(|id| messages.get(&id)) {
            members.insert("message".to_owned(), message.clone());
        }
    }
    Ok(data)
}

fn said(reader: &mut Reader<'_>, rows: &[LogRow]) -> Result<HashMap<Uuid, Value>, AppError> {
    let ids: Vec<Uuid> = rows.iter().filter_map(|row| row.metadata_id).collect();
    let mut said = HashMap::with_capacity(ids.len());
    for row in reader.metadata_by_ids(&ids)? {
        let body: Value = serde_json::from_str(&row.body).unwrap_or_default();
        if let Some(by) = body.get("triggeredBy") {
            said.insert(row.id, by.clone());
        }
    }
    Ok(said)
}

fn message_of(row: &LogRow, data: &Map<String, Value>) -> Option<Uuid> {
    if row.kind != Kind::Thread.event() {
        return None;
    }
    data.get("messageId")?.as_str()?.parse().ok()
}

fn messages(
    reader: &mut Reader<'_>,
    rows: &[LogRow],
    data: &[Map<String, Value>],
) -> Result<HashMap<Uuid, Value>, AppError> {
    let named = rows.iter().zip(data);
    let mut ids: Vec<Uuid> = named
        .filter_map(|(row, data)| message_of(row, data))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let found = reader.messages_by_ids(&ids)?;
    let views = views::messages(reader, &found)?;
    let each = found.iter().zip(views).map(|(row, view)| {
        let shown = if row.erased {
            // Nothing that was said is left of it; what it was is in the row of the log.
            json!({
                "id": row.id,
                "conversationId": row.conversation_id,
                "threadId": row.thread_id,
                "messageId": row.rfc_id,
                "parentMessageId": row.parent_message_rfc,
                "inReplyTo": row.in_reply_to,
            })
        } else {
            serde_json::to_value(view).unwrap_or_default()
        };
        (row.id, shown)
    });
    Ok(each.collect())
}
