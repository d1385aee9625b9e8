//! The event log by REST, and tickets for hearing it live.

use actix_web::{HttpResponse, get, post, web};
use convo_app::{tickets, views, wire};
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{Api, answers};
use crate::auth::{Authorized, Read, Write};
use crate::clock;
use crate::http::input::QueryString;
use crate::openapi::log::{LogPage, WsTicket};
use crate::problem::Problem;

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(events).service(ws_ticket);
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct After {
    /// Position after which to begin; default 0, the beginning.
    #[serde(default)]
    #[param(minimum = 0)]
    after: i64,
    /// Rows wanted; default 100. There are at most 1,000, however many are wanted.
    #[param(nullable = false, minimum = 1)]
    limit: Option<i64>,
}

/// The event log after a position, in commit order.
#[utoipa::path(
    tag = "events",
    params(After),
    responses((status = 200, body = LogPage))
)]
#[get("/events")]
pub async fn events(
    _caller: Authorized<Read>,
    query: QueryString<After>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let limit = query.0.limit.unwrap_or(100);
    if limit < 1 || query.0.after < 0 {
        return Err(Problem::invalid_field(
            if limit < 1 { "limit" } else { "after" },
            "is too small",
        ));
    }
    let after = query.0.after;
    let value = api
        .ask(move |reader, _| views::events(reader, after, limit.min(1000)))
        .await?;
    Ok(answers::json(&value))
}

/// Makes a ticket for one WebSocket: good for 30 seconds and one use, with this key's scopes.
#[utoipa::path(
    tag = "events",
    responses((status = 201, body = WsTicket))
)]
#[post("/ws-tickets")]
pub async fn ws_ticket(
    caller: Authorized<Write>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let (ticket, expires_at) = tickets::issue(api.app.context(), caller.key_id, clock::now());
    let body = serde_json::json!({"ticket": ticket, "expiresAt": wire::time(expires_at)});
    Ok(HttpResponse::Created().json(body))
}
