//! A conversation sleeps until a date.

use actix_web::{HttpRequest, HttpResponse, post, web};
use convo_app::{Command, wire};
use utoipa_actix_web::service_config::ServiceConfig;

use super::{Api, Asked, named};
use crate::auth::{Authorized, Write};
use crate::http::body::Body;
use crate::http::idempotency::IdempotencyKey;
use crate::http::input::PathParts;
use crate::openapi::{moves, requests};
use crate::problem::Problem;

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(snooze);
}

/// Lets an open conversation sleep until a time, or wakes it.
///
/// While it sleeps nothing in it is due. It wakes at that time, with a reply of the lead, or when it is closed; what
/// is closed cannot sleep (409 `conflict`).
#[utoipa::path(
    tag = "conversation state",
    params(("id" = uuid::Uuid, Path), IdempotencyKey),
    request_body = requests::Snooze,
    responses((status = 200, body = moves::Snoozed))
)]
#[post("/conversation-state/{id}/snooze")]
pub async fn snooze(
    caller: Authorized<Write>,
    request: HttpRequest,
    path: PathParts,
    key: IdempotencyKey,
    body: Body<wire::Snooze>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::new(&request, &caller).with(&key, body.sha256);
    api.run(asked, Command::Snooze(named(&path), body.value))
        .await
}
