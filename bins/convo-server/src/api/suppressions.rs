//! Suppressions: made, listed, given out, taken in and lifted.

mod files;
mod format;

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use convo_app::{Command, views, wire};
use convo_store::Reader;
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::lists::Paging;
use super::people::create;
use super::{Api, Asked};
use crate::auth::{Admin, Authorized, Read, Write};
use crate::export::Form;
use crate::http::body::Body;
use crate::http::idempotency::IdempotencyKey;
use crate::http::input::QueryString;
use crate::openapi::people::Suppression;
use crate::openapi::vocabulary::ListFormat;
use crate::openapi::{lists, requests};
use crate::problem::Problem;

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(create_suppression)
        .service(files::import)
        .service(suppressions)
        .service(lift_suppression);
}

create!(
    /// Suppresses an address.
    create_suppression, "/suppressions", Write, wire::NewSuppression, Command::CreateSuppression,
    NewSuppression => Suppression
);

/// Suppressions, newest first; with `format` all of them as a file, which `import` takes.
#[utoipa::path(
    tag = "records",
    params(("address" = Option<String>, Query), ("externalId" = Option<String>, Query),
        ("format" = inline(Option<ListFormat>), Query, description = "The whole ledger as a file"), Paging),
    responses((status = 200, content((lists::SuppressionList = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))))
)]
#[get("/suppressions")]
pub async fn suppressions(
    _caller: Authorized<Read>,
    query: QueryString<AddressFilter>,
    paging: QueryString<Paging>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let app = api.app.clone();
    // A wrong page is wrong of a file too, which has none.
    paging.0.size()?;
    if let Some(format) = &query.0.format {
        let known = Form::named(format);
        let known =
            known.ok_or_else(|| Problem::invalid_field("format", "must be csv or jsonl"))?;
        return files::export(&app, known).await;
    }
    let AddressFilter {
        address,
        external_id,
        ..
    } = query.0;
    let rows = move |reader: &mut Reader<'_>, after, size| {
        Ok(match (address, external_id) {
            (Some(address), external) => {
                let key = wire::address_key(&address);
                let mut rows = views::suppressions_of(reader, app.context(), &[key])?;
                rows.retain(|row| external.is_none() || row.external_id == external);
                rows
            }
            (None, Some(external)) => reader.suppressions_by_external_ids(&[external])?,
            (None, None) => reader.suppressions(after, size)?,
        })
    };
    api.page(
        &paging.0,
        rows,
        |row| (row.created_at, row.id),
        |_, rows| Ok(rows.iter().map(views::suppression).collect()),
    )
    .await
}

/// Filter of suppressions.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AddressFilter {
    address: Option<String>,
    external_id: Option<String>,
    evidence: Option<String>,
    format: Option<String>,
}

/// Lifts the suppressions of an address; an opt-out needs evidence.
#[utoipa::path(tag = "records", params(("address" = String, Query, description = "The address"),
    ("evidence" = Option<String>, Query, description = "What shows that the person wants mail again; needed for opt-outs and complaints")), responses((status = 204)))]
#[delete("/suppressions")]
pub async fn lift_suppression(
    caller: Authorized<Admin>,
    request: HttpRequest,
    query: QueryString<AddressFilter>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let address = query
        .0
        .address
        .ok_or_else(|| Problem::invalid_field("address", "is missing"))?;
    let asked = Asked::new(&request, &caller);
    api.run(
        asked,
        Command::LiftSuppression {
            address,
            evidence: query.0.evidence,
        },
    )
    .await
}
