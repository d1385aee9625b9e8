//! Mailgun: signed webhooks of events, inbound mail of routes, and the form of mail we send.
//!
//! | module | holds |
//! |---|---|
//! | [`signature`] | the signing keys, and what a signature proves |
//! | [`webhook`] | [`Mailgun`], the provider port: verify first, then parse |
//! | [`events`] | event webhooks: JSON `event-data`, and the older form posts |
//! | [`inbound`] | routes: parsed fields, urlencoded or multipart, and raw MIME |
//! | [`sending`] | the form of an outgoing mail, and what an answer means |
//!
//! Source: <https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks>.

#![forbid(unsafe_code)]

pub mod events;
pub mod inbound;
pub mod sending;
pub mod signature;
pub mod webhook;

pub use signature::SigningKeys;
pub use webhook::{Mailgun, Verified};
