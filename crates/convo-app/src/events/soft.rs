//! Soft failures, counted for the address that failed.

use chrono::{DateTime, Utc};
use convo_core::observe::SoftBounces;
use convo_store::rows::SoftBounceRow;
use uuid::Uuid;

use crate::batch::Batch;
use crate::error::AppError;
use crate::wire::is_address;

impl Batch<'_, '_> {
    /// Counts one more soft failure of an address; how many there were before.
    pub(super) fn soft_bounced(
        &mut self,
        key: &str,
        at: DateTime<Utc>,
        message: Option<Uuid>,
    ) -> Result<SoftBounces<Uuid>, AppError> {
        if !is_address(key) {
            return Ok(SoftBounces::default());
        }
        let digest = self.context.address_digest(key);
        let before = match self.soft_bounces_of(&digest)? {
            Some(row) => SoftBounces {
                count: u32::try_from(row.bounces).unwrap_or(0),
                newest: Some((row.newest_at, row.newest_message_id)),
            },
            None => SoftBounces::default(),
        };
        let after = before.and(at, message.as_ref());
        let (newest_at, newest_message_id) = after.newest.unwrap_or((at, message));
        self.put_soft_bounces(SoftBounceRow {
            address_digest: digest,
            bounces: i32::try_from(after.count).unwrap_or(i32::MAX),
            newest_at,
            newest_message_id,
        });
        Ok(before)
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
        self.commit.soft_bounces.push(row);
        self.wrote();
    }
}
