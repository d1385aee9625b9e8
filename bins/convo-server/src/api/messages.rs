//! Messages of a conversation, their bytes and their attachments.

use actix_web::http::header::{self, ContentDisposition, DispositionParam, DispositionType};
use actix_web::{HttpResponse, get, web};
use convo_app::{AppError, views};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::lists::{Paging, last};
use super::{Api, answers};
use crate::auth::{Authorized, Read};
use crate::http::input::{PathParts, QueryString};
use crate::http::request_id;
use crate::openapi::lists;
use crate::problem::Problem;

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(raw).service(attachment);
}

/// Messages in order of storing, with rung and evidence.
#[utoipa::path(
    operation_id = "messages",
    tag = "conversation state",
    params(("id" = uuid::Uuid, Path), Paging),
    responses((status = 200, body = lists::MessageList))
)]
#[get("/conversation-state/{id}/messages")]
pub async fn list(
    _caller: Authorized<Read>,
    path: PathParts,
    query: QueryString<Paging>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let (size, after) = (query.0.size()?, query.0.number()?);
    let id = path.id("id")?;
    let value = api
        .ask(move |reader, _| {
            reader
                .conversations_by_ids(&[id])?
                .pop()
                .ok_or(AppError::NotFound)?;
            let rows = reader.messages_after(id, after, size)?;
            let next = last(&rows, size).map(|row| row.sequence_number.to_string());
            Ok(views::page(views::message_list(reader, &rows)?, next))
        })
        .await?;
    Ok(answers::json(&value))
}

/// The mail as it came; 404 once its text was erased.
#[utoipa::path(
    operation_id = "raw_message",
    tag = "conversation state",
    params(("id" = uuid::Uuid, Path)),
    responses((status = 200, content_type = "message/rfc822", body = String))
)]
#[get("/messages/{id}/raw")]
pub async fn raw(
    _caller: Authorized<Read>,
    path: PathParts,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    as_it_came(&api, path.id("id")?).await
}

/// A mail as it came, as a download.
///
/// # Errors
/// 404 for none, and for one whose text was erased.
pub(crate) async fn as_it_came(api: &Api, id: Uuid) -> Result<HttpResponse, Problem> {
    let bytes = api
        .ask(move |reader, _| views::raw_message(reader, id))
        .await?;
    Ok(HttpResponse::Ok()
        .insert_header(ContentDisposition {
            disposition: DispositionType::Attachment,
            parameters: vec![DispositionParam::Filename(format!("{id}.eml"))],
        })
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .content_type("message/rfc822")
        .body(bytes))
}

/// An attachment, always as a download.
#[utoipa::path(
    tag = "conversation state",
    params(("id" = uuid::Uuid, Path), ("n" = u32, Path)),
    responses((status = 200, content_type = "application/octet-stream", body = String))
)]
#[get("/messages/{id}/attachments/{n}")]
pub async fn attachment(
    _caller: Authorized<Read>,
    path: PathParts,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    file_of(&api, path.id("id")?, path.number("n")?).await
}

/// An attachment as a download.
///
/// # Errors
/// 404 for none.
pub(crate) async fn file_of(api: &Api, id: Uuid, n: u32) -> Result<HttpResponse, Problem> {
    let row = api
        .ask(move |reader, _| {
            let rows = reader.attachments_by_messages(&[id])?;
            rows.into_iter()
                .find(|row| u32::try_from(row.n) == Ok(n))
                .ok_or(AppError::NotFound)
        })
        .await?;
    let app = api.app.clone();
    let sha256 = row.sha256.clone();
    let read = request_id::block(move || app.context().attachments.read(&sha256)).await?;
    let bytes = read.map_err(|_| Problem::not_found())?;
    let name = if row.name.is_empty() {
        format!("attachment-{n}")
    } else {
        row.name
    };
    Ok(HttpResponse::Ok()
        .insert_header(ContentDisposition {
            disposition: DispositionType::Attachment,
            parameters: vec![DispositionParam::Filename(name)],
        })
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // Never the type the sender claims: nothing of it may run in a browser.
        .content_type("application/octet-stream")
        .body(bytes))
}
