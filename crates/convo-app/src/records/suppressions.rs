//! Suppressions: whom we no longer write to, and why.

use chrono::{DateTime, Utc};
use convo_store::rows::SuppressionRow;
use uuid::Uuid;

use super::{answer, no_content};
use crate::batch::Batch;
use crate::command::Answer;
use crate::error::AppError;
use crate::views;
use crate::wire::{NewSuppression, address_key};

/// A suppression to be.
pub(crate) struct Suppressing<'a> {
    pub address: &'a str,
    pub lead: Option<Uuid>,
    pub reason: &'a str,
    pub scope: &'a str,
    pub source: &'a str,
    pub evidence: Option<&'a str>,
    pub at: DateTime<Utc>,
}

impl Batch<'_, '_> {
    /// Suppresses an address; one that is suppressed for the same reason already stays as it is.
    pub(crate) fn suppress(&mut self, new: &Suppressing<'_>) -> Result<SuppressionRow, AppError> {
        let key = address_key(new.address);
        let standing = self.active_suppressions(&key)?;
        if let Some(row) = standing.into_iter().find(|row| row.reason == new.reason) {
            return Ok(row);
        }
        let row = SuppressionRow {
            id: self.new_id(),
            address_key: Some(key),
            address: Some(new.address.trim().to_owned()),
            lead_id: new.lead,
            reason: new.reason.to_owned(),
            scope: new.scope.to_owned(),
            source: new.source.to_owned(),
            evidence: new.evidence.map(str::to_owned),
            keyed_hash: None,
            external_id: None,
            at: new.at,
            lifted_at: None,
            created_at: self.now,
        };
        self.commit.suppressions.push(row.clone());
        self.suppressed_here.push(row.clone());
        self.record_changed("suppressed", None, new.lead, Some(row.id));
        Ok(row)
    }

    /// Suppressions of an address in force, those of this batch included.
    pub(crate) fn active_suppressions(
        &mut self,
        key: &str,
    ) -> Result<Vec<SuppressionRow>, AppError> {
        let hash = self.context.keyed("address", &[key.as_bytes()]);
        let mut rows = self.reader.suppressions_by_addresses(&[key.to_owned()])?;
        rows.extend(self.reader.suppressions_by_hashes(&[hash])?);
        for row in &self.suppressed_here {
            if row.address_key.as_deref() == Some(key) {
                rows.retain(|other| other.id != row.id);
                rows.push(row.clone());
            }
        }
        rows.retain(|row| row.lifted_at.is_none());
        Ok(rows)
    }

    /// Lifts suppressions of an address for one reason.
    pub(crate) fn lift(&mut self, address: &str, reason: &str) -> Result<bool, AppError> {
        let mut any = false;
        for mut row in self.active_suppressions(&address_key(address))? {
            if row.reason == reason {
                row.lifted_at = Some(self.now);
                self.suppressed_here.retain(|other| other.id != row.id);
                self.suppressed_here.push(row.clone());
                self.put_suppression(row);
                any = true;
            }
        }
        if any {
            self.wrote();
        }
        Ok(any)
    }

    /// `POST /api/suppressions`.
    pub(crate) fn create_suppression(&mut self, new: &NewSuppression) -> Result<Answer, AppError> {
        new.check()?;
        let lead = self.lead_of_address(&new.address)?;
        let reason = new.reason.as_deref().unwrap_or("manual");
        let fitting = if matches!(reason, "opt_out" | "complaint") {
            "automation"
        } else {
            "all"
        };
        let standing = self.active_suppressions(&address_key(&new.address))?;
        let known = standing.iter().any(|row| row.reason == reason);
        let row = self.suppress(&Suppressing {
            address: &new.address,
            lead,
            reason,
            scope: new.scope.as_deref().unwrap_or(fitting),
            source: new.source.as_deref().unwrap_or("api"),
            evidence: new.evidence.as_deref(),
            at: self.now,
        })?;
        let row = self.call_suppression(row, new.external_id.as_ref())?;
        answer(if known { 200 } else { 201 }, &views::suppression(&row))
    }

    /// Gives a suppression that has none the caller's own id.
    fn call_suppression(
        &mut self,
        mut row: SuppressionRow,
        external: Option<&String>,
    ) -> Result<SuppressionRow, AppError> {
        let Some(external) = external.filter(|_| row.external_id.is_none()) else {
            return Ok(row);
        };
        let others = self
            .reader
            .suppressions_by_external_ids(std::slice::from_ref(external))?;
        if !others.is_empty() {
            return Err(AppError::conflict(
                "another suppression has this externalId",
            ));
        }
        row.external_id = Some(external.clone());
        self.suppressed_here.retain(|other| other.id != row.id);
        self.suppressed_here.push(row.clone());
        self.put_suppression(row.clone());
        Ok(row)
    }

    /// `DELETE /api/suppressions`: only the person, or an admin with evidence, lifts an opt-out.
    pub(crate) fn lift_suppression(
        &mut self,
        address: &str,
        evidence: Option<&str>,
    ) -> Result<Answer, AppError> {
        let rows = self.active_suppressions(&address_key(address))?;
        if rows.is_empty() {
            return Err(AppError::NotFound);
        }
        let needs = rows
            .iter()
            .any(|row| matches!(row.reason.as_str(), "opt_out" | "complaint"));
        let evidence = evidence.map(str::trim).filter(|text| !text.is_empty());
        if needs && evidence.is_none() {
            return Err(AppError::invalid(
                "evidence",
                "is needed to lift an opt-out or a complaint",
            ));
        }
        for mut row in rows {
            row.lifted_at = Some(self.now);
            if let Some(evidence) = evidence {
                let before = row.evidence.take().unwrap_or_default();
                row.evidence = Some(format!("{before}\nlifted: {evidence}").trim().to_owned());
            }
            let (lead, id) = (row.lead_id, row.id);
            self.suppressed_here.retain(|other| other.id != id);
            self.suppressed_here.push(row.clone());
            self.put_suppression(row);
            self.record_changed("suppression_lifted", None, lead, Some(id));
        }
        Ok(no_content())
    }
}
