//! Black-box harness: the real server, real databases, HTTP. Nothing here knows a crate of the product.
//!
//! - [`Options`] says how a server is to run, [`Server`] is a running one ([`process`], [`guardian`]: none outlives the tests).
//! - [`Database`] is a fresh SQLite file or PostgreSQL database; [`on_both!`] makes one test per kind out of a function.
//! - [`Api`] speaks HTTP with a key; [`Answer`] is what came back, with its assertions.
//! - [`Contract`] holds every answer against the OpenAPI document of the server that gave it.
//! - [`records`] are the calls most tests begin with: a lead, a conversation, a message.
//! - [`Live`] listens to a WebSocket.
//! - [`mailgun`] signs webhooks; [`Mail`] is one inbound mail in every form in which it can arrive.
//! - [`Pages`] is a browser without scripts.
//! - [`played`] is a Mailgun that takes mail, or does not.
//! - [`own`] are a PostgreSQL and a Redis of one test's own, which it may kill.
//! - [`small`] is a filesystem that can be filled, and made read-only.
//! - [`Way`] leads to a server and can be cut.
//! - [`Browser`] opens pages as a person would.
//! - [`Dice`] are numbers that look random and can be had again.
//! - [`eventually`] waits for what another process does.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test harness fails by panicking, and reads the clock and the environment of the machine"
)]

mod answer;
mod api;
mod both;
mod browser;
mod contract;
mod database;
mod dice;
pub mod guardian;
pub mod live;
mod mail;
pub mod mailgun;
pub mod own;
pub mod pages;
pub mod played;
pub mod process;
pub mod records;
mod server;
pub mod small;
mod wait;
mod way;

pub use answer::Answer;
pub use api::{Api, Call};
pub use both::skipped;
pub use browser::{Browser, Look, no_browser};
pub use contract::{Answered, Contract};
pub use database::{Database, Kind};
pub use dice::Dice;
pub use live::{Heard, Live};
pub use mail::Mail;
pub use pages::Pages;
pub use played::{Play, PlayedMailgun, SentMail};
pub use server::{BOOTSTRAP_KEY, Finished, Options, SIGNING_KEY, Server};
pub use wait::{DEADLINE, eventually, together};
pub use way::Way;
