//! Messages as people read them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use convo_store::Reader;
use convo_store::rows::{AttachmentRow, ContentRow, MessageRow};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::error::AppError;
use crate::wire::as_time;

/// A message in the answer of `process-message` and in lists.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageView {
    /// Its id.
    pub id: Uuid,
    /// Its conversation.
    pub conversation_id: Uuid,
    /// The component of the tree it is in.
    pub thread_id: Uuid,
    /// Message-ID without `<>`.
    pub message_id: String,
    /// Message-ID of the nearest present ancestor.
    pub parent_message_id: Option<String>,
    /// inbound or outbound.
    pub direction: String,
    /// lead, ai, agent, system or other.
    pub author: String,
    /// human, auto_reply, …
    pub kind: String,
    /// The whole text.
    pub content: String,
    /// What the sender wrote: without quotes and signature.
    pub reply_text: String,
    /// Order of storing, 1..n.
    pub sequence_number: i64,
    /// Real depth; a root has 0.
    pub thread_depth: i32,
    /// In-Reply-To.
    pub in_reply_to: Option<String>,
    /// References, oldest first.
    pub references: Value,
    /// The message's own time.
    #[serde(serialize_with = "as_time")]
    pub created_at: DateTime<Utc>,
}

impl MessageView {
    /// A message with its content; one whose content was erased has empty texts.
    #[must_use]
    pub fn new(row: &MessageRow, content: Option<&ContentRow>) -> Self {
        Self {
            id: row.id,
            conversation_id: row.conversation_id,
            thread_id: row.thread_id,
            message_id: row.rfc_id.clone(),
            parent_message_id: row.parent_message_rfc.clone(),
            direction: row.direction.clone(),
            author: row.author.clone(),
            kind: row.kind.clone(),
            content: content
                .map(|content| content.text.clone())
                .unwrap_or_default(),
            reply_text: content
                .map(|content| content.reply_text.clone())
                .unwrap_or_default(),
            sequence_number: row.sequence_number,
            thread_depth: row.depth,
            in_reply_to: row.in_reply_to.clone(),
            references: parsed(&row.references),
            created_at: row.at,
        }
    }
}

/// Messages with their content, in the order given.
///
/// # Errors
/// The database's.
pub fn messages(
    reader: &mut Reader<'_>,
    rows: &[MessageRow],
) -> Result<Vec<MessageView>, AppError> {
    let contents = contents(reader, rows)?;
    Ok(rows
        .iter()
        .map(|row| MessageView::new(row, contents.get(&row.id)))
        .collect())
}

/// Items of `GET /{id}/messages`: everything stored, with the rung and its evidence.
///
/// # Errors
/// The database's.
pub fn message_list(reader: &mut Reader<'_>, rows: &[MessageRow]) -> Result<Vec<Value>, AppError> {
    let contents = contents(reader, rows)?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let attachments = reader.attachments_by_messages(&ids)?;
    let ours = rows.iter().filter(|row| row.direction == "outbound");
    let ours: Vec<Uuid> = ours.map(|row| row.id).collect();
    let outgoing = reader.outbox_by_messages(&ours)?;
    let each = rows.iter().map(|row| {
        let content = contents.get(&row.id);
        let mut value = serde_json::to_value(MessageView::new(row, content)).unwrap_or(Value::Null);
        if let Value::Object(members) = &mut value {
            let of_row = attachments
                .iter()
                .filter(|attachment| attachment.message_id == row.id);
            let rest = json!({
                "subject": content.map(|content| &content.subject),
                "from": content.and_then(|content| content.from_address.as_ref()),
                "recipients": content.map(|content| parsed(&content.recipients)),
                "html": content.and_then(|content| content.html.as_ref()),
                "note": row.note,
                "rung": row.rung,
                "evidence": parsed(&row.evidence),
                "flags": parsed(&row.flags),
                "codes": parsed(&row.codes),
                "authorId": row.author_id,
                "returnsOn": row.returns_on.map(|at| at.date_naive().to_string()),
                "receivedAt": crate::wire::time(row.received_at),
                "erased": row.erased,
                "attachments": of_row.map(attachment).collect::<Vec<_>>(),
                "sending": outgoing
                    .iter()
                    .find(|outgoing| outgoing.message_id == Some(row.id))
                    .map(super::outgoing),
            });
            if let Value::Object(rest) = rest {
                members.extend(rest);
            }
        }
        value
    });
    Ok(each.collect())
}

fn attachment(row: &AttachmentRow) -> Value {
    json!({
        "n": row.n,
        "name": row.name,
        "contentType": row.content_type,
        "contentId": row.content_id,
        "size": row.size,
        "sha256": hex::encode(&row.sha256),
    })
}

fn contents(
    reader: &mut Reader<'_>,
    rows: &[MessageRow],
) -> Result<HashMap<Uuid, ContentRow>, AppError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    Ok(reader
        .contents_by_messages(&ids)?
        .into_iter()
        .map(|content| (content.message_id, content))
        .collect())
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!([]))
}
