//! The contract of the store, the same on SQLite and PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod answers;
mod commits;
mod database;
mod gate;
mod lists;
mod lookups;
mod outbox;
mod rows;
mod schema;
mod sweeps;
mod timers;
mod values;
