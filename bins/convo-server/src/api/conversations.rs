//! `/api/conversations`.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use convo_app::{AppError, Command, reply_token, views, wire};
use convo_store::rows::ConversationRow;
use convo_store::{ConversationList, Reader, Sort};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::lists::Paging;
use super::{Api, Asked, answers, named};
use crate::auth::{Authorized, Read, Write};
use crate::http::body::Body;
use crate::http::idempotency::IdempotencyKey;
use crate::http::input::{PathParts, QueryString};
use crate::openapi::records::Conversation;
use crate::openapi::vocabulary::{Awaiting, ConversationOrder, Outcome, State};
use crate::openapi::{lists, requests};
use crate::problem::Problem;

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(create)
        .service(list)
        .service(one)
        .service(change);
}

/// Makes a conversation, or finds the open one that exists.
#[utoipa::path(
    operation_id = "create_conversation",
    tag = "records",
    params(IdempotencyKey),
    request_body = requests::NewConversation,
    responses((status = 201, body = Conversation), (status = 200, description = "The open one that exists", body = Conversation))
)]
#[post("/conversations")]
pub async fn create(
    caller: Authorized<Write>,
    request: HttpRequest,
    key: IdempotencyKey,
    body: Body<wire::NewConversation>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    body.value.check()?;
    let asked = Asked::new(&request, &caller).with(&key, body.sha256);
    api.run(asked, Command::CreateConversation(body.value))
        .await
}

/// Corrects outcome, follow-up time or subject.
#[utoipa::path(
    operation_id = "patch_conversation",
    tag = "records",
    params(("id" = uuid::Uuid, Path)),
    request_body = requests::ConversationPatch,
    responses((status = 200, body = Conversation))
)]
#[patch("/conversations/{id}")]
pub async fn change(
    caller: Authorized<Write>,
    request: HttpRequest,
    path: PathParts,
    body: Body<wire::ConversationPatch>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::new(&request, &caller);
    api.run(asked, Command::PatchConversation(named(&path), body.value))
        .await
}

/// One conversation with its reply token.
#[utoipa::path(
    operation_id = "conversation",
    tag = "records",
    params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = Conversation))
)]
#[get("/conversations/{id}")]
pub async fn one(
    _caller: Authorized<Read>,
    path: PathParts,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let id = path.id("id")?;
    let token = reply_token::mint(&api.app.context().reply_key, id);
    let value = api
        .ask(move |reader, _| {
            let row = reader
                .conversations_by_ids(&[id])?
                .pop()
                .ok_or(AppError::NotFound)?;
            Ok(views::conversation(&row, Some(&token)))
        })
        .await?;
    Ok(answers::json(&value))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
/// Which conversations to list.
pub struct Filter {
    /// In this state.
    #[param(value_type = State, required = false)]
    state: Option<String>,
    /// Ended so.
    #[param(value_type = Outcome, required = false)]
    outcome: Option<String>,
    /// Of this lead.
    #[param(nullable = false)]
    lead_id: Option<Uuid>,
    /// With this agent.
    #[param(nullable = false)]
    agent_id: Option<Uuid>,
    /// Of this campaign.
    #[param(nullable = false)]
    campaign_id: Option<Uuid>,
    /// Whose turn it is.
    #[param(value_type = Awaiting, required = false)]
    awaiting: Option<String>,
    /// With this id of the caller's.
    #[param(nullable = false)]
    external_id: Option<String>,
    /// Beginning of the lead's e-mail, first or last name.
    #[param(nullable = false)]
    q: Option<String>,
    /// By what it is ordered, newest first; default `lastActivity`.
    #[param(value_type = ConversationOrder, inline, required = false)]
    sort: Option<String>,
}

/// Conversations, newest first.
#[utoipa::path(
    operation_id = "conversations",
    tag = "records",
    params(Filter, Paging),
    responses((status = 200, body = lists::ConversationList))
)]
#[get("/conversations")]
pub async fn list(
    _caller: Authorized<Read>,
    query: QueryString<Filter>,
    paging: QueryString<Paging>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let page = api.conversations(query.0, &paging.0, |_, rows| {
        let shown = rows.iter().map(|row| views::conversation(row, None));
        Ok(shown.collect())
    });
    Ok(answers::json(&page.await?))
}

impl Filter {
    /// What is looked for, and by what it is ordered.
    ///
    /// # Errors
    /// `validation_failed` for words that are none.
    pub(crate) fn wanted(self) -> Result<ConversationList, Problem> {
        let sort = match self.sort.as_deref() {
            None | Some("lastActivity") => Sort::LastActivity,
            Some("created") => Sort::Created,
            Some(_) => {
                return Err(Problem::invalid_field(
                    "sort",
                    "must be lastActivity or created",
                ));
            }
        };
        let state = wire::canonical_state(self.state.as_deref())?;
        let outcome = wire::canonical_outcome(self.outcome.as_deref())?;
        if !matches!(
            self.awaiting.as_deref(),
            None | Some("us" | "lead" | "nobody")
        ) {
            return Err(Problem::invalid_field(
                "awaiting",
                "must be us, lead or nobody",
            ));
        }
        Ok(ConversationList {
            state,
            outcome,
            lead_id: self.lead_id,
            agent_id: self.agent_id,
            campaign_id: self.campaign_id,
            awaiting: self.awaiting,
            external_id: self.external_id,
            q: self.q.filter(|q| !q.is_empty()),
            sort,
            ..ConversationList::default()
        })
    }
}

impl Api {
    /// A page of conversations, newest first, each shown by `show`.
    ///
    /// # Errors
    /// Those of the filter, of the paging and of the two questions.
    pub(crate) async fn conversations(
        &self,
        filter: Filter,
        paging: &Paging,
        show: impl FnOnce(&mut Reader<'_>, &[ConversationRow]) -> Result<Vec<Value>, AppError>
        + Send
        + 'static,
    ) -> Result<Value, Problem> {
        let wanted = filter.wanted()?;
        let sort = wanted.sort;
        let at = move |row: &ConversationRow| match sort {
            Sort::Created => (row.created_at, row.id),
            Sort::LastActivity => (row.last_activity_at, row.id),
        };
        let rows = move |reader: &mut Reader<'_>, after, limit| {
            Ok(reader.conversations(&ConversationList {
                after,
                limit,
                ..wanted
            })?)
        };
        self.listed(paging, rows, at, show).await
    }
}
