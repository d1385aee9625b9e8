//! The policy a conversation is decided under: the default one, with what its campaign changes.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use convo_core::policy::Policy;
use convo_store::Reader;
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

    /// [`Self::over`] for what is put now: an object is no list of its members. What was stored when it was taken for one
    /// is read as it was.
    pub(crate) fn put_over(base: &Policy, given: &Value) -> Result<Policy, String> {
        let policy = Self::over(base, given)?;
        let read = serde_json::to_value(&policy).map_err(|error| error.to_string())?;
        match no_object(given, &read) {
            Some(name) => Err(format!("{name} must be an object")),
            None => Ok(policy),
        }
    }
}

/// The first member that was read as an object and given as a list of members, which serde takes as well.
fn no_object<'a>(given: &'a Value, read: &Value) -> Option<&'a str> {
    let members = given.as_object().into_iter().flatten();
    members
        .filter_map(|(name, given)| Some((name, given, read.get(name)?)))
        .find_map(|(name, given, read)| {
            let is_list = given.is_array() && read.is_object();
            is_list
                .then_some(name.as_str())
                .or_else(|| no_object(given, read))
        })
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

/// The ids of the rows a policy was read from: the default one's and the campaign's.
type Rows = [Option<Uuid>; 2];

/// Policies as read from rows, which never change.
static READ: LazyLock<Mutex<HashMap<Rows, Arc<PolicyInForce>>>> = LazyLock::new(Mutex::default);
/// Policies kept; more campaigns than this with policies of their own read theirs anew.
const KEPT: usize = 1_000;

/// The policy in force for a campaign, or the default one.
///
/// # Errors
/// The database's; a fault when a stored policy cannot be read.
pub(crate) fn policy_of(
    reader: &mut Reader<'_>,
    campaign: Option<Uuid>,
) -> Result<Arc<PolicyInForce>, AppError> {
    let default = reader.newest_policy(None)?;
    let own = match campaign {
        Some(_) => reader.newest_policy(campaign)?,
        None => None,
    };
    in_force(default.as_ref(), own.as_ref())
}

/// The default policy, then what the campaign changes.
fn in_force(
    default: Option<&PolicyRow>,
    own: Option<&PolicyRow>,
) -> Result<Arc<PolicyInForce>, AppError> {
    let key = [default.map(|row| row.id), own.map(|row| row.id)];
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = read.get(&key) {
        return Ok(Arc::clone(known));
    }
    let mut policy = PolicyInForce {
        version: 0,
        policy: Policy::default(),
    };
    for row in default.into_iter().chain(own) {
        let given: Value =
            serde_json::from_str(&row.body).map_err(|error| AppError::Fault(error.to_string()))?;
        policy.policy = PolicyInForce::over(&policy.policy, &given).map_err(AppError::Fault)?;
        policy.version = row.version;
    }
    if read.len() >= KEPT {
        read.clear();
    }
    let policy = Arc::new(policy);
    read.insert(key, Arc::clone(&policy));
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
        let default = self.newest_policy(None)?;
        let own = match campaign {
            Some(_) => self.newest_policy(campaign)?,
            None => None,
        };
        let in_force = in_force(default.as_ref(), own.as_ref())?;
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
        match here {
            Some(row) => Ok(Some(row.clone())),
            None => Ok(self.reader.newest_policy(campaign)?),
        }
    }

    /// Versions are counted over all policies, so that a number names one row.
    pub(crate) fn next_policy_version(&mut self) -> Result<i64, AppError> {
        let here = self.commit.policies.iter().map(|row| row.version).max();
        let last = match here {
            Some(last) => last,
            None => self.reader.last_policy_version()?,
        };
        Ok(last + 1)
    }

    /// Adds a version and puts it in force.
    pub(crate) fn add_policy(&mut self, row: PolicyRow) {
        self.commit.policies.push(row);
        // What a campaign has of its own lies over the default one: both are read again.
        self.policies.clear();
        self.lexicons.clear();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_of_members_is_no_object() {
        let base = Policy::default();
        for given in [
            json!({"reopen": [180, 14]}),
            json!({"gate": {"quietHours": ["21:00:00", "08:00:00"]}}),
        ] {
            assert!(PolicyInForce::over(&base, &given).is_ok(), "{given}");
            let refused = PolicyInForce::put_over(&base, &given).unwrap_err();
            assert!(refused.ends_with("must be an object"), "{given}: {refused}");
        }
        for given in [
            json!({"reopen": {"otherDays": 7}, "publicMailDomains": ["mail.example"]}),
            json!({"gate": {"quietHours": {"from": "21:00:00", "to": "08:00:00"}}}),
            json!({"lexicon": [{}], "own": [1]}),
        ] {
            assert!(PolicyInForce::put_over(&base, &given).is_ok(), "{given}");
        }
    }
}
