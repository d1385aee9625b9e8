//! What follows for a handover from what was decided about its conversation.

use convo_core::change::{Change, Decision, Step};
use convo_core::conversation::Conversation;
use convo_core::machine::{Event, State};
use uuid::Uuid;

use super::offer::Ended;
use crate::batch::Batch;
use crate::error::AppError;
use crate::outbox::NoticeKind;
use crate::timers::TimerKind;

/// How a handover stood before a decision.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Before {
    agent: Option<Uuid>,
    offer: Option<Uuid>,
    /// It was with an agent.
    handed_over: bool,
}

impl Before {
    pub(crate) fn of(facts: &Conversation<Uuid>) -> Self {
        Self {
            agent: facts.agent,
            offer: facts.handover.offer,
            handed_over: facts.state == State::HandedOver,
        }
    }
}

impl Batch<'_, '_> {
    /// Follows up a decision that is folded in already.
    pub(crate) fn handover_follows(
        &mut self,
        conversation: Uuid,
        before: Before,
        decision: &Decision<Uuid>,
    ) -> Result<(), AppError> {
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let stands = entry.facts.handover.offer;
        if let Some(offer) = before.offer
            && stands != Some(offer)
        {
            self.end_offer(offer, Ended::Withdrawn)?;
        }
        for change in &decision.changes {
            match change {
                Change::Transitioned(step) => self.step_follows(conversation, before, step)?,
                Change::AgentAssigned { agent } => {
                    self.assignment_follows(conversation, before, *agent)?;
                }
                Change::AgentReleased { agent } => {
                    self.handover_event(conversation, "released", Some(*agent), None)?;
                    self.stop_owner_clocks(conversation);
                    self.handovers.freed = true;
                    self.handovers.wanted.push((conversation, Some(*agent)));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn step_follows(
        &mut self,
        conversation: Uuid,
        before: Before,
        step: &Step<Uuid>,
    ) -> Result<(), AppError> {
        if step.event == Event::HandoverRequested {
            self.handover_event(conversation, "requested", None, None)?;
            self.handovers.wanted.push((conversation, None));
        }
        if !step.from.is_open() || step.to.is_open() {
            return Ok(());
        }
        if step.event == Event::ConversationCompleted {
            self.handover_event(conversation, "completed", before.agent, None)?;
        }
        let handed = matches!(step.from, State::ReadyForHandover | State::HandedOver);
        if handed || before.agent.is_some() {
            self.clear_timer(TimerKind::Offer, conversation, None);
            self.stop_owner_clocks(conversation);
            self.handovers.freed = true;
        }
        Ok(())
    }

    fn assignment_follows(
        &mut self,
        conversation: Uuid,
        before: Before,
        agent: Uuid,
    ) -> Result<(), AppError> {
        let others = before.agent.is_some_and(|owner| owner != agent);
        let action = match (self.handovers.accepting, others) {
            (true, _) => "accepted",
            (false, true) => "reassigned",
            (false, false) => "assigned",
        };
        self.handover_event(conversation, action, Some(agent), None)?;
        // Whoever had it before it was handed over, owes the first touch of this handover.
        if before.agent == Some(agent) && before.handed_over {
            return Ok(());
        }
        self.clear_timer(TimerKind::Offer, conversation, None);
        self.stop_owner_clocks(conversation);
        self.handovers.freed = true;
        if !self.handovers.accepting {
            self.notify(NoticeKind::Assigned, agent, conversation, None)?;
        }
        if let Some(former) = before.agent.filter(|_| others) {
            self.notify(NoticeKind::Reassigned, former, conversation, None)?;
        }
        self.start_first_touch(conversation, agent)
    }
}
