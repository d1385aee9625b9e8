//! Leads, agents, campaigns and policy.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};
use convo_app::{AppError, Command, views, wire};
use convo_core::vocabulary::Stage;
use convo_store::LeadList;
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use super::lists::Paging;
use super::{Api, Asked, answers, named};
use crate::auth::{Admin, Authorized, Read, Write};
use crate::http::body::Body;
use crate::http::idempotency::IdempotencyKey;
use crate::http::input::{PathParts, QueryString};
use crate::http::request_id;
use crate::openapi::people::{Agent, Campaign, Lead};
use crate::openapi::policy::{Policy, PolicyChange};
use crate::openapi::records::Export;
use crate::openapi::vocabulary::Stage as StageWord;
use crate::openapi::{lists, requests};
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
        .service(put_policy);
}

/// Declares a POST that makes a record of a checked body.
macro_rules! create {
    ($(#[$doc:meta])* $name:ident, $path:literal, $scope:ty, $body:ty, $command:path, $shape:ident => $record:ident) => {
        $(#[$doc])*
        #[utoipa::path(
            tag = "records",
            params(IdempotencyKey),
            request_body = requests::$shape,
            responses((status = 201, body = $record), (status = 200, description = "It exists", body = $record))
        )]
        #[post($path)]
        pub async fn $name(
            caller: Authorized<$scope>,
            request: HttpRequest,
            key: IdempotencyKey,
            body: Body<$body>,
            api: web::Data<Api>,
        ) -> Result<HttpResponse, Problem> {
            body.value.check()?;
            let asked = Asked::new(&request, &caller).with(&key, body.sha256);
            api.run(asked, $command(body.value)).await
        }
    };
}

pub(super) use create;

/// Declares a PATCH of a record.
macro_rules! change {
    ($(#[$doc:meta])* $name:ident, $path:literal, $scope:ty, $body:ty, $command:path, $shape:ident => $record:ident) => {
        $(#[$doc])*
        #[utoipa::path(
            tag = "records",
            params(("id" = uuid::Uuid, Path)),
            request_body = requests::$shape,
            responses((status = 200, body = $record))
        )]
        #[patch($path)]
        pub async fn $name(
            caller: Authorized<$scope>,
            request: HttpRequest,
            path: PathParts,
            body: Body<$body>,
            api: web::Data<Api>,
        ) -> Result<HttpResponse, Problem> {
            body.value.check()?;
            let asked = Asked::new(&request, &caller);
            api.run(asked, $command(named(&path), body.value)).await
        }
    };
}

create!(
    /// Makes a lead; the same address again finds it.
    create_lead, "/leads", Write, wire::NewLead, Command::CreateLead,
    NewLead => Lead
);
change!(
    /// Changes a lead.
    patch_lead, "/leads/{id}", Write, wire::LeadPatch, Command::PatchLead,
    LeadPatch => Lead
);
create!(
    /// Makes an agent.
    create_agent, "/agents", Admin, wire::NewAgent, Command::CreateAgent,
    NewAgent => Agent
);
change!(
    /// Changes an agent.
    patch_agent, "/agents/{id}", Admin, wire::AgentPatch, Command::PatchAgent,
    AgentPatch => Agent
);
create!(
    /// Makes a campaign.
    create_campaign, "/campaigns", Write, wire::NewCampaign, Command::CreateCampaign,
    NewCampaign => Campaign
);
change!(
    /// Changes a campaign.
    patch_campaign, "/campaigns/{id}", Write, wire::CampaignPatch, Command::PatchCampaign,
    CampaignPatch => Campaign
);

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
/// Which leads to list.
pub struct LeadFilter {
    /// Beginning of the e-mail, first or last name.
    #[param(nullable = false)]
    q: Option<String>,
    /// In this stage.
    #[param(value_type = StageWord, required = false)]
    stage: Option<String>,
    /// With this id of the caller's.
    #[param(nullable = false)]
    external_id: Option<String>,
}

/// Leads, newest first.
#[utoipa::path(
    tag = "records",
    params(LeadFilter, Paging),
    responses((status = 200, body = lists::LeadList))
)]
#[get("/leads")]
pub async fn leads(
    _caller: Authorized<Read>,
    query: QueryString<LeadFilter>,
    paging: QueryString<Paging>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    Ok(answers::json(&api.leads(query.0, &paging.0).await?))
}

