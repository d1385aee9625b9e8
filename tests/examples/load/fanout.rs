//! Events to many clients: rate, time to the last one, memory, and what clients that never read cost the others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::{Semaphore, mpsc};

use crate::client::Client;
use crate::node::Node;
use crate::reader::Reader;
use crate::report;
use crate::transitions::contacts;

/// Clients, and events that each of them gets for the rate.
const SIZES: [(usize, usize); 3] = [(100, 10_000), (1_000, 2_000), (5_000, 400)];
const STATES: [&str; 1] = ["conversation_states"];

/// Rate, time to the last client and memory, by number of clients.
pub async fn run(node: &Node) {
    println!(
        "clients  events/s delivered  last client p50 ms  max ms  KiB per idle connection  load"
    );
    for (clients, events) in SIZES {
        let mut writer = Writer::new(node).await;
        let before = node.resident();
        let mut crowd = Crowd::gather(node, clients, &STATES).await;
        let idle = node.resident();
        let mut times = Vec::new();
        for _ in 0..20 {
            let began = Instant::now();
            writer.transition().await;
            times.push(crowd.all_have(1).await - began);
        }
        times.sort();
        let began = Instant::now();
        // What other processes write comes as it comes: in one transaction here.
        node.multiply_log(events).await;
        writer.transition().await;
        let took = crowd.all_have(events + 1).await - began;
        let rate = (clients * (events + 1)) as f64 / took.as_secs_f64();
        println!(
            "{clients:7}  {rate:18.0}  {:18.1}  {:6.1}  {:23.1}  {}",
            millis(times[10]),
            millis(times[19]),
            idle.saturating_sub(before) as f64 / clients as f64,
            report::load_average(),
        );
    }
}

/// Delivery to a thousand readers, without and with 200 clients that never read.
pub async fn slow(node: &Node) {
    let mut writer = Writer::new(node).await;
    let mut crowd = Crowd::gather(node, 1_000, &STATES).await;
    println!("slow clients  p50 ms  p99 ms  server MiB before  after  load");
    let mut deaf = Vec::new();
    for slow in [0, 200] {
        let before = node.resident();
        while deaf.len() < slow {
            let names = ["message_threads", "conversation_states"];
            deaf.push(Reader::connect(node.address, &names, true).await);
        }
        let mut times = Vec::new();
        for _ in 0..150 {
            // Large enough that what the system buffers for those who do not read is full before long.
            writer.message(20_000).await;
            let began = Instant::now();
            writer.transition().await;
            times.extend(crowd.each_has_one(began).await);
        }
        times.sort();
        let share = |part: usize| millis(times[times.len() * part / 100]);
        println!(
            "{slow:12}  {:6.1}  {:6.1}  {:17.1}  {:5.1}  {}",
            share(50),
            share(99),
            before as f64 / 1024.0,
            node.resident() as f64 / 1024.0,
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

    /// When the last one has so many more frames.
    async fn all_have(&mut self, frames: usize) -> Instant {
        let all = self.times(frames).await;
        all.into_iter().max().expect("clients")
    }

    async fn each_has_one(&mut self, began: Instant) -> Vec<Duration> {
        let all = self.times(1).await;
        all.into_iter().map(|at| at - began).collect()
    }

    async fn times(&mut self, frames: usize) -> Vec<Instant> {
        for want in &self.wanted {
            want.send(frames).expect("a client");
        }
        let mut times = Vec::with_capacity(self.wanted.len());
        while times.len() < self.wanted.len() {
            times.push(self.had.recv().await.expect("a client"));
        }
        times
    }
}
