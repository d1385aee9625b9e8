//! Calls that together get every answer there is.

use chrono::{TimeDelta, Utc};
use convo_tests::mailgun::Event;
use convo_tests::records::{Contact, STATE, id, text};
use convo_tests::{Mail, PlayedMailgun, Server};
use serde_json::{Value, json};

use super::{analytics, gate, handover, outgoing};

/// Makes all of them.
pub async fn all(server: &Server, mailgun: &PlayedMailgun) {
    for path in ["/healthz", "/readyz"] {
        server.with_key(None).get(path).await.ok();
    }
    assert!(server.get("/metrics").await.text().contains("convo_"));
    // Without any data, which is another shape of many answers.
    for path in [
        "/api/events",
        "/api/leads",
        "/api/review",
        "/api/webhook-receipts",
        "/api/conversation-state/dashboard/overview",
    ] {
        server.get(path).await.ok();
    }
    records(server).await;
    keys_and_suppressions(server).await;
    for what in [
        "conversations",
        "messages",
        "leads",
        "transitions",
        "events",
    ] {
        for query in [
            "",
            "?format=jsonl",
            "?format=csv&from=2026-01-01&to=2999-01-01T00:00:00Z",
        ] {
            let path = format!("/api/export/{what}{query}");
            assert_eq!(server.get(&path).await.status, 200, "{path}");
        }
    }
    let contact = server.contact("ada@customer.example").await;
    looks(&contact).await;
    moves(&contact).await;
    looks(&contact).await;
    webhooks(server).await;
    outgoing::all(server, mailgun).await;
    gate::all(server).await;
    handover::all(server, mailgun).await;
    analytics::all(server).await;
    review(server).await;
    refusals(server).await;
    erasure(server, &contact).await;
}

/// Makes it twice (the second time it exists), changes it and lists it; its id.
async fn record(server: &Server, path: &str, new: Value, change: Value) -> String {
    let made = server.post(path, new.clone()).await.expect(201);
    assert_eq!(id(&server.post(path, new).await.expect(200)), id(&made));
    let one = format!("{path}/{}", id(&made));
    server.patch(&one, change).await.ok();
    let listed = server.get(&format!("{path}?externalId=mine")).await.ok();
    assert_eq!(id(&listed["items"][0]), id(&made), "{path}");
    server.get(&format!("{path}?limit=1")).await.ok();
    id(&made)
}

async fn records(server: &Server) {
    let campaign = json!({"name": "Spring", "externalId": "mine", "policy": {"minReplies": 1, "note": "kept"}, "tracking": {"opens": true}});
    let changed = json!({"policy": {"minReplies": 2}, "lexicon": "automotive", "tracking": null});
    let campaign = record(server, "/api/campaigns", campaign, changed).await;
    let lead = json!({
        "email": "grace@customer.example", "firstName": "Grace", "lastName": "Hopper", "phone": "+49 30 1", "interest": "estate",
        "source": "fair", "campaignId": campaign, "aliases": ["g@customer.example"], "language": "de", "timeZone": "Europe/Berlin",
        "attributes": {"colour": "red", "wishes": [1, {"x": null}]}, "consent": {"basis": "form"}, "externalId": "mine",
    });
    let lead = record(server, "/api/leads", lead, json!({"phone": null})).await;
    server.get(&format!("/api/leads/{lead}")).await.ok();
    let agent = json!({"name": "Grace Agent", "email": "agent@dealer.example", "aliases": ["a2@dealer.example"], "externalId": "mine", "hours": {"mon": "9-17"}});
    let change = json!({"capacity": 3, "awayUntil": "2026-01-05T09:00:00.123456Z"});
    record(server, "/api/agents", agent, change).await;
    let conversation = json!({"leadId": lead, "campaignId": campaign, "subject": "Your new car", "externalId": "mine"});
    let change = json!({"subject": "Your car"});
    let conversation = record(server, "/api/conversations", conversation, change).await;
    let path = format!("/api/conversations/{conversation}");
    assert_eq!(server.get(&path).await.ok()["externalId"], "mine");

    let policy = server.get("/api/policy").await.ok();
    let put = json!({"minReplies": 3, "lexicon": "automotive", "acknowledge": {"text": "We have it."}, "calendar": {"timeZone": "Europe/Berlin", "holidays": ["2026-12-25"]}});
    let newer = server.put("/api/policy", put).await.ok();
    assert!(newer["version"].as_i64() > policy["version"].as_i64());
    server.put("/api/policy", json!({})).await.ok();
}

