//! Events to many clients: rate, time to the last one, memory, and what clients that never read cost the others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::{Semaphore, mpsc};

use convo_tests::Kind;

use crate::client::Client;
use crate::node::Node;
use crate::reader::Reader;
use crate::report;
use crate::transitions::contacts;

/// Clients, and events that each of them gets for the rate.
const SIZES: [(usize, usize); 3] = [(100, 10_000), (1_000, 2_000), (5_000, 400)];
const STATES: [&str; 1] = ["conversation_states"];
/// After the last client has come, before the memory of idle connections is read.
const SETTLED: Duration = Duration::from_secs(1);

/// Single events for the times, after those that warm the server up.
const EVENTS: usize = 40;
const WARM_UP: usize = 10;
/// Clients that are there before memory is measured, so that what the server needs once is counted to nobody.
const FIRST_ONES: usize = 500;
/// Between two single events: nobody is still busy with the one before.
const PAUSE: Duration = Duration::from_millis(50);

/// Rate, time to the last client and memory, by number of clients, each on a server of its own. The time begins before
/// the request that makes the event, so that its commit is in it; beside it stands what the same request takes while
/// nobody listens.
pub async fn run(kind: Kind) {
    println!(
        "clients  events/s delivered  request alone p50 ms  last client p50 ms  p90 ms  max ms  KiB per idle connection  load"
    );
    for (clients, events) in SIZES {
        let node = Node::start(kind).await;
        let first_ones = Crowd::gather(&node, FIRST_ONES, &["email_events"]).await;
        let mut writer = Writer::new(&node).await;
        let mut alone = Vec::new();
        for _ in 0..WARM_UP + EVENTS {
            tokio::time::sleep(PAUSE).await;
            let began = Instant::now();
            writer.transition().await;
            alone.push(began.elapsed());
        }
        let before = node.resident();
        let mut crowd = Crowd::gather(&node, clients, &STATES).await;
        tokio::time::sleep(SETTLED).await;
        let idle = node.resident();
        drop(first_ones);
        let mut times = Vec::new();
        for _ in 0..WARM_UP + EVENTS {
            crowd.want(1);
            tokio::time::sleep(PAUSE).await;
            let began = Instant::now();
            let (_, times_of_all) = tokio::join!(writer.transition(), crowd.times());
            times.push(times_of_all.into_iter().max().expect("clients") - began);
        }
        let (alone, times) = (sorted(alone), sorted(times));
        crowd.want(events + 1);
        let began = Instant::now();
        // What other processes write comes as it comes: in one transaction here.
        node.multiply_log(events).await;
        let (_, all) = tokio::join!(writer.transition(), crowd.times());
        let took = all.into_iter().max().expect("clients") - began;
        let rate = (clients * (events + 1)) as f64 / took.as_secs_f64();
        println!(
            "{clients:7}  {rate:18.0}  {:20.1}  {:18.1}  {:6.1}  {:6.1}  {:23.1}  {}",
            millis(alone[EVENTS / 2]),
            millis(times[EVENTS / 2]),
            millis(times[EVENTS * 9 / 10]),
            millis(times[EVENTS - 1]),
            idle.saturating_sub(before) as f64 / clients as f64,
            report::load_average(),
        );
    }
}

/// Without those that warmed the server up, the shortest first.
fn sorted(mut times: Vec<Duration>) -> Vec<Duration> {
    times.drain(..WARM_UP);
    times.sort_unstable();
    times
}

/// Events in each half of the slow clients' bench.
const SLOW_EVENTS: usize = 300;

