//! Sums that stand for many messages.

use serde::{Deserialize, Serialize};

/// Mean of a number of durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Latency {
    /// How many.
    pub count: u32,
    /// Their sum in milliseconds.
    pub sum_ms: i64,
}

impl Latency {
    /// Mean in milliseconds; none without any.
    #[must_use]
    pub fn mean_ms(&self) -> Option<i64> {
        (self.count > 0).then(|| self.sum_ms / i64::from(self.count))
    }

    /// Mean in minutes, to be shown.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a figure to be read, not computed with"
    )]
    pub fn mean_minutes(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum_ms as f64 / f64::from(self.count) / 60_000.0)
    }

    pub(super) fn add(&mut self, count: u32, sum_ms: i64) {
        self.count = self.count.saturating_add(count);
        self.sum_ms = self.sum_ms.saturating_add(sum_ms);
    }
}

/// Replies by how long they took; a reply is counted in the first bucket that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Promptness {
    /// Within 1 hour.
    pub hour: u32,
    /// Within 4 hours.
    pub four_hours: u32,
    /// Within 24 hours.
    pub day: u32,
    /// Within 48 hours.
    pub two_days: u32,
    /// Later.
    pub later: u32,
}

impl Promptness {
    pub(super) fn add(&mut self, latency_ms: i64) {
        const HOUR: i64 = 3_600_000;
        let bucket = match latency_ms {
            ms if ms <= HOUR => &mut self.hour,
            ms if ms <= 4 * HOUR => &mut self.four_hours,
            ms if ms <= 24 * HOUR => &mut self.day,
            ms if ms <= 48 * HOUR => &mut self.two_days,
            _ => &mut self.later,
        };
        *bucket = bucket.saturating_add(1);
    }
}

/// How many of the newest latencies are kept one by one.
const RECENT: usize = 3;

/// The newest latencies of the lead apart from all earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Spread {
    recent: [i64; RECENT],
    /// How many latencies there are.
    pub count: u32,
    /// All latencies before the recent ones.
    pub earlier: Latency,
}

impl Spread {
    /// The newest latencies in milliseconds, newest first, at most three.
    #[must_use]
    pub fn recent(&self) -> &[i64] {
        let held = usize::try_from(self.count).unwrap_or(RECENT).min(RECENT);
        self.recent.get(..held).unwrap_or_default()
    }

    pub(super) fn add(&mut self, latency_ms: i64) {
        if self.recent().len() == RECENT {
            let oldest = self.recent[RECENT - 1];
            self.earlier.add(1, oldest);
        }
        self.recent.rotate_right(1);
        self.recent[0] = latency_ms;
        self.count = self.count.saturating_add(1);
    }
}
