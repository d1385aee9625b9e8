//! Offers to agents, and whose turn it is.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::record::record;

record! {
    /// One agent asked to take one conversation.
    OfferRow in handover_offers;
    key {
        /// Its id.
        id: Uuid => Id,
    }
    fixed {
        /// The conversation.
        conversation_id: Uuid => Id,
        /// Its lead.
        lead_id: Uuid => Id,
        /// Who is asked.
        agent_id: Uuid => Id,
        /// The round of offers it belongs to, 1..n in a conversation.
        round: i32 => Integer,
        /// Asked as the manager, after all others.
        escalated: bool => Bool,
        /// When it was made.
        offered_at: DateTime<Utc> => Moment,
        /// Until when it stands.
        due_at: DateTime<Utc> => Moment,
        /// The conversation's campaign.
        campaign_id: Option<Uuid> => Nullable<Id>,
    }
    open {
        /// `open`, `accepted`, `declined`, `expired` or `withdrawn`.
        status: String => Text,
        /// When it ended.
        closed_at: Option<DateTime<Utc>> => Nullable<Moment>,
        /// When the agent who accepted it was first in touch with the lead.
        touched_at: Option<DateTime<Utc>> => Nullable<Moment>,
        /// Whole minutes from the offer to its acceptance.
        accept_minutes: Option<i32> => Nullable<Integer>,
        /// Whole minutes of these within business hours.
        accept_business_minutes: Option<i32> => Nullable<Integer>,
        /// Whole minutes from the acceptance to the first touch.
        touch_minutes: Option<i32> => Nullable<Integer>,
        /// Whole minutes of these within business hours.
        touch_business_minutes: Option<i32> => Nullable<Integer>,
    }
    writes: upsert
}

record! {
    /// When an agent was asked last, and what became of it.
    AgentTurnRow in agent_turns;
    key {
        /// The agent.
        agent_id: Uuid => Id,
    }
    open {
        /// When the agent was asked last.
        last_offered_at: Option<DateTime<Utc>> => Nullable<Moment>,
        /// Offers in a row that passed without an answer.
        missed: i32 => Integer,
    }
    writes: upsert
}
