//! From what is asked for to leave to send it, or every reason why not.

use convo_core::gate::{self, Mail, Purpose};
use convo_core::tally::Mark;
use convo_core::vocabulary::{Author, Awaiting, Direction, Kind};
use convo_email::MessageId;
use convo_store::rows::{LeaseRow, MessageRow};
use uuid::Uuid;

use super::facts::Where;
use super::{Denial, Fate, shown};
use crate::batch::Batch;
use crate::error::AppError;
use crate::loops::AnswerKind;

/// Who writes a mail.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Speaker {
    /// ai, agent or system.
    pub author: Author,
    /// The agent.
    pub agent: Option<Uuid>,
}

/// A mail that somebody wants to send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// Who writes it.
    pub speaker: Speaker,
    /// What it is for; found out when not said.
    pub purpose: Option<Purpose>,
    /// The message it answers, by our id or its Message-ID; the newest when not said.
    pub answers: Option<&'a str>,
}

/// Leave to send one mail now.
#[derive(Debug, Clone)]
pub(crate) struct Leave {
    /// The lease, not used yet.
    pub lease: LeaseRow,
}

impl Leave {
    /// The message it answers.
    pub fn answers(&self) -> Option<Uuid> {
        self.lease.answers_id
    }

    /// The Message-ID it was given under.
    ///
    /// # Errors
    /// A fault when it is none of ours.
    pub fn message_id(&self) -> Result<MessageId, AppError> {
        let id = MessageId::parse(&format!("<{}>", self.lease.rfc_id));
        id.ok_or_else(|| AppError::Fault("a lease has no id".to_owned()))
    }
}

impl Batch<'_, '_> {
    /// Who writes: for an agent the one named, else the given one, who must be active.
    pub(crate) fn who_writes(
        &mut self,
        author: &str,
        named: Option<Uuid>,
        else_agent: Option<Uuid>,
    ) -> Result<Speaker, AppError> {
        let wrong = || AppError::invalid("author", "must be ai, agent or system");
        let author: Author = author.parse().map_err(|_| wrong())?;
        if matches!(author, Author::Lead | Author::Other) {
            return Err(wrong());
        }
        if author != Author::Agent {
            return Ok(Speaker {
                author,
                agent: None,
            });
        }
        let agent = match named.or(else_agent) {
            Some(id) => self.agent(id)?,
            None => None,
        };
        let agent = agent.filter(|agent| agent.active);
        let agent = agent.ok_or_else(|| AppError::invalid("agentId", "names no active agent"))?;
        Ok(Speaker {
            author,
            agent: Some(agent.id),
        })
    }

    /// The mail that is meant: its purpose found out, and the message it answers.
    pub(super) fn meant(
        &mut self,
        conversation: Uuid,
        asked: &Asked<'_>,
    ) -> Result<Mail<Uuid>, AppError> {
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let (turn, written) = (entry.facts.awaiting(), entry.facts.tally.sent > 0);
        let heard = entry.facts.tally.newest_reply.is_some();
        let by_hand = asked.speaker.author == Author::Agent;
        let purpose = asked.purpose.unwrap_or(match turn {
            _ if asked.answers.is_some() => Purpose::Reply,
            Awaiting::Us => Purpose::Reply,
            _ if by_hand && heard => Purpose::Reply,
            _ if written => Purpose::FollowUp,
            _ => Purpose::Campaign,
        });
        let answers = match (purpose, asked.answers) {
            (Purpose::Reply, Some(named)) => Some(self.answerable(conversation, named)?),
            (Purpose::Reply, None) => self.newest_to_answer(conversation)?,
            (_, Some(_)) => {
                return Err(AppError::invalid("answers", "is for the purpose reply"));
            }
            (_, None) => None,
        };
        Ok(Mail {
            author: asked.speaker.author,
            purpose,
            agent: asked.speaker.agent,
            answers,
            stored: false,
        })
    }

    /// The message of a person in the conversation that is named.
    fn answerable(&mut self, conversation: Uuid, named: &str) -> Result<Mark<Uuid>, AppError> {
        let named = named.trim().trim_start_matches('<').trim_end_matches('>');
        let id = match named.parse::<Uuid>() {
            Ok(id) => Some(id),
            Err(_) => {
                let mut heads = self.heads(named)?.iter();
                let here = heads.find(|head| head.conversation_id == conversation);
                here.map(|head| head.id)
            }
        };
        let row = match id {
            Some(id) => self.message_row(id)?,
            None => None,
        };
        let row = row.filter(|row| row.conversation_id == conversation && is_of_person(row));
        row.map(|row| Mark {
            at: row.at,
            id: row.id,
        })
        .ok_or_else(|| {
            AppError::invalid("answers", "names no mail of a person in the conversation")
        })
    }

    /// The newest message of the lead in a conversation.
    pub(super) fn newest_to_answer(
        &mut self,
        conversation: Uuid,
    ) -> Result<Option<Mark<Uuid>>, AppError> {
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let newest = entry.facts.tally.newest_reply.as_ref();
        Ok(newest.map(|reply| reply.mark.clone()))
    }

