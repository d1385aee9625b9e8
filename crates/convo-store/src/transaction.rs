//! Beginning and ending transactions: the only module that does.

use diesel::QueryResult;
use diesel::connection::{AnsiTransactionManager, TransactionManager};

use crate::any::AnyConn;
use crate::error::{StoreError, StoreResult};

/// Begins to write. SQLite takes the write lock at once: a transaction that reads first and then wants to write
/// fails when another has written meanwhile.
pub(crate) fn begin_write(conn: &mut AnyConn) -> StoreResult<()> {
    begin(conn, "BEGIN")
}

/// Begins a batch. PostgreSQL locks the log's head, in the same round trip; SQLite's write lock does the same.
pub(crate) fn begin_batch(conn: &mut AnyConn) -> StoreResult<()> {
    begin(conn, "BEGIN; SELECT FROM log_head WHERE id = 1 FOR UPDATE")
}

fn begin(conn: &mut AnyConn, postgres: &str) -> StoreResult<()> {
    ended(match conn {
        AnyConn::Sqlite(conn) => {
            AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")
        }
        AnyConn::Pg(conn) => AnsiTransactionManager::begin_transaction_sql(conn, postgres),
    })
}

/// Begins to read one state of the database.
pub(crate) fn begin_snapshot(conn: &mut AnyConn) -> StoreResult<()> {
    ended(match conn {
        AnyConn::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN"),
        AnyConn::Pg(conn) => AnsiTransactionManager::begin_transaction_sql(
            conn,
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        ),
    })
}

/// Makes what was written last.
pub(crate) fn commit(conn: &mut AnyConn) -> StoreResult<()> {
    ended(match conn {
        AnyConn::Sqlite(conn) => AnsiTransactionManager::commit_transaction(conn),
        AnyConn::Pg(conn) => AnsiTransactionManager::commit_transaction(conn),
    })
}

/// Undoes what was written.
pub(crate) fn rollback(conn: &mut AnyConn) -> StoreResult<()> {
    ended(match conn {
        AnyConn::Sqlite(conn) => AnsiTransactionManager::rollback_transaction(conn),
        AnyConn::Pg(conn) => AnsiTransactionManager::rollback_transaction(conn),
    })
}

fn ended(result: QueryResult<()>) -> StoreResult<()> {
    result.map_err(|error| StoreError::at("transaction", error))
}
