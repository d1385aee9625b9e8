//! Loading: rows by their keys, those missing in memory in one read.

use std::collections::BTreeSet;

use convo_core::conversation::Conversation;
use convo_core::lead::Lead;
use convo_store::rows::{AgentRow, CampaignRow, ConversationRow, LeadRow};
use convo_store::{MessageHead, StoreError};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{Batch, ConversationEntry, LeadEntry, Touched, seal};
use crate::analytics::OpenWait;
use crate::command::{Answer, IdempotencyKey};
use crate::error::AppError;
use crate::intake::Parked;
use crate::wire::address_key;

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        if error.is_unavailable() {
            Self::Unavailable
        } else {
            Self::Fault(error.to_string())
        }
    }
}

impl Batch<'_, '_> {
    pub(super) fn load_answers(&mut self, scopes: &BTreeSet<Vec<u8>>) -> Result<(), AppError> {
        if scopes.is_empty() {
            return Ok(());
        }
        let scopes: Vec<Vec<u8>> = scopes.iter().cloned().collect();
        let rows = self.reader.answers(&scopes)?;
        for scope in scopes {
            self.answered.entry(scope).or_insert(None);
        }
        for row in rows {
            // An erased answer stays as its key: the lead it spoke of is gone.
            let answer = match row.answer {
                Some(body) => Answer {
                    status: row.status.unsigned_abs(),
                    body,
                    replayed: true,
                },
                None => Answer {
                    status: 404,
                    body: String::new(),
                    replayed: true,
                },
            };
            self.answered
                .insert(row.scope_digest, Some((row.body_digest, answer)));
        }
        Ok(())
    }

    /// Looks up which mails wait for a person, or were discarded by one.
    pub fn load_parked(&mut self, keys: &BTreeSet<String>) -> Result<(), AppError> {
        let missing: Vec<String> = keys
            .iter()
            .filter(|key| !self.parked.contains_key(*key))
            .cloned()
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let waits = self.reader.review_waits(&missing)?;
        for key in missing {
            self.parked.insert(key, None);
        }
        if waits.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = waits.iter().map(|wait| wait.review_id).collect();
        let rows = self.reader.reviews_by_ids(&ids)?;
        for wait in waits {
            let row = rows.iter().find(|row| row.id == wait.review_id);
            let parked = row.map(Parked::of);
            self.parked.insert(wait.rfc_id, parked);
        }
        Ok(())
    }

    /// The answer an idempotency key was given before, with the digest of its body.
    pub fn stored_answer(
        &mut self,
        scope: &[u8; 32],
    ) -> Result<Option<(Vec<u8>, Answer)>, AppError> {
        if !self.answered.contains_key(scope.as_slice()) {
            self.load_answers(&BTreeSet::from([scope.to_vec()]))?;
        }
        Ok(self.answered.get(scope.as_slice()).cloned().flatten())
    }

    /// Remembers an answer in the commit of its effect; only what succeeded is remembered.
    pub fn remember(&mut self, key: &IdempotencyKey, answer: &Answer) {
        let row = convo_store::rows::IdempotencyRow {
            scope_digest: key.scope.to_vec(),
            body_digest: key.body.to_vec(),
            status: i16::try_from(answer.status).unwrap_or(200),
            content_type: "application/json".to_owned(),
            answer: Some(answer.body.clone()),
            lead_id: self.touched_lead,
            created_at: self.clock,
        };
        self.answered.insert(
            key.scope.to_vec(),
            Some((key.body.to_vec(), answer.clone())),
        );
        self.commit.answers.push(row);
        self.wrote();
    }

