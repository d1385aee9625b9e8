//! Offers as the agent who is asked reads them.

use std::collections::HashMap;

use convo_core::conversation::Conversation;
use convo_core::words;
use convo_store::Reader;
use convo_store::rows::{ConversationRow, LeadRow, OfferRow};
use serde_json::{Value, json};
use uuid::Uuid;

use super::parse;
use crate::error::AppError;
use crate::wire::time;

/// Items of `GET /api/agents/{id}/offers`; the lead is joined when read.
///
/// # Errors
/// The database's.
pub fn offers(reader: &mut Reader<'_>, rows: &[OfferRow]) -> Result<Vec<Value>, AppError> {
    let ids = |of: fn(&OfferRow) -> Uuid| rows.iter().map(of).collect::<Vec<_>>();
    let conversations: HashMap<Uuid, ConversationRow> = reader
        .conversations_by_ids(&ids(|row| row.conversation_id))?
        .into_iter()
        .map(|row| (row.id, row))
        .collect();
    let leads: HashMap<Uuid, LeadRow> = reader
        .leads_by_ids(&ids(|row| row.lead_id))?
        .into_iter()
        .map(|row| (row.id, row))
        .collect();
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let (Some(conversation), Some(lead)) = (
            conversations.get(&row.conversation_id),
            leads.get(&row.lead_id),
        ) else {
            continue;
        };
        let facts: Conversation<Uuid> = parse(&conversation.facts)?;
        items.push(json!({
            "id": row.id,
            "conversationId": row.conversation_id,
            "leadId": row.lead_id,
            "agentId": row.agent_id,
            "status": row.status,
            "round": row.round,
            "escalated": row.escalated,
            "offeredAt": time(row.offered_at),
            "dueAt": time(row.due_at),
            "subject": conversation.subject,
            "lead": {"name": lead_name(lead), "email": lead.email, "phone": lead.phone},
            "summary": summary_line(lead, &facts),
        }));
    }
    Ok(items)
}

/// A person's name, else the address.
#[must_use]
pub fn lead_name(lead: &LeadRow) -> String {
    let names = [&lead.first_name, &lead.last_name];
    let names = names.into_iter().flatten().map(String::as_str);
    let words: Vec<&str> = names.flat_map(str::split_whitespace).collect();
    match words.join(" ") {
        name if name.is_empty() => lead.email.clone(),
        name => name,
    }
}

/// Who it is, and what was read in the lead's words, in one line.
#[must_use]
pub fn summary_line(lead: &LeadRow, facts: &Conversation<Uuid>) -> String {
    let tally = &facts.tally;
    let mut line = lead_name(lead);
    let signals: Vec<String> = tally
        .signals
        .keys()
        .map(|code| words::inside(code))
        .collect();
    if !signals.is_empty() {
        line.push_str(&format!(" – {}", signals.join(", ")));
    }
    let topics: Vec<String> = tally
        .key_topics()
        .iter()
        .map(|code| words::inside(code))
        .collect();
    if !topics.is_empty() {
        line.push_str(&format!(" – about {}", topics.join(", ")));
    }
    let replies = if tally.replies == 1 {
        "1 reply".to_owned()
    } else {
        format!("{} replies", tally.replies)
    };
    line.push_str(&format!(" – {replies}"));
    line
}
