//! Answers and refusals of the application on the wire.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use convo_app::{Answer, AppError};
use serde::Serialize;
use serde_json::json;

use crate::problem::{Code, Problem, Violation};

/// An answer as it was rendered in its commit.
pub fn of(answer: &Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    if answer.replayed {
        response.insert_header(("Idempotency-Replayed", "true"));
    }
    if answer.body.is_empty() {
        return response.finish();
    }
    response
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .body(answer.body.clone())
}

/// A value as JSON.
pub fn json(value: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().json(value)
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        match error {
            AppError::NotFound => Self::not_found(),
            AppError::Invalid(violations) => Self::invalid(
                violations
                    .into_iter()
                    .map(|one| Violation::new(one.field, one.message))
                    .collect(),
            ),
            AppError::UnknownEvent => {
                Self::new(Code::UnknownEvent, "the vocabulary has no such event")
            }
            AppError::VersionConflict { current } => Self::new(
                Code::VersionConflict,
                format!("the conversation has version {current}"),
            )
            .with("currentVersion", current),
            AppError::Conflict { detail } => Self::new(Code::Conflict, detail),
            AppError::InvalidTransition {
                from,
                event,
                allowed,
            } => Self::new(
                Code::InvalidTransition,
                format!("{event} is not possible in {from}"),
            )
            .with("from", from)
            .with("event", event)
            .with("allowedEvents", allowed),
            AppError::RulesNotMet { unmet } => Self::new(
                Code::RulesNotMet,
                format!("{} required rules are not met", unmet.len()),
            )
            .with("unmet", json!(unmet)),
            AppError::SendingOff => Self::new(
                Code::SendingOff,
                "nothing is sent from here: set CONVO_SEND__MODE",
            ),
            AppError::LeaseVoid { reasons } => Self::new(
                Code::LeaseVoid,
                format!("{} reasons forbid it", reasons.len()),
            )
            .with("reasons", json!(reasons)),
            AppError::IdempotencyKeyReused => Self::new(
                Code::IdempotencyKeyReused,
                "the key was used with another body",
            ),
            AppError::WebhookRejected { reason } => {
                log::warn!(reason; "a webhook's token came again with other fields");
                Self::new(
                    Code::WebhookRejected,
                    "the token was used with other fields",
                )
            }
            AppError::Unavailable => Self::unavailable(),
            AppError::Fault(text) => {
                log::error!("{text}");
                Self::internal()
            }
        }
    }
}
