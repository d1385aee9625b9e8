//! SQLite alone: the same prepared statements with the same pragmas, in a loop.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use convo_tests::Database;
use rusqlite::types::Value;
use rusqlite::{Connection, Statement};
use uuid::Uuid;

use super::{between, names, table};

/// Conversations that are moved in turn.
const CONVERSATIONS: usize = 2_000;

/// Items a second in commits of so many.
pub fn items(database: &Database, sent: &[String], size: usize, time: Duration) -> f64 {
    let conn = Connection::open(database.url().trim_start_matches("sqlite://")).expect("a file");
    let [pragmas, begin, read, writes @ .., commit] = sent else {
        panic!("statements: {sent:?}");
    };
    conn.execute_batch(pragmas).expect("pragmas");
    // The store has a thread for checkpoints; alone, the writer makes them when as much has gathered.
    conn.execute_batch("PRAGMA wal_autocheckpoint=16000")
        .expect("a pragma");
    let head = writes
        .iter()
        .position(|sql| sql.starts_with("UPDATE log_head"))
        .expect("the head's statement");
    let mut begin = conn.prepare(begin).expect("BEGIN");
    let mut commit = conn.prepare(commit).expect("COMMIT");
    let mut read = conn.prepare(read).expect("the read");
    let mut take = conn.prepare(&writes[head]).expect("the head");
    let prepare = |sql: &String| Write::prepare(&conn, sql);
    let mut before: Vec<Write<'_>> = writes[..head].iter().map(prepare).collect();
    let mut after: Vec<Write<'_>> = writes[head + 1..].iter().map(prepare).collect();
    let mut conversations = conversations(&conn);
    let mut done = 0;
    let began = Instant::now();
    while began.elapsed() < time {
        begin.raw_execute().expect("begun");
        let mut batch = Vec::with_capacity(size);
        for _ in 0..size {
            let one = &mut conversations[done % CONVERSATIONS];
            done += 1;
            look(&mut read, &one.id);
            batch.push(one.moved());
        }
        for write in &mut before {
            batch.iter().for_each(|item| write.run(item));
        }
        let last: i64 = take
            .query_row([size as i64], |row| row.get(0))
            .expect("numbers");
        for (item, seq) in batch.iter_mut().zip(last - size as i64 + 1..) {
            item.seq = Value::Integer(seq);
        }
        for write in &mut after {
            batch.iter().for_each(|item| write.run(item));
        }
        commit.raw_execute().expect("committed");
    }
    done as f64 / began.elapsed().as_secs_f64()
}

struct Conversation {
    id: Value,
    lead: Value,
    version: i64,
    revision: i64,
}

/// What differs from item to item.
struct Item {
    id: Value,
    lead: Value,
    version: Value,
    revision: Value,
    old_revision: Value,
    metadata: Value,
    transition: Value,
    seq: Value,
}

impl Conversation {
    fn moved(&mut self) -> Item {
        self.version += 1;
        self.revision += 1;
        let fresh = || Value::Blob(Uuid::now_v7().as_bytes().to_vec());
        Item {
            id: self.id.clone(),
            lead: self.lead.clone(),
            version: Value::Integer(self.version),
            revision: Value::Integer(self.revision),
            old_revision: Value::Integer(self.revision - 1),
            metadata: fresh(),
            transition: fresh(),
            seq: Value::Null,
        }
    }
}

fn conversations(conn: &Connection) -> Vec<Conversation> {
    let sql = "SELECT id, lead_id, version, revision FROM conversations ORDER BY id DESC LIMIT ?";
    let mut all = conn.prepare(sql).expect("conversations");
    let rows = all.query_map([CONVERSATIONS as i64], |row| {
        Ok(Conversation {
            id: row.get(0)?,
            lead: row.get(1)?,
            version: row.get(2)?,
            revision: row.get(3)?,
        })
    });
    rows.expect("rows").map(|row| row.expect("a row")).collect()
}

/// Reads a row with all its columns.
fn look(read: &mut Statement<'_>, id: &Value) {
    let columns = read.column_count();
    let mut rows = read.query([id]).expect("a read");
    while let Some(row) = rows.next().expect("a row") {
        for column in 0..columns {
            std::hint::black_box(row.get_ref(column).expect("a value"));
        }
    }
}

/// A prepared write with the value of each bind, or where it is in the item.
struct Write<'c> {
    statement: Statement<'c>,
    binds: Vec<Bind>,
}

enum Bind {
    Of(fn(&Item) -> &Value),
    Same(Value),
}

impl<'c> Write<'c> {
    fn prepare(conn: &'c Connection, sql: &str) -> Write<'c> {
        let table = table(sql).expect("a table");
        let row = written(conn, table);
        let bind = |name: String| match (table, name.as_str()) {
            ("conversations", "where id") | (_, "conversation_id") => Bind::Of(|item| &item.id),
            ("conversations", "where revision") => Bind::Of(|item| &item.old_revision),
            ("conversation_metadata", "id") | (_, "metadata_id") => Bind::Of(|item| &item.metadata),
            ("conversation_state_transitions", "id") => Bind::Of(|item| &item.transition),
            (_, "lead_id") => Bind::Of(|item| &item.lead),
            (_, "version" | "audit_version") => Bind::Of(|item| &item.version),
            (_, "revision") => Bind::Of(|item| &item.revision),
            (_, "seq") => Bind::Of(|item| &item.seq),
            (_, name) => Bind::Same(row[name].clone()),
        };
        Write {
            statement: conn.prepare(sql).expect("a write"),
            binds: binds(sql).into_iter().map(bind).collect(),
        }
    }

    fn run(&mut self, item: &Item) {
        for (bind, number) in self.binds.iter().zip(1..) {
            let value = match bind {
                Bind::Of(of) => of(item),
                Bind::Same(value) => value,
            };
            self.statement
                .raw_bind_parameter(number, value)
                .expect("bound");
        }
        assert_eq!(self.statement.raw_execute().expect("written"), 1);
    }
}

/// The names of a statement's binds; those of its condition after `where `.
fn binds(sql: &str) -> Vec<String> {
    if sql.starts_with("INSERT") {
        let list = between(sql, "(", ")").expect("columns");
        return names(list).into_iter().map(str::to_owned).collect();
    }
    let (set, condition) = sql.split_once(" WHERE ").expect("a condition");
    let last = |part: &str| part.rsplit('`').nth(1).unwrap_or_default().to_owned();
    let bound = |text: &str| -> Vec<String> {
        let parts: Vec<&str> = text.split(" = ?").collect();
        parts[..parts.len() - 1].iter().copied().map(last).collect()
    };
    let conditions = bound(condition).into_iter();
    let conditions = conditions.map(|name| format!("where {name}"));
    bound(set).into_iter().chain(conditions).collect()
}

/// A row that the store wrote, by column.
fn written(conn: &Connection, table: &str) -> HashMap<String, Value> {
    let one = format!("SELECT * FROM {table} LIMIT 1");
    let mut one = conn.prepare(&one).expect("a table");
    let columns: Vec<String> = one.column_names().into_iter().map(str::to_owned).collect();
    one.query_row([], |row| {
        let value = |(number, name)| Ok((name, row.get(number)?));
        columns.into_iter().enumerate().map(value).collect()
    })
    .expect("a row")
}
