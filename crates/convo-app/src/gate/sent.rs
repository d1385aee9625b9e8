//! `POST /{id}/sent`: a mail that somebody else sends is stored, exactly once.

use convo_core::vocabulary::{Author, Direction, Kind};
use convo_email::MessageId;
use convo_store::rows::LeaseRow;
use serde_json::json;
use uuid::Uuid;

use super::Leave;
use super::facts::Where;
use super::leave::granted;
use crate::batch::Batch;
use crate::command::Answer;
use crate::error::AppError;
use crate::message::{NewMessage, mail_of};
use crate::outbox::Thread;
use crate::records::answer;
use crate::wire::{SentByOthers, time};

impl Batch<'_, '_> {
    /// Takes the word of a foreign sender. The gate judges once more: what is void by now is refused, so that who
    /// asks before handing the mail over sends nothing against a newer fact.
    pub(crate) fn sent_by_others(
        &mut self,
        id: Uuid,
        request: &SentByOthers,
        key_agent: Option<Uuid>,
    ) -> Result<Answer, AppError> {
        request.check()?;
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        self.touched_lead = Some(entry.row.lead_id);
        let provider_id = request.provider_id()?;
        let lease = self.lease(request.lease)?;
        let lease = lease.filter(|lease| lease.conversation_id == id);
        let theirs = lease.as_ref().and_then(|lease| lease.agent_id);
        if theirs.is_some() && key_agent.is_some() && theirs != key_agent {
            return Err(AppError::invalid("lease", "is another agent's"));
        }
        let used = lease.and_then(|lease| lease.message_id);
        if let Some(message) = used {
            // Told again: only the provider's id can be new.
            self.provider_calls_it(message, provider_id.as_ref())?;
            return self.recorded(id, message, true);
        }
        let (lease, mail) = self.leased_mail(id, request.lease, None)?;
        granted(self.judge(Where::There(id), &mail, Some(lease.id))?)?;
        self.still_good(&lease)?;
        let message = self.store_foreign(&lease, request)?;
        self.leave_used(Leave { lease }, message, true)?;
        self.provider_calls_it(message, provider_id.as_ref())?;
        self.recorded(id, message, false)
    }

    fn store_foreign(
        &mut self,
        lease: &LeaseRow,
        request: &SentByOthers,
    ) -> Result<Uuid, AppError> {
        let id = lease.conversation_id;
        let wrong = |what: &str| AppError::Fault(format!("a stored lease has no {what}"));
        let rfc_id = MessageId::parse(&format!("<{}>", lease.rfc_id)).ok_or_else(|| wrong("id"))?;
        let author: Author = lease.author.parse().map_err(|_| wrong("author"))?;
        let Thread {
            in_reply_to,
            references,
            subject,
            ..
        } = self.thread_of(id, lease.answers_id)?;
        let subject = request.subject.clone().unwrap_or(subject);
        let to = self
            .lead(lease.lead_id)?
            .ok_or(AppError::NotFound)?
            .row
            .email
            .clone();
        let plain =
            |text: &Option<String>| text.as_ref().map(|text| text.replace('\0', "\u{FFFD}"));
        let text = plain(&request.text).unwrap_or_default();
        let from = self
            .context
            .sending
            .from
            .as_ref()
            .map(|from| from.email.clone());
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
            evidence: vec!["sent".to_owned()],
            receipt: None,
            from,
            recipients: vec![to],
            subject,
            reply_text: text.clone(),
            size: text.len(),
            text,
            html: plain(&request.html),
            headers: None,
            raw: None,
            attachments: &[],
            returns_on: None,
            opt_out_decided: false,
            unsent: false,
            forged: false,
        })?;
        Ok(stored.id)
    }

    /// The provider calls a message by an id of its own: its events name that one.
    fn provider_calls_it(
        &mut self,
        message: Uuid,
        provider_id: Option<&MessageId>,
    ) -> Result<(), AppError> {
        let Some(given) = provider_id else {
            return Ok(());
        };
        let known = self.heads(given.as_str())?;
        if known.iter().any(|head| head.id == message) {
            return Ok(());
        }
        if !known.is_empty() {
            return Err(AppError::conflict(
                "another message has this providerMessageId",
            ));
        }
        self.also_known_as(message, given)
    }

    fn recorded(&mut self, id: Uuid, message: Uuid, duplicate: bool) -> Result<Answer, AppError> {
        let row = self.message_row(message)?.ok_or(AppError::NotFound)?;
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        let (state, version) = (entry.facts.state, entry.facts.version);
        answer(
            200,
            &json!({
                "success": true,
                "conversationId": id,
                "id": message,
                "messageId": row.rfc_id,
                "duplicate": duplicate,
                "conversation": {"currentState": state.as_str(), "version": version},
                "timestamp": time(self.now),
            }),
        )
    }
}
