//! `cargo xtask test`: the whole suite, black-box tests on both databases included.

use std::time::{Duration, Instant};

use crate::Outcome;
use crate::cargo::{cargo, server, succeed};
use crate::services::Services;
use crate::{chromium, node};

/// Builds, starts the servers, tests; prints how long each of the two parts took.
///
/// What stands before a `--` goes to `cargo test` (`-p convo-core`, a name to filter by), the rest to the test binaries.
///
/// # Errors
/// The build or a test fails, or PostgreSQL or Redis cannot be had.
pub fn run(arguments: &[String]) -> Outcome {
    node::ensure()?;
    let browser = chromium::ensure();
    let services = Services::start()?;
    let started = Instant::now();
    succeed(cargo(["build", "--workspace", "--all-features", "--bins"]))?;
    succeed(cargo(test_arguments(&["--no-run"], arguments)))?;
    let built = started.elapsed();

    let started = Instant::now();
    let mut command = cargo(test_arguments(&[], arguments));
    command
        .envs(services.environment())
        .envs(browser)
        .env("CONVO_TEST_SERVER", server());
    let outcome = succeed(command);
    println!("build {}, tests {}", clock(built), clock(started.elapsed()));
    outcome
}

fn test_arguments(own: &[&str], given: &[String]) -> Vec<String> {
    let chosen = given
        .iter()
        .take_while(|argument| *argument != "--")
        .any(|argument| argument.starts_with("-p") || argument.starts_with("--package"));
    let mut arguments = vec!["test".to_owned(), "--all-features".to_owned()];
    if !chosen {
        arguments.push("--workspace".to_owned());
    }
    if !given.iter().any(|argument| argument == "--no-fail-fast") {
        arguments.push("--no-fail-fast".to_owned());
    }
    arguments.extend(own.iter().map(|argument| (*argument).to_owned()));
    arguments.extend_from_slice(given);
    arguments
}

/// Minutes and seconds, `3 min 05 s`.
pub fn clock(time: Duration) -> String {
    format!("{} min {:02} s", time.as_secs() / 60, time.as_secs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &str, expected: &str) {
        let given: Vec<String> = given.split_whitespace().map(str::to_owned).collect();
        assert_eq!(test_arguments(&[], &given).join(" "), expected);
    }

    #[test]
    fn arguments_go_to_cargo_test() {
        check("", "test --all-features --workspace --no-fail-fast");
        check(
            "ladder",
            "test --all-features --workspace --no-fail-fast ladder",
        );
        check(
            "-p convo-core -- --exact a",
            "test --all-features --no-fail-fast -p convo-core -- --exact a",
        );
        check(
            "-- -p",
            "test --all-features --workspace --no-fail-fast -- -p",
        );
    }
}
