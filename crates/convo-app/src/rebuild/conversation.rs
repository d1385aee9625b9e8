//! What a conversation's row says by its audit, its messages and its events.

use convo_core::conversation::Conversation;
use convo_core::email::EmailFacts;
use convo_core::lead::Lead;
use convo_core::machine::{Event, State};
use convo_core::scoring::{ScoreInput, scores};
use convo_core::tally::Tally;
use convo_store::Reader;
use convo_store::rows::{ConversationRow, EmailEventRow, TransitionRow};
use uuid::Uuid;

use crate::analytics::reopenings;
use crate::batch::{fill_busy, fill_seldom, policy_of};
use crate::door::{Spoken, is_judged, judged};
use crate::error::AppError;
use crate::import::IMPORTED;

/// Everything that decides what a conversation's row should be.
pub(super) struct Given<'a> {
    pub row: &'a ConversationRow,
    pub steps: &'a [TransitionRow],
    pub spoken: &'a [Spoken],
    pub events: &'a [EmailEventRow],
    pub lead: Option<&'a Lead<Uuid>>,
    /// Waits of before their table are still being counted, and reopenings with them.
    pub unfinished: bool,
}

/// The row as it should be, with its facts.
pub(super) fn expected(
    reader: &mut Reader<'_>,
    given: &Given<'_>,
) -> Result<(ConversationRow, Conversation<Uuid>), AppError> {
    let row = given.row;
    let stored = serde_json::from_str::<Conversation<Uuid>>(&row.facts).ok();
    let mut facts = stored.clone().unwrap_or_else(|| told_by_columns(row));
    (facts.id, facts.lead, facts.campaign) = (row.id, row.lead_id, row.campaign_id);
    facts.previous = row.previous_conversation_id;
    facts.created_at = row.created_at;
    replay(&mut facts, given.steps);
    let all = || given.spoken.iter().map(|one| &one.fact);
    facts.tally = Tally::recompute(all());
    if let Some(since) = &mut facts.since {
        since.tally = Tally::recompute_since(since.after, all());
    }
    if facts.email != EmailFacts::default() || !given.events.is_empty() {
        let looked_at: Vec<_> = given.events.iter().filter(|one| is_judged(one)).collect();
        facts.email.judged = judged(&looked_at);
    }
    if !given.unfinished {
        facts.reopened_at = reopenings(given.steps.iter(), given.spoken).last().copied();
    }
    let mut expected = row.clone();
    // Facts that are right keep the text they have.
    if stored.as_ref() != Some(&facts) {
        expected.facts =
            serde_json::to_string(&facts).map_err(|error| AppError::Fault(error.to_string()))?;
        // Scores are those of the last commit, and stay while what they follow from does.
        if let Some(lead) = given.lead {
            let policy = policy_of(reader, row.campaign_id)?;
            let now = scores(
                &ScoreInput::of(&facts, lead),
                &policy.policy,
                row.updated_at,
            );
            expected.engagement = i16::from(now.engagement);
            expected.readiness = i16::from(now.readiness);
            expected.qualification = i16::from(now.qualification);
        }
    }
    fill_seldom(&mut expected, &facts);
    fill_busy(&mut expected, &facts);
    expected.message_count = i64::try_from(given.spoken.len()).unwrap_or(i64::MAX);
    Ok((expected, facts))
}

/// What the columns still say of facts that cannot be read.
fn told_by_columns(row: &ConversationRow) -> Conversation<Uuid> {
    let mut facts = Conversation::new(row.id, row.lead_id, row.campaign_id, row.created_at);
    facts.agent = row.assigned_agent_id;
    facts.outcome = row.outcome.as_deref().and_then(|text| text.parse().ok());
    facts.follow_up_at = row.follow_up_at;
    facts.handover.wanted_at = row.queued_since;
    let integration = row.integration.as_deref();
    let integration = integration.and_then(|text| serde_json::from_str(text).ok());
    facts.integration = integration.unwrap_or_default();
    facts
}

/// What the audit says: state, version and times of steps.
fn replay(facts: &mut Conversation<Uuid>, steps: &[TransitionRow]) {
    let mut steps: Vec<&TransitionRow> = steps.iter().collect();
    steps.sort_by_key(|step| step.version);
    facts.state = State::New;
    facts.version = u64::try_from(steps.len()).unwrap_or(u64::MAX);
    (facts.last_event, facts.closed_at, facts.imported_at) = (None, None, None);
    let handover = &mut facts.handover;
    (handover.requested_at, handover.assigned_at) = (None, None);
    (handover.handed_over_at, handover.completed_at) = (None, None);
    for step in steps {
        let Ok(to) = step.to_state.parse::<State>() else {
            continue;
        };
        if step.event == IMPORTED {
            facts.imported_at = Some(step.at);
        } else if let Ok(event) = step.event.parse::<Event>() {
            facts.last_event = Some((event, step.at));
            match event {
                Event::HandoverRequested => facts.handover.requested_at = Some(step.at),
                Event::HumanAgentAssigned => facts.handover.assigned_at = Some(step.at),
                Event::ConversationCompleted => facts.handover.completed_at = Some(step.at),
                _ => {}
            }
        }
        if to == State::HandedOver {
            facts.handover.handed_over_at.get_or_insert(step.at);
        }
        if to.is_open() {
            facts.closed_at = None;
        } else if facts.state.is_open() {
            facts.closed_at = Some(step.at);
        }
        facts.state = to;
    }
}

/// The columns that differ; revision and times of change follow from nothing.
pub(super) fn differing(is: &ConversationRow, expected: &ConversationRow) -> Vec<&'static str> {
    macro_rules! columns {
        ($($column:ident)+) => {
            [$((stringify!($column), is.$column == expected.$column)),+]
        };
    }
    let columns = columns!(
        state version assigned_agent_id outcome follow_up_at awaiting held last_event last_activity_at closed_at
        message_count engagement readiness qualification ever_handed_over integration queued_since facts
    );
    let differ = columns.into_iter().filter(|(_, equal)| !equal);
    differ.map(|(column, _)| column).collect()
}
