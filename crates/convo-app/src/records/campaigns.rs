//! Campaigns and policies.

use std::collections::BTreeMap;

use convo_core::policy::Policy;
use convo_store::rows::{CampaignRow, PolicyRow};
use convo_store::{LeasesOf, Put};
use serde_json::Value;
use uuid::Uuid;

use super::answer;
use crate::batch::{Batch, PolicyInForce};
use crate::command::Answer;
use crate::error::{AppError, Violation};
use crate::views;
use crate::wire::{CampaignPatch, NewCampaign};

/// Violations of campaigns' own policies that are named.
const NAMED: usize = 50;

impl Batch<'_, '_> {
    /// Makes a campaign; a known external id is the same campaign.
    pub(crate) fn create_campaign(&mut self, new: &NewCampaign) -> Result<Answer, AppError> {
        new.check()?;
        let lexicons = &self.context.lexicons;
        lexicons.check(new.lexicon.as_ref(), "lexicon")?;
        if let Some(external) = &new.external_id
            && let Some(row) = self
                .reader
                .campaigns_by_external_ids(std::slice::from_ref(external))?
                .pop()
        {
            let policy = self.own_policy(row.id)?;
            return answer(200, &views::campaign(&row, policy.as_ref()));
        }
        let row = CampaignRow {
            id: self.new_id(),
            created_at: self.now,
            name: new.name.trim().to_owned(),
            paused: new.paused.unwrap_or(false),
            lexicon: new
                .lexicon
                .as_ref()
                .filter(|choice| !choice.is_null())
                .map(Value::to_string),
            tracking: new.tracking.as_ref().map(Value::to_string),
            disclosure: line(new.disclosure.as_deref()),
            consent_required: bases(new.consent_required.as_deref()),
            daily_limit: new.daily_limit,
            external_id: new.external_id.clone(),
            revision: 1,
            updated_at: self.now,
        };
        let policy = match &new.policy {
            Some(partial) => Some(self.version_policy(Some(row.id), partial)?),
            None => None,
        };
        self.commit.campaigns.push(Put::new(row.clone()));
        self.campaigns.insert(row.id, Some(row.clone()));
        self.record_changed("campaign_created", None, None, Some(row.id));
        answer(201, &views::campaign(&row, policy.as_ref()))
    }

    /// Changes a campaign; another policy is another version.
    pub(crate) fn patch_campaign(
        &mut self,
        id: Uuid,
        patch: &CampaignPatch,
    ) -> Result<Answer, AppError> {
        patch.check()?;
        let lexicon = patch.lexicon.as_ref().and_then(Option::as_ref);
        self.context.lexicons.check(lexicon, "lexicon")?;
        let before = self.campaign(id)?.ok_or(AppError::NotFound)?;
        if let Some(external) = patch.external_id.as_ref().and_then(Option::as_ref) {
            let other = self
                .reader
                .campaigns_by_external_ids(std::slice::from_ref(external))?
                .pop();
            if other.is_some_and(|other| other.id != id) {
                return Err(AppError::conflict("another campaign has this externalId"));
            }
        }
        let mut row = before.clone();
        row.name = patch.name.clone().unwrap_or(row.name);
        row.paused = patch.paused.unwrap_or(row.paused);
        if let Some(lexicon) = &patch.lexicon {
            row.lexicon = lexicon.as_ref().map(Value::to_string);
        }
        if let Some(tracking) = &patch.tracking {
            row.tracking = tracking.as_ref().map(Value::to_string);
        }
        if let Some(disclosure) = &patch.disclosure {
            row.disclosure = line(disclosure.as_deref());
        }
        if let Some(consent) = &patch.consent_required {
            row.consent_required = bases(Some(consent));
        }
        row.daily_limit = patch.daily_limit.unwrap_or(row.daily_limit);
        row.external_id = patch.external_id.clone().unwrap_or(row.external_id);
        row.revision += 1;
        row.updated_at = self.now;
        let policy = match &patch.policy {
            Some(partial) => {
                let empty = Value::Object(serde_json::Map::new());
                Some(self.version_policy(Some(id), partial.as_ref().unwrap_or(&empty))?)
            }
            None => self.own_policy(id)?,
        };
        if row.paused && !before.paused {
            self.end_leases(LeasesOf::Campaign(id));
        }
        self.put_campaign(Put::changed(row.clone(), before.revision));
        self.campaigns.insert(id, Some(row.clone()));
        self.record_changed("campaign_changed", None, None, Some(id));
        answer(200, &views::campaign(&row, policy.as_ref()))
    }

