//! Leases: put, found again, and what they claim.

use std::collections::HashMap;

use chrono::TimeDelta;
use convo_core::gate::{Mail, Purpose};
use convo_store::rows::LeaseRow;
use uuid::Uuid;

use crate::batch::Batch;
use crate::error::AppError;

/// Leases of this batch, and those it has read.
#[derive(Default)]
pub(crate) struct Leases {
    put: HashMap<Uuid, LeaseRow>,
    /// Unused leases of campaigns in the database.
    of_campaigns: HashMap<Uuid, Vec<Uuid>>,
}

impl Leases {
    /// Those that this batch has given or used.
    pub(super) fn put(&self) -> impl Iterator<Item = &LeaseRow> {
        self.put.values()
    }
}

/// A mail of automation that nobody asked for.
pub(super) fn is_unasked(row: &LeaseRow) -> bool {
    row.author != "agent" && row.purpose != Purpose::Reply.as_str()
}

impl Batch<'_, '_> {
    /// A lease as this batch leaves it.
    pub(super) fn lease(&mut self, id: Uuid) -> Result<Option<LeaseRow>, AppError> {
        if let Some(row) = self.gate.leases.put.get(&id) {
            return Ok(Some(row.clone()));
        }
        Ok(self.reader.leases_by_ids(&[id])?.pop())
    }

    /// The lease that a stored message was sent with.
    pub(crate) fn lease_of_message(&mut self, message: Uuid) -> Result<Option<LeaseRow>, AppError> {
        let mut here = self.gate.leases.put();
        if let Some(row) = here.find(|row| row.message_id == Some(message)) {
            return Ok(Some(row.clone()));
        }
        Ok(self.reader.leases_by_messages(&[message])?.pop())
    }

    /// Puts a lease once, so that later commands of the batch find it.
    pub(super) fn put_lease(&mut self, row: LeaseRow) {
        self.commit.leases.retain(|other| other.id != row.id);
        self.commit.leases.push(row.clone());
        self.gate.leases.put.insert(row.id, row);
        self.wrote();
    }

    /// Whether automation has, or had, leave to answer a message: one for each of a lead, ever.
    pub(super) fn is_claimed(
        &mut self,
        lead: Uuid,
        rfc_id: &str,
        own: Option<Uuid>,
    ) -> Result<bool, AppError> {
        let claims = |row: &LeaseRow| {
            row.lead_id == lead && row.claim.as_deref() == Some(rfc_id) && Some(row.id) != own
        };
        if self.gate.leases.put().any(claims) {
            return Ok(true);
        }
        let stored = self.reader.leases_by_claims(&[rfc_id.to_owned()])?;
        Ok(stored.iter().any(claims))
    }

    /// How many unasked mails of a campaign may be under way, one's own left out.
    pub(super) fn under_way(
        &mut self,
        campaign: Uuid,
        own: Option<Uuid>,
    ) -> Result<usize, AppError> {
        if !self.gate.leases.of_campaigns.contains_key(&campaign) {
            let open = self.reader.open_leases_of_campaign(campaign, self.clock)?;
            self.gate.leases.of_campaigns.insert(campaign, open);
        }
        let leases = &self.gate.leases;
        let stored = leases.of_campaigns.get(&campaign);
        let stored = stored.into_iter().flatten();
        let stored = stored.filter(|id| Some(**id) != own && !leases.put.contains_key(*id));
        let here = leases.put().filter(|row| {
            row.campaign_id == Some(campaign)
                && is_unasked(row)
                && row.open_until.is_some_and(|until| until > self.clock)
                && Some(row.id) != own
        });
        Ok(stored.count() + here.count())
    }

    /// A lease for a mail, not put yet.
    pub(super) fn new_lease(
        &mut self,
        conversation: Uuid,
        mail: &Mail<Uuid>,
        claim: Option<String>,
        seconds: u32,
    ) -> Result<LeaseRow, AppError> {
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let (lead_id, campaign_id) = (entry.row.lead_id, entry.row.campaign_id);
        let rfc_id = self.outgoing_id()?;
        self.drawn(rfc_id.as_str());
        let expires_at = self.clock + TimeDelta::seconds(i64::from(seconds));
        Ok(LeaseRow {
            id: self.new_id(),
            created_at: self.clock,
            conversation_id: conversation,
            lead_id,
            campaign_id,
            author: mail.author.as_str().to_owned(),
            agent_id: mail.agent,
            purpose: mail.purpose.as_str().to_owned(),
            answers_id: mail.answers.as_ref().map(|answered| answered.id),
            claim: claim.filter(|_| mail.is_automation()),
            rfc_id: rfc_id.as_str().to_owned(),
            actor: self.actor.text(),
            expires_at,
            open_until: Some(expires_at),
            used_at: None,
            message_id: None,
        })
    }
}
