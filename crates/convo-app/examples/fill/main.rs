//! Fills an empty database with any number of conversations of five messages each.
//!
//! A thousand conversations are played through the application itself, on a database of their own; their rows are
//! then copied under other ids, names and addresses, with counters that many times as large. So every row is one that
//! the application wrote, and `convo-server verify` finds nothing wrong. The event log holds
//! the steps of the audit.
//!
//! ```sh
//! cargo run --release -p convo-app --example fill -- sqlite://big.db 1000000
//! cargo run --release -p convo-app --example fill -- postgres://…/big 1000000
//! ```
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a generator fails by panicking, and reads the clock of the machine"
)]

mod copy;
mod play;

use std::time::Instant;

use chrono::{SubsecRound, Utc};
use convo_store::{Birth, Store, StoreOptions};
use uuid::Uuid;

/// Conversations that are played.
const PLAYED: usize = 1_000;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().expect("a URL of an empty database");
    let wanted = arguments
        .next()
        .map(|number| number.parse().expect("a number of conversations"));
    let wanted: usize = wanted.unwrap_or(PLAYED);
    let played = PLAYED.min(wanted);
    let copies = wanted.div_ceil(played);
    let began = Instant::now();
    let template = play::play(played);
    println!("{played} conversations played in {:.1?}", began.elapsed());
    let options = StoreOptions {
        write_cache: 4 * 1024 * 1024,
        ..StoreOptions::default()
    };
    let store = Store::open(&url, options).expect("a database");
    store
        .migrate(&Birth {
            reply_key: vec![1; 32],
            hash_key: vec![2; 32],
            epoch: Uuid::now_v7(),
            at: Utc::now().trunc_subsecs(6),
        })
        .expect("migrated");
    let began = Instant::now();
    let messages = copy::copy(&template, &store, copies);
    let took = began.elapsed();
    let rate = (played * copies) as f64 / took.as_secs_f64();
    println!(
        "{} conversations with {messages} messages in {took:.1?}: {rate:.0}/s",
        played * copies
    );
}
