//! Why a command or a question was not answered with what it asked for.

use serde::Serialize;
use serde_json::Value;

use crate::gate::Denial;

/// One field of a request that cannot be used as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The field's name on the wire, dotted for nested ones.
    pub field: String,
    /// What is wrong with it, without repeating its value.
    pub message: String,
}

impl Violation {
    /// A violation of `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

/// Everything that can stand in the way of a command or a question.
///
/// The four kinds are kept apart: bad input (`Invalid`, `UnknownEvent`), refusals that are data
/// (`VersionConflict`, `Conflict`, `InvalidTransition`, `RulesNotMet`, `SendingOff`, `LeaseVoid`,
/// `IdempotencyKeyReused`),
/// the database being away (`Unavailable`), and faults of ours (`Fault`).
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppError {
    /// The path names nothing.
    #[error("not found")]
    NotFound,
    /// Fields of the request cannot be used.
    #[error("the request is not valid")]
    Invalid(Vec<Violation>),
    /// A string outside the vocabulary of events.
    #[error("unknown event")]
    UnknownEvent,
    /// The conversation has moved on since the caller looked.
    #[error("the conversation has version {current}")]
    VersionConflict {
        /// The version it has now.
        current: u64,
    },
    /// Something that exists stands in the way.
    #[error("{detail}")]
    Conflict {
        /// What stands in the way, in a sentence without personal data.
        detail: String,
    },
    /// The table has no such step.
    #[error("{event} is not possible in {from}")]
    InvalidTransition {
        /// The state the conversation is in.
        from: String,
        /// The event asked for.
        event: String,
        /// The events the table allows in that state.
        allowed: Vec<String>,
    },
    /// Required rules failed.
    #[error("{} required rules are not met", unmet.len())]
    RulesNotMet {
        /// Every failed rule: rule, required, actual, expected, fix.
        unmet: Vec<Value>,
    },
    /// Sending is switched off.
    #[error("sending is switched off")]
    SendingOff,
    /// There is no leave to send: the lease is over, or facts forbid it.
    #[error("{} reasons forbid sending", reasons.len())]
    LeaseVoid {
        /// Every reason.
        reasons: Vec<Denial>,
    },
    /// The idempotency key was used with another body.
    #[error("the idempotency key was used with another body")]
    IdempotencyKeyReused,
    /// A webhook that no retry can make acceptable.
    #[error("webhook rejected: {reason}")]
    WebhookRejected {
        /// Code of the reason.
        reason: &'static str,
    },
    /// The database is away or the queue is full; the same call may succeed later.
    #[error("the database cannot be reached now")]
    Unavailable,
    /// A fault of ours; the text is for the log.
    #[error("{0}")]
    Fault(String),
}

impl AppError {
    /// A refusal of one field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![Violation::new(field, message)])
    }

    /// A conflict described in a sentence.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::Conflict {
            detail: detail.into(),
        }
    }

    /// True for what is nobody's request's fault, so that trying again may help.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        matches!(self, Self::Unavailable | Self::Fault(_))
    }
}
