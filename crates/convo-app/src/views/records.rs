//! Records as they are posted, with their id and times.

use convo_core::policy::Policy;
use convo_store::rows::{
    AgentRow, ApiKeyRow, CampaignRow, DraftRow, LeadRow, LeaseRow, OutboxRow, ReceiptRow,
    ReviewRow, SuppressionRow,
};
use serde_json::{Value, json};

use crate::wire::time;

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

fn maybe(text: Option<&String>) -> Value {
    text.map_or(Value::Null, |text| parsed(text))
}

/// The name of the stage of this order.
pub(super) fn stage(order: i16) -> Option<&'static str> {
    let order = u8::try_from(order).ok()?;
    convo_core::vocabulary::Stage::from_order(order).map(|stage| stage.as_str())
}

/// A lead; an erased one shows nothing of the person.
#[must_use]
pub fn lead(row: &LeadRow, aliases: &[String]) -> Value {
    json!({
        "id": row.id,
        "email": row.email,
        "firstName": row.first_name,
        "lastName": row.last_name,
        "phone": row.phone,
        "interest": row.interest,
        "source": row.source,
        "campaignId": row.campaign_id,
        "aliases": aliases,
        "language": row.language,
        "timeZone": row.time_zone,
        "attributes": parsed(&row.attributes),
        "consent": maybe(row.consent.as_ref()),
        "externalId": row.external_id,
        "currentStage": row.current_stage.and_then(stage),
        "highestStage": row.highest_stage.and_then(stage),
        "erasedAt": row.erased_at.map(time),
        "createdAt": time(row.created_at),
        "updatedAt": time(row.updated_at),
    })
}

/// An agent.
#[must_use]
pub fn agent(row: &AgentRow, aliases: &[String]) -> Value {
    json!({
        "id": row.id,
        "name": row.name,
        "email": row.email,
        "aliases": aliases,
        "active": row.active,
        "manager": row.manager,
        "awayUntil": row.away_until.map(time),
        "unreachableAt": row.unreachable_at.map(time),
        "capacity": row.capacity,
        "hours": maybe(row.hours.as_ref()),
        "externalId": row.external_id,
        "createdAt": time(row.created_at),
        "updatedAt": time(row.updated_at),
    })
}

/// A campaign with the policy it has of its own.
#[must_use]
pub fn campaign(row: &CampaignRow, policy: Option<&Value>) -> Value {
    json!({
        "id": row.id,
        "name": row.name,
        "paused": row.paused,
        "policy": policy,
        "lexicon": maybe(row.lexicon.as_ref()),
        "tracking": maybe(row.tracking.as_ref()),
        "disclosure": row.disclosure,
        "consentRequired": row.consent_required.as_ref().map_or_else(|| json!([]), |text| parsed(text)),
        "dailyLimit": row.daily_limit,
        "externalId": row.external_id,
        "createdAt": time(row.created_at),
        "updatedAt": time(row.updated_at),
    })
}

/// The policy in force with its version.
#[must_use]
pub fn policy(version: i64, policy: &Policy) -> Value {
    let mut value = serde_json::to_value(policy).unwrap_or(Value::Null);
    if let Value::Object(members) = &mut value {
        members.insert("version".to_owned(), version.into());
    }
    value
}

/// A suppression.
#[must_use]
pub fn suppression(row: &SuppressionRow) -> Value {
    json!({
        "id": row.id,
        "address": row.address,
        "leadId": row.lead_id,
        "reason": row.reason,
        "scope": row.scope,
        "source": row.source,
        "evidence": row.evidence,
        "externalId": row.external_id,
        "at": time(row.at),
        "expiresAt": row.expires_at.map(time),
        "liftedAt": row.lifted_at.map(time),
        "createdAt": time(row.created_at),
        "updatedAt": time(row.lifted_at.unwrap_or(row.created_at)),
    })
}

