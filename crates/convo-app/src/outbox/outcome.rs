//! What came of a mail that was handed to a sender.

use chrono::Duration;
use convo_email::MessageId;
use convo_store::MessageHead;
use convo_store::rows::{AliasRow, OutboxRow};
use serde_json::json;
use uuid::Uuid;

use super::{MAILS, Status};
use crate::batch::Batch;
use crate::command::Answer;
use crate::error::AppError;
use crate::records::{answer, no_content};
use crate::views;
use crate::wire::RetryMails;

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The provider took it, under an id of its own or ours.
    Taken {
        /// The provider's id.
        provider_id: Option<MessageId>,
    },
    /// Not now, or nobody knows; it is tried again.
    Later {
        /// Why.
        code: String,
        /// Seconds the provider asks to wait.
        retry_after: Option<u64>,
    },
    /// The provider takes nothing from us now: that is no attempt of this mail.
    Closed {
        /// Why.
        code: String,
    },
    /// Never.
    Refused {
        /// Why.
        code: String,
    },
    /// There is nothing to send any more.
    Void {
        /// Why.
        code: &'static str,
    },
}

/// The longest a provider is waited for, in seconds: a day.
const LONGEST_WAIT: u64 = 86_400;
/// Dead mails that one request tries again.
const RETRIED: i64 = 500;

impl Batch<'_, '_> {
    /// Takes what a sender tells of a mail. That a provider took it is a fact whoever tells it; anything else counts
    /// from the one who has the lease only.
    pub(crate) fn outbox_result(
        &mut self,
        id: Uuid,
        owner: Uuid,
        outcome: &Outcome,
    ) -> Result<Answer, AppError> {
        let row = self.outgoing_row(id)?.ok_or(AppError::NotFound)?;
        let leased = row.status == Status::Leased.as_str() && row.lease_owner == Some(owner);
        match outcome {
            Outcome::Taken { provider_id } => self.taken_by_provider(row, provider_id.as_ref())?,
            _ if !leased => {}
            Outcome::Later { code, retry_after } => self.try_later(row, code, *retry_after)?,
            Outcome::Closed { code } => self.wait_for_provider(row, code)?,
            Outcome::Refused { code } => self.give_up(row, Status::Dead, code)?,
            Outcome::Void { code } => self.give_up(row, Status::Void, code)?,
        }
        Ok(no_content())
    }

    /// The provider has it: it is sent, whatever was thought of it before.
    fn taken_by_provider(
        &mut self,
        mut row: OutboxRow,
        provider_id: Option<&MessageId>,
    ) -> Result<(), AppError> {
        let other = provider_id.filter(|id| id.as_str() != row.rfc_id);
        let sent = row.status == Status::Sent.as_str();
        if sent && (other.is_none() || row.provider_id.is_some()) {
            return Ok(());
        }
        let message = row.message_id;
        row.provider_id = row.provider_id.or(other.map(|id| id.as_str().to_owned()));
        row.code = None;
        row.due_at = None;
        row.lease_owner = None;
        row.updated_at = self.clock;
        row.sent_at = row.sent_at.or(Some(self.clock));
        Status::Sent.as_str().clone_into(&mut row.status);
        if !sent {
            self.record_changed("mail_sent", row.conversation_id, row.lead_id, Some(row.id));
            metrics::counter!(MAILS, "outcome" => "sent").increment(1);
        }
        self.put_outgoing(row);
        if let Some(message) = message {
            self.set_unsent(message, false)?;
            if let Some(other) = other {
                self.also_known_as(message, other)?;
            }
        }
        Ok(())
    }

    /// The provider calls a message of ours by another id: its events name that one.
    pub(crate) fn also_known_as(&mut self, message: Uuid, id: &MessageId) -> Result<(), AppError> {
        let Some(row) = self.message_row(message)? else {
            return Ok(());
        };
        self.heads(id.as_str())?;
        let (conversation, own) = (row.conversation_id, row.rfc_id.clone());
        let head = MessageHead {
            id: row.id,
            conversation_id: row.conversation_id,
            lead_id: row.lead_id,
            sequence_number: row.sequence_number,
            direction: row.direction,
            author: row.author,
            kind: row.kind,
            rfc_id: row.rfc_id,
            parent_rfc: row.parent_rfc,
            depth: row.depth,
            thread_id: row.thread_id,
            at: row.at,
            content_hash: row.content_hash,
        };
        self.commit.aliases.push(AliasRow {
            rfc_id: id.as_str().to_owned(),
            message_id: message,
            conversation_id: row.conversation_id,
        });
        let known = self.heads.entry(id.as_str().to_owned()).or_default();
        known.push(head);
        self.wrote();
        self.rename_events(id.as_str(), conversation, message, &own)?;
        self.take_waiting(id.as_str())
    }

