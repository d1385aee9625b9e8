//! What happens once: tokens and events that were seen, and what waits for a message to come.

use std::collections::BTreeSet;

use chrono::Duration;
use convo_store::rows::{EventDedupeRow, ReceiptRow, WebhookTokenRow};
use uuid::Uuid;

use super::Batch;
use crate::error::AppError;

/// What waits in the database for a message.
#[derive(Debug, Clone, Default)]
pub(crate) struct Waiting {
    /// Events that speak of it, oldest first.
    pub receipts: Vec<ReceiptRow>,
    /// Review items of parked mail that answers it.
    pub reviews: Vec<Uuid>,
}

impl Batch<'_, '_> {
    pub(super) fn load_waiting(&mut self, ids: &BTreeSet<String>) -> Result<(), AppError> {
        let missing: Vec<String> = ids
            .iter()
            .filter(|id| !self.waiting.contains_key(*id))
            .cloned()
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let receipts = self.reader.receipts_waiting(&missing)?;
        let parked = self.reader.review_waits(&missing)?;
        for id in missing {
            self.waiting.insert(id, Waiting::default());
        }
        for row in receipts {
            if let Some(id) = &row.wait_rfc_id {
                let of = self.waiting.entry(id.clone()).or_default();
                of.receipts.push(row);
            }
        }
        for wait in parked {
            let of = self.waiting.entry(wait.rfc_id).or_default();
            of.reviews.push(wait.review_id);
        }
        Ok(())
    }

    /// Receipts and parked mail of the database that wait for a message with this id.
    pub fn waiting_for(&mut self, rfc_id: &str) -> Result<&mut Waiting, AppError> {
        self.load_waiting(&BTreeSet::from([rfc_id.to_owned()]))?;
        Ok(self.waiting.entry(rfc_id.to_owned()).or_default())
    }

    /// Notes a Message-ID that was drawn just now: nothing stored can name it.
    pub fn drawn(&mut self, id: &str) {
        self.heads.insert(id.to_owned(), Vec::new());
        self.waiting.insert(id.to_owned(), Waiting::default());
    }

    pub(super) fn load_tokens(&mut self, digests: &BTreeSet<Vec<u8>>) -> Result<(), AppError> {
        let missing: Vec<Vec<u8>> = digests
            .iter()
            .filter(|digest| !self.tokens.contains_key(*digest))
            .cloned()
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let rows = self.reader.tokens(&missing)?;
        self.tokens
            .extend(missing.into_iter().map(|digest| (digest, None)));
        for row in rows {
            self.tokens.insert(row.token_digest.clone(), Some(row));
        }
        Ok(())
    }

    /// The use of a webhook's token, in the database or in this batch.
    pub fn token(&mut self, digest: &[u8]) -> Result<Option<WebhookTokenRow>, AppError> {
        self.load_tokens(&BTreeSet::from([digest.to_vec()]))?;
        Ok(self.tokens.get(digest).cloned().flatten())
    }

    pub(super) fn load_events(&mut self, digests: &BTreeSet<Vec<u8>>) -> Result<(), AppError> {
        let missing: Vec<Vec<u8>> = digests
            .iter()
            .filter(|digest| !self.events.contains_key(*digest))
            .cloned()
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let rows = self.reader.seen_events(&missing)?;
        self.events
            .extend(missing.into_iter().map(|digest| (digest, false)));
        self.events
            .extend(rows.into_iter().map(|row| (row.digest, true)));
        Ok(())
    }

    /// Whether an event comes for the first time; what comes after it is a repeat.
    pub fn first_time(&mut self, digest: Vec<u8>) -> Result<bool, AppError> {
        self.load_events(&BTreeSet::from([digest.clone()]))?;
        if self.events.insert(digest.clone(), true) == Some(true) {
            return Ok(false);
        }
        self.commit.dedupe.push(EventDedupeRow {
            digest,
            expires_at: self.clock + Duration::hours(48),
        });
        self.wrote();
        Ok(true)
    }
}
