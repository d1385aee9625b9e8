//! Opening connections: the database is chosen by URL, never by trying.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};

use crate::any::AnyConn;
use crate::error::{StoreError, StoreResult};
use crate::url::Target;

/// How to use a database.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Connections for reads; one more is for writes.
    pub readers: u32,
    /// Whether a PostgreSQL server that is not local may be spoken to without TLS.
    pub allow_plaintext: bool,
    /// How long to wait for a lock or for a free connection.
    pub lock_timeout: Duration,
    /// How long a statement may take (PostgreSQL).
    pub statement_timeout: Duration,
    /// The writer's page cache in KiB (SQLite). Large is only for filling a database in huge commits: SQLite walks all
    /// of its hash table at the end of a transaction that rebalanced a B-tree, and what it does not hold the system's
    /// cache does.
    pub write_cache: u32,
}

impl Default for StoreOptions {
    fn default() -> Self {
        StoreOptions {
            readers: 8,
            allow_plaintext: false,
            lock_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            write_cache: 16 * 1024,
        }
    }
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Reads only.
    Read,
    /// Writes.
    Write,
}

/// Opens a connection and sets it up.
pub(crate) fn connect(target: &Target, options: &StoreOptions, role: Role) -> StoreResult<AnyConn> {
    match target {
        Target::Sqlite(path) => {
            let mut conn = SqliteConnection::establish(path).map_err(away)?;
            let busy = options.lock_timeout.as_millis();
            let mut setup = format!(
                "PRAGMA busy_timeout={busy};\
                 PRAGMA journal_mode=WAL;\
                 PRAGMA synchronous=FULL;\
                 PRAGMA foreign_keys=ON;\
                 PRAGMA temp_store=MEMORY;"
            );
            setup.push_str(&match role {
                Role::Read => "PRAGMA query_only=ON;".to_owned(),
                // The writer's own checkpoints are only for when those beside it do not keep up.
                Role::Write => format!(
                    "PRAGMA wal_autocheckpoint=64000; PRAGMA cache_size=-{}; PRAGMA secure_delete=ON;",
                    options.write_cache
                ),
            });
            conn.batch_execute(&setup)
                .map_err(|error| StoreError::at("sqlite_schema", error))?;
            Ok(AnyConn::Sqlite(conn))
        }
        Target::Postgres(url) => {
            let mut conn = PgConnection::establish(url).map_err(away)?;
            let (lock, statement) = (
                options.lock_timeout.as_millis(),
                options.statement_timeout.as_millis(),
            );
            let mut setup = format!(
                // A process that hangs in a transaction does not hold the others up for long.
                "SET TIME ZONE 'UTC';\
                 SET idle_in_transaction_session_timeout = '10s';\
                 SET client_min_messages = 'warning';\
                 SET jit = off;\
                 SET lock_timeout = {lock};\
                 SET statement_timeout = {statement};"
            );
            setup.push_str(match role {
                // Small tables are scanned, and PostgreSQL keeps a plan made on them after they have grown. A batch
                // reads and writes by key only, so its plans never need a scan; reads are planned each time.
                Role::Write => {
                    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;\
                     SELECT set_config('synchronous_commit', 'on', false)\
                     WHERE current_setting('synchronous_commit') = 'off';"
                }
                Role::Read => {
                    "SET default_transaction_read_only = on; SET plan_cache_mode = force_custom_plan;"
                }
            });
            conn.batch_execute(&setup)
                .map_err(|error| StoreError::at("pg_settings", error))?;
            Ok(AnyConn::Pg(conn))
        }
    }
}

fn away(error: diesel::ConnectionError) -> StoreError {
    let said = error.to_string();
    // The lines below the first are libpq's questions.
    let first = said.lines().next().unwrap_or_default();
    StoreError::Unavailable(format!("cannot connect: {first}"))
}

/// Makes the pool's connections.
#[derive(Debug)]
pub(crate) struct Connector {
    pub(crate) target: Target,
    pub(crate) options: StoreOptions,
}

impl r2d2::ManageConnection for Connector {
    type Connection = AnyConn;
    type Error = StoreError;

    fn connect(&self) -> StoreResult<AnyConn> {
        connect(&self.target, &self.options, Role::Read)
    }

    fn is_valid(&self, conn: &mut AnyConn) -> StoreResult<()> {
        use diesel::r2d2::R2D2Connection;
        conn.ping().map_err(|error| StoreError::at("pool", error))
    }

    fn has_broken(&self, conn: &mut AnyConn) -> bool {
        use diesel::r2d2::R2D2Connection;
        std::thread::panicking() || conn.is_broken()
    }
}
