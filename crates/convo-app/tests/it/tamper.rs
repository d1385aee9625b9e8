//! One changed byte anywhere in the audit, in what its rows carry in words, at its head or in the log's rows of it is
//! named, whatever the database's own constraints and triggers would have said to it.

use std::fmt::Write as _;

use convo_app::verify::{Finding, verify};
use serde_json::json;
use uuid::Uuid;

use crate::world::{Contact, World};

const AUDIT: &str = "id conversation_id lead_id version from_state to_state event triggered_by actor cause implied_by warnings \
                     waived policy_version metadata_id at recorded_at content_digest digest";
const WORDS: &str = "id conversation_id lead_id kind body created_at salt";
/// What the log has beside (`silent` and `quiet`) is nothing that the audit knows.
const LOG: &str = "seq kind at conversation_id lead_id metadata_id data";

/// A row that is changed, and which step must be named for it.
struct Row {
    table: &'static str,
    columns: &'static str,
    /// A condition that it alone meets.
    place: String,
    /// The step that tells of it.
    conversation: Uuid,
    version: i64,
    id: Option<Uuid>,
}

#[test]
fn one_changed_byte_is_named() {
    World::on_both("2026-01-05T09:00:00Z", |world| {
        let rows = story(&world);
        world.verify();
        unlock(&world);
        let mut changes = 0;
        for row in &rows {
            for column in row.columns.split(' ') {
                for value in values(&world, row, column) {
                    changed(&world, row, column, &value);
                    changes += 1;
                }
            }
        }
        restore(&world);
        world.verify();
        // Each byte on SQLite, three of each column on PostgreSQL.
        let least = if world.is_postgres() { 300 } else { 1_000 };
        assert!(changes > least, "{changes}");
    });
}

/// Two conversations, in words of several alphabets; the rows that say what came of the first.
fn story(world: &World) -> Vec<Row> {
    let contact = world.written_to("zoë@customer.example");
    world.reply(&contact);
    world.event(
        &contact,
        "ENGAGEMENT_INCREASED",
        json!({"note": "Zoë Ωmega 東京 🚗", "n": [1, null]}),
    );
    let other = world.written_to("bob@customer.example");
    world.reply(&other);
    of(world, &contact)
}

fn of(world: &World, contact: &Contact) -> Vec<Row> {
    let audit = world.audit(contact);
    let key = |id: Uuid| key(world, id);
    let mut rows = Vec::new();
    for step in &audit {
        let row = |table, columns, place, id| Row {
            table,
            columns,
            place,
            conversation: contact.id,
            version: step.version,
            id,
        };
        let place = format!("id = {}", key(step.id));
        rows.push(row(
            "conversation_state_transitions",
            AUDIT,
            place,
            Some(step.id),
        ));
        if let Some(id) = step.metadata_id {
            let place = format!("id = {}", key(id));
            rows.push(row("conversation_metadata", WORDS, place, Some(id)));
        }
    }
    let of = format!(
        "conversation_id = {} AND kind = 'conversation_state_changed'",
        key(contact.id)
    );
    let told = format!("SELECT CAST(seq AS TEXT) FROM event_log WHERE {of} ORDER BY seq");
    for (step, seq) in audit.iter().zip(world.sql(&told)) {
        rows.push(Row {
            table: "event_log",
            columns: LOG,
            place: format!("seq = {seq}"),
            conversation: contact.id,
            version: step.version,
            id: Some(contact.id),
        });
    }
    rows.push(Row {
        table: "conversations",
        columns: "audit_version audit_digest",
        place: format!("id = {}", key(contact.id)),
        conversation: contact.id,
        version: audit.last().unwrap().version,
        id: Some(contact.id),
    });
    rows
}

fn key(world: &World, id: Uuid) -> String {
    match world.is_postgres() {
        true => format!("'{id}'"),
        false => format!("x'{}'", id.simple()),
    }
}

