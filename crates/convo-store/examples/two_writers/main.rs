//! Two nodes on one PostgreSQL: taking turns at the log's head, or deciding at the same time and finding out by revisions.
//!
//! ```sh
//! cargo run --release -p convo-store --features measure --example two_writers -- postgres://…/db   # an empty database
//! ```
//!
//! Both run the statements of the product, in batches of 32. `deciding` is the time a node spends between reading and
//! writing, without the processor of this machine: other machines, the way to them, and what decides there. A batch that
//! met a conflict is decided anew as a whole, which is kinder than doing it one by one. What turns are for (that what one
//! has not found no other stores) is not measured: the other way has nothing in its place.

#![allow(
    clippy::disallowed_methods,
    reason = "a bench measures time and draws its own ids"
)]

use std::error::Error;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use convo_store::{Birth, CommitError, Store, StoreError, StoreOptions, Writer};
use uuid::Uuid;

#[path = "../store_rate/items.rs"]
mod items;

const CONVERSATIONS: usize = 2_000;
const BATCH: usize = 32;
const TIME: Duration = Duration::from_secs(4);
const DECIDING: [Duration; 2] = [Duration::ZERO, Duration::from_millis(3)];

/// Which conversations the nodes work on.
#[derive(Clone, Copy)]
enum Among {
    /// Each has its own.
    Own,
    /// All of them, at random.
    All,
    /// The same few, at random.
    Few,
}

impl Among {
    fn of(self, ids: &[Uuid], node: usize) -> &[Uuid] {
        match self {
            Among::Own => &ids[node * ids.len() / 2..][..ids.len() / 2],
            Among::All => ids,
            Among::Few => &ids[..BATCH * 4],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Among::Own => "1,000 of its own",
            Among::All => "the same 2,000",
            Among::Few => "the same 128",
        }
    }
}

/// What a node came to.
#[derive(Default, Clone, Copy)]
struct Done {
    batches: usize,
    again: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args()
        .nth(1)
        .ok_or("the URL of an empty PostgreSQL database")?;
    let store = Store::open(&url, StoreOptions::default())?;
    let at = DateTime::from_timestamp_micros(1_767_225_600_000_000).ok_or("a time")?;
    store.migrate(&Birth {
        reply_key: vec![0; 32],
        hash_key: vec![0; 32],
        epoch: Uuid::now_v7(),
        at,
    })?;
    let ids = items::fill(&mut store.writer(), CONVERSATIONS, at)?;
    println!(
        "{:>9} {:<18} {:>5} {:<8} {:>8} {:>10} {:>14}",
        "deciding", "conversations", "nodes", "how", "items/s", "batches/s", "decided again"
    );
    for deciding in DECIDING {
        for (nodes, among) in [
            (1, Among::All),
            (2, Among::Own),
            (2, Among::All),
            (2, Among::Few),
        ] {
            for turns in [true, false] {
                let began = Instant::now();
                let done = run(&url, &ids, nodes, among, turns, deciding, at)?;
                let seconds = began.elapsed().as_secs_f64();
                println!(
                    "{:>6} ms {:<18} {nodes:>5} {:<8} {:>8.0} {:>10.0} {:>12.0} %",
                    deciding.as_millis(),
                    among.name(),
                    if turns { "turns" } else { "at once" },
                    (done.batches * BATCH) as f64 / seconds,
                    done.batches as f64 / seconds,
                    100.0 * done.again as f64 / (done.batches + done.again) as f64,
                );
            }
        }
    }
    Ok(())
}

/// All nodes for some seconds; what they did together.
fn run(
    url: &str,
    ids: &[Uuid],
    nodes: usize,
    among: Among,
    turns: bool,
    deciding: Duration,
    at: DateTime<Utc>,
) -> Result<Done, Box<dyn Error>> {
    let until = Instant::now() + TIME;
    std::thread::scope(|scope| {
        let started: Vec<_> = (0..nodes)
            .map(|node| {
                let ids = among.of(ids, node);
                scope.spawn(move || one(url, ids, node, turns, deciding, at, until))
            })
            .collect();
        let mut all = Done::default();
        for node in started {
            let done = node.join().map_err(|_| "a node panicked")??;
            all.batches += done.batches;
            all.again += done.again;
        }
        Ok(all)
    })
}

/// One node: a store and a writer of its own.
fn one(
    url: &str,
    ids: &[Uuid],
    node: usize,
    turns: bool,
    deciding: Duration,
    at: DateTime<Utc>,
    until: Instant,
) -> Result<Done, CommitError<StoreError>> {
    let store = Store::open(url, StoreOptions::default())?;
    let mut writer: Writer = store.writer();
    if !turns {
        writer = writer.out_of_turn();
    }
    let (mut done, mut noise) = (Done::default(), node as u64 + 1);
    while Instant::now() < until {
        let batch = batch(ids, &mut noise);
        loop {
            let decide = || {
                if !deciding.is_zero() {
                    std::thread::sleep(deciding);
                }
            };
            match items::step(&mut writer, &batch, at, decide) {
                Ok(()) => break,
                Err(CommitError::Conflict { .. }) => done.again += 1,
                Err(other) => return Err(other),
            }
        }
        done.batches += 1;
    }
    Ok(done)
}

/// Different conversations at random, in the order of their ids: so that nobody waits for another in a circle.
fn batch(ids: &[Uuid], noise: &mut u64) -> Vec<Uuid> {
    let mut batch = Vec::with_capacity(BATCH);
    while batch.len() < BATCH.min(ids.len()) {
        *noise = noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let id = ids[(*noise >> 33) as usize % ids.len()];
        if !batch.contains(&id) {
            batch.push(id);
        }
    }
    batch.sort_unstable();
    batch
}
