//! Messages of another system.

use convo_core::vocabulary::{Author, Direction, Kind};
use convo_threading::MessageId;
use serde_json::json;
use uuid::Uuid;

use super::ImportMessage;
use crate::batch::Batch;
use crate::command::Answer;
use crate::error::AppError;
use crate::message::NewMessage;
use crate::records::answer;

impl Batch<'_, '_> {
    /// Stores a message as of its own time.
    pub(super) fn import_message(&mut self, row: &ImportMessage) -> Result<Answer, AppError> {
        let id = self
            .conversation_named(&row.conversation_external_id)?
            .ok_or_else(|| AppError::invalid("conversationExternalId", "names no conversation"))?;
        let lead = self
            .conversation(id)?
            .ok_or(AppError::NotFound)?
            .row
            .lead_id;
        let (author, agent) = self.author_of(row, lead)?;
        let inbound = match row.direction.as_deref() {
            Some("inbound") => true,
            Some("outbound") => false,
            Some(_) => {
                return Err(AppError::invalid(
                    "direction",
                    "must be inbound or outbound",
                ));
            }
            None => author == Author::Lead,
        };
        let own_address = match author {
            Author::Lead => self.lead(lead)?.map(|entry| entry.row.email.clone()),
            _ => None,
        };
        let mail = crate::message::mail_of(row.email_headers.as_ref(), &row.content, None, None);
        // The external id stands in for a Message-ID, so that a second run finds the message.
        let own = mail.message_id.clone().or_else(|| {
            let digest = self.context.keyed("import", &[row.external_id.as_bytes()]);
            MessageId::parse(&format!(
                "<{}@import.convo>",
                hex::encode(digest.get(..16)?)
            ))
        });
        let rfc_id =
            own.ok_or_else(|| AppError::Fault("no Message-ID could be made".to_owned()))?;
        let hash = mail.content_hash();
        let known = self
            .heads(rfc_id.as_str())?
            .iter()
            .any(|head| head.conversation_id == id && head.content_hash == hash);
        if known {
            return answer(200, &json!({"outcome": "duplicate"}));
        }
        let at = row
            .sent_at
            .or(mail.date)
            .map(crate::wire::cut)
            .unwrap_or(self.now)
            .max(crate::intake::earliest())
            .min(self.clock);
        self.now = at;
        let stored = self.store_message(NewMessage {
            conversation: id,
            direction: if inbound {
                Direction::Inbound
            } else {
                Direction::Outbound
            },
            author,
            author_id: agent,
            kind: if inbound {
                crate::intake::kind_of(mail.verdict.class)
            } else {
                Kind::Human
            },
            note: row.message_type.as_deref() == Some("note"),
            rfc_id,
            chain: &mail.chain.ids,
            in_reply_to: crate::message::ids(mail.in_reply_to.as_deref(), 1).pop(),
            references: crate::message::ids(mail.references.as_deref(), 100),
            at,
            hash,
            rung: None,
            evidence: vec!["import".to_owned()],
            receipt: None,
            from: mail
                .from
                .as_ref()
                .map(|from| from.email.clone())
                .or(own_address),
            recipients: Vec::new(),
            subject: mail.subject.clone(),
            text: mail.text.clone(),
            reply_text: mail.reply_text.clone(),
            html: None,
            headers: None,
            raw: None,
            size: row.content.len(),
            attachments: &[],
            returns_on: crate::intake::returns(&mail),
            opt_out_decided: false,
            unsent: false,
            forged: false,
        })?;
        answer(201, &json!({"id": stored.id, "outcome": "stored"}))
    }

    fn author_of(
        &mut self,
        row: &ImportMessage,
        lead: Uuid,
    ) -> Result<(Author, Option<Uuid>), AppError> {
        if row.is_from_ai == 1 {
            return Ok((Author::Ai, None));
        }
        let Some(sender) = row.sender_id.as_deref() else {
            let inbound = row.direction.as_deref() != Some("outbound");
            return Ok((
                if inbound {
                    Author::Lead
                } else {
                    Author::System
                },
                None,
            ));
        };
        let entry = self.lead(lead)?.ok_or(AppError::NotFound)?;
        let is_lead =
            entry.row.external_id.as_deref() == Some(sender) || sender == lead.to_string();
        if is_lead
            || self.lead_of_address(sender)? == Some(lead)
            || self.answers_to("lead", sender)? == Some(lead)
        {
            return Ok((Author::Lead, None));
        }
        match self.agent_named(sender) {
            Ok(agent) => Ok((Author::Agent, Some(agent))),
            Err(AppError::Invalid(_)) => Err(AppError::invalid(
                "senderId",
                "names neither the lead nor an agent",
            )),
            Err(other) => Err(other),
        }
    }
}
