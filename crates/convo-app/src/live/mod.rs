//! The event log as it happens: who wants what, what they get, and what they get that they missed.
//!
//! Nothing here knows a socket. The [`Feed`] reads the log from where it stands to its head and gives each
//! row, rendered once, to the [`Hub`]; the hub puts it into the bounded queue of every [`Listener`] that
//! wants it. A [`Stream`] is a listener that begins in the past: rows come from the database until it has
//! caught up, then from its queue, without a gap or a duplicate at the seam.

mod event;
mod feed;
mod hub;
mod listener;
mod log;
mod mailbox;
#[cfg(all(test, shuttle))]
mod orders;
mod stream;
mod sync;
#[cfg(test)]
mod tests;
mod topic;

pub use event::{Event, render, rest_items};
pub use feed::{Feed, Wake};
pub use hub::Hub;
pub use listener::Listener;
pub use log::{Began, FAR_BEHIND, Log, Resync, Since};
pub use mailbox::{End, QUEUE};
pub use stream::{Next, Stream};
pub use topic::{Kind, Topic, UnknownTopic, filter};
