//! What is subscribed to is told, once; what is no frame harms nobody.

use convo_tests::{Heard, Kind, Options, on_both};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::{as_frame, ask, assert_told, exchange, head, rows_after, subscribe, to_head, wanted};

on_both!(each_subscription_gets_its_events, a_conversation_is_joined);

async fn each_subscription_gets_its_events(options: Options) {
    let server = options.start().await;
    let other = exchange(&server, "grace@customer.example").await;
    let names = [
        "conversation_states".to_owned(),
        "lead_journeys".to_owned(),
        "message_threads".to_owned(),
        "handover_events".to_owned(),
        "email_events".to_owned(),
        format!("conversation:{}", other.id),
        format!("lead:{}", other.lead),
    ];
    let mut lives = Vec::new();
    for name in &names {
        let mut live = server.listener().await;
        let subscribed = live.subscribe(&[name]).await;
        assert_eq!(subscribed["subscriptions"], json!([name]));
        assert_eq!(subscribed["replayed"], 0);
        lives.push((live, subscribed));
    }
    let mut all = server.listener().await;
    let every: Vec<&str> = names.iter().map(String::as_str).collect();
    let all_from = all.subscribe(&every).await;
    let (from, _) = head(&server).await;

    exchange(&server, "ada@customer.example").await;
    other.reply("And what does it cost? Please call me.").await;
    let agent = server.agent("agent@dealer.example").await;
    let body = json!({"agentId": agent, "reason": "asked for a call"});
    other.post("take-over", body).await.ok();
    let rows = rows_after(&server, from).await;
    let (mut told, mut types) = (0, std::collections::BTreeSet::new());
    for (name, (live, subscribed)) in names.iter().zip(&mut lives) {
        let wanted = wanted(&rows, name);
        assert!(!wanted.is_empty(), "the test makes events of {name}");
        let frames = to_head(live, &wanted).await;
        assert_told(&frames, &wanted, &subscribed["seq"]);
        assert!(live.events().await.is_empty(), "{name}: nothing more");
        types.extend(frames.iter().map(|frame| frame["type"].to_string()));
        told += frames.len();
    }
    assert_eq!(types.len(), 5, "{types:?}");
    let once: Vec<_> = rows
        .iter()
        .filter(|row| row["type"] != "record_changed")
        .cloned()
        .collect();
    let frames = to_head(&mut all, &once).await;
    assert_told(&frames, &once, &all_from["seq"]);
    assert!(told > frames.len(), "some events have several subscribers");

    // A subscription that is given up is told nothing more; the others are.
    all.send(json!({"type": "unsubscribe_state_updates", "subscriptions": ["message_threads", format!("lead:{}", other.lead), format!("conversation:{}", other.id)]})).await;
    let (left, _) = all.until("unsubscribed").await;
    assert_eq!(left["subscriptions"].as_array().unwrap().len(), 4);
    let (from, _) = head(&server).await;
    other.outbound("It is 20,000.").await;
    assert!(!rows_after(&server, from).await.is_empty());
    assert!(
        all.events()
            .await
            .iter()
            .all(|frame| frame["type"] != "message_thread_updated")
    );
}

async fn a_conversation_is_joined(options: Options) {
    let server = options.start().await;
    let contact = exchange(&server, "ada@customer.example").await;
    let mut live = server.listener().await;
    let history = ask(
        &mut live,
        json!({"type": "join_conversation", "conversationId": contact.id}),
    )
    .await;
    assert_eq!(history["type"], "conversation_history");
    assert_eq!(history["messages"], json!(contact.messages().await));
    let from = history["seq"].as_i64().unwrap();
    contact.outbound("Tomorrow at ten?").await;
    let rows = wanted(
        &rows_after(&server, from).await,
        &format!("conversation:{}", contact.id),
    );
    let frames = to_head(&mut live, &rows).await;
    assert_told(&frames, &rows, &history["seq"]);
    let added = frames
        .iter()
        .find(|frame| frame["action"] == "added")
        .unwrap();
    assert_eq!(added["message"]["content"], "Tomorrow at ten?");
    let stranger = "018f0000-0000-7000-8000-000000000000";
    let error = ask(
        &mut live,
        json!({"type": "join_conversation", "conversationId": stranger}),
    )
    .await;
    assert_eq!(error["code"], "not_found");
    let left = ask(
        &mut live,
        json!({"type": "leave_conversation", "conversationId": contact.id}),
    )
    .await;
    assert_eq!(left["subscriptions"], json!([]));

    // What is erased is told by its ids alone, to those who come later.
    let (_, epoch) = head(&server).await;
    server.delete(&format!("/api/leads/{}", contact.lead)).await;
    let mut later = server.listener().await;
    let name = format!("conversation:{}", contact.id);
    later.resume(&[&name], 0, &epoch).await;
    let rows = wanted(&rows_after(&server, 0).await, &name);
    let frames = to_head(&mut later, &rows).await;
    for (frame, row) in frames.iter().zip(&rows) {
        assert_eq!(frame, &as_frame(row, &frame["prev"]));
        if frame["type"] == "message_thread_updated" {
            assert!(frame["message"]["id"].is_string(), "{frame}");
            assert!(frame["message"].get("content").is_none(), "{frame}");
        }
    }
}

