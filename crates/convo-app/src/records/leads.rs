//! Leads.

use convo_core::lead::{Completeness, Lead};
use convo_store::LeasesOf;
use convo_store::rows::{LeadAddressRow, LeadRow};
use serde_json::Value;
use uuid::Uuid;

use super::{answer, further};
use crate::batch::{Batch, LeadEntry, Touched};
use crate::command::Answer;
use crate::error::AppError;
use crate::views;
use crate::wire::{LeadPatch, NewLead, address_key};

impl Batch<'_, '_> {
    /// `POST /api/leads`: 201, or 200 with the lead that has the address already.
    pub(crate) fn create_lead(&mut self, new: &NewLead) -> Result<Answer, AppError> {
        new.check()?;
        let existing = self.existing_lead(new)?;
        let (status, id) = match existing {
            Some(id) => (200, id),
            None => {
                let id = self.add_lead(new)?;
                let mut addresses = new.aliases.clone().unwrap_or_default();
                addresses.push(new.email.clone());
                self.place_parked_from(&addresses)?;
                (201, id)
            }
        };
        self.touched_lead = Some(id);
        let aliases = self.aliases_of_lead(id)?;
        let entry = self.lead(id)?.ok_or(AppError::NotFound)?;
        answer(status, &views::lead(&entry.row, &aliases))
    }

    fn existing_lead(&mut self, new: &NewLead) -> Result<Option<Uuid>, AppError> {
        if let Some(id) = self.lead_of_address(&new.email)? {
            return Ok(Some(id));
        }
        let Some(external) = &new.external_id else {
            return Ok(None);
        };
        if self.lead_of_external_id(external)?.is_none() {
            return Ok(None);
        }
        // The same id with another address may be another person: nobody is shown to the wrong caller.
        Err(AppError::conflict("another lead has this externalId"))
    }

    /// The lead with this external id, or the one that a row of an import with it has joined.
    pub(crate) fn lead_of_external_id(&mut self, external: &str) -> Result<Option<Uuid>, AppError> {
        if let Some(id) = self.made_here(external) {
            return Ok(Some(id));
        }
        let found = self
            .reader
            .leads_by_external_ids(&[external.to_owned()])?
            .pop();
        match found {
            Some(row) => Ok(Some(row.id)),
            None => self.answers_to("lead", external),
        }
    }

    fn made_here(&self, external: &str) -> Option<Uuid> {
        let mut entries = self.leads.values().flatten();
        entries
            .find(|entry| entry.row.external_id.as_deref() == Some(external))
            .map(|entry| entry.row.id)
    }

    /// Makes a lead whose address nobody has; the id is ready to be used in this batch.
    pub(crate) fn add_lead(&mut self, new: &NewLead) -> Result<Uuid, AppError> {
        if let Some(campaign) = new.campaign_id
            && self.campaign(campaign)?.is_none()
        {
            return Err(AppError::invalid("campaignId", "names no campaign"));
        }
        let aliases = further(&new.email, new.aliases.as_deref().unwrap_or_default());
        self.free_for_lead(None, aliases.iter())?;
        let id = self.new_id();
        let text = |value: &Option<String>| value.clone().filter(|text| !text.trim().is_empty());
        let mut row = LeadRow {
            id,
            created_at: self.now,
            email: new.email.trim().to_owned(),
            email_key: address_key(&new.email),
            first_name: text(&new.first_name),
            first_key: None,
            last_name: text(&new.last_name),
            last_key: None,
            phone: text(&new.phone),
            interest: text(&new.interest),
            source: text(&new.source),
            campaign_id: new.campaign_id,
            language: text(&new.language),
            time_zone: text(&new.time_zone),
            attributes: new
                .attributes
                .as_ref()
                .map_or_else(|| "{}".to_owned(), Value::to_string),
            consent: new.consent.as_ref().map(Value::to_string),
            external_id: new.external_id.clone(),
            current_stage: None,
            highest_stage: None,
            completeness: 0,
            facts: String::new(),
            erased_at: None,
            revision: 0,
            updated_at: self.now,
        };
        row.first_key = row.first_name.as_deref().map(str::to_lowercase);
        row.last_key = row.last_name.as_deref().map(str::to_lowercase);
        let facts = Lead::new(id, completeness_of(&row));
        self.put_lead_address(id, &row.email.clone(), true);
        for alias in &aliases {
            self.put_lead_address(id, alias, false);
        }
        self.leads.insert(
            id,
            Some(LeadEntry {
                row,
                facts,
                stored: None,
                touched: Touched::Record,
                before: None,
                source: None,
            }),
        );
        self.of_lead.insert(id, Vec::new());
        self.record_changed("lead_created", None, Some(id), None);
        Ok(id)
    }

