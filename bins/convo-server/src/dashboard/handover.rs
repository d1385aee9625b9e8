//! The handover queue.

use actix_web::{HttpRequest, HttpResponse, web};
use convo_app::views;
use convo_dashboard::handover;

use super::answer::{Refused, Shown, live};
use super::session::Session;
use crate::api::Api;

/// `GET /handover`.
pub async fn show(
    session: Session,
    request: HttpRequest,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    let asked =
        api.ask(|reader, _| Ok((reader.head()?, views::handover_queue(reader, views::PAGE)?)));
    let (head, queue) = asked.await?;
    let live = live(
        &request,
        &head,
        &["handover_events", "conversation_states", "message_threads"],
    );
    let shown = Shown {
        name: "handover",
        title: "Handover",
        live: Some(live),
        body: handover::page(&queue),
    };
    shown.to(&session, &api).await
}
