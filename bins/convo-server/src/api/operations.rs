//! The event log by REST.

use actix_web::{HttpResponse, get, web};
use convo_app::views;
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{Api, answers};
use crate::auth::{Authorized, Read};
use crate::http::input::QueryString;
use crate::problem::Problem;

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(events);
}

#[derive(Debug, Deserialize)]
struct After {
    #[serde(default)]
    after: i64,
    limit: Option<i64>,
}

/// The event log after a position, in commit order.
#[utoipa::path(tag = "events", params(("after" = Option<i64>, Query), ("limit" = Option<i64>, Query)), responses((status = 200, body = Object)))]
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
