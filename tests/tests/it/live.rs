//! The event log as it happens: who gets in, who gets what, and what ends a connection.

mod endings;
mod frames;
mod get_in;
mod page;
mod resume;
mod storm;

use convo_tests::records::Contact;
use convo_tests::{Live, Server};
use serde_json::{Value, json};

/// The five types of events.
const EVENTS: [&str; 5] = [
    "conversation_state_changed",
    "lead_journey_updated",
    "message_thread_updated",
    "handover_event",
    "email_event",
];

/// A conversation with a mail of ours, an answer, and a delivery: events of most types.
async fn exchange(server: &Server, email: &str) -> Contact {
    let contact = server.contact(email).await;
    let ours = contact
        .outbound("Hello, may I show you our new models?")
        .await;
    let delivered = convo_tests::mailgun::Event::delivered(&ours, email);
    server.event(&delivered).await.ok();
    contact
        .reply("I am interested, can I book a test drive?")
        .await;
    contact
}

/// The rows of the log after a number that a subscription asks for.
pub(crate) fn wanted(rows: &[Value], subscription: &str) -> Vec<Value> {
    let names = [
        "conversation_states",
        "lead_journeys",
        "message_threads",
        "handover_events",
        "email_events",
    ];
    let asked = |row: &&Value| {
        let kind = EVENTS.iter().position(|kind| row["type"] == **kind);
        let Some(kind) = kind else { return false };
        match subscription.split_once(':') {
            Some(("conversation", id)) => row["conversationId"] == id,
            Some(("lead", id)) => row["leadId"] == id,
            _ => names[kind] == subscription,
        }
    };
    rows.iter().filter(asked).cloned().collect()
}

/// The frame that a row of the log is told as.
fn as_frame(row: &Value, prev: &Value) -> Value {
    let mut frame = row["data"].as_object().unwrap().clone();
    for name in ["seq", "type", "conversationId", "leadId", "silent"] {
        if let Some(value) = row.get(name) {
            frame.insert(name.to_owned(), value.clone());
        }
    }
    frame.insert("timestamp".to_owned(), row["at"].clone());
    frame.insert("prev".to_owned(), prev.clone());
    Value::Object(frame)
}

/// Frames are these rows, in order, each with the number of the one before.
#[track_caller]
fn assert_told(frames: &[Value], rows: &[Value], began: &Value) {
    let mut prev = began.clone();
    for (frame, row) in frames.iter().zip(rows) {
        assert_eq!(frame, &as_frame(row, &prev));
        prev = frame["seq"].clone();
    }
    let numbers =
        |all: &[Value]| -> Vec<Value> { all.iter().map(|one| one["seq"].clone()).collect() };
    assert_eq!(numbers(frames), numbers(rows));
}

/// What a connection gets up to the head of the log.
async fn to_head(live: &mut Live, rows: &[Value]) -> Vec<Value> {
    match rows.last() {
        Some(last) => live.upto(last["seq"].as_i64().unwrap()).await,
        None => live.events().await,
    }
}

/// Position of the newest row.
pub(crate) async fn head(server: &Server) -> (i64, String) {
    let page = server.get("/api/events?after=0&limit=1").await.ok();
    let epoch = page["epoch"].as_str().unwrap().to_owned();
    (page["head"].as_i64().unwrap(), epoch)
}

/// Rows of the log after a number.
pub(crate) async fn rows_after(server: &Server, seq: i64) -> Vec<Value> {
    server.log_after(u64::try_from(seq).unwrap()).await
}

/// Subscribes and says what with.
async fn ask(live: &mut Live, frame: Value) -> Value {
    live.send(frame).await;
    live.frame().await
}

fn subscribe(names: &[&str]) -> Value {
    json!({"type": "subscribe_state_updates", "subscriptions": names})
}

/// Writes the first `base` rows of the log so many times again, in one transaction, as another node would.
async fn multiply(server: &Server, base: i64, times: i64) {
    let by = base * times;
    let mut sql = format!("BEGIN; UPDATE log_head SET seq = seq + {by};");
    for time in 1..=times {
        let offset = base * (times - time + 1);
        sql.push_str(&format!(
            "INSERT INTO event_log (seq, kind, at, conversation_id, lead_id, metadata_id, silent, data) \
             SELECT (SELECT seq FROM log_head) - {offset} + t.seq, kind, at, conversation_id, lead_id, metadata_id, silent, data \
             FROM event_log t WHERE t.seq <= {base};"
        ));
    }
    sql.push_str("COMMIT;");
    server.database().execute(&sql).await;
}
