//! Sub-commands and their exit codes, on mail of our own.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{Duration, TimeZone, Utc};
use convo_tests::{Database, Kind, Mail, Options, Server, guardian, on_both};
use serde_json::{Value, json};

on_both!(
    an_import_is_repeatable_and_silent,
    records_come_in_as_json_lines
);

/// Three customers and our answers, a year ago; one mail comes twice and one before its parent.
fn mailbox() -> PathBuf {
    let began = Utc.with_ymd_and_hms(2025, 3, 3, 9, 0, 0).unwrap();
    let mut mails = Vec::new();
    for number in 0..3 {
        let customer = format!("customer-{number}@example-{number}.example");
        let at = |hours: i64| began + Duration::hours(hours + number);
        let id = |part: &str| format!("{part}.{number}@archive.example");
        let first = Mail::new(
            "sales@dealer.example",
            "Your new car",
            "Hello, may I make you an offer?",
        )
        .to(&customer)
        .identified(&id("first"))
        .dated(at(0));
        let answer = Mail::new(
            &customer,
            "Re: Your new car",
            "I am interested, what is the price?",
        )
        .identified(&id("answer"))
        .answering(&first.message_id)
        .dated(at(1));
        let second = Mail::new(
            "sales@dealer.example",
            "Re: Your new car",
            "20,000, with winter tyres",
        )
        .to(&customer)
        .identified(&id("second"))
        .answering(&answer.message_id)
        .dated(at(2));
        let last = Mail::new(&customer, "Re: Your new car", "Can I book a test drive?")
            .identified(&id("last"))
            .answering(&second.message_id)
            .dated(at(3));
        mails.extend([first.clone(), last, answer.clone(), second, answer]);
    }
    let path = guardian::folder().join("archive.mbox");
    let text: String = mails.iter().map(Mail::mbox).collect();
    fs::write(&path, text).unwrap();
    path
}

async fn without_server(
    options: &Options,
    database: &Database,
    arguments: &[&str],
) -> convo_tests::Finished {
    options
        .command(database, &guardian::folder(), arguments)
        .await
}

async fn an_import_is_repeatable_and_silent(options: Options) {
    let database = std::sync::Arc::new(Database::create(options.kind()).await);
    let path = mailbox();
    let import = [
        "import",
        path.to_str().unwrap(),
        "--our-address",
        "sales@dealer.example",
    ];
    let dry = [&import[..], &["--dry-run"]].concat();
    without_server(&options, &database, &dry).await.ok();
    without_server(&options, &database, &import).await.ok();
    without_server(&options, &database, &["verify"]).await.ok();
    let first = database.dump().await;
    without_server(&options, &database, &import).await.ok();
    let second = database.dump().await;
    for ((table, before), (_, after)) in first.iter().zip(&second) {
        if table.contains("messages") || table.contains("transitions") || table.contains("event") {
            assert_eq!(before, after, "{table}: a second run changes nothing");
        }
    }
    let server = options.over(&database).start().await;
    let conversations = server.items("/api/conversations").await;
    assert_eq!(conversations.len(), 3);
    for conversation in &conversations {
        let id = conversation["id"].as_str().unwrap();
        let status = server.status(id).await;
        assert_eq!(status["analytics"]["messageCount"], 4, "{status:#}");
        assert_eq!(
            status["currentState"], "QUALIFIED",
            "no automatic handover in an import"
        );
        let tree = server
            .get(&format!("/api/conversation-state/{id}/thread-tree"))
            .await
            .ok();
        assert_eq!(tree["maxDepth"], 3);
    }
    let log = server.log_after(0).await;
    assert!(
        log.iter()
            .all(|row| row["silent"] == true || row["data"]["silent"] == true),
        "{:#}",
        log[0]
    );
}