    /// Place and time of a stored message.
    pub(super) fn mark_of(&mut self, message: Uuid) -> Result<Option<Mark<Uuid>>, AppError> {
        let row = self.message_row(message)?;
        Ok(row.map(|row| Mark {
            at: row.at,
            id: row.id,
        }))
    }

    /// Leave to send now: that of a lease, judged again, or that of the moment.
    ///
    /// # Errors
    /// `LeaseVoid` with every reason; `Invalid` for a lease that is none of the conversation.
    pub(crate) fn leave_to_send(
        &mut self,
        conversation: Uuid,
        lease: Option<Uuid>,
        asked: &Asked<'_>,
    ) -> Result<Leave, AppError> {
        let (lease, mail) = match lease {
            Some(id) => self.leased_mail(conversation, id, Some(asked))?,
            None => {
                let mail = self.meant(conversation, asked)?;
                let claim = self.claim_of(&mail)?;
                (self.new_lease(conversation, &mail, claim, 0)?, mail)
            }
        };
        let denials = self.judge(Where::There(conversation), &mail, Some(lease.id))?;
        granted(denials)?;
        Ok(Leave { lease })
    }

    /// The mail a lease was given for, as long as it can be used at all.
    pub(super) fn leased_mail(
        &mut self,
        conversation: Uuid,
        id: Uuid,
        asked: Option<&Asked<'_>>,
    ) -> Result<(LeaseRow, Mail<Uuid>), AppError> {
        let lease = self.lease(id)?;
        let lease = lease.filter(|lease| lease.conversation_id == conversation);
        let lease = lease
            .ok_or_else(|| AppError::invalid("lease", "names no lease of the conversation"))?;
        if asked.is_some_and(|asked| asked.speaker.author.as_str() != lease.author) {
            return Err(AppError::invalid("author", "is not the one of the lease"));
        }
        let void = |code, detail| AppError::LeaseVoid {
            reasons: vec![Denial::new(code, detail)],
        };
        if lease.used_at.is_some() {
            return Err(void("used", "the lease was used"));
        }
        if lease.expires_at <= self.clock {
            return Err(void("expired", "the lease has ended"));
        }
        let mail = self.mail_of_lease(&lease)?;
        Ok((lease, mail))
    }

    /// The mail a lease was given for.
    pub(super) fn mail_of_lease(&mut self, lease: &LeaseRow) -> Result<Mail<Uuid>, AppError> {
        let wrong = || AppError::Fault("a stored lease cannot be read".to_owned());
        let answers = match lease.answers_id {
            Some(id) => self.mark_of(id)?,
            None => None,
        };
        Ok(Mail {
            author: lease.author.parse().map_err(|_| wrong())?,
            purpose: lease.purpose.parse().map_err(|_| wrong())?,
            agent: lease.agent_id,
            answers,
            stored: false,
        })
    }

    /// The Message-ID that a mail of automation answers.
    pub(super) fn claim_of(&mut self, mail: &Mail<Uuid>) -> Result<Option<String>, AppError> {
        let answered = mail.answers.as_ref().filter(|_| mail.is_automation());
        let row = match answered {
            Some(answered) => self.message_row(answered.id)?,
            None => None,
        };
        Ok(row.map(|row| row.rfc_id))
    }

    /// Notes that a mail was sent with its leave.
    ///
    /// # Errors
    /// The database's.
    pub(crate) fn leave_used(
        &mut self,
        leave: Leave,
        message: Uuid,
        left: bool,
    ) -> Result<(), AppError> {
        let mut lease = leave.lease;
        lease.open_until = None;
        lease.used_at = lease.used_at.or(Some(self.clock));
        lease.message_id = Some(message);
        if left && super::lease::is_unasked(&lease) {
            self.fared(lease.campaign_id, Fate::Sent, self.clock);
        }
        let by_machine = lease.author != Author::Agent.as_str();
        if by_machine && lease.purpose == Purpose::Reply.as_str() {
            let kind = AnswerKind::Answer;
            self.note_answer(message, lease.conversation_id, lease.lead_id, kind);
        }
        let by_owner = lease.author == Author::Agent.as_str();
        if by_owner && self.is_silenced(lease.lead_id)? {
            // The owner answers one to one who wants no more mail: allowed, and never unseen.
            let (conversation, lead) = (lease.conversation_id, lease.lead_id);
            let change = "suppressed_lead_answered";
            self.record_changed(change, Some(conversation), Some(lead), Some(message));
        }
        self.put_lease(lease);
        Ok(())
    }
}

/// A refusal, where there is a reason for one.
pub(super) fn granted(denials: Vec<gate::Denial>) -> Result<(), AppError> {
    if denials.is_empty() {
        return Ok(());
    }
    Err(AppError::LeaseVoid {
        reasons: shown(denials),
    })
}

/// A mail that somebody wrote to us.
fn is_of_person(row: &MessageRow) -> bool {
    row.direction == Direction::Inbound.as_str() && row.kind == Kind::Human.as_str() && !row.note
}
