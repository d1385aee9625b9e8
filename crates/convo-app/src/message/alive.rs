//! Whether an address that failed is alive after all: judged by own times, whichever is stored first.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use convo_core::vocabulary::{Author, Kind};
use uuid::Uuid;

use crate::batch::Batch;
use crate::error::AppError;
use crate::views;
use crate::wire::address_key;

/// Whether a reason speaks of an address, so that a later mail from it disproves it.
pub(crate) fn is_failure(reason: &str) -> bool {
    matches!(reason, "hard_bounce" | "soft_bounce")
}

impl Batch<'_, '_> {
    /// A later human mail from an address lifts its bounces, whoever's mail it was that bounced.
    pub(super) fn alive_again(
        &mut self,
        from: Option<&str>,
        at: DateTime<Utc>,
    ) -> Result<(), AppError> {
        match from {
            Some(from) if self.has_failed(&address_key(from))? => self.heard_alive(from, at),
            _ => Ok(()),
        }
    }

    /// Lifts what a mail of that time disproves.
    pub(crate) fn heard_alive(&mut self, address: &str, at: DateTime<Utc>) -> Result<(), AppError> {
        self.lift(address, "hard_bounce", Some(at))?;
        self.reached(&address_key(address), at)
    }

    /// Whether an address may be suppressed for a failure.
    fn has_failed(&mut self, key: &str) -> Result<bool, AppError> {
        let here = self.suppressed_here.iter();
        let of_key = here.filter(|row| row.address_key.as_deref() == Some(key));
        if of_key
            .filter(|row| row.lifted_at.is_none())
            .any(|row| is_failure(&row.reason))
        {
            return Ok(true);
        }
        self.load_failing(&BTreeSet::from([key.to_owned()]))?;
        Ok(self.failing.get(key).copied().unwrap_or(false))
    }

    /// Looks up in bulk which addresses are suppressed for a failure: hardly any.
    pub(crate) fn load_failing(&mut self, keys: &BTreeSet<String>) -> Result<(), AppError> {
        let missing: Vec<String> = keys
            .iter()
            .filter(|key| !self.failing.contains_key(*key))
            .cloned()
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let found = views::suppressions_of(self.reader, self.context, &missing)?;
        for key in missing {
            let digest = Some(self.context.address_digest(&key));
            let failed = found.iter().any(|row| {
                row.lifted_at.is_none()
                    && is_failure(&row.reason)
                    && (row.address_key.as_ref() == Some(&key) || row.keyed_hash == digest)
            });
            self.failing.insert(key, failed);
        }
        Ok(())
    }

    /// Own time of the newest human mail of a lead from an address, those of this batch included.
    pub(crate) fn heard_from(
        &mut self,
        lead: Uuid,
        address_key: &str,
    ) -> Result<Option<DateTime<Utc>>, AppError> {
        let mut newest = self.reader.heard_from(lead, address_key)?;
        for (row, content) in self.commit.messages.iter().zip(&self.commit.contents) {
            let speaks = row.author == Author::Lead.as_str() && row.kind == Kind::Human.as_str();
            let from = content
                .from_address
                .as_deref()
                .map(crate::wire::address_key);
            if speaks && row.lead_id == lead && from.as_deref() == Some(address_key) {
                newest = newest.max(Some(row.at));
            }
        }
        Ok(newest)
    }
}
