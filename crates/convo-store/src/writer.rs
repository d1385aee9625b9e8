//! The one write path.

use crate::any::AnyConn;
use crate::checkpoint::Checkpoints;
use crate::commit::Commit;
use crate::error::{CommitError, StoreError, StoreResult};
use crate::head::{self, Fate, TransactionId};
use crate::open::{Role, StoreOptions, connect};
use crate::read::Reader;
use crate::transaction::{begin_batch, commit, rollback};
use crate::url::Target;
use crate::write::write;

/// The one connection that writes. A process has one: see [`crate::Store::writer`].
pub struct Writer {
    target: Target,
    options: StoreOptions,
    /// Taken out while in use: what goes wrong in between closes it, and with it its transaction.
    conn: Option<AnyConn>,
    /// From the first commit on, on SQLite.
    checkpoints: Option<Checkpoints>,
    last: Option<i64>,
    #[cfg(feature = "measure")]
    out_of_turn: bool,
}

impl Writer {
    pub(crate) fn new(target: Target, options: StoreOptions) -> Self {
        Writer {
            target,
            options,
            conn: None,
            checkpoints: None,
            last: None,
            #[cfg(feature = "measure")]
            out_of_turn: false,
        }
    }

    /// Decides inside a transaction and writes what was decided: all of it, or nothing.
    ///
    /// `decide` reads what it needs and gives the writes and a value for the caller. An empty [`Commit`] writes
    /// nothing. The numbers of the event log are taken by the last statements before the commit.
    ///
    /// # Errors
    /// [`CommitError::Decide`] with the error of `decide`; [`CommitError::Conflict`] when another writer was
    /// faster or a unique key is taken; [`CommitError::Store`] when the database failed.
    pub fn commit<T, E>(
        &mut self,
        decide: impl FnOnce(&mut Reader<'_>) -> Result<(Commit, T), E>,
    ) -> Result<T, CommitError<E>> {
        let mut conn = self.take()?;
        if let Some(checkpoints) = &self.checkpoints {
            checkpoints.finish(&mut conn);
        }
        self.begin(&mut conn)?;
        let decided = decide(&mut Reader { conn: &mut conn }).map_err(CommitError::Decide);
        let (writes, value) = match decided {
            Ok((writes, value)) if !writes.is_empty() => (writes, value),
            nothing => {
                self.undo(conn);
                return nothing.map(|(_, value)| value);
            }
        };
        match write(&mut conn, writes) {
            Ok(logged) => {
                match commit(&mut conn) {
                    Ok(()) => self.conn = Some(conn),
                    // The connection is given up, and the transaction may have happened or not.
                    Err(error) => self.ask_for(logged.transaction.as_ref(), error)?,
                }
                self.last = logged.last.or(self.last);
                self.ring();
                Ok(value)
            }
            Err(error) => {
                if !error.is_unavailable() {
                    self.undo(conn);
                }
                Err(error.into())
            }
        }
    }

    /// Has what was committed moved out of the write-ahead log by and by.
    fn ring(&mut self) {
        if matches!(self.target, Target::Sqlite(_)) {
            let (target, options) = (&self.target, &self.options);
            self.checkpoints
                .get_or_insert_with(|| Checkpoints::start(target.clone(), options.clone()))
                .committed();
        }
    }

    /// What a commit that failed came to.
    fn ask_for<E>(
        &self,
        id: Option<&TransactionId>,
        error: StoreError,
    ) -> Result<(), CommitError<E>> {
        let Some(id) = id.filter(|_| error.is_unavailable()) else {
            return Err(error.into());
        };
        match head::fate(&self.target, &self.options, id) {
            Fate::Committed => Ok(()),
            // Nothing is stored: the same commands may be decided anew.
            Fate::Aborted => Err(CommitError::Conflict {
                table: "transaction",
            }),
            Fate::Unknown => Err(error.into()),
        }
    }

    /// The last number of the event log that this writer took.
    #[must_use]
    pub fn last_seq(&self) -> Option<i64> {
        self.last
    }

    /// Lets it decide while others do, and find out by revisions alone: the writer that `docs/adr/0007` decided
    /// against, for the measurement there. What it has not found another may be storing.
    #[cfg(feature = "measure")]
    #[must_use]
    pub fn out_of_turn(mut self) -> Self {
        self.out_of_turn = true;
        self
    }

    fn begin(&self, conn: &mut AnyConn) -> StoreResult<()> {
        #[cfg(feature = "measure")]
        if self.out_of_turn {
            return crate::transaction::begin_write(conn);
        }
        begin_batch(conn)
    }

    fn take(&mut self) -> StoreResult<AnyConn> {
        match self.conn.take() {
            Some(conn) => Ok(conn),
            None => connect(&self.target, &self.options, Role::Write),
        }
    }

    /// Rolls back and keeps the connection if that worked.
    fn undo(&mut self, mut conn: AnyConn) {
        if rollback(&mut conn).is_ok() {
            self.conn = Some(conn);
        }
    }
}
