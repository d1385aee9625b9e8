//! Use cases on a clock of the test's own, on SQLite, and on PostgreSQL where there is one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, and draw the ids that a provider or a client would"
)]

mod analytics;
mod export;
mod faults;
mod gate;
mod handover;
mod model;
mod pause;
mod reopening;
mod simulation;
mod tamper;
mod timers;
mod world;
