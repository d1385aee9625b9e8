//! Suppressions, keys, decisions of the review list.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::records::{NAME, TEXT};
use super::{Checks, moment};
use crate::error::AppError;

/// Body of `POST /api/suppressions`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewSuppression {
    /// The address no longer written to.
    pub address: String,
    /// opt_out, complaint, hard_bounce, soft_bounce or manual (default).
    pub reason: Option<String>,
    /// automation or all; the default follows the reason.
    pub scope: Option<String>,
    /// Who says so; default `api`.
    pub source: Option<String>,
    /// What shows it.
    pub evidence: Option<String>,
    /// The caller's own id.
    pub external_id: Option<String>,
    /// Until when it holds; without one until it is lifted.
    #[serde(default, deserialize_with = "moment")]
    pub expires_at: Option<DateTime<Utc>>,
}

impl NewSuppression {
    /// Checks what needs no database.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every violation.
    pub fn check(&self) -> Result<(), AppError> {
        let mut checks = Checks::new();
        checks.email(&self.address, "address");
        let reason = self.reason.as_deref().unwrap_or("manual");
        let known = matches!(
            reason,
            "opt_out" | "complaint" | "hard_bounce" | "soft_bounce" | "manual"
        );
        checks.require(
            known,
            "reason",
            "must be opt_out, complaint, hard_bounce, soft_bounce or manual",
        );
        let scope = self.scope.as_deref();
        checks.require(
            matches!(scope, None | Some("automation" | "all")),
            "scope",
            "must be automation or all",
        );
        checks.optional(self.source.as_ref(), NAME, "source");
        checks.optional(self.evidence.as_ref(), TEXT, "evidence");
        checks.optional(self.external_id.as_ref(), NAME, "externalId");
        checks.done()
    }
}

/// Body of `POST /api/keys`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewKey {
    /// What the key is for.
    pub name: String,
    /// read, write, agent, admin.
    pub scopes: Vec<String>,
    /// The agent the key belongs to.
    pub agent_id: Option<Uuid>,
}

impl NewKey {
    /// Checks what needs no database.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every violation.
    pub fn check(&self) -> Result<(), AppError> {
        let mut checks = Checks::new();
        checks.text(&self.name, NAME, "name");
        checks.require(
            !self.scopes.is_empty(),
            "scopes",
            "must name at least one scope",
        );
        let known = |scope: &String| matches!(scope.as_str(), "read" | "write" | "agent" | "admin");
        checks.require(
            self.scopes.iter().all(known),
            "scopes",
            "must be read, write, agent or admin",
        );
        checks.done()
    }
}

/// Body of `POST /api/review/{id}/resolve`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resolve {
    /// attach, alias, create_lead, discard, opt_out or release_hold.
    pub action: String,
    /// The conversation to attach to.
    pub conversation_id: Option<Uuid>,
    /// The lead the sender is an alias of, or that is meant.
    pub lead_id: Option<Uuid>,
    /// Why, for the audit.
    pub reason: Option<String>,
}

impl Resolve {
    /// Checks what needs no database.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every violation.
    pub fn check(&self) -> Result<(), AppError> {
        let mut checks = Checks::new();
        let action = self.action.as_str();
        let known = matches!(
            action,
            "attach" | "alias" | "create_lead" | "discard" | "opt_out" | "release_hold"
        );
        checks.require(
            known,
            "action",
            "must be attach, alias, create_lead, discard, opt_out or release_hold",
        );
        checks.require(
            action != "attach" || self.conversation_id.is_some(),
            "conversationId",
            "is needed to attach",
        );
        checks.require(
            action != "alias" || self.lead_id.is_some(),
            "leadId",
            "is needed for an alias",
        );
        checks.optional(self.reason.as_ref(), TEXT, "reason");
        checks.done()
    }
}
