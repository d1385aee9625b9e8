//! Starts the Convo server.

use std::process::ExitCode;

#[allow(
    clippy::disallowed_methods,
    reason = "the command line of this process"
)]
fn main() -> ExitCode {
    convo_server::cli::run(std::env::args_os())
}
