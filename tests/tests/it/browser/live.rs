//! What happens shows without a reload, in the viewer's own time.

use convo_tests::{Kind, Options, no_browser};
use serde_json::json;

use super::{connected, inside, mark, stays};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_change_arrives_without_a_reload() {
    if no_browser() {
        return;
    }
    let server = Options::on(Kind::Sqlite).start().await;
    let contact = server.contact("ada@customer.example").await;
    let browser = inside(&server).await;
    let count = |state: &str, n: u32| {
        format!(
            "document.querySelector('#states [data-state={state}][data-count=\"{n}\"]') !== null"
        )
    };
    browser.until("one is new", &count("NEW", 1)).await;
    mark(&browser).await;
    contact.outbound("Hello").await;
    contact.transition("FIRST_EMAIL_SENT").await.ok();
    browser.until("it is active", &count("ACTIVE", 1)).await;
    contact.reply("I am interested, tell me more").await;
    browser.until("it is engaged", &count("ENGAGED", 1)).await;
    browser.until("none is active", &count("ACTIVE", 0)).await;
    let row = format!(
        "document.querySelector('#activity li[data-conversation=\"{}\"] .state[data-of=ENGAGED]') !== null",
        contact.id
    );
    browser.until("the stream tells it", &row).await;
    stays(&browser).await;

    browser.press("Your new car").await;
    browser
        .until(
            "the conversation",
            "document.body.dataset.page === 'conversation'",
        )
        .await;
    connected(&browser).await;
    mark(&browser).await;
    contact.reply("Can I book a test drive?").await;
    browser.sees("Can I book a test drive?").await;
    let shown = "document.querySelectorAll('#messages article[data-message]').length === 3";
    browser.until("three messages", shown).await;
    stays(&browser).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn times_are_those_of_the_viewer() {
    if no_browser() {
        return;
    }
    let server = Options::on(Kind::Sqlite).start().await;
    let contact = server.contact("ada@customer.example").await;
    contact.outbound("Hello").await;
    let browser = inside(&server).await;
    for zone in ["Asia/Tokyo", "America/New_York"] {
        browser.live_in(zone).await;
        browser
            .open(&format!("/conversations/{}", contact.id))
            .await;
        let written = "
            const time = document.querySelector('#messages time[datetime]');
            const format = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short', timeZone: arguments[0] });
            return [time.textContent, format.format(new Date(time.dateTime))];";
        let written = browser.run(written, vec![json!(zone)]).await;
        assert_eq!(written[0], written[1], "{zone}");
    }
    browser.close().await;
}