/// Takes the triggers away, and keeps what is there.
fn unlock(world: &World) {
    let on = [
        (
            "conversation_state_transitions",
            "audit",
            "deleted changed chained_anew",
        ),
        ("event_log", "log", "deleted changed"),
        (
            "conversation_metadata",
            "metadata",
            "deleted changed rewritten salted_anew emptied",
        ),
    ];
    for (table, prefix, triggers) in on {
        for trigger in triggers.split(' ') {
            let of = match world.is_postgres() {
                true => format!(" ON {table}"),
                false => String::new(),
            };
            world.sql(&format!("DROP TRIGGER {prefix}_{trigger}{of}"));
        }
        world.sql(&format!(
            "CREATE TABLE kept_{table} AS SELECT * FROM {table}"
        ));
    }
    if world.is_postgres() {
        // On SQLite a connection says whether it looks at them.
        let of = "conversation_state_transitions";
        world.sql(&format!(
            "ALTER TABLE {of} DROP CONSTRAINT {of}_conversation_id_fkey"
        ));
    }
    world.sql("CREATE TABLE kept_conversations AS SELECT id, audit_version, audit_digest FROM conversations");
}

fn back(table: &str) -> String {
    match table {
        "conversations" => "UPDATE conversations SET \
             audit_version = (SELECT k.audit_version FROM kept_conversations k WHERE k.id = conversations.id), \
             audit_digest = (SELECT k.audit_digest FROM kept_conversations k WHERE k.id = conversations.id);"
            .to_owned(),
        _ => format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table};"),
    }
}

fn restore(world: &World) {
    for table in [
        "conversation_state_transitions",
        "event_log",
        "conversation_metadata",
        "conversations",
    ] {
        run(world, &back(table));
    }
}

/// In one transaction, which need not survive a power cut.
fn run(world: &World, statements: &str) {
    match world.is_postgres() {
        true => world.sql(statements),
        false => world.sql(&format!(
            "PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; BEGIN; {statements} COMMIT"
        )),
    };
}

fn changed(world: &World, row: &Row, column: &str, value: &str) {
    let (table, place) = (row.table, &row.place);
    run(
        world,
        &format!(
            "{} UPDATE {table} SET {column} = {value} WHERE {place};",
            back(table)
        ),
    );
    let report = world.app().store().snapshot(verify);
    run(world, &back(table));
    let said = format!("{table}.{column} = {value} of version {}", row.version);
    let report = report.unwrap_or_else(|error| panic!("{said}: {error}"));
    // A row of the log that has another number leaves a gap, which is all that can be said of it.
    let gap = |one: &Finding| column == "seq" && one.invariant == "log_contiguous";
    let mut found = report.findings.iter();
    let named = found.any(|one| names(one, row) || gap(one));
    assert!(named, "{said}: {:#?}", report.findings);
}

/// The step, or the row itself.
fn names(one: &Finding, row: &Row) -> bool {
    let step = one.conversation_id == Some(row.conversation) && one.version == Some(row.version);
    // A row of the log that tells of another step is named by its number.
    let number = row.place.strip_prefix("seq = ");
    let told = number.is_some_and(|seq| one.detail.starts_with(&format!("row {seq} of the log ")));
    // Of the head it is the conversation that is named, at the first step that it is of another mind of.
    let head = row.table == "conversations" && one.conversation_id == Some(row.conversation);
    step || told || head || (one.id.is_some() && one.id == row.id)
}

