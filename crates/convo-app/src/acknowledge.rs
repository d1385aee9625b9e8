//! The automatic acknowledgement of a lead's first mail; off unless the policy has a text for it.
//!
//! It says that the mail came, and answers nothing: it is stored outbound, by `system`, as `auto_reply`, so that
//! the mail still waits for an answer, no score, timer or first contact follows from it, and it claims no lease.
//!
//! Source: RFC 3834 §2 (when an automatic answer is proper), §3 (its form), §5 (loops).

use convo_core::vocabulary::{Author, Direction, Kind};
use convo_email::InboundEmail;
use convo_threading::automated::Class;
use uuid::Uuid;

use crate::batch::Batch;
use crate::error::AppError;
use crate::loops::AnswerKind;
use crate::message::{NewMessage, mail_of};
use crate::outbox::{Outgoing, Thread};
use crate::sending::SendMode;

impl Batch<'_, '_> {
    /// Acknowledges a mail that came in just now, where the policy says so and nothing stands in the way: it is a
    /// person's, the lead's first in its conversation, and the lead's first within the policy's window.
    pub(crate) fn acknowledge(
        &mut self,
        mail: &InboundEmail,
        conversation: Uuid,
    ) -> Result<(), AppError> {
        let off = self.silent || self.context.sending.mode == SendMode::Off;
        let proper = mail.class() == Class::Human && mail.verdict.answerable;
        let Some(from) = mail.from.as_ref().filter(|_| proper && !off) else {
            return Ok(());
        };
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let (lead, campaign) = (entry.row.lead_id, entry.row.campaign_id);
        let first = entry.facts.tally.replies == 1 && entry.facts.holds.is_empty();
        let policy = self.policy(campaign)?;
        let acknowledge = &policy.policy.acknowledge;
        let Some(words) = acknowledge.words().filter(|_| first) else {
            return Ok(());
        };
        if self.lead_of_address(&from.email)? != Some(lead) {
            return Ok(());
        }
        let since = self.clock - chrono::Duration::hours(i64::from(acknowledge.window_hours));
        if self.acknowledged_since(lead, since)? {
            return Ok(());
        }
        if !self.may_acknowledge(conversation, &from.email)? {
            return Ok(());
        }
        let message = self.store_acknowledgement(conversation, words, &from.email)?;
        if self.queue_mail(Outgoing::AutoReply(message))?.is_some() {
            self.note_answer(message, conversation, lead, AnswerKind::Acknowledgement);
        }
        Ok(())
    }

    fn store_acknowledgement(
        &mut self,
        conversation: Uuid,
        words: &str,
        to: &str,
    ) -> Result<Uuid, AppError> {
        let Thread {
            in_reply_to,
            references,
            subject,
            ..
        } = self.thread_of(conversation, None)?;
        let from = self.context.sending.from.as_ref();
        let from = from.map(|from| from.email.clone());
        let rfc_id = self.outgoing_id()?;
        self.drawn(rfc_id.as_str());
        let said = mail_of(None, words, from.as_deref(), Some(&subject));
        let ids = references.iter().map(|id| id.as_str().to_owned());
        let stored = self.store_message(NewMessage {
            conversation,
            direction: Direction::Outbound,
            author: Author::System,
            author_id: None,
            kind: Kind::AutoReply,
            note: false,
            rfc_id,
            chain: &references,
            in_reply_to: in_reply_to.map(|id| id.as_str().to_owned()),
            references: ids.collect(),
            at: self.now,
            hash: said.content_hash(),
            rung: None,
            evidence: vec!["acknowledgement".to_owned()],
            receipt: None,
            from,
            recipients: vec![to.to_owned()],
            subject,
            reply_text: words.to_owned(),
            size: words.len(),
            text: words.to_owned(),
            html: None,
            headers: None,
            raw: None,
            attachments: &[],
            returns_on: None,
            opt_out_decided: false,
            unsent: self.context.sending.mode == SendMode::Shadow,
            forged: false,
        })?;
        Ok(stored.id)
    }
}
