//! Audit rows of before the chain, or of an older version of the program beside this one, brought into it.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use crate::batch::{Batch, Touched};
use crate::effects::SALT;
use crate::error::AppError;

/// Audit rows chained by one command: short enough that nobody waits behind it.
const PAGE: i64 = 500;

impl Batch<'_, '_> {
    /// Chains a page of audit rows that have no digest yet; true when there may be more.
    ///
    /// # Errors
    /// The database's.
    pub(crate) fn chain_older(&mut self) -> Result<bool, AppError> {
        if !self.commit.unchained.is_empty() {
            return Ok(true);
        }
        let rows = self.reader.unchained_transitions(PAGE)?;
        let ids: BTreeSet<Uuid> = rows.iter().map(|row| row.conversation_id).collect();
        self.load_conversations(&ids)?;
        let leads: BTreeSet<Uuid> = rows.iter().map(|row| row.lead_id).collect();
        self.load_leads(&leads)?;
        let mut chained: HashMap<Uuid, i64> = HashMap::new();
        let mut following = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(entry) = self.conversation(row.conversation_id)? else {
                continue;
            };
            let last = chained
                .entry(row.conversation_id)
                .or_insert(entry.row.audit_version);
            // Behind a gap, which `verify` names, nothing can be chained.
            if row.version.checked_sub(1) == Some(*last) {
                *last = row.version;
                entry.touch(Touched::Facts);
                following.push(row);
            }
        }
        if following.is_empty() {
            return Ok(false);
        }
        let said: Vec<Uuid> = following.iter().filter_map(|row| row.metadata_id).collect();
        for mut row in self.reader.metadata_by_ids(&said)? {
            if row.salt.is_none() && !self.is_emptied(row.lead_id, &row.body)? {
                let mut salt = vec![0; SALT];
                self.context.shell.random(&mut salt);
                row.salt = Some(salt);
            }
            self.commit.salted.push(row);
        }
        self.commit.unchained = following;
        self.wrote();
        Ok(true)
    }

    /// Whether an erase has emptied what was said.
    fn is_emptied(&mut self, lead: Option<Uuid>, body: &str) -> Result<bool, AppError> {
        let Some(lead) = lead.filter(|_| body == "{}") else {
            return Ok(false);
        };
        let entry = self.lead(lead)?;
        Ok(entry.is_none_or(|entry| entry.row.erased_at.is_some()))
    }
}
