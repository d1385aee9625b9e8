//! What checking every stored invariant needs: pages of everything, spans and recounts.

use std::collections::BTreeMap;

use diesel::dsl::{count_star, max, min, sum};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use uuid::Uuid;

use super::{Reader, at};
use crate::any::AnyConn;
use crate::error::StoreResult;
use crate::rows::tables::*;
use crate::rows::*;
use crate::sql::BoundId;

/// The event log's extent. It is contiguous if `first` is 1 and `last`, `count` and the head agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSpan {
    /// The lowest number; none when empty.
    pub first: Option<i64>,
    /// The highest number; none when empty.
    pub last: Option<i64>,
    /// How many rows.
    pub count: i64,
}

/// Counts over whole tables, to compare with the counters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recount {
    /// Conversations by wire name of the state.
    pub conversations_by_state: BTreeMap<String, i64>,
    /// Conversations by wire name of the outcome; those without one are missing.
    pub conversations_by_outcome: BTreeMap<String, i64>,
    /// Conversations that ever were in HANDED_OVER.
    pub ever_handed_over: i64,
    /// Of those, the ones whose present outcome is `won`.
    pub won_after_handover: i64,
    /// Sum of the engagement of open conversations.
    pub open_engagement: i64,
    /// Leads by current stage; those without one are missing.
    pub leads_by_stage: BTreeMap<i16, i64>,
    /// Leads by highest stage; those without one are missing.
    pub leads_by_highest_stage: BTreeMap<i16, i64>,
    /// Messages.
    pub messages: i64,
    /// Open review items.
    pub reviews_open: i64,
}

#[derive(QueryableByName)]
struct Violation {
    #[diesel(sql_type = Text)]
    table: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    rowid: Option<i64>,
}

impl Reader<'_> {
    /// A page of all conversations by id.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn conversations_after(
        &mut self,
        after: Option<Uuid>,
        limit: i64,
    ) -> StoreResult<Vec<ConversationRow>> {
        let query = conversations::table
            .filter(conversations::id.gt(BoundId(after.unwrap_or(Uuid::nil()))))
            .select(ConversationRow::as_select())
            .order(conversations::id.asc())
            .limit(limit);
        at("conversations", query.load(self.conn))
    }

    /// A page of all leads by id.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn leads_after(&mut self, after: Option<Uuid>, limit: i64) -> StoreResult<Vec<LeadRow>> {
        let query = leads::table
            .filter(leads::id.gt(BoundId(after.unwrap_or(Uuid::nil()))))
            .select(LeadRow::as_select())
            .order(leads::id.asc())
            .limit(limit);
        at("leads", query.load(self.conn))
    }

    /// A page of all leases by id.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn leases_after(&mut self, after: Option<Uuid>, limit: i64) -> StoreResult<Vec<LeaseRow>> {
        let query = send_leases::table
            .filter(send_leases::id.gt(BoundId(after.unwrap_or(Uuid::nil()))))
            .select(LeaseRow::as_select())
            .order(send_leases::id.asc())
            .limit(limit);
        at("send_leases", query.load(self.conn))
    }

    /// A page of all drafts by id.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn drafts_after(&mut self, after: Option<Uuid>, limit: i64) -> StoreResult<Vec<DraftRow>> {
        let query = drafts::table
            .filter(drafts::id.gt(BoundId(after.unwrap_or(Uuid::nil()))))
            .select(DraftRow::as_select())
            .order(drafts::id.asc())
            .limit(limit);
        at("drafts", query.load(self.conn))
    }

    /// A page of all outgoing mails by id.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn outbox_after(&mut self, after: Option<Uuid>, limit: i64) -> StoreResult<Vec<OutboxRow>> {
        let query = outbox::table
            .filter(outbox::id.gt(BoundId(after.unwrap_or(Uuid::nil()))))
            .select(OutboxRow::as_select())
            .order(outbox::id.asc())
            .limit(limit);
        at("outbox", query.load(self.conn))
    }

    /// The event log's extent.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn log_span(&mut self) -> StoreResult<LogSpan> {
        let query =
            event_log::table.select((min(event_log::seq), max(event_log::seq), count_star()));
        let (first, last, count) = at("event_log", query.first(self.conn))?;
        Ok(LogSpan { first, last, count })
    }

    /// Counts over whole tables. Its cost grows with them: for checks only.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn recount(&mut self) -> StoreResult<Recount> {
        let by_state = conversations::table
            .group_by(conversations::state)
            .select((conversations::state, count_star()));
        let by_state: Vec<(String, i64)> = at("conversations", by_state.load(self.conn))?;
        let by_outcome = conversations::table
            .filter(conversations::outcome.is_not_null())
            .group_by(conversations::outcome)
            .select((conversations::outcome.assume_not_null(), count_star()));
        let by_outcome: Vec<(String, i64)> = at("conversations", by_outcome.load(self.conn))?;
        let handed = conversations::table.filter(conversations::ever_handed_over.eq(true));
        let won = handed
            .filter(conversations::outcome.eq(Some("won")))
            .count();
        let engaged = conversations::table
            .filter(conversations::state.ne_all(["CLOSED", "ARCHIVED"]))
            .select(sum(conversations::engagement));
        let engaged: Option<i64> = at("conversations", engaged.first(self.conn))?;
        let reviews = review_items::table
            .filter(review_items::status.eq("open"))
            .count();
        Ok(Recount {
            conversations_by_state: by_state.into_iter().collect(),
            conversations_by_outcome: by_outcome.into_iter().collect(),
            ever_handed_over: at("conversations", handed.count().first(self.conn))?,
            won_after_handover: at("conversations", won.first(self.conn))?,
            open_engagement: engaged.unwrap_or(0),
            leads_by_stage: self.leads_by(false)?,
            leads_by_highest_stage: self.leads_by(true)?,
            messages: at("messages", messages::table.count().first(self.conn))?,
            reviews_open: at("review_items", reviews.first(self.conn))?,
        })
    }

    fn leads_by(&mut self, highest: bool) -> StoreResult<BTreeMap<i16, i64>> {
        let rows: Vec<(Option<i16>, i64)> = if highest {
            let query = leads::table
                .group_by(leads::highest_stage)
                .select((leads::highest_stage, count_star()));
            at("leads", query.load(self.conn))?
        } else {
            let query = leads::table
                .group_by(leads::current_stage)
                .select((leads::current_stage, count_star()));
            at("leads", query.load(self.conn))?
        };
        Ok(rows
            .into_iter()
            .filter_map(|(stage, leads)| Some((stage?, leads)))
            .collect())
    }

    /// Rows whose foreign key names nothing, as `table:rowid`. PostgreSQL never has any.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn foreign_key_violations(&mut self) -> StoreResult<Vec<String>> {
        let AnyConn::Sqlite(conn) = &mut *self.conn else {
            return Ok(Vec::new());
        };
        let query = diesel::sql_query("SELECT \"table\", rowid FROM pragma_foreign_key_check");
        let found: Vec<Violation> = at("sqlite_schema", query.load(conn))?;
        Ok(found
            .into_iter()
            .map(|row| format!("{}:{}", row.table, row.rowid.unwrap_or_default()))
            .collect())
    }
}
