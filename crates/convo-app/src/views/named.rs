//! Names beside ids: what people read, joined when read.

use std::collections::HashMap;

use convo_store::Reader;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::lead_name;
use crate::error::AppError;

/// Adds `leadName`, `leadEmail`, `agentName` and `campaignName` to objects that have `leadId`, `assignedAgentId` or
/// `agentId`, and `campaignId`; one bulk read for each kind.
///
/// # Errors
/// The database's.
pub fn named(reader: &mut Reader<'_>, items: &mut [&mut Value]) -> Result<(), AppError> {
    let of = |members: &[&str]| -> Vec<Uuid> {
        let ids = items
            .iter()
            .flat_map(|item| members.iter().map(|member| &item[*member]));
        let mut ids: Vec<Uuid> = ids.filter_map(id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let (leads, agents, campaigns) = (of(&["leadId"]), of(&AGENT), of(&["campaignId"]));
    let leads = reader.leads_by_ids(&leads)?.into_iter();
    let leads: HashMap<Uuid, (String, String)> = leads
        .filter(|row| row.erased_at.is_none())
        .map(|row| (row.id, (lead_name(&row), row.email)))
        .collect();
    let agents = reader.agents_by_ids(&agents)?.into_iter();
    let agents: HashMap<Uuid, String> = agents.map(|row| (row.id, row.name)).collect();
    let campaigns = reader.campaigns_by_ids(&campaigns)?.into_iter();
    let campaigns: HashMap<Uuid, String> = campaigns.map(|row| (row.id, row.name)).collect();
    for item in items.iter_mut() {
        let lead = id(&item["leadId"]).and_then(|id| leads.get(&id));
        let agent = AGENT.iter().find_map(|member| id(&item[*member]));
        let agent = agent.and_then(|id| agents.get(&id));
        let campaign = id(&item["campaignId"]).and_then(|id| campaigns.get(&id));
        let Value::Object(members) = &mut **item else {
            continue;
        };
        put(members, "leadName", lead.map(|lead| &lead.0));
        put(members, "leadEmail", lead.map(|lead| &lead.1));
        put(members, "agentName", agent);
        put(members, "campaignName", campaign);
    }
    Ok(())
}

/// Adds `conversationSubject` to objects that have `conversationId`; one bulk read.
///
/// # Errors
/// The database's.
pub fn subjects(reader: &mut Reader<'_>, items: &mut [Value]) -> Result<(), AppError> {
    let ids: Vec<Uuid> = items
        .iter()
        .filter_map(|item| id(&item["conversationId"]))
        .collect();
    let rows = reader.conversations_by_ids(&ids)?.into_iter();
    let subjects: HashMap<Uuid, String> = rows.map(|row| (row.id, row.subject)).collect();
    for item in items {
        let subject = id(&item["conversationId"]).and_then(|id| subjects.get(&id));
        if let Value::Object(members) = item {
            put(members, "conversationSubject", subject);
        }
    }
    Ok(())
}

/// Where an agent's id stands.
const AGENT: [&str; 2] = ["assignedAgentId", "agentId"];

fn id(value: &Value) -> Option<Uuid> {
    value.as_str().and_then(|text| text.parse().ok())
}

fn put(members: &mut Map<String, Value>, name: &str, value: Option<&String>) {
    if let Some(value) = value {
        members.insert(name.to_owned(), value.as_str().into());
    }
}
