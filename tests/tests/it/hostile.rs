//! What the edge takes and what it does not: one below passes, one above is refused, and others do not notice.

use std::time::{Duration, Instant};

use convo_tests::{BOOTSTRAP_KEY, Heard, Kind, Mail, Options, Server};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

fn host(server: &Server) -> String {
    server.base().trim_start_matches("http://").to_owned()
}

/// Sends these pieces one after the other; all that comes until the server hangs up.
async fn talk(server: &Server, pieces: &[&[u8]]) -> String {
    let mut stream = TcpStream::connect(host(server)).await.unwrap();
    for piece in pieces {
        // It may have been refused already.
        let _ = stream.write_all(piece).await;
        let _ = stream.flush().await;
    }
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said).await;
    String::from_utf8_lossy(&said).into_owned()
}

/// Head of a post of so many bytes of JSON.
fn head(length: usize) -> String {
    format!(
        "POST /api/leads HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {BOOTSTRAP_KEY}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_slowly_is_given_up() {
    let server = Options::on(Kind::Sqlite)
        .with("CONVO_SERVER__HEAD_SECONDS", "1")
        .with("CONVO_SERVER__BODY_SECONDS", "1")
        .start()
        .await;
    let body = json!({"email": "ada@customer.example"}).to_string();
    let (one, rest) = body.as_bytes().split_at(1);
    let whole = head(body.len());
    let answer = talk(&server, &[whole.as_bytes(), one, rest]).await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let began = Instant::now();
    let slow_body = async {
        let answer = talk(&server, &[whole.as_bytes(), one]).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(answer.contains("\"request_timeout\""), "{answer}");
    };
    // Every byte in time, the whole never.
    let drip = async {
        let mut stream = TcpStream::connect(host(&server)).await.unwrap();
        stream.write_all(whole.as_bytes()).await.unwrap();
        let (mut from, mut to) = stream.into_split();
        let dripping = tokio::spawn(async move {
            while to.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        let mut first = [0; 12];
        from.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 408");
        dripping.abort();
    };
    let slow_head = async {
        let answer = talk(&server, &[b"GET /healthz HTTP/1.1\r\nhost: "]).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    };
    let nobody_waits = async {
        server.get("/api/leads").await.ok();
    };
    tokio::join!(slow_body, drip, slow_head, nobody_waits);
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_have_edges() {
    let server = Options::on(Kind::Sqlite).start().await;
    let with = |fields: usize, bytes: usize| {
        let mut head = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n".to_owned();
        for number in 2..fields {
            let value = if number == 2 { bytes } else { 1 };
            head.push_str(&format!("x-{number}: {}\r\n", "v".repeat(value)));
        }
        head + "\r\n"
    };
    for (what, head, status) in [
        ("96 fields", with(96, 1), "200"),
        ("97 fields", with(97, 1), "431"),
        ("a field of 120,000 bytes", with(3, 120_000), "200"),
        ("a field of 300,000 bytes", with(3, 300_000), "431"),
        (
            "an endless path",
            format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(300_000)),
            "4",
        ),
    ] {
        let answer = talk(&server, &[head.as_bytes()]).await;
        let line = answer.lines().next().unwrap_or_default();
        assert!(
            line.starts_with(&format!("HTTP/1.1 {status}")),
            "{what}: {line}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_decompressed() {
    let server = Options::on(Kind::Sqlite).start().await;
    let body = json!({"email": "ada@customer.example"}).to_string();
    for (encoding, status) in [
        ("identity", 201),
        ("gzip", 415),
        ("deflate", 415),
        ("br", 415),
        ("zstd", 415),
        ("gzip, identity", 415),
    ] {
        let call = server
            .call("POST", "/api/leads")
            .header("Content-Encoding", encoding);
        let answer = call.body("application/json", body.clone()).send().await;
        assert_eq!(answer.status, status, "{encoding}: {}", answer.text());
    }
    // A webhook is read as it stands: compressed it is no form with a signature.
    let bomb = vec![0x1f_u8; 100_000];
    let call = server
        .with_key(None)
        .call("POST", "/api/webhooks/mailgun/inbound")
        .header("Content-Encoding", "gzip");
    let answer = call
        .body("application/x-www-form-urlencoded", bomb)
        .send()
        .await;
    answer.problem(401, "webhook_unverified");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_has_a_depth() {
    let server = Options::on(Kind::Sqlite).start().await;
    let contact = server.contact("ada@customer.example").await;
    // The body and its metadata are two of them.
    let nested = |levels: usize| {
        let arrays = levels - 2;
        format!(
            "{{\"event\":\"FIRST_EMAIL_SENT\",\"triggeredBy\":\"me\",\"metadata\":{{\"a\":{}{}}}}}",
            "[".repeat(arrays),
            "]".repeat(arrays)
        )
    };
    for (levels, status) in [(127, 200), (128, 400), (100_000, 400)] {
        let call = server.call("POST", &contact.path("validate-transition"));
        let answer = call.body("application/json", nested(levels)).send().await;
        assert_eq!(answer.status, status, "{levels}: {}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_and_keys_have_edges() {
    let server = Options::on(Kind::Sqlite).start().await;
    for number in 0..201 {
        server
            .lead(&format!("lead-{number}@customer.example"))
            .await;
    }
    for (limit, rows) in [(199, 199), (200, 200), (201, 200), (100_000, 200)] {
        let page = server.get(&format!("/api/leads?limit={limit}")).await.ok();
        assert_eq!(page["items"].as_array().unwrap().len(), rows, "{limit}");
    }
    for (letters, status) in [(255, 201), (256, 422)] {
        let body = json!({"email": format!("key-{letters}@customer.example")});
        let call = server
            .call("POST", "/api/leads")
            .header("Idempotency-Key", &"k".repeat(letters));
        let answer = call.json(&body).send().await;
        assert_eq!(answer.status, status, "{letters}: {}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_have_edges() {
    const MOST: usize = 64 << 10;
    let server = Options::on(Kind::Sqlite).start().await;
    let frame = |bytes: usize| {
        let bare = json!({"type": "ping", "x": ""}).to_string().len();
        json!({"type": "ping", "x": "x".repeat(bytes - bare)}).to_string()
    };
    let mut live = server.listener().await;
    live.send_text(&frame(MOST)).await;
    assert_eq!(live.frame().await["type"], "pong");
    live.send_text(&frame(MOST + 1)).await;
    assert_eq!(live.end().await, Some(1009));

    let mut live = server.listener().await;
    let names: Vec<String> = (0..1_000_u32)
        .map(|n| format!("lead:018f0000-0000-7000-8000-{n:012}"))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let told = live.subscribe(&names).await;
    assert_eq!(told["subscriptions"].as_array().unwrap().len(), 1_000);
    live.send(json!({"type": "subscribe_state_updates", "subscriptions": ["email_events"]}))
        .await;
    assert_eq!(live.frame().await["code"], "too_many_subscriptions");

    // A hundred wrong frames in a row are borne; a right one in between begins anew.
    let mut live = server.listener().await;
    for _ in 0..2 {
        for _ in 0..100 {
            live.send_text("x").await;
            assert_eq!(live.frame().await["code"], "malformed_json");
        }
        live.send_text(r#"{"type":"ping"}"#).await;
        assert_eq!(live.frame().await["type"], "pong");
    }
    for _ in 0..101 {
        live.send_text("x").await;
    }
    assert_eq!(live.end().await, Some(1008));
}

/// A client that asks without end and takes no answer harms nobody: others are served, memory stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_frames_harms_nobody() {
    let server = Options::on(Kind::Sqlite).start().await;
    let contact = server.contact("ada@customer.example").await;
    contact.outbound("Hello").await;
    let mut other = server.subscribed(&["message_threads"]).await;
    let mut floods = Vec::new();
    for _ in 0..4 {
        let mut live = server.listener().await;
        let join = json!({"type": "join_conversation", "conversationId": contact.id}).to_string();
        floods.push(tokio::spawn(async move {
            for _ in 0..20_000 {
                let frames = [r#"{"type":"ping"}"#, join.as_str()];
                for frame in frames {
                    if live.try_send(Message::text(frame)).await.is_err() {
                        return;
                    }
                }
            }
        }));
    }
    let before = resident(&server);
    let mut slowest = Duration::ZERO;
    for number in 0..20 {
        let mail = Mail::new(&contact.email, "Re: Hello", &format!("Mail {number}"));
        let began = Instant::now();
        server.inbound(&mail).await.ok();
        let told: Value = other.until("message_thread_updated").await.0;
        assert_eq!(told["message"]["messageId"], mail.message_id.as_str());
        slowest = slowest.max(began.elapsed());
    }
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    if let (Some(before), Some(after)) = (before, resident(&server)) {
        let grown = after.saturating_sub(before) >> 10;
        assert!(grown < 100, "{grown} MiB more");
    }
    for flood in floods {
        flood.abort();
    }
    other.send_text(r#"{"type":"ping"}"#).await;
    assert!(matches!(other.heard().await, Heard::Frame(_)));
}

/// Kibibytes of memory; `None` where the system does not tell.
fn resident(server: &Server) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}
