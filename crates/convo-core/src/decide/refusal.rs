//! Why a request was refused.

use serde::Serialize;

use crate::machine::{Event, State};
use crate::rules::{Finding, RuleId, Seen};

/// A required rule that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unmet {
    /// Which.
    pub rule: RuleId,
    /// Always true: advisory rules never refuse.
    pub required: bool,
    /// The value seen.
    pub actual: Seen,
    /// The value needed.
    pub expected: Seen,
    /// What it says, in a sentence.
    pub message: String,
    /// What would make it hold.
    pub fix: String,
}

impl Unmet {
    pub(super) fn of(rule: RuleId, finding: Finding) -> Self {
        Self {
            rule,
            required: true,
            actual: finding.actual,
            expected: finding.expected,
            message: finding.message.into_owned(),
            fix: finding.fix.into_owned(),
        }
    }
}

/// Why a request was refused, as data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal<K> {
    /// The client saw another version.
    #[error("the conversation is at version {current}")]
    VersionConflict {
        /// The version now.
        current: u64,
    },
    /// Another conversation of the same lead and campaign is open.
    #[error("another conversation of this lead and campaign is open")]
    Conflict {
        /// That conversation.
        open: K,
    },
    /// Nobody owns it, so nobody can give it back.
    #[error("no agent owns the conversation")]
    NotOwned,
    /// It is over: nothing in it can sleep.
    #[error("the conversation is not open")]
    NotOpen,
    /// The table refuses the event.
    #[error("{event} is not possible in {from}")]
    InvalidTransition {
        /// The state.
        from: State,
        /// The event.
        event: Event,
        /// The events the table accepts, in table order.
        allowed: Vec<Event>,
    },
    /// Required rules do not hold.
    #[error("{} required rule(s) do not hold", unmet.len())]
    RulesNotMet {
        /// All of them.
        unmet: Vec<Unmet>,
    },
}

impl<K> Refusal<K> {
    /// The code on the wire.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::VersionConflict { .. } => "version_conflict",
            Self::Conflict { .. } | Self::NotOwned | Self::NotOpen => "conflict",
            Self::InvalidTransition { .. } => "invalid_transition",
            Self::RulesNotMet { .. } => "rules_not_met",
        }
    }

    /// The rules that do not hold; empty when something else refused.
    #[must_use]
    pub fn unmet(&self) -> &[Unmet] {
        match self {
            Self::RulesNotMet { unmet } => unmet,
            _ => &[],
        }
    }
}