    /// Replaces the default policy by a new version of it; absent members keep their defaults.
    pub(crate) fn put_policy(&mut self, given: &Value) -> Result<Answer, AppError> {
        self.version_policy(None, given)?;
        self.check_campaigns()?;
        let in_force = self.policy(None)?;
        answer(200, &views::policy(in_force.version, &in_force.policy))
    }

    /// What campaigns have of their own lies over the default policy: with a new one it has to hold as well.
    fn check_campaigns(&mut self) -> Result<(), AppError> {
        let base = self.policy(None)?;
        let mut violations = Vec::new();
        let mut of_campaigns = BTreeMap::new();
        let stored = self.reader.newest_policies_of_campaigns()?;
        for row in stored.iter().chain(&self.commit.policies) {
            of_campaigns.extend(row.campaign_id.map(|id| (id, row.body.clone())));
        }
        for (campaign, body) in of_campaigns {
            let own = serde_json::from_str(&body);
            let own: Value = own.map_err(|error| AppError::Fault(error.to_string()))?;
            let merged = PolicyInForce::over(&base.policy, &own);
            let problems = match merged {
                Ok(policy) => policy.validate().err().unwrap_or_default(),
                Err(message) => {
                    let field = format!("campaigns.{campaign}");
                    violations.push(Violation::new(field, message));
                    continue;
                }
            };
            violations.extend(problems.iter().map(|problem| {
                let field = format!("campaigns.{campaign}.{}", problem.field);
                Violation::new(field, problem.message.clone())
            }));
        }
        violations.truncate(NAMED);
        if violations.is_empty() {
            return Ok(());
        }
        Err(AppError::Invalid(violations))
    }

    /// The newest policy a campaign has of its own, as given.
    fn own_policy(&mut self, campaign: Uuid) -> Result<Option<Value>, AppError> {
        let row = self.newest_policy(Some(campaign))?;
        Ok(row.and_then(|row| serde_json::from_str(&row.body).ok()))
    }

    fn version_policy(&mut self, campaign: Option<Uuid>, given: &Value) -> Result<Value, AppError> {
        if !given.is_object() {
            return Err(AppError::invalid("policy", "must be an object"));
        }
        let base = match campaign {
            Some(_) => self.policy(None)?.policy.clone(),
            None => Policy::default(),
        };
        let policy = PolicyInForce::put_over(&base, given)
            .map_err(|message| AppError::invalid("policy", message))?;
        if let Err(problems) = policy.validate() {
            let violation = |problem: &convo_core::policy::Problem| {
                Violation::new(problem.field, problem.message.clone())
            };
            return Err(AppError::Invalid(problems.iter().map(violation).collect()));
        }
        let lexicons = &self.context.lexicons;
        lexicons.check(policy.lexicon.as_ref(), "policy.lexicon")?;
        let before = self.policy(campaign)?;
        let version = self.next_policy_version()?;
        let row = PolicyRow {
            id: self.new_id(),
            campaign_id: campaign,
            version,
            body: given.to_string(),
            created_at: self.now,
        };
        self.add_policy(row);
        self.reschedule_after(campaign, &before.policy)?;
        self.record_changed("policy_changed", None, None, campaign);
        Ok(given.clone())
    }
}

/// A line that says something.
fn line(given: Option<&str>) -> Option<String> {
    let given = given.map(str::trim).filter(|line| !line.is_empty());
    given.map(str::to_owned)
}

/// Bases of consent as the column has them.
fn bases(given: Option<&[String]>) -> Option<String> {
    let given: Vec<&str> = given?.iter().map(|basis| basis.trim()).collect();
    (!given.is_empty()).then(|| Value::from(given).to_string())
}
