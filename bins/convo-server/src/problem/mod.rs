//! Errors on the wire: `application/problem+json`.
//!
//! Source: RFC 9457.

mod code;
mod schema;

use std::fmt;

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::{Value, json};

pub use code::Code;
pub use schema::{ProblemBody, SendDenial};

use crate::http::request_id;

/// The media type of every error answer.
pub const MEDIA_TYPE: &str = "application/problem+json";
/// Seconds a client is asked to wait when the database is away.
const RETRY_SECONDS: u32 = 2;

/// One field of a request that cannot be used as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Violation {
    /// The field's name on the wire, dotted for nested ones; empty for the body itself.
    pub field: String,
    /// What is wrong with it.
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

/// An error as the wire shows it. Nothing in it may name a path, a query or a stack.
#[derive(Debug, Clone)]
pub struct Problem {
    code: Code,
    status: StatusCode,
    detail: String,
    members: Vec<(String, Value)>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem with a sentence about this occurrence.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            status: code.status(),
            detail: detail.into(),
            members: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// 401: no key, or none that is known and active.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(
            Code::Unauthenticated,
            "send `Authorization: Bearer <api key>` with an active key",
        )
        .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 403: the key lacks `scope`.
    #[must_use]
    pub fn forbidden(scope: &str) -> Self {
        Self::new(
            Code::Forbidden,
            format!("this needs a key with scope `{scope}`"),
        )
        .with("requiredScope", scope)
    }

    /// 413: more than `limit` bytes.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        Self::new(Code::TooLarge, format!("the body may have {limit} bytes")).with("limit", limit)
    }

    /// 422 with the fields that are wrong.
    #[must_use]
    pub fn invalid(violations: Vec<Violation>) -> Self {
        let detail = match violations.as_slice() {
            [one] if one.field.is_empty() => one.message.clone(),
            [one] => format!("{}: {}", one.field, one.message),
            all => format!("{} fields are not valid", all.len()),
        };
        Self::new(Code::ValidationFailed, detail).with("violations", json!(violations))
    }

    /// 422 with one field that is wrong.
    pub fn invalid_field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid(vec![Violation::new(field, message)])
    }

    /// 404.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "the path names nothing that exists")
    }

    /// 405 with the methods the path has.
    #[must_use]
    pub fn method_not_allowed(allowed: &[Method]) -> Self {
        let list = allowed
            .iter()
            .map(Method::as_str)
            .collect::<Vec<_>>()
            .join(", ");
        let problem = Self::new(Code::MethodNotAllowed, format!("this path has {list}"));
        match HeaderValue::from_str(&list) {
            Ok(value) => problem.header(header::ALLOW, value),
            Err(_) => problem,
        }
    }

    /// 429: try again after `seconds`.
    #[must_use]
    pub fn rate_limited(seconds: u32) -> Self {
        Self::new(
            Code::RateLimited,
            "too many failed checks from this address",
        )
        .retry_after(seconds)
    }

    /// 503: the database is away, the queue is full or the server is stopping.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(Code::Unavailable, "please try again shortly").retry_after(RETRY_SECONDS)
    }

    /// 500. What happened goes to the log, never to the client.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            Code::Internal,
            "the request could not be completed; the log has the request id",
        )
    }

    /// Adds an extension member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Adds `Retry-After`; at least one second.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        self.header(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    /// The problem for an error answer of the framework that only has a status.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        let code = Code::of_status(status);
        let mut problem = Self::new(code, code.title());
        problem.status = status;
        problem
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// The JSON document, with the request id of the request being answered.
    #[must_use]
    pub fn document(&self) -> Value {
        let mut document = json!({
            "type": format!("urn:convo:problem:{}", self.code.name()),
            "title": self.code.title(),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "code": self.code.name(),
            "requestId": request_id::current(),
        });
        if let Value::Object(members) = &mut document {
            members.extend(self.members.clone());
        }
        document
    }
}

impl fmt::Display for Problem {
    /// Only the code: details are for the client, and this may reach a log line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.name())
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        for (name, value) in &self.headers {
            response.append_header((name, value));
        }
        response
            .content_type(MEDIA_TYPE)
            .body(self.document().to_string())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_code_has_its_row() {
        for (position, code) in Code::ALL.into_iter().enumerate() {
            assert_eq!(
                code as usize, position,
                "{code:?} stands in the order of its declaration"
            );
            assert!(code.status().is_client_error() || code.status().is_server_error());
            assert!(
                code.name()
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c == '_')
            );
        }
        let names: std::collections::BTreeSet<_> =
            Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
    }

    #[test]
    fn statuses_are_those_of_the_contract() {
        let table = [
            ("unauthenticated", 401),
            ("forbidden", 403),
            ("too_large", 413),
            ("malformed_json", 400),
            ("validation_failed", 422),
            ("unknown_event", 400),
            ("not_found", 404),
            ("version_conflict", 409),
            ("conflict", 409),
            ("invalid_transition", 409),
            ("rules_not_met", 422),
            ("sending_off", 409),
            ("lease_void", 409),
            ("idempotency_key_reused", 422),
            ("webhook_unverified", 401),
            ("webhook_rejected", 406),
            ("rate_limited", 429),
            ("unavailable", 503),
            ("unsupported_media_type", 415),
            ("method_not_allowed", 405),
            ("internal", 500),
        ];
        for (name, status) in table {
            let code = Code::ALL
                .into_iter()
                .find(|code| code.name() == name)
                .unwrap();
            assert_eq!(code.status().as_u16(), status, "{name}");
        }
    }

    #[test]
    fn a_problem_is_a_document_with_headers() {
        let problem = Problem::rate_limited(0);
        let response = problem.error_response();
        assert_eq!(response.headers().get("retry-after").unwrap(), "1");
        assert_eq!(response.headers().get("content-type").unwrap(), MEDIA_TYPE);
        let document = Problem::invalid_field("lead.email", "must be an e-mail address").document();
        assert_eq!(document["violations"][0]["field"], "lead.email");
        assert_eq!(document["type"], "urn:convo:problem:validation_failed");
        assert_eq!(document["status"], 422);
        let allow = Problem::method_not_allowed(&[Method::GET, Method::POST]).error_response();
        assert_eq!(allow.headers().get("allow").unwrap(), "GET, POST");
    }

    #[test]
    fn an_error_of_the_framework_keeps_its_status() {
        let problem = Problem::of_status(StatusCode::EXPECTATION_FAILED);
        assert_eq!(problem.status_code(), StatusCode::EXPECTATION_FAILED);
        assert_eq!(problem.document()["status"], 417);
        assert_eq!(
            Problem::of_status(StatusCode::BAD_GATEWAY).code(),
            Code::Internal
        );
    }
}
