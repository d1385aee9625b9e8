//! Receipts of webhooks: what went wrong, and trying it again.

use actix_web::{HttpRequest, HttpResponse, web};
use convo_app::{Command, views};
use convo_dashboard::receipts;

use super::answer::{self, Refused, Shown, see_other};
use super::form::Posted;
use super::session::Session;
use crate::api::Api;
use crate::api::lists::Paging;
use crate::api::webhooks;
use crate::auth::Scope;
use crate::http::input::PathParts;
use crate::problem::Problem;

/// `GET /receipts`.
pub async fn list(
    session: Session,
    request: HttpRequest,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    let query = answer::query(&request);
    let paging: Paging = answer::filter(&query)?;
    let status = answer::asked(&query, "status").map(str::to_owned);
    let list = api.listed(
        &paging,
        move |reader, after, size| Ok(reader.receipts(status.as_deref(), after, size)?),
        |row| (row.received_at, row.id),
        |_, rows| Ok(rows.iter().map(views::receipt).collect()),
    );
    let list = list.await?;
    let done = answer::query_done(&request);
    let body = receipts::page(&list, &query, &session.viewer(), done.as_deref());
    Shown {
        name: "receipts",
        title: "Receipts",
        live: None,
        body,
    }
    .to(&session, &api)
    .await
}

/// `POST /receipts/{id}/replay`: as `POST /api/webhook-receipts/{id}/replay`.
pub async fn replay(
    posted: Posted,
    request: HttpRequest,
    path: PathParts,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    posted.session.needs(&[Scope::Admin])?;
    let id = path.id("id")?;
    let retry = Command::RetryReceipt {
        id,
        replay: true,
        reread: webhooks::reread(&api.app, &api.mailgun, id).await?,
    };
    let answer = api.app.retry(posted.envelope(&request, retry), id).await?;
    if answer.status == 404 {
        return Err(Problem::not_found().into());
    }
    // A try that failed again is no refusal: the list says what came of it.
    Ok(see_other("/receipts?done=replayed", &[]))
}
