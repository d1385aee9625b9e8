//! Mail and requests nobody should send: a clear answer, never a 500, and nothing lost.

use std::time::Duration;

use convo_tests::mailgun::{Event, Signature};
use convo_tests::{Mail, Options, on_both};
use serde_json::json;

on_both!(
    odd_mail_is_kept_or_refused,
    odd_events_do_no_harm,
    odd_requests_get_a_clear_answer
);

/// Half a second of the processor is the promise of an optimised build; others take several times that.
const PATIENCE: Duration = Duration::from_millis(if cfg!(debug_assertions) { 5_000 } else { 500 });

async fn odd_mail_is_kept_or_refused(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let ours = contact.outbound("Hello").await;
    let head = "From: ada@customer.example\r\nTo: sales@dealer.example\r\nSubject: Odd\r\n";
    let nested = {
        let part = "Content-Type: message/rfc822\r\n\r\n";
        format!("{head}{}Hello\r\n", part.repeat(1_000_000 / part.len()))
    };
    let multiparts: String = (0..20_000)
        .map(|level| {
            format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n")
        })
        .collect();
    let headers: String = (0..200_000)
        .map(|number| format!("X-{number}: y\r\n"))
        .collect();
    let ids: String = (0..100_000)
        .map(|number| format!("<{number}@x.example> "))
        .collect();
    let cases = [
        ("nested messages", nested),
        ("nested multiparts", format!("{head}{multiparts}Hello\r\n")),
        ("many headers", format!("{head}{headers}\r\nHello\r\n")),
        (
            "many references",
            format!("{head}References: {ids}<{ours}>\r\n\r\nHello\r\n"),
        ),
        ("no id, no date", format!("{head}\r\nHello\r\n")),
        (
            "two ids",
            format!(
                "{head}Message-ID: <a@x.example>\r\nMessage-ID: <b@x.example>\r\n\r\nHello\r\n"
            ),
        ),
        (
            "a lying charset",
            format!("{head}Content-Type: text/plain; charset=utf-16\r\n\r\nHello\r\n"),
        ),
        (
            "an unknown charset",
            format!("{head}Content-Type: text/plain; charset=klingon\r\n\r\nHello\r\n"),
        ),
        ("a zero byte", format!("{head}\r\nHe\u{0}llo\r\n")),
        (
            "an endless subject",
            format!(
                "From: ada@customer.example\r\nSubject: {}\r\n\r\nHello\r\n",
                "=?utf-8?q?x?= ".repeat(50_000)
            ),
        ),
        (
            "megabytes of line breaks",
            format!("{head}\r\n{}", "\n".repeat(8_000_000)),
        ),
        ("nothing", String::new()),
        ("no header", "\r\n\r\nHello\r\n".to_owned()),
        (
            "a date of nowhere",
            format!("{head}Date: Fri, 99 Zzz 99999 77:88:99 +9999\r\n\r\nHello\r\n"),
        ),
    ];
    for (name, mime) in cases {
        let before = server.on_cpu();
        let answer = server
            .inbound_raw(&mime, "sales@dealer.example", "ada@customer.example")
            .await;
        assert!(
            matches!(answer.status, 200 | 406 | 413),
            "{name}: {answer:?}"
        );
        if let (Some(before), Some(after)) = (before, server.on_cpu()) {
            let spent = after.saturating_sub(before);
            assert!(spent < PATIENCE, "{name} took {spent:?}");
        }
        server.with_key(None).get("/healthz").await.ok();
    }
    let messages = contact.messages().await;
    let kept = messages
        .iter()
        .filter(|message| message["direction"] == "inbound")
        .count();
    assert!(kept >= 8, "{kept} kept");
    let zero = messages.iter().any(|message| {
        message["content"]
            .as_str()
            .is_some_and(|text| text.contains('\u{FFFD}'))
    });
    assert!(zero, "U+0000 becomes U+FFFD");
    server.verify().await;
}

async fn odd_events_do_no_harm(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let ours = contact.outbound("Hello").await;
    let event = || Event::delivered(&ours, &contact.email);
    for (name, event) in [
        ("no id", event().with("id", json!(null))),
        ("no time", event().with("timestamp", json!(null))),
        (
            "time as text",
            event().with("timestamp", json!("yesterday")),
        ),
        (
            "a time beyond years",
            event().with("timestamp", json!(1e300)),
        ),
        ("a negative time", event().with("timestamp", json!(-1e18))),
        ("no message", event().with("message", json!(null))),
        (
            "a message of another type",
            event().with("message", json!([1])),
        ),
        ("null status", event().with("delivery-status", json!(null))),
        ("null tags", event().with("tags", json!(null))),
        (
            "a zero byte",
            event().with("recipient", json!("a\u{0}@x.example")),
        ),
        (
            "variables as text",
            event().with("user-variables", json!("{\"conversationId\":1}")),
        ),
        (
            "numbers for ids",
            event().with(
                "user-variables",
                json!({"conversationId": 7, "leadId": [1]}),
            ),
        ),
    ] {
        let answer = server.event(&event).await;
        assert!(matches!(answer.status, 200 | 406), "{name}: {answer:?}");
    }
    let deep = format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000));
    let call = server
        .with_key(None)
        .call("POST", "/api/webhooks/mailgun/events");
    let answer = call.body("application/json", deep).send().await;
    answer.problem(406, "webhook_rejected");
    let none = Mail {
        from: String::new(),
        subject: String::new(),
        text: String::new(),
        ..Mail::new("", "", "")
    };
    let answer = server.inbound_signed(&none, &Signature::new()).await;
    assert!(matches!(answer.status, 200 | 406), "{answer:?}");
    server.verify().await;
}

async fn odd_requests_get_a_clear_answer(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let deep = format!(
        "{{\"event\":{}1{}}}",
        "[".repeat(50_000),
        "]".repeat(50_000)
    );
    let path = contact.path("transition");
    let answer = server
        .call("POST", &path)
        .body("application/json", deep)
        .send()
        .await;
    assert!(matches!(answer.status, 400 | 422), "{answer:?}");
    for path in [
        "/api/conversations?limit=0",
        "/api/conversations?limit=100000",
        "/api/conversations?limit=-1",
        "/api/conversations?cursor=nonsense",
        "/api/conversations?state=NOWHERE",
        "/api/events?after=-1",
        "/api/events?after=99999999999999999999",
        "/api/leads?q=%FF%FE",
        "/api/leads?stage=nonsense",
        "/api/conversation-state/../../etc/passwd/status",
    ] {
        let answer = server.get(path).await;
        assert!(answer.status < 500, "{path}: {answer:?}");
        if answer.status >= 400 {
            let code = answer.json()["code"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            assert!(!code.is_empty(), "{path}: {answer:?}");
        }
    }
    for body in [
        json!(null),
        json!([]),
        json!("x"),
        json!(1),
        json!({"email": {}}),
        json!({"email": "no address"}),
    ] {
        server
            .post("/api/leads", body)
            .await
            .problem(422, "validation_failed");
    }
    let long = format!("{}@customer.example", "x".repeat(400));
    server
        .post("/api/leads", json!({"email": long}))
        .await
        .problem(422, "validation_failed");
}
