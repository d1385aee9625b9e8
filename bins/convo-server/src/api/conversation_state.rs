//! `/api/conversation-state`: what a conversation is in, and what moves it.

use actix_web::http::header::ContentType;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use convo_app::views::{self, TreeForm};
use convo_app::{AppError, Command, conversations, wire};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{Api, Asked, answers, named};
use crate::auth::{Agent, Authorized, Read, Write};
use crate::clock;
use crate::http::body::Body;
use crate::http::idempotency::IdempotencyKey;
use crate::http::input::{PathParts, QueryString};
use crate::openapi::figures::{ConversationFigures, Overview};
use crate::openapi::journey::Journey;
use crate::openapi::messages::{ContextAnswer, ThreadTree};
use crate::openapi::states::StatusAnswer;
use crate::openapi::vocabulary::TreeFormat;
use crate::openapi::{lists, moves, requests};
use crate::problem::Problem;
use crate::redis::kept;

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(overview)
        .service(validation_rules)
        .service(lead_journey_of_lead)
        .service(status)
        .service(transition)
        .service(validate_transition)
        .service(process_message)
        .service(integration_event)
        .service(take_over)
        .service(lead_journey)
        .service(thread_tree)
        .service(context)
        .service(transitions)
        .service(metrics);
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct StatusQuery {
    /// A time gone by: the state as of then, out of the audit. 404 before the conversation was made.
    #[serde(default, deserialize_with = "wire::moment")]
    #[param(nullable = false)]
    as_of: Option<DateTime<Utc>>,
}

/// State, flags, scores and integration status of a conversation; or its state as of a time.
#[utoipa::path(
    tag = "conversation state",
    params(("id" = uuid::Uuid, Path), StatusQuery),
    responses((status = 200, body = StatusAnswer))
)]
#[get("/conversation-state/{id}/status")]
pub async fn status(
    _caller: Authorized<Read>,
    path: PathParts,
    query: QueryString<StatusQuery>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let id = path.id("id")?;
    let app = api.app.clone();
    let as_of = query.0.as_of;
    let value = api
        .ask(move |reader, now| {
            if let Some(as_of) = as_of {
                return views::status_as_of(reader, id, as_of, now);
            }
            let seen = views::see(reader, id)?;
            views::status(reader, app.context(), &seen, now)
        })
        .await?;
    Ok(answers::json(&value))
}

/// Triggers an event.
#[utoipa::path(
    tag = "conversation state",
    params(("id" = uuid::Uuid, Path), IdempotencyKey),
    request_body = requests::TransitionRequest,
    responses((status = 200, body = moves::Transition))
)]
#[post("/conversation-state/{id}/transition")]
pub async fn transition(
    caller: Authorized<Write>,
    request: HttpRequest,
    path: PathParts,
    key: IdempotencyKey,
    body: Body<wire::TransitionRequest>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    conversations::judge(&body.value)?;
    let asked = Asked::new(&request, &caller).with(&key, body.sha256);
    api.run(asked, Command::Transition(named(&path), body.value))
        .await
}

/// Says what a transition would come to now; writes nothing.
#[utoipa::path(
    tag = "conversation state",
    params(("id" = uuid::Uuid, Path)),
    request_body = requests::ValidateRequest,
    responses((status = 200, body = moves::Validated))
)]
#[post("/conversation-state/{id}/validate-transition")]
pub async fn validate_transition(
    _caller: Authorized<Write>,
    path: PathParts,
    body: Body<wire::ValidateRequest>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let (id, app) = (named(&path), api.app.clone());
    let value = api
        .ask(move |reader, _| {
            conversations::validate_transition(reader, app.context(), id, &body.value)
        })
        .await?;
    Ok(answers::json(&value))
}

/// Records a message that was said elsewhere, and never sends.
#[utoipa::path(
    tag = "conversation state",
    params(("id" = uuid::Uuid, Path), IdempotencyKey),
    request_body = requests::ProcessMessage,
    responses((status = 200, body = moves::Processed))
)]
#[post("/conversation-state/{id}/process-message")]
pub async fn process_message(
    caller: Authorized<Write>,
    request: HttpRequest,
    path: PathParts,
    key: IdempotencyKey,
    body: Body<wire::ProcessMessage>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    body.value.check()?;
    let asked = Asked::new(&request, &caller).with(&key, body.sha256);
    api.run(
        asked,
        Command::ProcessMessage(named(&path), Box::new(body.value)),
    )
    .await
}

