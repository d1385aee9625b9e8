//! Use cases on a clock of the test's own, on SQLite, and on PostgreSQL where there is one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod analytics;
mod export;
mod faults;
mod gate;
mod handover;
mod model;
mod reopening;
mod simulation;
mod timers;
mod world;
