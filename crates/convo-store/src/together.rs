//! Several writes of PostgreSQL sent as one statement: their round trips cost more than most of the writes.
//!
//! Each becomes a part of a `WITH`. The parts do not see each other's rows, so that only writes that need not may go
//! together; foreign keys are looked at when all of them are done.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::Error as DieselError;
use diesel::{PgConnection, QueryResult, RunQueryDsl};

use crate::any::AnyConn;
use crate::error::{StoreError, StoreResult};
use crate::record::Record;

/// One write of PostgreSQL. Its text is its name among the prepared statements.
pub(crate) struct Part<'a>(Box<dyn QueryFragment<Pg> + 'a>);

impl<'a> Part<'a> {
    /// A write out of what it is made of.
    pub(crate) fn new(write: impl QueryFragment<Pg> + 'a) -> Self {
        Part(Box::new(write))
    }
}

impl QueryId for Part<'_> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Part<'_> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }
}

impl RunQueryDsl<PgConnection> for Part<'_> {}

/// Writes that see nothing of each other: SQLite does them one by one as they are added, PostgreSQL at the end.
#[derive(Default)]
pub(crate) struct Together<'a> {
    parts: Vec<(&'static str, Part<'a>)>,
}

impl<'a> Together<'a> {
    /// Adds the write of these rows: `all` does it at once, `part` gives the statement that does.
    pub(crate) fn add<T: Record>(
        &mut self,
        conn: &mut AnyConn,
        rows: &'a [T],
        all: fn(&mut AnyConn, &[T]) -> QueryResult<()>,
        part: fn(&'a [T]) -> Part<'a>,
    ) -> StoreResult<()> {
        if rows.is_empty() {
            return Ok(());
        }
        match conn {
            AnyConn::Sqlite(_) => {
                all(conn, rows).map_err(|error| StoreError::at(T::TABLE, error))?;
            }
            AnyConn::Pg(_) => self.parts.push((T::TABLE, part(rows))),
        }
        Ok(())
    }

    /// Sends what was added.
    pub(crate) fn finish(self, conn: &mut AnyConn) -> StoreResult<()> {
        let AnyConn::Pg(conn) = conn else {
            return Ok(());
        };
        if self.parts.is_empty() {
            return Ok(());
        }
        let tables: Vec<&'static str> = self.parts.iter().map(|(table, _)| *table).collect();
        let done = self.execute(conn);
        done.map(drop)
            .map_err(|error| StoreError::at(met(&tables, &error), error))
    }
}

/// Which of the tables an error is about; the first where the database does not say.
fn met(tables: &[&'static str], error: &DieselError) -> &'static str {
    let named = match error {
        DieselError::DatabaseError(_, information) => information.table_name(),
        _ => None,
    };
    let known = tables.iter().find(|table| named == Some(**table));
    known.or(tables.first()).copied().unwrap_or_default()
}

impl QueryId for Together<'_> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Together<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let Some(((_, last), others)) = self.parts.split_last() else {
            return Ok(());
        };
        for (number, (table, part)) in others.iter().enumerate() {
            pass.push_sql(if number == 0 { "WITH into_" } else { ", into_" });
            pass.push_sql(table);
            pass.push_sql(" AS (");
            part.walk_ast(pass.reborrow())?;
            pass.push_sql(") ");
        }
        last.walk_ast(pass)
    }
}

impl RunQueryDsl<PgConnection> for Together<'_> {}
