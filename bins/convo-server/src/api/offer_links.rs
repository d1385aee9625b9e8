//! `/o/{signed}`: accept and decline from a mail. A GET shows what the link means, and changes nothing: mail scanners
//! open every link. A POST acts.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, get, post, web};
use convo_app::handover::link::{self, Link, Means};
use convo_app::{Actor, AppError, Command, Envelope, views};
use serde_json::Value;
use utoipa_actix_web::service_config::ServiceConfig;

use super::Api;
use crate::auth::Gate;
use crate::http::page;
use crate::problem::Problem;

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(show_offer).service(act_on_offer);
}

/// What a link of an offer means now, as a page with a button.
#[utoipa::path(
    tag = "handover",
    params(("signed" = String, Path)),
    security(()),
    responses(
        (status = 200, content((String = "text/html"))),
        (status = 404, description = "The link is not one of ours", content((String = "text/html")))
    )
)]
#[get("/o/{signed}")]
pub async fn show_offer(
    request: HttpRequest,
    api: web::Data<Api>,
    gate: web::Data<Gate>,
) -> Result<HttpResponse, Problem> {
    let Some(link) = opened(&api, &request) else {
        return forged(&gate, &request);
    };
    let shown = api
        .ask(move |reader, _| match link::show(reader, link) {
            Ok(shown) => Ok(Some(shown)),
            Err(AppError::NotFound) => Ok(None),
            Err(error) => Err(error),
        })
        .await?;
    let Some(shown) = shown else {
        return Ok(gone());
    };
    let can = match (shown.means, link.accept) {
        (Means::Open, _) | (Means::StillFree, true) => {
            Some(if link.accept { "Accept" } else { "Decline" })
        }
        _ => None,
    };
    let title = format!("{}: {}", shown.who, shown.subject);
    Ok(written(StatusCode::OK, &title, said(shown.means), can))
}

/// Accepts or declines.
#[utoipa::path(
    tag = "handover",
    params(("signed" = String, Path)),
    security(()),
    responses(
        (status = 200, content((String = "text/html"))),
        (status = 404, description = "The link is not one of ours", content((String = "text/html"))),
        (status = 409, description = "Another agent has it or is asked", content((String = "text/html"))),
        (status = 410, description = "The conversation is over", content((String = "text/html")))
    )
)]
#[post("/o/{signed}")]
pub async fn act_on_offer(
    request: HttpRequest,
    api: web::Data<Api>,
    gate: web::Data<Gate>,
) -> Result<HttpResponse, Problem> {
    let Some(link) = opened(&api, &request) else {
        return forged(&gate, &request);
    };
    let command = Command::HandoverLink(link);
    let envelope = Envelope::new(command, Actor::Code("offer_link"));
    let answer = match api.app.run(envelope).await {
        Ok(answer) => answer,
        Err(AppError::NotFound) => return Ok(gone()),
        Err(error) => return Err(error.into()),
    };
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let means = body["means"].as_str().and_then(Means::read);
    let means = means.unwrap_or(Means::Over);
    let status = match means {
        Means::Open | Means::Yours | Means::StillFree | Means::Declined => StatusCode::OK,
        Means::Taken => StatusCode::CONFLICT,
        Means::Over => StatusCode::GONE,
    };
    Ok(written(status, "Handover", said(means), None))
}

fn opened(api: &Api, request: &HttpRequest) -> Option<Link> {
    let signed = request.match_info().get("signed")?;
    Link::open(api.app.context(), signed)
}

/// A link we did not sign; who tries many is told to wait.
fn forged(gate: &Gate, request: &HttpRequest) -> Result<HttpResponse, Problem> {
    let peer = request.peer_addr().map(|address| address.ip());
    let client = gate.client(peer, request.headers());
    let refused = gate.refuse(client, "offer_link", Problem::not_found());
    if refused.status_code() == StatusCode::TOO_MANY_REQUESTS {
        return Err(refused);
    }
    Ok(gone())
}

fn gone() -> HttpResponse {
    let text = "This link is not valid. Look into your inbox of offers, or ask whoever runs Convo.";
    written(StatusCode::NOT_FOUND, "Handover", text, None)
}

fn said(means: Means) -> &'static str {
    match means {
        Means::Open => "You are asked to take this conversation over.",
        Means::Yours => "The conversation is yours.",
        Means::StillFree => {
            "The time of this offer is over, but nobody has taken the conversation yet."
        }
        Means::Taken => "Thank you, but another agent has this conversation, or is asked now.",
        Means::Declined => "You have declined. The next agent is asked.",
        Means::Over => "Thank you, but this conversation needs nobody any more.",
    }
}

fn written(status: StatusCode, title: &str, text: &str, button: Option<&str>) -> HttpResponse {
    let mut body = String::from(
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width\"><title>Handover</title><style>",
    );
    body.push_str(views::STYLE);
    body.push_str("</style></head><body><main><h1>");
    views::escape(title, &mut body);
    body.push_str("</h1><p>");
    views::escape(text, &mut body);
    body.push_str("</p>");
    if let Some(button) = button {
        body.push_str("<form method=post><button>");
        body.push_str(button);
        body.push_str("</button></form>");
    }
    body.push_str("</main></body></html>\n");
    page::of(status, views::STYLE, body)
}
