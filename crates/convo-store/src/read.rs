//! Reads: bulk look-ups by key for the writer, lists for the views. Every list is bounded or belongs to one record.

mod analytics;
mod answer;
mod audit;
mod backlog;
mod conversation;
mod export;
mod gate;
mod handover;
mod ledger;
mod message;
mod operations;
mod outbox;
mod people;
mod provider;
mod timer;
mod verify;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use uuid::Uuid;

use crate::any::AnyConn;
use crate::error::{StoreError, StoreResult};

pub use analytics::{FigureList, Interval, SentOne, WaitFigures};
pub use audit::StepRow;
pub use backlog::{Attention, Backlog, COUNTED, NOTICED, Waiting};
pub use conversation::{ConversationList, Sort};
pub use export::{ExportFilter, ExportedText, MessageSize};
pub use gate::SentMail;
pub use ledger::{Head, LogFilter};
pub use message::{MessageArrival, MessageFacts, MessageHead, MessageLabel, MessageNode};
pub use operations::OpenReviews;
pub use people::LeadList;
pub use verify::{LogSpan, Recount};

/// Reads on one connection: inside the writer's transaction, or on one of the pool.
pub struct Reader<'a> {
    pub(crate) conn: &'a mut AnyConn,
}

/// Where a list goes on: the sort time and the id of the last row seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The sort time.
    pub at: DateTime<Utc>,
    /// The id.
    pub id: Uuid,
}

/// Loads the rows of a table whose column is one of the keys, as `$row`, with statements that stay prepared: one
/// for each key on SQLite, where a call costs little, and one over an array of keys on PostgreSQL.
macro_rules! by_keys {
    ($reader:expr, $table:ident, $column:ident, $row:ty, $keys:expr, $bind:expr) => {{
        let keys = $keys;
        let mut keys: Vec<_> = keys.iter().collect();
        keys.sort_unstable();
        keys.dedup();
        let rows: diesel::QueryResult<Vec<$row>> = match $reader.conn {
            $crate::any::AnyConn::Sqlite(conn) => {
                let mut rows = Vec::with_capacity(keys.len());
                let mut load = |key| {
                    let one = $table::table
                        .filter($table::$column.eq(key))
                        .select(<$row>::as_select());
                    one.load::<$row>(conn).map(|found| rows.extend(found))
                };
                let loaded = keys.into_iter().map($bind).try_for_each(&mut load);
                loaded.map(|()| rows)
            }
            $crate::any::AnyConn::Pg(conn) if keys.is_empty() => {
                let _ = conn;
                Ok(Vec::new())
            }
            $crate::any::AnyConn::Pg(conn) => $table::table
                .filter($table::$column.eq_any(keys.into_iter().map($bind)))
                .select(<$row>::as_select())
                .load(conn),
        };
        $crate::read::at(stringify!($table), rows)
    }};
}
pub(crate) use by_keys;

/// A query in the order of a time and the id, newest or oldest first, going on after a cursor. The
/// time is compared alone as well, so that both databases begin to walk the index there.
macro_rules! page {
    ($query:expr, $table:ident, $column:ident, $after:expr, $order:ident) => {
        $crate::read::page!($query, $table, $column, id, $after, $order)
    };
    ($query:expr, $table:ident, $column:ident, $id:ident, $after:expr, desc) => {
        $crate::read::page!(@ $query, $table, $column, $id, $after, le, lt, desc)
    };
    ($query:expr, $table:ident, $column:ident, $id:ident, $after:expr, asc) => {
        $crate::read::page!(@ $query, $table, $column, $id, $after, ge, gt, asc)
    };
    (@ $query:expr, $table:ident, $column:ident, $id:ident, $after:expr, $from:ident, $past:ident, $order:ident) => {{
        let mut query = $query;
        if let Some(after) = $after {
            let time = $crate::sql::BoundMoment(after.at);
            let id = $crate::sql::BoundId(after.id);
            let tie = $table::$column.eq(time).and($table::$id.$past(id));
            query = query
                .filter($table::$column.$from(time))
                .filter($table::$column.$past(time).or(tie));
        }
        query.order(($table::$column.$order(), $table::$id.$order()))
    }};
}
pub(crate) use page;

pub(crate) fn at<T>(table: &'static str, result: QueryResult<T>) -> StoreResult<T> {
    result.map_err(|error| StoreError::at(table, error))
}

/// The keys that may be asked for: PostgreSQL refuses U+0000, and no row has it.
pub(crate) fn texts(keys: &[String]) -> Vec<&str> {
    keys.iter()
        .map(String::as_str)
        .filter(|key| !key.contains('\0'))
        .collect()
}

/// The half-open range of texts that begin with a prefix, in code point order; none if there is no end.
pub(crate) fn prefix_range(prefix: &str) -> Option<(String, String)> {
    let mut end: Vec<char> = prefix.chars().collect();
    while let Some(last) = end.pop() {
        if let Some(next) = successor(last) {
            end.push(next);
            return Some((prefix.to_owned(), end.into_iter().collect()));
        }
    }
    None
}

fn successor(c: char) -> Option<char> {
    match c {
        '\u{D7FF}' => Some('\u{E000}'),
        char::MAX => None,
        c => char::from_u32(u32::from(c) + 1),
    }
}
