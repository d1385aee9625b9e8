//! The first page, and the checklist.

use actix_web::{HttpRequest, HttpResponse, web};
use convo_app::views;
use convo_dashboard::overview::Overview;
use convo_dashboard::{overview, setup as page};

use super::answer::{Refused, Shown, live};
use super::session::Session;
use crate::api::Api;

/// What the first page listens to.
const HEARD: [&str; 5] = [
    "conversation_states",
    "lead_journeys",
    "message_threads",
    "handover_events",
    "email_events",
];
/// Seconds after which a checklist looks again: leads and agents make no event that it could hear.
const LOOK_AGAIN: u32 = 5;
/// Rows of each list of the handover queue.
const QUEUE: i64 = 5;

/// `GET /`.
pub async fn show(
    session: Session,
    request: HttpRequest,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    let (app, signed) = (api.app.clone(), api.mailgun.is_configured());
    let asked = api.ask(move |reader, now| {
        let head = reader.head()?;
        let mut overview = views::overview(reader, now)?;
        if let Some(rows) = overview["recentActivity"].as_array_mut() {
            views::named(reader, &mut rows.iter_mut().collect::<Vec<_>>())?;
        }
        let queue = views::handover_queue(reader, QUEUE)?;
        let empty = overview["totalConversations"] == 0;
        let list = empty
            .then(|| views::checklist(reader, app.context(), signed))
            .transpose()?;
        Ok((head, overview, queue, list))
    });
    let (head, overview, queue, list) = asked.await?;
    let mut live = live(&request, &head, &HEARD);
    live.poll = if list.is_some() { LOOK_AGAIN } else { 0 };
    let of = Overview {
        overview: &overview,
        queue: &queue,
        checklist: list.as_ref(),
    };
    let shown = Shown {
        name: "overview",
        title: "Overview",
        live: Some(live),
        body: overview::page(&of),
    };
    shown.to(&session, &api).await
}

/// `GET /setup`.
pub async fn setup(
    session: Session,
    request: HttpRequest,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    let (app, signed) = (api.app.clone(), api.mailgun.is_configured());
    let asked = api.ask(move |reader, _| {
        Ok((
            reader.head()?,
            views::checklist(reader, app.context(), signed)?,
        ))
    });
    let (head, list) = asked.await?;
    let mut live = live(&request, &head, &HEARD);
    live.poll = LOOK_AGAIN;
    let shown = Shown {
        name: "setup",
        title: "Getting started",
        live: Some(live),
        body: page::page(&list),
    };
    shown.to(&session, &api).await
}
