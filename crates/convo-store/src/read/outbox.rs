//! Mail on its way out, and addresses that failed for now.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::{Cursor, Reader, at, by_keys, page};
use crate::any::MultiBackend;
use crate::error::StoreResult;
use crate::rows::tables::*;
use crate::rows::*;
use crate::sql::{BoundId, BoundMoment};

impl Reader<'_> {
    /// Outgoing mails by id.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn outbox_by_ids(&mut self, ids: &[Uuid]) -> StoreResult<Vec<OutboxRow>> {
        by_keys!(self, outbox, id, OutboxRow, ids, |id| BoundId(*id))
    }

    /// Outgoing mails by the messages they send.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn outbox_by_messages(&mut self, ids: &[Uuid]) -> StoreResult<Vec<OutboxRow>> {
        by_keys!(self, outbox, message_id, OutboxRow, ids, |id| Some(
            BoundId(*id)
        ))
    }

    /// The oldest mails of a status that have this code.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn outbox_with_code(
        &mut self,
        status: &str,
        code: &str,
        limit: i64,
    ) -> StoreResult<Vec<OutboxRow>> {
        let query = outbox::table
            .filter(outbox::status.eq(status))
            .filter(outbox::code.eq(code))
            .select(OutboxRow::as_select())
            .order((outbox::created_at.asc(), outbox::id.asc()))
            .limit(limit);
        at("outbox", query.load(self.conn))
    }

    /// What agents were told, by Message-ID.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn notices_by_rfc_ids(&mut self, ids: &[String]) -> StoreResult<Vec<OutboxRow>> {
        let query = outbox::table
            .filter(outbox::rfc_id.eq_any(ids))
            .filter(outbox::message_id.is_null())
            .select(OutboxRow::as_select());
        at("outbox", query.load(self.conn))
    }

    /// The outgoing mails that are due, the longest due first: queued ones, and leased ones whose lease is over.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn outbox_due(&mut self, now: DateTime<Utc>, limit: i64) -> StoreResult<Vec<OutboxRow>> {
        let query = outbox::table
            .filter(outbox::due_at.le(Some(BoundMoment(now))))
            .select(OutboxRow::as_select())
            .order((outbox::due_at.asc(), outbox::id.asc()))
            .limit(limit);
        at("outbox", query.load(self.conn))
    }

    /// When the next outgoing mail is due; none while there is none.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn outbox_next_due(&mut self) -> StoreResult<Option<DateTime<Utc>>> {
        let query = outbox::table
            .filter(outbox::due_at.is_not_null())
            .select(outbox::due_at)
            .order((outbox::due_at.asc(), outbox::id.asc()));
        let next: Option<Option<DateTime<Utc>>> = at("outbox", query.first(self.conn).optional())?;
        Ok(next.flatten())
    }

    /// A page of outgoing mails, newest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn outbox(
        &mut self,
        status: Option<&str>,
        after: Option<Cursor>,
        limit: i64,
    ) -> StoreResult<Vec<OutboxRow>> {
        let mut query = outbox::table
            .select(OutboxRow::as_select())
            .into_boxed::<MultiBackend>();
        if let Some(status) = status {
            query = query.filter(outbox::status.eq(status));
        }
        let query = page!(query, outbox, created_at, after, desc);
        at("outbox", query.limit(limit).load(self.conn))
    }

    /// Soft failures of addresses, by the keyed digests of those.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn soft_bounces(&mut self, digests: &[Vec<u8>]) -> StoreResult<Vec<SoftBounceRow>> {
        by_keys!(
            self,
            soft_bounces,
            address_digest,
            SoftBounceRow,
            digests,
            |digest| digest
        )
    }
}
