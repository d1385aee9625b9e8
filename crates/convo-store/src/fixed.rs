//! Statements whose SQL never varies, so that both databases keep them prepared.
//!
//! Diesel prepares an `ON CONFLICT … DO UPDATE` and an `UPDATE` anew each time, since the columns of their `SET`
//! could vary. Here a macro fixes them, and preparing costs more than running. In both, `K` names the statement,
//! so that its SQL need not be built to find it prepared: no two statements may have the same `K`.

use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::backend::Backend;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};

/// An `INSERT` followed by its `ON CONFLICT` clause, which both databases understand.
pub(crate) struct FixedInsert<T, K> {
    insert: T,
    clause: &'static str,
    kind: PhantomData<K>,
}

/// The `K` of the upsert of a row type.
pub(crate) struct Upsert<R>(PhantomData<R>);

/// The `K` of the compare-and-swap of a row type.
pub(crate) struct Swap<R>(PhantomData<R>);

/// The `K` of the compare-and-swap of a row type's busy columns.
pub(crate) struct SwapBusy<R>(PhantomData<R>);

impl<T, K> FixedInsert<T, K> {
    /// An `INSERT` with the clause, which begins with a blank.
    pub(crate) fn new(insert: T, clause: &'static str) -> Self {
        FixedInsert {
            insert,
            clause,
            kind: PhantomData,
        }
    }
}

impl<T, K: 'static> QueryId for FixedInsert<T, K> {
    type QueryId = FixedInsert<(), K>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<DB: Backend, T: QueryFragment<DB>, K> QueryFragment<DB> for FixedInsert<T, K> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.insert.walk_ast(pass.reborrow())?;
        pass.push_sql(self.clause);
        Ok(())
    }
}

impl<T, K, Conn> RunQueryDsl<Conn> for FixedInsert<T, K> {}

/// An `UPDATE` of a row by its key and its revision.
pub(crate) struct FixedUpdate<C, I, R, K> {
    head: &'static str,
    changes: C,
    id: I,
    revision: R,
    kind: PhantomData<K>,
}

impl<C, I, R, K> FixedUpdate<C, I, R, K> {
    /// `head` is `UPDATE table SET ` and `id` and `revision` are the conditions.
    pub(crate) fn new(head: &'static str, changes: C, id: I, revision: R) -> Self {
        FixedUpdate {
            head,
            changes,
            id,
            revision,
            kind: PhantomData,
        }
    }
}

impl<C, I, R, K: 'static> QueryId for FixedUpdate<C, I, R, K> {
    type QueryId = FixedUpdate<(), (), (), K>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<DB, C, I, R, K> QueryFragment<DB> for FixedUpdate<C, I, R, K>
where
    DB: Backend,
    C: QueryFragment<DB>,
    I: QueryFragment<DB>,
    R: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        pass.push_sql(self.head);
        self.changes.walk_ast(pass.reborrow())?;
        pass.push_sql(" WHERE ");
        self.id.walk_ast(pass.reborrow())?;
        pass.push_sql(" AND ");
        self.revision.walk_ast(pass)
    }
}

impl<C, I, R, K, Conn> RunQueryDsl<Conn> for FixedUpdate<C, I, R, K> {}

/// A statement over any number of rows, given as one array a column: `head unnest($1, $2, …) end`.
///
/// PostgreSQL parses and plans it once; a `VALUES` list of as many binds as there are fields it would do anew for
/// each number of rows.
pub(crate) struct Columns<C, K = ()> {
    head: &'static str,
    columns: C,
    end: &'static str,
    kind: PhantomData<K>,
}

impl<C, K> Columns<C, K> {
    /// `head` ends with `unnest(`; `end` closes it.
    pub(crate) fn new(head: &'static str, columns: C, end: &'static str) -> Self {
        Columns {
            head,
            columns,
            end,
            kind: PhantomData,
        }
    }
}

impl<C, K: 'static> QueryId for Columns<C, K> {
    type QueryId = Columns<(), K>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<C: QueryFragment<Pg>, K> QueryFragment<Pg> for Columns<C, K> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        pass.push_sql(self.head);
        self.columns.walk_ast(pass.reborrow())?;
        pass.push_sql(self.end);
        Ok(())
    }
}

impl<C, K, Conn> RunQueryDsl<Conn> for Columns<C, K> {}

/// `INSERT INTO table (columns) SELECT * FROM unnest(`.
macro_rules! insert_columns {
    ($table:ident ($first:ident $($column:ident)*)) => {
        concat!(
            "INSERT INTO ", stringify!($table), " (\"", stringify!($first), "\""
            $(, ", \"", stringify!($column), "\"")*,
            ") SELECT * FROM unnest("
        )
    };
}
pub(crate) use insert_columns;

/// `UPDATE table SET column = given.column, … FROM unnest(`.
macro_rules! update_columns {
    ($table:ident ($first:ident $($column:ident)*)) => {
        concat!(
            "UPDATE ", stringify!($table), " SET \"", stringify!($first), "\" = given.\"", stringify!($first), "\""
            $(, ", \"", stringify!($column), "\" = given.\"", stringify!($column), "\"")*,
            " FROM unnest("
        )
    };
}
pub(crate) use update_columns;

/// ` ON CONFLICT (keys) DO UPDATE SET column = excluded.column, …`.
macro_rules! on_conflict {
    (($first_key:ident $($key:ident)*) ($first:ident $($column:ident)*)) => {
        concat!(
            " ON CONFLICT (\"", stringify!($first_key), "\"" $(, ", \"", stringify!($key), "\"")*,
            ") DO UPDATE SET \"", stringify!($first), "\" = excluded.\"", stringify!($first), "\""
            $(, ", \"", stringify!($column), "\" = excluded.\"", stringify!($column), "\"")*
        )
    };
}
pub(crate) use on_conflict;
