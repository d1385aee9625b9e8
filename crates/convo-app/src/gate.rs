//! Whether a lead may be written to now.

use chrono::{DateTime, Utc};
use convo_core::vocabulary::{Author, SuppressionScope};
use convo_store::rows::SuppressionRow;
use serde::Serialize;
use uuid::Uuid;

use crate::batch::Batch;
use crate::error::AppError;
use crate::wire::{address_key, as_maybe_time};

/// What is to be sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    /// Where.
    pub conversation: Uuid,
    /// By whom: ai, agent or system.
    pub author: Author,
    /// The agent who writes.
    pub agent: Option<Uuid>,
}

/// One reason not to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Denial {
    /// Which.
    pub code: &'static str,
    /// In a sentence without personal data.
    pub detail: &'static str,
    /// When it ends by itself.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "as_maybe_time"
    )]
    pub until: Option<DateTime<Utc>>,
}

impl Denial {
    /// A reason that does not end by itself.
    pub(crate) fn new(code: &'static str, detail: &'static str) -> Self {
        Self {
            code,
            detail,
            until: None,
        }
    }
}

impl Batch<'_, '_> {
    /// Why this may not be sent now; nothing: it may.
    pub(crate) fn gate_denies(&mut self, wish: &Wish) -> Result<Vec<Denial>, AppError> {
        let entry = self.conversation(wish.conversation)?;
        let entry = entry.ok_or(AppError::NotFound)?;
        let (lead, open) = (entry.row.lead_id, entry.facts.state.is_open());
        let owns = entry.facts.is_owned() && entry.facts.agent == wish.agent;
        let mut denials = Vec::new();
        if !open {
            denials.push(Denial::new("closed", "the conversation is over"));
        }
        let person = self.lead(lead)?.ok_or(AppError::NotFound)?;
        if person.row.erased_at.is_some() {
            denials.push(Denial::new("erased", "the lead was erased"));
            return Ok(denials);
        }
        let primary = address_key(&person.row.email);
        let heard = self.heard_of(lead)?;
        for row in self.concerning(&primary)? {
            let of_person = row.scope == SuppressionScope::Automation.as_str();
            // Who owns the conversation may answer what the person wrote after it.
            let answered = wish.author == Author::Agent && owns && heard > Some(row.at);
            if of_person && answered {
                continue;
            }
            denials.push(suppressed(&row));
        }
        denials.dedup_by(|a, b| a.code == b.code);
        Ok(denials)
    }

    /// Own time of the newest reply in any conversation of a lead.
    pub(crate) fn heard_of(&mut self, lead: Uuid) -> Result<Option<DateTime<Utc>>, AppError> {
        let mut newest = None;
        for id in self.conversations_of(lead)? {
            let entry = self.conversation(id)?;
            newest = newest.max(entry.and_then(|entry| entry.facts.tally.last_reply_at()));
        }
        Ok(newest)
    }
}

fn suppressed(row: &SuppressionRow) -> Denial {
    let detail = match row.reason.as_str() {
        "opt_out" => "the person wants no such mail",
        "complaint" => "the person complained about our mail",
        "hard_bounce" => "the address does not exist",
        "soft_bounce" => "mail to the address failed too often",
        _ => "the address is on the suppression list",
    };
    Denial {
        until: row.expires_at,
        ..Denial::new("suppressed", detail)
    }
}
