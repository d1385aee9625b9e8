//! What is done with a conversation by pressing a button: the commands of the API, and the page again with the reason
//! when they are refused.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, web};
use chrono::Duration;
use convo_app::handover::{Act, Action};
use convo_app::{Command, Sent, conversations, wire};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::answer::{Refused, see_other};
use super::conversation;
use super::form::Posted;
use crate::api::Api;
use crate::auth::Scope;
use crate::clock;
use crate::http::input::PathParts;
use crate::problem::Problem;

/// Who claims to cause what is done here; the audit has the key beside it.
const CLAIMED: &str = "dashboard";
/// The longest sleep, in days.
const DAYS: u64 = 366;
const WRITE: &[Scope] = &[Scope::Write];
const ACT: &[Scope] = &[Scope::Write, Scope::Agent];

/// `POST /conversations/{id}/{act}`.
pub async fn act(
    posted: Posted,
    request: HttpRequest,
    path: PathParts,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    let (id, name) = (path.id("id")?, path.text("act")?);
    let Some((scopes, command)) = command(&posted, id, name) else {
        return Err(Problem::not_found().into());
    };
    // Who may not do it is not told what is wrong with it.
    posted.session.needs(scopes)?;
    let ran = match command {
        Ok(command) => posted.run(&api, &request, scopes, command).await,
        Err(problem) => Err(problem),
    };
    let problem = match ran {
        Ok(()) => return Ok(see_other(&format!("/conversations/{id}?done={name}"), &[])),
        Err(problem) => problem,
    };
    let again = matches!(
        problem.status_code(),
        StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY | StatusCode::BAD_REQUEST
    );
    if !again {
        return Err(problem.into());
    }
    let unsent = posted.fields.text("text").unwrap_or_default();
    conversation::page(&posted.session, &request, &api, id, Some(&problem), unsent).await
}

type Asked = (&'static [Scope], Result<Command, Problem>);

/// What an act needs, and what it asks for; none for what is no act.
fn command(posted: &Posted, id: Uuid, name: &str) -> Option<Asked> {
    Some(match name {
        "transition" => (WRITE, transition(posted, id)),
        "accept" => (ACT, handover(posted, id, Action::Accept)),
        "decline" => (ACT, handover(posted, id, Action::Decline)),
        "release" => (ACT, handover(posted, id, Action::Release)),
        "called" => (ACT, handover(posted, id, Action::Touch)),
        "take-over" => (ACT, take_over(posted, id)),
        "send" => (WRITE, send(posted, id)),
        "snooze" => (WRITE, snooze(posted, id)),
        _ => return None,
    })
}

fn transition(posted: &Posted, id: Uuid) -> Result<Command, Problem> {
    let fields = &posted.fields;
    let mut metadata = Map::new();
    for name in ["agentId", "outcome"] {
        if let Some(value) = fields.text(name) {
            metadata.insert(name.to_owned(), value.into());
        }
    }
    let request = wire::TransitionRequest {
        event: fields.text("event").unwrap_or_default().to_owned(),
        triggered_by: CLAIMED.to_owned(),
        metadata: (!metadata.is_empty()).then_some(Value::Object(metadata)),
        expected_version: fields.number("expectedVersion")?,
    };
    conversations::judge(&request)?;
    Ok(Command::Transition(id, request))
}

fn handover(posted: &Posted, id: Uuid, action: Action) -> Result<Command, Problem> {
    let fields = &posted.fields;
    let request = wire::HandoverRequest {
        agent_id: fields.id("agentId")?,
        reason: fields.text("reason").map(str::to_owned),
        channel: (action == Action::Touch).then(|| "phone".to_owned()),
        note: fields.text("note").map(str::to_owned),
    };
    request.check()?;
    let key_agent = posted.session.caller.agent_id;
    Ok(Command::Handover(
        id,
        Act {
            action,
            key_agent,
            request,
        },
    ))
}

fn take_over(posted: &Posted, id: Uuid) -> Result<Command, Problem> {
    let fields = &posted.fields;
    let agent = match posted.session.caller.agent_id {
        Some(own) => own,
        None => fields
            .id("agentId")?
            .ok_or_else(|| Problem::invalid_field("agentId", "is missing"))?,
    };
    let request = wire::TakeOver {
        agent_id: agent,
        reason: fields.text("reason").unwrap_or_default().to_owned(),
    };
    request.check()?;
    Ok(Command::TakeOver(id, request))
}

fn send(posted: &Posted, id: Uuid) -> Result<Command, Problem> {
    let request = wire::Send {
        author: "agent".to_owned(),
        text: posted.fields.text("text").unwrap_or_default().to_owned(),
        ..wire::Send::default()
    };
    request.check()?;
    let key_agent = posted.session.caller.agent_id;
    Ok(Command::Send(
        id,
        Box::new(Sent {
            request,
            files: Vec::new(),
            key_agent,
        }),
    ))
}

fn snooze(posted: &Posted, id: Uuid) -> Result<Command, Problem> {
    let days = posted.fields.number("days")?.filter(|days| *days <= DAYS);
    let days = days.ok_or_else(|| Problem::invalid_field("days", "must be 0 to 366"))?;
    let until = i64::try_from(days).ok().filter(|days| *days > 0);
    let until = until.map(|days| clock::now() + Duration::days(days));
    Ok(Command::Snooze(id, wire::Snooze { until }))
}
