//! What agents do with a handover: accept, decline, release, touch.

use convo_core::change::TriggeredBy;
use convo_core::decide::{Request, Trigger};
use convo_core::machine::Event;
use serde_json::{Value, json};
use uuid::Uuid;

use super::offer::Ended;
use crate::batch::Batch;
use crate::command::Answer;
use crate::effects::Came;
use crate::error::AppError;
use crate::records::answer;
use crate::wire::{HandoverRequest, time};

/// What an agent does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Takes the conversation.
    Accept,
    /// Does not take it.
    Decline,
    /// Gives it back.
    Release,
    /// Was in touch with the lead elsewhere, such as by phone.
    Touch,
}

impl Action {
    /// The name in paths and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Decline => "decline",
            Self::Release => "release",
            Self::Touch => "touch",
        }
    }
}

/// An agent does something.
#[derive(Debug, Clone)]
pub struct Act {
    /// What.
    pub action: Action,
    /// The agent whom the caller's key belongs to: it acts for nobody else.
    pub key_agent: Option<Uuid>,
    /// What was said.
    pub request: HandoverRequest,
}

impl Batch<'_, '_> {
    /// `POST /{id}/handover/{action}`.
    pub(crate) fn handover_act(&mut self, id: Uuid, act: &Act) -> Result<Answer, AppError> {
        act.request.check()?;
        let named = act.key_agent.or(act.request.agent_id);
        if let Some(agent) = named {
            let known = self.agent(agent)?;
            let known = known.ok_or_else(|| AppError::invalid("agentId", "names no agent"))?;
            // What somebody who is gone has may still be given back by others.
            let by_others = act.key_agent.is_none() && act.action == Action::Release;
            if !known.active && act.action != Action::Accept && !by_others {
                return Err(AppError::conflict("the agent is not active"));
            }
        }
        if named.is_none() && act.action != Action::Release {
            return Err(AppError::invalid(
                "agentId",
                "must name the agent, as the key belongs to none",
            ));
        }
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        self.touched_lead = Some(entry.row.lead_id);
        let agent = named.unwrap_or(Uuid::nil());
        let came = match act.action {
            Action::Accept => self.accept(id, agent)?,
            Action::Decline => self.decline(id, agent, &act.request)?,
            Action::Release => self.release(id, named, &act.request)?,
            Action::Touch => self.touch(id, agent, &act.request)?,
        };
        self.acted(id, act.action, named, &came)
    }

    /// An agent takes a conversation: the one who is asked, or anybody while nobody is. Again it changes nothing.
    pub(super) fn accept(&mut self, id: Uuid, agent: Uuid) -> Result<Came, AppError> {
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        let (lead, facts) = (entry.row.lead_id, &entry.facts);
        let owned = facts.is_owned() && !facts.wants_agent();
        let (owner, open) = (facts.agent, facts.handover.offer);
        if owned && owner == Some(agent) {
            return Ok(Came::default());
        }
        if owned {
            return Err(AppError::conflict("another agent has the conversation"));
        }
        let offer = match open {
            Some(offer) => self.offer(offer)?,
            None => None,
        };
        if offer.as_ref().is_some_and(|offer| offer.agent_id != agent) {
            return Err(AppError::conflict("another agent is asked now"));
        }
        let trigger = Trigger {
            agent: Some(agent),
            triggered_by: TriggeredBy::User,
            ..Trigger::new(Event::HumanAgentAssigned)
        };
        let decision = self.ask(id, Some(agent), &Request::Trigger(trigger))?;
        let offer = offer.map(|offer| offer.id);
        if let Some(offer) = offer {
            self.end_offer(offer, Ended::Accepted)?;
        }
        self.is_there(agent)?;
        let said = json!({
            "triggeredBy": self.actor.text(),
            "metadata": {"agentId": agent, "offerId": offer},
        });
        let metadata = self.keep_metadata(id, lead, "handover_accepted", &said);
        self.handovers.accepting = true;
        let came = self.taken(id, &decision, Some(metadata));
        self.handovers.accepting = false;
        self.accepted_by(id, offer)?;
        came
    }

