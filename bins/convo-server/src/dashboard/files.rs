//! Files of pages, and what mail brings along.

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use convo_app::AppError;
use convo_dashboard::{assets, policy};

use super::answer::Refused;
use super::session::Session;
use crate::api::{Api, messages};
use crate::http::input::PathParts;
use crate::problem::Problem;

/// `GET /assets/{name}`: nothing in it is a secret, so that the page that asks for a key has its style.
pub async fn asset(request: HttpRequest, path: PathParts) -> Result<HttpResponse, Refused> {
    let asset = assets::find(path.text("name")?).ok_or_else(Problem::not_found)?;
    let known = request.headers().get(header::IF_NONE_MATCH);
    let known = known
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let same = known.split(',').any(
        |tag| matches!(tag.trim().trim_start_matches("W/"), tag if tag == asset.etag || tag == "*"),
    );
    let mut answer = if same {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    answer
        .insert_header((header::ETAG, asset.etag.as_str()))
        .insert_header((header::CACHE_CONTROL, "public, no-cache"));
    Ok(match same {
        true => answer.finish(),
        false => answer
            .insert_header((header::CONTENT_TYPE, asset.media))
            .body(asset.body),
    })
}

/// `GET /messages/{id}/html`: a mail as it was formatted, for a frame of ours: an origin of its own that runs and loads
/// nothing.
pub async fn formatted(
    _session: Session,
    path: PathParts,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    let id = path.id("id")?;
    let asked = api.ask(move |reader, _| {
        let content = reader.contents_by_messages(&[id])?.pop();
        content
            .and_then(|content| content.html)
            .ok_or(AppError::NotFound)
    });
    let html = asked.await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy::MAIL))
        .insert_header((
            header::X_FRAME_OPTIONS,
            HeaderValue::from_static("SAMEORIGIN"),
        ))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(policy::without_hints(&html)))
}

/// `GET /messages/{id}/raw`: as below `/api`.
pub async fn raw(
    _session: Session,
    path: PathParts,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    Ok(messages::as_it_came(&api, path.id("id")?).await?)
}

/// `GET /messages/{id}/attachments/{n}`: as below `/api`.
pub async fn attachment(
    _session: Session,
    path: PathParts,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    Ok(messages::file_of(&api, path.id("id")?, path.number("n")?).await?)
}
