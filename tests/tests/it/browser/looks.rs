//! Every page: its form, its colours, its keyboard, its pictures.

use convo_tests::{Kind, Options, PlayedMailgun, no_browser};

use super::{inside, town};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_keeps_the_rules_and_obeys_the_keyboard() {
    if no_browser() {
        return;
    }
    let mailgun = PlayedMailgun::start().await;
    let server = Options::on(Kind::Sqlite).sending(&mailgun).start().await;
    let town = town::build(&server).await;
    town::trouble(&server, &mailgun).await;
    let browser = inside(&server).await;
    let talk = format!("/conversations/{}", town.talk.id);
    let lead = format!("/leads/{}", town.talk.lead);
    let pages = [
        ("overview", "/"),
        ("figures", "/figures"),
        ("conversations", "/conversations"),
        ("conversation", &talk),
        ("leads", "/leads"),
        ("lead", &lead),
        ("handover", "/handover"),
        ("review", "/review"),
        ("suppressions", "/suppressions"),
        ("receipts", "/receipts"),
        ("setup", "/setup"),
        ("drafts", "/drafts"),
        ("outbox", "/outbox"),
    ];
    let mut broken = String::new();
    for (name, path) in pages {
        browser.open(path).await;
        broken += &browser.faults(name).await;
        broken += &browser.stumbles().await;
    }
    assert!(broken.is_empty(), "\n{broken}");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_server_shows_what_to_do() {
    if no_browser() {
        return;
    }
    let server = Options::on(Kind::Sqlite).start().await;
    let browser = inside(&server).await;
    let todo = |item: &str, done: bool| {
        format!(
            "document.querySelector('#checklist [data-item={item}][data-done={done}]') !== null"
        )
    };
    browser.until("no agent yet", &todo("agents", false)).await;
    browser.inspect("empty").await;
    browser.walk().await;
    for path in [
        "/conversations",
        "/leads",
        "/handover",
        "/review",
        "/suppressions",
        "/receipts",
        "/drafts",
        "/outbox",
    ] {
        browser.open(path).await;
        let empty = "document.querySelector('main .empty') !== null";
        browser
            .until(&format!("{path} says that it is empty"), empty)
            .await;
    }
    browser.open("/").await;
    super::mark(&browser).await;
    server.agent("grace@dealer.example").await;
    browser
        .until("the agent is ticked off", &todo("agents", true))
        .await;
    server.contact("ada@customer.example").await;
    browser
        .until(
            "the first conversation",
            "document.querySelector('#states [data-state=NEW][data-count=\"1\"]') !== null",
        )
        .await;
    super::stays(&browser).await;
    browser.close().await;
}
