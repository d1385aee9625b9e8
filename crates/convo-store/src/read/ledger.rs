//! The event log, its head, counters and the instance's own keys.

use std::collections::BTreeMap;

use diesel::dsl::count_star;
use diesel::prelude::*;
use uuid::Uuid;

use super::{Reader, at};
use crate::error::StoreResult;
use crate::rows::tables::*;
use crate::rows::*;
use crate::sql::BoundId;

/// Which rows of the event log someone wants: those of a kind, of a conversation or of a lead.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// The kinds that are ever wanted.
    pub among: Vec<&'static str>,
    /// Kinds of which every row is wanted.
    pub kinds: Vec<&'static str>,
    /// Conversations whose rows are wanted.
    pub conversations: Vec<Uuid>,
    /// Leads whose rows are wanted.
    pub leads: Vec<Uuid>,
}

/// The rows after one number up to another that a filter lets pass, quiet ones left out.
macro_rules! matching {
    ($after:expr, $upto:expr, $filter:expr) => {{
        let conversations = $filter.conversations.iter().map(|id| Some(BoundId(*id)));
        let leads = $filter.leads.iter().map(|id| Some(BoundId(*id)));
        event_log::table
            .filter(event_log::seq.gt($after))
            .filter(event_log::seq.le($upto))
            .filter(event_log::quiet.eq(false))
            .filter(event_log::kind.eq_any($filter.among.clone()))
            .filter(
                event_log::kind
                    .eq_any($filter.kinds.clone())
                    .or(event_log::conversation_id.eq_any(conversations.collect::<Vec<_>>()))
                    .or(event_log::lead_id.eq_any(leads.collect::<Vec<_>>())),
            )
    }};
}

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

    /// The number of the row of the event log after a number, where its content cannot be read.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn log_number_after(&mut self, seq: i64) -> StoreResult<Option<i64>> {
        let query = event_log::table
            .filter(event_log::seq.gt(seq))
            .select(event_log::seq)
            .order(event_log::seq.asc());
        at("event_log", query.first(self.conn).optional())
    }

    /// How many rows after one number up to another the filter lets pass.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn log_count(&mut self, after: i64, upto: i64, filter: &LogFilter) -> StoreResult<i64> {
        let query = matching!(after, upto, filter).select(count_star());
        at("event_log", query.first(self.conn))
    }

    /// The rows after one number up to another that the filter lets pass, in order.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn log_matching(
        &mut self,
        after: i64,
        upto: i64,
        filter: &LogFilter,
        limit: i64,
    ) -> StoreResult<Vec<LogRow>> {
        let query = matching!(after, upto, filter)
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

    /// Whether nothing is sent and no timer fires, because a restore has to be looked at first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn is_paused(&mut self) -> StoreResult<bool> {
        let query = instance::table
            .filter(instance::paused_since.is_not_null())
            .count();
        let paused: i64 = at("instance", query.get_result(self.conn))?;
        Ok(paused > 0)
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
