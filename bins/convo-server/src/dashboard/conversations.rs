//! The list of conversations.

use actix_web::{HttpRequest, HttpResponse, web};
use convo_app::views;
use convo_dashboard::conversations::{self, List};

use super::answer::{self, Refused, Shown, live};
use super::session::Session;
use crate::api::Api;
use crate::api::conversations::Filter;
use crate::api::lists::Paging;

/// `GET /conversations`: the filters of `GET /api/conversations`, with names.
pub async fn list(
    session: Session,
    request: HttpRequest,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    let query = answer::query(&request);
    let filter: Filter = answer::filter(&query)?;
    let paging: Paging = answer::filter(&query)?;
    let asked = api.ask(|reader, _| {
        let agents = reader.active_agents(views::PAGE)?;
        let campaigns = reader.campaigns(None, views::PAGE)?;
        // Only names are shown: policies and aliases need not be read.
        let agents: Vec<_> = agents.iter().map(|row| views::agent(row, &[])).collect();
        let campaigns: Vec<_> = campaigns
            .iter()
            .map(|row| views::campaign(row, None))
            .collect();
        Ok((reader.head()?, agents, campaigns))
    });
    let (head, agents, campaigns) = asked.await?;
    let page = api.conversations(filter, &paging, |reader, rows| {
        let mut items: Vec<_> = rows
            .iter()
            .map(|row| views::conversation(row, None))
            .collect();
        views::named(reader, &mut items.iter_mut().collect::<Vec<_>>())?;
        Ok(items)
    });
    let page = page.await?;
    let body = conversations::page(&List {
        page: &page,
        query: &query,
        agents: &agents,
        campaigns: &campaigns,
    });
    let live = live(
        &request,
        &head,
        &["conversation_states", "message_threads", "handover_events"],
    );
    Shown {
        name: "conversations",
        title: "Conversations",
        live: Some(live),
        body,
    }
    .to(&session, &api)
    .await
}
