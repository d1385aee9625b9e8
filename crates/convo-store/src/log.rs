//! The end of a batch: counters, the next numbers of the event log, and its rows.

use diesel::backend::Backend;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, Text};

use crate::any::AnyConn;
use crate::commit::NewLogRow;
use crate::error::{StoreError, StoreResult};
use crate::fixed::{Columns, FixedInsert, Upsert, insert_columns};
use crate::head::{self, TransactionId};
use crate::record::{Field, columns};
use crate::rows::tables::*;
use crate::rows::{CounterRow, LogRow};
use crate::together::Part;

/// What the end of a batch came to.
pub(crate) struct Logged {
    /// The last number of the event log, if rows were added to it.
    pub last: Option<i64>,
    /// By which the fate of the commit can be asked for.
    pub transaction: Option<TransactionId>,
}

/// Adds to the counters, takes the next numbers from the one row of the head, and writes the rows of the log: one
/// statement of PostgreSQL. The counters come sorted by name, so that writers lock them in one order.
pub(crate) fn write(
    conn: &mut AnyConn,
    counters: &[CounterRow],
    rows: Vec<NewLogRow>,
) -> StoreResult<Logged> {
    let Ok(taken) = i64::try_from(rows.len()) else {
        return Err(StoreError::Fault {
            table: "event_log",
            reason: "too many rows".to_owned(),
        });
    };
    if taken == 0 {
        count(conn, counters).map_err(|error| StoreError::at("counters", error))?;
        return Ok(Logged {
            last: None,
            transaction: head::transaction(conn)?,
        });
    }
    // Numbered from the end: the head's new number is added to each.
    let mut rows = numbered(rows, 1 - taken);
    match conn {
        AnyConn::Sqlite(sqlite) => {
            let last = TakeNumbers { taken }.get_result::<i64>(sqlite);
            let last = last.map_err(|error| StoreError::at("log_head", error))?;
            for row in &mut rows {
                row.seq += last;
            }
            count(conn, counters).map_err(|error| StoreError::at("counters", error))?;
            LogRow::insert_all(conn, &rows).map_err(|error| StoreError::at("event_log", error))?;
            Ok(Logged {
                last: Some(last),
                transaction: None,
            })
        }
        AnyConn::Pg(pg) => {
            let end = End {
                counted: (!counters.is_empty()).then(|| counting(counters)),
                taken: TakeNumbers { taken },
                logged: logging(&rows),
            };
            let ended = end.get_result::<(i64, String)>(pg);
            let (last, id) = ended.map_err(|error| StoreError::at("event_log", error))?;
            Ok(Logged {
                last: Some(last),
                transaction: Some(TransactionId(id)),
            })
        }
    }
}

fn numbered(rows: Vec<NewLogRow>, first: i64) -> Vec<LogRow> {
    let number = |(row, seq): (NewLogRow, i64)| LogRow {
        seq,
        kind: row.kind,
        at: row.at,
        conversation_id: row.conversation_id,
        lead_id: row.lead_id,
        metadata_id: row.metadata_id,
        silent: row.silent,
        quiet: row.quiet,
        data: row.data,
    };
    rows.into_iter().zip(first..).map(number).collect()
}

const ADD: &str = " ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value";
const ADD_MANY: &str = ") ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value";
const COUNT: &str = insert_columns!(counters (name value));

fn count(conn: &mut AnyConn, rows: &[CounterRow]) -> QueryResult<()> {
    match conn {
        AnyConn::Sqlite(conn) => rows.iter().try_for_each(|row| {
            let values = (
                counters::name.eq(row.name.bind()),
                counters::value.eq(row.value),
            );
            let insert = diesel::insert_into(counters::table).values(values);
            FixedInsert::<_, Upsert<CounterRow>>::new(insert, ADD)
                .execute(conn)
                .map(drop)
        }),
        AnyConn::Pg(_) if rows.is_empty() => Ok(()),
        AnyConn::Pg(conn) => counting(rows).execute(conn).map(drop),
    }
}

fn counting(rows: &[CounterRow]) -> Part<'_> {
    let columns = columns!(rows counters (name value));
    Part::new(Columns::<_, ()>::new(COUNT, columns, ADD_MANY))
}

const LOG: &str = "INSERT INTO event_log (seq, kind, at, conversation_id, lead_id, metadata_id, silent, quiet, data) \
     SELECT head.seq + given.seq, given.kind, given.at, given.conversation_id, given.lead_id, given.metadata_id, \
     given.silent, given.quiet, given.data FROM head, unnest(";
const LOG_END: &str =
    ") AS given(seq, kind, at, conversation_id, lead_id, metadata_id, silent, quiet, data)";

fn logging(rows: &[LogRow]) -> Part<'_> {
    let columns = columns!(rows event_log (seq kind at conversation_id lead_id metadata_id silent quiet data));
    Part::new(Columns::<_, ()>::new(LOG, columns, LOG_END))
}

/// All three of them, for PostgreSQL.
struct End<'a> {
    counted: Option<Part<'a>>,
    taken: TakeNumbers,
    logged: Part<'a>,
}

impl Query for End<'_> {
    type SqlType = (BigInt, Text);
}

impl QueryId for End<'_> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for End<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        pass.push_sql("WITH ");
        if let Some(counted) = &self.counted {
            pass.push_sql("counted AS (");
            counted.walk_ast(pass.reborrow())?;
            pass.push_sql("), ");
        }
        pass.push_sql("head AS (");
        self.taken.walk_ast(pass.reborrow())?;
        pass.push_sql("), logged AS (");
        self.logged.walk_ast(pass.reborrow())?;
        pass.push_sql(") SELECT seq, pg_current_xact_id()::text FROM head");
        Ok(())
    }
}

impl RunQueryDsl<PgConnection> for End<'_> {}

#[derive(QueryId)]
struct TakeNumbers {
    taken: i64,
}

impl Query for TakeNumbers {
    type SqlType = BigInt;
}

impl<DB> QueryFragment<DB> for TakeNumbers
where
    DB: Backend + HasSqlType<BigInt>,
    i64: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        pass.push_sql("UPDATE log_head SET seq = seq + ");
        pass.push_bind_param::<BigInt, _>(&self.taken)?;
        pass.push_sql(" WHERE id = 1 RETURNING seq");
        Ok(())
    }
}

impl<Conn> RunQueryDsl<Conn> for TakeNumbers {}
