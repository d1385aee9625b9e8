//! The OpenAPI document is true: every operation it describes is called here and answers as it says.
//! (That answers are as documented is checked in all tests, by the client they share.)

use std::collections::BTreeSet;

use convo_tests::mailgun::Event;
use convo_tests::records::{Contact, STATE, id};
use convo_tests::{Mail, Options, Server, on_both};
use serde_json::{Value, json};

on_both!(
    every_documented_answer_is_given,
    required_members_are_required_and_enough,
);

async fn every_documented_answer_is_given(options: Options) {
    let server = options.start().await;
    for path in ["/healthz", "/readyz"] {
        server.with_key(None).get(path).await.ok();
    }
    assert!(server.get("/metrics").await.text().contains("convo_"));
    // Without any data, which is another shape of many answers.
    let empty = [
        "/api/events",
        "/api/leads",
        "/api/review",
        "/api/webhook-receipts",
    ];
    for path in empty {
        server.get(path).await.ok();
    }
    server
        .get(&format!("{STATE}/dashboard/overview"))
        .await
        .ok();
    records(&server).await;
    keys_and_suppressions(&server).await;
    let contact = server.contact("ada@customer.example").await;
    looks(&contact).await;
    moves(&contact).await;
    looks(&contact).await;
    webhooks(&server).await;
    review(&server).await;
    erasure(&server, &contact).await;

    let contract = server.contract();
    let operations = contract.operations();
    let ids: BTreeSet<_> = operations
        .iter()
        .map(|(_, _, operation)| operation["operationId"].as_str())
        .collect();
    assert_eq!(ids.len(), operations.len(), "each has a name of its own");
    let answered = contract.answered();
    let never: Vec<_> = contract
        .promised()
        .into_iter()
        .filter(|promised| !answered.contains(promised))
        .collect();
    assert!(never.is_empty(), "documented, but not answered: {never:#?}");
    server.verify().await;
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
    let changed = json!({"policy": {"minReplies": 2}, "lexicon": {}, "tracking": null});
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
    let put = json!({"minReplies": 3, "calendar": {"timeZone": "Europe/Berlin", "holidays": ["2026-12-25"]}});
    let newer = server.put("/api/policy", put).await.ok();
    assert!(newer["version"].as_i64() > policy["version"].as_i64());
    server.put("/api/policy", json!({})).await.ok();
}

async fn keys_and_suppressions(server: &Server) {
    let made = server
        .post(
            "/api/keys",
            json!({"name": "robot", "scopes": ["read", "agent"]}),
        )
        .await
        .expect(201);
    server.get("/api/keys").await.ok();
    let one = format!("/api/keys/{}", id(&made));
    server.delete(&one).await.expect(204);
    server.get("/api/keys").await.ok();

    let new = json!({"address": "none@customer.example", "evidence": "a call"});
    server
        .post("/api/suppressions", new.clone())
        .await
        .expect(201);
    server.post("/api/suppressions", new).await.expect(200);
    let of = "/api/suppressions?address=none@customer.example";
    server.get("/api/suppressions").await.ok();
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
        "metrics",
    ] {
        contact.get(rest).await.ok();
    }
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
    let ours = contact.outbound("Hello, a question for you").await;
    contact.transition("FIRST_EMAIL_SENT").await.ok();
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
    let states = json!({"fromState": "NEW", "toState": "ARCHIVED"});
    contact.post("validate-transition", states).await.ok();
    let agent = contact.api.agent("taker@dealer.example").await;
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
    let contact = server.contact("mail@customer.example").await;
    let ours = contact.outbound("Hello").await;
    server
        .event(&Event::delivered(&ours, &contact.email))
        .await
        .ok();
    let file: (&str, &str, &[u8]) = ("licence.pdf", "application/pdf", b"%PDF-1.4 x");
    let mail = Mail::new(&contact.email, "Re: Hello", "Tell me more").answering(&ours);
    server.inbound_multipart(&mail, &[file]).await.ok();
    let mail = Mail::new(&contact.email, "Re: Hello", "And the price?").answering(&ours);
    server.inbound_mime(&mail).await.ok();
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
        let path = format!("/api/webhook-receipts?status={status}");
        server.get(&path).await.ok();
    }
    let receipt = receipt["receiptId"].as_str().unwrap();
    let replay = format!("/api/webhook-receipts/{receipt}/replay");
    server.post(&replay, json!({})).await.ok();
    looks(&contact).await;
}

