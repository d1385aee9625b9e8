//! Which error wins, and that every error is a problem document.

use convo_tests::records::STATE;
use convo_tests::{Kind, Options, on_both};
use serde_json::json;

on_both!(
    the_first_error_in_order_wins,
    u0000_is_refused_in_every_text
);

const UNKNOWN: &str = "018f0000-0000-7000-8000-000000000000";

async fn the_first_error_in_order_wins(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let path = contact.path("transition");
    let missing = format!("{STATE}/{UNKNOWN}/transition");
    let reader = server.with_key(Some(&server.key(&["read"]).await));
    let nobody = server.with_key(None);
    let wrong = server.with_key(Some("not-a-key-that-was-ever-made"));
    let json = "application/json";

    let send = |api: &convo_tests::Api, path: &str, media: &str, body: &str| {
        api.call("POST", path).body(media, body.to_owned()).send()
    };
    // 401 before everything else, 403 before the body is read.
    send(&nobody, &missing, "text/plain", "{")
        .await
        .problem(401, "unauthenticated");
    send(&wrong, &path, json, "{}")
        .await
        .problem(401, "unauthenticated");
    send(&reader, &missing, json, "{")
        .await
        .problem(403, "forbidden");
    // The body: its size, its type, its form, its fields, its vocabulary.
    let large = format!("\"{}\"", "x".repeat(3 << 20));
    send(&server, &missing, json, &large)
        .await
        .problem(413, "too_large");
    assert_eq!(
        send(&server, &missing, "text/plain", "{}").await.status,
        415
    );
    send(&server, &missing, json, "{\"event\":")
        .await
        .problem(400, "malformed_json");
    let problem = send(&server, &missing, json, "{\"event\": 5}").await;
    let problem = problem.problem(422, "validation_failed");
    assert!(problem["violations"][0]["field"].is_string(), "{problem}");
    let unknown = json!({"event": "SOMETHING_ELSE", "triggeredBy": "test"});
    server
        .post(&missing, unknown.clone())
        .await
        .problem(400, "unknown_event");
    // Then the path, the version, the table, the rules.
    let known = json!({"event": "HANDOVER_REQUESTED", "triggeredBy": "test", "expectedVersion": 9});
    server
        .post(&missing, known.clone())
        .await
        .problem(404, "not_found");
    let path_no_id = format!("{STATE}/not-an-id/transition");
    server
        .post(&path_no_id, known.clone())
        .await
        .problem(404, "not_found");
    server
        .post(&path, known)
        .await
        .problem(409, "version_conflict");
    contact
        .transition("HANDOVER_REQUESTED")
        .await
        .problem(409, "invalid_transition");
    contact
        .transition("FIRST_EMAIL_SENT")
        .await
        .problem(422, "rules_not_met");
    assert_eq!(server.call("PUT", &path).send().await.status, 405);
    server
        .get("/api/nothing/here")
        .await
        .problem(404, "not_found");

    let event = json!({"type": "nonsense", "source": "test"});
    contact
        .post("integration-event", event)
        .await
        .problem(400, "unknown_event");
    let body = json!({"leadId": UNKNOWN, "subject": "x"});
    server
        .post("/api/conversations", body)
        .await
        .problem(422, "validation_failed");
    let body = json!({"leadId": "no-id", "subject": "x"});
    server
        .post("/api/conversations", body)
        .await
        .problem(422, "validation_failed");
    // Ids inside metadata are judged by the rules, not here.
    let metadata = json!({"agentId": "no-id"});
    contact
        .transition_with("FIRST_EMAIL_SENT", metadata)
        .await
        .problem(422, "rules_not_met");
}

async fn u0000_is_refused_in_every_text(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let body = json!({"email": "x@customer.example", "firstName": "A\u{0}da"});
    server
        .post("/api/leads", body)
        .await
        .problem(422, "validation_failed");
    let metadata = json!({"note": {"deep": ["a\u{0}b"]}});
    let answer = contact
        .transition_with("CONVERSATION_ABANDONED", metadata)
        .await;
    answer.problem(422, "validation_failed");
    let body = json!({"senderId": "campaign", "content": "a\u{0}b", "messageType": "email", "isFromAI": 1});
    contact
        .post("process-message", body)
        .await
        .problem(422, "validation_failed");
    let path = format!("/api/leads?q={}", "%00");
    let answer = server.get(&path).await;
    assert!(answer.status < 500, "{answer:?}");
}

/// A sender that is nobody is an error of the caller.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn process_message_names_its_author() {
    let server = Options::on(Kind::Sqlite).start().await;
    let agent = server.agent("grace@dealer.example").await;
    let contact = server.contact("ada@customer.example").await;
    let body = |sender: &str, ai: u8| json!({"senderId": sender, "content": "Hello there", "messageType": "email", "isFromAI": ai});
    for (sender, ai, author) in [
        ("anything", 1, "ai"),
        (contact.lead.as_str(), 0, "lead"),
        ("ADA@customer.example", 0, "lead"),
        (agent.as_str(), 0, "agent"),
    ] {
        let answer = contact.post("process-message", body(sender, ai)).await.ok();
        assert_eq!(answer["message"]["author"], author, "{sender}");
    }
    let stranger = contact
        .post("process-message", body("stranger@elsewhere.example", 0))
        .await;
    stranger.problem(422, "validation_failed");
}
