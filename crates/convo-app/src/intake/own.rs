//! Mail of an agent or of one of our own addresses: what we said, never a reply.

use std::borrow::Cow;

use convo_core::vocabulary::Author;
use convo_email::{Address, InboundEmail};
use convo_threading::MessageId;
use convo_threading::automated::Class;
use uuid::Uuid;

use super::report::sent;
use super::{Arriving, Place, Route};
use crate::batch::Batch;
use crate::error::AppError;
use crate::handover::Relay;
use crate::reply_token;
use crate::wire::{address_key, is_address};

/// Which of us wrote a mail.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Own {
    pub(super) agent: Option<Uuid>,
}

impl Own {
    /// A place in a conversation for what we wrote.
    pub(super) fn place(self, conversation: Uuid, rung: i16, evidence: &str) -> Place {
        let author = if self.agent.is_some() {
            Author::Agent
        } else {
            Author::System
        };
        Place {
            agent: self.agent,
            outbound: true,
            ..Place::new(conversation, rung, evidence, author)
        }
    }
}

impl Batch<'_, '_> {
    /// Who of us wrote a mail; `None` for everybody else's.
    pub(crate) fn own_sender(
        &mut self,
        mail: &InboundEmail,
        our_addresses: &[String],
    ) -> Result<Option<Own>, AppError> {
        let Some(sender) = mail.from.as_ref().map(|from| address_key(&from.email)) else {
            return Ok(None);
        };
        if sender.is_empty() {
            return Ok(None);
        }
        let agent = self.agent_of_address(&sender)?;
        let ours = agent.is_some() || self.is_ours(&sender, our_addresses)?;
        Ok(ours.then_some(Own { agent }))
    }

    /// Marks a mail of ours that comes back under another name: what a machine sends back is nobody's reply.
    ///
    /// Nobody else's mail has our Message-ID, or an address with a token of ours to be answered at.
    pub(super) fn mark_returned(
        &mut self,
        mail: &mut Cow<'_, InboundEmail>,
        rfc_id: &MessageId,
        our_addresses: &[String],
    ) -> Result<(), AppError> {
        if !matches!(mail.class(), Class::Human | Class::List) {
            return Ok(());
        }
        let mark = if sent(self.heads(rfc_id.as_str())?).is_some() {
            "own:message-id"
        } else if self.asks_for_token(mail)? {
            "own:reply-to"
        } else {
            return Ok(());
        };
        if self.own_sender(mail, our_addresses)?.is_none() {
            let verdict = &mut mail.to_mut().verdict;
            verdict.class = Class::AutoReply;
            verdict.answerable = false;
            verdict.evidence.insert(0, Cow::Borrowed(mark));
        }
        Ok(())
    }

