//! PostgreSQL alone: `pgbench` with one client, prepared statements and the settings of the store's writer.
//!
//! It knows no arrays, so that its read gives the rows as one array a column, as which it hands them to the writes.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use convo_tests::{Database, guardian};
use tokio_postgres::{Client, NoTls};

use super::{between, names, table};

/// Where PostgreSQL's programs are.
const BIN: &str = "CONVO_TEST_POSTGRES_BIN";
/// Batches that are moved in turn, of 2,000 conversations.
const TURNS: &str = "\
    DROP TABLE IF EXISTS turns; CREATE UNLOGGED TABLE turns (n int PRIMARY KEY, ids uuid[]); \
    INSERT INTO turns SELECT n / SIZE, array_agg(id) FROM (SELECT id, row_number() OVER () - 1 AS n FROM \
    (SELECT id FROM conversations ORDER BY id DESC LIMIT 2000) AS newest) AS numbered \
    WHERE n < 2000 / SIZE * SIZE GROUP BY 1; VACUUM ANALYZE turns";

/// Items a second in commits of so many.
pub async fn items(database: &Database, sent: &[String], size: usize, time: Duration) -> f64 {
    let (client, connection) = tokio_postgres::connect(database.url(), NoTls)
        .await
        .expect("connected");
    tokio::spawn(connection);
    let turns = TURNS.replace("SIZE", &size.to_string());
    for statement in turns.split("; ") {
        client.batch_execute(statement).await.expect("turns");
    }
    let columns = columns(&client).await;
    let file = guardian::folder().join("commit.sql");
    std::fs::write(&file, script(sent, size, &columns)).expect("a script");
    let settings: Vec<String> = sent[0]
        .split(';')
        .filter_map(|setting| setting.trim().strip_prefix("SET "))
        .filter_map(|setting| setting.split_once(" = "))
        .map(|(name, value)| format!("-c {name}={}", value.trim_matches('\'')))
        .collect();
    let bin = PathBuf::from(std::env::var_os(BIN).expect(BIN));
    let ended = Command::new(bin.join("pgbench"))
        .args([
            "--no-vacuum",
            "--client=1",
            "--protocol=prepared",
            "-D",
            "turn=0",
        ])
        .arg(format!("--time={}", time.as_secs()))
        .arg(format!("--file={}", file.display()))
        .arg(database.url())
        .env("PGOPTIONS", settings.join(" "))
        .stderr(Stdio::piped())
        .output()
        .expect("pgbench");
    let printed = String::from_utf8_lossy(&ended.stdout);
    let told = String::from_utf8_lossy(&ended.stderr);
    let failed = "number of failed transactions: 0 ";
    assert!(
        ended.status.success() && printed.contains(failed),
        "{printed}{told}"
    );
    let commits = between(&printed, "\ntps = ", " ").expect("a rate");
    commits.parse::<f64>().expect("a number") * size as f64
}

/// Each column of each table with the type of its array.
async fn columns(client: &Client) -> HashMap<String, Vec<(String, String)>> {
    let sql = "SELECT table_name::text, column_name::text, udt_name::text || '[]' FROM information_schema.columns \
               WHERE table_schema = 'public'";
    let mut tables: HashMap<String, Vec<(String, String)>> = HashMap::new();
    for row in client.query(sql, &[]).await.expect("columns") {
        let table = tables.entry(row.get(0)).or_default();
        table.push((row.get(1), row.get(2)));
    }
    tables
}

