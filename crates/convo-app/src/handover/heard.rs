//! What the lead and agents say: a reply starts the owner's clock, an answer stops it, and the owner is told of what
//! came.
//!
//! Own times decide, as they do about whose turn it is: a reply older than our newest mail waits for nothing, and a mail
//! older than the newest reply answers nothing. What did not leave the house was not heard.

use std::collections::HashSet;

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use convo_core::conversation::Conversation;
use convo_core::vocabulary::{Author, Direction, Kind};
use convo_store::rows::MessageRow;
use uuid::Uuid;

use crate::batch::Batch;
use crate::door::is_unsent;
use crate::error::AppError;
use crate::message::is_forged;
use crate::outbox::NoticeKind;
use crate::timers::{TimerKey, TimerKind};

/// The newest messages of a conversation that are looked at for what else was said.
const LOOKED_AT: i64 = 200;

impl Batch<'_, '_> {
    /// A message was stored.
    pub(crate) fn handover_hears(&mut self, row: &MessageRow) -> Result<(), AppError> {
        if self.silent || row.note {
            return Ok(());
        }
        if is_word_of_agent(row) {
            return match is_unsent(&row.codes) {
                true => Ok(()),
                false => self.agent_heard(row),
            };
        }
        let Some(news) = news(row) else {
            return Ok(());
        };
        let conversation = row.conversation_id;
        if news == NoticeKind::Reply {
            self.lead_wrote(row)?;
        }
        match self.owner_of(conversation)? {
            Some(owner) => self.notify(news, owner, conversation, Some(row.id)),
            None => Ok(()),
        }
    }

    /// The lead's own word waits for an answer of the owner, unless one is younger; who is gone gives it back.
    pub(crate) fn lead_wrote(&mut self, row: &MessageRow) -> Result<(), AppError> {
        let conversation = row.conversation_id;
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let facts = &entry.facts;
        let Some(owner) = facts.agent.filter(|_| facts.is_owned()) else {
            if facts.wants_agent() && facts.handover.wanted_at.is_none() {
                // It came with the state it has, and is alive.
                self.want_agent(conversation);
            }
            return Ok(());
        };
        let ours = facts.tally.last_sent_at();
        if ours.is_some_and(|ours| row.at < ours) {
            return Ok(());
        }
        self.await_answer(conversation, owner, self.now)?;
        self.give_back_if_gone(conversation, owner)
    }

    /// The owner owes an answer to what came then.
    fn await_answer(
        &mut self,
        conversation: Uuid,
        owner: Uuid,
        from: DateTime<Utc>,
    ) -> Result<(), AppError> {
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let mut handover = entry.facts.handover.clone();
        if entry.facts.owes_touch() {
            return Ok(());
        }
        let deadline = self.deadline(conversation, owner, from, |clocks| {
            clocks.next_reply_minutes
        })?;
        if handover
            .reply_due_at
            .is_some_and(|due| due <= deadline.due_at)
        {
            return Ok(());
        }
        handover.reply_due_at = Some(deadline.due_at);
        self.put_handover(conversation, handover)?;
        self.set_timer(TimerKind::NextReply, conversation, None, deadline.first());
        Ok(())
    }

    fn give_back_if_gone(&mut self, conversation: Uuid, owner: Uuid) -> Result<(), AppError> {
        let agent = self.agent(owner)?;
        let away = agent.as_ref().and_then(|agent| agent.away_until);
        if agent.is_none_or(|agent| !agent.active) {
            return self.give_back(conversation);
        }
        let runs = TimerKey::new(TimerKind::Requeue, conversation, None);
        // Who writes again does not wait anew.
        if away.is_some_and(|until| self.now < until) && self.timer(runs)?.is_none() {
            self.start_requeue(conversation)?;
        }
        Ok(())
    }

    /// The lead heard from an agent by mail: from the owner, or from another.
    fn agent_heard(&mut self, row: &MessageRow) -> Result<(), AppError> {
        if let Some(agent) = row.author_id {
            self.is_there(agent)?;
        }
        let conversation = row.conversation_id;
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let facts = &entry.facts;
        if !facts.is_owned() {
            return Ok(());
        }
        let answers = facts
            .tally
            .last_reply_at()
            .is_none_or(|reply| reply <= row.at);
        let touch = touches(facts, row).then_some(row.at.max(began(facts)));
        let owner = facts.agent;
        self.lead_heard(conversation, touch, answers)?;
        match owner.filter(|_| !answers) {
            // What is younger than this mail waits for the next one.
            Some(owner) => self.await_answer(conversation, owner, self.now),
            None => Ok(()),
        }
    }

    /// The lead heard from us: by a touch of the owner's at that time, and in answer to all that the lead wrote.
    pub(super) fn lead_heard(
        &mut self,
        conversation: Uuid,
        touch: Option<DateTime<Utc>>,
        answers: bool,
    ) -> Result<(), AppError> {
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let agent = entry.facts.agent;
        let mut handover = entry.facts.handover.clone();
        let accepted = handover.accepted;
        let first = touch.filter(|_| handover.touched_at.is_none());
        handover.touched_at = handover.touched_at.or(first);
        if answers {
            handover.reply_due_at = None;
        }
        if handover == entry.facts.handover {
            return Ok(());
        }
        self.put_handover(conversation, handover)?;
        if answers {
            self.clear_timer(TimerKind::NextReply, conversation, None);
            self.clear_timer(TimerKind::Requeue, conversation, None);
        }
        if first.is_some() {
            if let Some(offer) = accepted {
                self.offer_touched(offer, first)?;
            }
            self.clear_timer(TimerKind::FirstTouch, conversation, None);
            self.handover_event(conversation, "touched", agent, None)?;
        }
        Ok(())
    }