    pub(super) fn load_heads(&mut self, ids: &BTreeSet<String>) -> Result<(), AppError> {
        let missing: Vec<String> = ids
            .iter()
            .filter(|id| !self.heads.contains_key(*id))
            .cloned()
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let mut found: Vec<(String, MessageHead)> = Vec::new();
        for head in self.reader.message_heads_by_rfc_ids(&missing)? {
            found.push((head.rfc_id.clone(), head));
        }
        let aliases = self.reader.aliases_by_rfc_ids(&missing)?;
        if !aliases.is_empty() {
            let ids: Vec<Uuid> = aliases.iter().map(|alias| alias.message_id).collect();
            let named = self.reader.message_heads_by_ids(&ids)?;
            for alias in aliases {
                let head = named.iter().find(|head| head.id == alias.message_id);
                found.extend(head.map(|head| (alias.rfc_id, head.clone())));
            }
        }
        for id in missing {
            self.heads.insert(id, Vec::new());
        }
        found.sort_by_key(|(_, head)| head.id);
        for (id, head) in found {
            self.heads.entry(id).or_default().push(head);
        }
        Ok(())
    }

    /// The messages known under an id, their own or a provider's alias, oldest first.
    pub fn heads(&mut self, id: &str) -> Result<&[MessageHead], AppError> {
        if !self.heads.contains_key(id) {
            self.load_heads(&BTreeSet::from([id.to_owned()]))?;
        }
        Ok(self.heads.get(id).map(Vec::as_slice).unwrap_or_default())
    }

    /// Loads the messages known under any of the ids.
    pub fn want_heads(&mut self, ids: impl IntoIterator<Item = String>) -> Result<(), AppError> {
        self.load_heads(&ids.into_iter().collect())
    }

    pub(super) fn load_addresses(&mut self, keys: &BTreeSet<String>) -> Result<(), AppError> {
        let missing: Vec<String> = keys
            .iter()
            .filter(|key| !self.addresses.contains_key(*key))
            .cloned()
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let leads = self.reader.lead_addresses_by_keys(&missing)?;
        let agents = self.reader.agent_addresses_by_keys(&missing)?;
        for key in missing {
            self.addresses.insert(key.clone(), None);
            self.agent_addresses.insert(key, None);
        }
        for row in leads {
            self.addresses.insert(row.address_key, Some(row.lead_id));
        }
        for row in agents {
            self.agent_addresses
                .insert(row.address_key, Some(row.agent_id));
        }
        Ok(())
    }

    /// Loads whom addresses belong to; keys are in the form addresses are compared in.
    pub fn want_addresses(&mut self, keys: &[String]) -> Result<(), AppError> {
        self.load_addresses(&keys.iter().cloned().collect())
    }

    /// The lead an address belongs to.
    pub fn lead_of_address(&mut self, address: &str) -> Result<Option<Uuid>, AppError> {
        let key = address_key(address);
        self.load_addresses(&BTreeSet::from([key.clone()]))?;
        Ok(self.addresses.get(&key).copied().flatten())
    }

    /// The agent an address belongs to.
    pub fn agent_of_address(&mut self, address: &str) -> Result<Option<Uuid>, AppError> {
        let key = address_key(address);
        self.load_addresses(&BTreeSet::from([key.clone()]))?;
        Ok(self.agent_addresses.get(&key).copied().flatten())
    }

    /// Loads conversations in one read.
    pub(crate) fn load_conversations(&mut self, ids: &BTreeSet<Uuid>) -> Result<(), AppError> {
        let missing: Vec<Uuid> = ids
            .iter()
            .filter(|id| !self.conversations.contains_key(*id))
            .copied()
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let rows = self.reader.conversations_by_ids(&missing)?;
        for id in missing {
            self.conversations.insert(id, None);
        }
        for row in rows {
            self.keep_conversation(row)?;
        }
        Ok(())
    }

    fn keep_conversation(&mut self, row: ConversationRow) -> Result<(), AppError> {
        let facts: Conversation<Uuid> = stored(&row.facts)?;
        let before = seal::Counted::of(&row, &facts);
        let (stored, clocks) = (Some(row.revision), facts.clocks());
        let (waiting, owner) = (OpenWait::of(&facts), facts.agent);
        let first_sent = facts.tally.first_sent.clone();
        self.conversations.insert(
            row.id,
            Some(ConversationEntry {
                row,
                facts,
                stored,
                touched: Touched::No,
                before,
                clocks,
                check_timers: false,
                waiting,
                owner,
                first_sent,
                begins: false,
            }),
        );
        Ok(())
    }

