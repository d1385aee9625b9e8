//! The policy a conversation is decided under: the default one, with what its campaign changes.

use std::sync::Arc;

use convo_core::policy::Policy;
use convo_store::rows::PolicyRow;
use serde_json::Value;
use uuid::Uuid;

use super::Batch;
use crate::error::AppError;

/// A policy with the version that every decision under it records.
#[derive(Debug, Clone)]
pub(crate) struct PolicyInForce {
    pub version: i64,
    pub policy: Policy,
}

impl PolicyInForce {
    /// `base` with the members that `given` names.
    pub(crate) fn over(base: &Policy, given: &Value) -> Result<Policy, String> {
        let mut value = serde_json::to_value(base).map_err(|error| error.to_string())?;
        merge(&mut value, given);
        serde_json::from_value(value).map_err(|error| error.to_string())
    }
}

/// Objects are merged member by member, everything else is replaced; null restores nothing.
fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                match into.get_mut(name) {
                    Some(known) if known.is_object() => merge(known, value),
                    _ => {
                        into.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        (into, from) => *into = from.clone(),
    }
}

/// The policy of a campaign out of the newest rows: the default one, then what the campaign changes.
///
/// # Errors
/// A fault when a stored policy cannot be read.
pub(crate) fn in_force(
    rows: &[PolicyRow],
    campaign: Option<Uuid>,
) -> Result<PolicyInForce, AppError> {
    let newest = |of: Option<Uuid>| {
        rows.iter()
            .filter(|row| row.campaign_id == of)
            .max_by_key(|row| row.version)
    };
    let own = campaign.and_then(|campaign| newest(Some(campaign)));
    let mut policy = PolicyInForce {
        version: 0,
        policy: Policy::default(),
    };
    for row in newest(None).into_iter().chain(own) {
        let given: Value =
            serde_json::from_str(&row.body).map_err(|error| AppError::Fault(error.to_string()))?;
        policy.policy = PolicyInForce::over(&policy.policy, &given).map_err(AppError::Fault)?;
        policy.version = row.version;
    }
    Ok(policy)
}

impl Batch<'_, '_> {
    /// The policy in force for a campaign, or the default one.
    pub(crate) fn policy(
        &mut self,
        campaign: Option<Uuid>,
    ) -> Result<Arc<PolicyInForce>, AppError> {
        if let Some(policy) = self.policies.get(&campaign) {
            return Ok(Arc::clone(policy));
        }
        let rows: Vec<PolicyRow> = [self.newest_policy(None)?, self.newest_policy(campaign)?]
            .into_iter()
            .flatten()
            .collect();
        let in_force = Arc::new(in_force(&rows, campaign)?);
        self.policies.insert(campaign, Arc::clone(&in_force));
        Ok(in_force)
    }

    /// The newest version stored for a campaign, or of the default policy; those of this batch first.
    pub(crate) fn newest_policy(
        &mut self,
        campaign: Option<Uuid>,
    ) -> Result<Option<PolicyRow>, AppError> {
        let here = self
            .commit
            .policies
            .iter()
            .rev()
            .find(|row| row.campaign_id == campaign);
        if let Some(row) = here {
            return Ok(Some(row.clone()));
        }
        let rows = self.stored_policies()?;
        Ok(rows.iter().find(|row| row.campaign_id == campaign).cloned())
    }

    /// Versions are counted over all policies, so that a number names one row.
    pub(crate) fn next_policy_version(&mut self) -> Result<i64, AppError> {
        let stored = self.stored_policies()?.iter().map(|row| row.version).max();
        let here = self.commit.policies.iter().map(|row| row.version).max();
        Ok(stored.max(here).unwrap_or(0) + 1)
    }

    fn stored_policies(&mut self) -> Result<&[PolicyRow], AppError> {
        if self.policy_rows.is_none() {
            self.policy_rows = Some(self.reader.newest_policies()?);
        }
        Ok(self.policy_rows.as_deref().unwrap_or_default())
    }

    /// Puts a version made in this batch in force.
    pub(crate) fn policy_changed(&mut self, campaign: Option<Uuid>, version: i64, policy: Policy) {
        self.policies
            .insert(campaign, Arc::new(PolicyInForce { version, policy }));
    }
}
