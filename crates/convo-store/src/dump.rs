//! All rows out of one state of the database, and into an empty one: what a backup is made of.
//!
//! A row is one line of JSON, the same for both databases, so that a backup of one can be restored into the other.
//! Rows come as the database streams them and go in a chunk at a time: memory does not grow with the tables.

use chrono::{DateTime, Utc};
use diesel::connection::{DefaultLoadingMode, SimpleConnection};
use diesel::pg::PgRowByRowLoadingMode;
use diesel::prelude::*;
use diesel::sql_types::Integer;
use serde_json::Value;
use uuid::Uuid;

use crate::any::AnyConn;
use crate::error::{StoreError, StoreResult};
use crate::migrate;
use crate::open::Role;
use crate::read::{Head, Reader};
use crate::record::Record;
use crate::rows::tables::*;
use crate::rows::*;
use crate::sql::{BoundId, BoundMoment};
use crate::store::Store;
use crate::transaction::{begin_batch, begin_snapshot, commit, rollback};

/// Of which state of the database rows were given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dumped {
    /// The end of its event log.
    pub head: Head,
    /// The migrations that had run.
    pub migrations: Vec<String>,
}

/// How rows come back.
#[derive(Debug, Clone, Copy)]
pub struct Restoring<'a> {
    /// The event log's new epoch.
    pub epoch: Uuid,
    /// Since when everything is paused: the present.
    pub at: DateTime<Utc>,
    /// Statuses of outgoing mails that are not taken back.
    pub dropped: &'a [&'a str],
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The end of the event log, in its new epoch.
    pub head: Head,
    /// Outgoing mails that were not taken back.
    pub dropped: Vec<Uuid>,
}

/// Hands every table to a macro, those that others refer to first: its row, its name, and how rows are put in.
macro_rules! tables {
    ($each:ident $($with:tt)*) => {
        $each! { $($with)*
            CampaignRow campaigns insert_all; PolicyRow policies insert_all; LeadRow leads insert_all;
            LeadAddressRow lead_addresses insert_all; AgentRow agents insert_all;
            AgentAddressRow agent_addresses insert_all; ConversationRow conversations insert_all;
            OfferRow handover_offers upsert_all; AgentTurnRow agent_turns upsert_all;
            ExternalIdRow external_ids insert_all; ThreadRow message_threads upsert_all;
            MessageRow messages insert_all; ContentRow message_contents insert_all;
            AliasRow message_aliases upsert_all; PlaceholderRow thread_placeholders upsert_all;
            AttachmentRow attachments insert_all; MetadataRow conversation_metadata insert_all;
            TransitionRow conversation_state_transitions insert_all;
            JourneyEventRow lead_journey_events insert_all; EmailEventRow email_events upsert_all;
            ReceiptRow webhook_receipts insert_all; WebhookTokenRow webhook_tokens insert_all;
            EventDedupeRow event_dedupe insert_all; SuppressionRow suppressions upsert_all;
            IdempotencyRow idempotency_keys insert_all; ApiKeyRow api_keys upsert_all;
            ReviewRow review_items upsert_all; ReviewWaitRow review_waits insert_all;
            OutboxRow outbox upsert_all; SoftBounceRow soft_bounces upsert_all;
            AutomaticAnswerRow automatic_answers insert_all; TimerRow timers upsert_all;
            LeaseRow send_leases upsert_all; DraftRow drafts upsert_all; WaitRow waits upsert_all;
            CohortRow cohorts upsert_all; CountRow analytics_counts insert_all;
            ReputationRow reputation insert_all; CounterRow counters insert_all;
            InstanceRow instance insert_all; LogRow event_log insert_all; LogHeadRow log_head insert_all;
        }
    };
}

macro_rules! names {
    ($($row:ident $table:ident $put:ident;)+) => {
        [$($row::TABLE),+]
    };
}

/// Tables that a new database has a row in.
const BORN: [&str; 2] = [InstanceRow::TABLE, LogHeadRow::TABLE];

impl Store {
    /// The tables, in the order their rows are given out and taken back.
    #[must_use]
    pub fn tables() -> &'static [&'static str] {
        &tables!(names)
    }

    /// Gives out every row of one state of the database as a line of JSON, while others go on writing: each table
    /// begins with none.
    ///
    /// # Errors
    /// That of `each`, or a [`StoreError`].
    pub fn dump<E: From<StoreError>>(
        &self,
        mut each: impl FnMut(&'static str, Option<&str>) -> Result<(), E>,
    ) -> Result<Dumped, E> {
        let mut conn = self.connect(Role::Read)?;
        take_time(&mut conn)?;
        begin_snapshot(&mut conn)?;
        let dumped = Dumped {
            head: Reader { conn: &mut conn }.head()?,
            migrations: migrate::ran(&mut conn)?,
        };
        macro_rules! give {
            ($($row:ident $table:ident $put:ident;)+) => {$(
                each($row::TABLE, None)?;
                let mut one = |row: QueryResult<$row>| -> Result<(), E> {
                    let row = row.map_err(|error| StoreError::at($row::TABLE, error))?;
                    each($row::TABLE, Some(&row.to_json().to_string()))
                };
                // Which database it is for is fixed where the selection is made.
                match &mut conn {
                    AnyConn::Sqlite(conn) => $table::table
                        .select($row::as_select())
                        .load_iter::<$row, DefaultLoadingMode>(conn)
                        .map_err(|error| StoreError::at($row::TABLE, error))?
                        .try_for_each(&mut one)?,
                    AnyConn::Pg(conn) => $table::table
                        .select($row::as_select())
                        .load_iter::<$row, PgRowByRowLoadingMode>(conn)
                        .map_err(|error| StoreError::at($row::TABLE, error))?
                        .try_for_each(&mut one)?,
                }
            )+};
        }
        tables!(give);
        rollback(&mut conn)?;
        Ok(dumped)
    }

    /// Takes rows into an empty database, all of them or none: paused, in a new epoch, without the outgoing mails
    /// that are to be dropped. `next` gives the next lines of a table, and nothing at its end.
    ///
    /// # Errors
    /// That of `next`; [`StoreError::Config`] when the database holds anything; another [`StoreError`].
    pub fn restore<E: From<StoreError>>(
        &self,
        with: &Restoring<'_>,
        next: impl FnMut(&'static str) -> Result<Vec<String>, E>,
    ) -> Result<Restored, E> {
        let mut conn = self.connect(Role::Write)?;
        begin_batch(&mut conn)?;
        let restored = take_in(&mut conn, with, next);
        match restored {
            Ok(restored) => {
                commit(&mut conn)?;
                Ok(restored)
            }
            Err(error) => {
                // Closing the connection undoes it as well.
                let _ = rollback(&mut conn);
                Err(error)
            }
        }
    }

    /// Whether the database holds nothing yet; the first table that does hold something is the error.
    ///
    /// # Errors
    /// [`StoreError::Config`] when it holds anything; another [`StoreError`].
    pub fn must_be_empty(&self) -> StoreResult<()> {
        must_be_empty(&mut self.connect(Role::Read)?)
    }

    /// The migrations that have run.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn migrations(&self) -> StoreResult<Vec<String>> {
        migrate::ran(&mut self.connect(Role::Read)?)
    }
}

