//! How mail fared, by the hour: what the breaker and a campaign's share of the day are judged by.

use std::collections::BTreeMap;

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use convo_core::change::Suppression;
use convo_core::gate::{Breaker, Reputation, ReputationScope};
use convo_core::vocabulary::{SuppressionReason, SuppressionSource};
use convo_store::rows::{LeaseRow, ReputationRow};
use convo_store::{Fared, Forgotten, Sweep};
use uuid::Uuid;

use super::lease::is_unasked;
use crate::batch::Batch;
use crate::command::Answer;
use crate::context::Context;
use crate::error::AppError;
use crate::records::no_content;

/// Mails are counted by the hour.
pub(super) const AN_HOUR: TimeDelta = TimeDelta::hours(1);

/// What became of an unasked mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was sent, or is about to be.
    Sent,
    /// It will not be sent after all.
    Unsent,
    /// Its address was found dead.
    HardBounce,
    /// The person complained about it.
    Complaint,
}

/// The hours of a scope in the database.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    since: DateTime<Utc>,
    rows: Vec<ReputationRow>,
}

/// Counts over some hours.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    pub sent: u64,
    pub hard_bounces: u64,
    pub complaints: u64,
    pub first: Option<DateTime<Utc>>,
    pub last: Option<DateTime<Utc>>,
}

/// The name under which a campaign's mail is counted.
pub(super) fn of_campaign(campaign: Uuid) -> String {
    format!("campaign:{campaign}")
}

/// The name under which mail of a campaign, or everything that we send, is counted.
pub(crate) fn scope_name(context: &Context, campaign: Option<Uuid>) -> String {
    campaign.map_or_else(|| format!("domain:{}", context.id_domain()), of_campaign)
}

/// The beginning of an hour.
pub(crate) fn hour(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(AN_HOUR).unwrap_or(at)
}

impl Batch<'_, '_> {
    /// The name under which everything that we send is counted.
    pub(super) fn of_domain(&self) -> String {
        scope_name(self.context, None)
    }

    /// Counts what became of a mail, by its own time; a time to come counts as now.
    pub(crate) fn fared(&mut self, campaign: Option<Uuid>, fate: Fate, at: DateTime<Utc>) {
        // What was done before is imported, not judged.
        if self.silent {
            return;
        }
        let hour = hour(at.min(self.clock));
        let one = match fate {
            Fate::Sent => Fared {
                sent: 1,
                ..Fared::default()
            },
            Fate::Unsent => Fared {
                sent: -1,
                ..Fared::default()
            },
            Fate::HardBounce => Fared {
                hard_bounces: 1,
                ..Fared::default()
            },
            Fate::Complaint => Fared {
                complaints: 1,
                ..Fared::default()
            },
        };
        let scopes = [campaign.map(of_campaign), Some(self.of_domain())];
        for scope in scopes.into_iter().flatten() {
            *self.commit.fared.entry((scope, hour)).or_default() += one;
        }
        self.wrote();
    }

    /// Counts a suppression that is new: an address found dead, or a complaint, about mail that is counted when it is
    /// sent.
    pub(crate) fn suppression_fared(
        &mut self,
        campaign: Option<Uuid>,
        suppression: &Suppression<Uuid>,
    ) -> Result<(), AppError> {
        let fate = match (suppression.reason, suppression.source) {
            // What stands on a provider's own list is no news about our mail.
            (_, SuppressionSource::Provider) => return Ok(()),
            (SuppressionReason::HardBounce, _) => Fate::HardBounce,
            (SuppressionReason::Complaint, _) => Fate::Complaint,
            _ => return Ok(()),
        };
        let lease = match suppression.message {
            Some(message) => self.lease_of_message(message)?,
            None => None,
        };
        if lease.is_some_and(|lease| is_unasked(&lease)) {
            self.fared(campaign, fate, suppression.at);
        }
        Ok(())
    }

