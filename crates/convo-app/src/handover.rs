//! Handing conversations to people: who is asked, who has them, and how long each step may take.
//!
//! Whom to ask is the core's to say ([`convo_core::handover`]); here it becomes rows, clocks and mail, all of them
//! part of the commit of their cause. What a command does to a handover is noted while it runs and followed up at its
//! end, once: an offer to the next agent, and the queue where somebody can take more than before.
//!
//! | module | holds |
//! |---|---|
//! | `follow` | what follows from an accepted event, a new owner or none |
//! | `offer` | making an offer, ending one |
//! | `queue` | what waits for an agent, worked off in its order |
//! | `roster` | the agents with what is on their desks |
//! | `act` | accept, decline, release, touch |
//! | `absence` | agents who come, go, and take more or less |
//! | `heard` | what the lead and agents say, and what that starts and stops |
//! | `clock` | deadlines: set, cleared, passed |
//! | `own_words` | what of an agent's mail is the agent's |
//! | `agent_mail` | answering the lead from the agent's own mail program |
//! | [`link`] | accept and decline as signed links |

mod absence;
mod act;
mod agent_mail;
mod clock;
mod follow;
mod heard;
pub mod link;
mod offer;
mod own_words;
mod queue;
mod roster;

use std::collections::HashMap;

use convo_core::change::{Change, Decision};
use convo_core::handover::HandoverFacts;
use convo_store::rows::OfferRow;
use serde_json::{Value, json};
use uuid::Uuid;

pub use act::{Act, Action};
pub(crate) use agent_mail::Relay;
pub(crate) use follow::Before;
pub use own_words::WRITE_ABOVE;
pub(crate) use roster::{Roster, owned_counter};

use crate::batch::Batch;
use crate::error::AppError;

/// Handovers that nobody could be asked for, or nobody took.
pub const UNCLAIMED: &str = "convo_handovers_unclaimed_total";

/// What commands of a batch did to handovers.
#[derive(Default)]
pub(crate) struct Handovers {
    /// Conversations that may want an agent, each with who need not be asked now.
    wanted: Vec<(Uuid, Option<Uuid>)>,
    /// Somebody may be able to take more than before.
    freed: bool,
    /// Where in the queue an earlier commit stopped looking.
    stopped: Option<Uuid>,
    /// The first part of the queue, as the database has it.
    queue: Option<Vec<Uuid>>,
    /// An agent is accepting: the assignment is no one else's doing.
    accepting: bool,
    /// Offers as this batch leaves them.
    offers: HashMap<Uuid, OfferRow>,
    roster: Roster,
}

impl Handovers {
    /// Forgets what a command that was refused has noted.
    pub(crate) fn begin(&mut self) {
        self.wanted.clear();
        self.freed = false;
        self.stopped = None;
        self.accepting = false;
    }
}

impl Batch<'_, '_> {
    /// Follows up what the command did to handovers: the last thing it does.
    pub(crate) fn hand_over(&mut self) -> Result<(), AppError> {
        let mut waiting = Vec::new();
        for (conversation, skip) in std::mem::take(&mut self.handovers.wanted) {
            if self.queue_up(conversation, skip)? {
                waiting.push(conversation);
            }
        }
        // Who has just come stands behind all who have waited longer.
        if std::mem::take(&mut self.handovers.freed) || !waiting.is_empty() {
            self.work_queue_off()?;
        }
        for conversation in waiting {
            self.wait_for_agent(conversation)?;
        }
        Ok(())
    }

    /// Notes that a conversation may want an agent.
    pub(crate) fn want_agent(&mut self, conversation: Uuid) {
        self.handovers.wanted.push((conversation, None));
    }

    /// Notes how far a handover is.
    fn put_handover(
        &mut self,
        conversation: Uuid,
        facts: HandoverFacts<Uuid>,
    ) -> Result<(), AppError> {
        let decision = Decision {
            changes: vec![Change::Handover(Box::new(facts))],
            ..Decision::default()
        };
        self.take(conversation, &decision, None)?;
        Ok(())
    }

    /// Tells of a step of a handover, in ids and codes.
    fn handover_event(
        &mut self,
        conversation: Uuid,
        action: &str,
        agent: Option<Uuid>,
        offer: Option<Uuid>,
    ) -> Result<(), AppError> {
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let lead = entry.row.lead_id;
        let mut data = json!({"action": action});
        if let Value::Object(members) = &mut data {
            let named = [("agentId", agent), ("offerId", offer)];
            for (name, id) in named {
                members.extend(id.map(|id| (name.to_owned(), id.to_string().into())));
            }
        }
        self.log("handover_event", Some(conversation), Some(lead), None, data);
        Ok(())
    }
}
