//! How many small commands a second the write path takes, by batch size: each is a conversation update, an audit
//! row, a metadata row and a row of the event log.
//!
//! ```sh
//! cargo run --release -p convo-store --example store_rate                     # SQLite in a temporary folder
//! cargo run --release -p convo-store --example store_rate -- postgres://…/db  # an empty PostgreSQL database
//! cargo run --release -p convo-store --example store_rate -- sqlite://x.db 32 64         # these batch sizes only
//! cargo run --release -p convo-store --example store_rate -- sqlite://x.db statements    # what one commit sends
//! ```

#![allow(
    clippy::disallowed_methods,
    reason = "a bench measures time and draws its own ids"
)]

use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use convo_store::{Birth, Store, StoreOptions, Writer};
use diesel::connection::{InstrumentationEvent, set_default_instrumentation};
use uuid::Uuid;

mod items;

const CONVERSATIONS: usize = 2_000;
const BATCHES: [usize; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const TIME: Duration = Duration::from_secs(2);

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut arguments = std::env::args().skip(1);
    let url = arguments
        .next()
        .unwrap_or_else(|| format!("sqlite://{}", folder.path().join("rate.db").display()));
    let wanted: Vec<String> = arguments.collect();
    let store = Store::open(&url, StoreOptions::default())?;
    let at = DateTime::from_timestamp_micros(1_767_225_600_000_000).ok_or("a time")?;
    let (reply_key, hash_key) = (vec![0; 32], vec![0; 32]);
    store.migrate(&Birth {
        reply_key,
        hash_key,
        epoch: Uuid::now_v7(),
        at,
    })?;
    let ids = items::fill(&mut store.writer(), CONVERSATIONS, at)?;
    if wanted == ["statements"] {
        set_default_instrumentation(|| Some(Box::new(print)))?;
        items::step(&mut store.writer(), &ids[..1], at, || ())?;
        return Ok(());
    }
    let sizes: Vec<usize> = match wanted
        .iter()
        .map(|size| size.parse())
        .collect::<Result<_, _>>()?
    {
        sizes if !wanted.is_empty() => sizes,
        _ => BATCHES.to_vec(),
    };
    println!(
        "{:?}; a plain write and fsync beside it: {:.0}/s",
        store.database(),
        fsyncs(&folder)?
    );
    println!(
        "{:>6} {:>10} {:>11} {:>14} {:>12}",
        "batch", "items/s", "commits/s", "µs per commit", "µs, fastest"
    );
    let mut writer = store.writer();
    for size in sizes {
        rate(&mut writer, &ids, size, at)?;
    }
    Ok(())
}

/// Prints each statement of this thread, the writer's, with its binds.
fn print(event: InstrumentationEvent<'_>) {
    match event {
        InstrumentationEvent::StartQuery { query, .. }
            if std::thread::current().name() == Some("main") =>
        {
            println!("{query}");
        }
        _ => {}
    }
}

/// Prints the rate of batches of one size.
fn rate(
    writer: &mut Writer,
    ids: &[Uuid],
    size: usize,
    at: DateTime<Utc>,
) -> Result<(), Box<dyn Error>> {
    let (mut items, mut commits) = (0, 0);
    let mut fastest = f64::MAX;
    let began = Instant::now();
    while began.elapsed() < TIME {
        let next = ids.iter().cycle().skip(items % ids.len());
        let batch: Vec<Uuid> = next.take(size).copied().collect();
        let step_began = Instant::now();
        items::step(writer, &batch, at, || ())?;
        fastest = fastest.min(step_began.elapsed().as_secs_f64() * 1e6);
        items += size;
        commits += 1;
    }
    let seconds = began.elapsed().as_secs_f64();
    let (items, commits) = (items as f64 / seconds, f64::from(commits) / seconds);
    let mean = 1e6 / commits;
    println!("{size:>6} {items:>10.0} {commits:>11.0} {mean:>14.0} {fastest:>12.0}");
    Ok(())
}

/// What the disk gives: appends of 4 KiB, each followed by fsync.
fn fsyncs(folder: &tempfile::TempDir) -> Result<f64, Box<dyn Error>> {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.path().join("fsync"))?;
    let began = Instant::now();
    let mut count = 0;
    while began.elapsed() < Duration::from_secs(1) {
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}
