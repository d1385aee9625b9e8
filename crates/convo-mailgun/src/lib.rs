//! Mailgun: signed webhooks of events, and inbound mail of routes.
//!
//! | module | holds |
//! |---|---|
//! | [`signature`] | the signing keys, and what a signature proves |
//! | [`webhook`] | [`Mailgun`], the provider port: verify first, then parse |
//! | [`events`] | event webhooks: JSON `event-data`, and the older form posts |
//! | [`inbound`] | routes: parsed fields, urlencoded or multipart, and raw MIME |
//!
//! Source: <https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks>.

#![forbid(unsafe_code)]

pub mod events;
pub mod inbound;
pub mod signature;
pub mod webhook;

pub use signature::SigningKeys;
pub use webhook::{Mailgun, Verified};