async fn records_come_in_as_json_lines(options: Options) {
    let database = std::sync::Arc::new(Database::create(options.kind()).await);
    let rows = [
        json!({"type": "agent", "externalId": "a1", "name": "Grace", "email": "grace@dealer.example"}),
        json!({"type": "campaign", "externalId": "c1", "name": "Spring"}),
        json!({"type": "lead", "externalId": "l1", "email": "ada@customer.example", "firstName": "Ada"}),
        json!({"type": "conversation", "externalId": "v1", "leadExternalId": "l1", "campaignExternalId": "c1", "subject": "Hello", "state": "ENGAGED", "createdAt": "2025-01-02T03:04:05Z"}),
        json!({"type": "message", "externalId": "m1", "conversationExternalId": "v1", "senderId": "campaign", "isFromAI": 1, "content": "Hello", "messageType": "email", "sentAt": "2025-01-02T03:05:00Z"}),
        json!({"type": "message", "externalId": "m2", "conversationExternalId": "v1", "senderId": "l1", "isFromAI": 0, "content": "Tell me more", "messageType": "email", "sentAt": "2025-01-02T03:06:00Z"}),
        json!({"type": "suppression", "address": "never@customer.example", "reason": "opt_out"}),
        json!({"type": "lead", "externalId": "broken"}),
    ];
    let path = guardian::folder().join("records.jsonl");
    let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
    fs::write(&path, text).unwrap();
    let import = ["import", path.to_str().unwrap()];
    for _ in 0..2 {
        let run = without_server(&options, &database, &import).await;
        assert!(matches!(run.status.code(), Some(0 | 1)), "{run:?}");
    }
    without_server(&options, &database, &["verify"]).await.ok();
    let server = options.over(&database).start().await;
    let leads = server.items("/api/leads?externalId=l1").await;
    assert_eq!(leads.len(), 1);
    let conversations = server.items("/api/conversations?externalId=v1").await;
    let id = conversations[0]["id"].as_str().unwrap();
    let status = server.status(id).await;
    assert_eq!(status["currentState"], "ENGAGED");
    assert_eq!(status["analytics"]["messageCount"], 2);
    let rows = server
        .items(&format!("/api/conversation-state/{id}/transitions"))
        .await;
    assert_eq!(rows[0]["event"], "IMPORTED");
    assert_eq!(server.items("/api/suppressions").await.len(), 1);
    let refused = json!({"event": "IMPORTED", "triggeredBy": "test"});
    let path = format!("/api/conversation-state/{id}/transition");
    server
        .post(&path, refused)
        .await
        .problem(400, "unknown_event");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inspect_needs_no_database() {
    let options = Options::on(Kind::Sqlite);
    let database = Database::create(Kind::Sqlite).await;
    let path = mailbox();
    let arguments = [
        "inspect",
        path.to_str().unwrap(),
        "--json",
        "--our-address",
        "sales@dealer.example",
    ];
    let run = without_server(&options, &database, &arguments).await;
    let rows: Vec<Value> = run
        .ok()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 15, "one object a message, in file order");
    for rows in rows.chunks(5) {
        let root = &rows[0]["messageId"];
        assert!(
            rows.iter().all(|row| row["rootMessageId"] == *root),
            "{rows:#?}"
        );
        assert_eq!(rows[0]["parentMessageId"], Value::Null);
        assert_eq!(rows[1]["depth"], 3);
        assert_eq!(rows[2]["parentMessageId"], *root);
        assert_eq!(rows[4]["duplicateOf"], rows[2]["messageId"]);
        assert_eq!(rows[2]["replyText"], "I am interested, what is the price?");
        assert!(
            rows[2]["signals"]
                .as_array()
                .unwrap()
                .contains(&json!("pricing"))
        );
    }
    let text = without_server(&options, &database, &["inspect", path.to_str().unwrap()]).await;
    assert!(text.ok().lines().count() >= 15);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exit_codes_tell_what_happened() {
    let options = Options::on(Kind::Sqlite);
    let database = Database::create(Kind::Sqlite).await;
    for (arguments, code) in [
        (&["--help"][..], 0),
        (&["diagram"], 0),
        (&["openapi"], 0),
        (&["lexicon", "test"], 0),
        (&["migrate"], 0),
        (&["verify"], 0),
        (&["no-such-command"], 2),
        (&["serve", "--no-such-flag"], 2),
        (&["inspect", "/no/such/file.mbox"], 1),
        (&["import", "/no/such/file.mbox"], 1),
        (&["--config", "/no/such/convo.toml", "verify"], 1),
    ] {
        let run = without_server(&options, &database, arguments).await;
        assert_eq!(run.status.code(), Some(code), "{arguments:?}\n{run:#?}");
    }
    let wrong = options
        .clone()
        .with("CONVO_SERVER__BINDD", "x")
        .with("CONVO_POLICY__REOPEN_DAYS", "many");
    let run = without_server(&wrong, &database, &["verify"]).await;
    assert_eq!(run.status.code(), Some(1));
    let said = run.stderr + run.stdout.as_str();
    assert!(
        said.contains("BINDD") && said.to_lowercase().contains("reopen_days"),
        "all at once: {said}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_made_and_revoked_by_command() {
    let server: Server = Options::on(Kind::Sqlite).start().await;
    let made = server
        .command(&["keys", "create", "--name", "robot", "--scope", "read"])
        .await;
    let secret = made
        .ok()
        .split_whitespace()
        .find(|word| word.len() >= 24)
        .unwrap();
    server.with_key(Some(secret)).get("/api/leads").await.ok();
    let listed = server.command(&["keys", "list"]).await;
    assert!(listed.ok().contains("robot") && !listed.ok().contains(secret));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_openapi_document_names_every_route() {
    let server = Options::on(Kind::Sqlite).start().await;
    let served = server.with_key(None).get("/openapi.json").await.ok();
    assert!(served["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths = served["paths"].as_object().unwrap();
    for path in [
        "/api/conversation-state/{id}/status",
        "/api/conversation-state/{id}/transition",
        "/api/webhooks/{provider}/events",
        "/api/leads",
        "/healthz",
    ] {
        let found = paths.keys().any(|known| same_shape(known, path));
        assert!(
            found,
            "{path} is not among {:?}",
            paths.keys().collect::<Vec<_>>()
        );
    }
    let printed = server.command(&["openapi"]).await;
    assert_eq!(serde_json::from_str::<Value>(printed.ok()).unwrap(), served);
}

/// `cargo xtask generate` writes these pages; nobody else does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn generated_pages_are_what_the_program_prints() {
    let options = Options::on(Kind::Sqlite);
    let database = Database::create(Kind::Sqlite).await;
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let openapi = without_server(&options, &database, &["openapi"]).await;
    let page = fs::read_to_string(docs.join("openapi.json")).unwrap_or_default();
    assert_eq!(
        page.trim(),
        openapi.ok().trim(),
        "run `cargo xtask generate`"
    );
    let diagram = without_server(&options, &database, &["diagram"]).await;
    let page = fs::read_to_string(docs.join("state-machine.md")).unwrap_or_default();
    assert!(
        page.contains(diagram.ok().trim()),
        "run `cargo xtask generate`"
    );
}

/// Equal but for the names of parameters and the provider in the path.
fn same_shape(one: &str, other: &str) -> bool {
    let parts = |path: &str| -> Vec<String> { path.split('/').map(str::to_owned).collect() };
    let (one, other) = (parts(one), parts(other));
    let any = |part: &str| part.starts_with('{');
    one.len() == other.len()
        && one
            .iter()
            .zip(&other)
            .all(|(a, b)| a == b || any(a) || any(b))
}
