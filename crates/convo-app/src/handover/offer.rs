//! Offers: made to one agent at a time, ended, and the queue of conversations nobody can be asked for.

use chrono::{DateTime, Utc};
use convo_core::handover::{HandoverFacts, Turn, Wanted, half_way, turn, until};
use convo_store::rows::OfferRow;
use uuid::Uuid;

use super::UNCLAIMED;
use crate::batch::Batch;
use crate::error::AppError;
use crate::outbox::{NoticeKind, Outgoing};
use crate::timers::TimerKind;

/// Conversations of the queue that one commit looks at: short enough that nobody waits behind it.
const QUEUE: i64 = 100;

/// How an offer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Accepted,
    Declined,
    Expired,
    Withdrawn,
}

impl Ended {
    fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl Batch<'_, '_> {
    /// An offer, as this batch leaves it.
    pub(crate) fn offer(&mut self, id: Uuid) -> Result<Option<OfferRow>, AppError> {
        if let Some(row) = self.handovers.offers.get(&id) {
            return Ok(Some(row.clone()));
        }
        Ok(self.reader.offers_by_ids(&[id])?.pop())
    }

    fn put_offer(&mut self, row: OfferRow) {
        self.commit.offers.push(row.clone());
        self.handovers.offers.insert(row.id, row);
        self.wrote();
    }

    /// Notes which offer the present owner accepted, for the first touch.
    pub(super) fn accepted_by(
        &mut self,
        conversation: Uuid,
        offer: Option<Uuid>,
    ) -> Result<(), AppError> {
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let mut handover = entry.facts.handover.clone();
        if handover.accepted == offer {
            return Ok(());
        }
        handover.accepted = offer;
        self.put_handover(conversation, handover)
    }

    /// When the agent who accepted an offer was first in touch with the lead; none takes that back.
    pub(super) fn offer_touched(
        &mut self,
        id: Uuid,
        at: Option<DateTime<Utc>>,
    ) -> Result<(), AppError> {
        let Some(mut row) = self.offer(id)? else {
            return Ok(());
        };
        let accepted = row.closed_at.unwrap_or(row.offered_at);
        let minutes = match at {
            Some(at) => self.minutes(row.campaign_id, accepted, at)?.map(Some),
            None => [None, None],
        };
        row.touched_at = at;
        [row.touch_minutes, row.touch_business_minutes] = minutes;
        self.put_offer(row);
        Ok(())
    }

    /// Ends an offer that is open; whether it was.
    pub(super) fn end_offer(&mut self, id: Uuid, how: Ended) -> Result<bool, AppError> {
        let Some(mut row) = self.offer(id)?.filter(|row| row.status == "open") else {
            return Ok(false);
        };
        how.as_str().clone_into(&mut row.status);
        row.closed_at = Some(self.now);
        let (conversation, agent) = (row.conversation_id, row.agent_id);
        if how == Ended::Accepted {
            let [wall, business] = self.minutes(row.campaign_id, row.offered_at, self.now)?;
            row.accept_minutes = Some(wall);
            row.accept_business_minutes = Some(business);
        }
        self.put_offer(row);
        self.count_offer(agent, -1);
        self.clear_timer(TimerKind::Offer, conversation, Some(id));
        self.handovers.freed = true;
        match how {
            Ended::Accepted => return Ok(true),
            Ended::Expired => {
                self.turn_of(agent, |turn| turn.missed = turn.missed.saturating_add(1))?
            }
            Ended::Declined => self.is_there(agent)?,
            Ended::Withdrawn => {}
        }
        self.handover_event(conversation, how.as_str(), Some(agent), Some(id))?;
        Ok(true)
    }

    /// Ends the open offer of a conversation and asks the next agent.
    pub(super) fn pass_on(&mut self, conversation: Uuid, how: Ended) -> Result<(), AppError> {
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let mut handover = entry.facts.handover.clone();
        let Some(offer) = handover.offer.take() else {
            return Ok(());
        };
        self.end_offer(offer, how)?;
        self.put_handover(conversation, handover)?;
        self.handovers.wanted.push((conversation, None));
        Ok(())
    }

    /// Puts a conversation into the queue, unless it is there or wants nobody, and asks an agent.
    pub(super) fn want_agent(
        &mut self,
        conversation: Uuid,
        skip: Option<Uuid>,
    ) -> Result<(), AppError> {
        let now = self.now;
        let Some(entry) = self.conversation(conversation)? else {
            return Ok(());
        };
        let (lead, facts) = (entry.row.lead_id, &entry.facts);
        let wanted =
            facts.wants_agent() && facts.integration.handover && facts.handover.offer.is_none();
        let mut handover = facts.handover.clone();
        let forgotten = self
            .lead(lead)?
            .is_none_or(|lead| lead.row.erased_at.is_some());
        if !wanted || forgotten || self.silent {
            return Ok(());
        }
        if handover.wanted_at.is_none() {
            handover.queue(now);
        }
        if let Some(agent) = skip {
            handover.skip(agent);
        }
        self.put_handover(conversation, handover)?;
        self.ask_next(conversation, true)?;
        Ok(())
    }

    /// Asks the next agent, or waits; whether somebody was asked. `set` the clock of what waits.
    fn ask_next(&mut self, conversation: Uuid, set: bool) -> Result<bool, AppError> {
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let campaign = entry.row.campaign_id;
        let handover = entry.facts.handover.clone();
        let policy = self.policy(campaign)?;
        let previous = self.previous_owner(conversation)?;
        let desks = self.desks()?;
        let wanted = Wanted {
            previous_owner: previous.as_ref(),
            asked: &handover.asked,
            round_began_at: handover.round_began_at.unwrap_or(self.now),
        };
        let turn = turn(&wanted, &desks, &policy.policy, self.now);
        let hours = match &turn {
            Turn::Offer { agent, .. } => desks
                .iter()
                .find(|desk| desk.agent == *agent)
                .and_then(|desk| desk.hours.clone()),
            Turn::Wait { .. } => None,
        };
        self.put_desks_back(desks);
        match turn {
            Turn::Offer {
                agent,
                escalated,
                new_round,
            } => {
                let calendar = hours.as_ref().unwrap_or(&policy.policy.calendar);
                let minutes = policy.policy.handover.offer_minutes.max(1);
                let offering = Offering {
                    agent,
                    escalated,
                    due_at: until(calendar, self.now, minutes),
                    remind_at: half_way(calendar, self.now, minutes),
                };
                self.make_offer(conversation, handover, &offering, new_round)?;
                Ok(true)
            }
            Turn::Wait { until } => {
                let first = self.nobody(conversation, handover)?;
                match until {
                    Some(at) if set || first => {
                        self.set_timer(TimerKind::Offer, conversation, None, at);
                    }
                    None if set => self.clear_timer(TimerKind::Offer, conversation, None),
                    _ => {}
                }
                Ok(false)
            }
        }
    }

    /// Who had the lead before: the present owner, else the owner of its other conversations, the newest first.
    fn previous_owner(&mut self, conversation: Uuid) -> Result<Option<Uuid>, AppError> {
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        if let Some(owner) = entry.facts.agent {
            return Ok(Some(owner));
        }
        let lead = entry.row.lead_id;
        let mut newest = None;
        for id in self.conversations_of(lead)? {
            let Some(other) = self.conversation(id)? else {
                continue;
            };
            let owner = other.facts.agent.filter(|_| id != conversation);
            let at = other.facts.handover.assigned_at;
            newest = newest.max(owner.map(|owner| (at, owner)));
        }
        Ok(newest.map(|(_, owner)| owner))
    }

    fn make_offer(
        &mut self,
        conversation: Uuid,
        mut handover: HandoverFacts<Uuid>,
        offering: &Offering,
        new_round: bool,
    ) -> Result<(), AppError> {
        if new_round {
            handover.begin_round(self.now);
            self.alarm(conversation)?;
        }
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let (lead, campaign) = (entry.row.lead_id, entry.row.campaign_id);
        let (id, agent, now) = (self.new_id(), offering.agent, self.now);
        self.put_offer(OfferRow {
            id,
            conversation_id: conversation,
            lead_id: lead,
            agent_id: agent,
            round: i32::try_from(handover.round).unwrap_or(i32::MAX),
            escalated: offering.escalated,
            offered_at: now,
            due_at: offering.due_at,
            campaign_id: campaign,
            status: "open".to_owned(),
            closed_at: None,
            touched_at: None,
            accept_minutes: None,
            accept_business_minutes: None,
            touch_minutes: None,
            touch_business_minutes: None,
        });
        self.count_offer(agent, 1);
        self.turn_of(agent, |turn| turn.last_offered_at = Some(now))?;
        handover.offered(id, agent);
        self.put_handover(conversation, handover)?;
        if offering.escalated {
            self.handover_event(conversation, "escalated", Some(agent), Some(id))?;
        }
        self.handover_event(conversation, "offered", Some(agent), Some(id))?;
        self.clear_timer(TimerKind::Offer, conversation, None);
        let first = offering.remind_at.unwrap_or(offering.due_at);
        self.set_timer(TimerKind::Offer, conversation, Some(id), first);
        self.notify(NoticeKind::Offer, agent, conversation, Some(id))
    }

    /// Nobody can be asked: told once, until somebody can.
    fn nobody(
        &mut self,
        conversation: Uuid,
        mut handover: HandoverFacts<Uuid>,
    ) -> Result<bool, AppError> {
        if !handover.unclaimed(self.now) {
            return Ok(false);
        }
        self.put_handover(conversation, handover)?;
        self.alarm(conversation)?;
        Ok(true)
    }

    /// Tells everybody who can do something about it that nobody takes a conversation.
    fn alarm(&mut self, conversation: Uuid) -> Result<(), AppError> {
        self.handover_event(conversation, "unclaimed", None, None)?;
        metrics::counter!(UNCLAIMED).increment(1);
        log::warn!("nobody takes conversation {conversation}");
        self.tell_managers(NoticeKind::Unclaimed, conversation, None)
    }

    /// A mail to everybody who is asked when all others have been.
    pub(super) fn tell_managers(
        &mut self,
        kind: NoticeKind,
        conversation: Uuid,
        except: Option<Uuid>,
    ) -> Result<(), AppError> {
        for manager in self.managers(except)? {
            self.notify(kind, manager, conversation, None)?;
        }
        Ok(())
    }

    /// Everybody who is asked when all others have been.
    pub(crate) fn managers(&mut self, except: Option<Uuid>) -> Result<Vec<Uuid>, AppError> {
        let desks = self.desks()?;
        let managers = desks
            .iter()
            .filter(|desk| desk.manager && Some(desk.agent) != except)
            .map(|desk| desk.agent)
            .collect();
        self.put_desks_back(desks);
        Ok(managers)
    }

    /// Queues a mail to an agent.
    pub(super) fn notify(
        &mut self,
        kind: NoticeKind,
        agent: Uuid,
        conversation: Uuid,
        subject: Option<Uuid>,
    ) -> Result<(), AppError> {
        self.queue_mail(Outgoing::Notice {
            kind,
            agent,
            conversation,
            subject,
        })?;
        Ok(())
    }

    /// Asks for the conversations of the queue whoever can be asked, the longest waiting first.
    pub(super) fn work_queue_off(&mut self) -> Result<(), AppError> {
        if !self.somebody_can()? {
            return Ok(());
        }
        let (queue, more) = self.queue()?;
        let (mut asked, mut set) = (false, true);
        for conversation in queue {
            if !self.somebody_can()? {
                return Ok(());
            }
            if self.ask_next(conversation, set)? {
                asked = true;
            } else {
                // The first of those that wait keeps the clock for all of them.
                set = false;
            }
        }
        if let Some(next) = more.filter(|_| asked) {
            self.set_timer(TimerKind::Offer, next, None, self.now);
        }
        Ok(())
    }

    fn somebody_can(&mut self) -> Result<bool, AppError> {
        let desks = self.desks()?;
        let can = desks.iter().any(|desk| desk.is_available(self.now));
        self.put_desks_back(desks);
        Ok(can)
    }

    /// The queue as this batch leaves it, the longest waiting first; and one that is left for another commit.
    fn queue(&mut self) -> Result<(Vec<Uuid>, Option<Uuid>), AppError> {
        let stored = self.reader.queued_conversations(QUEUE + 1)?;
        let more = usize::try_from(QUEUE)
            .ok()
            .and_then(|most| stored.get(most));
        let more = more.copied();
        for id in &stored {
            self.conversation(*id)?;
        }
        let here = self.conversations.values().flatten();
        let waiting = here.filter_map(|entry| {
            let handover = &entry.facts.handover;
            let since = handover.wanted_at.filter(|_| handover.offer.is_none())?;
            Some((since, entry.row.id))
        });
        let mut queue: Vec<_> = waiting.filter(|(_, id)| Some(*id) != more).collect();
        queue.sort_unstable();
        Ok((queue.into_iter().map(|(_, id)| id).collect(), more))
    }

    /// Nobody is asked for a conversation any more: its lead was forgotten.
    pub(crate) fn stop_asking(&mut self, conversation: Uuid) -> Result<(), AppError> {
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        if entry.facts.handover.wanted_at.is_none() {
            return Ok(());
        }
        let mut handover = entry.facts.handover.clone();
        handover.wanted_at = None;
        handover.offer = None;
        self.put_handover(conversation, handover)?;
        self.clear_timer(TimerKind::Offer, conversation, None);
        Ok(())
    }
}

/// An offer to be made.
struct Offering {
    agent: Uuid,
    escalated: bool,
    due_at: DateTime<Utc>,
    remind_at: Option<DateTime<Utc>>,
}
