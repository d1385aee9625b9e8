//! Leads: the list, and one of them.

use actix_web::{HttpRequest, HttpResponse, web};
use convo_app::{AppError, views};
use convo_dashboard::leads;

use super::answer::{self, Refused, Shown, live};
use super::session::Session;
use crate::api::Api;
use crate::api::lists::Paging;
use crate::api::people::LeadFilter;
use crate::http::input::PathParts;

/// `GET /leads`: the filters of `GET /api/leads`.
pub async fn list(
    session: Session,
    request: HttpRequest,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    let query = answer::query(&request);
    let filter: LeadFilter = answer::filter(&query)?;
    let paging: Paging = answer::filter(&query)?;
    let head = api.ask(|reader, _| Ok(reader.head()?)).await?;
    let page = api.leads(filter, &paging).await?;
    let live = live(&request, &head, &["lead_journeys"]);
    let body = leads::page(&page, &query);
    Shown {
        name: "leads",
        title: "Leads",
        live: Some(live),
        body,
    }
    .to(&session, &api)
    .await
}

/// `GET /leads/{id}`.
pub async fn one(
    session: Session,
    request: HttpRequest,
    path: PathParts,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    let (id, app) = (path.id("id")?, api.app.clone());
    let asked = api.ask(move |reader, now| {
        let head = reader.head()?;
        let row = reader
            .leads_by_ids(&[id])?
            .pop()
            .filter(|row| row.erased_at.is_none());
        let row = row.ok_or(AppError::NotFound)?;
        let record = views::leads(reader, &[row])?
            .pop()
            .ok_or(AppError::NotFound)?;
        let journey = views::lead_journey(reader, id, false, now)?;
        let mut rows = reader.conversations_by_leads(&[id])?;
        rows.sort_by_key(|row| std::cmp::Reverse((row.last_activity_at, row.id)));
        rows.truncate(usize::try_from(views::PAGE).unwrap_or(usize::MAX));
        let mut talks: Vec<_> = rows
            .iter()
            .map(|row| views::conversation(row, None))
            .collect();
        views::named(reader, &mut talks.iter_mut().collect::<Vec<_>>())?;
        let addresses = reader.lead_addresses_by_leads(&[id])?;
        let keys: Vec<String> = addresses.into_iter().map(|row| row.address_key).collect();
        let held = views::suppressions_of(reader, app.context(), &keys)?;
        let held: Vec<_> = held.iter().map(views::suppression).collect();
        Ok((head, record, journey, talks, held))
    });
    let (head, record, journey, talks, held) = asked.await?;
    let body = leads::one(&leads::Lead {
        record: &record,
        journey: &journey,
        conversations: &talks,
        suppressions: &held,
    });
    let live = live(&request, &head, &[&format!("lead:{id}")]);
    Shown {
        name: "lead",
        title: "Lead",
        live: Some(live),
        body,
    }
    .to(&session, &api)
    .await
}