    fn try_later(
        &mut self,
        mut row: OutboxRow,
        code: &str,
        retry_after: Option<u64>,
    ) -> Result<(), AppError> {
        let policy = self.sending_policy(&row)?;
        let tried = u32::try_from(row.attempts).unwrap_or(u32::MAX);
        if tried >= policy.attempts {
            return self.give_up(row, Status::Dead, code);
        }
        let asked = retry_after.unwrap_or(0).min(LONGEST_WAIT);
        let asked = Duration::seconds(i64::try_from(asked).unwrap_or(0));
        // Asked to wait, nobody comes back at the same moment as everybody else.
        let pause = asked + self.delay(policy.bound_seconds(tried));
        row.due_at = Some(self.clock + pause);
        row.code = Some(code.to_owned());
        row.lease_owner = None;
        row.updated_at = self.clock;
        Status::Queued.as_str().clone_into(&mut row.status);
        metrics::counter!(MAILS, "outcome" => "later").increment(1);
        self.put_outgoing(row);
        Ok(())
    }

    /// Whoever mends a key or an account finds the mails as they were.
    fn wait_for_provider(&mut self, mut row: OutboxRow, code: &str) -> Result<(), AppError> {
        let policy = self.sending_policy(&row)?;
        row.attempts = row.attempts.saturating_sub(1);
        row.due_at = Some(self.clock + self.delay(policy.bound_seconds(1)));
        row.code = Some(code.to_owned());
        row.lease_owner = None;
        row.updated_at = self.clock;
        Status::Queued.as_str().clone_into(&mut row.status);
        metrics::counter!(MAILS, "outcome" => "closed").increment(1);
        self.put_outgoing(row);
        Ok(())
    }

    /// A provider speaks of a message of ours: it has it, or (`rejected`) will not send it.
    pub(crate) fn provider_speaks_of(
        &mut self,
        message: Uuid,
        rejected: bool,
    ) -> Result<(), AppError> {
        match self.outgoing_of(message)? {
            Some(row) => self.provider_said(row, rejected),
            None => Ok(()),
        }
    }

    /// The provider has a mail, whatever stood here, or will not send it.
    pub(super) fn provider_said(&mut self, row: OutboxRow, rejected: bool) -> Result<(), AppError> {
        match (rejected, row.status == Status::Sent.as_str()) {
            (false, false) => self.taken_by_provider(row, None),
            (true, _) if row.status != Status::Dead.as_str() => {
                self.give_up(row, Status::Dead, "rejected")
            }
            _ => Ok(()),
        }
    }

    /// `POST /api/outbox/{id}/retry`: a dead mail is tried again, from the first attempt on.
    pub(crate) fn retry_outbox(&mut self, id: Uuid) -> Result<Answer, AppError> {
        let row = self.outgoing_row(id)?.ok_or(AppError::NotFound)?;
        if row.status == Status::Void.as_str() || row.status == Status::Shadow.as_str() {
            return Err(AppError::conflict(
                "only a mail that is dead is tried again",
            ));
        }
        let row = self.try_again(row)?;
        answer(200, &views::outgoing(&row))
    }

    /// `POST /api/outbox/retry`: dead mails with one code are tried again, the oldest first, so many in one commit.
    pub(crate) fn retry_dead(&mut self, retry: &RetryMails) -> Result<Answer, AppError> {
        retry.check()?;
        let dead = Status::Dead.as_str();
        let rows = self
            .reader
            .outbox_with_code(dead, &retry.code, RETRIED + 1)?;
        let most = usize::try_from(RETRIED).unwrap_or(usize::MAX);
        let more = rows.len() > most;
        let mut retried = 0u64;
        for row in rows.into_iter().take(most) {
            // What an earlier command of this batch did to it is not in the database yet.
            let row = self.outgoing_row(row.id)?.unwrap_or(row);
            if row.status == dead {
                self.try_again(row)?;
                retried += 1;
            }
        }
        answer(200, &json!({"retried": retried, "more": more}))
    }

    fn try_again(&mut self, mut row: OutboxRow) -> Result<OutboxRow, AppError> {
        if row.status == Status::Dead.as_str() {
            Status::Queued.as_str().clone_into(&mut row.status);
            row.attempts = 0;
            row.due_at = Some(self.clock);
            row.updated_at = self.clock;
            self.put_outgoing(row.clone());
            if let Some(message) = row.message_id {
                self.set_unsent(message, false)?;
            }
        }
        Ok(row)
    }

    /// The outgoing mail that sends a message, as this batch leaves it.
    fn outgoing_of(&mut self, message: Uuid) -> Result<Option<OutboxRow>, AppError> {
        let mut here = self.commit.outbox.iter();
        if let Some(row) = here.find(|row| row.message_id == Some(message)) {
            return Ok(Some(row.clone()));
        }
        if let Some(known) = self.outgoing.get(&message) {
            return Ok(known.clone());
        }
        let found = self.reader.outbox_by_messages(&[message])?.pop();
        self.outgoing.insert(message, found.clone());
        Ok(found)
    }
}
