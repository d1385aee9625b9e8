//! What waits for a person: drafts and mail that was given up, with the numbers beside their places.

use convo_tests::{Browser, Kind, Options, PlayedMailgun, Server, no_browser};
use serde_json::json;

use super::{connected, inside, mark, stays, town};

/// The number beside a place.
fn waits(place: &str, count: u32) -> String {
    format!(
        "document.querySelector('#places a[href=\"/{place}\"] .count[data-count=\"{count}\"]') !== null"
    )
}

/// No number beside a place.
fn none_waits(place: &str) -> String {
    format!("document.querySelector('#places a[href=\"/{place}\"] .count') === null")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_is_approved_and_a_dead_mail_tried_again() {
    if no_browser() {
        return;
    }
    let mailgun = PlayedMailgun::start().await;
    let server = Options::on(Kind::Sqlite).sending(&mailgun).start().await;
    let browser = inside(&server).await;
    browser.open("/drafts").await;
    browser.sees("No draft waits for you.").await;
    connected(&browser).await;
    mark(&browser).await;
    town::trouble(&server, &mailgun).await;
    // Both come by themselves: the draft, and the numbers in the navigation.
    browser
        .until(
            "the draft",
            "document.querySelector('[data-draft]') !== null",
        )
        .await;
    browser.until("one draft waits", &waits("drafts", 1)).await;
    browser.until("one mail waits", &waits("outbox", 1)).await;
    stays(&browser).await;
    browser.sees("Can I book a test drive?").await;
    // Emptied, it is not sent as it was drafted.
    browser.fill("Text", " ").await;
    browser.press("Approve and send").await;
    browser.sees("must not be blank").await;
    browser.fill("Text", "On Wednesday at ten.").await;
    browser.press("Approve and send").await;
    browser.sees("Approved: it is on its way.").await;
    browser.until("no draft waits", &none_waits("drafts")).await;
    let sent = mailgun.taken(1).await.remove(0);
    assert!(sent.the("text").contains("On Wednesday at ten."));

    browser.press("Outbox").await;
    browser.sees("The provider answered 400").await;
    browser.press("Try again").await;
    browser.sees("It is tried again").await;
    mailgun.taken(2).await;
    browser.until("no mail waits", &none_waits("outbox")).await;
    files(&server, &browser).await;
    browser.close().await;
}

/// What the links of lists lead to, with the cookie of the page and the filters that are set.
async fn files(server: &Server, browser: &Browser) {
    let lost = server.contact("lost@customer.example").await;
    let outcome = json!({"outcome": "lost"});
    lost.transition_with("CONVERSATION_ABANDONED", outcome)
        .await
        .ok();
    browser.open("/conversations?outcome=lost").await;
    let read = "
        const to = [...document.querySelectorAll('.saved a')].map(link => link.href);
        return Promise.all(to.map(async href => {
            const answer = await fetch(href);
            return [answer.status, answer.headers.get('content-disposition'), (await answer.text()).trim().split('\\n').length];
        }));";
    let found = browser.run(read, Vec::new()).await;
    let csv = "attachment; filename=\"conversations.csv\"";
    let lines = "attachment; filename=\"conversations.jsonl\"";
    assert_eq!(found, json!([[200, csv, 2], [200, lines, 1]]));
    for path in ["/leads?q=lost", "/figures?days=7"] {
        browser.open(path).await;
        let found = browser.run(read, Vec::new()).await;
        let found = found.as_array().map(Vec::as_slice).unwrap_or_default();
        assert!(!found.is_empty(), "{path}");
        for file in found {
            assert_eq!(file[0], 200, "{path}: {file}");
        }
    }
}
