//! One conversation, and its thread when that is long.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use convo_app::context::Context;
use convo_app::sending::SendMode;
use convo_app::views::{self, TreeForm};
use convo_app::{AppError, conversations};
use convo_dashboard::conversation::{self, Conversation};
use convo_dashboard::{Markup, show as pieces};
use convo_store::{Head, Reader};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{self, Refused, Shown, asked, live};
use super::session::Session;
use crate::api::Api;
use crate::api::lists::last;
use crate::http::input::PathParts;
use crate::problem::Problem;

/// Messages of a page.
const MESSAGES: i64 = 20;
/// Steps of a page.
const STEPS: i64 = 20;
/// The longest thread that is shown with its conversation.
const THREAD: i64 = 100;
/// Nodes of a page of a longer one.
const NODES: usize = 500;

/// Which pages of a conversation's lists are wanted.
#[derive(Debug, Clone, Copy, Default)]
struct Window {
    /// Messages before this number.
    before: Option<i64>,
    /// Steps before this version.
    steps: Option<i64>,
}

impl Window {
    fn of(query: &[(String, String)]) -> Self {
        let number = |name| {
            asked(query, name)
                .and_then(|text| text.parse().ok())
                .filter(|number| *number > 0)
        };
        Self {
            before: number("before"),
            steps: number("steps"),
        }
    }
}

/// All that a conversation's page says, read at once.
struct Told {
    head: Head,
    status: Value,
    record: Value,
    lead: Value,
    journey: Value,
    events: Vec<Value>,
    messages: Value,
    tree: Option<Vec<Value>>,
    history: Value,
    agents: Vec<Value>,
}

/// `GET /conversations/{id}`.
pub async fn show(
    session: Session,
    request: HttpRequest,
    path: PathParts,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    page(&session, &request, &api, path.id("id")?, None, "").await
}

/// The page; above it the refusal of what was asked for last, in it what was written and not sent.
///
/// # Errors
/// 404, or the database's.
pub async fn page(
    session: &Session,
    request: &HttpRequest,
    api: &Api,
    id: Uuid,
    refused: Option<&Problem>,
    unsent: &str,
) -> Result<HttpResponse, Refused> {
    let (app, window) = (api.app.clone(), Window::of(&answer::query(request)));
    let agent = session.caller.agent_id;
    let told = api
        .ask(move |reader, now| told(reader, app.context(), id, window, agent, now))
        .await?;
    let (viewer, alert) = (session.viewer(), refused.map(Problem::document));
    let subject = pieces::line(pieces::text(&told.record, "subject"), "(no subject)");
    let done = answer::query_done(request);
    let body = conversation::page(&Conversation {
        status: &told.status,
        record: &told.record,
        lead: &told.lead,
        journey: &told.journey,
        events: &told.events,
        messages: &told.messages,
        tree: told.tree.as_deref(),
        history: &told.history,
        agents: &told.agents,
        sends: api.app.context().sending.mode != SendMode::Off,
        viewer: &viewer,
        alert: alert.as_ref(),
        unsent,
        done: done.as_deref().filter(|_| refused.is_none()),
    });
    let mut live = live(request, &told.head, &[&format!("conversation:{id}")]);
    if refused.is_some() {
        // What was posted is not asked for again.
        live.address = format!("/conversations/{id}");
    }
    Shown {
        name: "conversation",
        title: &subject,
        live: Some(live),
        body,
    }
    .to(session, api)
    .await
}

fn told(
    reader: &mut Reader<'_>,
    context: &Context,
    id: Uuid,
    window: Window,
    agent: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<Told, AppError> {
    let head = reader.head()?;
    let seen = views::see(reader, id)?;
    let mut status = views::status(reader, context, &seen, now)?;
    let mut record = views::conversation(&seen.row, None);
    views::named(
        reader,
        &mut [
            &mut record,
            &mut status["integrationStatus"]["handover"]["offer"],
        ],
    )?;
    let lead = match seen.lead_row.erased_at {
        Some(_) => Value::Null,
        None => views::leads(reader, std::slice::from_ref(&seen.lead_row))?
            .pop()
            .unwrap_or_default(),
    };
    let short = seen.row.message_count <= THREAD;
    let tree = short.then(|| nodes(reader, &seen)).transpose()?;
    let rows = reader.messages_before(id, window.before, MESSAGES)?;
    let older = last(&rows, MESSAGES).map(|row| row.sequence_number);
    let older = older.filter(|first| *first > 1);
    let messages = json!({"items": views::message_list(reader, &rows)?, "older": older});
    let upto = window.steps.map_or(seen.row.version, |before| {
        (before - 1).min(seen.row.version)
    });
    let after = (upto - STEPS).max(0);
    let steps = reader.transitions_after(id, after, (upto - after).max(0))?;
    let mut steps = views::transition_items(reader, &steps)?;
    steps.reverse();
    let agents = reader.active_agents(views::PAGE)?;
    Ok(Told {
        head,
        journey: views::conversation_journey(reader, &seen, true, now)?,
        events: conversations::possibilities(reader, context, id, agent)?,
        history: json!({"items": steps, "older": (after > 0).then_some(after + 1)}),
        agents: agents.iter().map(|row| views::agent(row, &[])).collect(),
        status,
        record,
        lead,
        messages,
        tree,
    })
}

/// All nodes of the thread, in pre-order.
fn nodes(reader: &mut Reader<'_>, seen: &views::Seen) -> Result<Vec<Value>, AppError> {
    let mut tree = views::thread_tree(reader, seen, TreeForm::Flat)?;
    Ok(match tree["threadTree"].take() {
        Value::Array(nodes) => nodes,
        _ => Vec::new(),
    })
}

/// `GET /conversations/{id}/thread`: a long thread, a page of nodes at a time.
pub async fn thread(
    session: Session,
    request: HttpRequest,
    path: PathParts,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    let id = path.id("id")?;
    let query = answer::query(&request);
    let from = asked(&query, "from")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0_usize);
    let asked = api.ask(move |reader, _| {
        let seen = views::see(reader, id)?;
        Ok((nodes(reader, &seen)?, seen.row.subject))
    });
    let (nodes, subject) = asked.await?;
    let rest = nodes.get(from..).unwrap_or_default();
    let next = (rest.len() > NODES).then_some(from.saturating_add(NODES));
    let shown = rest.get(..NODES.min(rest.len())).unwrap_or_default();
    let body: Markup = conversation::thread_page(&id.to_string(), &subject, shown, next);
    Shown {
        name: "thread",
        title: "Thread",
        live: None,
        body,
    }
    .to(&session, &api)
    .await
}
