//! What people and programs look at: rows and aggregates in the shapes of the wire.
//!
//! Nothing here reads a whole history, except the thread tree and a person's export, which show one.

mod analytics;
mod checklist;
mod context;
mod conversation;
mod dashboard;
mod export;
mod gate;
mod journey;
mod likely;
mod lists;
mod message;
mod more;
mod named;
mod offers;
mod pack;
mod past;
mod queue;
mod records;
mod tree;

pub use analytics::{
    Behind, cohort_item, conversion, delivery, event_item, offer_item, ownership, reply_speed,
    sent_items, wait_item,
};
pub use checklist::checklist;
pub use context::context;
pub use conversation::{conversation, metrics, status, transition_items};
pub use dashboard::overview;
pub use export::export;
pub use gate::reputation;
pub use journey::{conversation_journey, lead_journey};
pub use likely::reviews_with_names;
pub use lists::*;
pub use message::{MessageView, message_list, messages};
pub use more::{
    agents, campaigns, default_policy, drafts, drafts_with_names, events, in_force, leads,
    outgoing_with_names, raw_message, reviews, rules, suppressions_of,
};
pub use named::named;
pub use offers::{lead_name, offers, summary_line};
pub(crate) use pack::handover_gist;
pub use pack::{STYLE, escape, handover_pack, handover_page};
pub use past::status_as_of;
pub use queue::handover_queue;
pub use records::*;
pub use tree::{TreeForm, thread_tree};

use std::sync::Arc;

use convo_core::conversation::Conversation;
use convo_core::lead::Lead;
use convo_store::Reader;
use convo_store::rows::{ConversationRow, LeadRow};
use uuid::Uuid;

use crate::batch::{PolicyInForce, policy_of};
use crate::error::AppError;

/// A conversation as read for a view.
pub struct Seen {
    /// Its row.
    pub row: ConversationRow,
    /// Its aggregate.
    pub facts: Conversation<Uuid>,
    /// Its lead's row.
    pub lead_row: LeadRow,
    /// Its lead's aggregate.
    pub lead: Lead<Uuid>,
    /// The policy in force for it.
    pub(crate) policy: Arc<PolicyInForce>,
}

/// Reads a conversation with its lead and policy.
///
/// # Errors
/// `NotFound`, or the database's.
pub fn see(reader: &mut Reader<'_>, id: Uuid) -> Result<Seen, AppError> {
    let row = reader
        .conversations_by_ids(&[id])?
        .pop()
        .ok_or(AppError::NotFound)?;
    let lead_row = reader
        .leads_by_ids(&[row.lead_id])?
        .pop()
        .ok_or(AppError::NotFound)?;
    let policy = policy_of(reader, row.campaign_id)?;
    Ok(Seen {
        facts: parse(&row.facts)?,
        lead: parse(&lead_row.facts)?,
        policy,
        row,
        lead_row,
    })
}

fn parse<T: serde::de::DeserializeOwned>(facts: &str) -> Result<T, AppError> {
    serde_json::from_str(facts)
        .map_err(|error| AppError::Fault(format!("stored facts are unreadable: {error}")))
}