async fn keys_and_suppressions(server: &Server) {
    let agent = server.agent("robot@dealer.example").await;
    let made = server
        .post(
            "/api/keys",
            json!({"name": "robot", "scopes": ["read", "agent"], "agentId": agent}),
        )
        .await
        .expect(201);
    server.get("/api/keys").await.ok();
    server.post("/api/ws-tickets", json!({})).await.expect(201);
    let one = format!("/api/keys/{}", id(&made));
    server.delete(&one).await.expect(204);
    server.get("/api/keys").await.ok();

    let new =
        json!({"address": "none@customer.example", "evidence": "a call", "externalId": "mine"});
    server
        .post("/api/suppressions", new.clone())
        .await
        .expect(201);
    server.post("/api/suppressions", new).await.expect(200);
    let of = "/api/suppressions?address=none@customer.example";
    server.get("/api/suppressions?limit=1").await.ok();
    server.delete(of).await.expect(204);
    server.get(of).await.ok();
}

/// Everything that can be looked at of a conversation and its lead.
async fn looks(contact: &Contact) {
    for rest in [
        "status",
        "context",
        "lead-journey?explain=true",
        "thread-tree",
        "thread-tree?flat=true",
        "thread-tree?format=text",
        "messages",
        "transitions",
        "messages?limit=1",
        "transitions?limit=1",
        "metrics",
    ] {
        contact.get(rest).await.ok();
    }
    let now = Utc::now().format("%Y-%m-%dT%H:%M:%S%.3fZ");
    contact.get(&format!("status?asOf={now}")).await.ok();
    contact
        .get("status?asOf=2999-01-01T00:00:00Z")
        .await
        .expect(422);
    let api = &contact.api;
    for path in [
        format!("{STATE}/lead/{}/journey", contact.lead),
        format!("{STATE}/lead/{}/journey?explain=true", contact.lead),
        format!("{STATE}/dashboard/overview"),
        format!("{STATE}/validation-rules"),
        format!("/api/leads/{}/export", contact.lead),
        "/api/conversations?sort=created".to_owned(),
        "/api/events?limit=1000".to_owned(),
    ] {
        api.get(&path).await.ok();
    }
}

/// Everything that moves a conversation.
async fn moves(contact: &Contact) {
    let agent = contact.api.agent("taker@dealer.example").await;
    let ours = contact.outbound("Hello, a question for you").await;
    contact.transition("FIRST_EMAIL_SENT").await.ok();
    let note =
        json!({"senderId": agent, "content": "Nice person", "messageType": "note", "isFromAI": 0});
    contact.post("process-message", note).await.ok();
    let opened = json!({"type": "email_opened", "source": "crm", "metadata": {"messageId": ours}, "idempotencyKey": "once"});
    contact.post("integration-event", opened.clone()).await.ok();
    contact.post("integration-event", opened).await.ok();
    let early = json!({"event": "HANDOVER_REQUESTED", "triggeredBy": "test"});
    contact.post("validate-transition", early).await.ok();
    let headers = json!({"Message-ID": "<r1@customer.example>", "In-Reply-To": format!("<{ours}>"), "References": format!("<lost@x.example> <{ours}>")});
    let reply = json!({"senderId": contact.lead, "content": "Can I book a test drive? I want to buy it", "messageType": "email", "isFromAI": 0, "emailHeaders": headers});
    contact.post("process-message", reply.clone()).await.ok();
    let again = contact.post("process-message", reply).await.ok();
    assert_eq!(again["duplicate"], true);
    for event in ["LEAD_REPLIED", "QUALIFICATION_CRITERIA_MET"] {
        let body = json!({"event": event, "triggeredBy": "test"});
        contact.post("validate-transition", body).await.ok();
    }
    let states = json!({"triggeredBy": "test", "fromState": "NEW", "toState": "ARCHIVED"});
    contact.post("validate-transition", states).await.ok();
    contact
        .outbound("Of course, when would you like to come?")
        .await;
    for until in [json!("2030-01-05T09:00:00Z"), Value::Null] {
        contact.post("snooze", json!({"until": until})).await.ok();
        contact.get("status").await.ok();
    }
    let taken = json!({"agentId": agent, "reason": "asked for me"});
    contact.post("take-over", taken).await.ok();
    let end = json!({"outcome": "won"});
    contact
        .transition_with("CONVERSATION_COMPLETED", end)
        .await
        .ok();
    let patch = json!({"outcome": "not_now", "followUpAt": "2030-01-05T09:00:00Z"});
    let path = format!("/api/conversations/{}", contact.id);
    contact.api.patch(&path, patch).await.ok();
}

