//! Agents.

use convo_store::Put;
use convo_store::rows::{AgentAddressRow, AgentRow};
use serde_json::Value;
use uuid::Uuid;

use super::{answer, further};
use crate::batch::Batch;
use crate::command::Answer;
use crate::error::AppError;
use crate::views;
use crate::wire::{AgentPatch, NewAgent, address_key, cut};

impl Batch<'_, '_> {
    /// Makes an agent; a known address or external id is the same agent.
    pub(crate) fn create_agent(&mut self, new: &NewAgent) -> Result<Answer, AppError> {
        new.check()?;
        if let Some(id) = self.agent_of_address(&new.email)?
            && let Some(row) = self.agent(id)?
        {
            return answer(200, &views::agent(&row, &self.aliases_of_agent(&row)?));
        }
        if let Some(external) = &new.external_id
            && let Some(row) = self
                .reader
                .agents_by_external_ids(std::slice::from_ref(external))?
                .pop()
        {
            return answer(200, &views::agent(&row, &self.aliases_of_agent(&row)?));
        }
        let aliases = further(&new.email, new.aliases.as_deref().unwrap_or_default());
        self.free_for_agent(None, std::iter::once(&new.email).chain(&aliases), "email")?;
        let row = AgentRow {
            id: self.new_id(),
            created_at: self.now,
            name: new.name.trim().to_owned(),
            email: new.email.trim().to_owned(),
            active: new.active.unwrap_or(true),
            manager: new.manager.unwrap_or(false),
            away_until: new.away_until.map(cut),
            capacity: new.capacity,
            hours: new.hours.as_ref().map(Value::to_string),
            external_id: new.external_id.clone(),
            unreachable_at: None,
            revision: 1,
            updated_at: self.now,
        };
        self.put_agent_addresses(&row, &aliases);
        self.commit.agents.push(Put::new(row.clone()));
        self.agents.insert(row.id, Some(row.clone()));
        self.record_changed("agent_created", None, None, Some(row.id));
        self.agent_changed(None, &row)?;
        answer(201, &views::agent(&row, &aliases))
    }

    /// Changes an agent.
    pub(crate) fn patch_agent(&mut self, id: Uuid, patch: &AgentPatch) -> Result<Answer, AppError> {
        patch.check()?;
        let before = self.agent(id)?.ok_or(AppError::NotFound)?;
        if let Some(external) = patch.external_id.as_ref().and_then(Option::as_ref) {
            let other = self
                .reader
                .agents_by_external_ids(std::slice::from_ref(external))?
                .pop();
            if other.is_some_and(|other| other.id != id) {
                return Err(AppError::conflict("another agent has this externalId"));
            }
        }
        let mut row = before.clone();
        row.name = patch.name.clone().unwrap_or(row.name);
        let email = patch.email.as_ref().map(|email| email.trim().to_owned());
        row.email = email.unwrap_or(row.email);
        if address_key(&row.email) != address_key(&before.email) {
            // Whether mail reaches the new address is to be seen.
            row.unreachable_at = None;
        }
        row.active = patch.active.unwrap_or(row.active);
        row.manager = patch.manager.unwrap_or(row.manager);
        row.away_until = patch
            .away_until
            .map_or(row.away_until, |until| until.map(cut));
        row.capacity = patch.capacity.unwrap_or(row.capacity);
        if let Some(hours) = &patch.hours {
            row.hours = hours.as_ref().map(Value::to_string);
        }
        row.external_id = patch.external_id.clone().unwrap_or(row.external_id);
        row.revision += 1;
        row.updated_at = self.now;
        let old = self.aliases_of_agent(&before)?;
        let aliases = further(&row.email, patch.aliases.as_ref().unwrap_or(&old));
        self.free_for_agent(
            Some(id),
            std::iter::once(&row.email).chain(&aliases),
            "email",
        )?;
        for gone in old.iter().chain(std::iter::once(&before.email)) {
            self.agent_addresses.insert(address_key(gone), None);
            self.commit.agent_addresses_removed.push(address_key(gone));
        }
        self.put_agent_addresses(&row, &aliases);
        self.put_agent(Put::changed(row.clone(), before.revision));
        self.agents.insert(id, Some(row.clone()));
        self.record_changed("agent_changed", None, None, Some(id));
        self.agent_changed(Some(&before), &row)?;
        answer(200, &views::agent(&row, &aliases))
    }

    fn aliases_of_agent(&mut self, row: &AgentRow) -> Result<Vec<String>, AppError> {
        let primary = address_key(&row.email);
        let all = self.reader.agent_addresses_by_agents(&[row.id])?;
        Ok(all
            .into_iter()
            .map(|one| one.address_key)
            .filter(|key| *key != primary)
            .collect())
    }

    fn free_for_agent<'a>(
        &mut self,
        own: Option<Uuid>,
        addresses: impl Iterator<Item = &'a String>,
        field: &str,
    ) -> Result<(), AppError> {
        for address in addresses {
            let taken = self
                .agent_of_address(address)?
                .is_some_and(|id| Some(id) != own);
            if taken {
                return Err(AppError::conflict(format!(
                    "an address of {field} belongs to another agent"
                )));
            }
        }
        Ok(())
    }

    fn put_agent_addresses(&mut self, row: &AgentRow, aliases: &[String]) {
        for address in std::iter::once(&row.email).chain(aliases) {
            let key = address_key(address);
            self.agent_addresses.insert(key.clone(), Some(row.id));
            self.commit.agent_addresses.push(AgentAddressRow {
                address_key: key,
                agent_id: row.id,
            });
        }
        self.wrote();
    }
}
