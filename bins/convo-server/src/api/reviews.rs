//! The review list and the receipts of webhooks.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use convo_app::{Command, views, wire};
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::lists::Paging;
use super::{Api, Asked, answered, named, webhooks};
use crate::auth::{Admin, Authorized, Read, Write};
use crate::http::body::Body;
use crate::http::idempotency::IdempotencyKey;
use crate::http::input::{PathParts, QueryString};
use crate::openapi::review::ReviewItem;
use crate::openapi::vocabulary::ReceiptStatus;
use crate::openapi::webhooks::Receipt;
use crate::openapi::{lists, requests};
use crate::problem::Problem;

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(reviews)
        .service(resolve)
        .service(receipts)
        .service(replay);
}

/// Open items, oldest first.
#[utoipa::path(
    tag = "review",
    params(Paging),
    responses((status = 200, body = lists::ReviewList))
)]
#[get("/review")]
pub async fn reviews(
    _caller: Authorized<Read>,
    query: QueryString<Paging>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    api.page(
        &query.0,
        |reader, after, size| Ok(reader.reviews(after, size)?),
        |row| (row.created_at, row.id),
        views::reviews,
    )
    .await
}

/// Decides an item.
#[utoipa::path(
    operation_id = "resolve_review",
    tag = "review",
    params(("id" = uuid::Uuid, Path), IdempotencyKey),
    request_body = requests::Resolve,
    responses((status = 200, body = ReviewItem))
)]
#[post("/review/{id}/resolve")]
pub async fn resolve(
    caller: Authorized<Write>,
    request: HttpRequest,
    path: PathParts,
    key: IdempotencyKey,
    body: Body<wire::Resolve>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    body.value.check()?;
    let asked = Asked::new(&request, &caller).with(&key, body.sha256);
    api.run(asked, Command::ResolveReview(named(&path), body.value))
        .await
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ReceiptFilter {
    /// With this status.
    #[param(value_type = ReceiptStatus, required = false)]
    status: Option<String>,
}

/// Receipts, newest first.
#[utoipa::path(
    tag = "webhooks",
    params(ReceiptFilter, Paging),
    responses((status = 200, body = lists::ReceiptList))
)]
#[get("/webhook-receipts")]
pub async fn receipts(
    _caller: Authorized<Read>,
    query: QueryString<ReceiptFilter>,
    paging: QueryString<Paging>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let status = query.0.status;
    if !matches!(
        status.as_deref(),
        None | Some("done" | "failed" | "dead" | "unmatched" | "ignored")
    ) {
        return Err(Problem::invalid_field(
            "status",
            "must be done, failed, dead, unmatched or ignored",
        ));
    }
    api.page(
        &paging.0,
        move |reader, after, size| Ok(reader.receipts(status.as_deref(), after, size)?),
        |row| (row.received_at, row.id),
        |_, rows| Ok(rows.iter().map(views::receipt).collect()),
    )
    .await
}

/// Tries a receipt again; one that is done stays as it is.
#[utoipa::path(
    operation_id = "replay_receipt",
    tag = "webhooks",
    params(("id" = uuid::Uuid, Path), IdempotencyKey),
    responses((status = 200, body = Receipt))
)]
#[post("/webhook-receipts/{id}/replay")]
pub async fn replay(
    caller: Authorized<Admin>,
    request: HttpRequest,
    path: PathParts,
    key: IdempotencyKey,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::new(&request, &caller).with(&key, [0; 32]);
    let id = path.id("id")?;
    let retry = Command::RetryReceipt {
        id,
        replay: true,
        reread: webhooks::reread(&api.app, &api.mailgun, id).await?,
    };
    answered(&api.app.retry(asked.envelope(retry)?, id).await?)
}
