//! `/api/conversation-state/{id}/handover…`: what agents do with a handover, and what they need to know.

use actix_web::http::header::{self, ContentType};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use convo_app::handover::{Act, Action};
use convo_app::{AppError, Command, views, wire};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use super::lists::Paging;
use super::{Api, Asked, named};
use crate::auth::{Agent, Authorized, Read};
use crate::http::body::MaybeBody;
use crate::http::idempotency::IdempotencyKey;
use crate::http::input::{PathParts, QueryString};
use crate::http::page;
use crate::openapi::handover::{HandoverPack, HandoverStep};
use crate::openapi::vocabulary::PackFormat;
use crate::openapi::{lists, requests};
use crate::problem::Problem;

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(accept)
        .service(decline)
        .service(release)
        .service(touch)
        .service(handover_summary)
        .service(agent_offers);
}

/// Declares a POST by which an agent does something with a handover.
macro_rules! act {
    ($(#[$doc:meta])* $name:ident, $path:literal, $action:expr) => {
        $(#[$doc])*
        #[utoipa::path(
            tag = "handover",
            params(("id" = uuid::Uuid, Path), IdempotencyKey),
            request_body(content = requests::HandoverRequest),
            responses((status = 200, body = HandoverStep))
        )]
        #[post($path)]
        pub async fn $name(
            caller: Authorized<Agent>,
            request: HttpRequest,
            path: PathParts,
            key: IdempotencyKey,
            body: MaybeBody<wire::HandoverRequest>,
            api: web::Data<Api>,
        ) -> Result<HttpResponse, Problem> {
            body.value.check()?;
            let asked = Asked::new(&request, &caller).with(&key, body.sha256);
            let act = Act {
                action: $action,
                key_agent: caller.agent_id,
                request: body.value,
            };
            api.run(asked, Command::Handover(named(&path), act)).await
        }
    };
}

act!(
    /// Takes the conversation: the agent who is asked, or any while nobody is. Of many at once, one gets it.
    accept, "/conversation-state/{id}/handover/accept", Action::Accept
);
act!(
    /// Does not take it: the next agent is asked.
    decline, "/conversation-state/{id}/handover/decline", Action::Decline
);
act!(
    /// Gives it back: in HANDED_OVER it is offered again, otherwise automation may go on.
    release, "/conversation-state/{id}/handover/release", Action::Release
);
act!(
    /// Records that the owner was in touch with the lead elsewhere, such as by phone.
    touch, "/conversation-state/{id}/handover/touch", Action::Touch
);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PackQuery {
    /// `html` is a page; default what `Accept` asks for, else `json`.
    #[param(value_type = PackFormat, inline, required = false)]
    format: Option<String>,
}

/// Who the lead is, what they want in their own words, and what to do next.
#[utoipa::path(
    tag = "handover",
    params(("id" = uuid::Uuid, Path), PackQuery),
    responses((status = 200, content((HandoverPack = "application/json"), (String = "text/html"))))
)]
#[get("/conversation-state/{id}/handover-summary")]
pub async fn handover_summary(
    _caller: Authorized<Read>,
    request: HttpRequest,
    path: PathParts,
    query: QueryString<PackQuery>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let html = match query.0.format.as_deref() {
        Some("html") => true,
        Some("json") => false,
        None => prefers_html(&request),
        Some(_) => return Err(Problem::invalid_field("format", "must be json or html")),
    };
    let (id, app) = (path.id("id")?, api.app.clone());
    let pack = api
        .ask(move |reader, _| {
            let seen = views::see(reader, id)?;
            views::handover_pack(reader, app.context(), &seen)
        })
        .await?;
    if html {
        let body = views::handover_page(&pack);
        return Ok(page::of(
            actix_web::http::StatusCode::OK,
            views::STYLE,
            body,
        ));
    }
    Ok(HttpResponse::Ok()
        .content_type(ContentType::json())
        .body(pack.to_string()))
}

/// Whether a browser asks: HTML is named before JSON or anything.
fn prefers_html(request: &HttpRequest) -> bool {
    let given = request.headers().get(header::ACCEPT);
    let given = given.and_then(|value| value.to_str().ok()).unwrap_or("");
    let mut kinds = given.split(',').map(|kind| {
        let name = kind.split(';').next().unwrap_or_default();
        name.trim().to_ascii_lowercase()
    });
    let first =
        kinds.find(|kind| matches!(kind.as_str(), "text/html" | "application/json" | "*/*"));
    first.as_deref() == Some("text/html")
}

/// What an agent is asked to take, oldest first, with the lead of each.
#[utoipa::path(
    tag = "handover",
    params(("id" = uuid::Uuid, Path), Paging),
    responses((status = 200, body = lists::OfferList))
)]
#[get("/agents/{id}/offers")]
pub async fn agent_offers(
    _caller: Authorized<Read>,
    path: PathParts,
    paging: QueryString<Paging>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let id = path.id("id")?;
    api.page(
        &paging.0,
        move |reader, after, size| {
            if reader.agents_by_ids(&[id])?.is_empty() {
                return Err(AppError::NotFound);
            }
            Ok(reader.open_offers(id, after, size)?)
        },
        |row| (row.offered_at, row.id),
        views::offers,
    )
    .await
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[track_caller]
    fn check(kinds: &str, html: bool) {
        let request = TestRequest::get().insert_header((header::ACCEPT, kinds));
        assert_eq!(prefers_html(&request.to_http_request()), html, "{kinds}");
    }

    #[test]
    fn browsers_get_a_page_and_programs_get_data() {
        check(
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            true,
        );
        check("application/json", false);
        check("*/*", false);
        check("application/json, text/html", false);
        check("", false);
    }
}
