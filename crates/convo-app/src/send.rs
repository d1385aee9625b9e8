//! `POST /{id}/send`: a mail to a conversation's lead, stored and queued in one commit.

use convo_core::vocabulary::{Author, Direction, Kind};
use convo_email::Attachment;
use convo_store::rows::OutboxRow;
use serde_json::json;
use uuid::Uuid;

use crate::batch::Batch;
use crate::command::Answer;
use crate::error::AppError;
use crate::gate::{Denial, Wish};
use crate::loops::AnswerKind;
use crate::message::{NewMessage, mail_of};
use crate::outbox::{Outgoing, Thread};
use crate::records::answer;
use crate::sending::SendMode;
use crate::views;
use crate::wire::{Send, time};

/// A mail to send, its files kept on disk already.
#[derive(Debug, Clone)]
pub struct Sent {
    /// What was asked for.
    pub request: Send,
    /// The files.
    pub files: Vec<Attachment>,
    /// The agent whom the caller's key belongs to.
    pub key_agent: Option<Uuid>,
}

/// Who writes a mail.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writer {
    pub author: Author,
    pub agent: Option<Uuid>,
}

impl Batch<'_, '_> {
    /// Sends a mail to the lead of the conversation in the path.
    pub(crate) fn send(&mut self, id: Uuid, sent: &Sent) -> Result<Answer, AppError> {
        let request = &sent.request;
        request.check()?;
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        let (lead, owner) = (entry.row.lead_id, entry.facts.agent);
        self.touched_lead = Some(lead);
        let writer = self.writer(request, sent.key_agent.or(owner))?;
        if self.context.sending.mode == SendMode::Off {
            return Err(AppError::SendingOff);
        }
        self.pass_gate(id, writer, request)?;
        let answers = self.answers_by_machine(id, writer.author)?;
        let message = self.store_outgoing(id, writer, request, &sent.files)?;
        if answers {
            self.note_answer(message, id, lead, AnswerKind::Answer);
        }
        let queued = self.queue_mail(Outgoing::Message(message))?;
        let queued = queued.ok_or_else(|| AppError::Fault("nothing was queued".to_owned()))?;
        self.accepted(id, message, &queued)
    }

    /// Who writes: for an agent the one named, the key's, or the owner.
    fn writer(&mut self, request: &Send, agent: Option<Uuid>) -> Result<Writer, AppError> {
        let author: Author = request
            .author
            .parse()
            .map_err(|_| AppError::invalid("author", "must be ai, agent or system"))?;
        if author != Author::Agent {
            return Ok(Writer {
                author,
                agent: None,
            });
        }
        let named = request.agent_id.or(agent);
        let agent = match named {
            Some(id) => self.agent(id)?,
            None => None,
        };
        let agent = agent.filter(|agent| agent.active);
        let agent = agent.ok_or_else(|| AppError::invalid("agentId", "names no active agent"))?;
        Ok(Writer {
            author,
            agent: Some(agent.id),
        })
    }

    /// Asks the gate; a lease stands for what it said before.
    fn pass_gate(&mut self, id: Uuid, writer: Writer, request: &Send) -> Result<(), AppError> {
        if request.lease.is_some() {
            let reasons = vec![Denial::new("lease_unknown", "there is no such lease")];
            return Err(AppError::LeaseVoid { reasons });
        }
        if request.draft == Some(true) {
            return Err(AppError::invalid("draft", "drafts are not kept here"));
        }
        let mut denials = self.gate_denies(&Wish {
            conversation: id,
            author: writer.author,
            agent: writer.agent,
        })?;
        if self.answers_by_machine(id, writer.author)? && self.loop_budget(id)?.is_some() {
            let detail = "too many automatic answers of late";
            denials.push(Denial::new("loop_budget", detail));
        }
        denied(denials)
    }

    /// Stores a mail to the lead with its head, under an id of its own.
    pub(crate) fn store_outgoing(
        &mut self,
        id: Uuid,
        writer: Writer,
        request: &Send,
        files: &[Attachment],
    ) -> Result<Uuid, AppError> {
        let Thread {
            in_reply_to,
            references,
            subject,
            ..
        } = self.thread_of(id)?;
        let subject = request.subject.clone().unwrap_or(subject);
        let lead = self
            .conversation(id)?
            .ok_or(AppError::NotFound)?
            .row
            .lead_id;
        let to = self
            .lead(lead)?
            .ok_or(AppError::NotFound)?
            .row
            .email
            .clone();
        let from = self.context.sending.from.as_ref();
        let from = from.map(|from| from.email.clone());
        let rfc_id = self.outgoing_id()?;
        self.drawn(rfc_id.as_str());
        let text = request.text.replace('\0', "\u{FFFD}");
        let said = mail_of(None, &text, from.as_deref(), Some(&subject));
        let stored = self.store_message(NewMessage {
            conversation: id,
            direction: Direction::Outbound,
            author: writer.author,
            author_id: writer.agent,
            kind: Kind::Human,
            note: false,
            rfc_id,
            chain: &references,
            in_reply_to: in_reply_to.map(|id| id.as_str().to_owned()),
            references: references.iter().map(|id| id.as_str().to_owned()).collect(),
            at: self.now,
            hash: said.content_hash(),
            rung: None,
            evidence: vec!["send".to_owned()],
            receipt: None,
            from,
            recipients: vec![to],
            subject,
            reply_text: text.clone(),
            size: text.len(),
            text,
            html: request
                .html
                .as_ref()
                .map(|html| html.replace('\0', "\u{FFFD}")),
            headers: None,
            raw: None,
            attachments: files,
            returns_on: None,
            opt_out_decided: false,
            unsent: self.context.sending.mode == SendMode::Shadow,
            forged: false,
        })?;
        Ok(stored.id)
    }

    fn accepted(
        &mut self,
        id: Uuid,
        message: Uuid,
        queued: &OutboxRow,
    ) -> Result<Answer, AppError> {
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        let (state, version) = (entry.facts.state, entry.facts.version);
        answer(
            202,
            &json!({
                "success": true,
                "conversationId": id,
                "id": message,
                "messageId": queued.rfc_id,
                "outbox": views::outgoing(queued),
                "conversation": {"currentState": state.as_str(), "version": version},
                "timestamp": time(self.now),
            }),
        )
    }
}

/// A refusal, where there is a reason for one.
fn denied(denials: Vec<Denial>) -> Result<(), AppError> {
    if denials.is_empty() {
        Ok(())
    } else {
        Err(AppError::LeaseVoid { reasons: denials })
    }
}
