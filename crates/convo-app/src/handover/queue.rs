//! The queue of conversations that want an agent and for which nobody is asked: the longest waiting first, always.
//!
//! A commit looks at it a part at a time. Where it stops while somebody could still be asked, a timer goes on; where
//! nobody can be, a timer of the one that waits longest is due when somebody is there next.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use convo_core::handover::Turn;
use convo_store::Cursor;
use uuid::Uuid;

use super::offer::Asked;
use crate::batch::Batch;
use crate::error::AppError;
use crate::timers::{TimerKey, TimerKind};

/// Conversations of the queue that are looked at at once: few enough that nobody waits behind it.
const PART: usize = 100;

/// Where a conversation stands in the queue.
type Place = (DateTime<Utc>, Uuid);

/// A part of the queue, and where the next one begins.
struct Part {
    waiting: Vec<Uuid>,
    next: Option<Place>,
}

impl Batch<'_, '_> {
    /// Puts a conversation into the queue, unless it is there or wants nobody; whether it is there now.
    pub(super) fn queue_up(
        &mut self,
        conversation: Uuid,
        skip: Option<Uuid>,
    ) -> Result<bool, AppError> {
        let now = self.now;
        let Some(entry) = self.conversation(conversation)? else {
            return Ok(false);
        };
        let (lead, facts) = (entry.row.lead_id, &entry.facts);
        let wanted =
            facts.wants_agent() && facts.integration.handover && facts.handover.offer.is_none();
        let mut handover = facts.handover.clone();
        let forgotten = self
            .lead(lead)?
            .is_none_or(|lead| lead.row.erased_at.is_some());
        if !wanted || forgotten || self.silent {
            return Ok(false);
        }
        if handover.wanted_at.is_none() {
            handover.queue(now);
        }
        if let Some(agent) = skip {
            handover.skip(agent);
        }
        self.put_handover(conversation, handover)?;
        Ok(true)
    }

    /// Asks for the conversations of the queue whoever can be asked; where an earlier commit stopped it goes on too.
    pub(super) fn work_queue_off(&mut self) -> Result<(), AppError> {
        let first = self.part(None)?;
        let mut next = first.next;
        self.ask_for(&first.waiting)?;
        let stopped = match self.handovers.stopped.take() {
            Some(id) => self.stands_at(id)?,
            None => None,
        };
        let further = stopped.filter(|place| next.is_some_and(|next| next <= *place));
        if further.is_some() && self.somebody_can()? {
            let part = self.part(further)?;
            next = part.next;
            self.ask_for(&part.waiting)?;
        }
        if let Some((_, id)) = next
            && self.somebody_can()?
        {
            let goes_on = self.last_there(&first.waiting, id)?;
            self.set_timer(TimerKind::Offer, goes_on, None, self.now);
        }
        Ok(())
    }

    /// A conversation whose timer goes on with the queue: the next one, unless this batch took it out.
    fn last_there(&mut self, before: &[Uuid], next: Uuid) -> Result<Uuid, AppError> {
        for &id in [next].iter().chain(before.iter().rev()) {
            if self.stands_at(id)?.is_some() {
                return Ok(id);
            }
        }
        Ok(next)
    }

    /// What came into the queue and stays there is told of once, and looked at again when somebody can be asked.
    pub(super) fn wait_for_agent(&mut self, conversation: Uuid) -> Result<(), AppError> {
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let handover = &entry.facts.handover;
        if handover.wanted_at.is_none() || handover.offer.is_some() {
            return Ok(());
        }
        // Whoever can be asked is asked for those before it first.
        let Turn::Wait { until } = self.turn_for(conversation)?.turn else {
            return Ok(());
        };
        self.nobody(conversation)?;
        if let Some(at) = until {
            let key = TimerKey::new(TimerKind::Offer, conversation, None);
            let known = self.timers.get(&key).copied().flatten();
            self.set_timer(
                TimerKind::Offer,
                conversation,
                None,
                known.map_or(at, |known| known.min(at)),
            );
        }
        Ok(())
    }