/// Mail and events in every form, stored mail with its bytes, and the receipts.
async fn webhooks(server: &Server) {
    let contact = in_campaign(server, "mail@customer.example").await;
    let ours = contact.outbound("Hello").await;
    // Before it is known to be delivered: the step that must have come first is implied.
    let file: (&str, &str, &[u8]) = ("licence.pdf", "application/pdf", b"%PDF-1.4 x");
    let mail = Mail::new(&contact.email, "Re: Hello", "Tell me more").answering(&ours);
    server.inbound_multipart(&mail, &[file]).await.ok();
    let mail = Mail::new(&contact.email, "Re: Hello", "And the price?").answering(&ours);
    server.inbound_mime(&mail).await.ok();
    let rich = format!(
        "From: {}\r\nTo: sales@dealer.example\r\nSubject: Re: Hello\r\nIn-Reply-To: <{ours}>\r\nMIME-Version: 1.0\r\n{RICH}",
        contact.email
    );
    let to = "sales@dealer.example";
    server.inbound_raw(&rich, to, &contact.email).await.ok();
    let back = (Utc::now() + TimeDelta::days(20)).format("%-d %B %Y");
    let away = format!("I am out of the office until {back}.");
    let away = Mail::new(&contact.email, "Out of office: Hello", &away);
    let away = away
        .answering(&ours)
        .header("Auto-Submitted", "auto-replied");
    server.inbound(&away).await.ok();
    let hour = TimeDelta::hours(1);
    for event in [
        Event::delivered(&ours, &contact.email).at(Utc::now() - hour),
        Event::opened(&ours, &contact.email),
        Event::clicked(&ours, &contact.email).at(Utc::now() - hour / 2),
        Event::bounced(&ours, &contact.email),
    ] {
        server.event(&event).await.ok();
    }
    let stored = contact.messages().await;
    let with_file = stored
        .iter()
        .find(|message| message["attachments"][0].is_object())
        .unwrap();
    let path = format!("/api/messages/{}", id(with_file));
    server.get(&format!("{path}/raw")).await.ok();
    let file = server.get(&format!("{path}/attachments/1")).await;
    file.ok();
    assert_eq!(file.body, b"%PDF-1.4 x");

    let lost = Event::delivered("lost@mail.dealer.example", "nobody@customer.example");
    let receipt = server.event(&lost).await.ok();
    for status in ["done", "failed", "dead", "unmatched", "ignored"] {
        let path = format!("/api/webhook-receipts?limit=1&status={status}");
        server.get(&path).await.ok();
    }
    let receipt = receipt["receiptId"].as_str().unwrap();
    let replay = format!("/api/webhook-receipts/{receipt}/replay");
    server.post(&replay, json!({})).await.ok();
    looks(&contact).await;
    put_away_and_answered(&contact).await;

    let tired = server.contact("tired@customer.example").await;
    let ours = tired.outbound("Hello").await;
    let left = Event::unsubscribed(&ours, &tired.email);
    server.event(&left).await.ok();
    looks(&tired).await;
}

const RICH: &str = "Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
<p>See <img src=\"cid:logo@x\"></p>\r\n--b\r\nContent-Type: image/png\r\nContent-ID: <logo@x>\r\n\
Content-Disposition: inline; filename=logo.png\r\n\r\nPNG\r\n--b--\r\n";

