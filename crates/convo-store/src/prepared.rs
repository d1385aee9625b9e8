//! Statements that stay prepared.

use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};

/// A statement whose SQL is the same for every row of a table: it is prepared once per connection.
///
/// Diesel prepares an upsert anew each time, since the columns of its `SET` could vary; here they are fixed by a
/// macro. `K` names the statement, so that its SQL need not be built to find it again: no two statements may have
/// the same `K`.
pub(crate) struct Prepared<T, K> {
    statement: T,
    kind: PhantomData<K>,
}

/// The `K` of the upsert of a row type.
pub(crate) struct Upsert<R>(PhantomData<R>);

/// The `K` of the compare-and-swap of a row type.
pub(crate) struct Swap<R>(PhantomData<R>);

impl<T, K> Prepared<T, K> {
    /// Marks a statement.
    pub(crate) fn new(statement: T) -> Self {
        Prepared {
            statement,
            kind: PhantomData,
        }
    }
}

impl<T, K: 'static> QueryId for Prepared<T, K> {
    type QueryId = Prepared<(), K>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<DB: Backend, T: QueryFragment<DB>, K> QueryFragment<DB> for Prepared<T, K> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.statement.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _backend: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<T, K, Conn> RunQueryDsl<Conn> for Prepared<T, K> {}
