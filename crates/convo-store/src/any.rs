//! One connection type over both databases.

use diesel::{MultiConnection, PgConnection, SqliteConnection};

/// A connection to either database. Never made with `establish`, which would try the databases in turn: see [`crate::open`].
#[derive(MultiConnection)]
#[allow(clippy::large_enum_variant)]
pub enum AnyConn {
    /// A SQLite file.
    Sqlite(SqliteConnection),
    /// A PostgreSQL server.
    Pg(PgConnection),
}
