//! Starts the Convo server.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Many small values live for one commit: this allocator takes and gives them back faster than the system's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[allow(
    clippy::disallowed_methods,
    reason = "the command line of this process"
)]
fn main() -> ExitCode {
    convo_server::cli::run(std::env::args_os())
}
