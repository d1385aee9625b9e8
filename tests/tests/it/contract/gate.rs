//! Calls that together get every answer about leave to send.

use convo_tests::Server;
use convo_tests::records::{id, text};
use serde_json::{Value, json};

/// Makes all of them; the server sends.
pub async fn all(server: &Server) {
    let campaign = json!({"name": "With conditions", "disclosure": "By a machine.", "consentRequired": ["form"], "dailyLimit": 100});
    let campaign = id(&server.post("/api/campaigns", campaign).await.expect(201));
    let lead = json!({"email": "leave@customer.example", "consent": {"basis": "form"}});
    let lead = id(&server.post("/api/leads", lead).await.expect(201));
    let nobody = server.lead("no-consent@customer.example").await;
    let path = format!("/api/campaigns/{campaign}/prepare");
    let prepared = server
        .post(&path, json!({"leads": [lead, nobody]}))
        .await
        .ok();
    let [allowed, denied] = [&prepared["items"][0], &prepared["items"][1]];
    assert_eq!(
        (&allowed["allowed"], &denied["allowed"]),
        (&json!(true), &json!(false))
    );
    let state = format!(
        "/api/conversation-state/{}",
        text(&allowed["conversationId"])
    );
    let post = async |rest: &str, body: Value| server.post(&format!("{state}/{rest}"), body).await;
    let told = json!({"lease": allowed["lease"]["id"], "providerMessageId": "x@provider.example"});
    post("sent", told.clone()).await.ok();
    post("sent", told).await.ok();
    let ask = json!({"author": "ai", "purpose": "follow_up"});
    post("may-send", ask.clone()).await.ok();
    let leased = post("may-send", ask).await.ok();
    assert_eq!(leased["reasons"][0]["code"], "leased");

    let fresh = server.contact("leave2@customer.example").await;
    fresh
        .post("may-send", json!({"author": "ai", "purpose": "campaign"}))
        .await
        .ok();
    let body = json!({"leadId": fresh.lead, "campaignId": campaign, "subject": "x"});
    let there = id(&server.post("/api/conversations", body).await.expect(201));
    let agent = json!({"author": "agent", "purpose": "reply", "agentId": server.agent("leave@dealer.example").await});
    server
        .post(&format!("/api/conversation-state/{there}/may-send"), agent)
        .await
        .ok();
    let disclosed = server.lead("disclosed@customer.example").await;
    let consent = json!({"consent": {"basis": "form"}});
    server
        .patch(&format!("/api/leads/{disclosed}"), consent)
        .await
        .ok();
    let body = json!({"leadId": disclosed, "campaignId": campaign, "subject": "x"});
    let disclosed = id(&server.post("/api/conversations", body).await.expect(201));
    let ask = json!({"author": "ai", "purpose": "campaign"});
    let said = server
        .post(
            &format!("/api/conversation-state/{disclosed}/may-send"),
            ask,
        )
        .await
        .ok();
    assert_eq!(said["disclosure"], "By a machine.");

    drafts(server).await;
    server.get("/api/reputation").await.ok();
    server
        .get(&format!("/api/reputation?campaignId={campaign}"))
        .await
        .ok();
    server
        .delete(&format!("/api/reputation?campaignId={campaign}"))
        .await
        .expect(204);
    let quiet = json!({"gate": {"quietHours": {"from": "21:00:00", "to": "08:00:00"}}});
    server.put("/api/policy", quiet).await.ok();
    server.put("/api/policy", json!({})).await.ok();
}

async fn drafts(server: &Server) {
    let contact = server.contact("draft@customer.example").await;
    contact.reply("How much is it?").await;
    let draft = json!({"author": "ai", "text": "A lot.", "html": "<p>A lot.</p>", "subject": "Price", "draft": true});
    let kept = contact.send(draft).await.expect(202);
    let of = format!("/api/drafts?limit=1&conversationId={}", contact.id);
    server.get(&of).await.ok();
    let path = format!("/api/drafts/{}", id(&kept["draft"]));
    server
        .post(&format!("{path}/approve"), json!({}))
        .await
        .expect(202);
    contact.reply("Thank you. And the red one?").await;
    let draft = json!({"author": "ai", "text": "Less.", "draft": true});
    let kept = contact.send(draft).await.expect(202);
    let path = format!("/api/drafts/{}", id(&kept["draft"]));
    server
        .post(&format!("{path}/discard"), json!({}))
        .await
        .ok();
    // Decided ones are still seen in what is held on the person.
    let path = format!("/api/leads/{}/export", contact.lead);
    let held = server.get(&path).await.ok();
    assert_eq!(held["drafts"].as_array().unwrap().len(), 2);
}
