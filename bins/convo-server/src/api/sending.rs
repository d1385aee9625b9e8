//! Sending a mail to a conversation's lead, and what became of mails on their way.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use convo_app::outbox::Status;
use convo_app::{Command, Sent, views, wire};
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::lists::Paging;
use super::{Api, Asked, named};
use crate::auth::{Admin, Authorized, Read, Write};
use crate::http::body::{Body, LargeBody};
use crate::http::idempotency::IdempotencyKey;
use crate::http::input::{PathParts, QueryString};
use crate::http::request_id;
use crate::openapi::sending::{OutgoingMail, Queued, Retried};
use crate::openapi::vocabulary::OutboxStatus;
use crate::openapi::{lists, requests};
use crate::problem::Problem;

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(send)
        .service(outbox)
        .service(retry_dead)
        .service(retry);
}

/// Sends a mail to the lead: stored and queued when this is answered, sent as soon as it can be.
#[utoipa::path(
    operation_id = "send_mail",
    tag = "sending",
    params(("id" = uuid::Uuid, Path), IdempotencyKey),
    request_body = requests::Send,
    responses((status = 202, description = "Stored and queued, or kept as a draft", body = Queued))
)]
#[post("/conversation-state/{id}/send")]
pub async fn send(
    caller: Authorized<Write>,
    request: HttpRequest,
    path: PathParts,
    key: IdempotencyKey,
    body: LargeBody<wire::Send>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let (mut wanted, sha256) = (body.0.value, body.0.sha256);
    wanted.check()?;
    let files = wanted.take_files()?;
    if !files.is_empty() {
        let (app, kept) = (api.app.clone(), files.clone());
        request_id::block(move || app.keep_files(&kept)).await??;
    }
    let sent = Sent {
        request: wanted,
        files,
        key_agent: caller.agent_id,
    };
    let asked = Asked::new(&request, &caller).with(&key, sha256);
    api.run(asked, Command::Send(named(&path), Box::new(sent)))
        .await
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct OutboxFilter {
    /// With this status.
    #[param(value_type = OutboxStatus, required = false)]
    status: Option<String>,
}

/// Mails on their way and what became of them, newest first.
#[utoipa::path(
    tag = "sending",
    params(OutboxFilter, Paging),
    responses((status = 200, body = lists::OutgoingMailList))
)]
#[get("/outbox")]
pub async fn outbox(
    _caller: Authorized<Read>,
    query: QueryString<OutboxFilter>,
    paging: QueryString<Paging>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let status = query.0.status;
    let known = |text: &str| Status::ALL.iter().any(|status| status.as_str() == text);
    if !status.as_deref().is_none_or(known) {
        return Err(Problem::invalid_field(
            "status",
            "must be queued, leased, sent, shadow, void or dead",
        ));
    }
    api.page(
        &paging.0,
        move |reader, after, size| Ok(reader.outbox(status.as_deref(), after, size)?),
        |row| (row.created_at, row.id),
        |_, rows| Ok(rows.iter().map(views::outgoing).collect()),
    )
    .await
}

/// Tries the dead mails with one code again, the oldest 500, each under its Message-ID; `more` says that there are others.
#[utoipa::path(
    operation_id = "retry_mails",
    tag = "sending",
    params(IdempotencyKey),
    request_body = requests::RetryMails,
    responses((status = 200, body = Retried))
)]
#[post("/outbox/retry")]
pub async fn retry_dead(
    caller: Authorized<Admin>,
    request: HttpRequest,
    key: IdempotencyKey,
    body: Body<wire::RetryMails>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::new(&request, &caller).with(&key, body.sha256);
    api.run(asked, Command::RetryDead(body.value)).await
}

/// Tries a dead mail again, under the same Message-ID; one that is sent or on its way stays as it is.
#[utoipa::path(
    operation_id = "retry_mail",
    tag = "sending",
    params(("id" = uuid::Uuid, Path), IdempotencyKey),
    responses((status = 200, body = OutgoingMail))
)]
#[post("/outbox/{id}/retry")]
pub async fn retry(
    caller: Authorized<Admin>,
    request: HttpRequest,
    path: PathParts,
    key: IdempotencyKey,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::new(&request, &caller).with(&key, [0; 32]);
    let id = path.id("id")?;
    api.run(asked, Command::RetryOutbox(id)).await
}
