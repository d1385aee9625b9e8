//! `POST /{id}/process-message`: records what was said elsewhere, and never sends.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use convo_core::vocabulary::{Author, Direction, Kind, Stage};
use convo_email::{Headers, InboundEmail, InboundParts, authentication};
use convo_store::MessageHead;
use convo_threading::MessageId;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{NewMessage, ids, journey_of};
use crate::batch::Batch;
use crate::command::Answer;
use crate::error::AppError;
use crate::intake::{earliest, kind_of};
use crate::records::answer;
use crate::views::MessageView;
use crate::wire::{ProcessMessage, cut, time};

/// Who said it.
pub(crate) struct Speaker {
    pub author: Author,
    pub agent: Option<Uuid>,
    pub address: Option<String>,
}

/// How much the batch had told when the command began.
#[derive(Clone, Copy)]
struct Told {
    steps: usize,
    stages: usize,
}

impl Told {
    fn by(batch: &Batch<'_, '_>) -> Self {
        Self {
            steps: batch.commit.transitions.len(),
            stages: batch.commit.journey.len(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Processed {
    success: bool,
    message: MessageView,
    conversation: Value,
    transitions: Vec<Value>,
    journey: Value,
    duplicate: bool,
    timestamp: String,
}

impl Batch<'_, '_> {
    /// Records a message in the conversation of the path, which it never leaves.
    pub(crate) fn process_message(
        &mut self,
        id: Uuid,
        request: &ProcessMessage,
    ) -> Result<Answer, AppError> {
        request.check()?;
        let before = Told::by(self);
        let latest = self.now + chrono::Duration::days(1);
        let possible = |at: &DateTime<Utc>| *at >= earliest() && *at <= latest;
        if !request.sent_at.iter().all(possible) {
            return Err(AppError::invalid(
                "sentAt",
                "must lie between 1990 and tomorrow",
            ));
        }
        let speaker = self.speaker(id, request)?;
        let said = said(request, speaker.address.as_deref());
        let hash = said.content_hash();
        if let Some(own) = &said.message_id
            && let Some(head) = self.same(id, own, &hash)?
        {
            return self.processed(id, head.id, before, true);
        }
        let rfc_id = match said.message_id.clone() {
            Some(id) => id,
            None => self.draw_message_id()?,
        };
        let at = request
            .sent_at
            .or(said.date.filter(possible))
            .map_or(self.now, cut);
        let inbound = speaker.author == Author::Lead;
        let trusted = &self.context.trusted_auth_hosts;
        let origin = authentication::origin(&said.headers, trusted);
        let forged = inbound && origin.is_forged();
        let mut evidence = vec!["process-message".to_owned()];
        evidence.extend(origin.code().filter(|_| inbound).map(str::to_owned));
        let stored = self.store_message(NewMessage {
            conversation: id,
            direction: if inbound {
                Direction::Inbound
            } else {
                Direction::Outbound
            },
            author: if forged {
                Author::Other
            } else {
                speaker.author
            },
            author_id: speaker.agent,
            kind: if inbound {
                kind_of(said.verdict.class)
            } else {
                Kind::Human
            },
            note: !inbound && request.message_type.eq_ignore_ascii_case("note"),
            rfc_id,
            chain: &said.chain.ids,
            in_reply_to: ids(said.in_reply_to.as_deref(), 1).pop(),
            references: ids(said.references.as_deref(), 100),
            at,
            hash,
            rung: None,
            evidence,
            receipt: None,
            from: said.from.as_ref().map(|from| from.email.clone()),
            recipients: Vec::new(),
            subject: said.subject.clone(),
            text: request.content.replace('\0', "\u{FFFD}"),
            reply_text: said.reply_text.clone(),
            html: None,
            headers: None,
            raw: None,
            size: request.content.len(),
            attachments: &[],
            returns_on: crate::intake::returns(&said).filter(|_| !forged),
            opt_out_decided: false,
            unsent: false,
            forged,
        })?;
        self.processed(id, stored.id, before, false)
    }

    /// A new Message-ID: without one of its own a message is always a new one.
    fn draw_message_id(&mut self) -> Result<MessageId, AppError> {
        let id = MessageId::parse(&format!("<{}@process.convo>", self.new_id()))
            .ok_or_else(|| AppError::Fault("no Message-ID could be made".to_owned()))?;
        self.drawn(id.as_str());
        Ok(id)
    }

    /// The lead by id or address, an agent by id, or our own AI.
    fn speaker(&mut self, id: Uuid, request: &ProcessMessage) -> Result<Speaker, AppError> {
        let sender = request.sender_id.trim();
        let nobody = || AppError::invalid("senderId", "names neither the lead nor an agent");
        if request.is_from_ai == 1 {
            if self.conversation(id)?.is_none() {
                return Err(AppError::NotFound);
            }
            return Ok(Speaker {
                author: Author::Ai,
                agent: None,
                address: None,
            });
        }
        let uuid: Option<Uuid> = sender.parse().ok();
        let of = self.conversation(id)?.map(|entry| entry.row.lead_id);
        if let Some(agent) = uuid.filter(|id| of != Some(*id))
            && let Some(row) = self.agent(agent)?
        {
            if of.is_none() {
                return Err(AppError::NotFound);
            }
            return Ok(Speaker {
                author: Author::Agent,
                agent: Some(agent),
                address: Some(row.email),
            });
        }
        let lead = match uuid {
            Some(id) => self.lead(id)?.map(|entry| entry.row.id),
            None => self.lead_of_address(sender)?,
        };
        let lead = lead.ok_or_else(nobody)?;
        if of.ok_or(AppError::NotFound)? != lead {
            return Err(nobody());
        }
        let address = match uuid {
            Some(_) => self.lead(lead)?.map(|entry| entry.row.email.clone()),
            None => Some(sender.to_owned()),
        };
        Ok(Speaker {
            author: Author::Lead,
            agent: None,
            address,
        })
    }

    fn same(
        &mut self,
        conversation: Uuid,
        id: &MessageId,
        hash: &[u8],
    ) -> Result<Option<MessageHead>, AppError> {
        let heads = self.heads(id.as_str())?;
        let same = heads.iter().find(|head| {
            head.conversation_id == conversation
                && head.rfc_id == id.as_str()
                && head.content_hash == hash
        });
        Ok(same.cloned())
    }

    /// A message of this batch or of the database, where it stands now.
    fn message_view(&mut self, id: Uuid) -> Result<MessageView, AppError> {
        if let Some(row) = self.commit.messages.iter().find(|row| row.id == id) {
            let mut contents = self.commit.contents.iter();
            let content = contents.find(|content| content.message_id == id);
            return Ok(MessageView::new(row, content));
        }
        let mut rows = self.reader.messages_by_ids(&[id])?;
        let mut moved = self.commit.placements.iter();
        if let (Some(row), Some(moved)) = (rows.first_mut(), moved.find(|moved| moved.id == id)) {
            row.parent_message_rfc.clone_from(&moved.parent_message_rfc);
            row.parent_id = moved.parent_id;
            row.depth = moved.depth;
            row.thread_id = moved.thread_id;
        }
        let mut views = crate::views::messages(self.reader, &rows)?;
        views.pop().ok_or(AppError::NotFound)
    }

    fn processed(
        &mut self,
        id: Uuid,
        message: Uuid,
        before: Told,
        duplicate: bool,
    ) -> Result<Answer, AppError> {
        let message = self.message_view(message)?;
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        let (state, version, lead) = (entry.facts.state, entry.facts.version, entry.row.lead_id);
        self.touched_lead = Some(lead);
        let stage = self.lead(lead)?.and_then(|lead| lead.facts.journey.current);
        // Not only what followed from the message itself: what waited for it has moved it too.
        let steps = self.commit.transitions.iter().skip(before.steps);
        let transitions = steps.filter(|step| step.conversation_id == id).map(|step| {
            json!({
                "fromState": step.from_state,
                "newState": step.to_state,
                "event": step.event,
                "version": step.version,
            })
        });
        let rows = self.commit.journey.iter().skip(before.stages);
        let entered: Vec<Stage> = rows
            .filter(|row| row.conversation_id == Some(id) && row.action == "entered")
            .filter_map(|row| Stage::from_order(u8::try_from(row.stage).ok()?))
            .collect();
        answer(
            200,
            &Processed {
                success: true,
                message,
                conversation: json!({"currentState": state.as_str(), "version": version}),
                transitions: transitions.collect(),
                journey: journey_of(stage, &entered),
                duplicate,
                timestamp: time(self.now),
            },
        )
    }
}

/// What was said, read the way a mail is.
fn said(request: &ProcessMessage, address: Option<&str>) -> InboundEmail {
    mail_of(
        request.email_headers.as_ref(),
        &request.content,
        address,
        request.subject.as_deref(),
    )
}

/// A text with header fields as a mail; what the fields do not say, the arguments do.
pub(crate) fn mail_of(
    headers: Option<&BTreeMap<String, Value>>,
    content: &str,
    address: Option<&str>,
    subject: Option<&str>,
) -> InboundEmail {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (name, value) in headers.into_iter().flatten() {
        match value {
            Value::String(text) => pairs.push((name.clone(), text.clone())),
            Value::Array(all) => {
                let texts = all.iter().filter_map(Value::as_str);
                pairs.extend(texts.map(|text| (name.clone(), text.to_owned())));
            }
            _ => {}
        }
    }
    let named = |header: &str| {
        pairs
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(header))
    };
    let from = address
        .filter(|_| !named("From"))
        .map(|text| ("From".to_owned(), text.to_owned()));
    let subject = subject
        .filter(|_| !named("Subject"))
        .map(|text| ("Subject".to_owned(), text.to_owned()));
    pairs.extend(from);
    pairs.extend(subject);
    InboundEmail::assemble(InboundParts {
        headers: Headers::from_pairs(pairs),
        text: Some(content.to_owned()),
        size: content.len(),
        ..InboundParts::default()
    })
}
