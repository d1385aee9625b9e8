//! Lists of suppressions from elsewhere.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{NewSuppression, moment};
use crate::error::{AppError, Violation};

/// Rows of one list at most: it is one commit, for which everybody else waits.
pub const IMPORT_ROWS: usize = 5_000;

/// A line of a list: its number, from 1, and what it says or what is wrong with it.
pub type ImportLine = (u64, Result<ImportedSuppression, Vec<Violation>>);

/// A list of suppressions.
#[derive(Debug, Clone)]
pub struct SuppressionImport {
    /// Its lines.
    pub rows: Vec<ImportLine>,
    /// Only say what would come of it.
    pub dry_run: bool,
}

/// A suppression of a list, with the fields of our own export; others are ignored.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportedSuppression {
    /// The address no longer written to.
    pub address: String,
    /// opt_out, complaint, hard_bounce, soft_bounce or manual (default).
    pub reason: Option<String>,
    /// automation or all; the default follows the reason.
    pub scope: Option<String>,
    /// Who says so; default `import`.
    pub source: Option<String>,
    /// What shows it.
    pub evidence: Option<String>,
    /// The caller's own id.
    pub external_id: Option<String>,
    /// Since when; default now.
    #[serde(default, deserialize_with = "moment")]
    pub at: Option<DateTime<Utc>>,
    /// Until when.
    #[serde(default, deserialize_with = "moment")]
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was lifted: such a row is ignored.
    #[serde(default, deserialize_with = "moment")]
    pub lifted_at: Option<DateTime<Utc>>,
}

impl ImportedSuppression {
    /// Checks what needs no database.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every violation.
    pub fn check(&self, now: DateTime<Utc>) -> Result<(), AppError> {
        let new = NewSuppression {
            address: self.address.clone(),
            reason: self.reason.clone(),
            scope: self.scope.clone(),
            source: self.source.clone(),
            evidence: self.evidence.clone(),
            external_id: self.external_id.clone(),
            expires_at: None,
        };
        new.check()?;
        match self.at.is_some_and(|at| at > now) {
            true => Err(AppError::invalid("at", "must not be in the future")),
            false => Ok(()),
        }
    }
}
