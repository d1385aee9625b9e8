//! Imports: mail read from files, and rows of CSV or JSON Lines, through the same path as live
//! traffic, silent and repeatable.

mod conversations;
mod leads;
mod mail;
mod messages;
mod rows;

pub use conversations::IMPORTED;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::wire::{NewAgent, NewCampaign, NewLead, NewSuppression, moment};

/// One row of an import file.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ImportRow {
    /// An agent; a known address or external id changes nothing.
    Agent(NewAgent),
    /// A campaign.
    Campaign(NewCampaign),
    /// A lead.
    Lead(ImportLead),
    /// A conversation, possibly with the state it has elsewhere.
    Conversation(ImportConversation),
    /// A message of a conversation of the same import or an earlier one.
    Message(ImportMessage),
    /// A suppression; an import never lifts one.
    Suppression(NewSuppression),
}

/// A lead with its campaign named by either id.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportLead {
    /// The lead.
    #[serde(flatten)]
    pub lead: NewLead,
    /// The campaign's external id, where its own is not known.
    pub campaign_external_id: Option<String>,
    /// When the lead was made.
    #[serde(default, deserialize_with = "moment")]
    pub created_at: Option<DateTime<Utc>>,
}

/// A conversation of another system.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportConversation {
    /// Its id there.
    pub external_id: String,
    /// Its lead: our id, the external id, or the address.
    pub lead: Option<String>,
    /// The lead's external id.
    pub lead_external_id: Option<String>,
    /// The lead's address.
    pub lead_email: Option<String>,
    /// The campaign's external id.
    pub campaign_external_id: Option<String>,
    /// Subject.
    #[serde(default)]
    pub subject: String,
    /// The state it has there: becomes one audited `IMPORTED` step.
    pub state: Option<String>,
    /// How it ended there.
    pub outcome: Option<String>,
    /// The owner's external id or address.
    pub agent: Option<String>,
    /// When it was made.
    #[serde(default, deserialize_with = "moment")]
    pub created_at: Option<DateTime<Utc>>,
    /// When it last changed: the time of the `IMPORTED` step.
    #[serde(default, deserialize_with = "moment")]
    pub updated_at: Option<DateTime<Utc>>,
}

/// A message of another system.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportMessage {
    /// Its id there.
    pub external_id: String,
    /// The conversation's external id.
    pub conversation_external_id: String,
    /// The lead's or agent's id, external id or address; absent for the side `isFromAI` names.
    pub sender_id: Option<String>,
    /// inbound or outbound; absent follows from the sender.
    pub direction: Option<String>,
    /// The text.
    pub content: String,
    /// Where it was said; default email.
    pub message_type: Option<String>,
    /// 1 when an AI wrote it.
    #[serde(rename = "isFromAI", default)]
    pub is_from_ai: u8,
    /// Header fields.
    pub email_headers: Option<std::collections::BTreeMap<String, Value>>,
    /// Its own time.
    #[serde(default, deserialize_with = "moment")]
    pub sent_at: Option<DateTime<Utc>>,
}