/// Takes an event of another system.
#[utoipa::path(
    tag = "conversation state",
    params(("id" = uuid::Uuid, Path), IdempotencyKey),
    request_body = requests::IntegrationEvent,
    responses((status = 200, body = moves::Integrated))
)]
#[post("/conversation-state/{id}/integration-event")]
pub async fn integration_event(
    caller: Authorized<Write>,
    request: HttpRequest,
    path: PathParts,
    key: IdempotencyKey,
    body: Body<wire::IntegrationEvent>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    body.value.check()?;
    let asked = Asked::new(&request, &caller).with(&key, body.sha256);
    api.run(asked, Command::IntegrationEvent(named(&path), body.value))
        .await
}

/// Gives the conversation to an agent now, whatever is missing.
#[utoipa::path(
    tag = "conversation state",
    params(("id" = uuid::Uuid, Path), IdempotencyKey),
    request_body = requests::TakeOver,
    responses((status = 200, body = moves::TakenOver))
)]
#[post("/conversation-state/{id}/take-over")]
pub async fn take_over(
    caller: Authorized<Agent>,
    request: HttpRequest,
    path: PathParts,
    key: IdempotencyKey,
    body: Body<wire::TakeOver>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    body.value.check()?;
    // An agent takes over for itself; whom else to assign is not an agent's to say.
    if caller
        .agent_id
        .is_some_and(|own| own != body.value.agent_id)
    {
        let other = AppError::invalid("agentId", "is not the agent of the key");
        return Err(other.into());
    }
    let asked = Asked::new(&request, &caller).with(&key, body.sha256);
    api.run(asked, Command::TakeOver(named(&path), body.value))
        .await
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Explained {
    /// Adds why the scores are what they are.
    #[serde(default)]
    explain: bool,
}

/// The journey of the conversation's lead.
#[utoipa::path(
    tag = "conversation state",
    params(("id" = uuid::Uuid, Path), Explained),
    responses((status = 200, body = Journey))
)]
#[get("/conversation-state/{id}/lead-journey")]
pub async fn lead_journey(
    _caller: Authorized<Read>,
    path: PathParts,
    query: QueryString<Explained>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let (id, explain) = (path.id("id")?, query.0.explain);
    let value = api
        .ask(move |reader, now| {
            let seen = views::see(reader, id)?;
            views::conversation_journey(reader, &seen, explain, now)
        })
        .await?;
    Ok(answers::json(&value))
}

