//! The smallest bodies that are accepted.

use convo_tests::records::id;
use convo_tests::{Mail, Server};
use serde_json::{Value, json};

/// Method, template, a path of it, and a body with what is required and nothing else.
pub type Minimal = (&'static str, &'static str, String, Value);

/// One for each operation that takes JSON from a caller with a key.
pub async fn minimal(server: &Server) -> Vec<Minimal> {
    let contact = server.contact("ada@customer.example").await;
    let agent = server.agent("agent@dealer.example").await;
    let campaign = server.campaign("Spring").await;
    let mail = Mail::new("stranger@nowhere.example", "Hello", "Do you sell cars?");
    server.inbound(&mail).await.ok();
    let item = id(&server.get("/api/review").await.ok()["items"][0]);
    let new = "new@customer.example";
    let lead = server.lead("second@customer.example").await;
    let leave = json!({"author": "ai", "purpose": "campaign"});
    let leave = contact.post("may-send", leave).await.ok();
    let mut drafts = Vec::new();
    for email in ["draft1@customer.example", "draft2@customer.example"] {
        let contact = server.contact(email).await;
        let draft = json!({"author": "ai", "text": "Hi", "draft": true});
        let kept = contact.send(draft).await.expect(202);
        drafts.push(format!("/api/drafts/{}", id(&kept["draft"])));
    }
    let state = |rest| contact.path(rest);
    let same = |path: &str| path.to_owned();
    let message = json!({"senderId": "ai", "content": "Hi", "messageType": "email", "isFromAI": 1});
    vec![
        (
            "post",
            "/api/leads",
            same("/api/leads"),
            json!({"email": new}),
        ),
        (
            "patch",
            "/api/leads/{id}",
            format!("/api/leads/{lead}"),
            json!({}),
        ),
        (
            "post",
            "/api/agents",
            same("/api/agents"),
            json!({"name": "B", "email": "b@dealer.example"}),
        ),
        (
            "patch",
            "/api/agents/{id}",
            format!("/api/agents/{agent}"),
            json!({}),
        ),
        (
            "post",
            "/api/campaigns",
            same("/api/campaigns"),
            json!({"name": "Autumn"}),
        ),
        (
            "patch",
            "/api/campaigns/{id}",
            format!("/api/campaigns/{campaign}"),
            json!({}),
        ),
        ("put", "/api/policy", same("/api/policy"), json!({})),
        (
            "post",
            "/api/suppressions",
            same("/api/suppressions"),
            json!({"address": new}),
        ),
        (
            "post",
            "/api/keys",
            same("/api/keys"),
            json!({"name": "k", "scopes": ["read"]}),
        ),
        (
            "post",
            "/api/conversations",
            same("/api/conversations"),
            json!({"leadId": lead, "subject": "x"}),
        ),
        (
            "patch",
            "/api/conversations/{id}",
            format!("/api/conversations/{}", contact.id),
            json!({}),
        ),
        (
            "post",
            "/api/conversation-state/{id}/sent",
            state("sent"),
            json!({"lease": leave["lease"]["id"]}),
        ),
        (
            "post",
            "/api/conversation-state/{id}/process-message",
            state("process-message"),
            message,
        ),
        (
            "post",
            "/api/conversation-state/{id}/transition",
            state("transition"),
            json!({"event": "FIRST_EMAIL_SENT", "triggeredBy": "me"}),
        ),
        (
            "post",
            "/api/conversation-state/{id}/validate-transition",
            state("validate-transition"),
            json!({"event": "LEAD_REPLIED", "triggeredBy": "me"}),
        ),
        (
            "post",
            "/api/conversation-state/{id}/integration-event",
            state("integration-event"),
            json!({"type": "email_delivered", "source": "crm"}),
        ),
        (
            "post",
            "/api/conversation-state/{id}/send",
            state("send"),
            json!({"author": "ai", "text": "Hi"}),
        ),
        (
            "post",
            "/api/conversation-state/{id}/may-send",
            state("may-send"),
            json!({"author": "ai", "purpose": "reply"}),
        ),
        (
            "post",
            "/api/campaigns/{id}/prepare",
            format!("/api/campaigns/{campaign}/prepare"),
            json!({"leads": [lead]}),
        ),
        (
            "post",
            "/api/drafts/{id}/approve",
            format!("{}/approve", drafts[0]),
            json!({}),
        ),
        (
            "post",
            "/api/drafts/{id}/discard",
            format!("{}/discard", drafts[1]),
            json!({}),
        ),
        (
            "post",
            "/api/conversation-state/{id}/snooze",
            state("snooze"),
            json!({"until": null}),
        ),
        (
            "post",
            "/api/conversation-state/{id}/take-over",
            state("take-over"),
            json!({"agentId": agent, "reason": "asked for me"}),
        ),
        (
            "post",
            "/api/outbox/retry",
            same("/api/outbox/retry"),
            json!({"code": "never_seen"}),
        ),
        (
            "post",
            "/api/review/{id}/resolve",
            format!("/api/review/{item}/resolve"),
            json!({"action": "discard"}),
        ),
    ]
}
