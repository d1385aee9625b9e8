//! The harness itself: databases come and go, processes end.

use convo_tests::process::Process;
use convo_tests::{Database, Mail, Options, eventually, on_both};

on_both!(databases_are_fresh_and_private);

async fn databases_are_fresh_and_private(options: Options) {
    let one = Database::create(options.kind()).await;
    let other = Database::create(options.kind()).await;
    assert_ne!(one.url(), other.url());
    assert_eq!(one.count("SELECT CAST(1 AS BIGINT)").await, 1);
    assert!(one.dump().await.is_empty());
    one.execute("CREATE TABLE words (word TEXT NOT NULL)").await;
    one.execute("INSERT INTO words (word) VALUES ('found')")
        .await;
    let dump = one.dump().await;
    assert_eq!(dump[0].0, "words");
    assert!(dump[0].1[0].contains("found"));
    assert!(other.dump().await.is_empty());
}

#[tokio::test]
async fn a_process_is_heard_and_ends() {
    let mut command = std::process::Command::new("/bin/sh");
    command.args([
        "-c",
        "trap 'exit 7' TERM; echo ready >&2; echo on 7; while :; do sleep 0.05; done",
    ]);
    let mut process = Process::start(command);
    let port = process
        .line(|line| line.strip_prefix("on ").map(str::to_owned))
        .await;
    assert_eq!(port.as_deref(), Some("7"));
    eventually("the word on standard error", async || {
        process.stderr().contains("ready").then_some(())
    })
    .await;
    process.signal("TERM");
    assert_eq!(process.end().await.code(), Some(7));
    assert!(
        process
            .line(|line| (line == "never").then_some(()))
            .await
            .is_none()
    );
}

#[test]
fn a_mail_has_every_form() {
    let mail = Mail::new("ada@customer.example", "Hello", "One\nFrom two").answering("a@b.example");
    assert!(mail.mime().contains("\r\nIn-Reply-To: <a@b.example>\r\n"));
    assert!(mail.mbox().starts_with("From ada@customer.example "));
    assert!(mail.mbox().contains("\n>From two\n"));
    let form = convo_tests::mailgun::form(&mail);
    assert!(
        form.iter()
            .any(|(name, value)| name == "body-plain" && value == "One\nFrom two")
    );
}
