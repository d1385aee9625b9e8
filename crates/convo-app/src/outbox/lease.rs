//! What is due goes to one sender, for a while.

use chrono::{DateTime, Duration, Utc};
use convo_core::gate::waits_until;
use convo_store::rows::OutboxRow;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{MAILS, Status};
use crate::batch::Batch;
use crate::command::Answer;
use crate::error::AppError;
use crate::records::answer;

/// What a sender was given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leased {
    /// The mails that are its own until the lease ends.
    pub leased: Vec<Uuid>,
}

impl Leased {
    /// What the answer of a lease says.
    #[must_use]
    pub fn read(answer: &Answer) -> Self {
        serde_json::from_str(&answer.body).unwrap_or_default()
    }
}

/// What people end by and by is looked at again after so many minutes.
const LOOK_AGAIN: i64 = 5;
/// A mail that has waited for people so many days says nothing to anybody any more.
const WAITS_DAYS: i64 = 7;

/// Why a mail may not be sent, and when that ends.
type Forbidden = (&'static str, Option<DateTime<Utc>>);

impl Batch<'_, '_> {
    /// Gives a sender at most `limit` mails that are due, for `seconds`; the gate is asked again for each, and what
    /// may not be sent any more is void.
    pub(crate) fn lease_outbox(
        &mut self,
        owner: Uuid,
        limit: i64,
        seconds: i64,
    ) -> Result<Answer, AppError> {
        if self.is_paused()? {
            return answer(200, &Leased::default());
        }
        let mut leased = Vec::new();
        for row in self.reader.outbox_due(self.clock, limit)? {
            // What an earlier command of this batch did to it is not in the database yet.
            let Some(mut row) = self.outgoing_row(row.id)? else {
                continue;
            };
            if row.due_at.is_none_or(|due| due > self.clock) {
                continue;
            }
            let tried = u32::try_from(row.attempts).unwrap_or(u32::MAX);
            if tried >= self.sending_policy(&row)?.attempts {
                // Whoever had it last never came back.
                let code = row.code.clone().unwrap_or_else(|| "abandoned".to_owned());
                self.give_up(row, Status::Dead, &code)?;
                continue;
            }
            match self.forbidden(&row)? {
                Some((code, Some(until))) => {
                    row.code = Some(code.to_owned());
                    row.due_at = Some(until);
                    row.updated_at = self.clock;
                    self.put_outgoing(row);
                    continue;
                }
                Some((code, None)) => {
                    self.give_up(row, Status::Void, code)?;
                    continue;
                }
                None => {}
            }
            Status::Leased.as_str().clone_into(&mut row.status);
            row.attempts = row.attempts.saturating_add(1);
            row.lease_owner = Some(owner);
            row.due_at = Some(self.clock + Duration::seconds(seconds));
            row.updated_at = self.clock;
            leased.push(row.id);
            self.put_outgoing(row);
        }
        answer(200, &Leased { leased })
    }

    /// The policy of trying again, of the mail's conversation.
    pub(super) fn sending_policy(
        &mut self,
        row: &OutboxRow,
    ) -> Result<convo_core::policy::Retries, AppError> {
        let campaign = match row.conversation_id {
            Some(id) => self
                .conversation(id)?
                .and_then(|entry| entry.row.campaign_id),
            None => None,
        };
        Ok(self.policy(campaign)?.policy.sending)
    }

    /// Why a queued mail may not be sent now, and when to ask again; otherwise it may not be sent any more.
    fn forbidden(&mut self, row: &OutboxRow) -> Result<Option<Forbidden>, AppError> {
        let Some(message) = row.message_id else {
            let forbidden = self.notice_forbidden(row)?;
            return Ok(forbidden.map(|code| (code, None)));
        };
        if self.message_row(message)?.is_none() {
            return Ok(Some(("gone", None)));
        }
        let denials = self.gate_again(message)?;
        let first = denials.first().map(|denial| denial.code.as_str());
        let look = self.clock + Duration::minutes(LOOK_AGAIN);
        let until = waits_until(&denials, look);
        let waited = self.clock >= row.created_at + Duration::days(WAITS_DAYS);
        let by_people = denials.iter().any(|denial| denial.until.is_none());
        Ok(first.map(|code| (code, until.filter(|_| !(waited && by_people)))))
    }

    /// Ends a mail without its being sent; what was counted as said is not any more.
    pub(super) fn give_up(
        &mut self,
        mut row: OutboxRow,
        status: Status,
        code: &str,
    ) -> Result<(), AppError> {
        status.as_str().clone_into(&mut row.status);
        row.code = Some(code.to_owned());
        row.due_at = None;
        row.lease_owner = None;
        row.updated_at = self.clock;
        if let Some(message) = row.message_id {
            self.set_unsent(message, true)?;
        }
        self.record_changed(
            if status == Status::Dead {
                "mail_dead"
            } else {
                "mail_void"
            },
            row.conversation_id,
            row.lead_id,
            Some(row.id),
        );
        metrics::counter!(MAILS, "outcome" => status.as_str()).increment(1);
        self.put_outgoing(row);
        Ok(())
    }
}
