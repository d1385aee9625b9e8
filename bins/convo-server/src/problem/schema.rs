//! The problem document as the OpenAPI document describes it.

use serde::Serialize;
use serde_json::Value;

use super::Violation;

/// An error: RFC 9457 `application/problem+json`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// URN of the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same text for every occurrence of the code.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// About this occurrence.
    pub detail: String,
    /// What went wrong, for machines.
    pub code: String,
    /// The request's id, also in `X-Request-Id` and in the log.
    pub request_id: Option<String>,
    /// Of `validation_failed`: the fields that are wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub violations: Option<Vec<Violation>>,
    /// Of `version_conflict`: the version it has now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_version: Option<u64>,
    /// Of `invalid_transition`: the state the conversation is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Of `invalid_transition`: the event asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Of `invalid_transition`: the events the table has in that state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_events: Option<Vec<String>>,
    /// Of `rules_not_met`: every failed rule with `rule`, `required`, `actual`, `expected`, `fix`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unmet: Option<Vec<Value>>,
}