/// A lead in a campaign, with a conversation of it.
async fn in_campaign(server: &Server, email: &str) -> Contact {
    let lead = server.lead(email).await;
    let campaign = server.campaign("Summer").await;
    let body = json!({"leadId": lead, "campaignId": campaign, "subject": "Your new car"});
    let made = server.post("/api/conversations", body).await.expect(201);
    Contact {
        api: server.api(),
        lead,
        email: email.to_owned(),
        id: id(&made),
    }
}

/// An answer to what is archived begins a conversation that continues it.
async fn put_away_and_answered(contact: &Contact) {
    let ours = contact.outbound("One more thing").await;
    for event in ["CONVERSATION_ABANDONED", "MANUAL_ARCHIVE"] {
        contact.transition(event).await;
    }
    assert_eq!(contact.state().await, "ARCHIVED");
    let mail = Mail::new(&contact.email, "Re: Hello", "I am still interested").answering(&ours);
    let answer = contact.api.inbound(&mail).await.ok();
    let next = Contact {
        id: text(&answer["conversationId"]),
        ..contact.clone()
    };
    assert_ne!(next.id, contact.id);
    looks(&next).await;
    let path = format!("/api/conversations/{}", next.id);
    contact.api.get(&path).await.ok();
}

/// One of each refusal that says more than its code.
async fn refusals(server: &Server) {
    let contact = server.contact("refused@customer.example").await;
    let event = |name: &str| json!({"event": name, "triggeredBy": "test"});
    let early = contact.post("transition", event("MANUAL_ARCHIVE")).await;
    early.problem(409, "invalid_transition");
    let none = contact.post("transition", event("FIRST_EMAIL_SENT")).await;
    none.problem(422, "rules_not_met");
    let mut stale = event("CONVERSATION_ABANDONED");
    stale["expectedVersion"] = json!(7);
    let stale = contact.post("transition", stale).await;
    stale.problem(409, "version_conflict");
    let lead = server.post("/api/leads", json!({"email": "none"})).await;
    lead.problem(422, "validation_failed");
    let reader = server.with_key(Some(&server.key(&["read"]).await));
    let lead = reader.post("/api/leads", json!({"email": "a@b.example"}));
    lead.await.problem(403, "forbidden");
    let large = json!({"email": "a@b.example", "interest": "x".repeat(4 << 20)});
    let large = server.post("/api/leads", large).await;
    large.problem(413, "too_large");
}

async fn review(server: &Server) {
    let from = "\"A Stranger\" <stranger@nowhere.example>";
    let mail = Mail::new(from, "Hello", "Do you sell cars?");
    assert_eq!(server.inbound(&mail).await.ok()["status"], "parked");
    // Somebody else in a conversation, and words that may be an opt-out.
    let contact = server.contact("held@customer.example").await;
    let ours = contact.outbound("Hello").await;
    let other = Mail::new("other@elsewhere.example", "Re: Hello", "I read along").answering(&ours);
    server.inbound(&other).await.ok();
    server.get("/api/review?limit=1").await.ok();
    server.get("/api/webhook-receipts").await.ok();
    looks(&contact).await;
    let open = server.get("/api/review").await.ok();
    let items = open["items"].as_array().unwrap();
    assert!(items.len() >= 2, "{open:#}");
    for item in items {
        let action = match item["reason"].as_str() {
            Some("unknown_sender") => "create_lead",
            _ => "release_hold",
        };
        let path = format!("/api/review/{}/resolve", id(item));
        let body = json!({"action": action, "reason": "seen"});
        server.post(&path, body).await.ok();
    }
}

async fn erasure(server: &Server, contact: &Contact) {
    let path = format!("/api/leads/{}", contact.lead);
    let suppressed = json!({"address": contact.email, "reason": "opt_out"});
    server
        .post("/api/suppressions", suppressed)
        .await
        .expect(201);
    server.delete(&path).await.expect(204);
    server.get("/api/suppressions").await.ok();
    server.get("/api/events?limit=1000").await.ok();
    for rest in [
        "status",
        "messages",
        "transitions",
        "thread-tree",
        "context",
    ] {
        contact.get(rest).await.ok();
    }
}
