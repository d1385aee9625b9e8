//! Outgoing mail: what was given up, and trying it again.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, web};
use convo_app::outbox::Status;
use convo_app::{Command, views, wire};
use convo_dashboard::outbox;
use serde_json::Value;

use super::answer::{self, Refused, Shown, asked, live, see_other};
use super::form::Posted;
use super::session::Session;
use crate::api::Api;
use crate::api::lists::Paging;
use crate::auth::Scope;
use crate::http::input::PathParts;
use crate::problem::Problem;

/// Seconds after which the page looks again: what becomes of a mail on its way makes no event that it could hear.
const LOOK_AGAIN: u32 = 5;
/// What is asked for to see every status.
const ALL: &str = "all";

/// `GET /outbox`: what was given up, where nothing else is asked for.
pub async fn list(
    session: Session,
    request: HttpRequest,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    page(&session, &request, &api, None).await
}

/// `POST /outbox/{id}/retry`: as `POST /api/outbox/{id}/retry`.
pub async fn retry(
    posted: Posted,
    request: HttpRequest,
    path: PathParts,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    let command = Command::RetryOutbox(path.id("id")?);
    told(&posted, &request, &api, command).await
}

/// `POST /outbox/retry`: as `POST /api/outbox/retry`.
pub async fn retry_all(
    posted: Posted,
    request: HttpRequest,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    let code = posted.fields.text("code").unwrap_or_default().to_owned();
    let command = Command::RetryDead(wire::RetryMails { code });
    told(&posted, &request, &api, command).await
}

async fn told(
    posted: &Posted,
    request: &HttpRequest,
    api: &Api,
    command: Command,
) -> Result<HttpResponse, Refused> {
    posted.session.needs(&[Scope::Admin])?;
    let answered = posted.answered(api, request, &[Scope::Admin], command);
    match answered.await {
        Ok(answer) => {
            // One commit takes so many and no more.
            let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
            let to = match body["more"] == true {
                true => "/outbox?done=retried-some",
                false => "/outbox?done=retried",
            };
            Ok(see_other(to, &[]))
        }
        Err(problem) if problem.status_code() == StatusCode::NOT_FOUND => Err(problem.into()),
        Err(problem) => page(&posted.session, request, api, Some(&problem)).await,
    }
}

async fn page(
    session: &Session,
    request: &HttpRequest,
    api: &Api,
    refused: Option<&Problem>,
) -> Result<HttpResponse, Refused> {
    let mut query = answer::query(request);
    if asked(&query, "status").is_none() {
        query.retain(|(name, _)| name != "status");
        query.push(("status".to_owned(), Status::Dead.as_str().to_owned()));
    }
    let paging: Paging = answer::filter(&query)?;
    let status = asked(&query, "status").filter(|status| *status != ALL);
    let status = status.map(str::to_owned);
    let head = api.ask(|reader, _| Ok(reader.head()?)).await?;
    let list = api.listed(
        &paging,
        move |reader, after, size| Ok(reader.outbox(status.as_deref(), after, size)?),
        |row| (row.created_at, row.id),
        views::outgoing_with_names,
    );
    let list = list.await?;
    let (viewer, alert) = (session.viewer(), refused.map(Problem::document));
    let done = answer::query_done(request);
    let body = outbox::page(
        &list,
        &query,
        &viewer,
        alert.as_ref(),
        done.as_deref().filter(|_| refused.is_none()),
    );
    let mut live = live(request, &head, &["message_threads", "email_events"]);
    live.poll = LOOK_AGAIN;
    if refused.is_some() {
        live.address = "/outbox".to_owned();
    }
    Shown {
        name: "outbox",
        title: "Outgoing mail",
        live: Some(live),
        body,
    }
    .to(session, api)
    .await
}
