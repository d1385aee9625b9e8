//! Everything held on a person.

use chrono::{DateTime, Utc};
use convo_store::Reader;
use convo_store::rows::ReceiptRow;
use serde_json::{Value, json};
use uuid::Uuid;

use super::records::stage;
use super::{conversation, leads, message_list, receipt, review, suppression, transition_items};
use crate::context::Context;
use crate::error::AppError;
use crate::wire::time;

/// Everything held on a person.
///
/// # Errors
/// `NotFound` for nobody and for who was erased; else the database's.
pub fn export(
    reader: &mut Reader<'_>,
    context: &Context,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<Value, AppError> {
    let row = reader
        .leads_by_ids(&[id])?
        .pop()
        .filter(|row| row.erased_at.is_none())
        .ok_or(AppError::NotFound)?;
    let person = leads(reader, std::slice::from_ref(&row))?.pop();
    let mut conversations = Vec::new();
    let mut rows = reader.conversations_by_leads(&[id])?;
    rows.sort_by_key(|row| (row.created_at, row.id));
    for row in &rows {
        let mut value = conversation(row, None);
        let messages = all_messages(reader, row.id)?;
        let audit = reader.transitions_by_conversations(&[row.id])?;
        if let Value::Object(members) = &mut value {
            members.insert("messages".to_owned(), Value::Array(messages));
            members.insert(
                "transitions".to_owned(),
                Value::Array(transition_items(reader, &audit)?),
            );
        }
        conversations.push(value);
    }
    let addresses = reader.lead_addresses_by_leads(&[id])?;
    let keys: Vec<String> = addresses
        .into_iter()
        .map(|address| address.address_key)
        .chain([row.email_key.clone()])
        .collect();
    let digests: Vec<Vec<u8>> = keys.iter().map(|key| context.address_digest(key)).collect();
    let mut suppressions = reader.suppressions_by_leads(&[id])?;
    suppressions.extend(super::suppressions_of(reader, context, &keys)?);
    suppressions.sort_by_key(|row| row.id);
    suppressions.dedup_by_key(|row| row.id);
    let mut receipts = reader.receipts_by_lead(id)?;
    receipts.extend(reader.receipts_by_addresses(&digests)?);
    receipts.sort_by_key(|row| (row.received_at, row.id));
    receipts.dedup_by_key(|row| row.id);
    let metadata = reader.metadata_by_lead(id)?;
    let metadata = metadata.iter().map(|row| {
        let body: Value = serde_json::from_str(&row.body).unwrap_or(Value::Null);
        json!({"kind": row.kind, "conversationId": row.conversation_id, "body": body, "createdAt": time(row.created_at)})
    });
    let journey = reader.journey_by_leads(&[id])?;
    let journey = journey.iter().map(|row| {
        json!({"stage": stage(row.stage), "action": row.action, "milestone": row.milestone, "conversationId": row.conversation_id, "at": time(row.at)})
    });
    let mut parked = reader.reviews_by_leads(&[id])?;
    parked.extend(reader.reviews_from(&keys)?);
    parked.sort_by_key(|row| (row.created_at, row.id));
    parked.dedup_by_key(|row| row.id);
    let drafts = reader.drafts_by_leads(&[id])?;
    let ids = reader.external_ids_by_leads(&[id])?;
    let mut ids: Vec<String> = ids.into_iter().map(|row| row.external_id).collect();
    ids.sort_unstable();
    Ok(json!({
        "lead": person,
        "externalIds": ids,
        "conversations": conversations,
        "suppressions": suppressions.iter().map(suppression).collect::<Vec<_>>(),
        "metadata": metadata.collect::<Vec<_>>(),
        "journeyEvents": journey.collect::<Vec<_>>(),
        "receipts": receipts.iter().map(said).collect::<Vec<_>>(),
        "drafts": super::drafts(reader, &drafts)?,
        "reviews": parked.iter().map(review).collect::<Vec<_>>(),
        "exportedAt": time(now),
    }))
}

/// A receipt with what the provider said: clicked addresses, programs, answers of servers.
fn said(row: &ReceiptRow) -> Value {
    let said = row.body.as_deref().map(|body| {
        serde_json::from_slice::<Value>(body)
            .unwrap_or_else(|_| json!({"text": String::from_utf8_lossy(body)}))
    });
    json!({"receipt": receipt(row), "said": said})
}

fn all_messages(reader: &mut Reader<'_>, conversation: Uuid) -> Result<Vec<Value>, AppError> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let rows = reader.messages_after(conversation, after, 200)?;
        let Some(last) = rows.last() else {
            return Ok(all);
        };
        after = last.sequence_number;
        all.extend(message_list(reader, &rows)?);
    }
}
