//! What a timer comes to.

use convo_core::machine::State;
use convo_core::observe::Observation;
use uuid::Uuid;

use super::{TimerKey, TimerKind};
use crate::batch::Batch;
use crate::command::Answer;
use crate::error::AppError;

/// What came of firing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CameOf {
    /// What it was for was done.
    Done(&'static str),
    /// It does not run any more, or is not due.
    Nothing,
    /// It is due and stays so: something refuses what it is for.
    Refused,
}

impl CameOf {
    fn answer(self) -> Answer {
        let (status, body) = match self {
            Self::Done(what) => (200, what),
            Self::Nothing => (204, ""),
            Self::Refused => (202, ""),
        };
        Answer {
            status,
            body: body.to_owned(),
            replayed: false,
        }
    }
}

impl Batch<'_, '_> {
    /// Fires a timer that runs and is due; another changes nothing.
    pub(crate) fn fire_timer(&mut self, key: TimerKey) -> Result<Answer, AppError> {
        let due = self.timer(key)?;
        if due.is_none_or(|due| due > self.now) {
            return Ok(CameOf::Nothing.answer());
        }
        let id = key.conversation;
        let came = match key.kind {
            TimerKind::NoReply => self.observe_due(key, &Observation::NoReplyDue)?,
            TimerKind::Archive => self.observe_due(key, &Observation::ArchiveDue)?,
            TimerKind::Snooze => self.observe_due(key, &Observation::SnoozeDue)?,
            TimerKind::FollowUp => self.observe_due(key, &Observation::FollowUpDue)?,
            TimerKind::Offer
            | TimerKind::FirstTouch
            | TimerKind::NextReply
            | TimerKind::Requeue => {
                self.clear_timer(key.kind, id, Some(key.subject));
                let subject = Some(key.subject).filter(|subject| !subject.is_nil());
                self.handover_due(key.kind, id, subject)?;
                CameOf::Done("handover")
            }
            TimerKind::Leave => {
                self.clear_timer(key.kind, id, Some(key.subject));
                self.leave_page(id, key.subject)?;
                CameOf::Done("page")
            }
            TimerKind::Reschedule => self.reschedule_page(key)?,
            TimerKind::Begin | TimerKind::BeginAgain => self.begin_page(key)?,
            TimerKind::Recount => self.recount_page(key)?,
        };
        Ok(came.answer())
    }

    /// Lets the core decide whether what the facts and the policy in force say now is due, and has the row
    /// corrected when the batch is sealed, whatever it says.
    fn observe_due(
        &mut self,
        key: TimerKey,
        observation: &Observation<Uuid>,
    ) -> Result<CameOf, AppError> {
        let id = key.conversation;
        let Some(entry) = self.conversation(id)? else {
            self.clear_timer(key.kind, id, Some(key.subject));
            return Ok(CameOf::Nothing);
        };
        entry.check_timers = true;
        let (before, campaign) = (entry.facts.clocks(), entry.row.campaign_id);
        self.observe(id, observation, None)?;
        let policy = self.policy(campaign)?;
        let now = self.now;
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        let after = entry.facts.clocks();
        if before == after {
            let due = key.kind.due(&after.due(&policy.policy));
            return Ok(match due {
                Some(due) if due <= now => CameOf::Refused,
                _ => CameOf::Nothing,
            });
        }
        entry.row.updated_at = now;
        Ok(CameOf::Done(match key.kind {
            TimerKind::NoReply if entry.facts.state == State::Closed => "abandoned",
            TimerKind::NoReply => "reply_needed",
            TimerKind::Archive => "archived",
            TimerKind::Snooze => "woken",
            _ => "follow_up_due",
        }))
    }
}
