//! The macro that writes a table, its row struct and its bulk writes from one list of columns.

use std::fmt::DebugStruct;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::sql::{BoundId, BoundMoment};

/// A Rust type that a column may have.
pub(crate) trait Field {
    /// What Diesel binds for it.
    type Bind<'a>
    where
        Self: 'a;

    /// Itself as a bind.
    fn bind(&self) -> Self::Bind<'_>;

    /// Whether it holds a text with U+0000, which PostgreSQL cannot store.
    fn has_nul(&self) -> bool {
        false
    }

    /// Adds itself to a `Debug` output: ids, numbers and times only, since texts may be personal data.
    fn show(&self, _name: &str, _out: &mut DebugStruct<'_, '_>) {}
}

impl Field for String {
    type Bind<'a> = &'a str;

    fn bind(&self) -> &str {
        self
    }

    fn has_nul(&self) -> bool {
        self.as_bytes().contains(&0)
    }
}

impl Field for Vec<u8> {
    type Bind<'a> = &'a [u8];

    fn bind(&self) -> &[u8] {
        self
    }
}

impl<T: Field> Field for Option<T> {
    type Bind<'a>
        = Option<T::Bind<'a>>
    where
        T: 'a;

    fn bind(&self) -> Option<T::Bind<'_>> {
        self.as_ref().map(Field::bind)
    }

    fn has_nul(&self) -> bool {
        self.as_ref().is_some_and(Field::has_nul)
    }

    fn show(&self, name: &str, out: &mut DebugStruct<'_, '_>) {
        if let Some(value) = self {
            value.show(name, out);
        }
    }
}

macro_rules! plain {
    ($($rust:ty => $bind:ty, $as:expr;)+) => {$(
        impl Field for $rust {
            type Bind<'a> = $bind;

            fn bind(&self) -> $bind {
                $as(*self)
            }

            fn show(&self, name: &str, out: &mut DebugStruct<'_, '_>) {
                out.field(name, self);
            }
        }
    )+};
}

plain! {
    Uuid => BoundId, BoundId;
    DateTime<Utc> => BoundMoment, BoundMoment;
    bool => bool, std::convert::identity;
    i16 => i16, std::convert::identity;
    i32 => i32, std::convert::identity;
    i64 => i64, std::convert::identity;
}

/// A row of a table, as the bulk writes see it.
pub(crate) trait Record {
    /// The table's name.
    const TABLE: &'static str;
    /// The columns' names, in order.
    const COLUMNS: &'static [&'static str];

    /// The key's type.
    type Key<'a>: Ord
    where
        Self: 'a;

    /// The key.
    fn key(&self) -> Self::Key<'_>;

    /// Whether a text of the row holds U+0000.
    fn has_nul(&self) -> bool;
}

/// The last row of each key, in the order of keys: PostgreSQL refuses to replace a row twice in one
/// statement, and writers that lock rows in one order cannot deadlock.
pub(crate) fn last_of_each<T: Record>(mut rows: Vec<T>) -> Vec<T> {
    rows.reverse();
    rows.sort_by(|a, b| a.key().cmp(&b.key()));
    rows.dedup_by(|later, first| later.key() == first.key());
    rows
}

/// The rows of one `INSERT`: PostgreSQL takes at most 65,535 binds a statement.
pub(crate) const fn rows_per_statement(columns: usize) -> usize {
    let most = 60_000 / columns;
    if most < 1_000 { most } else { 1_000 }
}

