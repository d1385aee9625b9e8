//! Pages in Chromium: what a person sees and does, what a page asks and says, and how it looks.

mod connection;
mod conversation;
mod demo;
mod entry;
mod hostile;
mod links;
mod live;
mod looks;
mod payloads;
mod proof;
mod town;
mod waiting;

use convo_tests::{BOOTSTRAP_KEY, Browser, Server};

/// A browser that is logged in with the bootstrap key, on the first page.
async fn inside(server: &Server) -> Browser {
    let browser = Browser::start(server.base()).await;
    log_in(&browser).await;
    browser
}

/// Logs in with the bootstrap key.
async fn log_in(browser: &Browser) {
    log_in_with(browser, BOOTSTRAP_KEY).await;
}

/// Logs in with this key; the first page is live then.
async fn log_in_with(browser: &Browser, key: &str) {
    browser.open("/login").await;
    browser.fill("API key", key).await;
    browser.press("Log in").await;
    browser
        .until(
            "the first page",
            "document.body.dataset.page === 'overview'",
        )
        .await;
    browser.settled().await;
    connected(browser).await;
}

/// Waits until the page hears what happens.
async fn connected(browser: &Browser) {
    let live = "document.documentElement.dataset.connection === 'live'";
    browser.until("the page is live", live).await;
}

/// From now on [`stays`] knows whether the page was loaded anew.
async fn mark(browser: &Browser) {
    browser.run("window.marked = true;", Vec::new()).await;
}

/// The page is the one that was marked.
async fn stays(browser: &Browser) {
    let marked = browser
        .run("return window.marked === true;", Vec::new())
        .await;
    assert_eq!(marked, true, "the page was loaded anew");
}
