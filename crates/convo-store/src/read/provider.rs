//! Receipts, tokens and provider events.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::{Cursor, Reader, at, by_keys, page, texts};
use crate::any::MultiBackend;
use crate::error::StoreResult;
use crate::rows::tables::*;
use crate::rows::*;
use crate::sql::{BoundId, BoundMoment};

impl Reader<'_> {
    /// Provider events about mails with these Message-IDs, by their own time.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn email_events_by_rfc_ids(&mut self, ids: &[String]) -> StoreResult<Vec<EmailEventRow>> {
        let found: StoreResult<Vec<EmailEventRow>> = by_keys!(
            self,
            email_events,
            rfc_id,
            EmailEventRow,
            &texts(ids),
            |id| Some(*id)
        );
        let mut found = found?;
        found.sort_by_key(|event| (event.occurred_at, event.id));
        Ok(found)
    }

    /// Provider events of conversations, by their own time.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn email_events_by_conversations(
        &mut self,
        ids: &[Uuid],
    ) -> StoreResult<Vec<EmailEventRow>> {
        let found: StoreResult<Vec<EmailEventRow>> = by_keys!(
            self,
            email_events,
            conversation_id,
            EmailEventRow,
            ids,
            |id| BoundId(*id)
        );
        let mut found = found?;
        found.sort_by_key(|event| (event.occurred_at, event.id));
        Ok(found)
    }

    /// Receipts by id.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn receipts_by_ids(&mut self, ids: &[Uuid]) -> StoreResult<Vec<ReceiptRow>> {
        by_keys!(self, webhook_receipts, id, ReceiptRow, ids, |id| BoundId(
            *id
        ))
    }

    /// Receipts of a lead, oldest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn receipts_by_lead(&mut self, lead: Uuid) -> StoreResult<Vec<ReceiptRow>> {
        let query = webhook_receipts::table
            .filter(webhook_receipts::lead_id.eq(Some(BoundId(lead))))
            .select(ReceiptRow::as_select())
            .order((
                webhook_receipts::received_at.asc(),
                webhook_receipts::id.asc(),
            ));
        at("webhook_receipts", query.load(self.conn))
    }

    /// Receipts that speak of an address, by its keyed digest.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn receipts_by_addresses(&mut self, digests: &[Vec<u8>]) -> StoreResult<Vec<ReceiptRow>> {
        by_keys!(
            self,
            webhook_receipts,
            address_digest,
            ReceiptRow,
            digests,
            Some
        )
    }

    /// The next receipt in the order of ids of which nothing could be read.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn unreadable_receipt_after(&mut self, id: Uuid) -> StoreResult<Option<ReceiptRow>> {
        let query = webhook_receipts::table
            .filter(webhook_receipts::status.eq("dead"))
            .filter(webhook_receipts::kind.eq("unreadable"))
            .filter(webhook_receipts::id.gt(BoundId(id)))
            .select(ReceiptRow::as_select())
            .order(webhook_receipts::id.asc());
        at("webhook_receipts", query.first(self.conn).optional())
    }

    /// Failed receipts whose next attempt is due, the most overdue first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn receipts_due(&mut self, now: DateTime<Utc>, limit: i64) -> StoreResult<Vec<ReceiptRow>> {
        let query = webhook_receipts::table
            .filter(webhook_receipts::next_attempt_at.le(Some(BoundMoment(now))))
            .select(ReceiptRow::as_select())
            .order((
                webhook_receipts::next_attempt_at.asc(),
                webhook_receipts::id.asc(),
            ))
            .limit(limit);
        at("webhook_receipts", query.load(self.conn))
    }

    /// Unmatched receipts that wait for one of the Message-IDs.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn receipts_waiting(&mut self, rfc_ids: &[String]) -> StoreResult<Vec<ReceiptRow>> {
        let found: StoreResult<Vec<ReceiptRow>> = by_keys!(
            self,
            webhook_receipts,
            wait_rfc_id,
            ReceiptRow,
            &texts(rfc_ids),
            |id| Some(*id)
        );
        let mut found = found?;
        found.retain(|receipt| receipt.status == "unmatched");
        found.sort_by_key(|receipt| (receipt.received_at, receipt.id));
        Ok(found)
    }

    /// A page of receipts, newest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn receipts(
        &mut self,
        status: Option<&str>,
        after: Option<Cursor>,
        limit: i64,
    ) -> StoreResult<Vec<ReceiptRow>> {
        let mut query = webhook_receipts::table
            .select(ReceiptRow::as_select())
            .into_boxed::<MultiBackend>();
        if let Some(status) = status {
            query = query.filter(webhook_receipts::status.eq(status));
        }
        let query = page!(query, webhook_receipts, received_at, after, desc);
        at("webhook_receipts", query.limit(limit).load(self.conn))
    }

    /// Used webhook tokens by digest.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn tokens(&mut self, digests: &[Vec<u8>]) -> StoreResult<Vec<WebhookTokenRow>> {
        by_keys!(
            self,
            webhook_tokens,
            token_digest,
            WebhookTokenRow,
            digests,
            |digest| digest
        )
    }

    /// Seen provider events by digest.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn seen_events(&mut self, digests: &[Vec<u8>]) -> StoreResult<Vec<EventDedupeRow>> {
        by_keys!(
            self,
            event_dedupe,
            digest,
            EventDedupeRow,
            digests,
            |digest| digest
        )
    }
}
