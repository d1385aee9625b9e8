//! The store: a pool for reads, migrations, and the writer.

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::sql_types::Bool;
use diesel::{PgConnection, RunQueryDsl};
use r2d2::Pool;

use crate::any::AnyConn;
use crate::error::{StoreError, StoreResult};
use crate::migrate::{self, Birth};
use crate::open::{Connector, Role, StoreOptions, connect};
use crate::read::Reader;
use crate::search;
use crate::transaction::{begin_snapshot, rollback};
use crate::url::Target;
use crate::writer::Writer;

/// A database. Cheap to clone; all calls block.
#[derive(Clone)]
pub struct Store {
    target: Target,
    options: StoreOptions,
    pool: Pool<Connector>,
}

/// The connections of the pool for reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// Most there may be.
    pub limit: u32,
    /// Of those that are open, the ones in use.
    pub busy: u32,
    /// Those that are open and wait for work.
    pub idle: u32,
}

/// Which database a store is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl Store {
    /// Opens the database of a URL: `sqlite://path` or `postgres://…`. Does not connect yet.
    ///
    /// # Errors
    /// [`StoreError::Config`] for a URL that is not understood or not allowed.
    pub fn open(url: &str, options: StoreOptions) -> StoreResult<Self> {
        let target = Target::parse(url, options.allow_plaintext)?;
        let connector = Connector {
            target: target.clone(),
            options: options.clone(),
        };
        let pool = Pool::builder()
            .max_size(options.readers.max(1))
            .min_idle(Some(0))
            .connection_timeout(options.lock_timeout)
            .build_unchecked(connector);
        Ok(Store {
            target,
            options,
            pool,
        })
    }

    /// Which database it is on.
    #[must_use]
    pub fn database(&self) -> Database {
        match self.target {
            Target::Sqlite(_) => Database::Sqlite,
            Target::Postgres(_) => Database::Postgres,
        }
    }

    /// How the pool for reads stands.
    #[must_use]
    pub fn connections(&self) -> Connections {
        let state = self.pool.state();
        Connections {
            limit: self.pool.max_size(),
            busy: state.connections.saturating_sub(state.idle_connections),
            idle: state.idle_connections,
        }
    }

    /// Looks at how the database is run: what it says puts acknowledged commits at risk. Nothing on SQLite, where
    /// each connection sets what matters.
    ///
    /// # Errors
    /// [`StoreError::Config`] for a server that cannot be written to; [`StoreError::Unavailable`].
    pub fn doubts(&self) -> StoreResult<Vec<&'static str>> {
        let mut conn = connect(&self.target, &self.options, Role::Read)?;
        let AnyConn::Pg(conn) = &mut conn else {
            return Ok(Vec::new());
        };
        let is = |conn: &mut PgConnection, condition: &'static str| {
            diesel::select(sql::<Bool>(condition))
                .get_result::<bool>(conn)
                .map_err(|error| StoreError::at("pg_settings", error))
        };
        if is(conn, "pg_is_in_recovery()")? {
            let standby = "this PostgreSQL is a standby: name the primary";
            return Err(StoreError::Config(standby.to_owned()));
        }
        let mut doubts = Vec::new();
        for (condition, doubt) in [
            (
                "current_setting('fsync') = 'off'",
                "fsync is off: a power cut loses acknowledged commits",
            ),
            (
                "current_setting('full_page_writes') = 'off'",
                "full_page_writes is off: a power cut may tear pages",
            ),
        ] {
            if is(conn, condition)? {
                doubts.push(doubt);
            }
        }
        Ok(doubts)
    }

    /// Runs the migrations that are missing, under a lock, and draws the instance's keys the first time.
    /// Returns the versions that ran.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn migrate(&self, birth: &Birth) -> StoreResult<Vec<String>> {
        let mut conn = connect(&self.target, &self.options, Role::Write)?;
        migrate::migrate(&mut conn, birth)
    }

    /// Asks the database for the migrations that are missing: none means that it is there and ready.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it is away.
    pub fn ready(&self) -> StoreResult<Vec<String>> {
        let mut conn = self.pool.get().map_err(|error| away(&error))?;
        migrate::pending(&mut conn)
    }

    /// Moves what the write-ahead log still holds into the database file, where deleted bytes are
    /// overwritten: after an erase no old page is left behind. PostgreSQL's vacuum does its own.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn compact(&self) -> StoreResult<()> {
        if self.database() == Database::Sqlite {
            let mut conn = connect(&self.target, &self.options, Role::Write)?;
            conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")
                .map_err(|error| StoreError::at("sqlite_schema", error))?;
        }
        Ok(())
    }

    /// A connection beside the pool.
    pub(crate) fn connect(&self, role: Role) -> StoreResult<AnyConn> {
        connect(&self.target, &self.options, role)
    }

    /// Makes the writer; a process wants exactly one. It connects when it is first used.
    #[must_use]
    pub fn writer(&self) -> Writer {
        Writer::new(self.target.clone(), self.options.clone())
    }

    /// Every (table, column) pair of the schema.
    pub fn columns() -> impl Iterator<Item = (&'static str, &'static str)> {
        search::columns()
    }

    /// The (table, column) pairs with a value that contains the text, in any letter case of ASCII. It reads
    /// everything: for tests of where personal data may be.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn search_columns(&self, needle: &str) -> StoreResult<Vec<(String, String)>> {
        let mut conn = self.pool.get().map_err(|error| away(&error))?;
        search::search(&mut conn, needle)
    }

    /// Reads on a connection of the pool. Each look-up sees the newest commit.
    ///
    /// # Errors
    /// That of `read`, or a [`StoreError`] when no connection is free.
    pub fn read<T, E: From<StoreError>>(
        &self,
        read: impl FnOnce(&mut Reader<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut conn = self.pool.get().map_err(|error| away(&error))?;
        read(&mut Reader { conn: &mut conn })
    }

    /// Reads on a connection of the pool; all look-ups see one state of the database.
    ///
    /// # Errors
    /// That of `read`, or a [`StoreError`] when no connection is free.
    pub fn snapshot<T, E: From<StoreError>>(
        &self,
        read: impl FnOnce(&mut Reader<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut conn = self.pool.get().map_err(|error| away(&error))?;
        begin_snapshot(&mut conn)?;
        let result = read(&mut Reader { conn: &mut conn });
        // Nothing was written; a connection that cannot end its transaction is found broken by the pool.
        let ended = rollback(&mut conn);
        let value = result?;
        ended?;
        Ok(value)
    }
}

fn away(error: &r2d2::Error) -> StoreError {
    StoreError::Unavailable(format!("no connection: {error}"))
}