fn take_in<E: From<StoreError>>(
    conn: &mut AnyConn,
    with: &Restoring<'_>,
    mut next: impl FnMut(&'static str) -> Result<Vec<String>, E>,
) -> Result<Restored, E> {
    must_be_empty(conn)?;
    done("instance", diesel::delete(instance::table).execute(conn))?;
    done("log_head", diesel::delete(log_head::table).execute(conn))?;
    macro_rules! take {
        ($($row:ident $table:ident $put:ident;)+) => {$(
            loop {
                let lines = next($row::TABLE)?;
                if lines.is_empty() {
                    break;
                }
                let rows = lines.iter().map(|line| row::<$row>(line));
                let rows: Vec<$row> = rows.collect::<StoreResult<_>>()?;
                $row::$put(conn, &rows).map_err(|error| StoreError::at($row::TABLE, error))?;
            }
        )+};
    }
    tables!(take);
    let paused = instance::paused_since.eq(Some(BoundMoment(with.at)));
    let paused = diesel::update(instance::table).set(paused).execute(conn);
    done("instance", paused)?;
    // Being paused forbids what leases allowed, and a fact that forbids ends them.
    let open = send_leases::table.filter(send_leases::open_until.gt(Some(BoundMoment(with.at))));
    let ended = send_leases::open_until.eq(Some(BoundMoment(with.at)));
    let ended = diesel::update(open).set(ended).execute(conn);
    done("send_leases", ended)?;
    let renewed = log_head::epoch.eq(BoundId(with.epoch));
    let renewed = diesel::update(log_head::table).set(renewed).execute(conn);
    done("log_head", renewed)?;
    let of = outbox::status.eq_any(with.dropped.to_vec());
    let dropped = outbox::table.filter(of).select(outbox::id).load(conn);
    let dropped: Vec<Uuid> = dropped.map_err(|error| StoreError::at("outbox", error))?;
    let of = outbox::status.eq_any(with.dropped.to_vec());
    let gone = diesel::delete(outbox::table.filter(of)).execute(conn);
    done("outbox", gone)?;
    let head = Reader { conn }.head()?;
    Ok(Restored { head, dropped })
}

/// A row out of its line.
fn row<T: Record>(line: &str) -> StoreResult<T> {
    let wrong = |reason: String| StoreError::Fault {
        table: T::TABLE,
        reason,
    };
    match serde_json::from_str(line) {
        Ok(Value::Object(mut members)) => T::from_json(&mut members)
            .map_err(|column| wrong(format!("column {column} of a row cannot be read"))),
        _ => Err(wrong("a row is no object".to_owned())),
    }
}

fn must_be_empty(conn: &mut AnyConn) -> StoreResult<()> {
    macro_rules! look {
        ($($row:ident $table:ident $put:ident;)+) => {$(
            let one = $table::table.select(diesel::dsl::sql::<Integer>("1")).limit(1);
            let found: Vec<i32> = one
                .load(conn)
                .map_err(|error| StoreError::at($row::TABLE, error))?;
            if !found.is_empty() && !BORN.contains(&$row::TABLE) {
                return Err(StoreError::Config(format!(
                    "the database is not empty: {} holds rows",
                    $row::TABLE
                )));
            }
        )+};
    }
    tables!(look);
    Ok(())
}

/// A table is as long as it is: no limit on one statement.
fn take_time(conn: &mut AnyConn) -> StoreResult<()> {
    let AnyConn::Pg(conn) = conn else {
        return Ok(());
    };
    let limits = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0";
    conn.batch_execute(limits)
        .map_err(|error| StoreError::at("pg_settings", error))
}

fn done(table: &'static str, result: QueryResult<usize>) -> StoreResult<()> {
    result
        .map(drop)
        .map_err(|error| StoreError::at(table, error))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::search;

    #[test]
    fn every_table_is_given_out() {
        let all: BTreeSet<&str> = search::columns().map(|(table, _)| table).collect();
        let given: BTreeSet<&str> = Store::tables().iter().copied().collect();
        assert_eq!(given, all);
        assert_eq!(given.len(), Store::tables().len(), "each once");
    }
}
