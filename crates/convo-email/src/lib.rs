//! Provider-neutral e-mail: MIME reading with limits, observations, and the ports of providers.
//!
//! Bytes of a mail or of a webhook come in here and leave as values that say what they mean and
//! no longer where they came from. The crate does no I/O, reads no clock and never panics on input.
//!
//! | module | holds |
//! |---|---|
//! | [`address`], [`headers`], [`date`] | the parts of a mail's head, read tolerantly |
//! | [`limits`] | what a mail may cost, and what happens when it wants more |
//! | [`mime`] | bytes to [`InboundEmail`]: structure, charsets, encodings; mailbox files |
//! | [`inbound`] | [`InboundEmail`]: everything known of one mail after reading |
//! | [`report`] | bounces, delays and complaints: what they say of our own mail |
//! | [`authentication`] | whether the host that took a mail in says that it is forged |
//! | [`observation`], [`failure`] | [`EmailObservation`]: something a provider says happened |
//! | [`provider`] | the port of webhooks: verify, then parse |
//! | [`mailer`] | the port of sending |

pub mod address;
pub mod authentication;
mod charsets;
pub mod date;
pub mod failure;
pub mod headers;
pub mod inbound;
pub mod limits;
pub mod mailer;
pub mod mime;
pub mod observation;
pub mod provider;
pub mod report;
mod words;

pub use address::Address;
pub use authentication::{Origin, TrustedHosts};
pub use failure::{BounceType, Failure, FailureClass, Severity, Suppressed};
pub use headers::{Header, Headers};
pub use inbound::{Attachment, InboundEmail, InboundParts};
pub use limits::{Degraded, Limits, ReadError};
pub use mailer::{Automatic, Mailer, OutgoingEmail, Receipt, SendError, TrackingWish};
pub use observation::{Client, EmailObservation, EventKind, UserVariables};
pub use provider::{
    Form, FormFile, ParseError, Received, Rejection, VerifiedWebhook, WebhookBody, WebhookProvider,
    WebhookRequest,
};
pub use report::{Report, ReportKind, ReportedRecipient};

pub use convo_threading::MessageId;
