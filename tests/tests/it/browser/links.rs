//! The pages that links in mails lead to, and the page of the API's document.

use convo_tests::{Browser, Kind, Look, Options, PlayedMailgun, no_browser};
use serde_json::json;

use crate::handover::{asked, asks_for_a_person, fast, mail};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_click_asks_and_then_thanks() {
    if no_browser() {
        return;
    }
    let mailgun = PlayedMailgun::start().await;
    let server = Options::on(Kind::Sqlite).sending(&mailgun).start().await;
    let contact = server.contact("ada@customer.example").await;
    let mail = json!({"author": "ai", "text": "Hello"});
    contact.send(mail).await.expect(202);
    let link = mailgun.taken(1).await[0].unsubscribe();

    let browser = Browser::start(server.base()).await;
    browser.open(&link).await;
    browser.sees("Do you want no more mail of this kind").await;
    browser.walk().await;
    browser.inspect("unsubscribe").await;
    assert_eq!(server.items("/api/suppressions").await.len(), 0);
    browser.enter("Send me no more").await;
    browser.sees("You will get no more mail").await;
    browser.inspect("unsubscribed").await;
    assert_eq!(server.items("/api/suppressions").await.len(), 1);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offer_is_shown_and_accepted() {
    if no_browser() {
        return;
    }
    let mailgun = PlayedMailgun::start().await;
    let server = fast(Options::on(Kind::Sqlite).sending(&mailgun)).await;
    let ann = server.agent("ann@dealer.example").await;
    let contact = asks_for_a_person(&server, "ada@customer.example").await;
    let notice = mailgun.taken(1).await.remove(0);

    let browser = Browser::start(server.base()).await;
    browser.open(&mail::link(&notice, "Accept")).await;
    browser
        .sees("You are asked to take this conversation over.")
        .await;
    browser.walk().await;
    browser.inspect("offer").await;
    assert_eq!(asked(&contact).await, ann.as_str());
    browser.press("Accept").await;
    browser.sees("The conversation is yours.").await;
    assert_eq!(contact.state().await, "HANDED_OVER");
    browser.close().await;
}

/// A page of others: what it asks and says is held, its form is theirs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_of_the_document_needs_no_other_host() {
    if no_browser() {
        return;
    }
    let server = Options::on(Kind::Sqlite).start().await;
    let browser = Browser::start(server.base()).await;
    browser.open("/docs/").await;
    browser
        .sees("/api/conversation-state/{id}/transition")
        .await;
    browser.picture("api", Look::Light).await;
    let asked = browser.requests().await;
    assert!(
        asked.iter().any(|url| url.ends_with("/openapi.json")),
        "{asked:#?}"
    );
    browser.close().await;
}
