//! Answering the lead from the agent's own mail program.
//!
//! What agents are told by mail has a Reply-To that names the conversation and the agent. What comes to it from one of
//! that agent's addresses goes to the lead, from the conversation's own address: what the agent wrote, without the
//! quoted notice. Whoever was asked and answers so takes the conversation. What a mail program says by itself goes to
//! nobody, and what may not be sent goes to the review list, and the agent is told.

use convo_core::vocabulary::{Author, Direction, Kind};
use convo_email::{Attachment, InboundEmail};
use convo_threading::automated::Class;
use uuid::Uuid;

use super::own_words::{own_files, own_words};
use crate::batch::Batch;
use crate::error::AppError;
use crate::gate::{Asked, Leave, Speaker};
use crate::intake::{Arrival, Arriving};
use crate::message::NewMessage;
use crate::outbox::{NoticeKind, Outgoing, Thread};
use crate::reply_token;
use crate::sending::SendMode;
use crate::webhook::{Effect, Status};

/// Agents whose tokens are tried on a mail from an address that is none of theirs.
const AGENTS: i64 = 1_000;

/// An agent's mail for the lead of a conversation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Relay {
    pub conversation: Uuid,
    pub agent: Uuid,
}

impl Batch<'_, '_> {
    /// The conversation whose lead an agent's mail is for, by the agent's own token in a recipient.
    pub(crate) fn relay_of(
        &mut self,
        mail: &InboundEmail,
        agent: Uuid,
    ) -> Result<Option<Relay>, AppError> {
        let key = &self.context.reply_key;
        let named: Vec<Uuid> = mail
            .recipients
            .iter()
            .filter_map(|to| reply_token::in_address(to))
            .filter_map(|token| reply_token::open_for_agent(key, token, agent))
            .collect();
        for conversation in named {
            if self.conversation(conversation)?.is_some() {
                return Ok(Some(Relay {
                    conversation,
                    agent,
                }));
            }
        }
        Ok(None)
    }

    /// What a token in an address stands for, where it is an agent's.
    pub(crate) fn agent_token(&mut self, address: &str) -> Result<Option<Relay>, AppError> {
        let key = &self.context.reply_key;
        let token = reply_token::in_address(address);
        // Most tokens are leads'.
        let token = token.filter(|token| reply_token::open(key, token).is_none());
        let claimed = token.and_then(|token| Some((token, reply_token::claimed(token)?)));
        let Some((token, conversation)) = claimed else {
            return Ok(None);
        };
        let Some(entry) = self.conversation(conversation)? else {
            return Ok(None);
        };
        let mut agents: Vec<Uuid> = entry.facts.agent.into_iter().collect();
        agents.extend(&entry.facts.handover.asked);
        agents.extend(self.reader.agents(None, AGENTS)?.iter().map(|row| row.id));
        let minted = |agent: &Uuid| reply_token::open_for_agent(key, token, *agent).is_some();
        Ok(agents.into_iter().find(minted).map(|agent| Relay {
            conversation,
            agent,
        }))
    }

    /// What a mail of somebody whom nobody knows is for, where it is written to an agent's address.
    pub(crate) fn relay_of_stranger(
        &mut self,
        mail: &InboundEmail,
    ) -> Result<Option<Relay>, AppError> {
        for to in &mail.recipients {
            if let Some(relay) = self.agent_token(to)? {
                return Ok(Some(relay));
            }
        }
        Ok(None)
    }

    /// Sends what an agent wrote on to the lead.
    ///
    /// # Errors
    /// Why it cannot be sent, where a person has said that it is to be: `Conflict`, `SendingOff`, `LeaseVoid`.
    pub(crate) fn relay(
        &mut self,
        arriving: &Arriving<'_>,
        arrival: &Arrival<'_>,
        relay: Relay,
    ) -> Result<Effect, AppError> {
        let (mail, by_hand) = (arriving.mail, arrival.vouched);
        if arrival.parked.is_some() && !by_hand {
            // A person decides about what was not sent.
            return self.park(arriving, arrival, "agent_mail_held");
        }
        match mail.class() {
            Class::AutoReply | Class::OutOfOffice => {
                return Ok(Effect {
                    status: Status::Ignored,
                    code: Some("automated_mail_of_agent"),
                    ..Effect::default()
                });
            }
            // Whether a person wrote it nobody can tell but a person.
            Class::List if !by_hand => {
                return self.not_sent(arriving, arrival, relay, "agent_mail_held");
            }
            _ => {}
        }
        let files = own_files(self.context, &mail.attachments);
        match self.relayed(arriving, arrival, relay, &files) {
            Err(Unrelayed::Refused { code, error }) => match by_hand {
                true => Err(error),
                false => self.not_sent(arriving, arrival, relay, code),
            },
            Err(Unrelayed::Failed(error)) => Err(error),
            Ok(effect) => Ok(effect),
        }
    }