async fn review(server: &Server) {
    let mail = Mail::new("stranger@nowhere.example", "Hello", "Do you sell cars?");
    assert_eq!(server.inbound(&mail).await.ok()["status"], "parked");
    // Somebody else in a conversation, and words that may be an opt-out.
    let contact = server.contact("held@customer.example").await;
    let ours = contact.outbound("Hello").await;
    let other = Mail::new("other@elsewhere.example", "Re: Hello", "I read along").answering(&ours);
    server.inbound(&other).await.ok();
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

/// Method, template, a path of it, and a body with what is required and nothing else.
type Minimal = (&'static str, &'static str, String, Value);

async fn minimal(server: &Server) -> Vec<Minimal> {
    let contact = server.contact("ada@customer.example").await;
    let agent = server.agent("agent@dealer.example").await;
    let campaign = server.campaign("Spring").await;
    let mail = Mail::new("stranger@nowhere.example", "Hello", "Do you sell cars?");
    server.inbound(&mail).await.ok();
    let item = id(&server.get("/api/review").await.ok()["items"][0]);
    let new = "new@customer.example";
    let lead = server.lead("second@customer.example").await;
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
            json!({"event": "LEAD_REPLIED"}),
        ),
        (
            "post",
            "/api/conversation-state/{id}/integration-event",
            state("integration-event"),
            json!({"type": "email_delivered", "source": "crm"}),
        ),
        (
            "post",
            "/api/conversation-state/{id}/take-over",
            state("take-over"),
            json!({"agentId": agent}),
        ),
        (
            "post",
            "/api/review/{id}/resolve",
            format!("/api/review/{item}/resolve"),
            json!({"action": "discard"}),
        ),
    ]
}

async fn required_members_are_required_and_enough(options: Options) {
    let server = options.start().await;
    let cases = minimal(&server).await;
    let contract = server.contract();
    for (method, template, operation) in contract.operations() {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        if schema.is_null() || template.starts_with("/api/webhooks/") {
            continue;
        }
        let case = cases
            .iter()
            .find(|case| (case.0, case.1) == (method, template));
        let Some((_, _, path, body)) = case else {
            panic!("{method} {template} has no minimal body here");
        };
        let required = names(&contract.resolve(schema)["required"]);
        let said = format!("{method} {template}");
        let method = method.to_ascii_uppercase();
        let nothing = server.call(&method, path).json(&json!({})).send().await;
        if template.ends_with("/validate-transition") {
            // Nothing alone is required: an event or a pair of states is.
            nothing.problem(422, "validation_failed");
        } else if required.is_empty() {
            nothing.ok();
        } else {
            let problem = nothing.problem(422, "validation_failed");
            let violations = problem["violations"].as_array().unwrap();
            let missing: BTreeSet<String> = violations
                .iter()
                .filter(|violation| violation["message"] == "is missing")
                .map(|violation| violation["field"].as_str().unwrap().to_owned())
                .collect();
            assert_eq!(missing, required, "{said}");
            let given: BTreeSet<String> = body.as_object().unwrap().keys().cloned().collect();
            assert_eq!(given, required, "{said}");
        }
    }
    // In the order of the table: what moves the conversation comes before what ends it.
    for (method, _, path, body) in cases {
        let method = method.to_ascii_uppercase();
        let answer = server.call(&method, &path).json(&body).send().await;
        let said = answer.text();
        assert!(
            matches!(answer.status, 200 | 201),
            "{method} {path}: {said}"
        );
    }
}

fn names(value: &Value) -> BTreeSet<String> {
    let names = value.as_array().into_iter().flatten();
    names
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}
