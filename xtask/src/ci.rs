//! `cargo xtask ci`: all that must pass before a change lands.

use std::time::Instant;

use crate::cargo::{cargo, succeed};
use crate::test::clock;
use crate::{Outcome, generate, test};

type Check = fn() -> Outcome;

/// Runs every check, also after one has failed, and names those that did.
///
/// # Errors
/// At least one check failed.
pub fn run() -> Outcome {
    let checks: [(&str, Check); 5] = [
        ("format", || succeed(cargo(["fmt", "--all", "--check"]))),
        ("lints", lints),
        ("documentation", documentation),
        ("generated files", || generate::run(true)),
        ("tests", || test::run(&[])),
    ];
    let mut failed = Vec::new();
    let mut times = Vec::new();
    for (name, check) in checks {
        println!("== {name}");
        let started = Instant::now();
        let outcome = check();
        times.push(format!("{name} {}", clock(started.elapsed())));
        if let Err(reason) = outcome {
            eprintln!("xtask: {reason}");
            failed.push(name);
        }
    }
    println!("== {}", times.join(", "));
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("failed: {}", failed.join(", ")))
    }
}

fn lints() -> Outcome {
    let arguments = "clippy --workspace --all-targets --all-features -- -D warnings";
    succeed(cargo(arguments.split(' ')))
}

fn documentation() -> Outcome {
    let mut command = cargo(["doc", "--workspace", "--no-deps", "--all-features"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    succeed(command)
}
