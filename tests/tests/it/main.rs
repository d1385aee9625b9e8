//! Black-box tests of the server, and of the house rules of this workspace.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, and read the clock and the environment of the machine"
)]

mod access;
mod arrival;
mod audit;
mod bad_input;
mod browser;
mod cluster;
mod command_line;
mod concurrency;
mod contract;
mod crash;
mod dashboard;
mod delivery;
mod demo;
mod disk;
mod events;
mod export;
mod first_mail;
mod forged;
mod forgotten;
mod gate;
mod handover;
mod harness;
mod history;
mod hostile;
mod idempotency;
mod import;
mod ladder;
mod lexicons;
mod limits;
mod live;
mod loops;
mod machine;
mod metrics;
mod operations;
mod own_times;
mod privacy;
mod rebuild;
mod receipts;
mod records;
mod recovery;
mod refusals;
mod refuses;
mod releases;
mod reports;
mod retention;
mod review;
mod routing;
mod sending;
mod sequences;
mod suppressions;
mod switches;
mod tidy;
mod timers;
mod traps;
mod unsubscribe;
mod webhooks;
