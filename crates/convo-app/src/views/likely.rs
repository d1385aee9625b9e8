//! The review list as people read it: with names, and with leads who could be meant though no header says so.

use convo_store::rows::{ConversationRow, LeadRow, ReviewRow};
use convo_store::{ConversationList, LeadList, Reader};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{lead_name, named, reviews};
use crate::error::AppError;

/// Leads looked at for each guess.
const LOOKED_AT: i64 = 20;
/// Guesses of an item.
const GUESSES: usize = 3;
/// Mailboxes of houses: two of the same name have nothing to do with each other.
const HOUSES: [&str; 9] = [
    "info", "office", "sales", "contact", "kontakt", "mail", "admin", "noreply", "no-reply",
];

/// As [`reviews`], each with names beside ids; `likelyMatches` of parked mail also holds leads of the sender's name or
/// mailbox, with `why`: `same_name` or `same_mailbox`.
///
/// # Errors
/// The database's.
pub fn reviews_with_names(
    reader: &mut Reader<'_>,
    rows: &[ReviewRow],
) -> Result<Vec<Value>, AppError> {
    let mut items = reviews(reader, rows)?;
    for (item, row) in items.iter_mut().zip(rows) {
        let guesses = if row.body.is_some() {
            guesses(reader, item)?
        } else {
            Vec::new()
        };
        let Some(Value::Array(matches)) = item.get_mut("likelyMatches") else {
            continue;
        };
        matches.extend(guesses);
        let ids: Vec<Uuid> = matches
            .iter()
            .filter_map(|one| one["conversationId"].as_str()?.parse().ok())
            .collect();
        let conversations = reader.conversations_by_ids(&ids)?;
        for one in matches.iter_mut() {
            let of = conversations
                .iter()
                .find(|row| one["conversationId"] == row.id.to_string());
            if let (Value::Object(members), Some(row)) = (one, of) {
                members.insert("subject".to_owned(), row.subject.as_str().into());
                members.insert("leadId".to_owned(), row.lead_id.to_string().into());
            }
        }
        named(reader, &mut matches.iter_mut().collect::<Vec<_>>())?;
    }
    named(reader, &mut items.iter_mut().collect::<Vec<_>>())?;
    Ok(items)
}

/// Leads of the sender's name or mailbox, other than those that a header names.
fn guesses(reader: &mut Reader<'_>, item: &Value) -> Result<Vec<Value>, AppError> {
    let mail = &item["mail"];
    let (name, address) = (
        mail["fromName"].as_str().unwrap_or_default(),
        mail["from"].as_str().unwrap_or_default(),
    );
    let (name, mailbox) = (folded(name), mailbox(address));
    let mut found: Vec<(LeadRow, &str)> = Vec::new();
    if let Some(last) = name
        .rsplit(' ')
        .next()
        .filter(|last| last.len() > 1 && name.contains(' '))
    {
        let rows = begins(reader, last)?;
        found.extend(
            rows.into_iter()
                .filter(|row| folded(&lead_name(row)) == name)
                .map(|row| (row, "same_name")),
        );
    }
    if !mailbox.is_empty() && !HOUSES.contains(&mailbox.as_str()) {
        let rows = begins(reader, &format!("{mailbox}@"))?;
        found.extend(rows.into_iter().map(|row| (row, "same_mailbox")));
    }
    let known: Vec<&Value> = item["likelyMatches"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| &one["leadId"])
        .collect();
    let mut guesses: Vec<Value> = Vec::new();
    for (lead, why) in found {
        let id = Value::from(lead.id.to_string());
        let again = known.iter().any(|other| **other == id)
            || guesses.iter().any(|other| other["leadId"] == id);
        if again || guesses.len() == GUESSES {
            continue;
        }
        let open = open_of(reader, lead.id)?.map(|row| row.id);
        guesses.push(
            json!({"leadId": lead.id, "conversationId": open, "messageId": null, "why": why}),
        );
    }
    Ok(guesses)
}

fn begins(reader: &mut Reader<'_>, q: &str) -> Result<Vec<LeadRow>, AppError> {
    let list = LeadList {
        q: Some(q.to_owned()),
        limit: LOOKED_AT,
        ..LeadList::default()
    };
    Ok(reader.leads(&list)?)
}

/// The lead's open conversation that was active last.
fn open_of(reader: &mut Reader<'_>, lead: Uuid) -> Result<Option<ConversationRow>, AppError> {
    let list = ConversationList {
        lead_id: Some(lead),
        limit: LOOKED_AT,
        ..ConversationList::default()
    };
    let rows = reader.conversations(&list)?;
    Ok(rows
        .into_iter()
        .find(|row| !matches!(row.state.as_str(), "CLOSED" | "ARCHIVED")))
}

fn folded(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}

fn mailbox(address: &str) -> String {
    let local = address.rsplit_once('@').map_or("", |(local, _)| local);
    local.trim().to_lowercase()
}