    fn relayed(
        &mut self,
        arriving: &Arriving<'_>,
        arrival: &Arrival<'_>,
        relay: Relay,
        files: &[Attachment],
    ) -> Result<Effect, Unrelayed> {
        let Relay {
            conversation,
            agent,
        } = relay;
        let refused = |code, error| Unrelayed::Refused { code, error };
        let text = own_words(arriving.mail);
        if text.is_empty() && files.is_empty() {
            let error = AppError::conflict("the agent wrote nothing that could be sent");
            return Err(refused("agent_mail_empty", error));
        }
        if !self.may_answer(conversation, agent)? {
            let error = AppError::conflict("the agent does not have the conversation");
            return Err(refused("agent_not_owner", error));
        }
        if self.context.sending.mode == SendMode::Off {
            return Err(refused("agent_mail_held", AppError::SendingOff));
        }
        let asked = Asked {
            speaker: Speaker {
                author: Author::Agent,
                agent: Some(agent),
            },
            purpose: None,
            answers: None,
        };
        let leave = match self.leave_to_send(conversation, None, &asked) {
            Ok(leave) => leave,
            Err(error @ AppError::LeaseVoid { .. }) => {
                return Err(refused("agent_mail_held", error));
            }
            Err(error) => return Err(error.into()),
        };
        let written = Written { text, files };
        let message = self.store_relayed(arriving, arrival, relay, written, &leave)?;
        let left = self.context.sending.mode == SendMode::Live;
        self.leave_used(leave, message, left)?;
        self.also_known_as(message, arriving.rfc_id)?;
        self.queue_mail(Outgoing::Message(message))?;
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let (lead, campaign) = (entry.row.lead_id, entry.row.campaign_id);
        self.touched_lead = Some(lead);
        Ok(Effect {
            status: Status::Done,
            conversation: Some(conversation),
            lead: Some(lead),
            campaign,
            message: Some(message),
            ..Effect::default()
        })
    }

    /// Whether the agent has the conversation, or takes it by answering.
    fn may_answer(&mut self, conversation: Uuid, agent: Uuid) -> Result<bool, AppError> {
        if self.agent(agent)?.is_none_or(|agent| !agent.active) {
            return Ok(false);
        }
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        if !entry.facts.wants_agent() {
            return Ok(entry.facts.agent == Some(agent));
        }
        match self.accept(conversation, agent) {
            Ok(_) => Ok(true),
            Err(error) if error.is_fault() => Err(error),
            Err(_) => Ok(false),
        }
    }

    /// Who is asked for a conversation and writes to its lead takes it.
    pub(crate) fn takes_by_writing(
        &mut self,
        conversation: Uuid,
        agent: Uuid,
    ) -> Result<(), AppError> {
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let offer = match entry.facts.handover.offer {
            Some(offer) => self.offer(offer)?,
            None => None,
        };
        if offer.is_some_and(|offer| offer.agent_id == agent) {
            self.may_answer(conversation, agent)?;
        }
        Ok(())
    }

    fn store_relayed(
        &mut self,
        arriving: &Arriving<'_>,
        arrival: &Arrival<'_>,
        relay: Relay,
        written: Written<'_>,
        leave: &Leave,
    ) -> Result<Uuid, AppError> {
        let Thread {
            in_reply_to,
            references,
            subject,
            ..
        } = self.thread_of(relay.conversation, leave.answers())?;
        let entry = self.conversation(relay.conversation)?;
        let lead = entry.ok_or(AppError::NotFound)?.row.lead_id;
        let to = self
            .lead(lead)?
            .ok_or(AppError::NotFound)?
            .row
            .email
            .clone();
        let from = self.context.sending.from.as_ref();
        let from = from.map(|from| from.email.clone());
        let rfc_id = leave.message_id()?;
        let Written { text, files } = written;
        let stored = self.store_message(NewMessage {
            conversation: relay.conversation,
            direction: Direction::Outbound,
            author: Author::Agent,
            author_id: Some(relay.agent),
            kind: Kind::Human,
            note: false,
            rfc_id,
            chain: &references,
            in_reply_to: in_reply_to.map(|id| id.as_str().to_owned()),
            references: references.iter().map(|id| id.as_str().to_owned()).collect(),
            at: self.now,
            hash: arriving.hash,
            rung: Some(0),
            evidence: vec!["own:agent-token".to_owned()],
            receipt: arrival.receipt,
            from,
            recipients: vec![to],
            subject,
            reply_text: text.clone(),
            size: text.len(),
            text,
            html: None,
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

    /// Leaves the mail to a person, and tells the agent, once.
    pub(crate) fn not_sent(
        &mut self,
        arriving: &Arriving<'_>,
        arrival: &Arrival<'_>,
        relay: Relay,
        reason: &'static str,
    ) -> Result<Effect, AppError> {
        let known =
            arrival.parked.is_some() || self.parked(arriving.mail, arriving.rfc_id)?.is_some();
        let effect = self.park(arriving, arrival, reason)?;
        // A notice that answers a machine is answered again.
        let automatic = matches!(arriving.mail.class(), Class::AutoReply | Class::OutOfOffice);
        if !known && !automatic {
            self.notify(NoticeKind::NotSent, relay.agent, relay.conversation, None)?;
        }
        Ok(effect)
    }
}

/// What of an agent's mail goes on.
struct Written<'a> {
    text: String,
    files: &'a [Attachment],
}

/// Why a mail did not go on.
enum Unrelayed {
    /// It may not: the code of the review list, and what a person is told who wants it sent.
    Refused { code: &'static str, error: AppError },
    /// Something failed.
    Failed(AppError),
}

impl From<AppError> for Unrelayed {
    fn from(error: AppError) -> Self {
        Self::Failed(error)
    }
}
