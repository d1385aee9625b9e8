//! What is due by itself.

use diesel::prelude::*;
use uuid::Uuid;

use super::{Reader, at, by_keys};
use crate::error::StoreResult;
use crate::rows::TimerRow;
use crate::rows::tables::*;
use crate::sql::BoundId;

impl Reader<'_> {
    /// The timers of these kinds that are due first, whether they are due yet or not.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn timers_first(&mut self, kinds: &[&str], limit: i64) -> StoreResult<Vec<TimerRow>> {
        let query = timers::table
            .filter(timers::kind.eq_any(kinds))
            .select(TimerRow::as_select())
            .order((
                timers::due_at.asc(),
                timers::conversation_id.asc(),
                timers::kind.asc(),
                timers::subject_id.asc(),
            ))
            .limit(limit);
        at("timers", query.load(self.conn))
    }

    /// All timers of conversations.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn timers_by_conversations(&mut self, ids: &[Uuid]) -> StoreResult<Vec<TimerRow>> {
        by_keys!(self, timers, conversation_id, TimerRow, ids, |id| BoundId(
            *id
        ))
    }

    /// At most `limit` timers of these kinds, of all conversations.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn timers_of_kinds(&mut self, kinds: &[&str], limit: i64) -> StoreResult<Vec<TimerRow>> {
        let query = timers::table
            .filter(timers::kind.eq_any(kinds))
            .select(TimerRow::as_select())
            .limit(limit);
        at("timers", query.load(self.conn))
    }

    /// A page by id of the conversations that have timers of these kinds, of all campaigns or of one.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn timed_conversations_after(
        &mut self,
        after: Uuid,
        kinds: &[&str],
        campaign: Option<Uuid>,
        limit: i64,
    ) -> StoreResult<Vec<Uuid>> {
        let all = timers::table
            .filter(timers::conversation_id.gt(BoundId(after)))
            .filter(timers::kind.eq_any(kinds));
        let ids = match campaign {
            None => all
                .select(timers::conversation_id)
                .distinct()
                .order(timers::conversation_id.asc())
                .limit(limit)
                .load(self.conn),
            Some(campaign) => {
                let of = conversations::table
                    .filter(conversations::campaign_id.eq(Some(BoundId(campaign))))
                    .select(conversations::id);
                all.filter(timers::conversation_id.eq_any(of))
                    .select(timers::conversation_id)
                    .distinct()
                    .order(timers::conversation_id.asc())
                    .limit(limit)
                    .load(self.conn)
            }
        };
        at("timers", ids)
    }

    /// A page by id of all conversations.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn conversation_ids_after(&mut self, after: Uuid, limit: i64) -> StoreResult<Vec<Uuid>> {
        let query = conversations::table
            .filter(conversations::id.gt(BoundId(after)))
            .select(conversations::id)
            .order(conversations::id.asc())
            .limit(limit);
        at("conversations", query.load(self.conn))
    }
}
