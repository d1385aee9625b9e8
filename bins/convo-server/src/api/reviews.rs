//! The review list and the receipts of webhooks.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use convo_app::{Command, views, wire};
use convo_store::Cursor;
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::lists::{Paging, next};
use super::{Api, Asked, answers, named};
use crate::auth::{Admin, Authorized, Read, Write};
use crate::http::body::Body;
use crate::http::idempotency::IdempotencyKey;
use crate::http::input::{PathParts, QueryString};
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
#[utoipa::path(tag = "review", params(("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)), responses((status = 200, body = Object)))]
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
#[utoipa::path(tag = "review", params(("id" = uuid::Uuid, Path)), request_body = Object, responses((status = 200, body = Object)))]
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
    let asked = Asked {
        request: &request,
        caller: &caller,
        key: Some(&key),
        body: body.sha256,
    };
    api.run(asked, Command::ResolveReview(named(&path), body.value))
        .await
}

#[derive(Debug, Deserialize)]
struct ReceiptFilter {
    status: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// Receipts, newest first.
#[utoipa::path(tag = "webhooks", params(("status" = Option<String>, Query), ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)), responses((status = 200, body = Object)))]
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
#[utoipa::path(tag = "webhooks", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = Object)))]
#[post("/webhook-receipts/{id}/replay")]
pub async fn replay(
    caller: Authorized<Admin>,
    request: HttpRequest,
    path: PathParts,
    key: IdempotencyKey,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked {
        request: &request,
        caller: &caller,
        key: Some(&key),
        body: [0; 32],
    };
    api.run(
        asked,
        Command::RetryReceipt {
            id: path.id("id")?,
            replay: true,
        },
    )
    .await
}
