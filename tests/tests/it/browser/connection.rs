//! The connection is lost and found again.

use std::sync::Arc;

use convo_tests::{Browser, Kind, Options, Way, no_browser};
use serde_json::json;

use super::{connected, log_in, mark, stays};

/// Conversations that the stream shows, newest first.
const STREAM: &str =
    "return [...document.querySelectorAll('#activity li')].map(row => row.dataset.conversation);";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_while_the_server_is_away_shows_afterwards() {
    if no_browser() {
        return;
    }
    let mut server = Options::on(Kind::Sqlite).start().await;
    let way = Way::to(server.base()).await;
    let browser = Browser::start(&way.base()).await;
    // What a browser says of a server that is not there.
    for said in ["net::ERR_", "WebSocket connection to"] {
        browser.tolerate(said);
    }
    log_in(&browser).await;
    mark(&browser).await;
    // Every event is to be heard, and each once: the socket's own frames are counted.
    let mut expected = Vec::new();
    for round in 0..3 {
        way.close();
        browser.sees("Connection lost").await;
        if round == 0 {
            browser
                .picture("connection-lost", convo_tests::Look::Light)
                .await;
        }
        // A power cut, a new start, and life going on.
        server.kill9();
        server = server.restart().await;
        for person in 0..3 {
            let contact = server
                .contact(&format!("lead-{round}-{person}@customer.example"))
                .await;
            contact.outbound("Hello").await;
            contact.transition("FIRST_EMAIL_SENT").await.ok();
            expected.insert(0, json!(contact.id));
        }
        way.open(server.base());
        connected(&browser).await;
        browser.sees_no_more("Connection lost").await;
        let all = format!(
            "document.querySelector('#states [data-state=ACTIVE][data-count=\"{}\"]') !== null",
            expected.len()
        );
        browser.until("all of them are counted", &all).await;
        let stream = browser.run(STREAM, Vec::new()).await;
        assert_eq!(stream, json!(expected), "round {round}");
    }
    stays(&browser).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_revoked_closes_the_page() {
    if no_browser() {
        return;
    }
    let server = Arc::new(Options::on(Kind::Sqlite).start().await);
    let key = server.key(&["read"]).await;
    let browser = Browser::start(server.base()).await;
    super::log_in_with(&browser, &key).await;
    for said in ["status of 401", "status of 403", "WebSocket"] {
        browser.tolerate(said);
    }
    let keys = server.items("/api/keys").await;
    let own = keys
        .iter()
        .find(|one| one["name"] == "a key of the tests")
        .expect("the key");
    let path = format!("/api/keys/{}", own["id"].as_str().expect("an id"));
    server.delete(&path).await.expect(204);
    browser.sees("You are logged out").await;
    browser.reload().await;
    browser
        .until("the log-in", "document.body.dataset.page === 'login'")
        .await;
    browser.close().await;
}
