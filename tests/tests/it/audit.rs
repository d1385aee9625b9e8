//! The audit proves itself: it cannot be changed, and what is changed past the program is named. The past can be asked for.

use chrono::{DateTime, Duration, Utc};
use convo_tests::records::{Contact, text};
use convo_tests::{Database, Kind, Options, Server, on_both};
use serde_json::Value;

on_both!(
    audit_and_log_are_append_only,
    what_was_changed_is_named,
    rows_of_an_older_version_are_chained,
    the_past_can_be_asked_for,
);

const AUDIT: &str = "conversation_state_transitions";

/// A conversation of several steps, some of them with words.
async fn story(server: &Server, email: &str) -> Contact {
    let contact = server.contact(email).await;
    contact.outbound("Hello, may I show you our cars?").await;
    contact.transition("FIRST_EMAIL_SENT").await.ok();
    contact.reply("I am interested, tell me more please").await;
    contact.transition("ENGAGEMENT_INCREASED").await.ok();
    contact.transition("ENGAGEMENT_INCREASED").await.ok();
    contact
}

/// An id as the database writes it.
fn key(database: &Database, id: &str) -> String {
    match database.kind() {
        Kind::Sqlite => format!("x'{}'", id.replace('-', "")),
        Kind::Postgres => format!("'{id}'"),
    }
}

async fn findings(server: &Server) -> Vec<Value> {
    let ran = server.command(&["verify"]).await;
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    report["findings"].as_array().unwrap().clone()
}

async fn audit_and_log_are_append_only(options: Options) {
    let server = options.start().await;
    story(&server, "ada@customer.example").await;
    let before = server.database().dump().await;
    let audit = "the audit is append-only";
    let log = "the event log is append-only";
    let words = "metadata can only be emptied";
    for (sql, said) in [
        (format!("UPDATE {AUDIT} SET actor = 'nobody'"), audit),
        (format!("UPDATE {AUDIT} SET digest = NULL"), audit),
        (format!("DELETE FROM {AUDIT}"), audit),
        ("UPDATE event_log SET data = '{}'".to_owned(), log),
        ("DELETE FROM event_log".to_owned(), log),
        (
            "UPDATE conversation_metadata SET body = '{\"a\":1}'".to_owned(),
            words,
        ),
        ("DELETE FROM conversation_metadata".to_owned(), words),
    ] {
        let database = std::sync::Arc::clone(server.database());
        let refused = tokio::spawn({
            let sql = sql.clone();
            async move { database.execute(&sql).await }
        });
        let refused = refused.await.expect_err(&sql).into_panic();
        let why = refused.downcast_ref::<String>().expect("a sentence");
        assert!(why.contains(said), "{why}");
    }
    assert_eq!(server.database().dump().await, before);
    server.verify().await;
}

async fn what_was_changed_is_named(options: Options) {
    let server = options.start().await;
    let contact = story(&server, "ada@customer.example").await;
    let other = story(&server, "bob@customer.example").await;
    server.verify().await;
    let database = server.database();
    database.unlock_audit().await;
    let of = key(database, &contact.id);
    let row = format!("WHERE conversation_id = {of} AND version = 3");
    database
        .execute(&format!("CREATE TABLE kept AS SELECT * FROM {AUDIT} {row}"))
        .await;
    let columns = "id, conversation_id, lead_id, from_state, to_state, event, triggered_by, actor, cause, implied_by, \
                   warnings, waived, policy_version, metadata_id, at, recorded_at, content_digest, digest";
    let later = match database.kind() {
        Kind::Sqlite => "+ 1",
        Kind::Postgres => "+ interval '1 microsecond'",
    };
    let bytes = match database.kind() {
        Kind::Sqlite => "zeroblob(32)",
        Kind::Postgres => "decode(repeat('00', 32), 'hex')",
    };
    let stranger = key(database, "0190aaaa-0000-7000-8000-000000000001");
    for column in columns.split(", ") {
        let value = match column {
            "id" | "lead_id" | "implied_by" | "metadata_id" => stranger.clone(),
            // The place of the first of the other's is free.
            "conversation_id" => key(database, &other.id),
            "policy_version" => "policy_version + 1".to_owned(),
            "at" | "recorded_at" => format!("{column} {later}"),
            "content_digest" | "digest" => bytes.to_owned(),
            _ => format!("coalesce({column}, '') || 'x'"),
        };
        let also = if column == "conversation_id" {
            ", version = 99"
        } else {
            ""
        };
        database
            .execute(&format!(
                "UPDATE {AUDIT} SET {column} = {value}{also} {row}"
            ))
            .await;
        let found = findings(&server).await;
        let named = found
            .iter()
            .any(|one| one["conversationId"] == contact.id.as_str() && one["version"] == 3);
        assert!(named, "{column}: {found:#?}");
        database
            .execute(&format!(
                "DELETE FROM {AUDIT} WHERE version = 99 OR (conversation_id = {of} AND version = 3);\
                 INSERT INTO {AUDIT} SELECT * FROM kept"
            ))
            .await;
        server.verify().await;
    }

    // A row taken away, in the middle and at the end; the head; two rows that changed places; words; the log.
    let count = format!("SELECT version FROM conversations WHERE id = {of}");
    let last = database.count(&count).await;
    let place = |version: i64| format!("conversation_id = {of} AND version = {version}");
    for (version, damage) in [
        (3, format!("DELETE FROM {AUDIT} WHERE {}", place(3))),
        (last, format!("DELETE FROM {AUDIT} WHERE {}", place(last))),
        (
            2,
            format!(
                "UPDATE {AUDIT} SET version = 98 WHERE {a}; UPDATE {AUDIT} SET version = 2 WHERE {b}; \
                 UPDATE {AUDIT} SET version = 3 WHERE conversation_id = {of} AND version = 98",
                a = place(2),
                b = place(3)
            ),
        ),
        (
            1,
            format!(
                "UPDATE conversation_metadata SET body = '{{\"a\":1}}' \
                 WHERE id = (SELECT metadata_id FROM {AUDIT} WHERE {})",
                place(1)
            ),
        ),
        (
            last,
            format!("UPDATE conversations SET audit_digest = {bytes} WHERE id = {of}"),
        ),
        (
            1,
            format!(
                "UPDATE event_log SET data = replace(data, 'ACTIVE', 'CLOSED') WHERE conversation_id = {of} \
                 AND kind = 'conversation_state_changed'"
            ),
        ),
    ] {
        let tables = [AUDIT, "conversations", "conversation_metadata", "event_log"];
        for (n, table) in tables.iter().enumerate() {
            let copy = format!(
                "DROP TABLE IF EXISTS kept{n}; CREATE TABLE kept{n} AS SELECT * FROM {table}"
            );
            database.execute(&copy).await;
        }
        database.execute(&damage).await;
        let found = findings(&server).await;
        let named = found
            .iter()
            .any(|one| one["conversationId"] == contact.id.as_str() && one["version"] == version);
        assert!(named, "{damage}: {found:#?}");
        database
            .execute(&format!(
                "DELETE FROM {AUDIT}; INSERT INTO {AUDIT} SELECT * FROM kept0; \
                 DELETE FROM event_log; INSERT INTO event_log SELECT * FROM kept3; \
                 DELETE FROM conversation_metadata; INSERT INTO conversation_metadata SELECT * FROM kept2; \
                 UPDATE conversations SET audit_digest = (SELECT k.audit_digest FROM kept1 k WHERE k.id = conversations.id)"
            ))
            .await;
        server.verify().await;
    }
}

