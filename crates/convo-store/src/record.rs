//! The macro that writes a table, its row struct and its bulk writes from one list of columns.

use std::fmt::DebugStruct;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
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

    /// Itself as JSON, the same for both databases: bytes in base64, times in microseconds since 1970.
    fn to_json(&self) -> Value;

    /// What [`Field::to_json`] wrote; none for anything else.
    fn from_json(value: Value) -> Option<Self>
    where
        Self: Sized;
}

impl Field for String {
    type Bind<'a> = &'a str;

    fn bind(&self) -> &str {
        self
    }

    fn has_nul(&self) -> bool {
        self.as_bytes().contains(&0)
    }

    fn to_json(&self) -> Value {
        self.as_str().into()
    }

    fn from_json(value: Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

impl Field for Vec<u8> {
    type Bind<'a> = &'a [u8];

    fn bind(&self) -> &[u8] {
        self
    }

    fn to_json(&self) -> Value {
        STANDARD.encode(self).into()
    }

    fn from_json(value: Value) -> Option<Self> {
        STANDARD.decode(value.as_str()?).ok()
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

    fn to_json(&self) -> Value {
        self.as_ref().map_or(Value::Null, Field::to_json)
    }

    fn from_json(value: Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::from_json(value).map(Some),
        }
    }
}

macro_rules! plain {
    ($($rust:ty => $bind:ty, $as:expr, $to:expr, $from:expr;)+) => {$(
        impl Field for $rust {
            type Bind<'a> = $bind;

            fn bind(&self) -> $bind {
                $as(*self)
            }

            fn show(&self, name: &str, out: &mut DebugStruct<'_, '_>) {
                out.field(name, self);
            }

            fn to_json(&self) -> Value {
                $to(*self)
            }

            fn from_json(value: Value) -> Option<Self> {
                $from(value)
            }
        }
    )+};
}

plain! {
    Uuid => BoundId, BoundId, |id: Uuid| id.to_string().into(), |value: Value| value.as_str()?.parse().ok();
    DateTime<Utc> => BoundMoment, BoundMoment, |at: DateTime<Utc>| at.timestamp_micros().into(), |value: Value| DateTime::from_timestamp_micros(value.as_i64()?);
    bool => bool, std::convert::identity, Value::from, |value: Value| value.as_bool();
    i16 => i16, std::convert::identity, Value::from, |value: Value| value.as_i64()?.try_into().ok();
    i32 => i32, std::convert::identity, Value::from, |value: Value| value.as_i64()?.try_into().ok();
    i64 => i64, std::convert::identity, Value::from, |value: Value| value.as_i64();
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

    /// The row as an object of JSON, by column.
    fn to_json(&self) -> Value;

    /// What [`Record::to_json`] wrote; the first column that is missing or holds something else is the error.
    fn from_json(members: &mut Map<String, Value>) -> Result<Self, &'static str>
    where
        Self: Sized;
}

/// Takes one column out of a row of JSON.
pub(crate) fn take<T: Field>(
    members: &mut Map<String, Value>,
    column: &'static str,
) -> Result<T, &'static str> {
    let value = members.remove(column).ok_or(column)?;
    T::from_json(value).ok_or(column)
}

/// The last row of each key, in the order of keys: PostgreSQL refuses to replace a row twice in one
/// statement, and writers that lock rows in one order cannot deadlock.
pub(crate) fn last_of_each<T: Record>(mut rows: Vec<T>) -> Vec<T> {
    rows.reverse();
    rows.sort_by(|a, b| a.key().cmp(&b.key()));
    rows.dedup_by(|later, first| later.key() == first.key());
    rows
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
///     busy { /// Updated all the time. at: DateTime<Utc> => Moment }
///     writes: insert, upsert
/// }
/// ```
///
/// `insert` writes new rows; `upsert` replaces the `open` columns where the key exists; `swap` replaces
/// the `open` and `busy` ones only where the stored `revision` is the row's own less one; `swap_busy`
/// replaces the `busy` ones alone and leaves the indexes of the others in peace.
macro_rules! record {
    (
        $(#[$meta:meta])*
        $name:ident in $table:ident;
        key { $($(#[$kmeta:meta])* $key:ident: $krust:ty => $ksql:ty,)+ }
        $(fixed { $($(#[$fmeta:meta])* $fixed:ident: $frust:ty => $fsql:ty,)+ })?
        $(open { $($(#[$ometa:meta])* $open:ident: $orust:ty => $osql:ty,)+ })?
        $(busy { $($(#[$bmeta:meta])* $busy:ident: $brust:ty => $bsql:ty,)+ })?
        writes: $($write:ident),*
    ) => {
        diesel::table! {
            use diesel::sql_types::*;
            use $crate::sql::*;

            $table ($($key),+) {
                $($key -> $ksql,)+
                $($($fixed -> $fsql,)+)?
                $($($open -> $osql,)+)?
                $($($busy -> $bsql,)+)?
            }
        }

        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, diesel::Queryable, diesel::Selectable)]
        #[diesel(table_name = $table)]
        pub struct $name {
            $($(#[$kmeta])* pub $key: $krust,)+
            $($($(#[$fmeta])* pub $fixed: $frust,)+)?
            $($($(#[$ometa])* pub $open: $orust,)+)?
            $($($(#[$bmeta])* pub $busy: $brust,)+)?
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                use $crate::record::Field;
                let mut out = f.debug_struct(stringify!($name));
                $(self.$key.show(stringify!($key), &mut out);)+
                $($(self.$fixed.show(stringify!($fixed), &mut out);)+)?
                $($(self.$open.show(stringify!($open), &mut out);)+)?
                $($(self.$busy.show(stringify!($busy), &mut out);)+)?
                out.finish_non_exhaustive()
            }
        }

        impl $crate::record::Record for $name {
            const TABLE: &'static str = stringify!($table);
            const COLUMNS: &'static [&'static str] = &[
                $(stringify!($key),)+
                $($(stringify!($fixed),)+)?
                $($(stringify!($open),)+)?
                $($(stringify!($busy),)+)?
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
                    $($(|| self.$busy.has_nul())+)?
            }

            fn to_json(&self) -> serde_json::Value {
                use $crate::record::Field;
                let mut members = serde_json::Map::new();
                $(members.insert(stringify!($key).to_owned(), self.$key.to_json());)+
                $($(members.insert(stringify!($fixed).to_owned(), self.$fixed.to_json());)+)?
                $($(members.insert(stringify!($open).to_owned(), self.$open.to_json());)+)?
                $($(members.insert(stringify!($busy).to_owned(), self.$busy.to_json());)+)?
                members.into()
            }

            fn from_json(
                members: &mut serde_json::Map<String, serde_json::Value>,
            ) -> Result<Self, &'static str> {
                use $crate::record::take;
                Ok(Self {
                    $($key: take(members, stringify!($key))?,)+
                    $($($fixed: take(members, stringify!($fixed))?,)+)?
                    $($($open: take(members, stringify!($open))?,)+)?
                    $($($busy: take(members, stringify!($busy))?,)+)?
                })
            }
        }

        $crate::record::bulk!(
            [$($write)*] $name $table
            ($($key)+)
            ($($key)+ $($($fixed)+)? $($($open)+)? $($($busy)+)?)
            ($($($open)+)? $($($busy)+)?)
            ($($($busy)+)?)
        );
    };
}

/// Writes the bulk statements of [`record!`], each the same Diesel expression for both databases.
macro_rules! bulk {
    ([] $($rest:tt)+) => {};
    ([insert] $name:ident $table:ident $keys:tt ($($column:ident)+) $open:tt $busy:tt) => {
        impl $name {
            /// Inserts new rows.
            pub(crate) fn insert_all(conn: &mut $crate::any::AnyConn, rows: &[Self]) -> diesel::QueryResult<()> {
                use diesel::{ExpressionMethods, RunQueryDsl};
                use $crate::record::Field;
                match conn {
                    $crate::any::AnyConn::Sqlite(conn) => {
                        for row in rows {
                            let values = ($($table::$column.eq(row.$column.bind()),)+);
                            diesel::insert_into($table::table).values(values).execute(conn)?;
                        }
                    }
                    $crate::any::AnyConn::Pg(conn) => {
                        Self::inserting(rows).execute(conn)?;
                    }
                }
                Ok(())
            }

            /// The same as one statement of PostgreSQL, to be sent alone or with others.
            pub(crate) fn inserting(rows: &[Self]) -> $crate::together::Part<'_> {
                use $crate::fixed::{Columns, insert_columns};
                use $crate::record::{Field, columns};
                const INSERT: &str = insert_columns!($table ($($column)+));
                let columns = columns!(rows $table ($($column)+));
                $crate::together::Part::new(Columns::<_, ()>::new(INSERT, columns, ")"))
            }
        }
    };
    ([insert upsert] $($rest:tt)+) => {
        $crate::record::bulk!([insert] $($rest)+);
        $crate::record::bulk!([upsert] $($rest)+);
    };
    ([insert swap $($more:ident)*] $($rest:tt)+) => {
        $crate::record::bulk!([insert] $($rest)+);
        $crate::record::bulk!([swap] $($rest)+);
        $crate::record::bulk!([$($more)*] $($rest)+);
    };
    ([upsert] $name:ident $table:ident ($($key:ident)+) ($($column:ident)+) ($($open:ident)+) ()) => {
        impl $name {
            /// Inserts rows, replacing the changeable columns of those that exist.
            pub(crate) fn upsert_all(conn: &mut $crate::any::AnyConn, rows: &[Self]) -> diesel::QueryResult<()> {
                use diesel::{ExpressionMethods, RunQueryDsl};
                use $crate::fixed::{FixedInsert, Upsert, on_conflict};
                use $crate::record::Field;
                const CLAUSE: &str = on_conflict!(($($key)+) ($($open)+));
                match conn {
                    $crate::any::AnyConn::Sqlite(conn) => {
                        for row in rows {
                            let values = ($($table::$column.eq(row.$column.bind()),)+);
                            let insert = diesel::insert_into($table::table).values(values);
                            FixedInsert::<_, Upsert<Self>>::new(insert, CLAUSE).execute(conn)?;
                        }
                    }
                    $crate::any::AnyConn::Pg(conn) => {
                        Self::upserting(rows).execute(conn)?;
                    }
                }
                Ok(())
            }

            /// The same as one statement of PostgreSQL, to be sent alone or with others.
            pub(crate) fn upserting(rows: &[Self]) -> $crate::together::Part<'_> {
                use $crate::fixed::{Columns, insert_columns, on_conflict};
                use $crate::record::{Field, columns};
                const INSERT: &str = insert_columns!($table ($($column)+));
                const END: &str = concat!(")", on_conflict!(($($key)+) ($($open)+)));
                let columns = columns!(rows $table ($($column)+));
                $crate::together::Part::new(Columns::<_, ()>::new(INSERT, columns, END))
            }
        }
    };
    ([swap] $name:ident $table:ident $keys:tt $columns:tt $open:tt $busy:tt) => {
        $crate::record::swap!(
            /// Replaces the changeable columns of rows whose stored revision is one less; returns how many were.
            swap_all, Swap, $name $table $open
        );
    };
    ([swap_busy] $name:ident $table:ident $keys:tt $columns:tt $open:tt $busy:tt) => {
        $crate::record::swap!(
            /// Like `swap_all` for rows of which nothing but the busy columns has changed.
            swap_busy, SwapBusy, $name $table $busy
        );
    };
}

/// Writes one compare-and-swap by revision. Every row's revision is at least 1.
macro_rules! swap {
    ($(#[$meta:meta])* $function:ident, $kind:ident, $name:ident $table:ident ($($open:ident)+)) => {
        impl $name {
            $(#[$meta])*
            pub(crate) fn $function(conn: &mut $crate::any::AnyConn, rows: &[Self]) -> diesel::QueryResult<usize> {
                use diesel::{AsChangeset, ExpressionMethods, RunQueryDsl};
                use $crate::fixed::{Columns, FixedUpdate, $kind, update_columns};
                use $crate::record::{Field, columns};
                const UPDATE: &str = concat!("UPDATE ", stringify!($table), " SET ");
                const SWAP: &str = update_columns!($table ($($open)+));
                const END: &str = concat!(
                    ") AS given(\"id\"" $(, ", \"", stringify!($open), "\"")+, ") WHERE ",
                    stringify!($table), ".\"id\" = given.\"id\" AND ",
                    stringify!($table), ".\"revision\" + 1 = given.\"revision\""
                );
                match conn {
                    $crate::any::AnyConn::Sqlite(conn) => rows.iter().try_fold(0, |swapped, row| {
                        let changes = ($($table::$open.eq(row.$open.bind()),)+).as_changeset();
                        let id = $table::id.eq(row.id.bind());
                        let revision = $table::revision.eq(row.revision - 1);
                        let update = FixedUpdate::<_, _, _, $kind<Self>>::new(UPDATE, changes, id, revision);
                        Ok(swapped + update.execute(conn)?)
                    }),
                    $crate::any::AnyConn::Pg(conn) => {
                        let columns = columns!(rows $table (id $($open)+));
                        Columns::<_, $kind<Self>>::new(SWAP, columns, END).execute(conn)
                    }
                }
            }
        }
    };
}

/// The columns of rows as arrays, which PostgreSQL takes as one bind each.
macro_rules! columns {
    ($rows:ident $table:ident ($($column:ident)+)) => {
        ($(
            {
                use diesel::IntoSql;
                let column: Vec<_> = $rows.iter().map(|row| row.$column.bind()).collect();
                column.into_sql::<diesel::sql_types::Array<diesel::dsl::SqlTypeOf<$table::$column>>>()
            },
        )+)
    };
}

pub(crate) use bulk;
pub(crate) use columns;
pub(crate) use record;
pub(crate) use swap;
