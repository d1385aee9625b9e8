//! An agent takes a conversation over, whatever is missing.

use convo_core::decide::Request;
use serde_json::{Value, json};
use uuid::Uuid;

use super::warnings;
use crate::batch::Batch;
use crate::command::Answer;
use crate::error::AppError;
use crate::records::answer;
use crate::wire::{TakeOver, time};

impl Batch<'_, '_> {
    /// `POST /{id}/take-over`.
    pub(crate) fn take_over(&mut self, id: Uuid, request: &TakeOver) -> Result<Answer, AppError> {
        request.check()?;
        if self.agent(request.agent_id)?.is_none() {
            return Err(AppError::invalid("agentId", "names no agent"));
        }
        let lead = self
            .conversation(id)?
            .ok_or(AppError::NotFound)?
            .row
            .lead_id;
        let asked = Request::TakeOver {
            agent: request.agent_id,
            expected_version: None,
        };
        let decision = self.ask(id, Some(request.agent_id), &asked)?;
        let said = json!({
            "triggeredBy": self.actor.text(),
            "metadata": {"agentId": request.agent_id, "reason": request.reason},
        });
        let metadata = self.keep_metadata(id, lead, "take_over", &said);
        let came = self.taken(id, &decision, Some(metadata))?;
        self.touched_lead = Some(lead);
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        let (state, version, agent) = (entry.facts.state, entry.facts.version, entry.facts.agent);
        let steps: Vec<Value> = came
            .steps
            .iter()
            .map(|(transition, step)| {
                json!({
                    "transitionId": transition,
                    "fromState": step.from.as_str(),
                    "newState": step.to.as_str(),
                    "event": step.event.as_str(),
                    "version": step.version,
                    "waived": step.waived,
                })
            })
            .collect();
        answer(
            200,
            &json!({
                "success": true,
                "conversationId": id,
                "newState": state.as_str(),
                "version": version,
                "assignedAgentId": agent,
                "transitions": steps,
                "warnings": warnings(&decision.warnings),
                "timestamp": time(self.now),
            }),
        )
    }
}
