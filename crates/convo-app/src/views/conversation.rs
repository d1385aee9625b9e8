//! One conversation: its record, status, audit, metrics.

use chrono::{DateTime, Utc};
use convo_core::conversation::Integration;
use convo_core::machine::{Event, allowed_events};
use convo_core::metrics::Metrics;
use convo_core::scoring::{ScoreInput, scores};
use convo_store::Reader;
use convo_store::rows::{ConversationRow, TransitionRow};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Seen, in_force, suppressions_of};
use crate::context::Context;
use crate::error::AppError;
use crate::wire::time;

/// `GET /{id}/status`.
///
/// # Errors
/// The database's.
pub fn status(
    reader: &mut Reader<'_>,
    context: &Context,
    seen: &Seen,
    now: DateTime<Utc>,
) -> Result<Value, AppError> {
    let (row, facts) = (&seen.row, &seen.facts);
    let allowed: Vec<&str> = allowed_events(facts.state).map(Event::as_str).collect();
    let suppressed = suppressed(reader, context, seen, now)?;
    let judged = &facts.email.judged;
    Ok(json!({
        "conversationId": row.id,
        "currentState": facts.state.as_str(),
        "version": facts.version,
        "leadId": row.lead_id,
        "campaignId": row.campaign_id,
        "assignedAgentId": row.assigned_agent_id,
        "previousConversationId": row.previous_conversation_id,
        "outcome": row.outcome,
        "followUpAt": facts.follow_up_at.map(time),
        "awaiting": facts.awaiting().as_str(),
        "held": row.held,
        "snoozedUntil": facts.snoozed_until.map(time),
        "allowedEvents": allowed,
        "flags": flags(seen),
        "analytics": analytics(seen, now),
        "integrationStatus": {
            "email": {
                "deliveryStatus": facts.email.delivery_status().map(|status| status.as_str()),
                "opens": judged.opens,
                "clicks": judged.clicks,
                "machineOpens": judged.machine_opens,
                "machineClicks": judged.machine_clicks,
                "lastOpenedAt": judged.last_opened_at.map(time),
                "lastClickedAt": judged.last_clicked_at.map(time),
                "suppressed": suppressed,
            },
            "handover": handover(reader, seen)?,
            "integration": facts.integration,
        },
        "lastUpdated": time(row.updated_at),
    }))
}

fn suppressed(
    reader: &mut Reader<'_>,
    context: &Context,
    seen: &Seen,
    now: DateTime<Utc>,
) -> Result<bool, AppError> {
    let lead = &seen.lead_row;
    let addresses = reader.lead_addresses_by_leads(&[lead.id])?;
    let keys: Vec<String> = addresses.into_iter().map(|row| row.address_key).collect();
    let mut rows = suppressions_of(reader, context, &keys)?;
    rows.extend(reader.suppressions_by_leads(&[lead.id])?);
    let digest = context.address_digest(&lead.email_key);
    // What the person said holds for every address; what is wrong with an address for itself alone.
    Ok(rows.iter().any(|row| {
        let written_to = row.address_key.as_ref() == Some(&lead.email_key)
            || row.keyed_hash.as_ref() == Some(&digest);
        in_force(row, now) && (written_to || row.scope == "automation")
    }))
}

/// What is switched on in a conversation, as its column says.
fn integration(row: &ConversationRow) -> Integration {
    let stored = row.integration.as_deref();
    let stored = stored.and_then(|text| serde_json::from_str(text).ok());
    stored.unwrap_or_default()
}

fn flags(seen: &Seen) -> Vec<Value> {
    let each = seen.facts.flags.iter().map(|(code, noted)| {
        let mut flag = Map::new();
        flag.insert("code".to_owned(), code.as_str().into());
        flag.insert("at".to_owned(), time(noted.at).into());
        if let Some(message) = noted.message {
            flag.insert("messageId".to_owned(), message.to_string().into());
        }
        Value::Object(flag)
    });
    each.collect()
}

/// How far the handover is, with the open offer.
fn handover(reader: &mut Reader<'_>, seen: &Seen) -> Result<Value, AppError> {
    let (facts, handover) = (&seen.facts, &seen.facts.handover);
    let offer = match handover.offer {
        Some(id) => reader.offers_by_ids(&[id])?.pop(),
        None => None,
    };
    let offer = offer.map(|offer| {
        json!({
            "id": offer.id,
            "agentId": offer.agent_id,
            "round": offer.round,
            "escalated": offer.escalated,
            "offeredAt": time(offer.offered_at),
            "dueAt": time(offer.due_at),
        })
    });
    Ok(json!({
        "status": facts.handover_status().as_str(),
        "requestedAt": handover.requested_at.map(time),
        "assignedAgentId": seen.row.assigned_agent_id,
        "assignedAt": handover.assigned_at.map(time),
        "touchedAt": handover.touched_at.map(time),
        "replyDueAt": handover.reply_due_at.map(time),
        "completedAt": handover.completed_at.map(time),
        "offer": offer,
    }))
}

