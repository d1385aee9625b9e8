//! A conversation sleeps until a date.

use convo_core::decide::Request;
use serde_json::json;
use uuid::Uuid;

use crate::batch::Batch;
use crate::command::Answer;
use crate::error::AppError;
use crate::records::answer;
use crate::wire::{Snooze, cut, time};

impl Batch<'_, '_> {
    /// `POST /{id}/snooze`: until a time that is to come, or awake at once.
    pub(crate) fn snooze(&mut self, id: Uuid, request: &Snooze) -> Result<Answer, AppError> {
        let until = request.until.map(cut);
        if until.is_some_and(|until| until <= self.now) {
            return Err(AppError::invalid("until", "must be in the future"));
        }
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        let lead = entry.row.lead_id;
        let decision = self.ask(id, None, &Request::Snooze { until })?;
        if !decision.changes.is_empty() {
            let said = json!({"until": until.map(time), "triggeredBy": self.actor.text()});
            self.keep_metadata(id, lead, "snooze", &said);
            self.taken(id, &decision, None)?;
        }
        self.touched_lead = Some(lead);
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        let facts = &entry.facts;
        answer(
            200,
            &json!({
                "success": true,
                "conversationId": id,
                "snoozedUntil": facts.snoozed_until.map(time),
                "currentState": facts.state.as_str(),
                "version": facts.version,
                "timestamp": time(self.now),
            }),
        )
    }
}
