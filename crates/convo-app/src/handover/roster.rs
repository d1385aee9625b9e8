//! The agents with what is on their desks, read once for a batch and kept as it goes on.

use std::collections::HashMap;

use convo_core::handover::{Desk, own_hours};
use convo_store::rows::{AgentRow, AgentTurnRow};
use uuid::Uuid;

use crate::batch::Batch;
use crate::error::AppError;

/// Agents that are considered; no team that shares one queue is larger.
const TEAM: i64 = 1_000;

/// What is known of the agents.
#[derive(Default)]
pub(crate) struct Roster {
    /// Those who may be given work; read again when an agent's record changes.
    desks: Option<Vec<Desk<Uuid>>>,
    /// Open offers, by agent.
    open: Option<HashMap<Uuid, i64>>,
    /// Open conversations owned, by agent, as the database has them.
    owned: HashMap<Uuid, i64>,
    turns: HashMap<Uuid, AgentTurnRow>,
}

/// The counter of the open conversations that an agent owns.
pub(crate) fn owned_counter(agent: Uuid) -> String {
    format!("owned:{}", agent.simple())
}

impl Batch<'_, '_> {
    /// Every agent who may be given work, with what is on the desk now. Give them back with
    /// [`Batch::put_desks_back`].
    pub(super) fn desks(&mut self) -> Result<Vec<Desk<Uuid>>, AppError> {
        let mut desks = match self.handovers.roster.desks.take() {
            Some(desks) => desks,
            None => self.read_desks()?,
        };
        let owned = self.owned_here();
        let roster = &self.handovers.roster;
        let of = |counts: &HashMap<Uuid, i64>, agent| counts.get(&agent).copied().unwrap_or(0);
        for desk in &mut desks {
            let open = roster.open.as_ref().map_or(0, |open| of(open, desk.agent));
            let load = of(&roster.owned, desk.agent) + of(&owned, desk.agent) + open;
            desk.load = u32::try_from(load.max(0)).unwrap_or(u32::MAX);
            let turn = roster.turns.get(&desk.agent);
            desk.missed = turn.map_or(0, |turn| turn.missed.unsigned_abs());
            desk.last_offered_at = turn.and_then(|turn| turn.last_offered_at);
        }
        Ok(desks)
    }

    /// Keeps what [`Batch::desks`] gave.
    pub(super) fn put_desks_back(&mut self, desks: Vec<Desk<Uuid>>) {
        self.handovers.roster.desks = Some(desks);
    }

    /// An agent's record is another now.
    pub(super) fn forget_desks(&mut self) {
        self.handovers.roster.desks = None;
    }

    fn read_desks(&mut self) -> Result<Vec<Desk<Uuid>>, AppError> {
        let mut rows: HashMap<Uuid, AgentRow> = HashMap::new();
        for row in self.reader.active_agents(TEAM)? {
            rows.insert(row.id, row);
        }
        for row in self.agents.values().flatten() {
            rows.insert(row.id, row.clone());
        }
        rows.retain(|_, row| row.active);
        self.read_counts(rows.keys().copied().collect())?;
        let policy = self.policy(None)?;
        let calendar = &policy.policy.calendar;
        let mut desks: Vec<Desk<Uuid>> = rows
            .into_values()
            .map(|row| Desk {
                agent: row.id,
                active: row.active,
                manager: row.manager,
                away_until: row.away_until,
                capacity: row.capacity.map(i32::unsigned_abs),
                hours: hours(&row, calendar),
                load: 0,
                missed: 0,
                last_offered_at: None,
            })
            .collect();
        desks.sort_by_key(|desk| desk.agent);
        Ok(desks)
    }

