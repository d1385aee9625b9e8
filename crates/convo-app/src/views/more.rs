//! Records in lists, the default policy, raw mail, the event log, the rules.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use convo_core::machine::{Cell, Event, State, cell};
use convo_core::rules::Rules;
use convo_core::vocabulary::RuleKind;
use convo_store::Reader;
use convo_store::rows::{
    AgentRow, CampaignRow, DraftRow, LeadRow, OutboxRow, ReviewRow, SuppressionRow,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::named::subjects;
use super::{agent, campaign, lead, message_list, named, outgoing, policy, review};
use crate::batch::policy_of;
use crate::context::Context;
use crate::error::AppError;
use crate::live::rest_items;

/// Leads with their aliases.
///
/// # Errors
/// The database's.
pub fn leads(reader: &mut Reader<'_>, rows: &[LeadRow]) -> Result<Vec<Value>, AppError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut aliases: HashMap<Uuid, Vec<String>> = HashMap::new();
    for row in reader
        .lead_addresses_by_leads(&ids)?
        .into_iter()
        .filter(|row| !row.is_primary)
    {
        aliases.entry(row.lead_id).or_default().push(row.address);
    }
    Ok(rows
        .iter()
        .map(|row| {
            lead(
                row,
                aliases.get(&row.id).map(Vec::as_slice).unwrap_or_default(),
            )
        })
        .collect())
}

/// Suppressions of addresses, those of a person who was forgotten included.
///
/// # Errors
/// The database's.
pub fn suppressions_of(
    reader: &mut Reader<'_>,
    context: &Context,
    keys: &[String],
) -> Result<Vec<SuppressionRow>, AppError> {
    let digests: Vec<Vec<u8>> = keys.iter().map(|key| context.address_digest(key)).collect();
    let mut rows = reader.suppressions_by_addresses(keys)?;
    rows.extend(reader.suppressions_by_hashes(&digests)?);
    Ok(rows)
}

/// Whether a suppression holds at that time.
#[must_use]
pub fn in_force(row: &SuppressionRow, now: DateTime<Utc>) -> bool {
    row.lifted_at.is_none() && row.expires_at.is_none_or(|until| until > now)
}

/// Agents with their aliases.
///
/// # Errors
/// The database's.
pub fn agents(reader: &mut Reader<'_>, rows: &[AgentRow]) -> Result<Vec<Value>, AppError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let all = reader.agent_addresses_by_agents(&ids)?;
    let each = rows.iter().map(|row| {
        let primary = crate::wire::address_key(&row.email);
        let own = all
            .iter()
            .filter(|one| one.agent_id == row.id && one.address_key != primary);
        agent(
            row,
            &own.map(|one| one.address_key.clone()).collect::<Vec<_>>(),
        )
    });
    Ok(each.collect())
}

/// Drafts with what they have leave for.
///
/// # Errors
/// The database's.
pub fn drafts(reader: &mut Reader<'_>, rows: &[DraftRow]) -> Result<Vec<Value>, AppError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.lease_id).collect();
    let leases = reader.leases_by_ids(&ids)?;
    let each = rows.iter().filter_map(|row| {
        let lease = leases.iter().find(|lease| lease.id == row.lease_id)?;
        Some(super::draft(row, lease))
    });
    Ok(each.collect())
}

/// Drafts with names and subjects beside ids, and the mail that each would answer as `answered`.
///
/// # Errors
/// The database's.
pub fn drafts_with_names(
    reader: &mut Reader<'_>,
    rows: &[DraftRow],
) -> Result<Vec<Value>, AppError> {
    let mut items = drafts(reader, rows)?;
    named(reader, &mut items.iter_mut().collect::<Vec<_>>())?;
    subjects(reader, &mut items)?;
    let answers = |item: &Value| item["answers"].as_str()?.parse::<Uuid>().ok();
    let ids: Vec<Uuid> = items.iter().filter_map(answers).collect();
    let rows = reader.messages_by_ids(&ids)?;
    let messages = message_list(reader, &rows)?;
    for item in &mut items {
        let answered = messages
            .iter()
            .find(|message| message["id"] == item["answers"]);
        if let (Some(answered), Value::Object(members)) = (answered, item) {
            members.insert("answered".to_owned(), answered.clone());
        }
    }
    Ok(items)
}

/// Outgoing mails with names and subjects beside ids.
///
/// # Errors
/// The database's.
pub fn outgoing_with_names(
    reader: &mut Reader<'_>,
    rows: &[OutboxRow],
) -> Result<Vec<Value>, AppError> {
    let mut items: Vec<Value> = rows.iter().map(outgoing).collect();
    named(reader, &mut items.iter_mut().collect::<Vec<_>>())?;
    subjects(reader, &mut items)?;
    Ok(items)
}

/// Campaigns with the policies they have of their own.
///
/// # Errors
/// The database's.
pub fn campaigns(reader: &mut Reader<'_>, rows: &[CampaignRow]) -> Result<Vec<Value>, AppError> {
    let mut each = Vec::with_capacity(rows.len());
    for row in rows {
        let own = reader.newest_policy(Some(row.id))?;
        let own: Option<Value> = own.and_then(|policy| serde_json::from_str(&policy.body).ok());
        each.push(campaign(row, own.as_ref()));
    }
    Ok(each)
}

/// The default policy in force.
///
/// # Errors
/// The database's.
pub fn default_policy(reader: &mut Reader<'_>) -> Result<Value, AppError> {
    let newest = policy_of(reader, None)?;
    Ok(policy(newest.version, &newest.policy))
}

/// Review items with the leads and conversations that could be meant.
///
/// # Errors
/// The database's.
pub fn reviews(reader: &mut Reader<'_>, rows: &[ReviewRow]) -> Result<Vec<Value>, AppError> {
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let mut value = review(row);
        let waits: Vec<String> = serde_json::from_str(&row.wait_rfc_ids).unwrap_or_default();
        let heads = reader.message_heads_by_rfc_ids(&waits)?;
        let matches: Vec<Value> = heads
            .iter()
            .take(5)
            .map(|head| json!({"conversationId": head.conversation_id, "leadId": head.lead_id, "messageId": head.rfc_id}))
            .collect();
        let stored = match row.message_id.filter(|_| row.body.is_none()) {
            Some(id) => reader.messages_by_ids(&[id])?,
            None => Vec::new(),
        };
        let mail = message_list(reader, &stored)?.pop();
        if let Value::Object(members) = &mut value {
            if let Some(mail) = mail {
                members.insert("mail".to_owned(), parked_form(mail));
            }
            members.insert("likelyMatches".to_owned(), Value::Array(matches));
        }
        items.push(value);
    }
    Ok(items)
}

