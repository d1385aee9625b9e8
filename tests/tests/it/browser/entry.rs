//! Logging in and out, with a mouse and without.

use convo_tests::{BOOTSTRAP_KEY, Browser, Kind, Options, no_browser};
use thirtyfour::Key;

use super::connected;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_leads_in_by_keyboard_alone_and_out_again() {
    if no_browser() {
        return;
    }
    let server = Options::on(Kind::Sqlite).start().await;
    let browser = Browser::start(server.base()).await;
    // The one answer that a page gives with an error's number.
    browser.tolerate("/login - Failed to load resource: the server responded with a status of 401");
    browser.open("/conversations?state=NEW").await;
    browser
        .until("the log-in", "document.body.dataset.page === 'login'")
        .await;
    browser.inspect("login").await;
    browser.walk().await;

    browser.fill("API key", "not-a-key-of-anybody").await;
    browser.type_keys(Key::Enter).await;
    browser.sees("No active key is like that.").await;
    browser.fill("API key", BOOTSTRAP_KEY).await;
    browser.type_keys(Key::Enter).await;
    browser
        .until(
            "the page that was asked for",
            "document.body.dataset.page === 'conversations'",
        )
        .await;
    assert_eq!(browser.path().await, "/conversations?state=NEW");
    connected(&browser).await;
    // No script can read what opens the pages.
    let cookies = browser.run("return document.cookie;", Vec::new()).await;
    assert_eq!(cookies, "");

    browser.enter("Log out").await;
    browser
        .until("the log-in", "document.body.dataset.page === 'login'")
        .await;
    browser.open("/leads").await;
    assert!(browser.path().await.starts_with("/login"), "logged out");
    browser.close().await;
}
