//! Drafts wait for an agent.

use convo_tests::records::{id, text};
use convo_tests::{Options, PlayedMailgun, on_both};
use serde_json::{Value, json};

use super::{codes, denied};

on_both!(
    a_draft_is_no_message_until_it_is_approved,
    an_agent_makes_a_draft_its_own,
);

async fn a_draft_is_no_message_until_it_is_approved(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    let contact = server.contact("ada@customer.example").await;
    contact.reply("Can I book a test drive?").await;
    let body =
        json!({"author": "ai", "text": "On Tuesday?", "html": "<p>On Tuesday?</p>", "draft": true});
    let kept = contact.send(body).await.expect(202);
    assert!(kept["outbox"].is_null());
    let draft = id(&kept["draft"]);
    let path = format!("/api/drafts/{draft}");
    assert_eq!(contact.messages().await.len(), 1, "a draft is no message");
    assert_eq!(contact.status().await["awaiting"], "us");
    let listed = server
        .get(&format!("/api/drafts?conversationId={}", contact.id))
        .await
        .ok();
    assert_eq!(
        (id(&listed["items"][0]), &listed["items"][0]["text"]),
        (draft.clone(), &json!("On Tuesday?"))
    );
    // The mail it answers is spoken for.
    assert_eq!(denied(&contact, "reply").await, ["answered"]);
    let writer = server.key(&["write"]).await;
    let writer = server.with_key(Some(&writer));
    writer
        .post(&format!("{path}/approve"), json!({}))
        .await
        .problem(403, "forbidden");
    let approved = json!({"text": "On Tuesday at ten?"});
    let queued = server
        .post(&format!("{path}/approve"), approved)
        .await
        .expect(202);
    assert_eq!(
        (&queued["draftId"], &queued["messageId"]),
        (&json!(draft), &kept["messageId"])
    );
    let sent = mailgun.taken(1).await.remove(0);
    assert_eq!(
        (sent.the("text"), sent.field("html")),
        ("On Tuesday at ten?", None)
    );
    assert_eq!(contact.status().await["awaiting"], "lead");
    server
        .post(&format!("{path}/approve"), json!({}))
        .await
        .problem(409, "conflict");
    assert_eq!(server.get("/api/drafts").await.ok()["items"], json!([]));
    let nowhere = "/api/drafts/018f0000-0000-7000-8000-000000000000/discard";
    server
        .post(nowhere, json!({}))
        .await
        .problem(404, "not_found");

    // By policy all of automation's mail waits; what nobody may send is not even kept.
    server
        .put("/api/policy", json!({"gate": {"approval": true}}))
        .await
        .ok();
    let contact = server.contact("grace@customer.example").await;
    let body = json!({"author": "ai", "text": "Hello"});
    let kept = contact.send(body.clone()).await.expect(202);
    let path = format!("/api/drafts/{}", id(&kept["draft"]));
    let discarded = server
        .post(&format!("{path}/discard"), json!({"reason": "no"}))
        .await
        .ok();
    assert_eq!(
        (&discarded["decision"], &discarded["text"]),
        (&json!("discarded"), &json!(""))
    );
    contact.reply("Unsubscribe").await;
    let refused = contact.send(body).await.problem(409, "lease_void");
    assert_eq!(codes(&refused), ["closed", "suppressed"]);
    assert_eq!(mailgun.sent().len(), 1);
    server.verify().await;
}

async fn an_agent_makes_a_draft_its_own(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    let contact = server.contact("ada@customer.example").await;
    let agent = server.agent("ada@dealer.example").await;
    contact.reply("Please call me.").await;
    contact
        .post("take-over", json!({"agentId": agent, "reason": "mine"}))
        .await
        .ok();
    // Automation may not write to a lead that people have; an agent may use its words.
    let body = json!({"author": "ai", "text": "When may we call you?", "draft": true});
    let kept = contact.send(body).await.expect(202);
    let path = format!("/api/drafts/{}/approve", id(&kept["draft"]));
    let refused = server
        .post(&path, json!({}))
        .await
        .problem(409, "lease_void");
    assert_eq!(codes(&refused), ["handover", "owned"]);
    let key = json!({"name": "Ada", "scopes": ["read", "write", "agent"], "agentId": agent});
    let key = server.post("/api/keys", key).await.expect(201);
    let key = ["key", "secret", "apiKey", "token"]
        .iter()
        .find_map(|name| key[*name].as_str());
    let queued = server
        .with_key(key)
        .post(&path, json!({}))
        .await
        .expect(202);
    mailgun.taken(1).await;
    let message = contact.message(&text(&queued["messageId"])).await;
    let by = |name: &str| -> Value { message[name].clone() };
    assert_eq!(
        (by("author"), by("authorId")),
        (json!("agent"), json!(agent))
    );
    server.verify().await;
}
