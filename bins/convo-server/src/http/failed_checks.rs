//! The budget an address has for failed checks of keys and signatures.
//!
//! A check that succeeds is never limited and costs nothing. Source: GCRA, by `governor`.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use super::client_address::budget_of;

/// Addresses remembered before those with an untouched budget are dropped.
const SWEEP_ABOVE: usize = 1_000;
/// Addresses remembered at most; further ones share one budget.
const MAX_ADDRESSES: usize = 100_000;

/// Budgets of failed checks, one for each address.
pub struct FailedChecks<C: Clock = DefaultClock> {
    limiter: RateLimiter<IpAddr, DashMapStateStore<IpAddr>, C, NoOpMiddleware<C::Instant>>,
    clock: C,
}

impl FailedChecks<DefaultClock> {
    /// `per_minute` failed checks at once, refilled over a minute.
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        Self::with_clock(per_minute, DefaultClock::default())
    }
}

impl<C: Clock + Clone> FailedChecks<C> {
    /// As [`FailedChecks::new`], on another clock.
    #[must_use]
    pub fn with_clock(per_minute: u32, clock: C) -> Self {
        let quota = Quota::per_minute(NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN));
        let limiter = RateLimiter::new(quota, DashMapStateStore::default(), clock.clone());
        Self { limiter, clock }
    }

    /// Books a failed check.
    ///
    /// # Errors
    /// Whole seconds to wait, at least 1, when the budget is used up.
    pub fn spend(&self, address: IpAddr) -> Result<(), u32> {
        let mut key = budget_of(address);
        if self.limiter.len() >= MAX_ADDRESSES {
            // Whoever commands so many addresses shares a budget with all others like it.
            key = IpAddr::from([0; 16]);
        }
        self.limiter.check_key(&key).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            u32::try_from(wait.as_millis().div_ceil(1_000))
                .unwrap_or(u32::MAX)
                .max(1)
        })
    }

    /// Forgets addresses whose budget is whole again; to be called now and then.
    pub fn sweep(&self) {
        if self.limiter.len() > SWEEP_ABOVE {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
    }

    /// Addresses remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.limiter.len()
    }

    /// True when no address is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.limiter.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use governor::clock::FakeRelativeClock;

    use super::*;

    fn address(n: u32) -> IpAddr {
        IpAddr::from(n.to_be_bytes())
    }

    #[test]
    fn the_budget_ends_at_its_edge_and_comes_back() {
        let clock = FakeRelativeClock::default();
        let checks = FailedChecks::with_clock(60, clock.clone());
        for _ in 0..60 {
            assert_eq!(checks.spend(address(1)), Ok(()));
        }
        assert_eq!(checks.spend(address(1)), Err(1));
        assert_eq!(checks.spend(address(2)), Ok(()));
        clock.advance(Duration::from_secs(1));
        assert_eq!(checks.spend(address(1)), Ok(()));
        assert!(checks.spend(address(1)).is_err());
    }

    #[test]
    fn addresses_with_a_whole_budget_are_forgotten() {
        let clock = FakeRelativeClock::default();
        let checks = FailedChecks::with_clock(60, clock.clone());
        for n in 0..2_000 {
            assert_eq!(checks.spend(address(n)), Ok(()));
        }
        assert_eq!(checks.len(), 2_000);
        clock.advance(Duration::from_secs(120));
        checks.sweep();
        assert!(checks.is_empty());
    }

    #[test]
    fn memory_is_bounded() {
        let checks = FailedChecks::with_clock(1, FakeRelativeClock::default());
        for n in 0..100_100 {
            let _ = checks.spend(address(n));
        }
        assert!(checks.len() <= MAX_ADDRESSES + 1);
    }
}
