//! The review list and the receipts of webhooks.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use convo_app::{Command, views, wire};
use convo_store::Cursor;
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::lists::{Paging, next};
use super::{Api, Asked, answered, answers, named, webhooks};
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
    let (size, after) = (query.0.size()?, query.0.after()?);
    let value = api
        .ask(move |reader, _| {
            let rows = reader.reviews(after, size)?;
            let next = next(&rows, size, |row| Cursor {
                at: row.created_at,
                id: row.id,
            });
            Ok(views::page(views::reviews(reader, &rows)?, next))
        })
        .await?;
    Ok(answers::json(&value))
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
    /// Items wanted; default 50.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// `nextCursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// Receipts, newest first.
#[utoipa::path(
    tag = "webhooks",
    params(ReceiptFilter),
    responses((status = 200, body = lists::ReceiptList))
)]
#[get("/webhook-receipts")]
pub async fn receipts(
    _caller: Authorized<Read>,
    query: QueryString<ReceiptFilter>,
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
    let paging = Paging {
        limit: query.0.limit,
        cursor: query.0.cursor,
    };
    let (size, after) = (paging.size()?, paging.after()?);
    let value = api
        .ask(move |reader, _| {
            let rows = reader.receipts(status.as_deref(), after, size)?;
            let next = next(&rows, size, |row| Cursor {
                at: row.received_at,
                id: row.id,
            });
            Ok(views::page(rows.iter().map(views::receipt).collect(), next))
        })
        .await?;
    Ok(answers::json(&value))
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
