//! A conversation's page: events, refusals, and the handover to a person.

use convo_tests::records::text;
use convo_tests::{Browser, Kind, Options, PlayedMailgun, no_browser};
use serde_json::json;

use super::{connected, inside, log_in_with};
use crate::handover::{asks_for_a_person, fast};

const ON_PAGE: &str = "document.body.dataset.page === 'conversation'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_fired_and_a_refusal_is_explained() {
    if no_browser() {
        return;
    }
    let server = Options::on(Kind::Sqlite).start().await;
    let contact = server.contact("ada@customer.example").await;
    contact.outbound("Hello").await;
    let browser = inside(&server).await;
    browser.press("Conversations").await;
    browser
        .until("the list", "document.body.dataset.page === 'conversations'")
        .await;
    browser.press("Your new car").await;
    browser.until("the conversation", ON_PAGE).await;
    connected(&browser).await;
    lit(&browser, "NEW").await;
    browser.press("Trigger first mail sent").await;
    lit(&browser, "ACTIVE").await;
    browser
        .until(
            "a step of the history",
            "document.querySelector('#history li[data-version=\"1\"]') !== null",
        )
        .await;
    assert_eq!(contact.state().await, "ACTIVE");

    // What cannot happen says why: the state, and every rule with what is and what is needed.
    contact.reply("Hello, I like it").await;
    lit(&browser, "ENGAGED").await;
    let why = "#events li[data-event=QUALIFICATION_CRITERIA_MET][data-allowed=false] .why li[data-rule=qualification_criteria]";
    browser
        .until(
            "why not",
            &format!("document.querySelector('{why}') !== null"),
        )
        .await;
    let why = browser
        .run(
            &format!("return document.querySelector('{why}').innerText;"),
            Vec::new(),
        )
        .await;
    assert!(why.as_str().unwrap().contains("needs"), "{why}");
    browser.sees("Not possible in engaged.").await;

    // A page that is behind is refused, and shows what is now.
    let before = contact.status().await["version"].as_i64().unwrap();
    let behind = "
        const button = document.querySelector('[data-fire=ENGAGEMENT_INCREASED]');
        button.form.elements.expectedVersion.value = 1;
        button.click();";
    browser.run(behind, Vec::new()).await;
    browser
        .until(
            "the refusal",
            "document.querySelector('#alert[role=alert]') !== null",
        )
        .await;
    let alert = browser
        .run(
            "return document.getElementById('alert').dataset.code;",
            Vec::new(),
        )
        .await;
    assert_eq!(alert, "version_conflict");
    browser.inspect("refusal").await;
    assert_eq!(contact.status().await["version"], before);
    browser.press("Trigger engagement grew").await;
    let step = format!(
        "document.querySelector('#history li[data-version=\"{}\"]') !== null",
        before + 1
    );
    browser.until("the step after", &step).await;
    browser.close().await;
}

/// Waits until the diagram shows this state.
async fn lit(browser: &Browser, state: &str) {
    let lit = format!("document.querySelector('#machine [data-state={state}].lit') !== null");
    browser.until(&format!("{state} is lit"), &lit).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_accepts_answers_and_has_called() {
    if no_browser() {
        return;
    }
    let mailgun = PlayedMailgun::start().await;
    let server = fast(Options::on(Kind::Sqlite).sending(&mailgun)).await;
    let ann = server.agent("ann@dealer.example").await;
    let key = json!({"name": "Ann's key", "scopes": ["write", "agent"], "agentId": ann});
    let key = text(&server.post("/api/keys", key).await.expect(201)["key"]);
    let contact = asks_for_a_person(&server, "ada@customer.example").await;
    mailgun.taken(1).await;

    let browser = Browser::start(server.base()).await;
    log_in_with(&browser, &key).await;
    let queued = format!(
        "document.querySelector('#queue a[href=\"/conversations/{}\"]') !== null",
        contact.id
    );
    browser.until("it waits in the queue", &queued).await;
    browser
        .open(&format!("/conversations/{}", contact.id))
        .await;
    browser.press("Accept").await;
    browser.sees("Your answer").await;
    lit(&browser, "HANDED_OVER").await;
    browser.fill("To Ada", "I call you at five.").await;
    browser.press("Send").await;
    let sent = mailgun.taken(2).await.remove(1);
    assert_eq!(sent.the("to"), "ada@customer.example");
    assert!(sent.the("text").contains("I call you at five."));
    browser.sees("I call you at five.").await;
    browser.press("Called").await;
    browser.until("the page again", ON_PAGE).await;
    browser.settled().await;
    let touched = contact.status().await["integrationStatus"]["handover"]["touchedAt"].clone();
    assert!(touched.is_string(), "{touched}");
    browser.close().await;
}
