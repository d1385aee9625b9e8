//! Integration tests of the crate, one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod conformance;
mod quotes;
mod threads;