/// A stored message in the shape of a parked mail.
fn parked_form(message: Value) -> Value {
    let of = |name: &str| message.get(name).cloned().unwrap_or(Value::Null);
    let list = |name: &str| message.get(name).and_then(Value::as_array);
    let names = list("attachments").into_iter().flatten();
    json!({
        "from": of("from"),
        "fromName": null,
        "to": list("recipients").cloned().unwrap_or_default(),
        "subject": of("subject"),
        "text": of("content"),
        "replyText": of("replyText"),
        "date": of("createdAt"),
        "messageId": of("messageId"),
        "kind": of("kind"),
        "attachments": names.filter_map(|one| one.get("name")).collect::<Vec<_>>(),
    })
}

/// A mail's bytes as they came; header fields and text where the provider had taken it apart.
///
/// # Errors
/// `NotFound` for no message, and for one whose text was erased.
pub fn raw_message(reader: &mut Reader<'_>, id: Uuid) -> Result<Vec<u8>, AppError> {
    let row = reader
        .messages_by_ids(&[id])?
        .pop()
        .filter(|row| !row.erased)
        .ok_or(AppError::NotFound)?;
    let content = reader
        .contents_by_messages(&[row.id])?
        .pop()
        .ok_or(AppError::NotFound)?;
    if let Some(raw) = content.raw {
        return Ok(raw);
    }
    let headers = content
        .headers
        .and_then(|text| serde_json::from_str::<convo_email::Headers>(&text).ok());
    let mut mail = Vec::new();
    match &headers {
        Some(headers) => {
            for field in headers.iter() {
                mail.extend_from_slice(
                    format!("{}: {}\r\n", field.name(), field.raw().trim()).as_bytes(),
                );
            }
        }
        None => mail.extend_from_slice(format!("Message-ID: <{}>\r\n", row.rfc_id).as_bytes()),
    }
    mail.extend_from_slice(b"\r\n");
    mail.extend_from_slice(content.text.as_bytes());
    Ok(mail)
}

/// `GET /api/events`: rows of the log, with what was said in free words and messages joined.
///
/// # Errors
/// The database's.
pub fn events(reader: &mut Reader<'_>, after: i64, limit: i64) -> Result<Value, AppError> {
    let rows = reader.log_after(after, limit)?;
    let head = reader.head()?;
    let items = rest_items(reader, &rows)?;
    Ok(json!({"epoch": head.epoch, "head": head.seq, "items": items}))
}

/// The rules and the events they guard.
#[must_use]
pub fn rules(rules: &Rules<Uuid>) -> Value {
    let each = rules.iter().map(|rule| {
        let guarded: Vec<&str> = Event::ALL
            .iter()
            .filter(|event| {
                State::ALL.iter().any(|state| {
                    cell(*state, **event) != Cell::Refused && rule.guards(**event, *state)
                })
            })
            .map(|event| event.as_str())
            .collect();
        let required = rule.kind() == RuleKind::Required;
        json!({"id": rule.id(), "required": required, "events": guarded})
    });
    json!({"items": each.collect::<Vec<_>>(), "nextCursor": null})
}
