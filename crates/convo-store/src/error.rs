//! What can go wrong, told apart by what the caller should do about it.

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use thiserror::Error;

/// A failed read, migration or opening of the store. Its text names tables and causes, never stored values.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database is away, full, read-only or too slow: nothing was stored; try again later.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// Another writer was faster, or a unique key is taken: read again and decide anew.
    #[error("a conflicting row in {table}")]
    Conflict {
        /// The table.
        table: &'static str,
    },
    /// A text holds U+0000, which cannot be stored.
    #[error("a text for {table} holds U+0000")]
    Text {
        /// The table.
        table: &'static str,
    },
    /// The URL or an option is wrong.
    #[error("{0}")]
    Config(String),
    /// A fault of ours or of the schema.
    #[error("the database refused a statement on {table}: {reason}")]
    Fault {
        /// The table.
        table: &'static str,
        /// What kind of refusal it was.
        reason: String,
    },
}

/// A commit that did not happen.
#[derive(Debug, Error)]
pub enum CommitError<E> {
    /// The decision itself failed; nothing was stored.
    #[error("the decision failed")]
    Decide(#[source] E),
    /// Another writer was faster, or a unique key is taken; nothing was stored. Decide anew.
    #[error("a conflicting row in {table}")]
    Conflict {
        /// The table.
        table: &'static str,
    },
    /// The store failed; nothing was stored, unless the connection was lost during the commit itself.
    #[error(transparent)]
    Store(StoreError),
}

/// The result of a read.
pub type StoreResult<T> = Result<T, StoreError>;

impl StoreError {
    /// Whether the database is away: the answer is 503.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, StoreError::Unavailable(_))
    }

    /// Sorts a Diesel error that met a table.
    pub(crate) fn at(table: &'static str, error: DieselError) -> Self {
        match error {
            DieselError::DatabaseError(kind, information) => {
                by_kind(table, &kind, information.message())
            }
            DieselError::BrokenTransactionManager => {
                StoreError::Unavailable("the connection is broken".to_owned())
            }
            DieselError::RollbackErrorOnCommit { commit_error, .. } => {
                StoreError::at(table, *commit_error)
            }
            DieselError::NotFound => fault(table, "a row is missing"),
            DieselError::SerializationError(_) => fault(table, "a value cannot be written"),
            DieselError::DeserializationError(_) => fault(table, "a value cannot be read"),
            DieselError::QueryBuilderError(_) => fault(table, "a statement cannot be built"),
            DieselError::InvalidCString(_) => StoreError::Text { table },
            _ => fault(table, "an unexpected error"),
        }
    }
}

impl<E> From<StoreError> for CommitError<E> {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict { table } => CommitError::Conflict { table },
            other => CommitError::Store(other),
        }
    }
}

fn fault(table: &'static str, reason: &str) -> StoreError {
    StoreError::Fault {
        table,
        reason: reason.to_owned(),
    }
}

fn by_kind(table: &'static str, kind: &DatabaseErrorKind, message: &str) -> StoreError {
    match kind {
        DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::SerializationFailure => {
            StoreError::Conflict { table }
        }
        DatabaseErrorKind::ReadOnlyTransaction => {
            StoreError::Unavailable("the database is read-only".to_owned())
        }
        DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
            StoreError::Unavailable("the connection was closed".to_owned())
        }
        DatabaseErrorKind::ForeignKeyViolation => fault(table, "a row it refers to is missing"),
        DatabaseErrorKind::NotNullViolation => fault(table, "a value is missing"),
        DatabaseErrorKind::CheckViolation => fault(table, "a value is not allowed"),
        _ => by_message(table, message),
    }
}

/// Phrases of messages whose kind Diesel leaves unknown. The message itself is not passed on: it may hold values.
const AWAY: [&str; 22] = [
    // SQLite
    "database is locked",
    "database or disk is full",
    "readonly database",
    "unable to open database",
    "disk i/o error",
    "database schema is locked",
    // PostgreSQL
    "no space left on device",
    "could not extend file",
    "disk full",
    "read-only transaction",
    "lock timeout",
    "statement timeout",
    "due to user request",
    "terminating connection",
    "shutting down",
    "starting up",
    "in recovery mode",
    "too many clients",
    "connection slots",
    "server closed the connection",
    "could not connect",
    "out of shared memory",
];

fn by_message(table: &'static str, message: &str) -> StoreError {
    let message = message.to_lowercase();
    if message.contains("deadlock detected") {
        return StoreError::Conflict { table };
    }
    match AWAY.iter().find(|phrase| message.contains(**phrase)) {
        Some(phrase) => StoreError::Unavailable((*phrase).to_owned()),
        None => fault(table, "the statement failed"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[track_caller]
    fn check(message: &str, expected: &str) {
        let kind = match by_message("things", message) {
            StoreError::Unavailable(_) => "away",
            StoreError::Conflict { .. } => "conflict",
            _ => "fault",
        };
        assert_eq!(kind, expected, "{message}");
    }

    #[test]
    fn messages_tell_a_database_that_is_away_from_a_fault() {
        check("database is locked", "away");
        check("database or disk is full", "away");
        check("attempt to write a readonly database", "away");
        check("disk I/O error", "away");
        check(
            "could not extend file \"base/5/16384\": No space left on device",
            "away",
        );
        check("cannot execute INSERT in a read-only transaction", "away");
        check("canceling statement due to lock timeout", "away");
        check(
            "FATAL:  terminating connection due to administrator command",
            "away",
        );
        check("FATAL:  sorry, too many clients already", "away");
        check("deadlock detected", "conflict");
        check("no such table: things", "fault");
        check("relation \"things\" does not exist", "fault");
        check("database disk image is malformed", "fault");
    }

    #[test]
    fn texts_of_errors_hold_no_values() {
        let error = by_message("leads", "invalid input syntax: ana@example.com");
        assert_eq!(
            error.to_string(),
            "the database refused a statement on leads: the statement failed"
        );
    }
}
