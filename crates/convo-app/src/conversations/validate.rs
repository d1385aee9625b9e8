//! What a transition would come to.

use convo_core::decide::Validation;
use convo_core::machine::{Event, State, event_between};
use convo_store::Reader;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{judge, state, trigger, warnings};
use crate::batch::Batch;
use crate::context::Context;
use crate::error::AppError;
use crate::wire::{TransitionRequest, ValidateRequest, time};

/// `POST /{id}/validate-transition`: what `transition` would say now; writes nothing.
///
/// # Errors
/// `Invalid`, `UnknownEvent`, `NotFound`, or the database's.
pub fn validate_transition(
    reader: &mut Reader<'_>,
    context: &Context,
    id: Uuid,
    request: &ValidateRequest,
) -> Result<Value, AppError> {
    let mut batch = Batch::new(reader, context);
    let given = |text: &Option<String>, field: &'static str| match text {
        Some(text) => {
            let state = state(text);
            let state = state.ok_or_else(|| AppError::invalid(field, "is not a state"))?;
            Ok::<_, AppError>(Some(state))
        }
        None => Ok(None),
    };
    let from = given(&request.from_state, "fromState")?;
    let to = given(&request.to_state, "toState")?;
    // Without an event any one stands in, so that the rest is checked by the same code.
    let named = request.event.as_deref();
    let stands_in = to.map(|_| Event::FirstEmailSent.as_str());
    let event = named
        .or(stands_in)
        .ok_or_else(|| AppError::invalid("event", "is needed, or fromState and toState"))?;
    judge(&as_transition(request, event))?;
    let entry = batch.conversation(id)?.ok_or(AppError::NotFound)?;
    let (now_in, lead) = (entry.facts.state, entry.row.lead_id);
    if from.is_some_and(|from| from != now_in) {
        return Ok(shown(id, &batch, refused(now_in, "state_mismatch")));
    }
    let meant = to.and_then(|to| event_between(now_in, to));
    let Some(event) = named.or(meant.map(Event::as_str)) else {
        return Ok(shown(id, &batch, refused(now_in, "invalid_transition")));
    };
    let asked = trigger(event, request.metadata.as_ref(), request.expected_version)?;
    let said = batch.validated(id, asked.agent, &asked)?;
    if to.is_some_and(|to| said.to.is_some_and(|then| then != to)) {
        return Ok(shown(id, &batch, refused(now_in, "state_mismatch")));
    }
    let lead = batch.lead(lead)?;
    let erased = lead.is_some_and(|lead| lead.row.erased_at.is_some());
    Ok(shown(id, &batch, judged(&said, erased)))
}

/// What each of the nine events would come to now, in the order of the table: the validation of each, with its
/// `event`; writes nothing. `agent` is named where an event needs one.
///
/// # Errors
/// `NotFound`, or the database's.
pub fn possibilities(
    reader: &mut Reader<'_>,
    context: &Context,
    id: Uuid,
    agent: Option<Uuid>,
) -> Result<Vec<Value>, AppError> {
    let mut batch = Batch::new(reader, context);
    let entry = batch.conversation(id)?.ok_or(AppError::NotFound)?;
    let lead = entry.row.lead_id;
    let erased = batch
        .lead(lead)?
        .is_some_and(|lead| lead.row.erased_at.is_some());
    let mut all = Vec::with_capacity(Event::ALL.len());
    for event in Event::ALL {
        let named = agent.filter(|_| *event == Event::HumanAgentAssigned);
        let metadata = named.map(|agent| json!({"agentId": agent}));
        let asked = trigger(event.as_str(), metadata.as_ref(), None)?;
        let said = batch.validated(id, asked.agent, &asked)?;
        let mut value = judged(&said, erased);
        if let Value::Object(members) = &mut value {
            members.insert("event".to_owned(), event.as_str().into());
        }
        all.push(value);
    }
    Ok(all)
}

/// The transition a validation stands for.
fn as_transition(request: &ValidateRequest, event: &str) -> TransitionRequest {
    TransitionRequest {
        event: event.to_owned(),
        triggered_by: request.triggered_by.clone(),
        metadata: request.metadata.clone(),
        expected_version: request.expected_version,
    }
}

fn shown(id: Uuid, batch: &Batch<'_, '_>, validation: Value) -> Value {
    json!({"conversationId": id, "validation": validation, "timestamp": time(batch.now)})
}

fn refused(from: State, reason: &str) -> Value {
    json!({
        "isValid": false,
        "canProceed": false,
        "fromState": from.as_str(),
        "toState": null,
        "reason": reason,
        "warnings": [],
        "requirements": [],
        "rules": [],
    })
}

/// A validation; nothing can be done with a person who is forgotten.
fn judged(said: &Validation<Uuid>, erased: bool) -> Value {
    let mut value = validation(said);
    if erased && let Value::Object(members) = &mut value {
        members.insert("canProceed".to_owned(), false.into());
        members.insert("reason".to_owned(), "conflict".into());
    }
    value
}

fn validation(said: &Validation<Uuid>) -> Value {
    if !said.is_valid {
        return refused(said.from, "invalid_transition");
    }
    let mut value = json!({
        "isValid": true,
        "canProceed": said.can_proceed,
        "fromState": said.from.as_str(),
        "toState": said.to.map(State::as_str),
        "warnings": warnings(&said.warnings),
        "requirements": said.requirements().collect::<Vec<_>>(),
        "rules": said.rules,
    });
    if let (Value::Object(members), Some(refusal)) = (&mut value, &said.refusal) {
        members.insert("reason".to_owned(), refusal.code().into());
    }
    value
}
