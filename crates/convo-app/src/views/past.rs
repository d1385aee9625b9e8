//! Where a conversation stood, out of its audit.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use convo_core::history::{Past, StageMove, Standing, stages_as_of};
use convo_core::machine::{Event, State, allowed_events};
use convo_core::vocabulary::Stage;
use convo_store::{Reader, StepRow};
use serde_json::{Value, json};
use uuid::Uuid;

use super::see;
use crate::error::{AppError, Violation};
use crate::wire::time;

/// Audit rows read at once.
const PAGE: i64 = 1_000;
/// To the end of a millisecond, where times have microseconds.
const REST: TimeDelta = TimeDelta::microseconds(999);

/// `GET /{id}/status?asOf=`: the state after all that had happened by then. Times on the wire are of milliseconds, so
/// the whole of the one asked for counts.
///
/// # Errors
/// `Invalid` for a time to come; `NotFound` for one before the conversation was made; the database's.
pub fn status_as_of(
    reader: &mut Reader<'_>,
    id: Uuid,
    as_of: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Value, AppError> {
    let as_of = as_of.trunc_subsecs(3);
    if as_of > now {
        let violation = Violation::new("asOf", "must not be in the future");
        return Err(AppError::Invalid(vec![violation]));
    }
    let seen = see(reader, id)?;
    let until = as_of + REST;
    if until < seen.row.created_at {
        return Err(AppError::NotFound);
    }
    let mut standing = Standing::born(seen.row.created_at);
    let mut last = None;
    loop {
        let after = last.as_ref().map_or(0, |step: &StepRow| step.version);
        let page = reader.steps_after(id, after, PAGE)?;
        let full = i64::try_from(page.len()) == Ok(PAGE);
        let steps: Result<Vec<Past>, AppError> = page.iter().map(past).collect();
        let goes_on = standing.fold(steps?, Some(until));
        let reached = |step: &StepRow| u64::try_from(step.version) == Ok(standing.version);
        let newest = page.into_iter().rfind(|step| reached(step));
        last = newest.or(last);
        if !goes_on || !full {
            break;
        }
    }
    let journey = reader.journey_by_leads(&[seen.row.lead_id])?;
    let moves: Vec<StageMove> = journey
        .iter()
        .filter_map(|row| {
            let order = u8::try_from(row.stage).ok()?;
            Some(StageMove {
                stage: Stage::from_order(order)?,
                entered: row.action == "entered",
                at: row.at,
            })
        })
        .collect();
    let stages = stages_as_of(&moves, seen.lead.journey.current, until);
    let allowed: Vec<&str> = allowed_events(standing.state).map(Event::as_str).collect();
    Ok(json!({
        "conversationId": id,
        "asOf": time(as_of),
        "currentState": standing.state.as_str(),
        "version": standing.version,
        "since": time(standing.since),
        "lastEvent": last.as_ref().map(|step| &step.event),
        "lastUpdated": time(standing.at),
        "leadId": seen.row.lead_id,
        "campaignId": seen.row.campaign_id,
        "allowedEvents": allowed,
        "stage": stages.current.map(Stage::as_str),
        "highestStage": stages.highest.map(Stage::as_str),
    }))
}

fn past(step: &StepRow) -> Result<Past, AppError> {
    let state = |name: &str| {
        name.parse::<State>()
            .map_err(|_| AppError::Fault("a stored state is none".to_owned()))
    };
    Ok(Past {
        version: step.version.unsigned_abs(),
        from: state(&step.from_state)?,
        to: state(&step.to_state)?,
        at: step.at,
    })
}
