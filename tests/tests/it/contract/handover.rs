//! Calls that together get every answer about handovers.

use convo_tests::mailgun::Event;
use convo_tests::played::{PUBLIC_URL, SentMail};
use convo_tests::records::{Contact, id, text};
use convo_tests::{PlayedMailgun, Server, eventually};
use serde_json::{Value, json};

use crate::handover::CALL_ME;

/// Makes all of them; the server sends.
pub async fn all(server: &Server, mailgun: &PlayedMailgun) {
    server
        .put("/api/policy", json!({"fastTrack": true}))
        .await
        .ok();
    let ann = server.agent("ann.offers@dealer.example").await;
    let first = asks(server, "first.offer@customer.example").await;
    first.get("status").await.ok();
    let offer = offered(&first).await;
    let inbox = format!("/api/agents/{}/offers?limit=1", text(&offer["agentId"]));
    server.get(&inbox).await.ok();
    let anybody = server.with_key(None);
    assert_eq!(anybody.get("/o/AAAA").await.status, 404);
    assert_eq!(anybody.call("POST", "/o/AAAA").send().await.status, 404);
    let link = link(mailgun, &first.email, "Accept").await;
    assert_eq!(anybody.get(&link).await.status, 200);
    let by = |agent: &Value| json!({"agentId": agent, "reason": "busy"});
    first
        .post("handover/decline", by(&offer["agentId"]))
        .await
        .ok();
    let second = offered(&first).await;
    let late = other_link(mailgun, &first.email, &link).await;
    let owner = if second["agentId"] == ann.as_str() {
        text(&offer["agentId"])
    } else {
        ann
    };
    let assign = json!({"agentId": owner});
    first
        .transition_with("HUMAN_AGENT_ASSIGNED", assign)
        .await
        .ok();
    assert_eq!(anybody.call("POST", &late).send().await.status, 409);
    let owner = json!(owner);
    first.post("handover/touch", by(&owner)).await.ok();
    first
        .reply("And the colour? I want to know before I come.")
        .await;
    first.get("status").await.ok();
    first.get("handover-summary").await.ok();
    assert_eq!(first.get("handover-summary?format=html").await.status, 200);
    first.post("handover/release", by(&owner)).await.ok();
    let third = offered(&first).await;
    first
        .post("handover/accept", by(&third["agentId"]))
        .await
        .ok();
    first
        .post("handover/touch", by(&third["agentId"]))
        .await
        .ok();
    first.transition("CONVERSATION_COMPLETED").await.ok();
    assert_eq!(anybody.call("POST", &late).send().await.status, 410);

    let other = asks(server, "second.offer@customer.example").await;
    offered(&other).await;
    let decline = self::link(mailgun, &other.email, "Decline").await;
    assert_eq!(anybody.call("POST", &decline).send().await.status, 200);
    let mut notices = mailgun.sent().into_iter();
    let notice = notices.find(|mail| mail.the("to").ends_with("@dealer.example"));
    let came_back = notice.expect("a notice").event(Event::bounced);
    server.event(&came_back).await.ok();
    server.get("/api/agents").await.ok();
    server.get("/api/events?limit=1000").await.ok();
    server.get("/api/outbox?limit=200").await.ok();
    server.put("/api/policy", json!({})).await.ok();
}

/// A lead of whom everything is known asks for a person.
async fn asks(server: &Server, email: &str) -> Contact {
    let lead = json!({
        "email": email, "firstName": "Ada", "phone": "+49 30 1", "interest": "estate", "source": "fair",
        "language": "de", "timeZone": "Europe/Berlin",
    });
    server.post("/api/leads", lead).await.expect(201);
    let contact = server.contact(email).await;
    contact.outbound("Hello").await;
    contact.reply(&format!("How much is it? {CALL_ME}")).await;
    contact
}

async fn offered(contact: &Contact) -> Value {
    let status = contact.status().await;
    let offer = status["integrationStatus"]["handover"]["offer"].clone();
    assert_eq!(id(&offer).len(), 36, "{status:#}");
    offer
}

/// The links of this name in notices about a lead, in the order in which they were sent.
fn links(mails: &[SentMail], email: &str, name: &str) -> Vec<String> {
    let about = mails
        .iter()
        .map(|mail| mail.the("text"))
        .filter(|text| text.contains(email));
    let start = format!("{name}: {PUBLIC_URL}");
    let lines = about.filter_map(|text| text.lines().find_map(|line| line.strip_prefix(&start)));
    lines.map(str::to_owned).collect()
}

async fn link(mailgun: &PlayedMailgun, email: &str, name: &str) -> String {
    eventually("the offer is mailed", async || {
        links(&mailgun.sent(), email, name).into_iter().next()
    })
    .await
}

/// The link of the offer after the first.
async fn other_link(mailgun: &PlayedMailgun, email: &str, first: &str) -> String {
    eventually("the second offer is mailed", async || {
        let found = links(&mailgun.sent(), email, "Accept");
        found.into_iter().find(|link| link != first)
    })
    .await
}
