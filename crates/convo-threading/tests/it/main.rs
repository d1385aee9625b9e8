//! Integration tests of the crate, one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// The mail corpus is named by the environment.
#![allow(clippy::disallowed_methods)]

mod absence;
mod automated;
mod conformance;
mod notices;
mod quotes;
mod subjects;
mod threads;
