//! The only place of the product that reads a clock; everything else is handed the time.

use std::time::Instant;

use chrono::{DateTime, SubsecRound, Utc};

/// The present time in UTC, cut to microseconds, which is what both databases keep.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "the shell's clock")]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// A reading of the monotonic clock, for durations and time limits.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "the shell's clock")]
pub fn monotonic() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn now_has_no_nanoseconds() {
        assert_eq!(now().timestamp_subsec_nanos() % 1_000, 0);
    }
}
