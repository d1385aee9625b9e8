//! Schemathesis against a real server with some data; then everything that is stored is verified.
//!
//! `cargo xtask fuzz-api` builds the server, sees to schemathesis and runs this; arguments go to `schemathesis run`. What
//! it is told about the API stands in `schemathesis.toml` beside this file.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a run fails by panicking, and reads the environment of the machine"
)]

mod seed;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use convo_tests::{BOOTSTRAP_KEY, Kind, Options, PlayedMailgun, SIGNING_KEY};

const CONFIG: &str = include_str!("schemathesis.toml");
const HOOKS: &str = include_str!("hooks.py");

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let program: PathBuf = std::env::var_os("CONVO_SCHEMATHESIS")
        .expect("CONVO_SCHEMATHESIS names the program: run `cargo xtask fuzz-api`")
        .into();
    let mailgun = PlayedMailgun::start().await;
    let server = Options::on(Kind::Sqlite)
        .sending(&mailgun)
        // Thousands of requests without a key are meant to be refused as such, not for their number.
        .with("CONVO_LIMITS__FAILED_CHECKS_PER_MINUTE", "1000000")
        .without_contract()
        .start()
        .await;
    let seeds = seed::plant(&server, &mailgun).await;
    let config = seeds.iter().fold(CONFIG.to_owned(), |config, (name, ids)| {
        format!("{config}\n[dictionaries.{name}]\nvalues = {ids:?}\n")
    });
    let room = server.folder().join("schemathesis");
    std::fs::create_dir_all(&room).expect("a folder");
    std::fs::write(room.join("schemathesis.toml"), config).expect("the configuration");
    std::fs::write(room.join("hooks.py"), HOOKS).expect("the hooks");
    let found = run(&program, &room, server.base(), arguments).await;
    // Beyond the answers: whatever was sent, what is stored is of one piece.
    server.verify().await;
    match found {
        true => {
            println!("fuzz-api: findings above");
            ExitCode::FAILURE
        }
        false => {
            println!("fuzz-api: no finding, verify clean");
            ExitCode::SUCCESS
        }
    }
}

/// Whether it found anything.
async fn run(program: &Path, room: &Path, base: &str, arguments: Vec<String>) -> bool {
    let mut command = Command::new(program);
    command
        .arg("run")
        .arg(format!("{base}/openapi.json"))
        .args(arguments)
        .current_dir(room)
        .env("PYTHONPATH", room)
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("CONVO_KEY", BOOTSTRAP_KEY)
        .env("CONVO_SIGNING_KEY", SIGNING_KEY);
    let status = tokio::task::spawn_blocking(move || command.status()).await;
    let status = status.expect("the run").expect("schemathesis");
    !status.success()
}
