//! The event log, its head, counters and the instance's own keys.

use std::collections::BTreeMap;

use diesel::prelude::*;
use uuid::Uuid;

use super::{Reader, at};
use crate::error::StoreResult;
use crate::rows::tables::*;
use crate::rows::*;

/// The end of the event log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last number taken; 0 when the log is empty.
    pub seq: i64,
    /// Renewed by a restore.
    pub epoch: Uuid,
}

impl Reader<'_> {
    /// The end of the event log.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn head(&mut self) -> StoreResult<Head> {
        let query = log_head::table
            .filter(log_head::id.eq(1_i16))
            .select(LogHeadRow::as_select());
        let row: LogHeadRow = at("log_head", query.first(self.conn))?;
        Ok(Head {
            seq: row.seq,
            epoch: row.epoch,
        })
    }

    /// The rows of the event log after a number, in order.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn log_after(&mut self, seq: i64, limit: i64) -> StoreResult<Vec<LogRow>> {
        let query = event_log::table
            .filter(event_log::seq.gt(seq))
            .select(LogRow::as_select())
            .order(event_log::seq.asc())
            .limit(limit);
        at("event_log", query.load(self.conn))
    }

    /// All counters by name; one that was never counted is missing.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn counters(&mut self) -> StoreResult<BTreeMap<String, i64>> {
        let query = counters::table.select((counters::name, counters::value));
        let rows: Vec<(String, i64)> = at("counters", query.load(self.conn))?;
        Ok(rows.into_iter().collect())
    }

    /// The instance's own keys.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn instance(&mut self) -> StoreResult<InstanceRow> {
        let query = instance::table
            .filter(instance::id.eq(1_i16))
            .select(InstanceRow::as_select());
        at("instance", query.first(self.conn))
    }
}
