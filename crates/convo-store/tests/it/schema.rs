//! Migrations, and the two schemas side by side.

use std::collections::BTreeMap;

use convo_store::{Birth, Store, StoreError, StoreOptions};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use uuid::Uuid;

use crate::database::{birth, empty, on_both};

/// The versions of all migrations.
const STEPS: [&str; 2] = ["00000000000001", "00000000000002"];

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    nullable: bool,
}

/// Columns by (table, name): class of the type, and whether NULL is allowed.
type Columns = BTreeMap<(String, String), (String, bool)>;

fn columns(url: &str) -> Columns {
    let rows: Vec<Column> = match url.strip_prefix("sqlite://") {
        Some(path) => diesel::sql_query(
            "SELECT m.name AS table_name, c.name AS column_name, c.type AS kind, \
             c.\"notnull\" = 0 AS nullable \
             FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'",
        )
        .load(&mut SqliteConnection::establish(path).unwrap()),
        None => diesel::sql_query(
            "SELECT table_name::text, column_name::text, data_type::text AS kind, \
             is_nullable = 'YES' AS nullable \
             FROM information_schema.columns WHERE table_schema = 'public'",
        )
        .load(&mut PgConnection::establish(url).unwrap()),
    }
    .unwrap();
    let ours = rows
        .into_iter()
        .filter(|row| !row.table_name.starts_with("__"));
    ours.map(|row| {
        (
            (row.table_name, row.column_name),
            (class(&row.kind).to_owned(), row.nullable),
        )
    })
    .collect()
}

/// What SQLite calls the type.
fn class(kind: &str) -> &str {
    match kind {
        "uuid" | "bytea" => "BLOB",
        "text" => "TEXT",
        "smallint" | "integer" | "bigint" | "boolean" | "timestamp with time zone" => "INTEGER",
        other => other,
    }
}

#[test]
fn both_databases_have_the_columns_of_the_rows() {
    on_both(|fresh| {
        let found = columns(&fresh.url);
        let mut expected: Vec<(String, String)> = Store::columns()
            .map(|(table, column)| (table.to_owned(), column.to_owned()))
            .collect();
        expected.sort();
        assert_eq!(found.keys().cloned().collect::<Vec<_>>(), expected);
    });
}

#[test]
fn both_databases_have_equal_columns() {
    let schemas: Vec<Columns> = empty()
        .iter()
        .map(|fresh| {
            fresh.store.migrate(&birth()).unwrap();
            columns(&fresh.url)
        })
        .collect();
    for two in schemas.windows(2) {
        assert_eq!(two[0], two[1]);
    }
}

#[test]
fn migrating_twice_changes_nothing() {
    for fresh in empty() {
        assert_eq!(fresh.store.ready().unwrap(), STEPS);
        assert_eq!(fresh.store.migrate(&birth()).unwrap(), STEPS);
        assert_eq!(fresh.store.ready().unwrap(), Vec::<String>::new());
        let other = Birth {
            epoch: Uuid::from_u128(8),
            reply_key: vec![9; 32],
            ..birth()
        };
        assert_eq!(fresh.store.migrate(&other).unwrap(), Vec::<String>::new());
        let (instance, head) = fresh
            .store
            .read(|reader| Ok::<_, StoreError>((reader.instance()?, reader.head()?)))
            .unwrap();
        assert_eq!(instance.reply_key, vec![1; 32]);
        assert_eq!((head.seq, head.epoch), (0, Uuid::from_u128(7)));
    }
}

#[test]
fn racing_migrations_run_once() {
    for fresh in empty() {
        let ran: usize = std::thread::scope(|scope| {
            let all: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| fresh.store.migrate(&birth()).unwrap().len()))
                .collect();
            all.into_iter().map(|one| one.join().unwrap()).sum()
        });
        assert_eq!(ran, STEPS.len());
    }
}

#[test]
fn a_missing_database_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no").join("such").join("folder.db");
    let options = || StoreOptions {
        lock_timeout: std::time::Duration::from_millis(200),
        ..StoreOptions::default()
    };
    let socket = folder.path().display().to_string().replace('/', "%2F");
    for url in [
        format!("sqlite://{}", path.display()),
        format!("postgres://{socket}/convo"),
    ] {
        let store = Store::open(&url, options()).unwrap();
        assert!(store.ready().unwrap_err().is_unavailable(), "{url}");
        assert!(
            store.migrate(&birth()).unwrap_err().is_unavailable(),
            "{url}"
        );
        assert!(!folder.path().join("convo").exists());
    }
}

#[test]
fn a_locked_database_is_unavailable() {
    let fresh = &empty()[0];
    fresh.store.migrate(&birth()).unwrap();
    let options = StoreOptions {
        lock_timeout: std::time::Duration::from_millis(50),
        ..StoreOptions::default()
    };
    let impatient = Store::open(&fresh.url, options).unwrap();
    let mut writer = fresh.store.writer();
    writer
        .commit(|_| {
            let refused = crate::rows::commit(&mut impatient.writer(), crate::rows::pair(1, 2));
            let away = matches!(
                refused,
                Err(convo_store::CommitError::Store(StoreError::Unavailable(_)))
            );
            assert!(away, "{refused:?}");
            Ok::<_, StoreError>((crate::rows::pair(1, 2), ()))
        })
        .unwrap();
}

#[test]
fn a_lost_connection_is_unavailable_once() {
    on_both(|fresh| {
        if fresh.url.starts_with("sqlite") {
            return;
        }
        let mut writer = fresh.store.writer();
        crate::rows::commit(&mut writer, crate::rows::pair(1, 2)).unwrap();
        fresh.store.read(|reader| reader.head()).unwrap();
        diesel::sql_query(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .execute(&mut PgConnection::establish(&fresh.url).unwrap())
        .unwrap();
        let refused = crate::rows::commit(&mut writer, crate::rows::pair(3, 4)).unwrap_err();
        let away =
            matches!(&refused, convo_store::CommitError::Store(error) if error.is_unavailable());
        assert!(away, "{refused:?}");
        crate::rows::commit(&mut writer, crate::rows::pair(3, 4)).unwrap();
        fresh.store.read(|reader| reader.head()).unwrap();
        assert_eq!(fresh.store.ready().unwrap(), Vec::<String>::new());
    });
}
