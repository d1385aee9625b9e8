//! A fresh database per test: a temporary SQLite file, and a database in the cluster that
//! `CONVO_TEST_POSTGRES_URL` names.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, Utc};
use convo_store::{Birth, Store, StoreOptions};
use diesel::{Connection, PgConnection, connection::SimpleConnection};
use tempfile::TempDir;
use uuid::Uuid;

/// A fresh database, migrated unless said otherwise.
pub struct Fresh {
    pub store: Store,
    pub url: String,
    _folder: Option<TempDir>,
}

/// The time at which all test databases were born.
pub fn born() -> DateTime<Utc> {
    DateTime::from_timestamp_micros(1_767_225_600_123_456).unwrap()
}

pub fn birth() -> Birth {
    Birth {
        reply_key: vec![1; 32],
        hash_key: vec![2; 32],
        epoch: Uuid::from_u128(7),
        at: born(),
    }
}

/// Runs a test on SQLite, and on PostgreSQL where there is one.
pub fn on_both(test: impl Fn(&Fresh)) {
    for fresh in empty() {
        fresh.store.migrate(&birth()).unwrap();
        test(&fresh);
    }
}

/// Databases without a schema.
pub fn empty() -> Vec<Fresh> {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("convo.db").display());
    let sqlite = Fresh {
        store: open(&url),
        url,
        _folder: Some(folder),
    };
    let postgres = postgres_url().map(|url| Fresh {
        store: open(&url),
        url,
        _folder: None,
    });
    [Some(sqlite), postgres].into_iter().flatten().collect()
}

fn open(url: &str) -> Store {
    Store::open(
        url,
        StoreOptions {
            readers: 4,
            ..StoreOptions::default()
        },
    )
    .unwrap()
}

/// Makes a database in the cluster.
#[allow(
    clippy::disallowed_methods,
    reason = "tests are told by the environment where the cluster is"
)]
fn postgres_url() -> Option<String> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let Ok(admin) = std::env::var("CONVO_TEST_POSTGRES_URL") else {
        assert!(
            std::env::var("CI").is_err(),
            "CONVO_TEST_POSTGRES_URL is not set"
        );
        println!("skipped: CONVO_TEST_POSTGRES_URL is not set");
        return None;
    };
    let name = format!(
        "store_{}_{}",
        std::process::id(),
        NUMBER.fetch_add(1, Ordering::Relaxed)
    );
    let _guard = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut conn = PgConnection::establish(&admin).expect("the cluster answers");
    conn.batch_execute(&format!("DROP DATABASE IF EXISTS {name}; "))
        .unwrap();
    conn.batch_execute(&format!("CREATE DATABASE {name}"))
        .unwrap();
    Some(with_database(&admin, &name))
}

/// The URL with another database name.
fn with_database(admin: &str, name: &str) -> String {
    let (scheme, rest) = admin.split_once("://").expect("a URL");
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = before.split('/').next().unwrap_or_default();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{scheme}://{authority}/{name}{mark}{query}")
}
