//! Deadlines of agents: set with their cause, cleared with what they wait for, acted on when they pass.
//!
//! Each has a reminder at half time: its timer is due then first, and again at the deadline. What a deadline of an
//! owner comes to is an alarm to the managers, never another owner: whoever accepted may be on the phone.

use chrono::{DateTime, Utc};
use convo_core::handover::{half_way, until};
use uuid::Uuid;

use super::offer::Ended;
use super::roster::hours;
use crate::batch::Batch;
use crate::error::AppError;
use crate::outbox::NoticeKind;
use crate::timers::TimerKind;

/// A deadline, and when to remind of it.
pub(super) struct Deadline {
    remind_at: Option<DateTime<Utc>>,
    pub due_at: DateTime<Utc>,
}

impl Deadline {
    pub(super) fn first(&self) -> DateTime<Utc> {
        self.remind_at.unwrap_or(self.due_at)
    }
}

impl Batch<'_, '_> {
    /// The deadline of an agent that many business minutes after a time, by the agent's own calendar.
    pub(super) fn deadline(
        &mut self,
        conversation: Uuid,
        agent: Uuid,
        from: DateTime<Utc>,
        minutes: impl FnOnce(&convo_core::policy::HandoverClocks) -> u32,
    ) -> Result<Deadline, AppError> {
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let campaign = entry.row.campaign_id;
        let policy = self.policy(campaign)?;
        let general = &policy.policy.calendar;
        let own = self.agent(agent)?.and_then(|row| hours(&row, general));
        let calendar = own.as_ref().unwrap_or(general);
        let minutes = minutes(&policy.policy.handover);
        Ok(Deadline {
            remind_at: half_way(calendar, from, minutes),
            due_at: until(calendar, from, minutes),
        })
    }

    /// An agent has it now: until when the lead must have heard from the agent.
    pub(super) fn start_first_touch(
        &mut self,
        conversation: Uuid,
        agent: Uuid,
    ) -> Result<(), AppError> {
        if self.silent {
            return Ok(());
        }
        let now = self.now;
        let deadline = self.deadline(conversation, agent, now, |clocks| {
            clocks.first_touch_minutes
        })?;
        self.set_timer(TimerKind::FirstTouch, conversation, None, deadline.first());
        Ok(())
    }

    /// Nobody owes the lead anything any more.
    pub(super) fn stop_owner_clocks(&mut self, conversation: Uuid) {
        for kind in [
            TimerKind::FirstTouch,
            TimerKind::NextReply,
            TimerKind::Requeue,
        ] {
            self.clear_timer(kind, conversation, None);
        }
    }

    /// A timer of a handover is due; what it stood for is looked at as it is now.
    pub(crate) fn handover_due(
        &mut self,
        kind: TimerKind,
        conversation: Uuid,
        subject: Option<Uuid>,
    ) -> Result<(), AppError> {
        match (kind, subject) {
            (TimerKind::Offer, Some(offer)) => self.offer_due(offer),
            (TimerKind::Offer, None) => self.queue_due(conversation),
            (TimerKind::FirstTouch, _) => self.first_touch_due(conversation),
            (TimerKind::NextReply, _) => self.next_reply_due(conversation),
            (TimerKind::Requeue, _) => self.requeue_due(conversation),
            _ => Ok(()),
        }
    }

    fn offer_due(&mut self, id: Uuid) -> Result<(), AppError> {
        let Some(row) = self.offer(id)?.filter(|row| row.status == "open") else {
            return Ok(());
        };
        let conversation = row.conversation_id;
        if self.now < row.due_at {
            self.set_timer(TimerKind::Offer, conversation, Some(id), row.due_at);
            return self.notify(
                NoticeKind::OfferReminder,
                row.agent_id,
                conversation,
                Some(id),
            );
        }
        self.pass_on(conversation, Ended::Expired)
    }

    fn queue_due(&mut self, conversation: Uuid) -> Result<(), AppError> {
        // Others have waited longer, and it may be where an earlier commit stopped.
        self.handovers.stopped = Some(conversation);
        self.handovers.wanted.push((conversation, None));
        self.handovers.freed = true;
        Ok(())
    }

    fn first_touch_due(&mut self, conversation: Uuid) -> Result<(), AppError> {
        let Some(entry) = self.conversation(conversation)? else {
            return Ok(());
        };
        let facts = &entry.facts;
        let from = facts.handover.assigned_at.filter(|_| facts.is_owned());
        let (Some(owner), Some(from), None) = (facts.agent, from, facts.handover.touched_at) else {
            return Ok(());
        };
        let due = self
            .deadline(conversation, owner, from, |clocks| {
                clocks.first_touch_minutes
            })?
            .due_at;
        self.owner_due(TimerKind::FirstTouch, conversation, owner, due)
    }

    fn next_reply_due(&mut self, conversation: Uuid) -> Result<(), AppError> {
        let Some(entry) = self.conversation(conversation)? else {
            return Ok(());
        };
        let facts = &entry.facts;
        let due = facts.handover.reply_due_at.filter(|_| facts.is_owned());
        let (Some(owner), Some(due)) = (facts.agent, due) else {
            return Ok(());
        };
        self.owner_due(TimerKind::NextReply, conversation, owner, due)
    }

    /// Reminds the owner, or tells the managers that the time is over.
    fn owner_due(
        &mut self,
        kind: TimerKind,
        conversation: Uuid,
        owner: Uuid,
        due: DateTime<Utc>,
    ) -> Result<(), AppError> {
        let touch = kind == TimerKind::FirstTouch;
        if self.now < due {
            self.set_timer(kind, conversation, None, due);
            let reminder = if touch {
                NoticeKind::TouchReminder
            } else {
                NoticeKind::ReplyReminder
            };
            return self.notify(reminder, owner, conversation, None);
        }
        let late = if touch {
            NoticeKind::TouchLate
        } else {
            NoticeKind::ReplyLate
        };
        self.handover_event(conversation, "escalated", Some(owner), None)?;
        self.notify(late, owner, conversation, None)?;
        self.tell_managers(late, conversation, Some(owner))
    }

    /// The owner is away: until when the lead may wait for the owner.
    pub(super) fn start_requeue(&mut self, conversation: Uuid) -> Result<(), AppError> {
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let campaign = entry.row.campaign_id;
        let policy = self.policy(campaign)?;
        let minutes = policy.policy.handover.requeue_minutes;
        let due = until(&policy.policy.calendar, self.now, minutes);
        self.set_timer(TimerKind::Requeue, conversation, None, due);
        Ok(())
    }

    fn requeue_due(&mut self, conversation: Uuid) -> Result<(), AppError> {
        let now = self.now;
        let Some(entry) = self.conversation(conversation)? else {
            return Ok(());
        };
        let owner = entry.facts.agent.filter(|_| entry.facts.owes_answer());
        let Some(owner) = owner else { return Ok(()) };
        let gone = self
            .agent(owner)?
            .is_none_or(|agent| !agent.active || agent.away_until.is_some_and(|until| now < until));
        if gone {
            self.give_back(conversation)
        } else {
            Ok(())
        }
    }
}
