//! The breaker that stops unasked mail before a mailbox provider does.

use serde::{Deserialize, Serialize};

use crate::Time;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// Whose mail is counted together.
    ReputationScope, "reputation scope" {
        /// A campaign's.
        Campaign = "campaign",
        /// Everything under one sending domain.
        Domain = "domain",
    }
}

/// Above which share of dead addresses and complaints unasked mail is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Breaker {
    /// Hours that are looked at: what is older is forgiven.
    pub window_hours: u32,
    /// Mails of a campaign below which nothing is judged.
    pub min_sent: u32,
    /// Mails of a sending domain below which nothing is judged.
    pub domain_min_sent: u32,
    /// Percent of mails to addresses that turn out dead at which it opens.
    pub hard_bounce_percent: u32,
    /// Complaints in a thousand mails at which it opens.
    pub complaint_permille: u32,
    /// Complaints below which nothing is judged: one person is no share.
    pub min_complaints: u32,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            window_hours: 24,
            min_sent: 100,
            domain_min_sent: 500,
            hard_bounce_percent: 5,
            complaint_permille: 3,
            min_complaints: 2,
        }
    }
}

/// How mail fared lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reputation {
    /// Whose mail.
    pub scope: ReputationScope,
    /// Under which limits it is judged.
    pub breaker: Breaker,
    /// Mails sent in the window.
    pub sent: u64,
    /// Addresses found dead in the window.
    pub hard_bounces: u64,
    /// Complaints in the window.
    pub complaints: u64,
    /// When nothing of this is in the window any more.
    pub clears_at: Option<Time>,
}

impl Reputation {
    /// Whether unasked mail is stopped.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let limits = &self.breaker;
        let least = match self.scope {
            ReputationScope::Campaign => limits.min_sent,
            ReputationScope::Domain => limits.domain_min_sent,
        };
        let share = |count: u64, of: u64, limit: u32| {
            count > 0 && count.saturating_mul(of) >= self.sent.saturating_mul(u64::from(limit))
        };
        self.sent >= u64::from(least.max(1))
            && (share(self.hard_bounces, 100, limits.hard_bounce_percent)
                || (self.complaints >= u64::from(limits.min_complaints)
                    && share(self.complaints, 1_000, limits.complaint_permille)))
    }

    pub(super) fn detail(&self) -> String {
        format!(
            "{}: {} dead addresses and {} complaints in {} mails",
            self.scope, self.hard_bounces, self.complaints, self.sent
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(scope: ReputationScope, [sent, hard_bounces, complaints]: [u64; 3], open: bool) {
        let reputation = Reputation {
            scope,
            breaker: Breaker::default(),
            sent,
            hard_bounces,
            complaints,
            clears_at: None,
        };
        assert_eq!(reputation.is_open(), open, "{}", reputation.detail());
    }

    #[test]
    fn it_opens_at_its_thresholds() {
        use ReputationScope::{Campaign, Domain};
        check(Campaign, [0, 0, 0], false);
        check(Campaign, [99, 50, 50], false);
        check(Campaign, [100, 4, 0], false);
        check(Campaign, [100, 5, 0], true);
        check(Campaign, [100, 0, 1], false);
        check(Campaign, [100, 0, 2], true);
        check(Campaign, [1_000, 49, 2], false);
        check(Campaign, [1_000, 0, 3], true);
        check(Domain, [499, 400, 400], false);
        check(Domain, [500, 25, 0], true);
    }
}
