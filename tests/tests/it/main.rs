//! Black-box tests of the server, and of the house rules of this workspace.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, and read the clock and the environment of the machine"
)]

mod first_mail;
mod tidy;