/// A mail on its way out: ids and codes, never what it says.
#[must_use]
pub fn outgoing(row: &OutboxRow) -> Value {
    json!({
        "id": row.id,
        "kind": row.kind,
        "notice": row.notice,
        "status": row.status,
        "code": row.code,
        "attempts": row.attempts,
        "messageId": row.rfc_id,
        "storedMessageId": row.message_id,
        "conversationId": row.conversation_id,
        "leadId": row.lead_id,
        "agentId": row.agent_id,
        "nextAttemptAt": row.due_at.map(time),
        "sentAt": row.sent_at.map(time),
        "createdAt": time(row.created_at),
        "updatedAt": time(row.updated_at),
    })
}

/// An API key without its secret.
#[must_use]
pub fn key(row: &ApiKeyRow) -> Value {
    json!({
        "id": row.id,
        "name": row.name,
        "scopes": parsed(&row.scopes),
        "agentId": row.agent_id,
        "hint": row.hint,
        "createdAt": time(row.created_at),
        "updatedAt": time(row.revoked_at.unwrap_or(row.created_at)),
        "revokedAt": row.revoked_at.map(time),
    })
}

/// A webhook receipt; what it said is not shown.
#[must_use]
pub fn receipt(row: &ReceiptRow) -> Value {
    json!({
        "id": row.id,
        "provider": row.provider,
        "kind": row.kind,
        "status": row.status,
        "attempts": row.attempts,
        "nextAttemptAt": row.next_attempt_at.map(time),
        "errorCode": row.error_code,
        "conversationId": row.conversation_id,
        "leadId": row.lead_id,
        "campaignId": row.campaign_id,
        "messageId": row.message_id,
        "createdAt": time(row.received_at),
        "receivedAt": time(row.received_at),
        "doneAt": row.done_at.map(time),
    })
}

/// An item of the review list, with what a person needs to decide.
#[must_use]
pub fn review(row: &ReviewRow) -> Value {
    let mail = row
        .body
        .as_ref()
        .and_then(|body| serde_json::from_slice::<convo_email::InboundEmail>(body).ok())
        .map(|mail| {
            json!({
                "from": mail.from.as_ref().map(|from| &from.email),
                "fromName": mail.from.as_ref().and_then(|from| from.name.as_ref()),
                "to": mail.to.iter().map(|to| &to.email).collect::<Vec<_>>(),
                "subject": mail.subject,
                "text": mail.text,
                "replyText": mail.reply_text,
                "date": mail.date.map(time),
                "messageId": mail.message_id,
                "kind": mail.verdict.class,
                "attachments": mail.attachments.iter().map(|one| &one.name).collect::<Vec<_>>(),
            })
        });
    json!({
        "id": row.id,
        "reason": row.reason,
        "status": row.status,
        "receiptId": row.receipt_id,
        "messageId": row.message_id,
        "conversationId": row.conversation_id,
        "leadId": row.lead_id,
        "mail": mail,
        "resolution": row.resolution,
        "resolvedBy": row.resolved_by,
        "createdAt": time(row.created_at),
        "updatedAt": time(row.resolved_at.unwrap_or(row.created_at)),
        "resolvedAt": row.resolved_at.map(time),
    })
}

/// A draft with what it has leave for; its words only while it waits.
#[must_use]
pub fn draft(row: &DraftRow, lease: &LeaseRow) -> Value {
    json!({
        "id": row.id,
        "conversationId": row.conversation_id,
        "leadId": row.lead_id,
        "author": lease.author,
        "purpose": lease.purpose,
        "answers": lease.answers_id,
        "subject": row.subject,
        "text": row.text,
        "html": row.html,
        "decision": row.decision,
        "decidedBy": row.decided_by,
        "decidedAt": row.decided_at.map(time),
        "sentAs": row.message_id,
        "createdAt": time(row.created_at),
        "updatedAt": time(row.decided_at.unwrap_or(row.created_at)),
    })
}
