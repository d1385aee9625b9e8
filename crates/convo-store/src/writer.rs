//! The one write path.

use crate::any::AnyConn;
use crate::commit::Commit;
use crate::error::{CommitError, StoreResult};
use crate::open::{Role, StoreOptions, connect};
use crate::read::Reader;
use crate::transaction::{begin_write, commit, rollback};
use crate::url::Target;
use crate::write::write;

/// The one connection that writes. A process has one: see [`crate::Store::writer`].
pub struct Writer {
    target: Target,
    options: StoreOptions,
    /// Taken out while in use: what goes wrong in between closes it, and with it its transaction.
    conn: Option<AnyConn>,
    last: Option<i64>,
}

impl Writer {
    pub(crate) fn new(target: Target, options: StoreOptions) -> Self {
        Writer {
            target,
            options,
            conn: None,
            last: None,
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
        begin_write(&mut conn)?;
        let decided = decide(&mut Reader { conn: &mut conn }).map_err(CommitError::Decide);
        let (writes, value) = match decided {
            Ok((writes, value)) if !writes.is_empty() => (writes, value),
            nothing => {
                self.undo(conn);
                return nothing.map(|(_, value)| value);
            }
        };
        match write(&mut conn, writes) {
            Ok(last) => {
                // A failed commit leaves a transaction of unknown fate: the connection is given up.
                commit(&mut conn)?;
                self.conn = Some(conn);
                self.last = last.or(self.last);
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

    /// The last number of the event log that this writer took.
    #[must_use]
    pub fn last_seq(&self) -> Option<i64> {
        self.last
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