    /// A conversation, or `None` when there is none with that id.
    pub fn conversation(&mut self, id: Uuid) -> Result<Option<&mut ConversationEntry>, AppError> {
        if !self.conversations.contains_key(&id) {
            self.load_conversations(&BTreeSet::from([id]))?;
        }
        Ok(self.conversations.get_mut(&id).and_then(Option::as_mut))
    }

    pub(crate) fn load_leads(&mut self, ids: &BTreeSet<Uuid>) -> Result<(), AppError> {
        let missing: Vec<Uuid> = ids
            .iter()
            .filter(|id| !self.leads.contains_key(*id))
            .copied()
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let rows = self.reader.leads_by_ids(&missing)?;
        for id in missing {
            self.leads.insert(id, None);
        }
        for row in rows {
            self.keep_lead(row)?;
        }
        Ok(())
    }

    fn keep_lead(&mut self, row: LeadRow) -> Result<(), AppError> {
        let facts: Lead<Uuid> = stored(&row.facts)?;
        let (stored, before) = (Some(row.revision), row.highest_stage);
        let source = row.source.clone();
        self.leads.insert(
            row.id,
            Some(LeadEntry {
                row,
                facts,
                stored,
                touched: Touched::No,
                before,
                source,
            }),
        );
        Ok(())
    }

    /// A lead that exists and was not erased.
    pub fn lead(&mut self, id: Uuid) -> Result<Option<&mut LeadEntry>, AppError> {
        if !self.leads.contains_key(&id) {
            self.load_leads(&BTreeSet::from([id]))?;
        }
        Ok(self.leads.get_mut(&id).and_then(Option::as_mut))
    }

    pub(crate) fn load_of_leads(&mut self, leads: &BTreeSet<Uuid>) -> Result<(), AppError> {
        let missing: Vec<Uuid> = leads
            .iter()
            .filter(|id| !self.of_lead.contains_key(*id))
            .copied()
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let rows = self.reader.conversations_by_leads(&missing)?;
        for id in missing {
            self.of_lead.insert(id, Vec::new());
        }
        for row in rows {
            self.of_lead.entry(row.lead_id).or_default().push(row.id);
            if !matches!(self.conversations.get(&row.id), Some(Some(_))) {
                self.keep_conversation(row)?;
            }
        }
        Ok(())
    }

    /// Every conversation of a lead.
    pub fn conversations_of(&mut self, lead: Uuid) -> Result<Vec<Uuid>, AppError> {
        self.load_of_leads(&BTreeSet::from([lead]))?;
        Ok(self.of_lead.get(&lead).cloned().unwrap_or_default())
    }

    /// An agent.
    pub fn agent(&mut self, id: Uuid) -> Result<Option<AgentRow>, AppError> {
        if !self.agents.contains_key(&id) {
            let row = self.reader.agents_by_ids(&[id])?.pop();
            self.agents.insert(id, row);
        }
        Ok(self.agents.get(&id).cloned().flatten())
    }

    /// A campaign.
    pub fn campaign(&mut self, id: Uuid) -> Result<Option<CampaignRow>, AppError> {
        if !self.campaigns.contains_key(&id) {
            let row = self.reader.campaigns_by_ids(&[id])?.pop();
            self.campaigns.insert(id, row);
        }
        Ok(self.campaigns.get(&id).cloned().flatten())
    }
}

/// Reads an aggregate back; a row we wrote that cannot be read is a fault, never bad input.
fn stored<T: DeserializeOwned>(facts: &str) -> Result<T, AppError> {
    serde_json::from_str(facts)
        .map_err(|error| AppError::Fault(format!("stored facts are unreadable: {error}")))
}