    /// `PATCH /api/leads/{id}`.
    pub(crate) fn patch_lead(&mut self, id: Uuid, patch: &LeadPatch) -> Result<Answer, AppError> {
        patch.check()?;
        if let Some(Some(campaign)) = patch.campaign_id
            && self.campaign(campaign)?.is_none()
        {
            return Err(AppError::invalid("campaignId", "names no campaign"));
        }
        let row = self.lead(id)?.ok_or(AppError::NotFound)?.row.clone();
        if row.erased_at.is_some() {
            return Err(AppError::NotFound);
        }
        if let Some(external) = patch.external_id.as_ref().and_then(Option::as_ref) {
            let other = self
                .reader
                .leads_by_external_ids(std::slice::from_ref(external))?
                .pop();
            if other.is_some_and(|other| other.id != id) {
                return Err(AppError::conflict("another lead has this externalId"));
            }
        }
        let old = self.aliases_of_lead(id)?;
        let email = patch
            .email
            .as_ref()
            .map_or_else(|| row.email.clone(), |email| email.trim().to_owned());
        let aliases = further(&email, patch.aliases.as_ref().unwrap_or(&old));
        if patch.email.is_some() || patch.aliases.is_some() {
            self.free_for_lead(Some(id), std::iter::once(&email).chain(&aliases))?;
            for gone in std::iter::once(&row.email).chain(&old) {
                self.addresses.insert(address_key(gone), None);
                self.commit.lead_addresses_removed.push(address_key(gone));
            }
            self.put_lead_address(id, &email, true);
            for alias in &aliases {
                self.put_lead_address(id, alias, false);
            }
        }
        self.wrote();
        let now = self.now;
        let entry = self.lead(id)?.ok_or(AppError::NotFound)?;
        entry.row.email_key = address_key(&email);
        entry.row.email = email;
        merge(&mut entry.row, patch);
        entry.row.updated_at = now;
        entry.facts.completeness = completeness_of(&entry.row);
        entry.touch(Touched::Record);
        let row = entry.row.clone();
        self.touched_lead = Some(id);
        if patch.consent == Some(None) {
            self.end_leases(LeasesOf::Lead(id));
        }
        self.record_changed("lead_changed", None, Some(id), None);
        if patch.email.is_some() || patch.aliases.is_some() {
            let mut addresses = aliases.clone();
            addresses.push(row.email.clone());
            self.place_parked_from(&addresses)?;
        }
        answer(200, &views::lead(&row, &aliases))
    }

    /// The lead's addresses beside the primary one.
    pub(crate) fn aliases_of_lead(&mut self, id: Uuid) -> Result<Vec<String>, AppError> {
        let mut all: Vec<LeadAddressRow> = self.reader.lead_addresses_by_leads(&[id])?;
        all.retain(|row| {
            self.addresses
                .get(&row.address_key)
                .is_none_or(|lead| *lead == Some(id))
        });
        for row in &self.commit.lead_addresses {
            if row.lead_id == id && !all.iter().any(|known| known.address_key == row.address_key) {
                all.push(row.clone());
            }
        }
        Ok(all
            .into_iter()
            .filter(|row| !row.is_primary)
            .map(|row| row.address)
            .collect())
    }

    pub(crate) fn free_for_lead<'a>(
        &mut self,
        own: Option<Uuid>,
        addresses: impl Iterator<Item = &'a String>,
    ) -> Result<(), AppError> {
        for address in addresses {
            if self
                .lead_of_address(address)?
                .is_some_and(|id| Some(id) != own)
            {
                return Err(AppError::conflict(
                    "one of the addresses belongs to another lead",
                ));
            }
        }
        Ok(())
    }

    /// Gives a lead an address in this batch.
    pub(crate) fn put_lead_address(&mut self, lead: Uuid, address: &str, is_primary: bool) {
        let key = address_key(address);
        self.addresses.insert(key.clone(), Some(lead));
        self.commit
            .lead_addresses
            .retain(|row| row.address_key != key);
        self.commit.lead_addresses.push(LeadAddressRow {
            address_key: key,
            lead_id: lead,
            address: address.trim().to_owned(),
            is_primary,
        });
        // What the gate has read of the lead was read by its addresses.
        self.gate.known.remove(&lead);
        self.wrote();
    }
}

fn merge(row: &mut LeadRow, patch: &LeadPatch) {
    let set = |to: &mut Option<String>, value: &Option<Option<String>>| {
        if let Some(value) = value {
            *to = value.clone().filter(|text| !text.trim().is_empty());
        }
    };
    set(&mut row.first_name, &patch.first_name);
    set(&mut row.last_name, &patch.last_name);
    set(&mut row.phone, &patch.phone);
    set(&mut row.interest, &patch.interest);
    set(&mut row.source, &patch.source);
    set(&mut row.language, &patch.language);
    set(&mut row.time_zone, &patch.time_zone);
    set(&mut row.external_id, &patch.external_id);
    row.first_key = row.first_name.as_deref().map(str::to_lowercase);
    row.last_key = row.last_name.as_deref().map(str::to_lowercase);
    row.campaign_id = patch.campaign_id.unwrap_or(row.campaign_id);
    if let Some(attributes) = &patch.attributes {
        row.attributes = attributes
            .as_ref()
            .map_or_else(|| "{}".to_owned(), Value::to_string);
    }
    if let Some(consent) = &patch.consent {
        row.consent = consent.as_ref().map(Value::to_string);
    }
}

/// What the scores count of a lead's record.
pub(crate) fn completeness_of(row: &LeadRow) -> Completeness {
    Completeness {
        email: !row.email.is_empty(),
        phone: row.phone.is_some(),
        name: row.first_name.is_some() || row.last_name.is_some(),
        interest: row.interest.is_some(),
    }
}
