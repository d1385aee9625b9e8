//! Leads of another system: several rows of one person become one lead.

use convo_store::rows::LeadRow;
use serde_json::{Value, json};
use uuid::Uuid;

use super::ImportLead;
use crate::batch::{Batch, Touched};
use crate::command::Answer;
use crate::error::AppError;
use crate::records::{answer, completeness_of};
use crate::wire::{NewLead, cut};

impl Batch<'_, '_> {
    /// A known external id changes nothing; a row with a known address adds to the lead that has it.
    pub(super) fn import_lead(&mut self, row: &ImportLead) -> Result<Answer, AppError> {
        let mut lead = row.lead.clone();
        if let Some(external) = &row.campaign_external_id {
            lead.campaign_id = Some(self.campaign_named(external)?);
        }
        lead.check()?;
        let known = match &lead.external_id {
            Some(external) => self.lead_of_external_id(external)?,
            None => None,
        };
        if let Some(id) = known {
            return answer(200, &json!({"id": id, "outcome": "duplicate"}));
        }
        if let Some(id) = self.lead_of_address(&lead.email)? {
            return self.join_lead(id, &lead);
        }
        let answer = self.create_lead(&lead)?;
        if let (Some(id), Some(made)) = (self.touched_lead, row.created_at)
            && let Some(entry) = self.lead(id)?
        {
            entry.row.created_at = cut(made).min(entry.row.created_at);
        }
        Ok(answer)
    }

    fn join_lead(&mut self, id: Uuid, new: &NewLead) -> Result<Answer, AppError> {
        let aliases = new.aliases.clone().unwrap_or_default();
        self.free_for_lead(Some(id), aliases.iter())?;
        let mut fresh = Vec::new();
        for alias in aliases {
            if self.lead_of_address(&alias)?.is_none() {
                self.put_lead_address(id, &alias, false);
                fresh.push(alias);
            }
        }
        let now = self.now;
        let entry = self.lead(id)?.ok_or(AppError::NotFound)?;
        let before = entry.row.clone();
        fill(&mut entry.row, new);
        let named = entry.row.external_id.clone();
        let changed = entry.row != before || !fresh.is_empty();
        if changed {
            entry.row.updated_at = now;
            entry.facts.completeness = completeness_of(&entry.row);
            entry.touch(Touched::Record);
            self.wrote();
            self.record_changed("lead_changed", None, Some(id), None);
            self.place_parked_from(&fresh)?;
        }
        let joined = new
            .external_id
            .as_ref()
            .filter(|own| named.as_ref() != Some(own));
        if let Some(external) = joined {
            self.answer_to("lead", external, id, id);
        }
        let outcome = if changed || joined.is_some() {
            "stored"
        } else {
            "duplicate"
        };
        answer(200, &json!({"id": id, "outcome": outcome}))
    }
}

/// Fills what is not known yet; what is known stays.
fn fill(row: &mut LeadRow, new: &NewLead) {
    let each = [
        (&mut row.first_name, &new.first_name),
        (&mut row.last_name, &new.last_name),
        (&mut row.phone, &new.phone),
        (&mut row.interest, &new.interest),
        (&mut row.source, &new.source),
        (&mut row.language, &new.language),
        (&mut row.time_zone, &new.time_zone),
        (&mut row.external_id, &new.external_id),
    ];
    for (known, given) in each {
        if known.is_none() {
            *known = given.clone().filter(|text| !text.trim().is_empty());
        }
    }
    row.first_key = row.first_name.as_deref().map(str::to_lowercase);
    row.last_key = row.last_name.as_deref().map(str::to_lowercase);
    row.campaign_id = row.campaign_id.or(new.campaign_id);
    if row.consent.is_none() {
        row.consent = new.consent.as_ref().map(Value::to_string);
    }
    let known = serde_json::from_str(&row.attributes);
    if let (Ok(Value::Object(mut all)), Some(Value::Object(given))) = (known, &new.attributes) {
        for (name, value) in given {
            all.entry(name.clone()).or_insert_with(|| value.clone());
        }
        row.attributes = Value::Object(all).to_string();
    }
}