    /// Goes through a part of the queue in its order, and sets the clock of what waits.
    fn ask_for(&mut self, waiting: &[Uuid]) -> Result<(), AppError> {
        if self.somebody_can()? {
            self.load_leads_of(waiting)?;
        }
        let (mut first, mut due) = (None, self.somebody_comes()?);
        for &conversation in waiting {
            if !self.somebody_can()? {
                first = first.or(Some(conversation));
                break;
            }
            if let Asked::Nobody { until } = self.ask_next(conversation)? {
                first = first.or(Some(conversation));
                due = [due, until].into_iter().flatten().min();
            }
        }
        // The first of those that wait keeps the clock for all of them.
        match (first, due) {
            (Some(first), Some(due)) => self.set_timer(TimerKind::Offer, first, None, due),
            (Some(first), None) => self.clear_timer(TimerKind::Offer, first, None),
            (None, _) => {}
        }
        Ok(())
    }

    /// Loads what asking looks at, in a few reads for all of them.
    fn load_leads_of(&mut self, conversations: &[Uuid]) -> Result<(), AppError> {
        let mut leads = BTreeSet::new();
        for &id in conversations {
            leads.extend(self.conversation(id)?.map(|entry| entry.row.lead_id));
        }
        self.load_of_leads(&leads)
    }

    fn somebody_can(&mut self) -> Result<bool, AppError> {
        let desks = self.desks()?;
        let can = desks.iter().any(|desk| desk.is_available(self.now));
        self.put_desks_back(desks);
        Ok(can)
    }

    /// When an agent who is not there now is there next.
    fn somebody_comes(&mut self) -> Result<Option<DateTime<Utc>>, AppError> {
        let now = self.now;
        let desks = self.desks()?;
        let comes = desks.iter().filter_map(|desk| desk.present_from(now));
        let next = comes.filter(|at| *at > now).min();
        self.put_desks_back(desks);
        Ok(next)
    }

    /// A part of the queue as this batch leaves it, from a place on.
    fn part(&mut self, from: Option<Place>) -> Result<Part, AppError> {
        let stored = self.stored_part(from)?;
        self.load_conversations(&stored.iter().copied().collect())?;
        // Until the batch is sealed the column says where it stands in the database.
        let next = match stored.get(PART) {
            Some(id) => {
                let entry = self.conversation(*id)?;
                entry.and_then(|entry| Some((entry.row.queued_since?, entry.row.id)))
            }
            None => None,
        };
        let here = self.conversations.values().flatten();
        let mut waiting: Vec<Place> = here
            .filter_map(|entry| {
                let handover = &entry.facts.handover;
                let since = handover.wanted_at.filter(|_| handover.offer.is_none())?;
                Some((since, entry.row.id))
            })
            .filter(|place| from.is_none_or(|from| from <= *place))
            .filter(|place| next.is_none_or(|next| *place < next))
            .collect();
        waiting.sort_unstable();
        let waiting = waiting.into_iter().map(|(_, id)| id).collect();
        Ok(Part { waiting, next })
    }

    /// The first part is read once for a batch: only the batch changes what stands in it.
    fn stored_part(&mut self, from: Option<Place>) -> Result<Vec<Uuid>, AppError> {
        if let (None, Some(known)) = (from, &self.handovers.queue) {
            return Ok(known.clone());
        }
        let limit = i64::try_from(PART + 1).unwrap_or(i64::MAX);
        let cursor = from.map(|(at, id)| Cursor { at, id });
        let stored = self.reader.queued_conversations(cursor, limit)?;
        if from.is_none() {
            self.handovers.queue = Some(stored.clone());
        }
        Ok(stored)
    }

    fn stands_at(&mut self, conversation: Uuid) -> Result<Option<Place>, AppError> {
        let entry = self.conversation(conversation)?;
        Ok(entry.and_then(|entry| Some((entry.facts.handover.wanted_at?, conversation))))
    }

    /// Nobody is asked for a conversation any more: its lead was forgotten, or its handover is switched off.
    pub(crate) fn stop_asking(&mut self, conversation: Uuid) -> Result<(), AppError> {
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        if entry.facts.handover.wanted_at.is_none() {
            return Ok(());
        }
        let mut handover = entry.facts.handover.clone();
        handover.leave_queue();
        self.put_handover(conversation, handover)?;
        // Its timer may have been that of all who wait.
        self.clear_timer(TimerKind::Offer, conversation, None);
        self.handovers.freed = true;
        Ok(())
    }

    /// A person has switched off or on that agents are asked for a conversation.
    pub(crate) fn handover_switched(
        &mut self,
        conversation: Uuid,
        on: bool,
    ) -> Result<(), AppError> {
        if on {
            self.want_agent(conversation);
            return Ok(());
        }
        self.stop_asking(conversation)
    }
}