async fn rows_of_an_older_version_are_chained(options: Options) {
    let server = options.start().await;
    let contact = story(&server, "ada@customer.example").await;
    let database = server.database();
    database.unlock_audit().await;
    // As a version without the chain has written them.
    database
        .execute(&format!(
            "UPDATE {AUDIT} SET digest = NULL, content_digest = NULL; UPDATE conversation_metadata SET salt = NULL; \
             UPDATE conversations SET audit_version = 0, audit_digest = NULL"
        ))
        .await;
    contact.transition("ENGAGEMENT_INCREASED").await.ok();
    let ran = server.command(&["verify"]).await;
    let report: Value = serde_json::from_str(ran.ok()).unwrap();
    assert!(report["unchained"].as_i64().unwrap() > 0);
    let server = server.restart().await;
    let database = std::sync::Arc::clone(server.database());
    let left = format!("SELECT count(*) FROM {AUDIT} WHERE digest IS NULL");
    convo_tests::eventually("the audit is chained", async || {
        (database.count(&left).await == 0).then_some(())
    })
    .await;
    contact_of(&server, &contact)
        .transition("ENGAGEMENT_INCREASED")
        .await
        .ok();
    server.verify().await;
    assert_eq!(database.count(&left).await, 0);
    // An erase takes words and salts, and the chain stays whole.
    server.delete(&format!("/api/leads/{}", contact.lead)).await;
    let salts = "SELECT count(*) FROM conversation_metadata WHERE salt IS NOT NULL";
    assert_eq!(database.count(salts).await, 0);
    server.verify().await;
}

fn contact_of(server: &Server, contact: &Contact) -> Contact {
    Contact {
        api: server.api(),
        lead: contact.lead.clone(),
        email: contact.email.clone(),
        id: contact.id.clone(),
    }
}

async fn the_past_can_be_asked_for(options: Options) {
    let server = options.start().await;
    let contact = story(&server, "ada@customer.example").await;
    let steps = server
        .items(&format!(
            "/api/conversation-state/{}/transitions",
            contact.id
        ))
        .await;
    let moment = |at: &Value| text(at).parse::<DateTime<Utc>>().unwrap();
    let wire = |at: DateTime<Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    for step in &steps {
        let at = moment(&step["timestamp"]);
        let then = contact.get(&format!("status?asOf={}", wire(at))).await.ok();
        // Several steps of one millisecond are one moment.
        let last = steps
            .iter()
            .rfind(|other| moment(&other["timestamp"]) == at);
        let last = last.unwrap();
        assert_eq!(then["currentState"], last["newState"]);
        assert_eq!(then["version"], last["version"]);
    }
    let now = contact.get("status").await.ok();
    let then = contact
        .get(&format!("status?asOf={}", wire(Utc::now())))
        .await
        .ok();
    for name in ["currentState", "version", "allowedEvents", "leadId"] {
        assert_eq!(then[name], now[name], "{name}");
    }
    let long_ago = wire(Utc::now() - Duration::days(1));
    contact
        .get(&format!("status?asOf={long_ago}"))
        .await
        .expect(404);
    for wrong in [wire(Utc::now() + Duration::days(1)), "yesterday".to_owned()] {
        let refused = contact
            .get(&format!("status?asOf={wrong}"))
            .await
            .expect(422);
        assert_eq!(refused["violations"][0]["field"], "asOf");
    }
}
