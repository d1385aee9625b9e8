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
    /// Who writes: for an agent the one of the caller's key, else the one named, else the given one, who must be
    /// active. A key of an agent writes as nobody else.
    pub(crate) fn who_writes(
        &mut self,
        author: &str,
        named: Option<Uuid>,
        key_agent: Option<Uuid>,
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
        if key_agent.is_some() && named.is_some() && named != key_agent {
            return Err(AppError::invalid("agentId", "is not the agent of the key"));
        }
        let agent = match key_agent.or(named).or(else_agent) {
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
            (Purpose::Reply, None) => self
                .newest_to_answer(conversation)?
                .map(|newest| (newest, true)),
            (_, Some(_)) => {
                return Err(AppError::invalid("answers", "is for the purpose reply"));
            }
            (_, None) => None,
        };
        let (answers, lead_wrote) = answers.unzip();
        Ok(Mail {
            author: asked.speaker.author,
            purpose,
            agent: asked.speaker.agent,
            answers,
            lead_wrote: lead_wrote.unwrap_or_default(),
            stored: false,
        })
    }

    /// The agent of a lease of the conversation, who writes where nobody is named.
    pub(crate) fn agent_of_lease(
        &mut self,
        conversation: Uuid,
        lease: Option<Uuid>,
    ) -> Result<Option<Uuid>, AppError> {
        let lease = match lease {
            Some(id) => self.lease(id)?,
            None => None,
        };
        let lease = lease.filter(|lease| lease.conversation_id == conversation);
        Ok(lease.and_then(|lease| lease.agent_id))
    }

    /// The message of a person in the conversation that is named, and whether the lead wrote it.
    fn answerable(
        &mut self,
        conversation: Uuid,
        named: &str,
    ) -> Result<(Mark<Uuid>, bool), AppError> {
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
        row.map(|row| marked(&row)).ok_or_else(|| {
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

    /// Place and time of a stored message, and whether the lead wrote it.
    pub(super) fn mark_of(
        &mut self,
        message: Uuid,
    ) -> Result<Option<(Mark<Uuid>, bool)>, AppError> {
        Ok(self.message_row(message)?.map(|row| marked(&row)))
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
        let given = lease;
        let (lease, mail) = match given {
            Some(id) => self.leased_mail(conversation, id, Some(asked))?,
            None => {
                let mail = self.meant(conversation, asked)?;
                let claim = self.claim_of(&mail)?;
                (self.new_lease(conversation, &mail, claim, 0)?, mail)
            }
        };
        let denials = self.judge(Where::There(conversation), &mail, Some(lease.id))?;
        granted(denials)?;
        if given.is_some() {
            self.still_good(&lease)?;
        }
        Ok(Leave { lease })
    }

    /// What a fact has made void stays void, though the fact is undone by now.
    pub(super) fn still_good(&mut self, lease: &LeaseRow) -> Result<(), AppError> {
        if is_void(lease) || self.written_since(lease)? {
            return Err(AppError::LeaseVoid {
                reasons: vec![Denial::new("void", "a fact since has made the lease void")],
            });
        }
        Ok(())
    }

    /// Whether the lead has written since a lease of an unasked mail was given: whoever answered, the mail that
    /// was meant is not the next one any more.
    fn written_since(&mut self, lease: &LeaseRow) -> Result<bool, AppError> {
        if !super::lease::is_unasked(lease) {
            return Ok(false);
        }
        let mut newest = Vec::new();
        for id in self.conversations_of(lease.lead_id)? {
            let entry = self.conversation(id)?;
            let facts = entry.filter(|entry| entry.facts.state.is_open());
            newest.extend(facts.and_then(|entry| entry.facts.tally.newest_reply.clone()));
        }
        let fresh = newest.iter().map(|reply| reply.mark.id);
        for id in fresh.collect::<Vec<_>>() {
            let row = self.message_row(id)?;
            if row.is_some_and(|row| row.received_at >= lease.created_at) {
                return Ok(true);
            }
        }
        Ok(false)
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
        if let Some(Asked { speaker, .. }) = asked {
            if speaker.author.as_str() != lease.author {
                return Err(AppError::invalid("author", "is not the one of the lease"));
            }
            if speaker.agent != lease.agent_id {
                return Err(AppError::invalid("agentId", "is not the one of the lease"));
            }
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
        let (answers, lead_wrote) = answers.unzip();
        Ok(Mail {
            author: lease.author.parse().map_err(|_| wrong())?,
            purpose: lease.purpose.parse().map_err(|_| wrong())?,
            agent: lease.agent_id,
            answers,
            lead_wrote: lead_wrote.unwrap_or_default(),
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
        lease.used_at = Some(self.clock);
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

/// A lease that nobody used and a fact ended before its time.
fn is_void(lease: &LeaseRow) -> bool {
    lease.used_at.is_none()
        && lease
            .open_until
            .is_none_or(|until| until < lease.expires_at)
}

fn marked(row: &MessageRow) -> (Mark<Uuid>, bool) {
    let mark = Mark {
        at: row.at,
        id: row.id,
    };
    (mark, row.author == Author::Lead.as_str())
}

/// A mail that somebody wrote to us.
fn is_of_person(row: &MessageRow) -> bool {
    row.direction == Direction::Inbound.as_str() && row.kind == Kind::Human.as_str() && !row.note
}
