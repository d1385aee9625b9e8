//! `POST /api/suppressions/import`: a list from elsewhere is added to ours; it never lifts, and never shortens.

use std::collections::{HashMap, HashSet};

use convo_store::rows::SuppressionRow;
use serde_json::{Value, json};

use super::{reinforce, scope_of};
use crate::batch::Batch;
use crate::command::Answer;
use crate::error::{AppError, Violation};
use crate::message::is_failure;
use crate::records::answer;
use crate::views;
use crate::wire::{ImportedSuppression, SuppressionImport, address_key, cut, time};

/// Rejected rows that are named; the count goes on.
const NAMED: usize = 100;

/// What came of the rows.
#[derive(Default)]
struct Came {
    added: u64,
    existing: u64,
    ignored: u64,
    rejected: u64,
    errors: Vec<Value>,
}

impl Came {
    fn reject(&mut self, line: u64, violations: &[Violation]) {
        self.rejected += 1;
        if self.errors.len() < NAMED {
            self.errors
                .push(json!({"line": line, "violations": violations}));
        }
    }
}

/// What stands already, by address and reason.
#[derive(Default)]
struct Standing {
    known: HashMap<(String, String), SuppressionRow>,
    external_ids: HashSet<String>,
}

impl Batch<'_, '_> {
    /// Takes a whole list in one commit, or only says what would come of it.
    pub(crate) fn import_suppressions(
        &mut self,
        import: &SuppressionImport,
    ) -> Result<Answer, AppError> {
        let mut standing = self.standing(&import.rows)?;
        let mut came = Came::default();
        for (line, row) in &import.rows {
            match row {
                Ok(row) => self.import_suppression(*line, row, import, &mut standing, &mut came)?,
                Err(violations) => came.reject(*line, violations),
            }
        }
        answer(
            200,
            &json!({
                "dryRun": import.dry_run,
                "rows": import.rows.len(),
                "added": came.added,
                "existing": came.existing,
                "ignored": came.ignored,
                "rejected": came.rejected,
                "errors": came.errors,
                "timestamp": time(self.now),
            }),
        )
    }

    fn import_suppression(
        &mut self,
        line: u64,
        row: &ImportedSuppression,
        import: &SuppressionImport,
        standing: &mut Standing,
        came: &mut Came,
    ) -> Result<(), AppError> {
        if let Err(AppError::Invalid(violations)) = row.check(self.clock) {
            came.reject(line, &violations);
            return Ok(());
        }
        let over = row.expires_at.is_some_and(|until| until <= self.clock);
        if row.lifted_at.is_some() || over {
            came.ignored += 1;
            return Ok(());
        }
        let key = address_key(&row.address);
        let reason = row.reason.as_deref().unwrap_or("manual");
        let scope = row.scope.as_deref().unwrap_or(scope_of(reason));
        let until = row.expires_at.map(cut);
        if let Some(known) = standing.known.get_mut(&(key.clone(), reason.to_owned())) {
            came.existing += 1;
            let here = self.suppressed_here.iter();
            if let Some(here) = here.rev().find(|row| row.id == known.id) {
                known.clone_from(here);
            }
            // A mail that came since may have lifted it again.
            if known.lifted_at.is_none() && reinforce(known, scope, until) && !import.dry_run {
                self.keep_suppression(known.clone());
            }
            return Ok(());
        }
        let external = row.external_id.as_ref();
        if external.is_some_and(|id| !standing.external_ids.insert(id.clone())) {
            let taken = Violation::new("externalId", "another suppression has it");
            came.reject(line, &[taken]);
            return Ok(());
        }
        came.added += 1;
        let lead = self.lead_of_address(&key)?;
        let added = SuppressionRow {
            id: self.new_id(),
            address_key: Some(key.clone()),
            address: Some(row.address.trim().to_owned()),
            lead_id: lead,
            reason: reason.to_owned(),
            scope: scope.to_owned(),
            source: row.source.as_deref().unwrap_or("import").to_owned(),
            evidence: row.evidence.clone(),
            keyed_hash: None,
            external_id: row.external_id.clone(),
            at: row.at.map_or(self.now, cut),
            expires_at: until,
            lifted_at: None,
            created_at: self.now,
        };
        let (id, at) = (added.id, added.at);
        let named = (key.clone(), reason.to_owned());
        standing.known.insert(named, added.clone());
        if import.dry_run {
            return Ok(());
        }
        self.keep_suppression(added);
        self.record_changed("suppressed", None, lead, Some(id));
        // The mail that proves the address alive may have come since.
        if let Some(lead) = lead.filter(|_| at < self.now && is_failure(reason))
            && let Some(heard) = self.heard_from(lead, &key)?
        {
            self.heard_alive(&key, heard)?;
        }
        Ok(())
    }

    /// What holds already of the addresses of a list, in a few bulk reads.
    fn standing(&mut self, rows: &[crate::wire::ImportLine]) -> Result<Standing, AppError> {
        let rows: Vec<&ImportedSuppression> = rows
            .iter()
            .filter_map(|(_, row)| row.as_ref().ok())
            .collect();
        let keys: Vec<String> = rows.iter().map(|row| address_key(&row.address)).collect();
        self.want_addresses(&keys)?;
        let digests: HashMap<Vec<u8>, &String> = keys
            .iter()
            .map(|key| (self.context.address_digest(key), key))
            .collect();
        let mut standing = Standing::default();
        let mut known = views::suppressions_of(self.reader, self.context, &keys)?;
        for row in &self.suppressed_here {
            known.retain(|other| other.id != row.id);
            known.push(row.clone());
        }
        for row in known
            .into_iter()
            .filter(|row| views::in_force(row, self.clock))
        {
            let of = |hash: &Vec<u8>| digests.get(hash).map(|key| (*key).clone());
            let key = row.address_key.clone();
            let key = key.or_else(|| row.keyed_hash.as_ref().and_then(of));
            standing
                .known
                .extend(key.map(|key| ((key, row.reason.clone()), row)));
        }
        let externals: Vec<String> = rows
            .iter()
            .filter_map(|row| row.external_id.clone())
            .collect();
        let taken = self.reader.suppressions_by_external_ids(&externals)?;
        let here = self.suppressed_here.iter().cloned();
        let taken = taken.into_iter().chain(here);
        standing
            .external_ids
            .extend(taken.filter_map(|row| row.external_id));
        Ok(standing)
    }
}
