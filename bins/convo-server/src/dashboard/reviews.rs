//! The review list: what waits for a decision, and the decisions.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, web};
use convo_app::{Command, views, wire};
use convo_dashboard::reviews;

use super::answer::{self, Refused, Shown, live, see_other};
use super::form::Posted;
use super::session::Session;
use crate::api::Api;
use crate::api::lists::Paging;
use crate::auth::Scope;
use crate::http::input::PathParts;
use crate::problem::Problem;

/// Items of a page: each shows a whole mail.
const ITEMS: i64 = 20;

/// `GET /review`.
pub async fn list(
    session: Session,
    request: HttpRequest,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    page(&session, &request, &api, None).await
}

/// `POST /review/{id}`: as `POST /api/review/{id}/resolve`.
pub async fn resolve(
    posted: Posted,
    request: HttpRequest,
    path: PathParts,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    let id = path.id("id")?;
    posted.session.needs(&[Scope::Write])?;
    let ran = match decision(&posted) {
        Ok(decision) => {
            let command = Command::ResolveReview(id, decision);
            posted.run(&api, &request, &[Scope::Write], command).await
        }
        Err(problem) => Err(problem),
    };
    match ran {
        Ok(()) => Ok(see_other("/review?done=resolved", &[])),
        Err(problem) if problem.status_code() == StatusCode::NOT_FOUND => Err(problem.into()),
        Err(problem) => page(&posted.session, &request, &api, Some(&problem)).await,
    }
}

fn decision(posted: &Posted) -> Result<wire::Resolve, Problem> {
    let fields = &posted.fields;
    let decision = wire::Resolve {
        action: fields.text("action").unwrap_or_default().to_owned(),
        conversation_id: fields.id("conversationId")?,
        lead_id: fields.id("leadId")?,
        reason: fields.text("reason").map(str::to_owned),
    };
    decision.check()?;
    Ok(decision)
}

async fn page(
    session: &Session,
    request: &HttpRequest,
    api: &Api,
    refused: Option<&Problem>,
) -> Result<HttpResponse, Refused> {
    let query = answer::query(request);
    let cursor = answer::asked(&query, "cursor").map(str::to_owned);
    let head = api.ask(|reader, _| Ok(reader.head()?)).await?;
    let paging = Paging {
        limit: Some(ITEMS),
        cursor,
    };
    let list = api.listed(
        &paging,
        |reader, after, size| Ok(reader.reviews(after, size)?),
        |row| (row.created_at, row.id),
        views::reviews_with_names,
    );
    let list = list.await?;
    let (viewer, alert) = (session.viewer(), refused.map(Problem::document));
    let done = answer::query_done(request);
    let body = reviews::page(
        &list,
        &query,
        &viewer,
        alert.as_ref(),
        done.as_deref().filter(|_| refused.is_none()),
    );
    let mut live = live(request, &head, &["message_threads", "conversation_states"]);
    // Mail that is parked makes no event that a page could hear.
    live.poll = 15;
    if refused.is_some() {
        live.address = "/review".to_owned();
    }
    Shown {
        name: "review",
        title: "Review",
        live: Some(live),
        body,
    }
    .to(session, api)
    .await
}
