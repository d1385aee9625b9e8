//! Signature, freshness, replay, limits.

use chrono::{DateTime, Duration, Utc};
use convo_tests::mailgun::{Event, Signature};
use convo_tests::{Answer, Kind, Mail, Options, SIGNING_KEY, Server, on_both};
use serde_json::{Value, json};

on_both!(
    signatures_are_checked,
    a_signature_is_good_for_a_day,
    a_token_counts_once,
    an_event_before_its_message_is_applied_later,
);

const EVENTS: &str = "/api/webhooks/mailgun/events";

async fn delivered(server: &Server, signature: &Signature) -> Answer {
    let event = Event::delivered("unknown@mail.dealer.example", "ada@customer.example");
    server.event_signed(&event, signature).await
}

async fn signatures_are_checked(options: Options) {
    let parent = "parent-key-of-the-tests-000000";
    let server = options
        .with(
            "CONVO_MAILGUN__PREVIOUS_SIGNING_KEY",
            "the-key-before-the-rotation",
        )
        .with("CONVO_MAILGUN__PARENT_SIGNING_KEY", parent)
        .start()
        .await;
    let now = Utc::now();
    delivered(&server, &Signature::new()).await.ok();
    delivered(
        &server,
        &Signature::made("the-key-before-the-rotation", now),
    )
    .await
    .ok();
    delivered(&server, &Signature::made("another key", now))
        .await
        .problem(401, "webhook_unverified");
    let good = Signature::new();
    for (signature, status) in [
        (
            Signature {
                signature: good.signature.to_uppercase(),
                ..good.clone()
            },
            None,
        ),
        (
            Signature {
                signature: String::new(),
                ..good.clone()
            },
            Some(401),
        ),
        (
            Signature {
                signature: good.signature[1..].to_owned(),
                ..good.clone()
            },
            Some(401),
        ),
        (
            Signature {
                signature: "not hexadecimal".to_owned(),
                ..good.clone()
            },
            Some(401),
        ),
        (
            Signature {
                token: "another".to_owned(),
                ..good.clone()
            },
            Some(401),
        ),
        (
            Signature {
                timestamp: "1".to_owned(),
                ..good.clone()
            },
            Some(401),
        ),
        (
            Signature {
                timestamp: "soon".to_owned(),
                ..good.clone()
            },
            Some(401),
        ),
    ] {
        let answer = delivered(&server, &signature).await;
        let expected = status.unwrap_or(answer.status);
        assert_eq!(answer.status, expected, "{signature:?} {answer:?}");
        assert!(answer.status < 500);
    }
    let data = Event::delivered("unknown@mail.dealer.example", "ada@customer.example").0;
    let unsigned = server.webhook(EVENTS, &json!({"event-data": data})).await;
    unsigned.problem(401, "webhook_unverified");

    // A subaccount's event is signed by the parent account as well.
    let signature = Signature::made(parent, now);
    let block = json!({
        "timestamp": signature.timestamp,
        "token": signature.token,
        "signature": "0".repeat(64),
        "parent-signature": signature.signature,
    });
    server
        .webhook(EVENTS, &json!({"signature": block, "event-data": data}))
        .await
        .ok();

    let text = server
        .with_key(None)
        .call("POST", EVENTS)
        .body("application/json", "{")
        .send()
        .await;
    text.problem(406, "webhook_rejected");
    server
        .webhook(EVENTS, &json!([1, 2]))
        .await
        .problem(406, "webhook_rejected");
    let mail = Mail::new("ada@customer.example", "Hello", "x");
    let wrong = Signature::made("another key", now);
    server
        .inbound_signed(&mail, &wrong)
        .await
        .problem(401, "webhook_unverified");
    server
        .inbound_multipart_signed(&mail, &[], &wrong)
        .await
        .problem(401, "webhook_unverified");
    server
        .webhook("/api/webhooks/nobody/events", &json!({}))
        .await
        .problem(404, "not_found");

    let unknown = Event::of(
        "transmogrified",
        "unknown@mail.dealer.example",
        "ada@customer.example",
    );
    assert_eq!(server.event(&unknown).await.ok()["status"], "ignored");
}

async fn a_signature_is_good_for_a_day(options: Options) {
    let server = options.start().await;
    let at = |time: DateTime<Utc>| Signature::made(SIGNING_KEY, time);
    let now = Utc::now();
    for (time, fresh) in [
        (now - Duration::hours(8), true),
        (now - Duration::hours(24) + Duration::minutes(2), true),
        (now - Duration::hours(24) - Duration::seconds(1), false),
        (now - Duration::days(400), false),
        (now + Duration::minutes(4), true),
        (now + Duration::minutes(7), false),
    ] {
        let answer = delivered(&server, &at(time)).await;
        let mail = Mail::new("ada@customer.example", "Hello", "Do you sell vans?");
        let inbound = server.inbound_signed(&mail, &at(time)).await;
        if fresh {
            answer.ok();
            inbound.ok();
        } else {
            answer.problem(406, "webhook_rejected");
            inbound.problem(406, "webhook_rejected");
        }
    }
}

