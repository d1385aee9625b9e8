//! Suppressions, stored answers, API keys and the review list.

use chrono::{DateTime, Utc};
use diesel::dsl::count_star;
use diesel::prelude::*;
use uuid::Uuid;

use super::{Cursor, Reader, at, by_keys, page, texts};
use crate::any::MultiBackend;
use crate::commit::Sweep;
use crate::error::StoreResult;
use crate::rows::tables::*;
use crate::rows::*;
use crate::sql::BoundId;
use crate::sweep;

/// What waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenReviews {
    /// How many items.
    pub count: i64,
    /// When the oldest came.
    pub oldest: Option<DateTime<Utc>>,
}

impl Reader<'_> {
    /// Suppressions by address key, lifted ones too.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn suppressions_by_addresses(
        &mut self,
        keys: &[String],
    ) -> StoreResult<Vec<SuppressionRow>> {
        by_keys!(
            self,
            suppressions,
            address_key,
            SuppressionRow,
            &texts(keys),
            |key| Some(*key)
        )
    }

    /// Suppressions by the caller's own ids.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn suppressions_by_external_ids(
        &mut self,
        ids: &[String],
    ) -> StoreResult<Vec<SuppressionRow>> {
        by_keys!(
            self,
            suppressions,
            external_id,
            SuppressionRow,
            &texts(ids),
            |id| Some(*id)
        )
    }

    /// Suppressions by lead, lifted ones too.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn suppressions_by_leads(&mut self, leads: &[Uuid]) -> StoreResult<Vec<SuppressionRow>> {
        by_keys!(self, suppressions, lead_id, SuppressionRow, leads, |id| {
            Some(BoundId(*id))
        })
    }

    /// Suppressions by the keyed hash of the address that an erase keeps.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn suppressions_by_hashes(
        &mut self,
        hashes: &[Vec<u8>],
    ) -> StoreResult<Vec<SuppressionRow>> {
        by_keys!(self, suppressions, keyed_hash, SuppressionRow, hashes, Some)
    }

    /// A page of suppressions, newest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn suppressions(
        &mut self,
        after: Option<Cursor>,
        limit: i64,
    ) -> StoreResult<Vec<SuppressionRow>> {
        let query = suppressions::table
            .select(SuppressionRow::as_select())
            .into_boxed::<MultiBackend>();
        let query = page!(query, suppressions, created_at, after, desc);
        at("suppressions", query.limit(limit).load(self.conn))
    }

    /// Stored answers by digest of the scope.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn answers(&mut self, digests: &[Vec<u8>]) -> StoreResult<Vec<IdempotencyRow>> {
        by_keys!(
            self,
            idempotency_keys,
            scope_digest,
            IdempotencyRow,
            digests,
            |digest| digest
        )
    }

    /// API keys by hash, revoked ones too.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn api_keys_by_hashes(&mut self, hashes: &[Vec<u8>]) -> StoreResult<Vec<ApiKeyRow>> {
        by_keys!(self, api_keys, hash, ApiKeyRow, hashes, |hash| hash)
    }

    /// API keys by id.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn api_keys_by_ids(&mut self, ids: &[Uuid]) -> StoreResult<Vec<ApiKeyRow>> {
        by_keys!(self, api_keys, id, ApiKeyRow, ids, |id| BoundId(*id))
    }

    /// A page of API keys, newest first, revoked ones too.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn api_keys_page(
        &mut self,
        after: Option<Cursor>,
        limit: i64,
    ) -> StoreResult<Vec<ApiKeyRow>> {
        let query = api_keys::table
            .select(ApiKeyRow::as_select())
            .into_boxed::<MultiBackend>();
        let query = page!(query, api_keys, created_at, after, desc);
        at("api_keys", query.limit(limit).load(self.conn))
    }

    /// All API keys, newest first, revoked ones too.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn api_keys(&mut self) -> StoreResult<Vec<ApiKeyRow>> {
        let query = api_keys::table
            .select(ApiKeyRow::as_select())
            .order((api_keys::created_at.desc(), api_keys::id.desc()));
        at("api_keys", query.load(self.conn))
    }

    /// Review items by id.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn reviews_by_ids(&mut self, ids: &[Uuid]) -> StoreResult<Vec<ReviewRow>> {
        by_keys!(self, review_items, id, ReviewRow, ids, |id| BoundId(*id))
    }

    /// What review items wait for, by key; of resolved ones too.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn review_waits(&mut self, keys: &[String]) -> StoreResult<Vec<ReviewWaitRow>> {
        by_keys!(
            self,
            review_waits,
            rfc_id,
            ReviewWaitRow,
            &texts(keys),
            |key| *key
        )
    }

    /// Open review items from one of the senders, oldest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn reviews_from(&mut self, keys: &[String]) -> StoreResult<Vec<ReviewRow>> {
        let found: StoreResult<Vec<ReviewRow>> = by_keys!(
            self,
            review_items,
            from_key,
            ReviewRow,
            &texts(keys),
            |key| Some(*key)
        );
        Ok(open(found?))
    }

    /// Open review items about one of the leads, oldest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn reviews_by_leads(&mut self, leads: &[Uuid]) -> StoreResult<Vec<ReviewRow>> {
        let found: StoreResult<Vec<ReviewRow>> =
            by_keys!(self, review_items, lead_id, ReviewRow, leads, |id| Some(
                BoundId(*id)
            ));
        Ok(open(found?))
    }

    /// A page of open review items, oldest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn reviews(&mut self, after: Option<Cursor>, limit: i64) -> StoreResult<Vec<ReviewRow>> {
        let query = review_items::table
            .filter(review_items::status.eq("open"))
            .select(ReviewRow::as_select())
            .into_boxed::<MultiBackend>();
        let query = page!(query, review_items, created_at, after, asc);
        at("review_items", query.limit(limit).load(self.conn))
    }

    /// How many review items are open, and since when.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn open_reviews(&mut self) -> StoreResult<OpenReviews> {
        let open = review_items::table.filter(review_items::status.eq("open"));
        let count = at("review_items", open.select(count_star()).first(self.conn))?;
        let oldest = open
            .select(review_items::created_at)
            .order(review_items::created_at.asc());
        let oldest = at("review_items", oldest.first(self.conn).optional())?;
        Ok(OpenReviews { count, oldest })
    }

    /// Whether a retention sweep would find something.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn sweep_pending(&mut self, sweep: &Sweep) -> StoreResult<bool> {
        sweep::pending(self.conn, sweep)
    }
}

fn open(mut items: Vec<ReviewRow>) -> Vec<ReviewRow> {
    items.retain(|item| item.status == "open");
    items.sort_by_key(|item| (item.created_at, item.id));
    items
}