/// Defines a table, its row and its writes:
///
/// ```text
/// record! {
///     /// One row.
///     ThingRow in things;
///     key { /// Its id. id: Uuid => Id }
///     fixed { /// Never updated. name: String => Text }
///     open { /// Updated. count: i64 => BigInt }
///     writes: insert, upsert
/// }
/// ```
///
/// `insert` writes new rows; `upsert` replaces the `open` columns where the key exists; `swap` replaces
/// them only where the stored `revision` is the row's own less one.
macro_rules! record {
    (
        $(#[$meta:meta])*
        $name:ident in $table:ident;
        key { $($(#[$kmeta:meta])* $key:ident: $krust:ty => $ksql:ty,)+ }
        $(fixed { $($(#[$fmeta:meta])* $fixed:ident: $frust:ty => $fsql:ty,)+ })?
        $(open { $($(#[$ometa:meta])* $open:ident: $orust:ty => $osql:ty,)+ })?
        writes: $($write:ident),*
    ) => {
        diesel::table! {
            use diesel::sql_types::*;
            use $crate::sql::*;

            $table ($($key),+) {
                $($key -> $ksql,)+
                $($($fixed -> $fsql,)+)?
                $($($open -> $osql,)+)?
            }
        }

        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, diesel::Queryable, diesel::Selectable)]
        #[diesel(table_name = $table)]
        pub struct $name {
            $($(#[$kmeta])* pub $key: $krust,)+
            $($($(#[$fmeta])* pub $fixed: $frust,)+)?
            $($($(#[$ometa])* pub $open: $orust,)+)?
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                use $crate::record::Field;
                let mut out = f.debug_struct(stringify!($name));
                $(self.$key.show(stringify!($key), &mut out);)+
                $($(self.$fixed.show(stringify!($fixed), &mut out);)+)?
                $($(self.$open.show(stringify!($open), &mut out);)+)?
                out.finish_non_exhaustive()
            }
        }

        impl $crate::record::Record for $name {
            const TABLE: &'static str = stringify!($table);
            const COLUMNS: &'static [&'static str] = &[
                $(stringify!($key),)+
                $($(stringify!($fixed),)+)?
                $($(stringify!($open),)+)?
            ];

            type Key<'a> = ($(&'a $krust,)+);

            fn key(&self) -> Self::Key<'_> {
                ($(&self.$key,)+)
            }

            fn has_nul(&self) -> bool {
                use $crate::record::Field;
                false
                    $(|| self.$key.has_nul())+
                    $($(|| self.$fixed.has_nul())+)?
                    $($(|| self.$open.has_nul())+)?
            }
        }

        $crate::record::bulk!(
            [$($write)*] $name $table
            ($($key)+)
            ($($key)+ $($($fixed)+)? $($($open)+)?)
            ($($($open)+)?)
        );
    };
}

/// Writes the bulk statements of [`record!`], each the same Diesel expression for both databases.
macro_rules! bulk {
    ([] $($rest:tt)+) => {};
    ([insert] $name:ident $table:ident $keys:tt ($($column:ident)+) $open:tt) => {
        impl $name {
            /// Inserts new rows.
            pub(crate) fn insert_all(conn: &mut $crate::any::AnyConn, rows: &[Self]) -> diesel::QueryResult<()> {
                use diesel::{ExpressionMethods, RunQueryDsl};
                use $crate::record::{Field, Record, rows_per_statement};
                let values = |row| {
                    let row: &Self = row;
                    ($($table::$column.eq(row.$column.bind()),)+)
                };
                match conn {
                    $crate::any::AnyConn::Sqlite(conn) => {
                        for row in rows {
                            diesel::insert_into($table::table).values(values(row)).execute(conn)?;
                        }
                    }
                    $crate::any::AnyConn::Pg(conn) => {
                        for rows in rows.chunks(rows_per_statement(Self::COLUMNS.len())) {
                            let values: Vec<_> = rows.iter().map(values).collect();
                            diesel::insert_into($table::table).values(values).execute(conn)?;
                        }
                    }
                }
                Ok(())
            }
        }
    };
    ([insert upsert] $($rest:tt)+) => {
        $crate::record::bulk!([insert] $($rest)+);
        $crate::record::bulk!([upsert] $($rest)+);
    };
    ([insert swap] $($rest:tt)+) => {
        $crate::record::bulk!([insert] $($rest)+);
        $crate::record::bulk!([swap] $($rest)+);
    };
    ([upsert] $name:ident $table:ident ($($key:ident)+) ($($column:ident)+) ($($open:ident)+)) => {
        impl $name {
            /// Inserts rows, replacing the changeable columns of those that exist.
            pub(crate) fn upsert_all(conn: &mut $crate::any::AnyConn, rows: &[Self]) -> diesel::QueryResult<()> {
                use diesel::{ExpressionMethods, RunQueryDsl};
                use $crate::record::{Field, Record, rows_per_statement};
                use $crate::fixed::{FixedInsert, Upsert, on_conflict};
                const CLAUSE: &str = on_conflict!(($($key)+) ($($open)+));
                let values = |row| {
                    let row: &Self = row;
                    ($($table::$column.eq(row.$column.bind()),)+)
                };
                match conn {
                    $crate::any::AnyConn::Sqlite(conn) => {
                        for row in rows {
                            let insert = diesel::insert_into($table::table).values(values(row));
                            FixedInsert::<_, Upsert<Self>>::new(insert, CLAUSE).execute(conn)?;
                        }
                    }
                    $crate::any::AnyConn::Pg(conn) => {
                        for rows in rows.chunks(rows_per_statement(Self::COLUMNS.len())) {
                            let values: Vec<_> = rows.iter().map(values).collect();
                            let insert = diesel::insert_into($table::table).values(values);
                            FixedInsert::<_, Upsert<Self>>::new(insert, CLAUSE).execute(conn)?;
                        }
                    }
                }
                Ok(())
            }
        }
    };
    ([swap] $name:ident $table:ident ($($key:ident)+) ($($column:ident)+) ($($open:ident)+)) => {
        impl $name {
            /// Replaces the changeable columns of rows whose stored revision is one less; returns how many were.
            ///
            /// On PostgreSQL an upsert takes many rows at once; on SQLite an update touches fewer indexes.
            pub(crate) fn swap_all(conn: &mut $crate::any::AnyConn, rows: &[Self]) -> diesel::QueryResult<usize> {
                use diesel::{AsChangeset, ExpressionMethods, RunQueryDsl};
                use $crate::record::{Field, Record, rows_per_statement};
                use $crate::fixed::{FixedInsert, FixedUpdate, Swap, on_conflict};
                const UPDATE: &str = concat!("UPDATE ", stringify!($table), " SET ");
                const CLAUSE: &str = concat!(
                    on_conflict!(($($key)+) ($($open)+)),
                    " WHERE ", stringify!($table), ".\"revision\" + 1 = excluded.\"revision\""
                );
                let values = |row| {
                    let row: &Self = row;
                    ($($table::$column.eq(row.$column.bind()),)+)
                };
                let mut swapped = 0;
                match conn {
                    $crate::any::AnyConn::Sqlite(conn) => {
                        for row in rows {
                            let changes = ($($table::$open.eq(row.$open.bind()),)+).as_changeset();
                            let id = $table::id.eq(row.id.bind());
                            let revision = $table::revision.eq(row.revision - 1);
                            swapped += FixedUpdate::<_, _, _, Swap<Self>>::new(UPDATE, changes, id, revision)
                                .execute(conn)?;
                        }
                    }
                    $crate::any::AnyConn::Pg(conn) => {
                        for rows in rows.chunks(rows_per_statement(Self::COLUMNS.len())) {
                            let values: Vec<_> = rows.iter().map(values).collect();
                            let insert = diesel::insert_into($table::table).values(values);
                            swapped += FixedInsert::<_, Swap<Self>>::new(insert, CLAUSE).execute(conn)?;
                        }
                    }
                }
                Ok(swapped)
            }
        }
    };
}

pub(crate) use bulk;
pub(crate) use record;