    /// The agent who is asked does not take it: the next one is asked.
    pub(super) fn decline(
        &mut self,
        id: Uuid,
        agent: Uuid,
        request: &HandoverRequest,
    ) -> Result<Came, AppError> {
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        let open = entry.facts.handover.offer;
        let offer = match open {
            Some(offer) => self.offer(offer)?,
            None => None,
        };
        if offer.is_none_or(|offer| offer.agent_id != agent) {
            return Err(AppError::conflict("the agent is not asked"));
        }
        self.keep_said(id, "handover_declined", Some(agent), request)?;
        self.pass_on(id, Ended::Declined)?;
        Ok(Came::default())
    }

    /// The owner gives it back; `None` speaks for whoever that is.
    fn release(
        &mut self,
        id: Uuid,
        agent: Option<Uuid>,
        request: &HandoverRequest,
    ) -> Result<Came, AppError> {
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        let owner = entry.facts.agent.filter(|_| entry.facts.is_owned());
        let Some(owner) = owner else {
            return Err(AppError::conflict("no agent owns the conversation"));
        };
        if agent.is_some_and(|agent| agent != owner) {
            return Err(AppError::conflict("another agent has the conversation"));
        }
        let decision = self.ask(id, None, &Request::Release)?;
        self.keep_said(id, "handover_released", Some(owner), request)?;
        self.is_there(owner)?;
        self.taken(id, &decision, None)
    }

    /// The owner was in touch with the lead by other means than mail.
    fn touch(
        &mut self,
        id: Uuid,
        agent: Uuid,
        request: &HandoverRequest,
    ) -> Result<Came, AppError> {
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        if !entry.facts.is_owned() || entry.facts.agent != Some(agent) {
            return Err(AppError::conflict(
                "the agent does not have the conversation",
            ));
        }
        let mut handover = entry.facts.handover.clone();
        let (now, again) = (self.now, handover.touched_at.is_some());
        handover.called_at = Some(now);
        self.put_handover(id, handover)?;
        self.keep_said(id, "handover_touched", Some(agent), request)?;
        self.is_there(agent)?;
        self.lead_heard(id, Some(now), true)?;
        if again {
            self.handover_event(id, "touched", Some(agent), None)?;
        }
        if let Some(entry) = self.conversation(id)? {
            entry.row.updated_at = now;
        }
        Ok(Came::default())
    }

    /// Keeps free words where an erase finds them.
    fn keep_said(
        &mut self,
        id: Uuid,
        kind: &str,
        agent: Option<Uuid>,
        request: &HandoverRequest,
    ) -> Result<(), AppError> {
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        let lead = entry.row.lead_id;
        let said = json!({
            "triggeredBy": self.actor.text(),
            "metadata": {
                "agentId": agent,
                "reason": request.reason,
                "channel": request.channel,
                "note": request.note,
            },
        });
        self.keep_metadata(id, lead, kind, &said);
        Ok(())
    }

    /// How the conversation stands after what an agent did, before the next one is asked.
    fn acted(
        &mut self,
        id: Uuid,
        action: Action,
        agent: Option<Uuid>,
        came: &Came,
    ) -> Result<Answer, AppError> {
        // The answer tells what the whole commit came to.
        self.hand_over()?;
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        let facts = &entry.facts;
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
                })
            })
            .collect();
        let body = json!({
            "success": true,
            "conversationId": id,
            "action": action.as_str(),
            "agentId": agent,
            "newState": facts.state.as_str(),
            "version": facts.version,
            "assignedAgentId": facts.agent,
            "handover": {
                "status": facts.handover_status().as_str(),
                "touchedAt": facts.handover.touched_at.map(time),
            },
            "transitions": steps,
            "timestamp": time(self.now),
        });
        answer(200, &body)
    }
}
