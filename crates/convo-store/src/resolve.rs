//! What an `INSERT` does with rows that exist, as text that both databases understand.

use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};

/// An `INSERT` followed by its `ON CONFLICT` clause.
///
/// Diesel has such a clause, but prepares the statement anew each time, since the columns of its `SET` could vary.
/// Here they are fixed, and on SQLite preparing costs more than running. `K` names the statement, so that its
/// SQL need not be built to find it prepared: no two statements may have the same `K`.
pub(crate) struct Resolving<T, K> {
    insert: T,
    clause: &'static str,
    kind: PhantomData<K>,
}

/// The `K` of the upsert of a row type.
pub(crate) struct Upsert<R>(PhantomData<R>);

/// The `K` of the compare-and-swap of a row type.
pub(crate) struct Swap<R>(PhantomData<R>);

impl<T, K> Resolving<T, K> {
    /// An `INSERT` with the clause, which begins with a blank.
    pub(crate) fn new(insert: T, clause: &'static str) -> Self {
        Resolving {
            insert,
            clause,
            kind: PhantomData,
        }
    }
}

impl<T, K: 'static> QueryId for Resolving<T, K> {
    type QueryId = Resolving<(), K>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<DB: Backend, T: QueryFragment<DB>, K> QueryFragment<DB> for Resolving<T, K> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.insert.walk_ast(pass.reborrow())?;
        pass.push_sql(self.clause);
        Ok(())
    }
}

impl<T, K, Conn> RunQueryDsl<Conn> for Resolving<T, K> {}

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
