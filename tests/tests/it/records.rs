//! Records: their own ids, their addresses, their lists, and what stands in the way of changing them.

use convo_tests::mailgun::Event;
use convo_tests::records::{id, text};
use convo_tests::{Api, Options, Server, on_both};
use serde_json::{Value, json};

on_both!(
    external_ids_are_taken_and_unique,
    addresses_are_each_held_once,
    lists_refuse_what_is_no_cursor_of_theirs,
    a_failed_replay_is_counted,
    validation_and_transition_agree_on_what_is_no_request,
    lists_have_an_order
);

async fn external_ids_are_taken_and_unique(options: Options) {
    let server = options.start().await;
    let lead = server.lead("ada@customer.example").await;
    let other = server.lead("bea@customer.example").await;
    let agent = |n: u8| json!({"name": "Grace", "email": format!("agent{n}@dealer.example")});
    let cases = [
        (
            "/api/leads",
            json!({"email": "c1@customer.example"}),
            json!({"email": "c2@customer.example"}),
        ),
        ("/api/agents", agent(1), agent(2)),
        (
            "/api/campaigns",
            json!({"name": "Spring"}),
            json!({"name": "Summer"}),
        ),
        (
            "/api/conversations",
            json!({"leadId": lead, "subject": "Hello"}),
            json!({"leadId": other, "subject": "Hello"}),
        ),
        (
            "/api/suppressions",
            json!({"address": "d1@customer.example"}),
            json!({"address": "d2@customer.example"}),
        ),
    ];
    for (path, mut first, mut second) in cases {
        let plain = server.post(path, second.clone()).await.expect(201);
        first["externalId"] = json!("crm-1");
        let made = server.post(path, first.clone()).await.expect(201);
        assert_eq!(made["externalId"], "crm-1", "{path}: {made:#}");
        assert_eq!(
            id(&server.post(path, first).await.expect(200)),
            id(&made),
            "{path}"
        );
        let found = server.items(&format!("{path}?externalId=crm-1")).await;
        assert_eq!(found.len(), 1, "{path}: {found:#?}");
        assert_eq!(id(&found[0]), id(&made), "{path}");
        let record = format!("{path}/{}", id(&plain));
        let patched = !matches!(path, "/api/conversations" | "/api/suppressions");
        if patched {
            let answer = server.patch(&record, json!({"externalId": "crm-1"})).await;
            answer.problem(409, "conflict");
            for (length, fits) in [(200, true), (201, false), (100_000, false)] {
                let long = json!({"externalId": "x".repeat(length)});
                let answer = server.patch(&record, long).await;
                let status = if fits { 200 } else { 422 };
                assert_eq!(answer.status, status, "{path} {length}: {}", answer.text());
            }
        }
        // Nobody is shown another's record for an id they have in common.
        if matches!(path, "/api/leads" | "/api/conversations") {
            second["externalId"] = json!("crm-1");
            if path == "/api/leads" {
                second["email"] = json!("c3@customer.example");
            }
            server
                .post(path, second.clone())
                .await
                .problem(409, "conflict");
        }
        second["externalId"] = json!("x".repeat(201));
        let long = server.post(path, second).await;
        long.problem(422, "validation_failed");
    }
}

/// Makes a record with these aliases; the addresses it has besides its own.
async fn aliases(api: &Api, path: &str, given: Value) -> (String, Vec<String>) {
    let body = json!({"name": "Grace", "email": "One@dealer.example", "aliases": given});
    let made = api.post(path, body).await.expect(201);
    (id(&made), listed(&made))
}

fn listed(record: &Value) -> Vec<String> {
    let mut aliases: Vec<String> = record["aliases"]
        .as_array()
        .unwrap()
        .iter()
        .map(text)
        .collect();
    aliases.sort();
    aliases
}

async fn addresses_are_each_held_once(options: Options) {
    let server = options.start().await;
    for path in ["/api/leads", "/api/agents"] {
        let given = json!([
            "one@dealer.example",
            "two@dealer.example",
            " TWO@dealer.example"
        ]);
        let server = server.api();
        let given = json!([given[0], given[1], given[2].as_str().unwrap().trim()]);
        let (made, besides) = aliases(&server, path, given).await;
        assert_eq!(besides, ["two@dealer.example"], "{path}");
        let record = format!("{path}/{made}");
        let twice = json!({"aliases": ["three@dealer.example", "Three@dealer.example", "one@dealer.example"]});
        let patched = server.patch(&record, twice).await.ok();
        assert_eq!(listed(&patched), ["three@dealer.example"], "{path}");
        let swapped = json!({"email": "three@dealer.example"});
        let patched = server.patch(&record, swapped).await.ok();
        assert_eq!(listed(&patched), [""; 0], "{path}");
        let found = server.items(path).await;
        let found = found.iter().find(|record| id(record) == made).unwrap();
        assert_eq!(listed(found), [""; 0], "{path}");
    }
    server.verify().await;
}

