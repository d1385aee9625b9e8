//! Automatic answers.

use chrono::{DateTime, Utc};
use diesel::dsl::count_star;
use diesel::prelude::*;
use uuid::Uuid;

use super::{Reader, at};
use crate::error::StoreResult;
use crate::rows::tables::*;
use crate::rows::*;
use crate::sql::{BoundId, BoundMoment};

impl Reader<'_> {
    /// The automatic answers to a lead since then, newest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn automatic_answers_to(
        &mut self,
        lead: Uuid,
        since: DateTime<Utc>,
        limit: i64,
    ) -> StoreResult<Vec<AutomaticAnswerRow>> {
        let query = automatic_answers::table
            .filter(automatic_answers::lead_id.eq(BoundId(lead)))
            .filter(automatic_answers::at.ge(BoundMoment(since)))
            .select(AutomaticAnswerRow::as_select())
            .order(automatic_answers::at.desc())
            .limit(limit);
        at("automatic_answers", query.load(self.conn))
    }

    /// How many automatic answers there were since then.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn automatic_answers_since(&mut self, since: DateTime<Utc>) -> StoreResult<i64> {
        let query = automatic_answers::table
            .filter(automatic_answers::at.ge(BoundMoment(since)))
            .select(count_star());
        at("automatic_answers", query.first(self.conn))
    }
}
