//! Many clients for some seconds.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::LocalSet;

use crate::client::Client;
use crate::node::{Counters, Node};

const WARM_UP: Duration = Duration::from_secs(1);

/// What is to be sent.
#[derive(Clone, Copy)]
pub struct Load {
    pub clients: usize,
    pub time: Duration,
    /// Requests a second; each counts from when it was to be sent, so that a slow answer makes those behind it late.
    /// Without one each client sends its next request when it has the answer.
    pub rate: Option<f64>,
}

/// What one measurement came to.
pub struct Measured {
    pub per_second: f64,
    pub p50: Duration,
    pub p99: Duration,
    pub p999: Duration,
    /// Answers other than 2xx.
    pub refused: usize,
    pub commits_per_second: f64,
    pub commands_per_commit: f64,
    /// Processor the server used for each answer, in µs.
    pub server: f64,
    /// The writer thread's share of it.
    pub writer: f64,
}

/// Lets each client send what `next` gives it (the client's number is its argument) until the time is over
/// or `next` has nothing more; what is sent after the warm-up counts. With several nodes the clients go round.
pub async fn run(
    nodes: &[Node],
    load: Load,
    next: impl FnMut(usize) -> Option<Vec<u8>> + 'static,
) -> Measured {
    let next = Rc::new(RefCell::new(next));
    let first = Instant::now();
    let began = first + WARM_UP;
    let mut results = Vec::new();
    let mut before = None;
    LocalSet::new()
        .run_until(async {
            let mut tasks = Vec::new();
            for number in 0..load.clients {
                let client = Client::connect(nodes[number % nodes.len()].address).await;
                let next = Rc::clone(&next);
                let next = move || next.borrow_mut()(number);
                let turns = Turns {
                    first,
                    turn: number as f64,
                    load,
                };
                tasks.push(tokio::task::spawn_local(one(client, began, turns, next)));
            }
            tokio::time::sleep_until(began.into()).await;
            before = Some(counters(nodes).await);
            for task in tasks {
                results.push(task.await.expect("a client"));
            }
        })
        .await;
    let after = counters(nodes).await;
    let seconds = (Instant::now() - began).as_secs_f64();
    measured(results, seconds, before.expect("counters"), after)
}

/// Those of all nodes together.
async fn counters(nodes: &[Node]) -> Counters {
    let mut all = Counters::default();
    for node in nodes {
        let own = node.counters().await;
        all.commits += own.commits;
        all.commands += own.commands;
        all.server += own.server;
        all.writer += own.writer;
    }
    all
}

#[derive(Default)]
struct Answers {
    took: Vec<Duration>,
    refused: usize,
}

/// When one client sends.
struct Turns {
    first: Instant,
    turn: f64,
    load: Load,
}

impl Turns {
    /// Waits for the next turn, and says when it was.
    async fn next(&mut self) -> Instant {
        let Some(rate) = self.load.rate else {
            return Instant::now();
        };
        let turn = self.first + Duration::from_secs_f64(self.turn / rate);
        self.turn += self.load.clients as f64;
        tokio::time::sleep_until(turn.into()).await;
        turn
    }
}

async fn one(
    mut client: Client,
    began: Instant,
    mut turns: Turns,
    mut next: impl FnMut() -> Option<Vec<u8>>,
) -> Answers {
    let mut answers = Answers::default();
    while let Some(request) = next() {
        let sent = turns.next().await;
        let reply = client.call(&request).await;
        let now = Instant::now();
        if sent >= began {
            if (200..300).contains(&reply.status) {
                answers.took.push(now - sent);
            } else {
                answers.refused += 1;
                eprintln!("{} {}", reply.status, String::from_utf8_lossy(&reply.body));
            }
        }
        if now > began + turns.load.time {
            break;
        }
    }
    answers
}

fn measured(results: Vec<Answers>, seconds: f64, before: Counters, after: Counters) -> Measured {
    let refused = results.iter().map(|one| one.refused).sum();
    let mut took: Vec<Duration> = results.into_iter().flat_map(|one| one.took).collect();
    took.sort_unstable();
    let at = |part: usize| {
        took.get(took.len() * part / 1_000)
            .copied()
            .unwrap_or_default()
    };
    let commits = after.commits - before.commits;
    let each = 1e6 / (took.len() as f64).max(1.0);
    Measured {
        per_second: took.len() as f64 / seconds,
        p50: at(500),
        p99: at(990),
        p999: at(999),
        refused,
        commits_per_second: commits / seconds,
        server: (after.server - before.server) * each,
        writer: (after.writer - before.writer) * each,
        commands_per_commit: (after.commands - before.commands) / commits.max(1.0),
    }
}