/// Delivery to a thousand readers, without and with 200 clients that never read; how much memory the server had at most,
/// and how many of the 200 it had closed by the end.
pub async fn slow(node: &Node) {
    let mut writer = Writer::new(node).await;
    let mut crowd = Crowd::gather(node, 1_000, &STATES).await;
    println!("slow clients  p50 ms  p99 ms  server MiB before   peak  after  closed  load");
    let mut deaf = Vec::new();
    for slow in [0, 200] {
        let before = node.resident();
        while deaf.len() < slow {
            let names = ["message_threads", "conversation_states"];
            deaf.push(Reader::connect(node.address, &names, true).await);
        }
        let (mut times, mut peak) = (Vec::new(), 0);
        for _ in 0..SLOW_EVENTS {
            // Large enough that what the system buffers for those who do not read is full before long.
            writer.message(20_000).await;
            crowd.want(1);
            let began = Instant::now();
            let (_, all) = tokio::join!(writer.transition(), crowd.times());
            times.extend(all.into_iter().map(|at| at - began));
            peak = peak.max(node.resident());
        }
        times.sort_unstable();
        let share = |part: usize| millis(times[times.len() * part / 100]);
        println!(
            "{slow:12}  {:6.1}  {:6.1}  {:17.1}  {:5.1}  {:5.1}  {:>6}  {}",
            share(50),
            share(99),
            before as f64 / 1024.0,
            peak as f64 / 1024.0,
            node.resident() as f64 / 1024.0,
            node.lagging().await,
            report::load_average(),
        );
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// One conversation that can be written to.
struct Writer {
    client: Client,
    conversation: String,
}

impl Writer {
    async fn new(node: &Node) -> Writer {
        let made = contacts(node, 1, &format!("fan{}", node.resident())).await;
        let mut writer = Writer {
            client: Client::connect(node.address).await,
            conversation: made[0].conversation.clone(),
        };
        writer
            .post(
                "transition",
                json!({"event": "FIRST_EMAIL_SENT", "triggeredBy": "bench"}),
            )
            .await;
        writer
    }

    /// One event of `conversation_states`.
    async fn transition(&mut self) {
        let body = json!({"event": "ENGAGEMENT_INCREASED", "triggeredBy": "bench"});
        self.post("transition", body).await;
    }

    async fn message(&mut self, size: usize) {
        let body = json!({"senderId": "campaign", "isFromAI": 1, "messageType": "email", "content": "x".repeat(size)});
        self.post("process-message", body).await;
    }

    async fn post(&mut self, what: &str, body: serde_json::Value) {
        let path = format!("/api/conversation-state/{}/{what}", self.conversation);
        self.client.call(&Node::post(&path, &body)).await.ok();
    }
}

/// Many readers, each a task that says when it has so many frames.
struct Crowd {
    wanted: Vec<mpsc::UnboundedSender<usize>>,
    had: mpsc::UnboundedReceiver<Instant>,
}

impl Crowd {
    async fn gather(node: &Node, clients: usize, names: &'static [&'static str]) -> Crowd {
        let (say, had) = mpsc::unbounded_channel();
        let turns = Arc::new(Semaphore::new(50));
        let mut wanted = Vec::new();
        let mut connecting = Vec::new();
        let address = node.address;
        for _ in 0..clients {
            let (want, mut wants) = mpsc::unbounded_channel::<usize>();
            wanted.push(want);
            let (say, turns) = (say.clone(), Arc::clone(&turns));
            let (ready, is_ready) = tokio::sync::oneshot::channel();
            connecting.push(is_ready);
            tokio::spawn(async move {
                let turn = turns.acquire_owned().await;
                let mut reader = Reader::connect(address, names, false).await;
                drop(turn);
                let _ = ready.send(());
                while let Some(frames) = wants.recv().await {
                    for _ in 0..frames {
                        reader.frame().await;
                    }
                    let _ = say.send(Instant::now());
                }
            });
        }
        for ready in connecting {
            ready.await.expect("connected");
        }
        Crowd { wanted, had }
    }

    /// Says how many more frames are waited for.
    fn want(&self, frames: usize) {
        for want in &self.wanted {
            want.send(frames).expect("a client");
        }
    }

    /// When each has them.
    async fn times(&mut self) -> Vec<Instant> {
        let mut times = Vec::with_capacity(self.wanted.len());
        while times.len() < self.wanted.len() {
            times.push(self.had.recv().await.expect("a client"));
        }
        times
    }
}
