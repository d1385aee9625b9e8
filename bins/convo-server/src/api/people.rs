//! Leads, agents, campaigns, policy, suppressions and keys.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};
use convo_app::command::NewKeyHash;
use convo_app::{AppError, Command, views, wire};
use convo_core::vocabulary::Stage;
use convo_store::{Cursor, LeadList};
use serde::Deserialize;
use serde_json::Value;
use utoipa_actix_web::service_config::ServiceConfig;

use super::lists::{Paging, next};
use super::{Api, Asked, answers, named};
use crate::auth::{Admin, ApiKey, Authenticator, Authorized, Read, Write};
use crate::http::body::Body;
use crate::http::idempotency::IdempotencyKey;
use crate::http::input::{PathParts, QueryString};
use crate::problem::Problem;

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(create_lead)
        .service(leads)
        .service(lead)
        .service(patch_lead)
        .service(erase_lead)
        .service(export_lead)
        .service(create_agent)
        .service(agents)
        .service(patch_agent)
        .service(create_campaign)
        .service(campaigns)
        .service(patch_campaign)
        .service(policy)
        .service(put_policy)
        .service(create_suppression)
        .service(suppressions)
        .service(lift_suppression)
        .service(create_key)
        .service(keys)
        .service(revoke_key);
}

/// Declares a POST that makes a record of a checked body.
macro_rules! create {
    ($(#[$doc:meta])* $name:ident, $path:literal, $scope:ty, $body:ty, $command:path) => {
        $(#[$doc])*
        #[utoipa::path(tag = "records", request_body = Object, responses((status = 201, body = Object), (status = 200, body = Object)))]
        #[post($path)]
        pub async fn $name(
            caller: Authorized<$scope>,
            request: HttpRequest,
            key: IdempotencyKey,
            body: Body<$body>,
            api: web::Data<Api>,
        ) -> Result<HttpResponse, Problem> {
            body.value.check()?;
            let asked = Asked { request: &request, caller: &caller, key: Some(&key), body: body.sha256 };
            api.run(asked, $command(body.value)).await
        }
    };
}

/// Declares a PATCH of a record.
macro_rules! change {
    ($(#[$doc:meta])* $name:ident, $path:literal, $scope:ty, $body:ty, $command:path) => {
        $(#[$doc])*
        #[utoipa::path(tag = "records", params(("id" = uuid::Uuid, Path)), request_body = Object, responses((status = 200, body = Object)))]
        #[patch($path)]
        pub async fn $name(
            caller: Authorized<$scope>,
            request: HttpRequest,
            path: PathParts,
            body: Body<$body>,
            api: web::Data<Api>,
        ) -> Result<HttpResponse, Problem> {
            body.value.check()?;
            let asked = Asked { request: &request, caller: &caller, key: None, body: body.sha256 };
            api.run(asked, $command(named(&path), body.value)).await
        }
    };
}

create!(
    /// Makes a lead; the same address again finds it.
    create_lead, "/leads", Write, wire::NewLead, Command::CreateLead
);
change!(
    /// Changes a lead.
    patch_lead, "/leads/{id}", Write, wire::LeadPatch, Command::PatchLead
);
create!(
    /// Makes an agent.
    create_agent, "/agents", Admin, wire::NewAgent, Command::CreateAgent
);
change!(
    /// Changes an agent.
    patch_agent, "/agents/{id}", Admin, wire::AgentPatch, Command::PatchAgent
);
create!(
    /// Makes a campaign.
    create_campaign, "/campaigns", Write, wire::NewCampaign, Command::CreateCampaign
);
change!(
    /// Changes a campaign.
    patch_campaign, "/campaigns/{id}", Write, wire::CampaignPatch, Command::PatchCampaign
);
create!(
    /// Suppresses an address.
    create_suppression, "/suppressions", Write, wire::NewSuppression, Command::CreateSuppression
);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LeadFilter {
    q: Option<String>,
    stage: Option<String>,
    external_id: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// Leads, newest first.
#[utoipa::path(tag = "records", params(("q" = Option<String>, Query), ("stage" = Option<String>, Query), ("externalId" = Option<String>, Query), ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)), responses((status = 200, body = Object)))]
#[get("/leads")]
pub async fn leads(
    _caller: Authorized<Read>,
    query: QueryString<LeadFilter>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let filter = query.0;
    let stage = match filter.stage.as_deref() {
        Some(text) => {
            let stage: Stage = text
                .parse()
                .map_err(|_| Problem::invalid_field("stage", "is not a stage"))?;
            Some(i16::from(stage.order()))
        }
        None => None,
    };
    let paging = Paging {
        limit: filter.limit,
        cursor: filter.cursor,
    };
    let size = paging.size()?;
    let wanted = LeadList {
        q: filter.q.filter(|q| !q.is_empty()),
        stage,
        external_id: filter.external_id,
        after: paging.after()?,
        limit: size,
    };
    let value = api
        .ask(move |reader, _| {
            let rows = reader.leads(&wanted)?;
            let next = next(&rows, size, |row| Cursor {
                at: row.created_at,
                id: row.id,
            });
            Ok(views::page(views::leads(reader, &rows)?, next))
        })
        .await?;
    Ok(answers::json(&value))
}

/// One lead.
#[utoipa::path(tag = "records", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = Object)))]
#[get("/leads/{id}")]
pub async fn lead(
    _caller: Authorized<Read>,
    path: PathParts,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let id = path.id("id")?;
    let value = api
        .ask(move |reader, _| {
            let rows = reader.leads_by_ids(&[id])?;
            let standing = rows
                .into_iter()
                .filter(|row| row.erased_at.is_none())
                .collect::<Vec<_>>();
            views::leads(reader, &standing)?
                .pop()
                .ok_or(AppError::NotFound)
        })
        .await?;
    Ok(answers::json(&value))
}

/// Forgets the person; states, times and counters stay.
#[utoipa::path(tag = "records", params(("id" = uuid::Uuid, Path)), responses((status = 204)))]
#[delete("/leads/{id}")]
pub async fn erase_lead(
    _caller: Authorized<Admin>,
    path: PathParts,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let id = path.id("id")?;
    let app = api.app.clone();
    let erased = web::block(move || app.erase(id)).await;
    erased.map_err(|_| Problem::unavailable())??;
    Ok(HttpResponse::NoContent().finish())
}

/// Everything held on a person.
#[utoipa::path(tag = "records", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = Object)))]
#[get("/leads/{id}/export")]
pub async fn export_lead(
    _caller: Authorized<Read>,
    path: PathParts,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let id = path.id("id")?;
    let value = api
        .ask(move |reader, now| views::export(reader, id, now))
        .await?;
    Ok(answers::json(&value))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecordFilter {
    external_id: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

impl RecordFilter {
    fn paging(&self) -> Paging {
        Paging {
            limit: self.limit,
            cursor: self.cursor.clone(),
        }
    }
}

/// Agents.
#[utoipa::path(tag = "records", params(("externalId" = Option<String>, Query), ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)), responses((status = 200, body = Object)))]
#[get("/agents")]
pub async fn agents(
    _caller: Authorized<Read>,
    query: QueryString<RecordFilter>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let (size, after) = (query.0.paging().size()?, query.0.paging().after()?);
    let value = api
        .ask(move |reader, _| {
            let rows = match query.0.external_id {
                Some(id) => reader.agents_by_external_ids(&[id])?,
                None => reader.agents(after, size)?,
            };
            let next = next(&rows, size, |row| Cursor {
                at: row.created_at,
                id: row.id,
            });
            Ok(views::page(views::agents(reader, &rows)?, next))
        })
        .await?;
    Ok(answers::json(&value))
}

/// Campaigns.
#[utoipa::path(tag = "records", params(("externalId" = Option<String>, Query), ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)), responses((status = 200, body = Object)))]
#[get("/campaigns")]
pub async fn campaigns(
    _caller: Authorized<Read>,
    query: QueryString<RecordFilter>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let (size, after) = (query.0.paging().size()?, query.0.paging().after()?);
    let value = api
        .ask(move |reader, _| {
            let rows = match query.0.external_id {
                Some(id) => reader.campaigns_by_external_ids(&[id])?,
                None => reader.campaigns(after, size)?,
            };
            let next = next(&rows, size, |row| Cursor {
                at: row.created_at,
                id: row.id,
            });
            Ok(views::page(views::campaigns(reader, &rows)?, next))
        })
        .await?;
    Ok(answers::json(&value))
}

/// The default policy in force.
#[utoipa::path(tag = "records", responses((status = 200, body = Object)))]
#[get("/policy")]
pub async fn policy(
    _caller: Authorized<Read>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    Ok(answers::json(
        &api.ask(|reader, _| views::default_policy(reader)).await?,
    ))
}

/// Replaces the default policy by a new version.
#[utoipa::path(tag = "records", request_body = Object, responses((status = 200, body = Object)))]
#[put("/policy")]
pub async fn put_policy(
    caller: Authorized<Admin>,
    request: HttpRequest,
    body: Body<Value>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked {
        request: &request,
        caller: &caller,
        key: None,
        body: body.sha256,
    };
    api.run(asked, Command::PutPolicy(body.value)).await
}

/// Suppressions, newest first.
#[utoipa::path(tag = "records", params(("address" = Option<String>, Query), ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)), responses((status = 200, body = Object)))]
#[get("/suppressions")]
pub async fn suppressions(
    _caller: Authorized<Read>,
    query: QueryString<AddressFilter>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let paging = Paging {
        limit: query.0.limit,
        cursor: query.0.cursor.clone(),
    };
    let (size, after) = (paging.size()?, paging.after()?);
    let value = api
        .ask(move |reader, _| {
            let rows = match query.0.address {
                Some(address) => {
                    reader.suppressions_by_addresses(&[wire::address_key(&address)])?
                }
                None => reader.suppressions(after, size)?,
            };
            let next = next(&rows, size, |row| Cursor {
                at: row.created_at,
                id: row.id,
            });
            Ok(views::page(
                rows.iter().map(views::suppression).collect(),
                next,
            ))
        })
        .await?;
    Ok(answers::json(&value))
}

/// Filter of suppressions.
#[derive(Debug, Deserialize)]
pub struct AddressFilter {
    address: Option<String>,
    evidence: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// Lifts the suppressions of an address; an opt-out needs evidence.
#[utoipa::path(tag = "records", params(("address" = String, Query), ("evidence" = Option<String>, Query)), responses((status = 204)))]
#[delete("/suppressions")]
pub async fn lift_suppression(
    caller: Authorized<Admin>,
    request: HttpRequest,
    query: QueryString<AddressFilter>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let address = query
        .0
        .address
        .ok_or_else(|| Problem::invalid_field("address", "is missing"))?;
    let asked = Asked {
        request: &request,
        caller: &caller,
        key: None,
        body: [0; 32],
    };
    api.run(
        asked,
        Command::LiftSuppression {
            address,
            evidence: query.0.evidence,
        },
    )
    .await
}

/// Makes a key and shows it, once.
#[utoipa::path(tag = "records", request_body = Object, responses((status = 201, body = Object)))]
#[post("/keys")]
pub async fn create_key(
    caller: Authorized<Admin>,
    request: HttpRequest,
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
    let _ = request;
    let envelope = convo_app::Envelope::new(command, super::actor(&caller));
    let answer = api.app.run(envelope).await?;
    let mut value: Value = serde_json::from_str(&answer.body).map_err(|_| Problem::internal())?;
    if let Value::Object(members) = &mut value {
        members.insert("key".to_owned(), text.into());
    }
    Ok(HttpResponse::Created().json(value))
}

/// Keys, without the keys themselves.
#[utoipa::path(tag = "records", responses((status = 200, body = Object)))]
#[get("/keys")]
pub async fn keys(
    _caller: Authorized<Admin>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let value = api
        .ask(|reader, _| {
            Ok(views::page(
                reader.api_keys()?.iter().map(views::key).collect(),
                None,
            ))
        })
        .await?;
    Ok(answers::json(&value))
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
    let asked = Asked {
        request: &request,
        caller: &caller,
        key: None,
        body: [0; 32],
    };
    let answer = api.run(asked, Command::RevokeKey(path.id("id")?)).await?;
    authenticator.forget();
    Ok(answer)
}
