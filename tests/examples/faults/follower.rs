//! One who listens to everything and goes on from what it heard last.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use convo_tests::{Api, DEADLINE, Heard, Live};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

/// The subscriptions to everything.
const NAMES: [&str; 5] = [
    "conversation_states",
    "lead_journeys",
    "message_threads",
    "handover_events",
    "email_events",
];
/// Types of the rows that they tell.
const TYPES: [&str; 5] = [
    "conversation_state_changed",
    "lead_journey_updated",
    "message_thread_updated",
    "handover_event",
    "email_event",
];

/// A task that follows the log until its end is known and heard.
pub struct Follower {
    task: JoinHandle<Following>,
    last: Arc<AtomicI64>,
}

struct Following {
    place: watch::Receiver<Api>,
    epoch: String,
    since: i64,
    heard: Vec<i64>,
    /// Frames that did not name the one before them.
    torn: usize,
    last: Arc<AtomicI64>,
}

impl Follower {
    /// Follows from the beginning.
    pub async fn start(place: watch::Receiver<Api>) -> Follower {
        let api = place.borrow().clone();
        let page = api.get("/api/events?after=0&limit=1").await.ok();
        let last = Arc::new(AtomicI64::new(i64::MAX));
        let following = Following {
            place,
            epoch: page["epoch"].as_str().expect("an epoch").to_owned(),
            since: 0,
            heard: Vec::new(),
            torn: 0,
            last: Arc::clone(&last),
        };
        Follower {
            task: tokio::spawn(following.run()),
            last,
        }
    }

    /// Events not heard, or heard twice, of these rows of the whole log.
    pub async fn holes(self, log: &[Value]) -> usize {
        let seq = |row: &Value| row["seq"].as_i64().expect("seq");
        self.last.store(log.last().map_or(0, seq), Ordering::SeqCst);
        let following = self.task.await.expect("the follower");
        let told: Vec<i64> = log
            .iter()
            .filter(|row| TYPES.iter().any(|kind| row["type"] == *kind))
            .map(seq)
            .collect();
        let missed = told
            .iter()
            .filter(|seq| !following.heard.contains_sorted(seq));
        let missed = missed.count();
        let twice = following.heard.len() + missed - told.len();
        missed + twice + following.torn
    }
}

trait Sorted {
    fn contains_sorted(&self, seq: &i64) -> bool;
}

impl Sorted for Vec<i64> {
    fn contains_sorted(&self, seq: &i64) -> bool {
        self.binary_search(seq).is_ok()
    }
}

impl Following {
    async fn run(mut self) -> Following {
        let mut deadline = Instant::now() + DEADLINE;
        while self.since < self.last.load(Ordering::SeqCst) {
            assert!(Instant::now() < deadline, "nothing heard any more");
            let before = self.since;
            let api = self.place.borrow().clone();
            match api.resumed(&NAMES, self.since, &self.epoch).await {
                Some(live) => self.listen(live).await,
                // Each turn is a round trip to a server; this only keeps the machine cool.
                None => tokio::time::sleep(Duration::from_millis(10)).await,
            }
            if self.since > before {
                deadline = Instant::now() + DEADLINE;
            }
        }
        self
    }

    /// Until the connection or the log ends.
    async fn listen(&mut self, mut live: Live) {
        let mut prev = self.since;
        let mut asked = false;
        loop {
            if !asked {
                let ping = Message::text(r#"{"type":"ping"}"#);
                if live.try_send(ping).await.is_err() {
                    return;
                }
                asked = true;
            }
            match live.heard().await {
                Heard::Closed(_) => return,
                Heard::Frame(frame) if frame.get("prev").is_some() => {
                    self.torn += usize::from(frame["prev"] != prev);
                    prev = frame["seq"].as_i64().expect("seq");
                    self.heard.push(prev);
                    self.since = prev;
                }
                Heard::Frame(frame) if frame["type"] == "pong" => {
                    asked = false;
                    self.since = self.since.max(frame["last"].as_i64().expect("last"));
                    if self.since >= self.last.load(Ordering::SeqCst) {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Heard::Frame(_) => {}
            }
        }
    }
}
