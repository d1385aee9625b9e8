//! What became of a word to an agent: it says nothing of a lead, but an agent whom no mail reaches must not go unseen.

use chrono::{DateTime, Utc};
use convo_email::{EmailObservation, EventKind, FailureClass, InboundEmail, MessageId};
use convo_store::Put;
use convo_store::rows::OutboxRow;
use uuid::Uuid;

use super::{NoticeKind, Outgoing, Status};
use crate::batch::Batch;
use crate::error::AppError;
use crate::sending::SendMode;
use crate::webhook::{Effect, NOTICE, Status as Taken};
use crate::wire::{address_key, cut};

impl Batch<'_, '_> {
    /// The word to an agent that went out under a Message-ID.
    pub(crate) fn notice_of(&mut self, id: &MessageId) -> Result<Option<OutboxRow>, AppError> {
        if self.context.sending.mode == SendMode::Off {
            return Ok(None);
        }
        let mut here = self.commit.outbox.iter();
        let named = |row: &&OutboxRow| row.message_id.is_none() && row.rfc_id == id.as_str();
        if let Some(row) = here.find(named) {
            return Ok(Some(row.clone()));
        }
        self.load_notices(vec![id.as_str().to_owned()])?;
        Ok(self.notices.get(id.as_str()).cloned().flatten())
    }

    /// Looks up in one read which of these Message-IDs are words to agents.
    pub(crate) fn load_notices(&mut self, ids: Vec<String>) -> Result<(), AppError> {
        let mut missing = ids;
        missing.retain(|id| !self.notices.contains_key(id));
        if missing.is_empty() {
            return Ok(());
        }
        let found = self.reader.notices_by_rfc_ids(&missing)?;
        self.notices
            .extend(missing.into_iter().map(|id| (id, None)));
        for row in found {
            self.notices.insert(row.rfc_id.clone(), Some(row));
        }
        Ok(())
    }

    /// Takes an event that speaks of a word to an agent; none where it speaks of something else.
    pub(crate) fn notice_told(
        &mut self,
        event: &EmailObservation,
    ) -> Result<Option<Effect>, AppError> {
        let row = match &event.message_id {
            Some(id) => self.notice_of(id)?,
            None => None,
        };
        let Some(row) = row else { return Ok(None) };
        let at = cut(event.occurred_at);
        match &event.kind {
            EventKind::Failed(failure) if failure.class() != FailureClass::Soft => {
                self.notice_failed(row, at)?;
            }
            EventKind::Stored | EventKind::Unknown(_) => {}
            kind => {
                let rejected = matches!(kind, EventKind::Rejected { .. });
                let (agent, delivered) = (row.agent_id, *kind == EventKind::Delivered);
                self.provider_said(row, rejected)?;
                if let Some(agent) = agent.filter(|_| delivered) {
                    self.agent_reached(agent, at)?;
                }
            }
        }
        Ok(Some(of_notice(Taken::Done)))
    }

    /// Takes a bounce that came as mail and speaks of a word to an agent: believed of that agent's addresses.
    pub(crate) fn notice_reported(
        &mut self,
        mail: &InboundEmail,
        row: OutboxRow,
        at: DateTime<Utc>,
    ) -> Result<Effect, AppError> {
        let report = mail.report.as_ref();
        let dead = report.map(|report| report.recipients.as_slice());
        for one in dead.unwrap_or_default() {
            if one.class != Some(FailureClass::Hard) {
                continue;
            }
            for address in [&one.original, &one.address].into_iter().flatten() {
                let whose = self.agent_of_address(&address_key(address))?;
                if whose.is_some() && whose == row.agent_id {
                    self.notice_failed(row, at)?;
                    return Ok(of_notice(Taken::Done));
                }
            }
        }
        Ok(of_notice(Taken::Ignored))
    }

    fn notice_failed(&mut self, row: OutboxRow, at: DateTime<Utc>) -> Result<(), AppError> {
        let (agent, conversation) = (row.agent_id, row.conversation_id);
        if row.status != Status::Dead.as_str() {
            self.give_up(row, Status::Dead, "bounced")?;
        }
        match (agent, conversation) {
            (Some(agent), Some(conversation)) => self.agent_unreachable(agent, conversation, at),
            _ => Ok(()),
        }
    }

    /// Mail to an agent comes back: shown with the agent, and told to those who can do something about it, once.
    fn agent_unreachable(
        &mut self,
        agent: Uuid,
        conversation: Uuid,
        at: DateTime<Utc>,
    ) -> Result<(), AppError> {
        let Some(before) = self.agent(agent)? else {
            return Ok(());
        };
        if before.unreachable_at.is_some() {
            return Ok(());
        }
        let mut row = before.clone();
        row.unreachable_at = Some(at);
        self.change_agent(row, before.revision, "agent_unreachable");
        log::warn!("mail to agent {agent} comes back");
        for manager in self.managers(Some(agent))? {
            self.queue_mail(Outgoing::Notice {
                kind: NoticeKind::Unreachable,
                agent: manager,
                conversation,
                subject: Some(agent),
            })?;
        }
        Ok(())
    }

    fn agent_reached(&mut self, agent: Uuid, at: DateTime<Utc>) -> Result<(), AppError> {
        let Some(before) = self.agent(agent)? else {
            return Ok(());
        };
        if before.unreachable_at.is_none_or(|since| since >= at) {
            return Ok(());
        }
        let mut row = before.clone();
        row.unreachable_at = None;
        self.change_agent(row, before.revision, "agent_reachable");
        Ok(())
    }

    fn change_agent(&mut self, mut row: convo_store::rows::AgentRow, revision: i64, change: &str) {
        row.revision += 1;
        row.updated_at = self.now;
        let id = row.id;
        self.put_agent(Put::changed(row.clone(), revision));
        self.agents.insert(id, Some(row));
        self.record_changed(change, None, None, Some(id));
    }
}

/// Nothing of the event is kept: it holds an agent's address, and its effect is here.
fn of_notice(status: Taken) -> Effect {
    Effect {
        status,
        code: Some(NOTICE),
        ..Effect::default()
    }
}
