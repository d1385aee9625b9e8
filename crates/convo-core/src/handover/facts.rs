//! How far the handover of a conversation is.

use serde::{Deserialize, Serialize};

use crate::conversation::Conversation;
use crate::machine::State;
use crate::vocabulary::vocabulary;
use crate::{Key, Time};

vocabulary! {
    /// How far a handover is.
    HandoverStatus, "handover status" {
        /// Nobody is wanted.
        None = "none",
        /// An agent is wanted, and nobody was asked yet.
        Requested = "requested",
        /// An agent is asked.
        Offered = "offered",
        /// Nobody can be asked, or nobody who was asked took it.
        Unclaimed = "unclaimed",
        /// An agent has it, and has not been in touch with the lead.
        Accepted = "accepted",
        /// An agent has it and has been in touch.
        Touched = "touched",
        /// It is over.
        Completed = "completed",
    }
}

/// Handover of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, bound(deserialize = "K: Deserialize<'de>"))]
pub struct HandoverFacts<K> {
    /// Newest HANDOVER_REQUESTED.
    pub requested_at: Option<Time>,
    /// Newest HUMAN_AGENT_ASSIGNED.
    pub assigned_at: Option<Time>,
    /// First time in HANDED_OVER.
    pub handed_over_at: Option<Time>,
    /// Newest CONVERSATION_COMPLETED.
    pub completed_at: Option<Time>,
    /// It is in the queue for an agent since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted_at: Option<Time>,
    /// Rounds of offers begun so far.
    #[serde(skip_serializing_if = "is_zero")]
    pub round: u32,
    /// When the present round began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round_began_at: Option<Time>,
    /// Agents who need not be asked in the present round: they were, or gave it back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<K>,
    /// The open offer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer: Option<K>,
    /// Nobody could be asked, or nobody accepted, since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unclaimed_at: Option<Time>,
    /// The offer that the present owner accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<K>,
    /// First touch of the present owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub touched_at: Option<Time>,
    /// Newest touch of the present owner by other means than mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub called_at: Option<Time>,
    /// Until when a reply of the lead must be answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_due_at: Option<Time>,
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}

impl<K> Default for HandoverFacts<K> {
    fn default() -> Self {
        Self {
            requested_at: None,
            assigned_at: None,
            handed_over_at: None,
            completed_at: None,
            wanted_at: None,
            round: 0,
            round_began_at: None,
            asked: Vec::new(),
            offer: None,
            unclaimed_at: None,
            accepted: None,
            touched_at: None,
            called_at: None,
            reply_due_at: None,
        }
    }
}

impl<K: Key> HandoverFacts<K> {
    /// Into the queue, with a new round; what is in it keeps its place.
    pub fn queue(&mut self, at: Time) {
        self.wanted_at.get_or_insert(at);
        self.begin_round(at);
    }

    /// Everybody may be asked again.
    pub fn begin_round(&mut self, at: Time) {
        self.round = self.round.saturating_add(1);
        self.round_began_at = Some(at);
        self.asked.clear();
    }

    /// An offer to an agent is open.
    pub fn offered(&mut self, offer: K, agent: K) {
        self.offer = Some(offer);
        self.unclaimed_at = None;
        self.skip(agent);
    }

    /// An agent need not be asked in this round.
    pub fn skip(&mut self, agent: K) {
        if !self.asked.contains(&agent) {
            self.asked.push(agent);
        }
    }

    /// Nobody can be asked; true when that is new.
    pub fn unclaimed(&mut self, at: Time) -> bool {
        let new = self.unclaimed_at.is_none();
        self.unclaimed_at.get_or_insert(at);
        new
    }

    /// Out of the queue: an agent has it, it is over, or nobody is to be asked.
    pub fn leave_queue(&mut self) {
        self.wanted_at = None;
        self.round_began_at = None;
        self.asked.clear();
        self.offer = None;
        self.unclaimed_at = None;
    }

    /// Another owner, or none: nobody has been in touch.
    pub(crate) fn new_owner(&mut self) {
        self.accepted = None;
        self.touched_at = None;
        self.called_at = None;
        self.reply_due_at = None;
    }
}

impl<K: Key> Conversation<K> {
    /// True when an agent should take it: READY_FOR_HANDOVER, or HANDED_OVER and unowned.
    #[must_use]
    pub fn wants_agent(&self) -> bool {
        match self.state {
            State::ReadyForHandover => true,
            State::HandedOver => self.agent.is_none(),
            _ => false,
        }
    }

    /// How far its handover is.
    #[must_use]
    pub fn handover_status(&self) -> HandoverStatus {
        let handover = &self.handover;
        if !self.state.is_open() {
            return match handover.handed_over_at {
                Some(_) => HandoverStatus::Completed,
                None => HandoverStatus::None,
            };
        }
        if self.wants_agent() {
            return match (&handover.offer, handover.unclaimed_at) {
                (Some(_), _) => HandoverStatus::Offered,
                (None, Some(_)) => HandoverStatus::Unclaimed,
                (None, None) => HandoverStatus::Requested,
            };
        }
        match (&self.agent, handover.touched_at) {
            (None, _) => HandoverStatus::None,
            (Some(_), None) => HandoverStatus::Accepted,
            (Some(_), Some(_)) => HandoverStatus::Touched,
        }
    }

    /// True when its owner has not been in touch with the lead yet.
    #[must_use]
    pub fn owes_touch(&self) -> bool {
        self.is_owned() && self.state == State::HandedOver && self.handover.touched_at.is_none()
    }

    /// True when its owner owes the lead something: the first touch, or an answer to a reply.
    #[must_use]
    pub fn owes_answer(&self) -> bool {
        self.owes_touch() || (self.is_owned() && self.handover.reply_due_at.is_some())
    }
}
