//! Leave to send: asked for, used by others, prepared for many; drafts; how mail fared.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use convo_app::{Command, views, wire};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::lists::Paging;
use super::{Api, Asked, answers, named};
use crate::auth::{Admin, Agent, Authorized, Read, Write};
use crate::http::body::Body;
use crate::http::idempotency::IdempotencyKey;
use crate::http::input::{PathParts, QueryString};
use crate::openapi::gate::{Draft, LeaveAnswer, PreparedBatch, Recorded, Reputation};
use crate::openapi::sending::Queued;
use crate::openapi::{lists, requests};
use crate::problem::Problem;

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(may_send)
        .service(sent)
        .service(prepare)
        .service(drafts)
        .service(approve)
        .service(discard)
        .service(reputation)
        .service(forget_reputation);
}

/// Asks whether a mail may go to the lead now: a lease for it, or every reason why not.
#[utoipa::path(
    tag = "sending",
    params(("id" = uuid::Uuid, Path), IdempotencyKey),
    request_body = requests::MaySend,
    responses((status = 200, body = LeaveAnswer))
)]
#[post("/conversation-state/{id}/may-send")]
pub async fn may_send(
    caller: Authorized<Write>,
    request: HttpRequest,
    path: PathParts,
    key: IdempotencyKey,
    body: Body<wire::MaySend>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    body.value.check()?;
    let asked = Asked::new(&request, &caller).with(&key, body.sha256);
    let command = Command::MaySend(named(&path), body.value, caller.agent_id);
    api.run(asked, command).await
}

/// Stores a mail that was, or is about to be, sent through another provider; once for each lease.
#[utoipa::path(
    tag = "sending",
    params(("id" = uuid::Uuid, Path), IdempotencyKey),
    request_body = requests::SentByOthers,
    responses((status = 200, body = Recorded))
)]
#[post("/conversation-state/{id}/sent")]
pub async fn sent(
    caller: Authorized<Write>,
    request: HttpRequest,
    path: PathParts,
    key: IdempotencyKey,
    body: Body<wire::SentByOthers>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    body.value.check()?;
    let asked = Asked::new(&request, &caller).with(&key, body.sha256);
    let command = Command::SentByOthers(named(&path), Box::new(body.value), caller.agent_id);
    api.run(asked, command).await
}

/// Judges many leads of a campaign at once, and makes ready what each allowed mail needs.
#[utoipa::path(
    operation_id = "prepare_campaign",
    tag = "sending",
    params(("id" = uuid::Uuid, Path), IdempotencyKey),
    request_body = requests::Prepare,
    responses((status = 200, body = PreparedBatch))
)]
#[post("/campaigns/{id}/prepare")]
pub async fn prepare(
    caller: Authorized<Write>,
    request: HttpRequest,
    path: PathParts,
    key: IdempotencyKey,
    body: Body<wire::Prepare>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    body.value.check()?;
    let asked = Asked::new(&request, &caller).with(&key, body.sha256);
    api.run(asked, Command::Prepare(named(&path), body.value))
        .await
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct DraftFilter {
    /// Of this conversation.
    #[param(nullable = false)]
    conversation_id: Option<Uuid>,
}

/// Drafts that wait for an agent, oldest first.
#[utoipa::path(
    tag = "sending",
    params(DraftFilter, Paging),
    responses((status = 200, body = lists::DraftList))
)]
#[get("/drafts")]
pub async fn drafts(
    _caller: Authorized<Read>,
    query: QueryString<DraftFilter>,
    paging: QueryString<Paging>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let conversation = query.0.conversation_id;
    api.page(
        &paging.0,
        move |reader, after, size| Ok(reader.drafts(conversation, after, size)?),
        |row| (row.created_at, row.id),
        views::drafts,
    )
    .await
}

/// Sends a draft, as far as the gate lets it now; named or with an agent's key, as that agent's own mail.
#[utoipa::path(
    operation_id = "approve_draft",
    tag = "sending",
    params(("id" = uuid::Uuid, Path), IdempotencyKey),
    request_body = requests::ApproveDraft,
    responses((status = 202, description = "Stored and queued", body = Queued))
)]
#[post("/drafts/{id}/approve")]
pub async fn approve(
    caller: Authorized<Agent>,
    request: HttpRequest,
    path: PathParts,
    key: IdempotencyKey,
    body: Body<wire::ApproveDraft>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    body.value.check()?;
    let asked = Asked::new(&request, &caller).with(&key, body.sha256);
    let command = Command::ApproveDraft(named(&path), Box::new(body.value), caller.agent_id);
    api.run(asked, command).await
}

/// Throws a draft away; what it would have answered is for a person.
#[utoipa::path(
    operation_id = "discard_draft",
    tag = "sending",
    params(("id" = uuid::Uuid, Path), IdempotencyKey),
    request_body = requests::DiscardDraft,
    responses((status = 200, body = Draft))
)]
#[post("/drafts/{id}/discard")]
pub async fn discard(
    caller: Authorized<Agent>,
    request: HttpRequest,
    path: PathParts,
    key: IdempotencyKey,
    body: Body<wire::DiscardDraft>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    body.value.check()?;
    let asked = Asked::new(&request, &caller).with(&key, body.sha256);
    api.run(asked, Command::DiscardDraft(named(&path), body.value))
        .await
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct OfCampaign {
    /// Of this campaign; without one of everything that is sent from here.
    #[param(nullable = false)]
    campaign_id: Option<Uuid>,
}

/// How mail fared lately, and whether unasked mail is stopped for it.
#[utoipa::path(
    tag = "sending",
    params(OfCampaign),
    responses((status = 200, body = Reputation))
)]
#[get("/reputation")]
pub async fn reputation(
    _caller: Authorized<Read>,
    query: QueryString<OfCampaign>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let (app, campaign) = (api.app.clone(), query.0.campaign_id);
    let value = api
        .ask(move |reader, now| views::reputation(reader, app.context(), campaign, now))
        .await?;
    Ok(answers::json(&value))
}

/// Forgets how mail fared: an admin has seen to the cause.
#[utoipa::path(
    operation_id = "forget_reputation",
    tag = "sending",
    params(OfCampaign),
    responses((status = 204))
)]
#[delete("/reputation")]
pub async fn forget_reputation(
    caller: Authorized<Admin>,
    request: HttpRequest,
    query: QueryString<OfCampaign>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::new(&request, &caller);
    api.run(asked, Command::ForgetReputation(query.0.campaign_id))
        .await
}
