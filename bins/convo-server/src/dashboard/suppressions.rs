//! Suppressions: the list, one more, and one less.

use actix_web::{HttpRequest, HttpResponse, web};
use convo_app::{Command, views, wire};
use convo_dashboard::suppressions;
use convo_store::Reader;

use super::answer::{self, Refused, Shown, see_other};
use super::form::Posted;
use super::session::Session;
use crate::api::Api;
use crate::api::lists::Paging;
use crate::auth::Scope;
use crate::problem::Problem;

/// `GET /suppressions`.
pub async fn list(
    session: Session,
    request: HttpRequest,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    page(&session, &request, &api, None).await
}

/// `POST /suppressions`: as `POST /api/suppressions`.
pub async fn add(
    posted: Posted,
    request: HttpRequest,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    posted.session.needs(&[Scope::Write])?;
    let text = |name: &str| posted.fields.text(name).map(|text| text.trim().to_owned());
    let new = wire::NewSuppression {
        address: text("address").unwrap_or_default(),
        reason: None,
        scope: None,
        source: Some("dashboard".to_owned()),
        evidence: text("evidence"),
        external_id: None,
        expires_at: None,
    };
    let ran = match new.check() {
        Ok(()) => {
            posted
                .run(
                    &api,
                    &request,
                    &[Scope::Write],
                    Command::CreateSuppression(new),
                )
                .await
        }
        Err(error) => Err(error.into()),
    };
    told(&posted, &request, &api, ran, "suppressed").await
}

/// `POST /suppressions/lift`: as `DELETE /api/suppressions`.
pub async fn lift(
    posted: Posted,
    request: HttpRequest,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    posted.session.needs(&[Scope::Admin])?;
    let text = |name: &str| posted.fields.text(name).map(|text| text.trim().to_owned());
    let command = Command::LiftSuppression {
        address: text("address").unwrap_or_default(),
        evidence: text("evidence"),
    };
    let ran = posted.run(&api, &request, &[Scope::Admin], command).await;
    told(&posted, &request, &api, ran, "lifted").await
}

async fn told(
    posted: &Posted,
    request: &HttpRequest,
    api: &Api,
    ran: Result<(), Problem>,
    done: &str,
) -> Result<HttpResponse, Refused> {
    match ran {
        Ok(()) => Ok(see_other(&format!("/suppressions?done={done}"), &[])),
        Err(problem) => page(&posted.session, request, api, Some(&problem)).await,
    }
}

async fn page(
    session: &Session,
    request: &HttpRequest,
    api: &Api,
    refused: Option<&Problem>,
) -> Result<HttpResponse, Refused> {
    let (query, app) = (answer::query(request), api.app.clone());
    let paging: Paging = answer::filter(&query)?;
    let address = answer::asked(&query, "address").map(wire::address_key);
    let rows = move |reader: &mut Reader<'_>, after, size| {
        Ok(match address {
            Some(key) => views::suppressions_of(reader, app.context(), &[key])?,
            None => reader.suppressions(after, size)?,
        })
    };
    let list = api.listed(
        &paging,
        rows,
        |row| (row.created_at, row.id),
        |_, rows| Ok(rows.iter().map(views::suppression).collect()),
    );
    let list = list.await?;
    let (viewer, alert) = (session.viewer(), refused.map(Problem::document));
    let done = answer::query_done(request);
    let body = suppressions::page(
        &list,
        &query,
        &viewer,
        alert.as_ref(),
        done.as_deref().filter(|_| refused.is_none()),
    );
    Shown {
        name: "suppressions",
        title: "Suppressions",
        live: None,
        body,
    }
    .to(session, api)
    .await
}
