//! `cargo xtask shuttle`: what threads share, in the orders in which they may meet.

use crate::Outcome;
use crate::cargo::{cargo, succeed, target};

/// Runs the tests that shuttle drives, built apart since every mutex of theirs is another; arguments go to them.
///
/// # Errors
/// The build fails, or some order of threads breaks what a test asserts.
pub fn run(arguments: &[String]) -> Outcome {
    let mut command = cargo(["test", "--package", "convo-app", "--lib", "live::orders"]);
    command
        .arg("--target-dir")
        .arg(target().join("shuttle"))
        .arg("--")
        .args(arguments)
        .env("RUSTFLAGS", "--cfg shuttle");
    succeed(command)
}