async fn lists_refuse_what_is_no_cursor_of_theirs(options: Options) {
    use base64::Engine;
    let server = options.start().await;
    for micros in [-300_000_000_000_000_000_i64, i64::MIN, i64::MAX] {
        let bytes = [micros.to_be_bytes().as_slice(), &[7; 16]].concat();
        let cursor = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
        for list in [
            "leads",
            "conversations",
            "agents",
            "campaigns",
            "webhook-receipts",
            "review",
            "suppressions",
            "keys",
        ] {
            let answer = server.get(&format!("/api/{list}?cursor={cursor}")).await;
            answer.problem(422, "validation_failed");
        }
    }
    let contact = server.contact("ada@customer.example").await;
    for at in ["-20000-01-01T00:00:00Z", "+250000-01-01T00:00:00Z"] {
        let path = format!("/api/conversations/{}", contact.id);
        let answer = server.patch(&path, json!({"followUpAt": at})).await;
        assert!(matches!(answer.status, 200 | 422), "{at}: {answer:?}");
        server.get(&path).await.ok();
    }
}

async fn a_failed_replay_is_counted(options: Options) {
    let server = options.start().await;
    let event = Event::delivered("unknown@x.example", "ada@customer.example");
    let receipt = text(&server.event(&event).await.ok()["receiptId"]);
    let broken = "UPDATE webhook_receipts SET body = NULL";
    server.database().execute(broken).await;
    let replay = format!("/api/webhook-receipts/{receipt}/replay");
    let answer = server.post(&replay, json!({})).await.ok();
    assert_eq!(
        (&answer["status"], &answer["attempts"]),
        (&json!("failed"), &json!(2))
    );
    let listed = &server.items("/api/webhook-receipts?status=failed").await[0];
    assert_eq!(listed["attempts"], 2);
    let unknown = "/api/webhook-receipts/018f0000-0000-7000-8000-000000000000/replay";
    server
        .post(unknown, json!({}))
        .await
        .problem(404, "not_found");
}

async fn validation_and_transition_agree_on_what_is_no_request(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    for body in [
        json!({"event": "FIRST_EMAIL_SENT"}),
        json!({"event": "FIRST_EMAIL_SENT", "triggeredBy": " "}),
        json!({"event": "FIRST_EMAIL_SENT", "triggeredBy": "x".repeat(201)}),
        json!({"event": "FIRST_EMAIL_SENT", "triggeredBy": "me", "metadata": [1]}),
        json!({"event": "FIRST_EMAIL_SENT", "triggeredBy": "me", "metadata": {"a": "x".repeat(40_000)}}),
    ] {
        for path in ["validate-transition", "transition"] {
            let answer = contact.post(path, body.clone()).await;
            answer.problem(422, "validation_failed");
        }
    }
    contact.outbound("Hello").await;
    contact.transition("FIRST_EMAIL_SENT").await.ok();
    assert_eq!(contact.state().await, "ACTIVE");
    for (from, to, reason) in [
        ("ENGAGED", "ARCHIVED", "state_mismatch"),
        ("ACTIVE", "ARCHIVED", "invalid_transition"),
        ("ENGAGED", "QUALIFIED", "state_mismatch"),
    ] {
        let body = json!({"triggeredBy": "me", "fromState": from, "toState": to});
        let said = contact.post("validate-transition", body).await.ok();
        assert_eq!(
            said["validation"]["reason"], reason,
            "{from} {to}: {said:#}"
        );
    }
    let agent = server.agent("grace@dealer.example").await;
    for reason in [json!(null), json!(""), json!("x".repeat(2_001))] {
        let body = json!({"agentId": agent, "reason": reason});
        contact
            .post("take-over", body)
            .await
            .problem(422, "validation_failed");
    }
}

async fn parked(server: &Server, number: usize) {
    let from = format!("stranger{number}@elsewhere.example");
    let mail = convo_tests::Mail::new(&from, "Hi", "Hello there");
    assert_eq!(server.inbound(&mail).await.ok()["status"], "parked");
}

async fn lists_have_an_order(options: Options) {
    let server = options.start().await;
    for number in 0..3 {
        parked(&server, number).await;
        server.key(&["read"]).await;
    }
    for (list, oldest_first) in [("review", true), ("keys", false)] {
        let (mut times, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = server
                .get(&format!("/api/{list}?limit=1{cursor}"))
                .await
                .ok();
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 1);
            times.extend(items.iter().map(|item| text(&item["createdAt"])));
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(times.len(), 3, "{list}");
        let mut sorted = times.clone();
        sorted.sort();
        if !oldest_first {
            sorted.reverse();
        }
        assert_eq!(times, sorted, "{list}");
    }
}
