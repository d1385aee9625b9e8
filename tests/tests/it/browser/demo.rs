//! What a newcomer sees: `convo-server demo` in an empty folder.

use std::time::{Duration, Instant};

use convo_tests::process::Process;
use convo_tests::{Browser, Database, Kind, Look, Options, guardian, no_browser};

use super::{log_in_with, mark, stays};

/// From an empty folder to a dashboard that lives.
const SOON: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newcomer_sees_a_living_dashboard_within_a_minute() {
    if no_browser() {
        return;
    }
    let began = Instant::now();
    let options = Options::on(Kind::Sqlite).with("CONVO_AUTH__BOOTSTRAP_KEY", "");
    let database = Database::create(Kind::Sqlite).await;
    let mut program = options.program(&database, &guardian::folder());
    program.args(["demo", "--database", database.url()]);
    let process = Process::start(program);
    let after = |line: &str, mark: &str| {
        line.split_once(mark)
            .map(|(_, rest)| rest.trim().to_owned())
    };
    let base = process.line(|line| after(line, "listening on ")).await;
    let key = process.line(|line| after(line, "shown once: ")).await;
    let (Some(base), Some(key)) = (base, key) else {
        panic!("no demo:\n{}\n{}", process.stdout(), process.stderr());
    };
    let browser = Browser::start(&base).await;
    log_in_with(&browser, &key).await;
    let newest = "document.querySelector('#activity li').textContent";
    let first = browser.until("the stream", newest).await;
    browser.inspect("demo").await;
    // The picture of the README.
    browser.screen("readme", Look::Light).await;
    mark(&browser).await;
    // The story goes on while somebody looks.
    let moved = format!("{newest} !== {first}");
    browser.until("something new in the stream", &moved).await;
    stays(&browser).await;
    let took = began.elapsed();
    assert!(took < SOON, "{took:?}");
    browser.press("Conversations").await;
    browser
        .until("the list", "document.body.dataset.page === 'conversations'")
        .await;
    browser.inspect("demo-conversations").await;
    browser.close().await;
}
