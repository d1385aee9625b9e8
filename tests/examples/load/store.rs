//! The raw store, by its own examples on a database of its own, beside the same database alone.

use std::ffi::OsString;
use std::process::{Command, Stdio};
use std::time::Duration;

use convo_tests::{Database, Kind};

use crate::alone;

/// Names the built `store_rate` of the store.
const RATE: &str = "CONVO_BENCH_STORE_RATE";
/// Names the built `two_writers` of the store.
const TWO_WRITERS: &str = "CONVO_BENCH_TWO_WRITERS";

const BATCHES: [usize; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];
/// Those at which the database alone is measured, each right after the store.
const ALONE: [usize; 3] = [1, 32, 256];
const TIME: Duration = Duration::from_secs(2);

/// Items a second by batch size, smallest first.
pub struct Rates(Vec<(f64, f64)>);

impl Rates {
    /// The rate at this batch size, between the two that were measured.
    pub fn at(&self, batch: f64) -> Option<f64> {
        let first = self.0.first().filter(|(size, _)| batch <= *size);
        let last = self.0.last().filter(|(size, _)| batch >= *size);
        if let Some((_, rate)) = first.or(last) {
            return Some(*rate);
        }
        let pairs = self.0.windows(2).map(|pair| (pair[0], pair[1]));
        let ((low, slow), (high, fast)) = pairs.into_iter().find(|(_, next)| batch <= next.0)?;
        Some(slow + (fast - slow) * (batch - low) / (high - low))
    }
}

/// Prints its rate by batch size beside that of the database alone with the same statements.
pub async fn rates(kind: Kind) -> Rates {
    let database = Database::create(kind).await;
    let statements = alone::statements(&rate(&database, "statements"));
    let alone = match kind {
        Kind::Sqlite => "SQLite alone",
        Kind::Postgres => "pgbench",
    };
    println!("{kind:?}: the raw store, items of four narrow rows, and {alone} with its statements");
    println!(
        "{:>6} {:>14} {:>22} {:>6}",
        "batch", "store items/s", "the same alone", "ratio"
    );
    let mut rates = Vec::new();
    for size in BATCHES {
        let ours = items(&rate(&database, &size.to_string()));
        rates.push((size as f64, ours));
        if !ALONE.contains(&size) {
            println!("{size:>6} {ours:>14.0}");
            continue;
        }
        let theirs = match kind {
            Kind::Sqlite => alone::sqlite::items(&database, &statements, size, TIME),
            Kind::Postgres => alone::pgbench::items(&database, &statements, size, TIME).await,
        };
        let ratio = ours / theirs;
        println!("{size:>6} {ours:>14.0} {theirs:>22.0} {ratio:>6.2}");
    }
    Rates(rates)
}

/// Two writers that take turns, and two that do not.
pub async fn two_writers(kind: Kind) {
    if kind == Kind::Postgres {
        println!("{kind:?}: two writers of the raw store, batches of 32:");
        let database = Database::create(kind).await;
        let ended = Command::new(program(TWO_WRITERS))
            .arg(database.url())
            .status();
        assert!(ended.is_ok_and(|status| status.success()), "{TWO_WRITERS}");
    }
}

/// What `store_rate` prints.
fn rate(database: &Database, wanted: &str) -> String {
    let ended = Command::new(program(RATE))
        .args([database.url(), wanted])
        .stderr(Stdio::inherit())
        .output()
        .expect(RATE);
    assert!(ended.status.success(), "{RATE} {wanted}");
    String::from_utf8(ended.stdout).expect("text")
}

/// The rate in its last line: batch size, items a second, commits a second and so on.
fn items(printed: &str) -> f64 {
    let words = printed.lines().last().map(str::split_whitespace);
    let rate = words.and_then(|mut words| words.nth(1));
    rate.expect("a rate").parse().expect("a number")
}

fn program(name: &str) -> OsString {
    std::env::var_os(name).unwrap_or_else(|| panic!("{name} is not set: run `cargo xtask bench`"))
}
