//! The problem document as the OpenAPI document describes it.

use chrono::{DateTime, Utc};
use utoipa::ToSchema;

use super::Violation;
use crate::openapi::vocabulary::{Event, KeyScope, Measured, ProblemCode, State};

/// An error: RFC 9457 `application/problem+json`.
#[derive(Debug, ToSchema)]
#[schema(as = Problem, rename_all = "camelCase")]
pub struct ProblemBody {
    /// URN of the code.
    #[schema(rename = "type")]
    pub kind: String,
    /// The same text for every occurrence of the code.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// About this occurrence.
    pub detail: String,
    /// What went wrong, for machines.
    pub code: ProblemCode,
    /// The request's id, also in `X-Request-Id` and in the log.
    pub request_id: Option<String>,
    /// Of `validation_failed`: the fields that are wrong.
    #[schema(nullable = false)]
    pub violations: Option<Vec<Violation>>,
    /// Of `version_conflict`: the version it has now.
    #[schema(nullable = false)]
    pub current_version: Option<u64>,
    /// Of `invalid_transition`: the state the conversation is in.
    #[schema(nullable = false)]
    pub from: Option<State>,
    /// Of `invalid_transition`: the event asked for.
    #[schema(nullable = false)]
    pub event: Option<Event>,
    /// Of `invalid_transition`: the events the table has in that state.
    #[schema(nullable = false)]
    pub allowed_events: Option<Vec<Event>>,
    /// Of `rules_not_met`: every failed rule.
    #[schema(nullable = false)]
    pub unmet: Option<Vec<UnmetRule>>,
    /// Of `lease_void`: every reason.
    #[schema(nullable = false)]
    pub reasons: Option<Vec<SendDenial>>,
    /// Of `forbidden`: the scope that is needed.
    #[schema(nullable = false)]
    pub required_scope: Option<KeyScope>,
    /// Of `too_large`: the bytes a body may have.
    #[schema(nullable = false)]
    pub limit: Option<u64>,
}

/// A reason not to write to a lead now.
#[derive(Debug, ToSchema)]
pub struct SendDenial {
    /// Which.
    pub code: String,
    /// In a sentence.
    pub detail: String,
    /// When it ends by itself.
    #[schema(nullable = false)]
    pub until: Option<DateTime<Utc>>,
}

/// A required rule that does not hold.
#[derive(Debug, ToSchema)]
pub struct UnmetRule {
    /// Which.
    pub rule: String,
    /// Always true: advisory rules never refuse.
    pub required: bool,
    /// The value seen.
    pub actual: Measured,
    /// The value needed.
    pub expected: Measured,
    /// What it says, in a sentence.
    pub message: String,
    /// What would make it hold.
    pub fix: String,
}