fn analytics(seen: &Seen, now: DateTime<Utc>) -> Value {
    let tally = &seen.facts.tally;
    let scores = scores(
        &ScoreInput::of(&seen.facts, &seen.lead),
        &seen.policy.policy,
        now,
    );
    json!({
        "messageCount": tally.messages(),
        "inboundCount": tally.inbound,
        "outboundCount": tally.outbound,
        "automatedCount": tally.automated,
        "averageResponseMinutes": tally.lead_latency.mean_minutes(),
        "engagementScore": scores.engagement,
        "qualificationScore": scores.qualification,
        "handoverReadiness": scores.readiness,
        "lastActivityAt": time(seen.facts.last_activity_at()),
    })
}

/// `GET /{id}/metrics`.
#[must_use]
pub fn metrics(seen: &Seen, now: DateTime<Utc>) -> Value {
    let metrics = convo_core::metrics::of(&seen.facts, &seen.lead, &seen.policy.policy, now);
    let mut value = serde_json::to_value(&metrics).unwrap_or(Value::Null);
    timed(&mut value, &metrics);
    if let Value::Object(members) = &mut value {
        members.insert("conversationId".to_owned(), seen.row.id.to_string().into());
        members.insert("analytics".to_owned(), analytics(seen, now));
        members.insert("timestamp".to_owned(), time(now).into());
    }
    value
}

/// Writes the times of the figures the way the wire has them.
fn timed(value: &mut Value, metrics: &Metrics<Uuid>) {
    let email = &metrics.email;
    value["firstActivityAt"] = json!(metrics.first_activity_at.map(time));
    value["lastActivityAt"] = json!(time(metrics.last_activity_at));
    value["email"]["firstDeliveredAt"] = json!(email.first_delivered_at.map(time));
    value["email"]["lastDeliveredAt"] = json!(email.last_delivered_at.map(time));
    value["email"]["statusAt"] = json!(email.status_at.map(time));
    value["email"]["judged"]["lastOpenedAt"] = json!(email.judged.last_opened_at.map(time));
    value["email"]["judged"]["lastClickedAt"] = json!(email.judged.last_clicked_at.map(time));
    let rows = value.get_mut("signals").and_then(Value::as_array_mut);
    for (row, signal) in rows.into_iter().flatten().zip(&metrics.signals) {
        row["lastAt"] = json!(time(signal.last_at));
    }
}

/// A conversation in lists and by its id.
#[must_use]
pub fn conversation(row: &ConversationRow, reply_token: Option<&str>) -> Value {
    let mut value = json!({
        "id": row.id,
        "leadId": row.lead_id,
        "campaignId": row.campaign_id,
        "externalId": row.external_id,
        "subject": row.subject,
        "currentState": row.state,
        "version": row.version,
        "assignedAgentId": row.assigned_agent_id,
        "previousConversationId": row.previous_conversation_id,
        "outcome": row.outcome,
        "followUpAt": row.follow_up_at.map(time),
        "awaiting": row.awaiting,
        "held": row.held,
        "integration": integration(row),
        "messageCount": row.message_count,
        "engagementScore": row.engagement,
        "lastActivityAt": time(row.last_activity_at),
        "closedAt": row.closed_at.map(time),
        "createdAt": time(row.created_at),
        "updatedAt": time(row.updated_at),
    });
    if let (Value::Object(members), Some(token)) = (&mut value, reply_token) {
        members.insert("replyToken".to_owned(), token.into());
    }
    value
}

/// Items of `GET /{id}/transitions`, oldest first, with what was said in free words joined.
///
/// # Errors
/// The database's.
pub fn transition_items(
    reader: &mut Reader<'_>,
    rows: &[TransitionRow],
) -> Result<Vec<Value>, AppError> {
    let ids: Vec<Uuid> = rows.iter().filter_map(|row| row.metadata_id).collect();
    let metadata = reader.metadata_by_ids(&ids)?;
    let each = rows.iter().map(|row| {
        let said = row
            .metadata_id
            .and_then(|id| metadata.iter().find(|metadata| metadata.id == id));
        let said: Value = said
            .and_then(|row| serde_json::from_str(&row.body).ok())
            .unwrap_or(Value::Null);
        let by = said
            .get("triggeredBy")
            .cloned()
            .unwrap_or_else(|| row.triggered_by.as_str().into());
        json!({
            "success": true,
            "transitionId": row.id,
            "conversationId": row.conversation_id,
            "fromState": row.from_state,
            "newState": row.to_state,
            "event": row.event,
            "triggeredBy": by,
            "version": row.version,
            "warnings": list(&row.warnings),
            "waived": list(&row.waived),
            "actor": row.actor,
            "cause": row.cause,
            "impliedBy": row.implied_by,
            "metadata": said.get("metadata"),
            "policyVersion": row.policy_version,
            "timestamp": time(row.at),
        })
    });
    Ok(each.collect())
}

fn list(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!([]))
}