impl LeadFilter {
    /// What is looked for.
    ///
    /// # Errors
    /// `validation_failed` for a stage that is none.
    pub(crate) fn wanted(self) -> Result<LeadList, Problem> {
        let stage = match self.stage.as_deref() {
            Some(text) => {
                let stage: Stage = text
                    .parse()
                    .map_err(|_| Problem::invalid_field("stage", "is not a stage"))?;
                Some(i16::from(stage.order()))
            }
            None => None,
        };
        Ok(LeadList {
            q: self.q.filter(|q| !q.is_empty()),
            stage,
            external_id: self.external_id,
            ..LeadList::default()
        })
    }
}

impl Api {
    /// A page of leads, newest first.
    ///
    /// # Errors
    /// Those of the filter, of the paging and of the questions.
    pub(crate) async fn leads(
        &self,
        filter: LeadFilter,
        paging: &Paging,
    ) -> Result<Value, Problem> {
        let list = filter.wanted()?;
        self.listed(
            paging,
            move |reader, after, limit| {
                Ok(reader.leads(&LeadList {
                    after,
                    limit,
                    ..list
                })?)
            },
            |row| (row.created_at, row.id),
            views::leads,
        )
        .await
    }
}

/// One lead.
#[utoipa::path(
    tag = "records",
    params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = Lead))
)]
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
#[utoipa::path(
    tag = "records",
    params(("id" = uuid::Uuid, Path)),
    responses((status = 204))
)]
#[delete("/leads/{id}")]
pub async fn erase_lead(
    _caller: Authorized<Admin>,
    path: PathParts,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let id = path.id("id")?;
    let app = api.app.clone();
    request_id::block(move || app.erase(id)).await??;
    Ok(HttpResponse::NoContent().finish())
}

/// Everything held on a person.
#[utoipa::path(
    tag = "records",
    params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = Export))
)]
#[get("/leads/{id}/export")]
pub async fn export_lead(
    _caller: Authorized<Read>,
    path: PathParts,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let id = path.id("id")?;
    let app = api.app.clone();
    let value = api
        .ask(move |reader, now| views::export(reader, app.context(), id, now))
        .await?;
    Ok(answers::json(&value))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct RecordFilter {
    /// With this id of the caller's.
    #[param(nullable = false)]
    external_id: Option<String>,
}

/// Agents.
#[utoipa::path(
    tag = "records",
    params(RecordFilter, Paging),
    responses((status = 200, body = lists::AgentList))
)]
#[get("/agents")]
pub async fn agents(
    _caller: Authorized<Read>,
    query: QueryString<RecordFilter>,
    paging: QueryString<Paging>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    api.page(
        &paging.0,
        move |reader, after, size| {
            Ok(match query.0.external_id {
                Some(id) => reader.agents_by_external_ids(&[id])?,
                None => reader.agents(after, size)?,
            })
        },
        |row| (row.created_at, row.id),
        views::agents,
    )
    .await
}

/// Campaigns.
#[utoipa::path(
    tag = "records",
    params(RecordFilter, Paging),
    responses((status = 200, body = lists::CampaignList))
)]
#[get("/campaigns")]
pub async fn campaigns(
    _caller: Authorized<Read>,
    query: QueryString<RecordFilter>,
    paging: QueryString<Paging>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    api.page(
        &paging.0,
        move |reader, after, size| {
            Ok(match query.0.external_id {
                Some(id) => reader.campaigns_by_external_ids(&[id])?,
                None => reader.campaigns(after, size)?,
            })
        },
        |row| (row.created_at, row.id),
        views::campaigns,
    )
    .await
}

/// The default policy in force.
#[utoipa::path(
    tag = "records",
    responses((status = 200, body = Policy))
)]
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
#[utoipa::path(
    tag = "records",
    request_body = PolicyChange,
    responses((status = 200, body = Policy))
)]
#[put("/policy")]
pub async fn put_policy(
    caller: Authorized<Admin>,
    request: HttpRequest,
    body: Body<Value>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::new(&request, &caller);
    api.run(asked, Command::PutPolicy(body.value)).await
}