    /// Counts a mail that was counted as sent and did not leave, or may again.
    pub(crate) fn fared_unsent(&mut self, message: Uuid, unsent: bool) -> Result<(), AppError> {
        let lease = self.lease_of_message(message)?.filter(is_unasked);
        let Some(lease) = lease else { return Ok(()) };
        match unsent {
            true => {
                let counted = lease.used_at.unwrap_or(self.clock);
                self.fared(lease.campaign_id, Fate::Unsent, counted);
            }
            false => {
                self.fared(lease.campaign_id, Fate::Sent, self.clock);
                // Where it is counted now: it may come back from there.
                self.put_lease(LeaseRow {
                    used_at: Some(self.clock),
                    ..lease
                });
            }
        }
        Ok(())
    }

    /// Counts of a scope over the last hours, that in which they begin as a whole.
    pub(super) fn sums(&mut self, scope: &str, hours: u32) -> Result<Sums, AppError> {
        let begins = self.clock - TimeDelta::hours(i64::from(hours));
        let since = hour(begins);
        let known = self.gate.fared.get(scope);
        if known.is_none_or(|known| known.since > since) {
            let rows = self.reader.reputation(scope, since)?;
            let read = Read { since, rows };
            self.gate.fared.insert(scope.to_owned(), read);
        }
        let stored = self.gate.fared.get(scope).map(|read| read.rows.as_slice());
        let stored = stored.unwrap_or_default().iter().map(|row| {
            let fared = Fared {
                sent: row.sent,
                hard_bounces: row.hard_bounces,
                complaints: row.complaints,
            };
            (row.hour, fared)
        });
        let here = self.commit.fared.iter().filter(|((of, _), _)| of == scope);
        let here = here.map(|((_, hour), fared)| (*hour, *fared));
        let mut hours: BTreeMap<DateTime<Utc>, Fared> = BTreeMap::new();
        for (hour, fared) in stored.chain(here).filter(|(hour, _)| *hour >= since) {
            *hours.entry(hour).or_default() += fared;
        }
        let mut sums = Sums {
            first: hours.keys().next().copied(),
            last: hours.keys().next_back().copied(),
            ..Sums::default()
        };
        // An hour that was forgotten may be left with less than nothing.
        let unsigned = |count: i64| u64::try_from(count).unwrap_or(0);
        for fared in hours.values() {
            sums.sent += unsigned(fared.sent);
            sums.hard_bounces += unsigned(fared.hard_bounces);
            sums.complaints += unsigned(fared.complaints);
        }
        Ok(sums)
    }

    /// How a scope's mail fared lately.
    pub(super) fn reputation(
        &mut self,
        scope: ReputationScope,
        name: &str,
        breaker: Breaker,
    ) -> Result<Reputation, AppError> {
        let sums = self.sums(name, breaker.window_hours)?;
        let window = TimeDelta::hours(i64::from(breaker.window_hours));
        Ok(Reputation {
            scope,
            breaker,
            sent: sums.sent,
            hard_bounces: sums.hard_bounces,
            complaints: sums.complaints,
            clears_at: sums.last.map(|last| last + window + AN_HOUR),
        })
    }

    /// Forgets how mail of a campaign, or all mail, fared: an admin has seen to it.
    ///
    /// # Errors
    /// `Invalid` for what is no campaign.
    pub(crate) fn reset_reputation(&mut self, campaign: Option<Uuid>) -> Result<Answer, AppError> {
        if let Some(id) = campaign
            && self.campaign(id)?.is_none()
        {
            return Err(AppError::invalid("campaignId", "names no campaign"));
        }
        let scope = scope_name(self.context, campaign);
        self.commit.fared.retain(|(of, _), _| *of != scope);
        let read = Read {
            since: DateTime::UNIX_EPOCH,
            rows: Vec::new(),
        };
        self.gate.fared.insert(scope.clone(), read);
        let forgotten = Sweep::Reputation(Forgotten::Scope(scope, self.clock));
        self.commit.sweeps.push(forgotten);
        self.record_changed("reputation_reset", None, None, campaign);
        Ok(no_content())
    }
}