    fn asks_for_token(&mut self, mail: &InboundEmail) -> Result<bool, AppError> {
        for to in &mail.reply_to {
            if self.is_token(&to.email)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether an address holds a reply token we minted, for a lead or an agent.
    fn is_token(&mut self, address: &str) -> Result<bool, AppError> {
        let key = &self.context.reply_key;
        let token = reply_token::in_address(address);
        if token.is_some_and(|token| reply_token::open(key, token).is_some()) {
            return Ok(true);
        }
        Ok(self.agent_token(address)?.is_some())
    }

    fn is_ours(&mut self, address: &str, our_addresses: &[String]) -> Result<bool, AppError> {
        let mut also = our_addresses.iter();
        let known = self.context.our_addresses.contains(address)
            || also.any(|ours| address_key(ours) == address);
        Ok(known || self.is_token(address)?)
    }

    /// What an agent's mail is for, where it is for a lead; none for mail of the past.
    pub(super) fn relay_of_own(
        &mut self,
        arriving: &Arriving<'_>,
        own: Own,
    ) -> Result<Option<Relay>, AppError> {
        match own.agent.filter(|_| !arriving.history) {
            Some(agent) => self.relay_of(arriving.mail, agent),
            None => Ok(None),
        }
    }

    /// What a mail that is not from whom it says is for, where it says that it is ours.
    pub(super) fn route_forged(
        &mut self,
        arriving: &Arriving<'_>,
        own: Own,
    ) -> Result<Route, AppError> {
        let reason = "unverified_own_mail";
        Ok(match self.relay_of_own(arriving, own)? {
            Some(relay) => Route::Held { relay, reason },
            None => Route::Review(reason),
        })
    }

    /// The agent's answer that a person's mail may be, who is none of us and no lead: an agent who writes from an
    /// address that nobody told us, or whoever was passed a notice on.
    pub(super) fn held_for_agent(
        &mut self,
        arriving: &Arriving<'_>,
        lead: Option<Uuid>,
    ) -> Result<Option<Relay>, AppError> {
        let person = arriving.mail.class() == Class::Human && !arriving.history;
        if lead.is_some() || !person {
            return Ok(None);
        }
        self.relay_of_stranger(arriving.mail)
    }

    /// The first recipient of our mail who is none of us.
    pub(crate) fn stranger(
        &mut self,
        mail: &InboundEmail,
        our_addresses: &[String],
    ) -> Result<Option<Address>, AppError> {
        for to in mail.to.iter().chain(&mail.cc) {
            let key = address_key(&to.email);
            if is_address(&key)
                && !self.is_ours(&key, our_addresses)?
                && self.agent_of_address(&key)?.is_none()
            {
                return Ok(Some(to.clone()));
            }
        }
        Ok(None)
    }

    /// The conversation of the newest message we know that a mail names.
    pub(super) fn answered_by(&mut self, mail: &InboundEmail) -> Result<Option<Uuid>, AppError> {
        for id in mail.chain.candidates() {
            if let Some(head) = self.heads(id.as_str())?.first() {
                return Ok(Some(head.conversation_id));
            }
        }
        Ok(None)
    }

    /// Mail of an agent or of ours: outbound, never a reply.
    pub(super) fn route_own(
        &mut self,
        arriving: &Arriving<'_>,
        sender: Own,
    ) -> Result<Route, AppError> {
        let own = |conversation, evidence: &str| sender.place(conversation, 0, evidence);
        if let Some(relay) = self.relay_of_own(arriving, sender)? {
            return Ok(Route::Relay(relay));
        }
        if let Some(conversation) = self.token_of(arriving.mail)? {
            return Ok(Route::There(own(conversation, "own:token")));
        }
        if let Some(conversation) = self.answered_by(arriving.mail)? {
            return Ok(Route::There(own(conversation, "own:headers")));
        }
        let recipients: Vec<String> = arriving
            .mail
            .to
            .iter()
            .chain(&arriving.mail.cc)
            .map(|to| address_key(&to.email))
            .collect();
        for address in &recipients {
            let Some(lead) = self.lead_of_address(address)? else {
                continue;
            };
            if let Some(open) = self.most_recent(lead, None, true)? {
                return Ok(Route::There(own(open, "own:recipient")));
            }
            // History is told in order: what we write to a closed one opens the next.
            let last = if arriving.history {
                None
            } else {
                self.most_recent(lead, None, false)?
            };
            return Ok(match last {
                Some(last) => Route::There(own(last, "own:recipient")),
                None => Route::New {
                    lead,
                    campaign: arriving.campaign,
                    previous: self.most_recent(lead, None, false)?,
                    place: own(Uuid::nil(), "own:recipient"),
                },
            });
        }
        if arriving.history {
            let stranger = self.stranger(arriving.mail, arriving.our_addresses)?;
            if let Some(to) = stranger {
                return Ok(Route::NewLead {
                    address: to.email,
                    name: to.name,
                    place: own(Uuid::nil(), "own:recipient"),
                });
            }
        }
        Ok(Route::Review("own_mail_without_lead"))
    }
}
