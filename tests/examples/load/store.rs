//! The raw store's rate by batch size, by its own example on a database of its own.

use convo_tests::{Database, Kind};

/// Names the built `store_rate` of the store.
const PROGRAM: &str = "CONVO_BENCH_STORE_RATE";

/// Prints what the example prints.
pub async fn rates(kind: Kind) {
    let Some(program) = std::env::var_os(PROGRAM) else {
        println!("raw store: {PROGRAM} is not set");
        return;
    };
    let database = Database::create(kind).await;
    println!("{kind:?}: the raw store, items of four narrow rows:");
    let ended = std::process::Command::new(program)
        .arg(database.url())
        .status();
    assert!(ended.is_ok_and(|status| status.success()), "store_rate");
}
