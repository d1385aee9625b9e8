//! Offers: made to one agent at a time, and ended.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use convo_core::calendar::Calendar;
use convo_core::handover::{Turn, Wanted, half_way, turn, until};
use convo_store::rows::OfferRow;
use uuid::Uuid;

use super::UNCLAIMED;
use crate::batch::{Batch, PolicyInForce};
use crate::error::AppError;
use crate::outbox::{NoticeKind, Outgoing};
use crate::timers::TimerKind;

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

    /// Whom to ask about a conversation now, or how long to wait.
    pub(super) fn turn_for(&mut self, conversation: Uuid) -> Result<InTurn, AppError> {
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
        Ok(InTurn {
            turn,
            hours,
            policy,
        })
    }

    /// Makes the offer whose turn it is, or tells that nobody can be asked; until when to wait, in that case.
    pub(super) fn ask_next(&mut self, conversation: Uuid) -> Result<Asked, AppError> {
        let InTurn {
            turn,
            hours,
            policy,
        } = self.turn_for(conversation)?;
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
                self.make_offer(conversation, &offering, new_round)?;
                Ok(Asked::Somebody)
            }
            Turn::Wait { until } => {
                self.nobody(conversation)?;
                Ok(Asked::Nobody { until })
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
        offering: &Offering,
        new_round: bool,
    ) -> Result<(), AppError> {
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let (lead, campaign) = (entry.row.lead_id, entry.row.campaign_id);
        let mut handover = entry.facts.handover.clone();
        if new_round {
            handover.begin_round(self.now);
            self.alarm(conversation)?;
        }
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
    pub(super) fn nobody(&mut self, conversation: Uuid) -> Result<(), AppError> {
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let mut handover = entry.facts.handover.clone();
        if !handover.unclaimed(self.now) {
            return Ok(());
        }
        self.put_handover(conversation, handover)?;
        self.alarm(conversation)
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
}

/// Whom to ask, with what the offer is made by.
pub(super) struct InTurn {
    pub turn: Turn<Uuid>,
    /// Working hours of the agent's own.
    hours: Option<Calendar>,
    policy: Arc<PolicyInForce>,
}

/// What asking came to.
pub(super) enum Asked {
    /// An agent is asked now.
    Somebody,
    /// Nobody can be.
    Nobody {
        /// When somebody can; none when that is not a matter of time.
        until: Option<DateTime<Utc>>,
    },
}

/// An offer to be made.
struct Offering {
    agent: Uuid,
    escalated: bool,
    due_at: DateTime<Utc>,
    remind_at: Option<DateTime<Utc>>,
}
