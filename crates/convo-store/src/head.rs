//! The one row of the log's head, at which all writers of a database meet.
//!
//! A writer locks it where its transaction begins, so that the processes of a cluster decide one after the other: what
//! one has not found, no other is storing at the same time. SQLite's write lock does the same.

use std::time::Duration;

use diesel::sql_types::{Nullable, Text};
use diesel::{PgConnection, RunQueryDsl};

use crate::any::AnyConn;
use crate::error::{StoreError, StoreResult};
use crate::open::{Role, StoreOptions, connect};
use crate::url::Target;

/// How often the fate of a transaction is asked for before it stays unknown, and the time between.
const ASKED: u32 = 30;
const PAUSE: Duration = Duration::from_millis(100);

/// A transaction of PostgreSQL whose fate can be asked for after its connection was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TransactionId(pub(crate) String);

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

/// The present transaction's id; SQLite's need none.
pub(crate) fn transaction(conn: &mut AnyConn) -> StoreResult<Option<TransactionId>> {
    let AnyConn::Pg(conn) = conn else {
        return Ok(None);
    };
    let id = diesel::select(diesel::dsl::sql::<Text>("pg_current_xact_id()::text"));
    let id = id.get_result::<String>(conn);
    let id = id.map_err(|error| StoreError::at("log_head", error))?;
    Ok(Some(TransactionId(id)))
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