    /// A mail of ours turns out not to have left the house, or to have left it after all; facts are folded anew already.
    pub(crate) fn handover_unsays(
        &mut self,
        row: &MessageRow,
        unsent: bool,
    ) -> Result<(), AppError> {
        if !is_word_of_agent(row) {
            return Ok(());
        }
        if !unsent {
            return self.agent_heard(row);
        }
        let conversation = row.conversation_id;
        if let Some(agent) = row.author_id {
            self.notify(NoticeKind::Unsent, agent, conversation, Some(row.id))?;
        }
        let Some(owner) = self.owner_of(conversation)? else {
            return Ok(());
        };
        let said = self.newest_said(conversation)?;
        self.touch_again(row, &said)?;
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let heard = entry.facts.tally.last_sent_at();
        let heard = heard.max(entry.facts.handover.called_at);
        let waits = said
            .iter()
            .filter(|one| news(one) == Some(NoticeKind::Reply) && Some(one.at) > heard);
        if let Some(from) = waits.map(|one| one.at).min() {
            self.await_answer(conversation, owner, from)?;
        }
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        if entry.facts.owes_answer() {
            self.give_back_if_gone(conversation, owner)?;
        }
        Ok(())
    }

    /// Where a mail that was not sent was the first touch, the next one is; without one the clock runs again.
    fn touch_again(&mut self, row: &MessageRow, said: &[MessageRow]) -> Result<(), AppError> {
        let conversation = row.conversation_id;
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let facts = &entry.facts;
        let mut handover = facts.handover.clone();
        if facts.agent != row.author_id || handover.touched_at != Some(row.at.max(began(facts))) {
            return Ok(());
        }
        let called = handover.called_at.filter(|called| row.at <= *called);
        let words = said.iter().filter(|one| {
            one.id != row.id
                && is_word_of_agent(one)
                && !is_unsent(&one.codes)
                && touches(facts, one)
        });
        let words = words.map(|one| one.at.max(began(facts)));
        handover.touched_at = words.chain(called).min();
        let (owner, from) = (row.author_id, handover.assigned_at);
        let (touched, accepted) = (handover.touched_at, handover.accepted);
        self.put_handover(conversation, handover)?;
        if let Some(offer) = accepted {
            self.offer_touched(offer, touched)?;
        }
        let (Some(owner), Some(from), None) = (owner, from, touched) else {
            return Ok(());
        };
        let deadline = self.deadline(conversation, owner, from, |clocks| {
            clocks.first_touch_minutes
        })?;
        self.set_timer(TimerKind::FirstTouch, conversation, None, deadline.first());
        Ok(())
    }

    /// The newest messages of a conversation, as this batch leaves them.
    fn newest_said(&mut self, conversation: Uuid) -> Result<Vec<MessageRow>, AppError> {
        let stored = self.reader.messages_before(conversation, None, LOOKED_AT)?;
        let changed = self.commit.messages_changed.iter();
        let here = changed.chain(&self.commit.messages);
        let mut rows: Vec<MessageRow> = here
            .filter(|one| one.conversation_id == conversation)
            .cloned()
            .collect();
        let known: HashSet<Uuid> = rows.iter().map(|one| one.id).collect();
        rows.extend(stored.into_iter().filter(|one| !known.contains(&one.id)));
        Ok(rows)
    }

    fn owner_of(&mut self, conversation: Uuid) -> Result<Option<Uuid>, AppError> {
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        Ok(entry.facts.agent.filter(|_| entry.facts.is_owned()))
    }
}

/// What an owner is told of a mail that came.
fn news(row: &MessageRow) -> Option<NoticeKind> {
    if row.direction != Direction::Inbound.as_str() {
        return None;
    }
    let by_lead = row.author == Author::Lead.as_str();
    let human = row.kind == Kind::Human.as_str();
    match (by_lead, human) {
        (true, true) => Some(NoticeKind::Reply),
        (true, false) if row.kind == Kind::OptOut.as_str() => Some(NoticeKind::OptOut),
        (false, true) if is_forged(row) => Some(NoticeKind::Unverified),
        (false, true) => Some(NoticeKind::SomebodyElse),
        (_, false) => None,
    }
}

/// A mail that an agent wrote.
fn is_word_of_agent(row: &MessageRow) -> bool {
    row.direction == Direction::Outbound.as_str()
        && row.author == Author::Agent.as_str()
        && row.kind == Kind::Human.as_str()
        && !row.note
}

/// Whether a mail is one of the present owner's, written as such. Dates of mails have whole seconds.
fn touches(facts: &Conversation<Uuid>, row: &MessageRow) -> bool {
    let second = TimeDelta::seconds(1);
    let began = began(facts);
    facts.agent == row.author_id && row.at >= began.duration_trunc(second).unwrap_or(began)
}

/// Since when the present owner has the conversation.
fn began(facts: &Conversation<Uuid>) -> DateTime<Utc> {
    facts.handover.assigned_at.unwrap_or(facts.created_at)
}