async fn a_token_counts_once(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let ours = contact.outbound("Hello").await;
    let signature = Signature::new();
    let event = Event::delivered(&ours, &contact.email);
    assert_eq!(
        server.event_signed(&event, &signature).await.ok()["status"],
        "done"
    );
    let version = contact.status().await["version"].clone();
    for _ in 0..3 {
        let answer = server.event_signed(&event, &signature).await.ok();
        assert_eq!(answer["status"], "duplicate");
    }
    let other = Event::complained(&ours, &contact.email);
    server
        .event_signed(&other, &signature)
        .await
        .problem(406, "webhook_rejected");
    assert_eq!(contact.status().await["version"], version);
    assert_eq!(contact.state().await, "ACTIVE");

    // A retry of a multipart mail has another boundary and the same fields.
    let mail = Mail::new(&contact.email, "Re: Hello", "See the attached paper").answering(&ours);
    let file: (&str, &str, &[u8]) = ("paper.txt", "text/plain", b"paper");
    let signature = Signature::new();
    let first = server
        .inbound_multipart_signed(&mail, &[file], &signature)
        .await
        .ok();
    assert_eq!(first["status"], "done");
    let again = server
        .inbound_multipart_signed(&mail, &[file], &signature)
        .await
        .ok();
    assert_eq!(again["status"], "duplicate");
    let other = Mail {
        text: "I never said that".to_owned(),
        ..mail
    };
    let forged = server
        .inbound_multipart_signed(&other, &[file], &signature)
        .await;
    forged.problem(406, "webhook_rejected");
    assert_eq!(contact.messages().await.len(), 2);
}

async fn an_event_before_its_message_is_applied_later(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let id = "campaign.7.ada@mail.dealer.example";
    server
        .event(&Event::delivered(id, &contact.email))
        .await
        .ok();
    let unmatched = server.items("/api/webhook-receipts?status=unmatched").await;
    assert_eq!(unmatched.len(), 1);
    let body = json!({
        "senderId": "campaign",
        "content": "Hello",
        "messageType": "email",
        "isFromAI": 1,
        "emailHeaders": {"Message-ID": format!("<{id}>")},
    });
    contact.post("process-message", body).await.ok();
    assert_eq!(contact.state().await, "ACTIVE");
    assert!(
        server
            .items("/api/webhook-receipts?status=unmatched")
            .await
            .is_empty()
    );

    // One that names the conversation is applied at once.
    let other = server.contact("grace@customer.example").await;
    let variables = json!({"conversationId": other.id, "lead_id": "nonsense"});
    let event = Event::delivered("nobody-knows@mail.dealer.example", &other.email);
    let answer = server
        .event(&event.with("user-variables", variables))
        .await
        .ok();
    assert_eq!(answer["conversationId"], other.id);
    assert_eq!(
        other.state().await,
        "NEW",
        "recorded: nothing of ours is stored yet"
    );
    other.outbound("Hello").await;
    assert_eq!(other.state().await, "ACTIVE");
    server.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_key_the_route_says_so() {
    let server = Options::on(Kind::Sqlite)
        .with("CONVO_MAILGUN__SIGNING_KEY", "")
        .start()
        .await;
    delivered(&server, &Signature::new())
        .await
        .problem(503, "unavailable");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_failed_checks_are_limited() {
    let server = Options::on(Kind::Sqlite)
        .with("CONVO_LIMITS__FAILED_CHECKS_PER_MINUTE", "5")
        .start()
        .await;
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(delivered(&server, &Signature::made("wrong", Utc::now())).await);
    }
    let last = statuses.last().unwrap();
    last.problem(429, "rate_limited");
    assert!(
        last.header("retry-after")
            .parse::<u32>()
            .is_ok_and(|seconds| seconds > 0)
    );
    assert_eq!(statuses[0].status, 401);
    delivered(&server, &Signature::new()).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_over_the_limit_is_refused() {
    let server = Options::on(Kind::Sqlite)
        .with("CONVO_LIMITS__WEBHOOK_BYTES", "20000")
        .start()
        .await;
    let large: Value = json!({"event-data": {"x": "y".repeat(40_000)}});
    server
        .webhook(EVENTS, &large)
        .await
        .problem(413, "too_large");
    let mail = Mail::new("ada@customer.example", "Hello", &"word ".repeat(10_000));
    server.inbound(&mail).await.problem(413, "too_large");
}
