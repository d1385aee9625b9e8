//! The lead's journey, of a conversation or of the lead.

use chrono::{DateTime, Utc};
use convo_core::conversation::Conversation;
use convo_core::lead::Lead;
use convo_core::policy::Policy;
use convo_core::scoring::{ScoreInput, explain};
use convo_store::Reader;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Seen, parse};
use crate::batch::policy_of;
use crate::error::AppError;
use crate::wire::time;

/// `GET /{id}/lead-journey`.
///
/// # Errors
/// The database's.
pub fn conversation_journey(
    reader: &mut Reader<'_>,
    seen: &Seen,
    explained: bool,
    now: DateTime<Utc>,
) -> Result<Value, AppError> {
    let all = of_lead(reader, seen.row.lead_id)?;
    let mut members = journey(&seen.lead, &all, &seen.policy.policy, now);
    members.insert("conversationId".to_owned(), seen.row.id.to_string().into());
    members.insert("leadId".to_owned(), seen.row.lead_id.to_string().into());
    if explained {
        let why = explain(
            &ScoreInput::of(&seen.facts, &seen.lead),
            &seen.policy.policy,
            now,
        );
        members.insert(
            "explanation".to_owned(),
            serde_json::to_value(why).unwrap_or(Value::Null),
        );
    }
    Ok(Value::Object(members))
}

/// `GET /lead/{leadId}/journey`.
///
/// # Errors
/// `NotFound`, or the database's.
pub fn lead_journey(
    reader: &mut Reader<'_>,
    id: Uuid,
    explained: bool,
    now: DateTime<Utc>,
) -> Result<Value, AppError> {
    let row = reader
        .leads_by_ids(&[id])?
        .pop()
        .ok_or(AppError::NotFound)?;
    let lead: Lead<Uuid> = parse(&row.facts)?;
    let all = of_lead(reader, id)?;
    let in_force = policy_of(reader, None)?;
    let policy = &in_force.policy;
    let mut members = journey(&lead, &all, policy, now);
    members.insert("leadId".to_owned(), id.to_string().into());
    if explained
        && let Some(newest) = all
            .iter()
            .max_by_key(|facts| (facts.state.is_open(), facts.last_activity_at()))
    {
        let why = explain(&ScoreInput::of(newest, &lead), policy, now);
        members.insert(
            "explanation".to_owned(),
            serde_json::to_value(why).unwrap_or(Value::Null),
        );
    }
    Ok(Value::Object(members))
}

fn of_lead(reader: &mut Reader<'_>, lead: Uuid) -> Result<Vec<Conversation<Uuid>>, AppError> {
    let rows = reader.conversations_by_leads(&[lead])?;
    rows.iter().map(|row| parse(&row.facts)).collect()
}

fn journey(
    lead: &Lead<Uuid>,
    all: &[Conversation<Uuid>],
    policy: &Policy,
    now: DateTime<Utc>,
) -> Map<String, Value> {
    let refs: Vec<&Conversation<Uuid>> = all.iter().collect();
    let view = convo_core::journey::of(lead, &refs, policy, now);
    let mut value = serde_json::to_value(&view).unwrap_or(Value::Null);
    for (row, reached) in items(&mut value, "milestones").zip(&view.milestones) {
        row.insert("at".to_owned(), time(reached.at).into());
    }
    for (row, stage) in items(&mut value, "stages").zip(&view.stages) {
        row.insert("enteredAt".to_owned(), json!(stage.entered_at.map(time)));
    }
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// The objects of a list member: their times are written the way the wire has them.
fn items<'a>(
    value: &'a mut Value,
    member: &str,
) -> impl Iterator<Item = &'a mut Map<String, Value>> {
    let rows = value.get_mut(member).and_then(Value::as_array_mut);
    rows.into_iter().flatten().filter_map(Value::as_object_mut)
}
