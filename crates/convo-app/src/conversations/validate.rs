//! What a transition would come to.

use convo_core::decide::Validation;
use convo_core::machine::{State, event_between};
use convo_store::Reader;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{state, trigger, warnings};
use crate::batch::Batch;
use crate::context::Context;
use crate::error::AppError;
use crate::wire::{ValidateRequest, time};

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
    let from = match &request.from_state {
        Some(text) => {
            Some(state(text).ok_or_else(|| AppError::invalid("fromState", "is not a state"))?)
        }
        None => None,
    };
    let to = match &request.to_state {
        Some(text) => {
            Some(state(text).ok_or_else(|| AppError::invalid("toState", "is not a state"))?)
        }
        None => None,
    };
    let asked = match (&request.event, to) {
        (Some(event), _) => Some(trigger(
            event,
            request.metadata.as_ref(),
            request.expected_version,
        )?),
        (None, Some(_)) => None,
        (None, None) => {
            return Err(AppError::invalid(
                "event",
                "is needed, or fromState and toState",
            ));
        }
    };
    let now_in = batch
        .conversation(id)?
        .ok_or(AppError::NotFound)?
        .facts
        .state;
    let asked = match (asked, to) {
        (Some(asked), _) => Some(asked),
        (None, Some(to)) => match event_between(from.unwrap_or(now_in), to) {
            Some(event) => Some(trigger(
                event.as_str(),
                request.metadata.as_ref(),
                request.expected_version,
            )?),
            None => None,
        },
        (None, None) => None,
    };
    let Some(asked) = asked else {
        return Ok(shown(id, &batch, refused(now_in, "invalid_transition")));
    };
    let said = batch.validated(id, asked.agent, &asked)?;
    if from.is_some_and(|from| from != now_in)
        || to.is_some_and(|to| said.to.is_some_and(|then| then != to))
    {
        return Ok(shown(id, &batch, refused(now_in, "state_mismatch")));
    }
    let value = validation(&said);
    Ok(shown(id, &batch, value))
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
