//! Tasks of this workspace.
//!
//! - `test`: builds everything, sees to Node.js and Chromium, starts throw-away PostgreSQL and Redis servers, runs the tests ([`mod@test`]).
//! - `services`: the same servers around any command ([`services`]).
//! - `generate`: writes the files of `docs/` that are printed by the program ([`generate`]).
//! - `bench`: load on a durable server, on both databases ([`mod@bench`]).
//! - `faults`: kills, restarts and a full disk under load, on both databases ([`mod@faults`]).
//! - `mutants`: how many changes to the pure crates their tests miss ([`mod@mutants`]).
//! - `shuttle`: what threads share, in the orders in which they may meet ([`mod@shuttle`]).
//! - `fuzz-api`: schemathesis against the OpenAPI document ([`fuzz_api`]).
//! - `ci`: formatting, lints, documentation, generated files and tests ([`ci`]).
#![allow(
    clippy::disallowed_methods,
    reason = "a build task reads the environment and the clock of the machine it runs on"
)]

mod bench;
mod cargo;
mod chromium;
mod ci;
mod faults;
mod fuzz_api;
mod generate;
mod mutants;
mod node;
mod services;
mod shuttle;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <task>

  test [ARGS…] [-- TEST-ARGS…]   build, start PostgreSQL and Redis, run `cargo test` (ARGS go to it)
  services COMMAND…              run a command with the two servers, their URLs in the environment
  generate [--check]             write docs/state-machine.md and docs/openapi.json, or compare them
  bench [ARGS…]                  requests, pages and the store beside its database alone, docs/performance.md
  faults [--kills N] [--restarts N] [--clients N] [--seed S] [--database sqlite|postgres] [--without-full-disk] [--release]
                                 kill, restart and fill the disk under load; count what is lost, docs/operations.md
  mutants [ARGS…]                change the pure crates and count what their tests miss (ARGS go to `cargo mutants`,
                                 as --shard 0/8), docs/testing.md
  shuttle [TEST-ARGS…]           try the orders in which threads may meet, docs/testing.md
  fuzz-api [ARGS…]               schemathesis against the OpenAPI document, docs/testing.md (ARGS go to `schemathesis run`)
  ci                             all that must pass before a change lands
";

/// What a task gives back: an error is one sentence for the person at the terminal.
type Outcome = Result<(), String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (task, rest) = match arguments.split_first() {
        Some((task, rest)) => (task.as_str(), rest),
        None => ("", &[][..]),
    };
    let outcome = match task {
        "test" => test::run(rest),
        "services" => services_around(rest),
        "generate" => generate::run(rest.iter().any(|argument| argument == "--check")),
        "bench" => bench::run(rest),
        "faults" => faults::run(rest),
        "mutants" => mutants::run(rest),
        "shuttle" => shuttle::run(rest),
        "fuzz-api" => fuzz_api::run(rest),
        "ci" => ci::run(),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("xtask: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn services_around(command: &[String]) -> Outcome {
    let (program, arguments) = command
        .split_first()
        .ok_or("services: name the command to run")?;
    let services = services::Services::start()?;
    let mut command = std::process::Command::new(program);
    command
        .args(arguments)
        .envs(services.environment())
        .envs(chromium::find().unwrap_or_default());
    cargo::succeed(command)
}
