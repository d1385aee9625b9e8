//! The raw store, by its own examples on a database of its own.

use convo_tests::{Database, Kind};

/// Names the built `store_rate` of the store.
const RATE: &str = "CONVO_BENCH_STORE_RATE";
/// Names the built `two_writers` of the store.
const TWO_WRITERS: &str = "CONVO_BENCH_TWO_WRITERS";

/// Its rate by batch size.
pub async fn rates(kind: Kind) {
    println!("{kind:?}: the raw store, items of four narrow rows:");
    run(kind, RATE).await;
}

/// Two writers that take turns, and two that do not.
pub async fn two_writers(kind: Kind) {
    if kind == Kind::Postgres {
        println!("{kind:?}: two writers of the raw store, batches of 32:");
        run(kind, TWO_WRITERS).await;
    }
}

async fn run(kind: Kind, name: &str) {
    let Some(program) = std::env::var_os(name) else {
        println!("{name} is not set");
        return;
    };
    let database = Database::create(kind).await;
    let ended = std::process::Command::new(program)
        .arg(database.url())
        .status();
    assert!(ended.is_ok_and(|status| status.success()), "{name}");
}
