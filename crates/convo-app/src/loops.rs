//! Budgets of automatic answers: two machines do not answer each other for ever.
//!
//! Everything we answer by machine is noted with the commit that queues it; what more there may be is asked
//! before. The other side's headers are not asked: a gateway may have stripped them.

use chrono::{DateTime, Duration, Utc};
use convo_core::policy::{Answered, Budget};
use convo_store::rows::AutomaticAnswerRow;
use uuid::Uuid;

use crate::batch::Batch;
use crate::error::AppError;

/// Automatic answers that a budget stopped, by budget, counted when tried.
pub const STOPPED: &str = "convo_automatic_answers_stopped_total";

/// Most answers to one lead that are counted; every sensible budget is smaller.
const MOST: i64 = 1_000;

/// Days that answers are kept at least: longer than a window of a policy that somebody may still go back to.
const KEPT_DAYS: i64 = 8;

/// Which automatic answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AnswerKind {
    /// The acknowledgement of a first mail.
    Acknowledgement,
    /// Any other mail of author `ai` or `system` that answers one.
    Answer,
}

impl AnswerKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledgement => "acknowledgement",
            Self::Answer => "answer",
        }
    }
}

impl Batch<'_, '_> {
    /// The budget that forbids one more automatic answer in a conversation, where one does.
    pub(crate) fn loop_budget(&mut self, conversation: Uuid) -> Result<Option<Budget>, AppError> {
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let (lead, campaign) = (entry.row.lead_id, entry.row.campaign_id);
        let loops = self.policy(campaign)?.policy.loops;
        let since = self.clock - Duration::minutes(i64::from(loops.window_minutes));
        let to_lead = self.automatic_answers_of(lead, since)?;
        let here = to_lead
            .iter()
            .filter(|row| row.conversation_id == conversation)
            .count();
        let fresh = self.commit.automatic_answers.len();
        let total = self.reader.automatic_answers_since(since)?;
        let sent = Answered {
            address: count(to_lead.len()),
            conversation: count(here),
            total: count(fresh).saturating_add(u32::try_from(total).unwrap_or(u32::MAX)),
        };
        let budget = loops.exhausted(&sent);
        if let Some(budget) = budget {
            metrics::counter!(STOPPED, "budget" => budget.as_str()).increment(1);
        }
        Ok(budget)
    }

    /// Notes an automatic answer in the commit that queues it.
    pub(crate) fn note_answer(
        &mut self,
        message: Uuid,
        conversation: Uuid,
        lead: Uuid,
        kind: AnswerKind,
    ) {
        self.commit.automatic_answers.push(AutomaticAnswerRow {
            message_id: message,
            lead_id: lead,
            conversation_id: conversation,
            kind: kind.as_str().to_owned(),
            at: self.clock,
        });
        self.wrote();
    }

    /// Whether a lead's mail was acknowledged since then.
    pub(crate) fn acknowledged_since(
        &mut self,
        lead: Uuid,
        since: DateTime<Utc>,
    ) -> Result<bool, AppError> {
        let kind = AnswerKind::Acknowledgement.as_str();
        let all = self.automatic_answers_of(lead, since)?;
        Ok(all.iter().any(|row| row.kind == kind))
    }

    /// Automatic answers to a lead, those of this batch included.
    fn automatic_answers_of(
        &mut self,
        lead: Uuid,
        since: DateTime<Utc>,
    ) -> Result<Vec<AutomaticAnswerRow>, AppError> {
        let mut rows = self.reader.automatic_answers_to(lead, since, MOST)?;
        let here = self.commit.automatic_answers.iter();
        rows.extend(here.filter(|row| row.lead_id == lead).cloned());
        Ok(rows)
    }

    /// Answers queued before this count in no window any more.
    pub(crate) fn forgotten_answers(&mut self) -> Result<DateTime<Utc>, AppError> {
        let policy = self.policy(None)?;
        let longest = Duration::minutes(i64::from(policy.policy.loops.window_minutes))
            .max(Duration::hours(i64::from(
                policy.policy.acknowledge.window_hours,
            )))
            .max(Duration::days(KEPT_DAYS));
        let before = self.clock.checked_sub_signed(longest);
        Ok(before.unwrap_or(DateTime::UNIX_EPOCH))
    }
}

fn count(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}
