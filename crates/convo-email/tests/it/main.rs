//! Mail as it comes: fixtures of our own, hostile mail, and the corpora where they are at hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// The mail corpus is named by the environment.
#![allow(clippy::disallowed_methods)]

mod corpus;
mod cpu;
mod edges;
mod fixtures;
mod hostile;
mod labels;
mod nasty;
mod properties;
mod tolerance;
