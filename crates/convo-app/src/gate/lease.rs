//! Leases: put, found again, and what they claim.

use std::collections::{BTreeSet, HashMap};

use chrono::TimeDelta;
use convo_core::gate::{Mail, Purpose};
use convo_core::vocabulary::Author;
use convo_store::rows::LeaseRow;
use convo_store::{EndedLeases, LeasesOf};
use uuid::Uuid;

use crate::batch::Batch;
use crate::error::AppError;

/// Leases of this batch, and those it has read.
#[derive(Default)]
pub(crate) struct Leases {
    put: HashMap<Uuid, LeaseRow>,
    /// Unused leases of campaigns in the database, with their leads.
    of_campaigns: HashMap<Uuid, Vec<(Uuid, Uuid)>>,
    /// Whose leases of the database a fact of this batch has made void.
    ended: BTreeSet<LeasesOf>,
}

impl Leases {
    /// Those that this batch has given or used.
    pub(super) fn put(&self) -> impl Iterator<Item = &LeaseRow> {
        self.put.values()
    }

    /// Whether a fact of this batch has made leases of the database void: those of a lead, of a campaign, of an
    /// agent or none.
    pub(super) fn is_ended(&self, lead: Uuid, campaign: Option<Uuid>, of_agent: bool) -> bool {
        let of_all = self.ended.contains(&LeasesOf::LeadOfAll(lead));
        let of_campaign = campaign.is_some_and(|id| self.ended.contains(&LeasesOf::Campaign(id)));
        of_all || (!of_agent && (of_campaign || self.ended.contains(&LeasesOf::Lead(lead))))
    }
}

/// Whether the leases of somebody contain one.
fn is_of(of: LeasesOf, row: &LeaseRow) -> bool {
    let of_agent = row.author == Author::Agent.as_str();
    match of {
        LeasesOf::Lead(lead) => row.lead_id == lead && !of_agent,
        LeasesOf::LeadOfAll(lead) => row.lead_id == lead,
        LeasesOf::Campaign(campaign) => row.campaign_id == Some(campaign) && !of_agent,
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
        let mut row = self.reader.leases_by_ids(&[id])?.pop();
        if let Some(row) = &mut row {
            let of_agent = row.author == Author::Agent.as_str();
            let ended = &self.gate.leases;
            if ended.is_ended(row.lead_id, row.campaign_id, of_agent) {
                row.open_until = row.open_until.map(|until| until.min(self.clock));
            }
        }
        Ok(row)
    }

    /// Ends open leases from the fact on that forbids their mail: what undoes the fact does not bring them back. The
    /// mail that one would have answered stays spoken for.
    pub(crate) fn end_leases(&mut self, of: LeasesOf) {
        let open: Vec<LeaseRow> = self
            .gate
            .leases
            .put()
            .filter(|row| is_of(of, row) && row.open_until.is_some_and(|until| until > self.clock))
            .cloned()
            .collect();
        for row in open {
            let open_until = Some(self.clock);
            self.put_lease(LeaseRow { open_until, ..row });
        }
        for known in self.gate.known.values_mut() {
            known.forget_leases(|row| is_of(of, row));
        }
        if self.gate.leases.ended.insert(of) {
            let at = self.clock;
            self.commit.leases_ended.push(EndedLeases { of, at });
            self.wrote();
        }
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
        let stored = stored.filter(|(id, lead)| {
            Some(*id) != own
                && !leases.put.contains_key(id)
                && !leases.is_ended(*lead, Some(campaign), false)
        });
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
