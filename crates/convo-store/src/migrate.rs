//! Migrations: compiled in, run under a lock, the same steps on both databases.

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use uuid::Uuid;

use crate::any::AnyConn;
use crate::error::{StoreError, StoreResult};
use crate::rows::tables::{instance, log_head};
use crate::rows::{InstanceRow, LogHeadRow};
use crate::transaction::{begin_write, commit};

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// Key of PostgreSQL's advisory lock: "convo" in ASCII.
const LOCK: &str = "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; \
                    SELECT pg_advisory_xact_lock(426835734127)";

/// What is drawn once, when the database is made. A later migration ignores it.
pub struct Birth {
    /// Key of the reply tokens.
    pub reply_key: Vec<u8>,
    /// Key of the digests that outlive an erase.
    pub hash_key: Vec<u8>,
    /// Epoch of the event log.
    pub epoch: Uuid,
    /// The present.
    pub at: DateTime<Utc>,
}

diesel::table! {
    __diesel_schema_migrations (version) {
        version -> Text,
        run_on -> Timestamp,
    }
}

/// Runs what is missing, in one transaction; returns the names of the steps that ran.
pub(crate) fn migrate(conn: &mut AnyConn, birth: &Birth) -> StoreResult<Vec<String>> {
    begin_write(conn)?;
    let ran = match conn {
        AnyConn::Sqlite(conn) => run(conn, SQLITE)?,
        AnyConn::Pg(conn) => {
            conn.batch_execute(LOCK)
                .map_err(|error| StoreError::at("pg_locks", error))?;
            run(conn, POSTGRES)?
        }
    };
    be_born(conn, birth)?;
    commit(conn)?;
    Ok(ran)
}

fn run<DB: diesel::backend::Backend>(
    conn: &mut impl MigrationHarness<DB>,
    source: EmbeddedMigrations,
) -> StoreResult<Vec<String>>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    match conn.run_pending_migrations(source) {
        Ok(versions) => Ok(versions.iter().map(ToString::to_string).collect()),
        Err(error) => Err(match error.downcast::<diesel::result::Error>() {
            Ok(error) => StoreError::at("migrations", *error),
            Err(error) => StoreError::Fault {
                table: "migrations",
                reason: error.to_string(),
            },
        }),
    }
}

/// Draws the one rows of the head and the instance, where they are missing.
fn be_born(conn: &mut AnyConn, birth: &Birth) -> StoreResult<()> {
    let born = instance::table.count().get_result::<i64>(conn);
    if born.map_err(|error| StoreError::at("instance", error))? > 0 {
        return Ok(());
    }
    let row = InstanceRow {
        id: 1,
        reply_key: birth.reply_key.clone(),
        hash_key: birth.hash_key.clone(),
        created_at: birth.at,
        paused_since: None,
    };
    InstanceRow::insert_all(conn, &[row]).map_err(|error| StoreError::at("instance", error))?;
    let head = log_head::table.count().get_result::<i64>(conn);
    if head.map_err(|error| StoreError::at("log_head", error))? == 0 {
        let row = LogHeadRow {
            id: 1,
            seq: 0,
            epoch: birth.epoch,
        };
        LogHeadRow::insert_all(conn, &[row]).map_err(|error| StoreError::at("log_head", error))?;
    }
    Ok(())
}

/// The steps that have not run yet.
pub(crate) fn pending(conn: &mut AnyConn) -> StoreResult<Vec<String>> {
    let mut known = match conn {
        AnyConn::Sqlite(_) => versions::<Sqlite>(SQLITE)?,
        AnyConn::Pg(_) => versions::<Pg>(POSTGRES)?,
    };
    known.sort();
    let ran = match ran(conn) {
        Ok(ran) => ran,
        Err(away @ StoreError::Unavailable(_)) => return Err(away),
        // The table is not there: nothing ever ran.
        Err(_) => Vec::new(),
    };
    known.retain(|version| !ran.contains(version));
    Ok(known)
}

/// The steps that have run, in order.
pub(crate) fn ran(conn: &mut AnyConn) -> StoreResult<Vec<String>> {
    let query = __diesel_schema_migrations::table
        .select(__diesel_schema_migrations::version)
        .order(__diesel_schema_migrations::version.asc());
    query
        .load(conn)
        .map_err(|error| StoreError::at("migrations", error))
}

fn versions<DB: diesel::backend::Backend>(source: EmbeddedMigrations) -> StoreResult<Vec<String>>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let all: Vec<Box<dyn Migration<DB>>> =
        source.migrations().map_err(|error| StoreError::Fault {
            table: "migrations",
            reason: error.to_string(),
        })?;
    Ok(all
        .iter()
        .map(|one| one.name().version().to_string())
        .collect())
}
