//! Suppressions: whom we no longer write to, why, and until when.

mod import;

use chrono::{DateTime, Utc};
use convo_store::LeasesOf;
use convo_store::rows::SuppressionRow;
use uuid::Uuid;

use super::{answer, no_content};
use crate::batch::Batch;
use crate::command::Answer;
use crate::error::AppError;
use crate::unsubscribe::ONE_CLICK;
use crate::views;
use crate::wire::{NewSuppression, address_key};

/// The source of what only stands on a provider's own list.
const PROVIDER: &str = "provider";

/// The scope that stops everybody.
const ALL: &str = "all";

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
    /// Suppresses an address. There is one row a reason: the newest fact dates it, the widest scope and the latest end
    /// hold, and what the person did stands before what a provider's list says, in whatever order they come.
    pub(crate) fn suppress(&mut self, new: &Suppressing<'_>) -> Result<SuppressionRow, AppError> {
        Ok(self.suppress_once(new)?.0)
    }

    /// The same, and whether the fact is new.
    pub(crate) fn suppress_once(
        &mut self,
        new: &Suppressing<'_>,
    ) -> Result<(SuppressionRow, bool), AppError> {
        let key = address_key(new.address);
        let standing = self.active_suppressions(&key)?;
        if let Some(mut row) = standing.into_iter().find(|row| row.reason == new.reason) {
            let before = row.clone();
            if (new.at, new.evidence) > (row.at, row.evidence.as_deref()) {
                row.at = new.at;
                row.evidence = new.evidence.map(str::to_owned).or(row.evidence);
            }
            if rank(new.source) > rank(&row.source) {
                row.source = new.source.to_owned();
            }
            // What is known now has no end.
            reinforce(&mut row, new.scope, None);
            if row != before {
                self.keep_suppression(row.clone());
            }
            return Ok((row, false));
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
            expires_at: None,
            lifted_at: None,
            created_at: self.now,
        };
        self.keep_suppression(row.clone());
        self.record_changed("suppressed", None, new.lead, Some(row.id));
        Ok((row, true))
    }

    /// Puts a suppression, so that later commands of the batch find it.
    pub(crate) fn keep_suppression(&mut self, row: SuppressionRow) {
        self.suppressed_here.retain(|other| other.id != row.id);
        self.suppressed_here.push(row.clone());
        if let Some(lead) = row.lead_id.filter(|_| views::in_force(&row, self.clock)) {
            self.end_leases(LeasesOf::LeadOfAll(lead));
        }
        self.put_suppression(row);
    }

    /// Suppressions of an address in force, those of this batch included.
    pub(crate) fn active_suppressions(
        &mut self,
        key: &str,
    ) -> Result<Vec<SuppressionRow>, AppError> {
        let mut rows = views::suppressions_of(self.reader, self.context, &[key.to_owned()])?;
        let digest = Some(self.context.address_digest(key));
        for row in &self.suppressed_here {
            rows.retain(|other| other.id != row.id);
            if row.address_key.as_deref() == Some(key) || row.keyed_hash == digest {
                rows.push(row.clone());
            }
        }
        rows.retain(|row| views::in_force(row, self.clock));
        Ok(rows)
    }

    /// Lifts suppressions of an address for one reason, where a time is given only those older than it.
    pub(crate) fn lift(
        &mut self,
        address: &str,
        reason: &str,
        before: Option<DateTime<Utc>>,
    ) -> Result<bool, AppError> {
        let mut any = false;
        for mut row in self.active_suppressions(&address_key(address))? {
            if row.reason == reason && before.is_none_or(|before| row.at < before) {
                row.lifted_at = Some(self.now);
                self.keep_suppression(row);
                any = true;
            }
        }
        Ok(any)
    }

    /// Suppressions in force that concern mail to an address: its own, and what its owner said on any address.
    pub(crate) fn concerning(&mut self, key: &str) -> Result<Vec<SuppressionRow>, AppError> {
        let mut rows = self.active_suppressions(key)?;
        let Some(lead) = self.lead_of_address(key)? else {
            return Ok(rows);
        };
        let mut addresses = self.aliases_of_lead(lead)?;
        addresses.extend(self.lead(lead)?.map(|entry| entry.row.email.clone()));
        for address in addresses {
            let said = self.active_suppressions(&address_key(&address))?;
            rows.extend(said.into_iter().filter(|row| row.scope == "automation"));
        }
        rows.sort_by_key(|row| row.id);
        rows.dedup_by_key(|row| row.id);
        Ok(rows)
    }

    /// `POST /api/suppressions`.
    pub(crate) fn create_suppression(&mut self, new: &NewSuppression) -> Result<Answer, AppError> {
        new.check()?;
        if new.expires_at.is_some_and(|until| until <= self.clock) {
            return Err(AppError::invalid("expiresAt", "must be in the future"));
        }
        let lead = self.lead_of_address(&new.address)?;
        let reason = new.reason.as_deref().unwrap_or("manual");
        let standing = self.active_suppressions(&address_key(&new.address))?;
        let scope = new.scope.as_deref().unwrap_or(scope_of(reason));
        // A fact that is only told again keeps its time.
        if let Some(mut row) = standing.into_iter().find(|row| row.reason == reason) {
            if reinforce(&mut row, scope, new.expires_at) {
                self.keep_suppression(row.clone());
            }
            let row = self.call_suppression(row, new.external_id.as_ref())?;
            return answer(200, &views::suppression(&row));
        }
        let mut row = self.suppress(&Suppressing {
            address: &new.address,
            lead,
            reason,
            scope,
            source: new.source.as_deref().unwrap_or("api"),
            evidence: new.evidence.as_deref(),
            at: self.now,
        })?;
        if new.expires_at.is_some() {
            row.expires_at = new.expires_at;
            self.keep_suppression(row.clone());
        }
        let row = self.call_suppression(row, new.external_id.as_ref())?;
        answer(201, &views::suppression(&row))
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
        self.keep_suppression(row.clone());
        Ok(row)
    }

    /// `DELETE /api/suppressions`: only the person, or an admin with evidence, lifts an opt-out.
    pub(crate) fn lift_suppression(
        &mut self,
        address: &str,
        evidence: Option<&str>,
    ) -> Result<Answer, AppError> {
        let rows = self.concerning(&address_key(address))?;
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
            if row.reason == "soft_bounce"
                && let Some(key) = &row.address_key
            {
                self.forget_soft_bounces(key)?;
            }
            self.keep_suppression(row);
            self.record_changed("suppression_lifted", None, lead, Some(id));
        }
        Ok(no_content())
    }
}

/// Lets a suppression hold longer and reach further, never shorter and less far; whether that changed it.
fn reinforce(row: &mut SuppressionRow, scope: &str, until: Option<DateTime<Utc>>) -> bool {
    let longer = row
        .expires_at
        .is_some_and(|known| until.is_none_or(|until| until > known));
    if longer {
        row.expires_at = until;
    }
    let wider = scope == ALL && row.scope != ALL;
    if wider {
        ALL.clone_into(&mut row.scope);
    }
    longer || wider
}

/// How far a reason reaches, unless somebody says otherwise.
fn scope_of(reason: &str) -> &'static str {
    if matches!(reason, "opt_out" | "complaint") {
        "automation"
    } else {
        ALL
    }
}

/// Which of two sources of one reason is told, whichever came first: what a provider's list says is the weakest, the
/// person's own click on our link the strongest.
fn rank(source: &str) -> (u8, &str) {
    let place = match source {
        PROVIDER => 0,
        ONE_CLICK => 2,
        _ => 1,
    };
    (place, source)
}