/// Frames of every kind that is none, from one client; another hears what it asked for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_frames_harm_nobody() {
    let server = Options::on(Kind::Sqlite).start().await;
    let mut other = server.listener().await;
    let subscribed = other.subscribe(&["conversation_states"]).await;
    let mut live = server.listener().await;
    for (text, code) in [
        ("", "malformed_json"),
        ("{", "malformed_json"),
        ("[1,2]", "validation_failed"),
        (r#"{"type":"dance"}"#, "unknown_type"),
        (
            r#"{"type":"subscribe_state_updates","subscriptions":["everything"]}"#,
            "unknown_subscription",
        ),
        (
            r#"{"type":"subscribe_state_updates","subscriptions":["lead:x"]}"#,
            "unknown_subscription",
        ),
        (
            r#"{"type":"subscribe_state_updates","subscriptions":"lead_journeys"}"#,
            "validation_failed",
        ),
        (
            r#"{"type":"subscribe_state_updates","subscriptions":["lead_journeys"],"since":0}"#,
            "epoch_required",
        ),
    ] {
        live.send_text(text).await;
        let error = live.frame().await;
        assert_eq!(
            (&error["type"], &error["code"]),
            (&json!("error"), &json!(code)),
            "{text}"
        );
    }
    assert_eq!(
        live.subscribe(&["lead_journeys"]).await["subscriptions"],
        json!(["lead_journeys"])
    );
    let names: Vec<String> = (0..1_000_u32)
        .map(|n| format!("lead:018f0000-0000-7000-8000-{n:012}"))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let error = ask(&mut live, subscribe(&names)).await;
    assert_eq!(error["code"], "too_many_subscriptions");

    // Too large, in one frame and in pieces.
    live.try_send(Message::text("x".repeat(70_000)))
        .await
        .unwrap();
    assert_eq!(live.end().await, Some(1009));

    // Ten thousand frames of noise, from clients that are shut out again and again.
    let mut state = 42_u64;
    let mut noise = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32
    };
    let (mut sent, mut closed) = (0, 0);
    while sent < 10_000 {
        let mut live = server.listener().await;
        loop {
            let length = noise() as usize % 300;
            let bytes: Vec<u8> = (0..length).map(|_| noise() as u8).collect();
            let message = match noise() % 4 {
                0 => Message::binary(bytes),
                1 => Message::text(String::from_utf8_lossy(&bytes).into_owned()),
                2 => Message::text(format!("{{\"type\":\"{}\"}}", noise() % 7)),
                _ => Message::text("{\"type\":\"subscribe_state_updates\",\"subscriptions\":[5]}"),
            };
            sent += 1;
            if live.try_send(message).await.is_err() || sent == 10_000 {
                break;
            }
            match live.heard().await {
                Heard::Frame(frame) => assert_eq!(frame["type"], "error"),
                Heard::Closed(code) => {
                    assert_eq!(code, Some(1008));
                    closed += 1;
                    break;
                }
            }
        }
    }
    assert!(closed > 50, "{closed}");
    let (from, _) = head(&server).await;
    exchange(&server, "ada@customer.example").await;
    let rows = wanted(&rows_after(&server, from).await, "conversation_states");
    let frames = to_head(&mut other, &rows).await;
    assert_told(&frames, &rows, &subscribed["seq"]);
}