/// The journey of a lead.
#[utoipa::path(
    tag = "conversation state",
    params(("lead_id" = uuid::Uuid, Path), Explained),
    responses((status = 200, body = Journey))
)]
#[get("/conversation-state/lead/{lead_id}/journey")]
pub async fn lead_journey_of_lead(
    _caller: Authorized<Read>,
    path: PathParts,
    query: QueryString<Explained>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let (id, explain) = (path.id("lead_id")?, query.0.explain);
    let value = api
        .ask(move |reader, now| views::lead_journey(reader, id, explain, now))
        .await?;
    Ok(answers::json(&value))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TreeQuery {
    /// All nodes in pre-order instead of children inside their parents.
    #[serde(default)]
    flat: bool,
    /// `text` is one line a node; default `json`.
    #[param(value_type = TreeFormat, inline, required = false)]
    format: Option<String>,
}

/// The conversation's messages as a tree.
#[utoipa::path(
    tag = "conversation state",
    params(("id" = uuid::Uuid, Path), TreeQuery),
    responses((status = 200, content((ThreadTree = "application/json"), (String = "text/plain"))))
)]
#[get("/conversation-state/{id}/thread-tree")]
pub async fn thread_tree(
    _caller: Authorized<Read>,
    path: PathParts,
    query: QueryString<TreeQuery>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let form = match query.0.format.as_deref() {
        Some("text") => TreeForm::Text,
        Some("json") | None if query.0.flat => TreeForm::Flat,
        Some("json") | None => TreeForm::Nested,
        Some(_) => return Err(Problem::invalid_field("format", "must be json or text")),
    };
    let id = path.id("id")?;
    let value = api
        .ask(move |reader, _| {
            let seen = views::see(reader, id)?;
            views::thread_tree(reader, &seen, form)
        })
        .await?;
    Ok(match value {
        serde_json::Value::String(text) if form == TreeForm::Text => HttpResponse::Ok()
            .content_type("text/plain; charset=utf-8")
            .body(text),
        value => answers::json(&value),
    })
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct HistoryQuery {
    /// Messages wanted; default 20. There are at most 200, however many are wanted.
    #[param(nullable = false, minimum = 1)]
    limit: Option<i64>,
}

/// Summary, topics, intent and the newest messages.
#[utoipa::path(
    tag = "conversation state",
    params(("id" = uuid::Uuid, Path), HistoryQuery),
    responses((status = 200, body = ContextAnswer))
)]
#[get("/conversation-state/{id}/context")]
pub async fn context(
    _caller: Authorized<Read>,
    path: PathParts,
    query: QueryString<HistoryQuery>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let limit = query.0.limit.unwrap_or(20);
    if limit < 1 {
        return Err(Problem::invalid_field("limit", "must be at least 1"));
    }
    let (id, limit) = (path.id("id")?, limit.min(views::PAGE));
    let asked = api.ask(move |reader, _| Ok(reader.conversation_revision(id)?));
    let revision = asked.await?.ok_or_else(Problem::not_found)?;
    let key = |revision| kept::Key {
        conversation: id,
        revision,
        limit,
    };
    let context = match api.kept.get(key(revision)).await {
        Some(context) => context,
        None => {
            let (revision, context) = api
                .ask(move |reader, _| {
                    let seen = views::see(reader, id)?;
                    let context = views::context(reader, &seen, limit)?;
                    Ok((seen.row.revision, context.to_string()))
                })
                .await?;
            api.kept.put(key(revision), context.clone());
            context
        }
    };
    let now = convo_app::wire::time(clock::now());
    let whole = format!(r#"{{"conversationId":"{id}","context":{context},"timestamp":"{now}"}}"#);
    Ok(HttpResponse::Ok()
        .content_type(ContentType::json())
        .body(whole))
}

/// The audit trail, oldest first.
#[utoipa::path(
    tag = "conversation state",
    params(("id" = uuid::Uuid, Path), super::lists::Paging),
    responses((status = 200, body = lists::AuditedStepList))
)]
#[get("/conversation-state/{id}/transitions")]
pub async fn transitions(
    _caller: Authorized<Read>,
    path: PathParts,
    query: QueryString<super::lists::Paging>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let (size, after) = (query.0.size()?, query.0.number()?);
    let id = path.id("id")?;
    let value = api
        .ask(move |reader, _| {
            views::see(reader, id)?;
            let rows = reader.transitions_after(id, after, size)?;
            let next = super::lists::last(&rows, size).map(|row| row.version.to_string());
            Ok(views::page(views::transition_items(reader, &rows)?, next))
        })
        .await?;
    Ok(answers::json(&value))
}

/// Figures of one conversation.
#[utoipa::path(
    operation_id = "conversation_metrics",
    tag = "conversation state",
    params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = ConversationFigures))
)]
#[get("/conversation-state/{id}/metrics")]
pub async fn metrics(
    _caller: Authorized<Read>,
    path: PathParts,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let id = path.id("id")?;
    let value = api
        .ask(move |reader, now| {
            let seen = views::see(reader, id)?;
            Ok(views::metrics(&seen, now))
        })
        .await?;
    Ok(answers::json(&value))
}

/// The rules, and the events they guard.
#[utoipa::path(
    tag = "conversation state",
    responses((status = 200, body = lists::RuleList))
)]
#[get("/conversation-state/validation-rules")]
pub async fn validation_rules(
    _caller: Authorized<Read>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    Ok(answers::json(&views::rules(&api.app.context().rules)))
}

/// Distribution, recent activity, rates and funnel.
#[utoipa::path(
    tag = "conversation state",
    responses((status = 200, body = Overview))
)]
#[get("/conversation-state/dashboard/overview")]
pub async fn overview(
    _caller: Authorized<Read>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    Ok(answers::json(&api.ask(views::overview).await?))
}
