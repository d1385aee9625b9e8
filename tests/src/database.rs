//! Fresh databases, and a look into them past the server.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::NoTls;

use crate::guardian;

/// The administrator's URL of a PostgreSQL server, set by `cargo xtask test`.
pub(crate) const POSTGRES: &str = "CONVO_TEST_POSTGRES_URL";

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    Sqlite,
    /// A database of the PostgreSQL server of this test run.
    Postgres,
}

/// An empty database; dropped with this value.
pub struct Database {
    kind: Kind,
    url: String,
    file: PathBuf,
    /// Where it is dropped; `None` where it goes with its server.
    admin: Option<String>,
}

impl Database {
    /// Makes one on a PostgreSQL server of the test's own.
    pub(crate) async fn on_own(server: &str, name: &str) -> Database {
        execute(
            &format!("{server}/postgres"),
            &format!("CREATE DATABASE {name}"),
        )
        .await;
        Database {
            kind: Kind::Postgres,
            url: format!("{server}/{name}"),
            file: guardian::folder().join("convo.db"),
            admin: None,
        }
    }

    /// Makes an SQLite file in this folder.
    pub fn sqlite_in(folder: &Path) -> Database {
        let file = folder.join("convo.db");
        Database {
            kind: Kind::Sqlite,
            url: format!("sqlite://{}", file.display()),
            file,
            admin: None,
        }
    }

    /// Makes one.
    pub async fn create(kind: Kind) -> Database {
        let file = guardian::folder().join("convo.db");
        let url = match kind {
            Kind::Sqlite => format!("sqlite://{}", file.display()),
            Kind::Postgres => {
                static COUNT: AtomicU32 = AtomicU32::new(0);
                let count = COUNT.fetch_add(1, Ordering::Relaxed);
                let name = format!("convo_{}_{count}", std::process::id());
                execute(&admin(), &format!("CREATE DATABASE {name}")).await;
                let admin = admin();
                let (server, _) = admin.rsplit_once('/').expect("a URL with a database");
                format!("{server}/{name}")
            }
        };
        let admin = (kind == Kind::Postgres).then(admin);
        Database {
            kind,
            url,
            file,
            admin,
        }
    }

    /// Which one it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What `CONVO_DATABASE__URL` takes.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The folder of the SQLite file and what lies beside it.
    pub fn folder(&self) -> &Path {
        self.file.parent().expect("a folder")
    }

    /// Every table with its rows, each row as text with all its columns.
    pub async fn dump(&self) -> Vec<(String, Vec<String>)> {
        match self.kind {
            Kind::Sqlite => dump_sqlite(&self.file),
            Kind::Postgres => dump_postgres(&self.url).await,
        }
    }

    /// Takes away what keeps the audit and the event log append-only, as who tampers with them would.
    pub async fn unlock_audit(&self) {
        let on = [
            (
                "conversation_state_transitions",
                "audit",
                &["deleted", "changed", "chained_anew"][..],
            ),
            ("event_log", "log", &["deleted", "changed"]),
            (
                "conversation_metadata",
                "metadata",
                &["deleted", "changed", "rewritten", "salted_anew", "emptied"],
            ),
        ];
        for (table, prefix, triggers) in on {
            for trigger in triggers {
                let of = match self.kind {
                    Kind::Sqlite => String::new(),
                    Kind::Postgres => format!(" ON {table}"),
                };
                self.execute(&format!("DROP TRIGGER {prefix}_{trigger}{of}"))
                    .await;
            }
        }
    }

    /// Runs a statement.
    pub async fn execute(&self, sql: &str) {
        match self.kind {
            Kind::Sqlite => open(&self.file)
                .execute_batch(sql)
                .unwrap_or_else(|cause| panic!("{sql}: {cause}")),
            Kind::Postgres => execute(&self.url, sql).await,
        }
    }

    /// One number by SQL that both databases understand.
    pub async fn count(&self, sql: &str) -> i64 {
        match self.kind {
            Kind::Sqlite => open(&self.file)
                .query_row(sql, [], |row| row.get(0))
                .unwrap_or_else(|cause| panic!("{sql}: {cause}")),
            Kind::Postgres => {
                let client = connect(&self.url).await;
                let row = client.query_one(sql, &[]).await;
                row.unwrap_or_else(|cause| panic!("{sql}: {cause}")).get(0)
            }
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (Some(admin), Some((_, name))) = (self.admin.clone(), self.url.rsplit_once('/')) else {
            return;
        };
        let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        // A thread of its own: this value is dropped inside a runtime, which must not be blocked on itself.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(execute(&admin, &sql));
        });
        let _ = dropped.join();
    }
}

fn admin() -> String {
    std::env::var(POSTGRES).unwrap_or_else(|_| panic!("{POSTGRES} is not set"))
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .expect("the PostgreSQL of the tests answers");
    tokio::spawn(connection);
    client
}

async fn execute(url: &str, sql: &str) {
    let client = connect(url).await;
    let done = client.batch_execute(sql).await;
    // In full: what the server says stands in what the error was caused by.
    done.unwrap_or_else(|cause| panic!("{sql}: {cause:?}"));
}

fn open(file: &Path) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(file).expect("the SQLite file");
    connection
        .busy_timeout(crate::wait::DEADLINE)
        .expect("a time-out");
    connection
}

fn dump_sqlite(file: &Path) -> Vec<(String, Vec<String>)> {
    let connection = open(file);
    let strings = |sql: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).expect("a statement");
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            let cells = (0..columns).map(|column| row.get_ref(column).map(cell));
            Ok(cells.collect::<Result<Vec<_>, _>>()?.join("|"))
        });
        rows.expect("rows").map(|row| row.expect("a row")).collect()
    };
    strings("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        .into_iter()
        .map(|table| {
            let rows = strings(&format!("SELECT * FROM \"{table}\""));
            (table, rows)
        })
        .collect()
}

/// Text as it is; binary JSON and other bytes as their readable part.
fn cell(value: rusqlite::types::ValueRef<'_>) -> String {
    use rusqlite::types::ValueRef;
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
    }
}

async fn dump_postgres(url: &str) -> Vec<(String, Vec<String>)> {
    let client = connect(url).await;
    let tables = client
        .query(
            "SELECT table_name::text FROM information_schema.tables \
             WHERE table_schema = 'public' ORDER BY table_name",
            &[],
        )
        .await
        .expect("the list of tables");
    let mut dump = Vec::new();
    for table in tables {
        let table: String = table.get(0);
        let sql = format!("SELECT t::text FROM \"{table}\" t");
        let rows = client.query(&sql, &[]).await.expect("rows");
        let rows = rows.iter().map(|row| with_bytes(row.get(0)));
        dump.push((table, rows.collect()));
    }
    dump
}

/// The row's text, followed by what its `bytea` columns (`\x…`) hold.
fn with_bytes(row: String) -> String {
    let mut whole = row.clone();
    for part in row.split("\\x").skip(1) {
        let digits: String = part.chars().take_while(char::is_ascii_hexdigit).collect();
        if let Ok(bytes) = hex::decode(&digits) {
            whole.push('|');
            whole.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
    whole
}
