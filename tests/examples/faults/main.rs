//! Faults under load: the server is killed, the database is restarted, the disk is full; then everything that was
//! acknowledged is counted.
//!
//! `cargo xtask faults` builds the server and runs this.
//!
//! ```text
//! faults [--kills N] [--restarts N] [--seed S] [--clients N] [--database sqlite|postgres] [--without-full-disk]
//! ```
//!
//! Clients ask again until they are answered with 2xx, as providers do, and each fact they ask for can be told from
//! every other: a mail by its Message-ID, a message and a transition by its number, an open by its message. So what is
//! missing is lost, and what is there twice is doubled. Two followers listen all the while and go on from where they
//! were cut off.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a run of faults fails by panicking, and reads the clock and the environment of the machine"
)]

mod audit;
mod follower;
mod full;
mod load;
mod op;
mod strike;
mod world;

use std::process::ExitCode;
use std::time::Instant;

use convo_tests::Kind;

use crate::audit::Count;

/// What to run.
#[derive(Clone)]
struct Plan {
    kinds: Vec<Kind>,
    kills: usize,
    restarts: usize,
    seed: u64,
    clients: usize,
    full_disk: bool,
}

impl Plan {
    fn of(mut arguments: impl Iterator<Item = String>) -> Plan {
        let now = chrono::Utc::now().timestamp_millis();
        let mut plan = Plan {
            kinds: vec![Kind::Sqlite, Kind::Postgres],
            kills: 300,
            restarts: 20,
            seed: u64::try_from(now).expect("a time after 1970"),
            clients: 16,
            full_disk: true,
        };
        while let Some(name) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .unwrap_or_else(|| panic!("{name}: a value"))
            };
            match name.as_str() {
                "--kills" => plan.kills = value().parse().expect("kills"),
                "--restarts" => plan.restarts = value().parse().expect("restarts"),
                "--seed" => plan.seed = value().parse().expect("a seed"),
                "--clients" => plan.clients = value().parse().expect("clients"),
                "--database" => {
                    plan.kinds = vec![match value().as_str() {
                        "sqlite" => Kind::Sqlite,
                        "postgres" => Kind::Postgres,
                        other => panic!("no database {other}"),
                    }];
                }
                "--without-full-disk" => plan.full_disk = false,
                other => panic!("unknown argument {other}"),
            }
        }
        plan
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let plan = Plan::of(std::env::args().skip(1));
    println!(
        "seed {}: {} clients, {} kills, {} restarts of the database",
        plan.seed, plan.clients, plan.kills, plan.restarts
    );
    let mut lines = Vec::new();
    let mut clean = true;
    for kind in &plan.kinds {
        let began = Instant::now();
        let mut count = strike::run(*kind, &plan).await;
        match full::run(*kind, &plan).await {
            Ok(full) => count.add(&full),
            Err(reason) => {
                println!("{kind:?}: the full disk is skipped: {reason}");
                clean &= !plan.full_disk;
            }
        }
        clean &= count.is_clean();
        println!("{kind:?}: took {:.0?}", began.elapsed());
        lines.push(line(*kind, &count));
    }
    for line in lines {
        println!("{line}");
    }
    match clean {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn line(kind: Kind, count: &Count) -> String {
    let name = match kind {
        Kind::Sqlite => "sqlite",
        Kind::Postgres => "postgres",
    };
    format!(
        "{name}: {} acknowledged, {} faults, {} lost, {} doubled, {} holes",
        count.acknowledged, count.faults, count.lost, count.doubled, count.holes
    )
}
