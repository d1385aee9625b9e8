//! Drafts that wait for an agent: the list, approving and discarding.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, web};
use convo_app::{Command, views, wire};
use convo_dashboard::drafts::{self, Drafts};
use uuid::Uuid;

use super::answer::{self, Refused, Shown, asked, live, see_other};
use super::form::Posted;
use super::session::Session;
use crate::api::Api;
use crate::api::lists::Paging;
use crate::auth::Scope;
use crate::http::input::PathParts;
use crate::problem::Problem;

/// Drafts of a page: each shows a whole mail.
const DRAFTS: i64 = 20;
/// Seconds after which the page looks again: a draft makes no event that it could hear.
const LOOK_AGAIN: u32 = 5;
const ACT: &[Scope] = &[Scope::Write, Scope::Agent];

/// `GET /drafts`.
pub async fn list(
    session: Session,
    request: HttpRequest,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    page(&session, &request, &api, None).await
}

/// `POST /drafts/{id}/approve`: as `POST /api/drafts/{id}/approve`.
pub async fn approve(
    posted: Posted,
    request: HttpRequest,
    path: PathParts,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    let id = path.id("id")?;
    posted.session.needs(ACT)?;
    let wanted = approval(&posted, &api, id).await;
    let agent = posted.session.caller.agent_id;
    let command = wanted.map(|wanted| Command::ApproveDraft(id, Box::new(wanted), agent));
    told(&posted, &request, &api, (id, command), "approved").await
}

/// `POST /drafts/{id}/discard`: as `POST /api/drafts/{id}/discard`.
pub async fn discard(
    posted: Posted,
    request: HttpRequest,
    path: PathParts,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    let id = path.id("id")?;
    posted.session.needs(ACT)?;
    let wanted = wire::DiscardDraft {
        reason: posted.fields.text("reason").map(str::to_owned),
    };
    let checked = wanted.check().map_err(Problem::from);
    let command = checked.map(|()| Command::DiscardDraft(id, wanted));
    told(&posted, &request, &api, (id, command), "discarded").await
}

/// What is approved: words that were not touched stay as they were drafted, and their HTML form with them.
async fn approval(posted: &Posted, api: &Api, id: Uuid) -> Result<wire::ApproveDraft, Problem> {
    if posted.fields.text("text").is_none() {
        return Err(Problem::invalid_field("text", "must not be blank"));
    }
    let drafted = api.ask(move |reader, _| Ok(reader.drafts_by_ids(&[id])?.pop()));
    let drafted = drafted.await?.ok_or_else(Problem::not_found)?;
    if drafted.subject.is_some() && posted.fields.text("subject").is_none() {
        return Err(Problem::invalid_field("subject", "must not be blank"));
    }
    let changed = |name: &str, before: &str| {
        let now = posted.fields.text(name)?;
        // A form sends other line ends than a program may have stored.
        let same = now.trim() == before.replace("\r\n", "\n").trim();
        (!same).then(|| now.to_owned())
    };
    let wanted = wire::ApproveDraft {
        agent_id: posted.fields.id("agentId")?,
        subject: changed("subject", drafted.subject.as_deref().unwrap_or_default()),
        text: changed("text", &drafted.text),
        html: None,
    };
    wanted.check()?;
    Ok(wanted)
}

async fn told(
    posted: &Posted,
    request: &HttpRequest,
    api: &Api,
    (id, command): (Uuid, Result<Command, Problem>),
    done: &str,
) -> Result<HttpResponse, Refused> {
    let ran = match command {
        Ok(command) => posted.run(api, request, ACT, command).await,
        Err(problem) => Err(problem),
    };
    match ran {
        Ok(()) => Ok(see_other(&format!("/drafts?done={done}"), &[])),
        Err(problem) if problem.status_code() == StatusCode::NOT_FOUND => Err(problem.into()),
        Err(problem) => {
            let written = posted.fields.text("text").unwrap_or_default();
            let unsent = (id.to_string(), written);
            page(&posted.session, request, api, Some((&problem, unsent))).await
        }
    }
}

async fn page(
    session: &Session,
    request: &HttpRequest,
    api: &Api,
    refused: Option<(&Problem, (String, &str))>,
) -> Result<HttpResponse, Refused> {
    let query = answer::query(request);
    let before = api.ask(|reader, _| Ok((reader.head()?, reader.active_agents(views::PAGE)?)));
    let (head, agents) = before.await?;
    let paging = Paging {
        limit: Some(DRAFTS),
        cursor: asked(&query, "cursor").map(str::to_owned),
    };
    let list = api.listed(
        &paging,
        |reader, after, size| Ok(reader.drafts(None, after, size)?),
        |row| (row.created_at, row.id),
        views::drafts_with_names,
    );
    let list = list.await?;
    let agents: Vec<_> = agents.iter().map(|row| views::agent(row, &[])).collect();
    let (viewer, done) = (session.viewer(), answer::query_done(request));
    let alert = refused.as_ref().map(|(problem, _)| problem.document());
    let unsent = refused.as_ref().map(|(_, (id, text))| (id.as_str(), *text));
    let body = drafts::page(&Drafts {
        page: &list,
        query: &query,
        agents: &agents,
        viewer: &viewer,
        alert: alert.as_ref(),
        unsent: unsent.filter(|(_, text)| !text.is_empty()),
        done: done.as_deref().filter(|_| refused.is_none()),
    });
    let mut live = live(request, &head, &["message_threads", "handover_events"]);
    live.poll = LOOK_AGAIN;
    if refused.is_some() {
        live.address = "/drafts".to_owned();
    }
    Shown {
        name: "drafts",
        title: "Drafts",
        live: Some(live),
        body,
    }
    .to(session, api)
    .await
}
