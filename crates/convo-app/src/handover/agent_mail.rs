//! Answering the lead from the agent's own mail program.
//!
//! What agents are told by mail has a Reply-To that names the conversation and the agent. What comes to it from one of
//! that agent's addresses goes to the lead, from the conversation's own address: what the agent wrote, without the
//! quoted notice. Whoever was asked and answers so takes the conversation. What a mail program says by itself goes to
//! nobody, and what may not be sent goes to the review list, and the agent is told.

use convo_core::vocabulary::{Author, Direction, Kind};
use convo_email::InboundEmail;
use convo_threading::automated::Class;
use uuid::Uuid;

use crate::batch::Batch;
use crate::error::AppError;
use crate::gate::{Asked, Leave, Speaker};
use crate::intake::{Arrival, Arriving};
use crate::message::NewMessage;
use crate::outbox::{NoticeKind, Outgoing, Thread};
use crate::reply_token;
use crate::sending::SendMode;
use crate::webhook::{Effect, Status};

/// The line under which a notice begins: nothing below it is the agent's.
pub const WRITE_ABOVE: &str = "--- Answer above this line, and the lead gets your answer. ---";

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

    /// Sends what an agent wrote on to the lead.
    pub(crate) fn relay(
        &mut self,
        arriving: &Arriving<'_>,
        arrival: &Arrival<'_>,
        relay: Relay,
    ) -> Result<Effect, AppError> {
        let Relay {
            conversation,
            agent,
        } = relay;
        let mail = arriving.mail;
        if arrival.parked.is_some() {
            // A person decides about what was not sent.
            return self.park(arriving, arrival, "agent_mail_held");
        }
        if mail.class() != Class::Human {
            return Ok(Effect {
                status: Status::Ignored,
                code: Some("automated_mail_of_agent"),
                ..Effect::default()
            });
        }
        let text = own_words(mail);
        if text.is_empty() && mail.attachments.is_empty() {
            return self.not_sent(arriving, arrival, relay, "agent_mail_empty");
        }
        if !self.may_answer(conversation, agent)? {
            return self.not_sent(arriving, arrival, relay, "agent_not_owner");
        }
        if self.context.sending.mode == SendMode::Off {
            return self.not_sent(arriving, arrival, relay, "agent_mail_held");
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
            Err(AppError::LeaseVoid { .. }) => {
                return self.not_sent(arriving, arrival, relay, "agent_mail_held");
            }
            Err(error) => return Err(error),
        };
        let message = self.store_relayed(arriving, arrival, relay, text, &leave)?;
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

    fn store_relayed(
        &mut self,
        arriving: &Arriving<'_>,
        arrival: &Arrival<'_>,
        relay: Relay,
        text: String,
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
            attachments: &arriving.mail.attachments,
            returns_on: None,
            opt_out_decided: false,
            unsent: self.context.sending.mode == SendMode::Shadow,
            forged: false,
        })?;
        Ok(stored.id)
    }

    /// Leaves the mail to a person, and tells the agent, once.
    fn not_sent(
        &mut self,
        arriving: &Arriving<'_>,
        arrival: &Arrival<'_>,
        relay: Relay,
        reason: &'static str,
    ) -> Result<Effect, AppError> {
        let known = self.parked(arriving.mail, arriving.rfc_id)?.is_some();
        let effect = self.park(arriving, arrival, reason)?;
        if !known {
            self.notify(NoticeKind::NotSent, relay.agent, relay.conversation, None)?;
        }
        Ok(effect)
    }
}

/// The part of the notice's first line that no mail program breaks or quotes away.
const MARK: &str = "Answer above this line";

/// What the agent wrote: without quotes, and nothing from the notice's first line on.
fn own_words(mail: &InboundEmail) -> String {
    let said = mail.reply_text.trim();
    let marked = said.contains(MARK) || (said.is_empty() && mail.text.contains(MARK));
    if !marked {
        return said.to_owned();
    }
    // Where all of it was taken for the agent's words, or none of it, the line tells them apart.
    let whole = if said.is_empty() {
        mail.text.as_str()
    } else {
        said
    };
    let above = whole.lines().take_while(|line| !line.contains(MARK));
    let own = above.filter(|line| !line.trim_start().starts_with('>'));
    without_intro(own.collect::<Vec<_>>().join("\n").trim()).to_owned()
}

/// Without the lines in which a mail program says whom it quotes: they end in a colon and name a time.
fn without_intro(text: &str) -> &str {
    let (before, last) = text.rsplit_once("\n\n").unwrap_or(("", text));
    let intro = last.trim_end().ends_with(':')
        && last.lines().count() <= 3
        && last.contains(|c: char| c.is_ascii_digit());
    if intro { before.trim_end() } else { text }
}

#[cfg(test)]
mod tests {
    use convo_email::{Headers, InboundParts};

    use super::*;

    fn mail(text: &str) -> InboundEmail {
        let pairs = vec![("From".to_owned(), "agent@dealer.example".to_owned())];
        InboundEmail::assemble(InboundParts {
            headers: Headers::from_pairs(pairs),
            text: Some(text.to_owned()),
            size: text.len(),
            ..InboundParts::default()
        })
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(own_words(&mail(text)), expected, "{text}");
    }

    #[test]
    fn the_notice_never_goes_to_the_lead() {
        check(
            "Come on Tuesday.\n\nBest, Ann",
            "Come on Tuesday.\n\nBest, Ann",
        );
        check(
            "Come on Tuesday.\n\nOn Mon, 5 Jan 2026 at 10:00, Convo <convo@dealer.example> wrote:\n\
             > --- Answer above this line, and the lead gets your answer. ---\n> secret",
            "Come on Tuesday.",
        );
        // A mail program that quotes without marks, and breaks lines where it likes.
        check(
            "Come on Tuesday.\n--- Answer above this line, and the\nlead gets your answer. ---\nsecret",
            "Come on Tuesday.",
        );
        check(
            "--- Answer above this line, and the lead gets your answer. ---\nsecret",
            "",
        );
        check(
            "\n\nOn Mon, 5 Jan 2026 at 10:00, Convo <convo@dealer.example> wrote:\n\
             > --- Answer above this line, and the lead gets your answer. ---\n> secret",
            "",
        );
    }
}
