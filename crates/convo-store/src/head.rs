//! The one row of the log's head, at which all writers of a database meet.
//!
//! A writer locks it before it reads anything, so that the processes of a cluster decide one after the other: what
//! one has not found, no other is storing at the same time. SQLite's write lock does the same.

use std::time::Duration;

use diesel::RunQueryDsl;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, Nullable, Text};
use diesel::{PgConnection, QueryResult};

use crate::any::AnyConn;
use crate::error::{StoreError, StoreResult};
use crate::open::{Role, StoreOptions, connect};
use crate::url::Target;

/// How often the fate of a transaction is asked for before it stays unknown, and the time between.
const ASKED: u32 = 30;
const PAUSE: Duration = Duration::from_millis(100);

/// A transaction of PostgreSQL whose fate can be asked for after its connection was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TransactionId(String);

/// What became of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is stored.
    Committed,
    /// Nothing of it is.
    Aborted,
    /// The database could not be asked, or does not know any more.
    Unknown,
}

/// Locks the head until the transaction ends; on SQLite the transaction holds the write lock already.
pub(crate) fn lock(conn: &mut AnyConn) -> StoreResult<Option<TransactionId>> {
    let AnyConn::Pg(conn) = conn else {
        return Ok(None);
    };
    let id = LockHead.get_result::<String>(conn);
    let id = id.map_err(|error| StoreError::at("log_head", error))?;
    Ok(Some(TransactionId(id)))
}

/// Takes the next numbers of the event log; gives the last of them.
pub(crate) fn take(conn: &mut AnyConn, how_many: i64) -> StoreResult<i64> {
    let taking = TakeNumbers { taken: how_many };
    let last = match conn {
        AnyConn::Sqlite(conn) => taking.get_result::<i64>(conn),
        AnyConn::Pg(conn) => taking.get_result::<i64>(conn),
    };
    last.map_err(|error| StoreError::at("log_head", error))
}

/// Asks over new connections what became of a transaction whose commit was never answered.
pub(crate) fn fate(target: &Target, options: &StoreOptions, id: &TransactionId) -> Fate {
    for asked in 0..ASKED {
        if asked > 0 {
            std::thread::sleep(PAUSE);
        }
        let Ok(AnyConn::Pg(mut conn)) = connect(target, options, Role::Write) else {
            continue;
        };
        match status(&mut conn, id).as_deref() {
            Some("committed") => return Fate::Committed,
            Some("aborted") => return Fate::Aborted,
            // Its server process has not noticed yet that we are gone.
            _ => {}
        }
    }
    Fate::Unknown
}

fn status(conn: &mut PgConnection, id: &TransactionId) -> Option<String> {
    let query = diesel::select(
        diesel::dsl::sql::<Nullable<Text>>("pg_xact_status(")
            .bind::<Text, _>(&id.0)
            .sql("::xid8)"),
    );
    query.get_result::<Option<String>>(conn).ok().flatten()
}

#[derive(QueryId)]
struct LockHead;

impl Query for LockHead {
    type SqlType = Text;
}

impl<DB: Backend> QueryFragment<DB> for LockHead {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        pass.push_sql("SELECT pg_current_xact_id()::text FROM log_head WHERE id = 1 FOR UPDATE");
        Ok(())
    }
}

impl<Conn> RunQueryDsl<Conn> for LockHead {}

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
