//! Use cases: intake ladder, orchestrator, group-commit writer, views.
//!
//! A command goes into the [`writer`]'s queue; with others of the same moment it becomes a
//! `batch`: rows are loaded, the core decides, and everything it decided is one
//! [`Commit`](convo_store::Commit), written in one transaction. Nothing is told to anyone before.
//!
//! | module | holds |
//! |---|---|
//! | [`app`] | [`App`]: what the shell holds |
//! | [`command`], [`wire`], [`error`] | what can be asked, in which shapes, and what stands in the way |
//! | [`writer`], `batch`, `door`, `effects` | group commit; the working set; the core's doors; decisions as rows |
//! | `intake`, [`lexicons`], `message` | where a mail belongs; what it is read with; storing it with all that follows |
//! | `webhook`, `events` | verified webhooks, once each; provider and integration events |
//! | [`conversations`], `records`, `review`, `erase`, [`import`] | the other commands |
//! | [`timers`] | what is due by itself, and one step of the loop that fires it |
//! | [`views`], [`export`] | what people and programs look at; whole tables as rows of files |
//! | [`live`] | the event log as it happens: hub, feed, streams that begin in the past |
//! | `analytics` | rows and counts that figures over many conversations are read from |
//! | [`verify`], [`rebuild`] | every stored invariant, checked; what follows from sources, made anew |
//! | `chain` | older audit rows brought into the chain |
//! | [`handover`] | whom conversations are offered to, who has them, and clocks |
//! | `send`, `gate`, [`outbox`], [`sending`] | mail to leads and agents: asked for, allowed, on its way; under which names |
//! | [`reply_token`], [`tickets`], [`unsubscribe`] | tokens in addresses; keys lent for one connection; links to take oneself off |
//! | [`backup`], [`erasures`], `pause` | every row as files and back; whom a restore must forget again; until it is looked at |
//! | [`attachments`], [`context`], [`meters`] | files; clock, ids and keys; what is counted of a commit |

#![forbid(unsafe_code)]

mod acknowledge;
mod analytics;
pub mod app;
pub mod attachments;
pub mod backup;
mod batch;
mod chain;
pub mod command;
pub mod context;
pub mod conversations;
mod door;
mod effects;
mod erase;
pub mod erasures;
pub mod error;
mod events;
pub mod export;
mod gate;
pub mod handover;
pub mod import;
mod intake;
pub mod lexicons;
pub mod live;
mod loops;
mod message;
pub mod meters;
pub mod outbox;
mod pause;
pub mod rebuild;
mod records;
pub mod reply_token;
mod review;
mod send;
pub mod sending;
pub mod tickets;
pub mod timers;
pub mod unsubscribe;
pub mod verify;
pub mod views;
mod webhook;
pub mod wire;
pub mod writer;

pub use app::{App, Options};
pub use command::{Actor, Answer, Command, Envelope, IdempotencyKey, Payload, Webhook};
pub use context::Shell;
pub use error::{AppError, Violation};
pub use events::INTEGRATION_TYPES;
pub use gate::Denial;
pub use import::IMPORTED;
pub use send::Sent;
pub use sending::{SendMode, Sending};
pub use timers::Fired;
