//! `cargo xtask faults`: kills, restarts and a full disk under load, on both databases.

use crate::Outcome;
use crate::cargo::{cargo, succeed, target};
use crate::services::Services;

/// Builds server and example, sees to PostgreSQL's programs and runs the faults with these arguments; `--release` is
/// for the builds.
///
/// # Errors
/// A build fails, PostgreSQL cannot be had, or something was lost, doubled or left out.
pub fn run(arguments: &[String]) -> Outcome {
    let (builds, arguments): (Vec<&String>, Vec<&String>) = arguments
        .iter()
        .partition(|argument| *argument == "--release");
    // Built as for the tests, so that nothing is built twice.
    for build in [
        "build --workspace --all-features --bins",
        "build --package convo-tests --all-features --example faults",
    ] {
        succeed(cargo(
            build
                .split(' ')
                .chain(builds.iter().map(|one| one.as_str())),
        ))?;
    }
    let folder = target().join(if builds.is_empty() {
        "debug"
    } else {
        "release"
    });
    let built = |name: &str| folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let mut command = std::process::Command::new(built("examples/faults"));
    command
        .args(arguments)
        .envs(Services::programs()?)
        .env("CONVO_TEST_SERVER", built("convo-server"));
    succeed(command)
}
