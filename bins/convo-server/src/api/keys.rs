//! API keys.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use convo_app::command::NewKeyHash;
use convo_app::{Command, views, wire};
use serde_json::Value;
use utoipa_actix_web::service_config::ServiceConfig;

use super::lists::Paging;
use super::{Api, Asked};
use crate::auth::{Admin, ApiKey, Authenticator, Authorized};
use crate::http::body::Body;
use crate::http::input::{PathParts, QueryString};
use crate::openapi::people::Key;
use crate::openapi::{lists, requests};
use crate::problem::Problem;

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(create_key).service(keys).service(revoke_key);
}

/// Makes a key and shows it, once.
#[utoipa::path(
    tag = "records",
    request_body = requests::NewKey,
    responses((status = 201, body = Key))
)]
#[post("/keys")]
pub async fn create_key(
    caller: Authorized<Admin>,
    body: Body<wire::NewKey>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    body.value.check()?;
    let drawn = ApiKey::draw().map_err(|_| Problem::internal())?;
    let text = drawn.expose().to_owned();
    let hint = text.chars().skip(text.len().saturating_sub(4)).collect();
    let command = Command::CreateKey(NewKeyHash {
        key: body.value,
        hash: drawn.hash().0,
        hint,
    });
    let envelope = convo_app::Envelope::new(command, super::actor(&caller));
    let answer = api.app.run(envelope).await?;
    let mut value: Value = serde_json::from_str(&answer.body).map_err(|_| Problem::internal())?;
    if let Value::Object(members) = &mut value {
        members.insert("key".to_owned(), text.into());
    }
    Ok(HttpResponse::Created().json(value))
}

/// Keys, without the keys themselves.
#[utoipa::path(
    tag = "records",
    params(Paging),
    responses((status = 200, body = lists::KeyList))
)]
#[get("/keys")]
pub async fn keys(
    _caller: Authorized<Admin>,
    query: QueryString<Paging>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    api.page(
        &query.0,
        |reader, after, size| Ok(reader.api_keys_page(after, size)?),
        |row| (row.created_at, row.id),
        |_, rows| Ok(rows.iter().map(views::key).collect()),
    )
    .await
}

/// Revokes a key; it is dead within 5 seconds everywhere.
#[utoipa::path(tag = "records", params(("id" = uuid::Uuid, Path)), responses((status = 204)))]
#[delete("/keys/{id}")]
pub async fn revoke_key(
    caller: Authorized<Admin>,
    request: HttpRequest,
    path: PathParts,
    authenticator: web::Data<Authenticator>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::new(&request, &caller);
    let answer = api.run(asked, Command::RevokeKey(path.id("id")?)).await?;
    authenticator.forget();
    Ok(answer)
}