/// Other values of a column, as the database writes them: on SQLite one for each byte, on PostgreSQL, which checks what
/// it stores, for the first, the middle and the last one.
fn values(world: &World, row: &Row, column: &str) -> Vec<String> {
    let (table, place) = (row.table, &row.place);
    let postgres = world.is_postgres();
    let asked = match postgres {
        true => format!(
            "SELECT pg_typeof({column})::text || ' ' || coalesce(CASE pg_typeof({column})::text \
             WHEN 'bytea' THEN substr({column}::text, 3) \
             WHEN 'text' THEN encode(convert_to({column}::text, 'UTF8'), 'hex') \
             WHEN 'uuid' THEN replace({column}::text, '-', '') \
             WHEN 'timestamp with time zone' THEN (extract(epoch FROM {column}::text::timestamptz) * 1000000)::bigint::text \
             ELSE {column}::text END, 'null') \
             FROM {table} WHERE {place}"
        ),
        false => format!(
            "SELECT typeof({column}) || ' ' || CASE typeof({column}) WHEN 'integer' THEN CAST({column} AS TEXT) \
             WHEN 'null' THEN 'null' ELSE hex({column}) END FROM {table} WHERE {place}"
        ),
    };
    let told = world.sql(&asked);
    let [told] = told.as_slice() else {
        panic!("{asked}: {told:?}");
    };
    let (kind, value) = told.rsplit_once(' ').unwrap();
    match (postgres, kind) {
        (false, "null") => absent(column),
        (false, "integer") => integers(value, 8).iter().map(i64::to_string).collect(),
        (false, "blob") => bytes(value).iter().map(|hex| format!("x'{hex}'")).collect(),
        (false, "text") => bytes(value)
            .iter()
            .map(|hex| format!("CAST(x'{hex}' AS TEXT)"))
            .collect(),
        _ => typed(kind, value),
    }
}

/// Something where nothing was.
fn absent(column: &str) -> Vec<String> {
    let value = match column {
        "cause" => "'x'",
        _ => "x'0190aaaa000070008000000000000001'",
    };
    vec![value.to_owned()]
}

/// The number with the highest bit changed in each of its bytes: no other row has it.
fn integers(value: &str, bytes: u32) -> Vec<i64> {
    let value: i64 = value.parse().unwrap();
    (0..bytes)
        .map(|byte| value ^ (1 << (byte * 8 + 7)))
        .collect()
}

/// The bytes, in hexadecimal digits, with a bit changed in each of them.
fn bytes(hex: &str) -> Vec<String> {
    let all: Vec<u8> = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect();
    let other = |at: usize| {
        let mut other = all.clone();
        other[at] ^= 1 << (at % 8);
        other.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        })
    };
    (0..all.len()).map(other).collect()
}

/// On PostgreSQL: other values of its type.
fn typed(kind: &str, value: &str) -> Vec<String> {
    match (kind, value) {
        ("uuid", "null") => vec!["'0190aaaa-0000-7000-8000-000000000001'".to_owned()],
        ("bytea", "null") => vec!["'\\x00'".to_owned()],
        (_, "null") => vec!["'x'".to_owned()],
        ("uuid", _) => some(bytes(value)).map(|hex| format!("'{hex}'")).collect(),
        ("bytea", _) => some(bytes(value))
            .map(|hex| format!("'\\x{hex}'"))
            .collect(),
        ("text", _) => some(texts(value))
            .map(|hex| format!("convert_from('\\x{hex}', 'UTF8')"))
            .collect(),
        ("bigint" | "integer", _) => integers(value, 3).iter().map(i64::to_string).collect(),
        ("timestamp with time zone", _) => integers(value, 6)
            .iter()
            .map(|micros| format!("'epoch'::timestamptz + {micros} * interval '1 microsecond'"))
            .collect(),
        _ => panic!("a column of type {kind}"),
    }
}

/// The first, the middle and the last.
fn some<T: Clone>(all: Vec<T>) -> impl Iterator<Item = T> {
    let last = all.len().saturating_sub(1);
    let mut at = vec![0, last / 2, last];
    at.dedup();
    at.into_iter().filter_map(move |at| all.get(at).cloned())
}

/// The text, in hexadecimal digits, with another character in each place.
fn texts(hex: &str) -> Vec<String> {
    let bytes: Vec<u8> = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect();
    let text: Vec<char> = String::from_utf8(bytes).unwrap().chars().collect();
    let other = |at: usize| {
        let mut other = text.clone();
        other[at] = if other[at] == 'x' { 'y' } else { 'x' };
        let other: String = other.into_iter().collect();
        other.bytes().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        })
    };
    (0..text.len()).map(other).collect()
}
