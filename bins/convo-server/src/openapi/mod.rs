//! The OpenAPI 3.1 document: what stands around the routes, and the shapes they speak of.
//!
//! The shapes describe what the application reads and answers; they are never built. That they are true is
//! held by tests: those of [`requests`] compare them with the types that read requests, and the black-box
//! tests hold every answer they get against the document.
//!
//! - [`vocabulary`]: the closed vocabularies, from the tables that define them.
//! - [`requests`]: bodies of requests; [`webhooks`]: what providers send, and what they are answered.
//! - [`states`], [`moves`], [`journey`], [`messages`], [`figures`]: answers below `/api/conversation-state`.
//! - [`records`], [`people`], [`policy`], [`review`], [`sending`], [`log`]: answers of the other routes; [`lists`]: pages of them.
//! - [`analytics`]: figures over many conversations, and what stands behind them.
//! - [`gate`]: leave to send, drafts, how mail fared.
//! - [`texts`]: what texts of requests look like.
//! - `finish`: what holds for every operation.
#![expect(
    unused_qualifications,
    reason = "what the derives of `utoipa` write names their traits in full"
)]

pub mod analytics;
pub mod figures;
mod finish;
pub mod gate;
pub mod handover;
pub mod journey;
pub mod lists;
pub mod log;
pub mod messages;
pub mod moves;
pub mod people;
pub mod policy;
pub mod records;
pub mod requests;
pub mod review;
pub mod sending;
pub mod states;
pub mod texts;
pub mod vocabulary;
pub mod webhooks;

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, Info};
use utoipa::openapi::{License, OpenApi, OpenApiBuilder};
use utoipa::{PartialSchema as _, ToSchema};

pub use finish::finish;

use crate::problem::ProblemBody;

const DESCRIPTION: &str = "State of e-mail conversations with leads: who was written to, who answered, who is handed to a person. \
Times are RFC 3339 in UTC with milliseconds; lists are `{items, nextCursor}`; unknown fields of requests are ignored; a text with U+0000 is refused. \
In answers a member that can be null is always there; only those that are never null may be absent.";
const KEY: &str = "apiKey";

/// The document before its routes.
#[must_use]
pub fn head() -> OpenApi {
    let mut info = Info::new("Convo", env!("CARGO_PKG_VERSION"));
    info.description = Some(DESCRIPTION.to_owned());
    info.license = Some(License::new("MIT OR Apache-2.0"));
    let scheme = SecurityScheme::Http(
        HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API key"))
            .build(),
    );
    let mut components = Components::new();
    components.add_security_scheme(KEY, scheme);
    let mut schemas = Vec::new();
    ProblemBody::schemas(&mut schemas);
    schemas.push((ProblemBody::name().into_owned(), ProblemBody::schema()));
    components.schemas.extend(schemas);
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .security(Some([SecurityRequirement::new(KEY, [""; 0])]))
        .build()
}
