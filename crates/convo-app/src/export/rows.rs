//! The columns of each file, and rows in their order. `docs/export.md` says what each is; a test compares the names.

use std::collections::HashMap;

use convo_store::rows::{ConversationRow, LeadRow, LogRow, MessageRow, TransitionRow};
use convo_store::{ExportedText, Reader};
use serde_json::Value;
use uuid::Uuid;

use super::Rows;
use crate::error::AppError;
use crate::views;
use crate::wire::time;

/// Bytes of messages read at once, unless a single one has more.
const PAGE_BYTES: i64 = 4 << 20;

pub(super) const CONVERSATIONS: &[&str] = &[
    "id",
    "leadId",
    "campaignId",
    "previousConversationId",
    "externalId",
    "subject",
    "state",
    "version",
    "assignedAgentId",
    "outcome",
    "followUpAt",
    "awaiting",
    "held",
    "lastEvent",
    "messageCount",
    "engagement",
    "qualification",
    "readiness",
    "everHandedOver",
    "createdAt",
    "lastActivityAt",
    "closedAt",
    "updatedAt",
];

pub(super) fn conversation(row: &ConversationRow) -> Vec<Value> {
    vec![
        id(row.id),
        id(row.lead_id),
        maybe_id(row.campaign_id),
        maybe_id(row.previous_conversation_id),
        text(&row.external_id),
        row.subject.clone().into(),
        row.state.clone().into(),
        row.version.into(),
        maybe_id(row.assigned_agent_id),
        text(&row.outcome),
        row.follow_up_at.map(time).into(),
        row.awaiting.clone().into(),
        row.held.into(),
        text(&row.last_event),
        row.message_count.into(),
        row.engagement.into(),
        row.qualification.into(),
        row.readiness.into(),
        row.ever_handed_over.into(),
        time(row.created_at).into(),
        time(row.last_activity_at).into(),
        row.closed_at.map(time).into(),
        time(row.updated_at).into(),
    ]
}

pub(super) const LEADS: &[&str] = &[
    "id",
    "email",
    "firstName",
    "lastName",
    "phone",
    "interest",
    "source",
    "campaignId",
    "language",
    "timeZone",
    "attributes",
    "consent",
    "externalId",
    "currentStage",
    "highestStage",
    "erasedAt",
    "createdAt",
    "updatedAt",
];

pub(super) fn lead(row: &LeadRow) -> Vec<Value> {
    let shown = views::lead(row, &[]);
    picked(&shown, LEADS)
}

pub(super) const MESSAGES: &[&str] = &[
    "id",
    "conversationId",
    "leadId",
    "threadId",
    "messageId",
    "parentMessageId",
    "inReplyTo",
    "sequenceNumber",
    "threadDepth",
    "direction",
    "author",
    "authorId",
    "kind",
    "note",
    "from",
    "recipients",
    "subject",
    "replyText",
    "content",
    "rung",
    "evidence",
    "flags",
    "createdAt",
    "receivedAt",
];

/// The first messages that are together no larger than a page may be; one at least.
pub(super) fn light<'a>(
    reader: &mut Reader<'_>,
    all: &'a [MessageRow],
) -> Result<&'a [MessageRow], AppError> {
    let ids: Vec<Uuid> = all.iter().map(|row| row.id).collect();
    let sizes: HashMap<Uuid, i64> = reader
        .message_sizes(&ids)?
        .into_iter()
        .map(|one| (one.message_id, one.size))
        .collect();
    let mut bytes = 0_i64;
    let fits = ids.iter().position(|id| {
        bytes = bytes.saturating_add(sizes.get(id).copied().unwrap_or(0));
        bytes > PAGE_BYTES
    });
    let rows = fits.map_or(all.len(), |rows| rows.max(1));
    Ok(&all[..rows.min(all.len())])
}

/// Messages with what they say; of those whose text was erased it is empty.
pub(super) fn messages(reader: &mut Reader<'_>, page: &[MessageRow]) -> Result<Rows, AppError> {
    let ids: Vec<Uuid> = page.iter().map(|row| row.id).collect();
    let texts = reader.export_texts(&ids)?;
    let texts: HashMap<Uuid, ExportedText> = texts
        .into_iter()
        .map(|text| (text.message_id, text))
        .collect();
    let rows = page.iter().map(|row| message(row, texts.get(&row.id)));
    Ok(rows.collect())
}

fn message(row: &MessageRow, said: Option<&ExportedText>) -> Vec<Value> {
    vec![
        id(row.id),
        id(row.conversation_id),
        id(row.lead_id),
        id(row.thread_id),
        row.rfc_id.clone().into(),
        text(&row.parent_message_rfc),
        text(&row.in_reply_to),
        row.sequence_number.into(),
        row.depth.into(),
        row.direction.clone().into(),
        row.author.clone().into(),
        maybe_id(row.author_id),
        row.kind.clone().into(),
        row.note.into(),
        said.and_then(|said| said.from_address.clone()).into(),
        said.map_or(Value::Null, |said| parsed(&said.recipients)),
        said.map(|said| said.subject.clone()).into(),
        said.map(|said| said.reply_text.clone()).into(),
        said.map(|said| said.text.clone()).into(),
        row.rung.into(),
        parsed(&row.evidence),
        parsed(&row.flags),
        time(row.at).into(),
        time(row.received_at).into(),
    ]
}

pub(super) const TRANSITIONS: &[&str] = &[
    "id",
    "conversationId",
    "leadId",
    "version",
    "fromState",
    "newState",
    "event",
    "triggeredBy",
    "actor",
    "cause",
    "impliedBy",
    "warnings",
    "waived",
    "policyVersion",
    "timestamp",
    "recordedAt",
];

pub(super) fn transition(row: &TransitionRow) -> Vec<Value> {
    vec![
        id(row.id),
        id(row.conversation_id),
        id(row.lead_id),
        row.version.into(),
        row.from_state.clone().into(),
        row.to_state.clone().into(),
        row.event.clone().into(),
        row.triggered_by.clone().into(),
        row.actor.clone().into(),
        text(&row.cause),
        maybe_id(row.implied_by),
        parsed(&row.warnings),
        parsed(&row.waived),
        row.policy_version.into(),
        time(row.at).into(),
        time(row.recorded_at).into(),
    ]
}

pub(super) const EVENTS: &[&str] = &[
    "seq",
    "type",
    "at",
    "conversationId",
    "leadId",
    "silent",
    "data",
];

pub(super) fn event(row: &LogRow) -> Vec<Value> {
    vec![
        row.seq.into(),
        row.kind.clone().into(),
        time(row.at).into(),
        maybe_id(row.conversation_id),
        maybe_id(row.lead_id),
        row.silent.into(),
        parsed(&row.data),
    ]
}

fn picked(shown: &Value, columns: &[&str]) -> Vec<Value> {
    let each = columns.iter();
    each.map(|name| shown.get(*name).cloned().unwrap_or_default())
        .collect()
}

fn id(id: Uuid) -> Value {
    id.to_string().into()
}

fn maybe_id(one: Option<Uuid>) -> Value {
    one.map_or(Value::Null, id)
}

fn text(text: &Option<String>) -> Value {
    text.clone().into()
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}
