//! The OpenAPI 3.1 document: what stands around the routes.

use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, Info};
use utoipa::openapi::{
    ContentBuilder, License, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder,
};
use utoipa::{PartialSchema as _, ToSchema as _};

use crate::problem::{MEDIA_TYPE, ProblemBody, Violation};

const DESCRIPTION: &str = "State of e-mail conversations with leads: who was written to, who answered, who is handed to a person. \
Times are RFC 3339 in UTC; lists are `{items, nextCursor}`; unknown fields of requests are ignored.";
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
    components
        .schemas
        .insert(Violation::name().into_owned(), Violation::schema());
    components
        .schemas
        .insert(ProblemBody::name().into_owned(), ProblemBody::schema());
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .security(Some([SecurityRequirement::new(KEY, [""; 0])]))
        .build()
}

/// Adds what holds for every route: errors are problem documents.
pub fn finish(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.post,
            &mut item.put,
            &mut item.patch,
            &mut item.delete,
        ];
        operations.into_iter().flatten().for_each(describe_errors);
    }
}

fn describe_errors(operation: &mut Operation) {
    let problem = || {
        ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(ProblemBody::name())))
            .build()
    };
    let errors = ResponseBuilder::new()
        .description("An error: RFC 9457")
        .content(MEDIA_TYPE, problem())
        .build();
    operation
        .responses
        .responses
        .entry("default".to_owned())
        .or_insert(RefOr::T(errors));
}
