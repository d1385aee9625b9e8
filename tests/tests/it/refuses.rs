//! A wrong configuration: the program says in one clear line what is wrong, and does not start.

use std::net::TcpListener;

use convo_tests::small::small_or_skipped;
use convo_tests::{Database, Finished, Kind, Options, guardian};

/// Starts a server that must not start; what it says beside its log.
async fn refused(options: &Options, database: &Database) -> Vec<String> {
    let run: Finished = options
        .command(database, &guardian::folder(), &["serve"])
        .await;
    assert_eq!(run.status.code(), Some(1), "{run:#?}");
    assert!(!run.stdout.contains("listening on"), "{run:#?}");
    let lines = run.stderr.lines().filter(|line| !line.starts_with('{'));
    lines.map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_line_says_what_is_wrong() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let database = Database::create(Kind::Sqlite).await;
    for (name, value, said) in [
        ("CONVO_SERVER__BINDD", "x", "CONVO_SERVER__BINDD"),
        ("CONVO_SERVER__BIND", taken.as_str(), "server.bind"),
        (
            "CONVO_SERVER__METRICS_BIND",
            taken.as_str(),
            "server.metrics_bind",
        ),
        ("CONVO_SERVER__BIND", "everywhere", "server.bind"),
        (
            "CONVO_STORAGE__PATH",
            "/dev/null/attachments",
            "storage.path",
        ),
        (
            "CONVO_DATABASE__URL",
            "postgres://convo:hush@127.0.0.1:1/convo",
            "database",
        ),
        (
            "CONVO_DATABASE__URL",
            "sqlite:///no/such/folder/convo.db",
            "database",
        ),
        ("CONVO_DATABASE__URL", "mysql://x", "database.url"),
        (
            "CONVO_MAILGUN__SIGNING_KEY",
            "a key\nof two lines",
            "mailgun.signing_key",
        ),
        ("CONVO_AUTH__BOOTSTRAP_KEY", "short", "auth.bootstrap_key"),
        (
            "CONVO_POLICY__LEXICON",
            "/no/such/pack.toml",
            "policy.lexicon",
        ),
    ] {
        let options = Options::on(Kind::Sqlite).with(name, value);
        let lines = refused(&options, &database).await;
        assert_eq!(lines.len(), 1, "{name}={value}: {lines:#?}");
        assert!(lines[0].starts_with("convo-server: "), "{lines:#?}");
        assert!(lines[0].contains(said), "{name}={value}: {lines:#?}");
        assert!(!lines[0].contains("hush"), "{lines:#?}");
    }
    // Several wrong settings are one line each, and all at once.
    let options = Options::on(Kind::Sqlite)
        .with("CONVO_SERVER__BIND", "everywhere")
        .with("CONVO_STORAGE__PATHH", "x");
    let lines = refused(&options, &database).await;
    assert_eq!(lines.len(), 3, "{lines:#?}");
    for name in ["server.bind", "CONVO_STORAGE__PATHH"] {
        assert!(lines.iter().any(|line| line.contains(name)), "{lines:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_read_only_from_the_start_is_said() {
    let Some(small) = small_or_skipped(32) else {
        return;
    };
    let database = Database::sqlite_in(&small.room("database"));
    let storage = small.room("attachments").display().to_string();
    let elsewhere = guardian::folder();
    let options = Options::on(Kind::Sqlite);
    options
        .command(&database, &elsewhere, &["migrate"])
        .await
        .ok();
    let stored = options.clone().with("CONVO_STORAGE__PATH", &storage);
    small.writable(false);
    let lines = refused(&options, &database).await;
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("database"), "{lines:#?}");
    let other = Database::create(Kind::Sqlite).await;
    let lines = refused(&stored, &other).await;
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("storage.path"), "{lines:#?}");
    small.writable(true);
    options
        .command(&database, &elsewhere, &["verify"])
        .await
        .ok();
}
