//! From a key to its record, through a cache that forgets within 5 seconds.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::{ApiKey, Caller, KeyHash, Scope, Scopes};
use crate::clock;

/// How long a record is believed; a revoked key must be dead within 5 seconds everywhere.
const BELIEVED: Duration = Duration::from_secs(3);
/// Records kept at most.
const MAX_RECORDS: usize = 10_000;

/// A key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// The key's id.
    pub id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The agent it belongs to, if it is no service's.
    pub agent_id: Option<Uuid>,
    /// A revoked key is as good as none.
    pub revoked: bool,
}

/// The keys could not be asked for: the database is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("keys cannot be looked up now")]
pub struct LookupFailed;

/// Where keys are stored.
pub trait KeyLookup: Send + Sync {
    /// The key with this hash, revoked or not.
    fn find(
        &self,
        hash: KeyHash,
    ) -> Pin<Box<dyn Future<Output = Result<Option<KeyRecord>, LookupFailed>> + Send + '_>>;
}

/// Finds out whose key it is.
pub struct Authenticator {
    lookup: Arc<dyn KeyLookup>,
    bootstrap: Option<KeyHash>,
    records: Mutex<Records>,
    clock: fn() -> Instant,
}

#[derive(Default)]
struct Records {
    known: HashMap<KeyHash, Known>,
    /// How often all was forgotten: what was looked up before is not remembered after.
    forgotten: u64,
}

struct Known {
    since: Instant,
    caller: Option<Arc<Caller>>,
}

impl Authenticator {
    /// Keys of `lookup`, and the bootstrap key of the settings.
    #[must_use]
    pub fn new(lookup: Arc<dyn KeyLookup>, bootstrap: Option<&ApiKey>) -> Self {
        Self::with_clock(lookup, bootstrap, clock::monotonic)
    }

    /// As [`Authenticator::new`], on another clock.
    #[must_use]
    pub fn with_clock(
        lookup: Arc<dyn KeyLookup>,
        bootstrap: Option<&ApiKey>,
        clock: fn() -> Instant,
    ) -> Self {
        Self {
            lookup,
            bootstrap: bootstrap.map(ApiKey::hash),
            records: Mutex::default(),
            clock,
        }
    }

    /// Whose key it is; `None` when it is nobody's, or revoked.
    ///
    /// # Errors
    /// [`LookupFailed`] when the key is not cached and the database is away.
    pub async fn caller(&self, key: &ApiKey) -> Result<Option<Arc<Caller>>, LookupFailed> {
        let hash = key.hash();
        if !key.is_drawn() && !self.is_bootstrap(&hash) {
            return Ok(None);
        }
        self.caller_with(hash).await
    }

    /// Whose key has this hash, for those who have shown the key itself before; `None` when it is nobody's, or revoked.
    ///
    /// # Errors
    /// [`LookupFailed`] when the key is not cached and the database is away.
    pub async fn caller_with(&self, hash: KeyHash) -> Result<Option<Arc<Caller>>, LookupFailed> {
        if self.is_bootstrap(&hash) {
            return Ok(Some(Arc::new(Caller::bootstrap())));
        }
        let now = (self.clock)();
        let forgotten = match self.known(&hash, now) {
            Ok(known) => return Ok(known),
            Err(forgotten) => forgotten,
        };
        let record = self.lookup.find(hash).await?;
        let caller = record
            .filter(|record| !record.revoked)
            .map(|record| Arc::new(Caller::of(record)));
        self.remember(hash, now, caller.clone(), forgotten);
        Ok(caller)
    }

    /// Forgets all records, after a key was revoked here.
    pub fn forget(&self) {
        let mut records = self.lock();
        records.known.clear();
        records.forgotten += 1;
    }

    fn is_bootstrap(&self, hash: &KeyHash) -> bool {
        self.bootstrap
            .is_some_and(|bootstrap| bootstrap.matches(hash))
    }

    /// The record that is believed; without one, how often all was forgotten so far.
    fn known(&self, hash: &KeyHash, now: Instant) -> Result<Option<Arc<Caller>>, u64> {
        let records = self.lock();
        match records.known.get(hash) {
            Some(known) if known.is_believed(now) => Ok(known.caller.clone()),
            _ => Err(records.forgotten),
        }
    }

    /// `now` is the time before the lookup, so that a slow one does not prolong belief; one during which all was
    /// forgotten may have read a key that is revoked by now.
    fn remember(&self, hash: KeyHash, now: Instant, caller: Option<Arc<Caller>>, forgotten: u64) {
        let mut records = self.lock();
        if records.forgotten != forgotten {
            return;
        }
        let known = &mut records.known;
        if known.len() >= MAX_RECORDS {
            known.retain(|_, known| known.is_believed(now));
        }
        if known.len() >= MAX_RECORDS {
            known.clear();
        }
        known.insert(hash, Known { since: now, caller });
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn is_believed(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) < BELIEVED
    }
}

impl Caller {
    /// The caller with a stored key.
    #[must_use]
    pub fn of(record: KeyRecord) -> Self {
        Self {
            key_id: Some(record.id),
            name: record.name,
            scopes: record.scopes,
            agent_id: record.agent_id,
        }
    }

    /// The caller with the bootstrap key.
    #[must_use]
    pub fn bootstrap() -> Self {
        Self {
            key_id: None,
            name: "bootstrap".to_owned(),
            scopes: Scopes(vec![Scope::Admin]),
            agent_id: None,
        }
    }
}
