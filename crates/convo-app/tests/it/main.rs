//! Use cases on a clock of the test's own, on SQLite, and on PostgreSQL where there is one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod analytics;
mod export;
mod gate;
mod handover;
mod reopening;
mod timers;
mod world;
