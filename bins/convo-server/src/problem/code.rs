//! The one table from code to status and title.

use actix_web::http::StatusCode;

/// What went wrong, as machines read it.
///
/// Earlier variants win over later ones where several would fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// No key, or none that is known and active.
    Unauthenticated,
    /// The key lacks the scope.
    Forbidden,
    /// The body is over the limit.
    TooLarge,
    /// The body is of another type than JSON, or compressed.
    UnsupportedMediaType,
    /// The body did not arrive in time.
    RequestTimeout,
    /// The body is not JSON.
    MalformedJson,
    /// Fields are missing, of the wrong type or name nothing.
    ValidationFailed,
    /// An event outside the vocabulary.
    UnknownEvent,
    /// The path names nothing.
    NotFound,
    /// The path has no such method.
    MethodNotAllowed,
    /// The conversation has moved on.
    VersionConflict,
    /// Something that exists stands in the way.
    Conflict,
    /// The table has no such step.
    InvalidTransition,
    /// Required rules failed.
    RulesNotMet,
    /// Sending is switched off.
    SendingOff,
    /// The lead may not be written to now.
    LeaseVoid,
    /// The idempotency key came with another body before.
    IdempotencyKeyReused,
    /// The webhook's signature is absent or wrong.
    WebhookUnverified,
    /// The webhook cannot be accepted, now or later.
    WebhookRejected,
    /// Too many failed checks from one address.
    RateLimited,
    /// The database is away or the server is stopping.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl Code {
    /// Every code there is.
    pub const ALL: [Self; 22] = [
        Self::Unauthenticated,
        Self::Forbidden,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::RequestTimeout,
        Self::MalformedJson,
        Self::ValidationFailed,
        Self::UnknownEvent,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::VersionConflict,
        Self::Conflict,
        Self::InvalidTransition,
        Self::RulesNotMet,
        Self::SendingOff,
        Self::LeaseVoid,
        Self::IdempotencyKeyReused,
        Self::WebhookUnverified,
        Self::WebhookRejected,
        Self::RateLimited,
        Self::Unavailable,
        Self::Internal,
    ];

    /// Wire name, status and title.
    const fn row(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::Unauthenticated => (
                "unauthenticated",
                StatusCode::UNAUTHORIZED,
                "A valid API key is needed",
            ),
            Self::Forbidden => (
                "forbidden",
                StatusCode::FORBIDDEN,
                "The API key lacks the scope",
            ),
            Self::TooLarge => (
                "too_large",
                StatusCode::PAYLOAD_TOO_LARGE,
                "The body is too large",
            ),
            Self::UnsupportedMediaType => (
                "unsupported_media_type",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The body has an unsupported type",
            ),
            Self::RequestTimeout => (
                "request_timeout",
                StatusCode::REQUEST_TIMEOUT,
                "The body did not arrive in time",
            ),
            Self::MalformedJson => (
                "malformed_json",
                StatusCode::BAD_REQUEST,
                "The body is not JSON",
            ),
            Self::ValidationFailed => (
                "validation_failed",
                StatusCode::UNPROCESSABLE_ENTITY,
                "The request is not valid",
            ),
            Self::UnknownEvent => (
                "unknown_event",
                StatusCode::BAD_REQUEST,
                "There is no such event",
            ),
            Self::NotFound => ("not_found", StatusCode::NOT_FOUND, "There is nothing here"),
            Self::MethodNotAllowed => (
                "method_not_allowed",
                StatusCode::METHOD_NOT_ALLOWED,
                "The method is not allowed here",
            ),
            Self::VersionConflict => (
                "version_conflict",
                StatusCode::CONFLICT,
                "The conversation has moved on",
            ),
            Self::Conflict => (
                "conflict",
                StatusCode::CONFLICT,
                "Something that exists stands in the way",
            ),
            Self::InvalidTransition => (
                "invalid_transition",
                StatusCode::CONFLICT,
                "The event is not possible in this state",
            ),
            Self::RulesNotMet => (
                "rules_not_met",
                StatusCode::UNPROCESSABLE_ENTITY,
                "Required rules are not met",
            ),
            Self::SendingOff => (
                "sending_off",
                StatusCode::CONFLICT,
                "Sending is switched off",
            ),
            Self::LeaseVoid => (
                "lease_void",
                StatusCode::CONFLICT,
                "The lead may not be written to now",
            ),
            Self::IdempotencyKeyReused => (
                "idempotency_key_reused",
                StatusCode::UNPROCESSABLE_ENTITY,
                "The idempotency key was used with another body",
            ),
            Self::WebhookUnverified => (
                "webhook_unverified",
                StatusCode::UNAUTHORIZED,
                "The signature is absent or wrong",
            ),
            Self::WebhookRejected => (
                "webhook_rejected",
                StatusCode::NOT_ACCEPTABLE,
                "The webhook cannot be accepted",
            ),
            Self::RateLimited => (
                "rate_limited",
                StatusCode::TOO_MANY_REQUESTS,
                "Too many failed checks",
            ),
            Self::Unavailable => (
                "unavailable",
                StatusCode::SERVICE_UNAVAILABLE,
                "Not available now",
            ),
            Self::Internal => (
                "internal",
                StatusCode::INTERNAL_SERVER_ERROR,
                "A fault of the server",
            ),
        }
    }

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// The status it is answered with.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.row().1
    }

    /// The title for people, the same for every occurrence.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.row().2
    }

    /// The code for an error answer of the framework that only has a status.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::Unauthenticated,
            StatusCode::FORBIDDEN => Self::Forbidden,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::REQUEST_TIMEOUT => Self::RequestTimeout,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            StatusCode::TOO_MANY_REQUESTS => Self::RateLimited,
            StatusCode::SERVICE_UNAVAILABLE => Self::Unavailable,
            status if status.is_client_error() => Self::ValidationFailed,
            _ => Self::Internal,
        }
    }
}
