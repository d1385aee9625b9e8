//! Agents who come, go, and take more or less.
//!
//! Who is made inactive, or away, loses open offers at once: they go to the next agent. What the agent owns and owes an
//! answer to goes back to the queue: of one made inactive at once, of one away after the policy's time. What waits for
//! the lead stays, and goes back when the lead writes and the agent is still gone.

use convo_core::decide::Request;
use convo_store::rows::AgentRow;
use uuid::Uuid;

use super::offer::Ended;
use crate::batch::Batch;
use crate::error::AppError;
use crate::timers::TimerKind;

/// Open offers an agent loses in the commit of going; more of them expire in their own time.
const OFFERS: i64 = 500;
/// Conversations looked at in the commit of going; the others follow at once, as many in each commit.
const PAGE: i64 = 200;

impl Batch<'_, '_> {
    /// An agent's record is new or changed.
    pub(crate) fn agent_changed(
        &mut self,
        before: Option<&AgentRow>,
        after: &AgentRow,
    ) -> Result<(), AppError> {
        self.forget_desks();
        self.handovers.freed = true;
        let now = self.now;
        let here = |row: &AgentRow| row.active && row.away_until.is_none_or(|until| until <= now);
        let was_here = before.is_some_and(here);
        if !before.is_some_and(|before| before.active) && before.is_some() && after.active {
            self.is_there(after.id)?;
        }
        if here(after) {
            return Ok(());
        }
        self.withdraw_offers_of(after.id)?;
        let left = !after.active && before.is_some_and(|before| before.active);
        if left || was_here {
            self.owed_by(after, None)?;
        }
        Ok(())
    }

    fn withdraw_offers_of(&mut self, agent: Uuid) -> Result<(), AppError> {
        let mut conversations: Vec<Uuid> = self
            .reader
            .open_offers(agent, None, OFFERS)?
            .into_iter()
            .map(|row| row.id)
            .collect();
        conversations.extend(self.handovers.offers.keys());
        conversations.sort_unstable();
        conversations.dedup();
        for id in conversations {
            let row = self.offer(id)?;
            let open = row.filter(|row| row.agent_id == agent && row.status == "open");
            if let Some(row) = open {
                self.pass_on(row.conversation_id, Ended::Withdrawn)?;
            }
        }
        Ok(())
    }

    /// A page of what an agent who goes owes an answer to, and a timer for the next one.
    fn owed_by(&mut self, agent: &AgentRow, after: Option<Uuid>) -> Result<(), AppError> {
        let page = self.reader.owned_conversations(agent.id, after, PAGE)?;
        self.load_conversations(&page.iter().copied().collect())?;
        let full = i64::try_from(page.len()) == Ok(PAGE);
        if let Some(&last) = page.last().filter(|_| full) {
            self.set_timer(TimerKind::Leave, agent.id, Some(last), self.now);
        }
        for id in page {
            let owes = self.conversation(id)?.is_some_and(|entry| {
                entry.facts.agent == Some(agent.id) && entry.facts.owes_answer()
            });
            match (owes, agent.active) {
                (true, true) => self.start_requeue(id)?,
                (true, false) => self.give_back(id)?,
                (false, _) => {}
            }
        }
        Ok(())
    }

    /// The next page, unless the agent is here again.
    pub(crate) fn leave_page(&mut self, agent: Uuid, after: Uuid) -> Result<(), AppError> {
        let now = self.now;
        let gone = self
            .agent(agent)?
            .filter(|row| !row.active || row.away_until.is_some_and(|until| now < until));
        match gone {
            Some(row) => self.owed_by(&row, Some(after)),
            None => Ok(()),
        }
    }

    /// Takes a conversation from its owner, as if the owner had given it back.
    pub(super) fn give_back(&mut self, conversation: Uuid) -> Result<(), AppError> {
        let decision = self.ask(conversation, None, &Request::Release)?;
        self.taken(conversation, &decision, None)?;
        Ok(())
    }
}
