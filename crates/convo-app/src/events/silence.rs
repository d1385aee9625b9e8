//! A person wants no more mail: what that means for all of a lead's conversations.

use chrono::{DateTime, Utc};
use convo_core::change::Cause;
use convo_core::lead::LeadFactKind;
use convo_core::machine::State;
use convo_core::observe::{Observation, SuppressingFact};
use convo_core::vocabulary::Outcome;
use convo_store::rows::MessageRow;
use uuid::Uuid;

use crate::batch::Batch;
use crate::effects::Came;
use crate::error::AppError;

impl Batch<'_, '_> {
    /// The person wants no more mail: told to the conversation it names and every one of the lead that is open
    /// or was only found to be out of reach.
    pub(crate) fn silenced(
        &mut self,
        kind: LeadFactKind,
        conversation: Uuid,
        lead: Uuid,
        message: Option<Uuid>,
        at: DateTime<Utc>,
        cause: Cause<Uuid>,
    ) -> Result<Came, AppError> {
        let fact = |direct| SuppressingFact {
            kind,
            at,
            message,
            cause: cause.clone(),
            direct,
        };
        let came = self.observe(conversation, &Observation::Suppressing(fact(true)), None)?;
        self.silenced_elsewhere(lead, conversation, &fact(false))?;
        Ok(came)
    }

    fn silenced_elsewhere(
        &mut self,
        lead: Uuid,
        here: Uuid,
        fact: &SuppressingFact<Uuid>,
    ) -> Result<(), AppError> {
        for id in self.conversations_of(lead)? {
            let now = self.now;
            let Some(entry) = self.conversation(id)? else {
                continue;
            };
            let (state, outcome) = (entry.facts.state, entry.facts.outcome);
            let unreachable = state == State::Closed && outcome == Some(Outcome::Unreachable);
            if id == here || !(state.is_open() || unreachable) {
                continue;
            }
            entry.row.updated_at = now;
            self.observe(id, &Observation::Suppressing(fact.clone()), None)?;
        }
        Ok(())
    }

    /// An opt-out in words, stored in one conversation, reaches the lead's other open ones.
    pub(crate) fn opted_out_everywhere(
        &mut self,
        lead: Uuid,
        conversation: Uuid,
        row: &MessageRow,
    ) -> Result<(), AppError> {
        self.silenced_elsewhere(
            lead,
            conversation,
            &SuppressingFact {
                kind: LeadFactKind::OptOut,
                at: row.at,
                message: Some(row.id),
                cause: Cause::Message(row.id),
                direct: false,
            },
        )
    }
}
