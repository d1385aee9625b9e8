//! Two releases on one database: this program on the schema of the next release, and on that of one before.
//!
//! A release only expands the schema; what it no longer needs goes with the release after it (docs/scaling.md).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use convo_tests::{Database, Kind, Mail, Options, PlayedMailgun, Server, on_both, together};

use crate::contract::calls;

on_both!(
    the_schema_of_the_next_release_is_as_good,
    the_schema_of_a_release_before_is_brought_up_to_date,
    who_migrates_at_once_does_it_once,
);

const MIGRATIONS: &str = "__diesel_schema_migrations";
/// The version of a migration that this program does not know.
const LATER: &str = "99999999999999";

/// Everything that a release may do to a schema, done to all tables: columns that may be empty, columns with a default,
/// indexes, a table of its own that points to ours, and the row that says so.
async fn expand(database: &Database) {
    for table in tables(database).await {
        let sql = format!(
            "ALTER TABLE {table} ADD COLUMN later_note text;\
             ALTER TABLE {table} ADD COLUMN later_count integer NOT NULL DEFAULT 7;\
             CREATE INDEX {table}_later ON {table} (later_count, later_note);"
        );
        database.execute(&sql).await;
    }
    let id = match database.kind() {
        Kind::Sqlite => "blob",
        Kind::Postgres => "uuid",
    };
    let sql = format!(
        "CREATE TABLE later_things (id {id} NOT NULL PRIMARY KEY, lead_id {id} NOT NULL REFERENCES leads (id), note text);\
         INSERT INTO {MIGRATIONS} (version) VALUES ('{LATER}');"
    );
    database.execute(&sql).await;
}

/// Names of the program's own tables.
async fn tables(database: &Database) -> Vec<String> {
    let dump = database.dump().await;
    let names = dump.into_iter().map(|(name, _)| name);
    names
        .filter(|name| name != MIGRATIONS && !name.starts_with("sqlite_"))
        .collect()
}

/// Every documented operation answers as documented; a mail is taken, moves its conversation and is heard of; a person
/// is forgotten.
async fn use_it(server: &Server, email: &str) {
    let mut live = server.subscribed(&["conversation_states"]).await;
    let contact = server.contact(email).await;
    let ours = contact
        .outbound("Hello, may I show you our new models?")
        .await;
    let mail = Mail::new(
        email,
        "Re: Hello",
        "I am interested, can I book a test drive?",
    );
    server.inbound(&mail.answering(&ours)).await.ok();
    assert_eq!(contact.state().await, "ENGAGED");
    live.until("conversation_state_changed").await;
    contact.transition("ENGAGEMENT_INCREASED").await.ok();
    server.delete(&format!("/api/leads/{}", contact.lead)).await;
    server.verify().await;
}

async fn the_schema_of_the_next_release_is_as_good(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    use_it(&server, "before@customer.example").await;
    let database = Arc::clone(server.database());

    // The next release has started beside it.
    expand(&database).await;
    use_it(&server, "beside@customer.example").await;

    // It is started anew on what the next release made, and does everything it can.
    let server = server.restart().await;
    assert_eq!(server.get("/readyz").await.status, 200);
    use_it(&server, "after@customer.example").await;
    calls::all(&server, &mailgun).await;
    server.command(&["migrate"]).await.ok();
    server.verify().await;
    for table in tables(&database).await {
        if table == "later_things" {
            continue;
        }
        let touched = format!(
            "SELECT count(*) FROM {table} WHERE later_count <> 7 OR later_note IS NOT NULL"
        );
        assert_eq!(database.count(&touched).await, 0, "{table}");
    }
    let kept = format!("SELECT count(*) FROM {MIGRATIONS} WHERE version = '{LATER}'");
    assert_eq!(database.count(&kept).await, 1);
}

/// The steps of a database's schema, in order.
fn steps(kind: Kind) -> Vec<PathBuf> {
    let folder = match kind {
        Kind::Sqlite => "migrations/sqlite",
        Kind::Postgres => "migrations/postgres",
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let steps = std::fs::read_dir(root.join(folder)).unwrap();
    let mut steps: Vec<PathBuf> = steps.map(|entry| entry.unwrap().path()).collect();
    steps.sort();
    steps
}

/// What a step is recorded as.
fn version(step: &Path) -> String {
    let name = step.file_name().unwrap().to_str().unwrap();
    name.split('_').next().unwrap().to_owned()
}

/// Takes all steps but the first ones back.
async fn take_back(database: &Database, keep: usize) {
    for step in steps(database.kind()).iter().skip(keep).rev() {
        let down = std::fs::read_to_string(step.join("down.sql")).unwrap();
        database.execute(&down).await;
        let version = version(step);
        database
            .execute(&format!(
                "DELETE FROM {MIGRATIONS} WHERE version = '{version}'"
            ))
            .await;
    }
}

#[track_caller]
fn assert_all(kind: Kind, ran: i64) {
    assert_eq!(ran, i64::try_from(steps(kind).len()).unwrap());
}

async fn ran(database: &Database) -> i64 {
    database
        .count(&format!("SELECT count(*) FROM {MIGRATIONS}"))
        .await
}

async fn the_schema_of_a_release_before_is_brought_up_to_date(options: Options) {
    let kind = options.kind();
    let mut server = options.start().await;
    let database = Arc::clone(server.database());
    // From the oldest schema with data, and from nothing.
    for keep in [1, 0] {
        let before = server
            .contact(&format!("before-{keep}@customer.example"))
            .await;
        server.stop().await;
        take_back(&database, keep).await;
        assert_eq!(ran(&database).await, i64::try_from(keep).unwrap());
        server = server.restart().await;
        assert_all(kind, ran(&database).await);
        assert_eq!(server.get("/readyz").await.status, 200);
        let found = server.get(&format!("/api/leads/{}", before.lead)).await;
        assert_eq!(found.status, if keep > 0 { 200 } else { 404 });
        use_it(&server, "after@customer.example").await;
    }
}

async fn who_migrates_at_once_does_it_once(options: Options) {
    let kind = options.kind();
    let server = options.start().await;
    let database = Arc::clone(server.database());
    let (options, folder) = (server.options().clone(), server.folder().to_owned());
    drop(server);
    for keep in [1, 0] {
        take_back(&database, keep).await;
        let runs = (0..4).map(|_| {
            let (options, database, folder) =
                (options.clone(), Arc::clone(&database), folder.clone());
            async move { options.command(&database, &folder, &["migrate"]).await }
        });
        for run in together(runs.collect::<Vec<_>>()).await {
            run.ok();
        }
        assert_all(kind, ran(&database).await);
        let born = "SELECT count(*) FROM instance";
        assert_eq!(database.count(born).await, 1);
    }
    if kind == Kind::Sqlite {
        return;
    }
    // Two nodes of a cluster that are started together.
    take_back(&database, 0).await;
    let options = options.over(&database);
    let nodes = together([options.clone().start(), options.start()]).await;
    assert_all(kind, ran(&database).await);
    for (number, node) in nodes.iter().enumerate() {
        use_it(node, &format!("node-{number}@customer.example")).await;
    }
}
