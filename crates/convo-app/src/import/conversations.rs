//! Conversations of another system: the state each comes with is one audited step.

use chrono::{DateTime, Utc};
use convo_core::change::Cause;
use convo_core::lead::LeadFactKind;
use convo_core::machine::State;
use convo_core::observe::{Observation, SuppressingFact};
use convo_core::stages::lift;
use convo_core::vocabulary::Outcome;
use convo_store::rows::TransitionRow;
use serde_json::json;
use uuid::Uuid;

use super::ImportConversation;
use crate::batch::{Batch, Touched};
use crate::command::Answer;
use crate::conversations::{outcome, state};
use crate::effects::signed;
use crate::error::AppError;
use crate::records::answer;

/// The event name of the single step that may begin an imported history.
pub const IMPORTED: &str = "IMPORTED";

impl Batch<'_, '_> {
    /// A known external id changes nothing; a second open one of its lead and campaign joins the first.
    pub(super) fn import_conversation(
        &mut self,
        row: &ImportConversation,
    ) -> Result<Answer, AppError> {
        if let Some(id) = self.conversation_named(&row.external_id)? {
            return answer(200, &json!({"id": id, "outcome": "duplicate"}));
        }
        let lead = self.lead_named(row)?;
        let campaign = match &row.campaign_external_id {
            Some(external) => Some(self.campaign_named(external)?),
            None => None,
        };
        let given = match &row.state {
            Some(text) => {
                Some(state(text).ok_or_else(|| AppError::invalid("state", "is not a state"))?)
            }
            None => None,
        };
        let wanted = given.unwrap_or(State::New);
        let ended = match &row.outcome {
            Some(text) => Some(
                outcome(text).ok_or_else(|| AppError::invalid("outcome", "is not an outcome"))?,
            ),
            None => None,
        };
        let owner = match &row.agent {
            Some(given) => Some(self.agent_named(given)?),
            None => None,
        };
        if wanted.is_open()
            && let Some(open) = self.open_of(lead, campaign)?
        {
            // At most one is open: what is said in the second belongs to the first.
            self.answer_to("conversation", &row.external_id, open, lead);
            return answer(201, &json!({"id": open, "outcome": "stored"}));
        }
        let clock = self.now;
        self.now = row.created_at.map_or(clock, crate::wire::cut).min(clock);
        let id = self.add_conversation(lead, campaign, &row.subject, None)?;
        // A state without a time is the one of now.
        let changed = row.updated_at.map_or(clock, crate::wire::cut).min(clock);
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        entry.row.external_id = Some(row.external_id.clone());
        if given.is_some() {
            entry.facts.state = wanted;
            entry.facts.imported_at = Some(changed);
            entry.facts.version = 1;
            entry.facts.agent = owner;
            entry.facts.outcome = ended;
            if !wanted.is_open() {
                entry.facts.closed_at = Some(changed);
            }
            if wanted == State::HandedOver {
                entry.facts.handover.handed_over_at = Some(changed);
            }
            entry.row.updated_at = changed;
            self.imported_step(id, lead, campaign, wanted, changed)?;
            self.lifted_by(wanted, id, lead, changed)?;
        }
        if ended == Some(Outcome::OptedOut) {
            self.opted_out_before(id, changed)?;
        }
        answer(201, &json!({"id": id, "outcome": "stored"}))
    }

    /// The state a conversation comes with lifts its lead, as a transition into it would have.
    fn lifted_by(
        &mut self,
        state: State,
        conversation: Uuid,
        lead: Uuid,
        at: DateTime<Utc>,
    ) -> Result<(), AppError> {
        let Some(stage) = lift(state) else {
            return Ok(());
        };
        let entry = self.lead(lead)?.ok_or(AppError::NotFound)?;
        let newest = entry.facts.journey.lifted.entry(stage).or_insert(at);
        *newest = (*newest).max(at);
        entry.touch(Touched::Record);
        self.now = at;
        self.observe(conversation, &Observation::LeadChanged, None)?;
        Ok(())
    }

    /// Who opted out there is not written to here. The lead's other conversations keep the states they come with.
    fn opted_out_before(&mut self, id: Uuid, at: DateTime<Utc>) -> Result<(), AppError> {
        self.now = at;
        let fact = SuppressingFact {
            kind: LeadFactKind::OptOut,
            at,
            message: None,
            cause: Cause::Request,
            direct: true,
        };
        self.observe(id, &Observation::Suppressing(fact), None)?;
        Ok(())
    }

    /// The state a conversation comes with becomes one audited step.
    fn imported_step(
        &mut self,
        id: Uuid,
        lead: Uuid,
        campaign: Option<Uuid>,
        to: State,
        at: DateTime<Utc>,
    ) -> Result<(), AppError> {
        let policy_version = self.policy(campaign)?.version;
        let row = TransitionRow {
            id: self.new_id(),
            conversation_id: id,
            lead_id: lead,
            version: 1,
            from_state: State::New.as_str().to_owned(),
            to_state: to.as_str().to_owned(),
            event: IMPORTED.to_owned(),
            triggered_by: "system".to_owned(),
            actor: self.actor.text(),
            cause: Some("import".to_owned()),
            implied_by: None,
            warnings: "[]".to_owned(),
            waived: "[]".to_owned(),
            policy_version,
            metadata_id: None,
            at,
            recorded_at: self.clock,
            content_digest: None,
            digest: None,
        };
        self.commit.transitions.push(row);
        let data = json!({
            "fromState": State::New.as_str(), "toState": to.as_str(), "event": IMPORTED,
            "version": signed(1), "triggeredBy": "system",
        });
        self.log(
            "conversation_state_changed",
            Some(id),
            Some(lead),
            None,
            data,
        );
        Ok(())
    }
}
