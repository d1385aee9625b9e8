//! `cargo xtask bench`: the load bench on both databases, everything in release form and durable.

use std::path::PathBuf;

use crate::Outcome;
use crate::cargo::{cargo, succeed, target};
use crate::services::Services;

/// Builds server, store example and bench, starts a durable PostgreSQL and runs the bench with these arguments.
///
/// # Errors
/// A build or the bench fails, or PostgreSQL cannot be had.
pub fn run(arguments: &[String]) -> Outcome {
    let builds = [
        "build --release --package convo-server",
        "build --release --package convo-store --features measure --examples",
        "build --release --package convo-tests --example load",
        "build --release --package convo-app --example fill",
    ];
    for build in builds {
        succeed(cargo(build.split(' ')))?;
    }
    let services = Services::start_durable()?;
    let mut command = std::process::Command::new(built("examples/load"));
    command
        .args(arguments)
        .envs(services.environment())
        .env("CONVO_TEST_SERVER", built("convo-server"))
        .env("CONVO_BENCH_FILL", built("examples/fill"))
        .env("CONVO_BENCH_STORE_RATE", built("examples/store_rate"))
        .env("CONVO_BENCH_TWO_WRITERS", built("examples/two_writers"));
    succeed(command)
}

fn built(name: &str) -> PathBuf {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    target().join("release").join(file)
}
