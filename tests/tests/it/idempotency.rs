//! `Idempotency-Key`: one effect, the same answer.

use convo_tests::{Answer, Options, on_both, together};
use serde_json::{Value, json};

on_both!(
    a_repeat_gets_the_first_answer,
    repeats_at_once_get_the_first_answer,
    a_refusal_is_decided_anew,
);

async fn post(api: &convo_tests::Api, path: &str, key: &str, body: &Value) -> Answer {
    api.call("POST", path)
        .header("Idempotency-Key", key)
        .json(body)
        .send()
        .await
}

async fn a_repeat_gets_the_first_answer(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let path = contact.path("process-message");
    let body =
        json!({"senderId": "campaign", "content": "Hello", "messageType": "email", "isFromAI": 1});
    let first = post(&server, &path, "key-1", &body).await;
    first.ok();
    assert_eq!(first.header("idempotency-replayed"), "");
    let again = post(&server, &path, "key-1", &body).await;
    assert_eq!(again.ok(), first.json());
    assert_eq!(again.body, first.body, "byte-equal");
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(contact.messages().await.len(), 1);

    let other =
        json!({"senderId": "campaign", "content": "Other", "messageType": "email", "isFromAI": 1});
    post(&server, &path, "key-1", &other)
        .await
        .problem(422, "idempotency_key_reused");
    // Another key, another path, another caller: another request.
    post(&server, &path, "key-2", &body).await.ok();
    let caller = server.with_key(Some(&server.key(&["write"]).await));
    assert_eq!(
        post(&caller, &path, "key-1", &body)
            .await
            .header("idempotency-replayed"),
        ""
    );
    assert_eq!(contact.messages().await.len(), 3);

    // Looked up before the version is compared.
    let path = contact.path("transition");
    let body = json!({"event": "FIRST_EMAIL_SENT", "triggeredBy": "test", "expectedVersion": 0});
    let moved = post(&server, &path, "key-3", &body).await;
    moved.ok();
    assert_eq!(post(&server, &path, "key-3", &body).await.body, moved.body);

    let server = server.restart().await;
    let again = post(&server, &path, "key-3", &body).await;
    assert_eq!(again.body, moved.body, "it survives a restart");
    assert_eq!(again.header("idempotency-replayed"), "true");
}

async fn repeats_at_once_get_the_first_answer(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    contact.outbound("Hello").await;
    let path = contact.path("transition");
    let body = json!({"event": "FIRST_EMAIL_SENT", "triggeredBy": "test"});
    let answers = together((0..32).map(|_| {
        let (api, path, body) = (server.api(), path.clone(), body.clone());
        async move { post(&api, &path, "the same key", &body).await }
    }))
    .await;
    for answer in &answers {
        assert_eq!(answer.ok(), answers[0].json());
        assert_eq!(answer.body, answers[0].body);
    }
    let fresh = answers
        .iter()
        .filter(|answer| answer.header("idempotency-replayed") != "true");
    assert_eq!(fresh.count(), 1);
    assert_eq!(contact.transitions().await.len(), 1);
}

async fn a_refusal_is_decided_anew(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let path = contact.path("transition");
    let body = json!({"event": "FIRST_EMAIL_SENT", "triggeredBy": "test"});
    post(&server, &path, "key", &body)
        .await
        .problem(422, "rules_not_met");
    contact.outbound("Hello").await;
    let answer = post(&server, &path, "key", &body).await;
    assert_eq!(answer.ok()["newState"], "ACTIVE");
    assert_eq!(answer.header("idempotency-replayed"), "");
}
