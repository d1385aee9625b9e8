//! What ends a connection, and the code that says so. Elsewhere: 1001, 4401 (`get_in`), 1008 (`frames`), 4408 (`storm`).

use std::sync::Arc;

use convo_tests::own::{Postgres, no_own_servers};
use convo_tests::{Heard, Kind, Live, Options, Server, eventually};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader};

use super::{head, multiply};

/// A frame as it is given, whatever it says.
fn frame(payload: impl Into<Vec<u8>>, opcode: OpCode, last: bool) -> Message {
    let header = FrameHeader {
        is_final: last,
        opcode,
        ..FrameHeader::default()
    };
    Message::Frame(Frame::from_payload(header, payload.into().into()))
}

async fn send(live: &mut Live, frames: impl IntoIterator<Item = Message>) {
    for frame in frames {
        // The connection may be closed over the one before.
        if live.try_send(frame).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_websocket_frame_is_closed_with_its_code() {
    let server = Options::on(Kind::Sqlite).start().await;
    let (text, goes_on) = (OpCode::Data(Data::Text), OpCode::Data(Data::Continue));
    let half = vec![b'x'; (32 << 10) + 1];
    for (frames, code) in [
        (vec![frame(b"\xff", text, true)], 1007),
        (
            vec![frame(b"\xc3", text, false), frame(b"\xc3", goes_on, true)],
            1007,
        ),
        (vec![frame(b"of nothing", goes_on, true)], 1002),
        (
            vec![frame(b"a", text, false), frame(b"b", text, true)],
            1002,
        ),
        (
            vec![frame(b"in pieces", OpCode::Control(Control::Ping), false)],
            1002,
        ),
        (
            vec![frame(b"?", OpCode::Data(Data::Reserved(3)), true)],
            1002,
        ),
        (
            vec![
                frame(half.clone(), text, false),
                frame(half.clone(), goes_on, true),
            ],
            1009,
        ),
        (vec![frame(vec![b'x'; 3 << 20], text, true)], 1009),
    ] {
        let said = format!("{code} for {} frames", frames.len());
        let mut live = server.listener().await;
        send(&mut live, frames).await;
        assert_eq!(live.end().await, Some(code), "{said}");
    }
    // A message in pieces, with a ping between them, is a message like any other.
    let mut live = server.listener().await;
    let pieces = [
        frame(b"{\"type\":".as_slice(), text, false),
        Message::Ping("still there?".into()),
        frame(b"\"ping\"}".as_slice(), goes_on, true),
    ];
    send(&mut live, pieces).await;
    assert_eq!(live.frame().await["type"], "pong");
    // Who says goodbye is answered in kind.
    send(&mut live, [Message::Close(None)]).await;
    live.end().await;
    eventually("both sides are done", async || {
        let all = server.get("/metrics").await;
        let open = all.text().contains("convo_ws_connections 0");
        open.then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_answers_no_ping_is_gone() {
    let options = Options::on(Kind::Sqlite).with("CONVO_LIVE__PING_SECONDS", "1");
    let server = options.start().await;
    let mut silent = server.subscribed(&["conversation_states"]).await;
    let mut other = server.subscribed(&["conversation_states"]).await;
    let other = tokio::spawn(async move {
        let mut pings = 0;
        while pings < 4 {
            let ping = other.frame().await;
            assert_eq!(ping["type"], "ping");
            assert!(ping["last"].is_i64(), "{ping}");
            pings += 1;
        }
        other
    });
    // Nothing is read, so that nothing is answered.
    eventually("it is given up", async || {
        let metrics = server.get("/metrics").await;
        let closed = "convo_ws_closed_total{reason=\"no_answer\"} 1";
        metrics.text().contains(closed).then_some(())
    })
    .await;
    assert_eq!(silent.end().await, Some(1011));
    let mut other = other.await.unwrap();
    assert!(other.events().await.is_empty(), "it answered and stayed");
}

/// The database goes away while a client is being caught up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_without_a_database_says_so() {
    if no_own_servers() {
        return;
    }
    let mut postgres = Postgres::start().await;
    let database = Arc::new(postgres.database().await);
    let server = Options::on(Kind::Postgres).over(&database).start().await;
    let contact = server.contact("ada@customer.example").await;
    contact.outbound(&"A long offer. ".repeat(2_000)).await;
    let (base, epoch) = head(&server).await;
    // More than what the system takes for a client that does not read.
    multiply(&server, base, 1_000).await;
    let (end, _) = head(&server).await;
    let mut live = server.listener().await;
    let began = live.resume(&["message_threads"], 0, &epoch).await;
    assert_eq!(began["seq"], end);
    let mut told = live.frame().await["seq"].as_i64().unwrap();
    postgres.kill9();
    let code = loop {
        match live.heard().await {
            Heard::Frame(frame) if frame.get("prev").is_some() => {
                assert!(frame["prev"].as_i64().unwrap() >= told, "{frame}");
                told = frame["seq"].as_i64().unwrap();
            }
            Heard::Frame(_) => {}
            Heard::Closed(code) => break code,
        }
    };
    assert_eq!(code, Some(1013));
    assert!(told < end, "{told} of {end}");

    // It goes on where it was.
    postgres.start_again().await;
    let rest = go_on(&server, told, &epoch).await;
    assert_eq!(rest, server.database().count(&format!(
        "SELECT count(*) FROM event_log WHERE kind = 'message_thread_updated' AND seq > {told}"
    )).await);
}

/// Resumes, as soon as the server can, and reads to the end; how many events came.
async fn go_on(server: &Server, since: i64, epoch: &str) -> i64 {
    let mut live = eventually("it resumes", async || {
        let mut live = server.live_with("", &[]).await.ok()?;
        live.authenticate(convo_tests::BOOTSTRAP_KEY).await;
        let began = live.resume(&["message_threads"], since, epoch).await;
        (began["type"] == "subscribed").then_some((live, began))
    })
    .await;
    let mut events = 0;
    while json!(events) != live.1["replayed"] {
        live.0.frame().await;
        events += 1;
    }
    events
}
