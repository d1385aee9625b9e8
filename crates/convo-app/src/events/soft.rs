//! Soft failures, counted for the address that failed.

use chrono::{DateTime, Utc};
use convo_core::lead::LeadFactKind;
use convo_core::observe::SoftBounces;
use convo_store::rows::SoftBounceRow;
use uuid::Uuid;

use super::Happening;
use crate::batch::Batch;
use crate::error::AppError;
use crate::wire::{address_key, is_address};

/// A soft failure.
pub(super) struct Soft<'a> {
    pub at: DateTime<Utc>,
    pub message: Option<Uuid>,
    /// Message-ID of the mail that failed.
    pub rfc_id: Option<&'a str>,
    /// When mail of the conversation was last delivered to the address.
    pub delivered: Option<DateTime<Utc>>,
}

impl Batch<'_, '_> {
    /// Takes a soft failure of an address; all of it that count. A mail counts once, however often it is tried, and
    /// what is older than a delivery does not count at all.
    pub(super) fn soft_bounced(
        &mut self,
        key: &str,
        soft: &Soft<'_>,
    ) -> Result<SoftBounces<Uuid>, AppError> {
        let (at, message) = (soft.at, soft.message);
        if !is_address(key) {
            return Ok(SoftBounces::default().and(at, message.as_ref()));
        }
        let digest = self.context.address_digest(key);
        let row = self.soft_bounces_of(&digest)?;
        let before = match &row {
            Some(row) => SoftBounces {
                count: u32::try_from(row.bounces).unwrap_or(0),
                newest: Some((row.newest_at, row.newest_message_id)),
            },
            None => SoftBounces::default(),
        };
        let forgotten = row.filter(|row| row.bounces == 0).map(|row| row.newest_at);
        if forgotten
            .max(soft.delivered)
            .is_some_and(|until| until >= at)
        {
            return Ok(before);
        }
        let again = match soft.rfc_id {
            Some(id) => {
                let tried = self.context.keyed("soft", &[&digest, id.as_bytes()]);
                !self.first_time(tried)?
            }
            None => false,
        };
        if again && before.count == 0 {
            return Ok(before);
        }
        let count = before.count;
        let mut after = before.and(at, message.as_ref());
        if again {
            after.count = count;
        }
        let (newest_at, newest_message_id) = after.newest.unwrap_or((at, message));
        self.put_soft_bounces(SoftBounceRow {
            address_digest: digest,
            bounces: i32::try_from(after.count).unwrap_or(i32::MAX),
            newest_at,
            newest_message_id,
        });
        Ok(after)
    }

    /// Mail was delivered to an address, or came from it: older soft failures are over.
    pub(crate) fn reached(&mut self, key: &str, at: DateTime<Utc>) -> Result<(), AppError> {
        let digest = self.context.address_digest(key);
        let row = self.soft_bounces_of(&digest)?;
        if let Some(row) = row.filter(|row| row.bounces > 0 && row.newest_at < at) {
            self.put_soft_bounces(SoftBounceRow {
                bounces: 0,
                newest_at: at,
                ..row
            });
        }
        self.lift(key, "soft_bounce", Some(at)).map(|_| ())
    }

    /// A delivery ends the soft failures of its address; only leads with one are looked at.
    pub(super) fn delivered_after_all(
        &mut self,
        lead: Uuid,
        what: &Happening<'_>,
    ) -> Result<(), AppError> {
        let Some(entry) = self.lead(lead)? else {
            return Ok(());
        };
        let failed = entry.facts.facts.contains_key(&LeadFactKind::SoftBounce);
        if !failed || entry.row.erased_at.is_some() {
            return Ok(());
        }
        let key = match what.recipient {
            Some(recipient) => address_key(recipient),
            None => entry.row.email_key.clone(),
        };
        self.reached(&key, what.at)
    }

    /// Whoever lifts a suppression for soft failures lets the address begin anew.
    pub(crate) fn forget_soft_bounces(&mut self, key: &str) -> Result<(), AppError> {
        let digest = self.context.address_digest(key);
        if let Some(row) = self.soft_bounces_of(&digest)? {
            self.put_soft_bounces(SoftBounceRow { bounces: 0, ..row });
        }
        Ok(())
    }

    fn soft_bounces_of(&mut self, digest: &[u8]) -> Result<Option<SoftBounceRow>, AppError> {
        if let Some(known) = self.soft_bounces.get(digest) {
            return Ok(known.clone());
        }
        let found = self.reader.soft_bounces(&[digest.to_vec()])?.pop();
        self.soft_bounces.insert(digest.to_vec(), found.clone());
        Ok(found)
    }

    fn put_soft_bounces(&mut self, row: SoftBounceRow) {
        let digest = row.address_digest.clone();
        self.soft_bounces.insert(digest, Some(row.clone()));
        let known = &mut self.commit.soft_bounces;
        known.retain(|other| other.address_digest != row.address_digest);
        self.commit.soft_bounces.push(row);
        self.wrote();
    }
}
