//! Mail on its way out, and lists of whom not to write to.

use convo_tests::records::{id, text};
use convo_tests::{Play, PlayedMailgun, Server, eventually};
use serde_json::json;

/// A mail that dies and is sent after all, one that is refused, and the link in one.
pub async fn all(server: &Server, mailgun: &PlayedMailgun) {
    let contact = server.contact("out@customer.example").await;
    let body = || json!({"author": "ai", "text": "Hello", "subject": "A question"});
    mailgun.next([Play::Answer(400, None)]);
    let before = mailgun.sent().len();
    let queued = contact.send(body()).await.expect(202);
    let dead = eventually("the mail is dead", async || {
        let dead = server.items("/api/outbox?status=dead").await;
        dead.into_iter().next()
    })
    .await;
    assert_eq!(dead["messageId"], queued["messageId"]);
    for rest in ["messages", "status", "thread-tree", "lead-journey"] {
        contact.get(rest).await.ok();
    }
    let retry = format!("/api/outbox/{}/retry", id(&dead));
    server.post(&retry, json!({})).await.ok();
    let none = json!({"code": "status_400"});
    server.post("/api/outbox/retry", none).await.ok();
    contact.send(body()).await.expect(202);
    let sent = mailgun.taken(before + 2).await;
    server.get("/api/outbox?limit=1").await.ok();
    let path = format!("/api/conversations/{}", contact.id);
    let switches =
        json!({"integration": {"tracking": false, "handover": false, "realTime": false}});
    server.patch(&path, switches).await.ok();
    contact.get("status").await.ok();

    let link = sent[before].unsubscribe();
    let anybody = server.with_key(None);
    anybody.get(&link).await.ok();
    anybody.call("POST", &link).send().await.ok();
    contact.send(body()).await.problem(409, "lease_void");
    contact.get("messages").await.ok();
    server.get("/api/events?limit=1000").await.ok();
    lists(server).await;
}

async fn lists(server: &Server) {
    let list = "address,expiresAt\nold@customer.example,2030-01-01T00:00:00Z\nnone,\n";
    let call = server.call("POST", "/api/suppressions/import");
    let imported = call.body("text/csv", list).send().await.ok();
    assert_eq!(
        text(&imported["errors"][0]["violations"][0]["field"]),
        "address"
    );
    server.get("/api/suppressions").await.ok();
    for format in ["csv", "jsonl"] {
        let path = format!("/api/suppressions?format={format}");
        let file = server.get(&path).await;
        assert_eq!(file.status, 200, "{}", file.text());
    }
}
