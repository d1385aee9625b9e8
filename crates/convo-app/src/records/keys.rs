//! API keys: stored as a hash, shown once by whoever drew them.

use convo_store::rows::ApiKeyRow;
use uuid::Uuid;

use super::{answer, no_content};
use crate::batch::Batch;
use crate::command::{Answer, NewKeyHash};
use crate::error::AppError;
use crate::views;

impl Batch<'_, '_> {
    /// Stores a key that was drawn outside.
    pub(crate) fn create_key(&mut self, new: &NewKeyHash) -> Result<Answer, AppError> {
        new.key.check()?;
        if let Some(agent) = new.key.agent_id
            && self.agent(agent)?.is_none()
        {
            return Err(AppError::invalid("agentId", "names no agent"));
        }
        let mut scopes = new.key.scopes.clone();
        scopes.sort();
        scopes.dedup();
        let row = ApiKeyRow {
            id: self.new_id(),
            name: new.key.name.trim().to_owned(),
            hash: new.hash.to_vec(),
            scopes: serde_json::to_string(&scopes)
                .map_err(|error| AppError::Fault(error.to_string()))?,
            agent_id: new.key.agent_id,
            hint: new.hint.clone(),
            created_at: self.now,
            revoked_at: None,
        };
        self.commit.api_keys.push(row.clone());
        self.record_changed("key_created", None, None, Some(row.id));
        answer(201, &views::key(&row))
    }

    /// Revokes a key; effective at once in the database, within seconds in every cache.
    pub(crate) fn revoke_key(&mut self, id: Uuid) -> Result<Answer, AppError> {
        let mut row = self
            .reader
            .api_keys_by_ids(&[id])?
            .pop()
            .ok_or(AppError::NotFound)?;
        if row.revoked_at.is_none() {
            row.revoked_at = Some(self.now);
            self.commit.api_keys.push(row);
            self.record_changed("key_revoked", None, None, Some(id));
        }
        Ok(no_content())
    }
}