    /// Reads what is on the desks of agents that were not looked at before.
    fn read_counts(&mut self, mut agents: Vec<Uuid>) -> Result<(), AppError> {
        if self.handovers.roster.open.is_none() {
            let mut open = self.reader.open_offer_counts()?;
            // Offers that this batch made or ended are counted as it leaves them.
            let stored: Vec<Uuid> = self.handovers.offers.keys().copied().collect();
            for row in self.reader.offers_by_ids(&stored)? {
                if row.status == "open" {
                    *open.entry(row.agent_id).or_default() -= 1;
                }
            }
            for row in self.handovers.offers.values() {
                if row.status == "open" {
                    *open.entry(row.agent_id).or_default() += 1;
                }
            }
            self.handovers.roster.open = Some(open);
        }
        agents.retain(|agent| !self.handovers.roster.owned.contains_key(agent));
        agents.sort_unstable();
        let names: Vec<String> = agents.iter().copied().map(owned_counter).collect();
        let counted: HashMap<String, i64> = self
            .reader
            .counters_by_names(&names)?
            .into_iter()
            .map(|row| (row.name, row.value))
            .collect();
        for (agent, name) in agents.iter().zip(&names) {
            let owned = counted.get(name).copied().unwrap_or(0);
            self.handovers.roster.owned.insert(*agent, owned);
        }
        self.read_turns(&agents)
    }

    fn read_turns(&mut self, agents: &[Uuid]) -> Result<(), AppError> {
        let missing: Vec<Uuid> = agents
            .iter()
            .copied()
            .filter(|agent| !self.handovers.roster.turns.contains_key(agent))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let rows = self.reader.agent_turns(&missing)?;
        let never = missing.into_iter().map(|agent_id| AgentTurnRow {
            agent_id,
            last_offered_at: None,
            missed: 0,
        });
        let turns = &mut self.handovers.roster.turns;
        turns.extend(never.map(|row| (row.agent_id, row)));
        turns.extend(rows.into_iter().map(|row| (row.agent_id, row)));
        Ok(())
    }

    /// What this batch has added to what agents own, or taken away.
    fn owned_here(&self) -> HashMap<Uuid, i64> {
        let mut owned: HashMap<Uuid, i64> = HashMap::new();
        for entry in self.conversations.values().flatten() {
            // The columns are those of the database until the batch is sealed.
            let was_open = !matches!(entry.row.state.as_str(), "CLOSED" | "ARCHIVED");
            let was = entry.row.assigned_agent_id;
            if let Some(agent) = was.filter(|_| was_open && entry.stored.is_some()) {
                *owned.entry(agent).or_default() -= 1;
            }
            if let Some(agent) = entry.facts.agent.filter(|_| entry.facts.is_owned()) {
                *owned.entry(agent).or_default() += 1;
            }
        }
        owned
    }

    /// Counts an offer of an agent in or out.
    pub(super) fn count_offer(&mut self, agent: Uuid, by: i64) {
        if let Some(open) = &mut self.handovers.roster.open {
            *open.entry(agent).or_default() += by;
        }
    }

    /// Changes when an agent was asked last, or how many offers passed.
    pub(super) fn turn_of(
        &mut self,
        agent: Uuid,
        change: impl FnOnce(&mut AgentTurnRow),
    ) -> Result<(), AppError> {
        self.read_turns(&[agent])?;
        let Some(row) = self.handovers.roster.turns.get_mut(&agent) else {
            return Ok(());
        };
        let before = row.clone();
        change(row);
        if *row != before {
            let row = row.clone();
            self.commit.agent_turns.push(row);
            self.wrote();
        }
        Ok(())
    }

    /// The agent does something: offers that passed unanswered are forgiven.
    pub(super) fn is_there(&mut self, agent: Uuid) -> Result<(), AppError> {
        self.turn_of(agent, |turn| turn.missed = 0)
    }
}

/// The agent's own working hours; hours of an older version that cannot be read are none.
pub(super) fn hours(
    row: &AgentRow,
    general: &convo_core::calendar::Calendar,
) -> Option<convo_core::calendar::Calendar> {
    let given = serde_json::from_str(row.hours.as_deref()?).ok()?;
    own_hours(&given, general).ok().flatten()
}