/// The script of one commit.
fn script(
    sent: &[String],
    size: usize,
    columns: &HashMap<String, Vec<(String, String)>>,
) -> String {
    let [_, begin, _, writes @ .., commit] = sent else {
        panic!("statements: {sent:?}");
    };
    let mut script = String::from("\\if :turn = 0\n");
    // What is the same in each item, out of a row that the store wrote.
    for written in [
        "conversation_metadata",
        "conversation_state_transitions",
        "event_log",
    ] {
        let same = columns[written]
            .iter()
            .map(|(name, _)| array(&format!("one.{name}"), name));
        script += &format!(
            "SELECT {} FROM (SELECT * FROM {written} LIMIT 1) AS one, generate_series(1, {size}) \\gset {written}_\n",
            same.collect::<Vec<_>>().join(", ")
        );
    }
    script += &format!(
        "SELECT array_agg(n)::text AS seq FROM generate_series(1 - {size}, 0) AS n \\gset\n"
    );
    // In one round trip, as the store sends it.
    let begin = begin.replace("; ", ";\n");
    script += &format!(
        "\\endif\n\\set turn :turn + 1\n\\startpipeline\n{begin};\n\\endpipeline\n{}\n",
        read(&columns["conversations"], size)
    );
    for write in writes {
        script += &format!("{};\n", given(write, size, columns));
    }
    script + commit.as_str() + ";\n"
}

/// One array of a column, as the text that becomes a bind.
fn array(value: &str, name: &str) -> String {
    format!("array_agg({value})::text AS {name}")
}

/// The read of a batch, with the ids that are to be new. They come last in their indexes, as the store's do.
fn read(columns: &[(String, String)], size: usize) -> String {
    let mut arrays = Vec::new();
    for (name, _) in columns {
        let rises = matches!(name.as_str(), "version" | "revision" | "audit_version");
        let value = if rises {
            format!("{name} + 1")
        } else {
            name.clone()
        };
        arrays.push(array(&value, name));
    }
    for (name, half) in [("metadata", 0), ("transition", 1)] {
        let n = format!("(({size}::bigint << 40) + :turn::bigint * 512 + n) * 2 + {half}");
        arrays.push(array(
            &format!("('ff' || lpad(to_hex({n}), 30, '0'))::uuid"),
            name,
        ));
    }
    format!(
        "SELECT {} FROM (SELECT *, row_number() OVER () AS n FROM conversations WHERE id = ANY((SELECT ids FROM turns \
         WHERE n = :turn::int % {})::uuid[])) AS batch \\gset read_",
        arrays.join(", "),
        2_000 / size
    )
}

/// A write of the store with variables for its binds.
fn given(sql: &str, size: usize, columns: &HashMap<String, Vec<(String, String)>>) -> String {
    let mut written = String::new();
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once("unnest(") {
        let (_, after) = after.split_once(')').expect("binds");
        let begins = before
            .rfind("INSERT INTO ")
            .or(before.rfind("UPDATE "))
            .expect("a write");
        let table = table(&before[begins..]).expect("a table");
        let list = match between(after, " AS given(", ")").filter(|_| after.starts_with(" AS")) {
            Some(list) => list,
            None => between(&before[begins..], "(", ")").expect("columns"),
        };
        let binds = names(list).into_iter().map(|name| {
            let kind = columns[table].iter().find(|(column, _)| column == name);
            let (_, kind) = kind.expect("a column");
            format!(":{}::{kind}", variable(table, name))
        });
        written += &format!("{before}unnest({})", binds.collect::<Vec<_>>().join(", "));
        rest = after;
    }
    written += rest;
    // What is left is how many numbers of the log are taken.
    let taken = written
        .find('$')
        .map(|at| (at, written[at + 1..].find(' ').unwrap_or_default()));
    if let Some((at, length)) = taken {
        written.replace_range(at..=at + length, &size.to_string());
    }
    written
}

/// Where the values of a column come from.
fn variable(table: &str, column: &str) -> String {
    match (table, column) {
        ("conversation_metadata", "id") | (_, "metadata_id") => "read_metadata".to_owned(),
        ("conversation_state_transitions", "id") => "read_transition".to_owned(),
        ("conversations", column) => format!("read_{column}"),
        (_, "conversation_id") => "read_id".to_owned(),
        (_, "lead_id" | "version") => format!("read_{column}"),
        (_, "seq") => "seq".to_owned(),
        _ => format!("{table}_{column}"),
    }
}
