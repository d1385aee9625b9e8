//! `POST /{id}/send`: a mail to a conversation's lead, stored and queued in one commit.

use convo_core::vocabulary::{Author, Direction, Kind};
use convo_email::Attachment;
use convo_store::rows::OutboxRow;
use serde_json::json;
use uuid::Uuid;

use crate::batch::Batch;
use crate::command::Answer;
use crate::error::AppError;
use crate::gate::{Asked, Drafted, Leave, disclosed, disclosed_html};
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

impl Batch<'_, '_> {
    /// Sends a mail to the lead of the conversation in the path, or keeps it for an agent to approve.
    pub(crate) fn send(&mut self, id: Uuid, sent: &Sent) -> Result<Answer, AppError> {
        let request = &sent.request;
        request.check()?;
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        let (lead, owner) = (entry.row.lead_id, entry.facts.agent);
        let campaign = entry.row.campaign_id;
        self.touched_lead = Some(lead);
        let of_agent = request.author == Author::Agent.as_str();
        let leased = self.agent_of_lease(id, request.lease.filter(|_| of_agent))?;
        let speaker = self.who_writes(
            &request.author,
            request.agent_id,
            sent.key_agent,
            leased.or(owner),
        )?;
        let asked = Asked {
            speaker,
            purpose: request.purpose()?,
            answers: request.answers.as_deref(),
        };
        let approval = self.policy(campaign)?.policy.gate.approval;
        if request.draft == Some(true) || (approval && speaker.author != Author::Agent) {
            let drafted = Drafted {
                conversation: id,
                request,
                files: &sent.files,
            };
            return self.keep_draft(&drafted, &asked);
        }
        if self.context.sending.mode == SendMode::Off {
            return Err(AppError::SendingOff);
        }
        if let Some(agent) = speaker.agent {
            self.takes_by_writing(id, agent)?;
        }
        let leave = self.leave_to_send(id, request.lease, &asked)?;
        let (message, queued) = self.send_with(id, request, &sent.files, leave)?;
        self.accepted(id, message, &queued, None)
    }

    /// Stores and queues a mail that has leave.
    pub(crate) fn send_with(
        &mut self,
        id: Uuid,
        request: &Send,
        files: &[Attachment],
        leave: Leave,
    ) -> Result<(Uuid, OutboxRow), AppError> {
        if self.context.sending.mode == SendMode::Off {
            return Err(AppError::SendingOff);
        }
        let message = self.store_outgoing(id, request, files, &leave)?;
        let left = self.context.sending.mode == SendMode::Live;
        self.leave_used(leave, message, left)?;
        let queued = self.queue_mail(Outgoing::Message(message))?;
        let queued = queued.ok_or_else(|| AppError::Fault("nothing was queued".to_owned()))?;
        Ok((message, queued))
    }

    /// Stores a mail to the lead with its head, under the id of its lease.
    fn store_outgoing(
        &mut self,
        id: Uuid,
        request: &Send,
        files: &[Attachment],
        leave: &Leave,
    ) -> Result<Uuid, AppError> {
        let lease = &leave.lease;
        let wrong = |_| AppError::Fault("a lease has no author".to_owned());
        let author: Author = lease.author.parse().map_err(wrong)?;
        let Thread {
            in_reply_to,
            references,
            subject,
            ..
        } = self.thread_of(id, leave.answers())?;
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
        let rfc_id = leave.message_id()?;
        let plain = |text: &str| text.replace('\0', "\u{FFFD}");
        let (mut text, mut html) = (plain(&request.text), request.html.as_deref().map(plain));
        if let Some(line) = self.disclosure_of(lease)? {
            text = disclosed(&text, &line);
            html = html.map(|html| disclosed_html(&html, &line));
        }
        let said = mail_of(None, &text, from.as_deref(), Some(&subject));
        let stored = self.store_message(NewMessage {
            conversation: id,
            direction: Direction::Outbound,
            author,
            author_id: lease.agent_id,
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
            html,
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

    pub(crate) fn accepted(
        &mut self,
        id: Uuid,
        message: Uuid,
        queued: &OutboxRow,
        draft: Option<Uuid>,
    ) -> Result<Answer, AppError> {
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        let (state, version) = (entry.facts.state, entry.facts.version);
        let mut body = json!({
            "success": true,
            "conversationId": id,
            "id": message,
            "messageId": queued.rfc_id,
            "outbox": views::outgoing(queued),
            "conversation": {"currentState": state.as_str(), "version": version},
            "timestamp": time(self.now),
        });
        if let Some(draft) = draft {
            body["draftId"] = draft.to_string().into();
        }
        answer(202, &body)
    }
}
