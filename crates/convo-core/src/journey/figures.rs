//! Figures of the journey.

use super::{foremost, scores_of};
use crate::conversation::Conversation;
use crate::lead::{Journey, Lead};
use crate::policy::Policy;
use crate::stages::Sums;
use crate::tally::{Latency, Tally};
use crate::vocabulary::{Awaiting, vocabulary};
use crate::{Key, Time};

vocabulary! {
    /// Where engagement goes.
    Trend, "trend" {
        /// The lead answers faster than before.
        Increasing = "increasing",
        /// No change to speak of.
        Stable = "stable",
        /// The lead answers slower, or not at all.
        Decreasing = "decreasing",
    }
}

pub(super) fn response_rate(sums: &Sums) -> Option<f64> {
    (sums.sent > 0).then(|| f64::from(sums.replies.min(sums.sent)) / f64::from(sums.sent))
}

pub(super) fn average_response<K: Key>(conversations: &[&Conversation<K>]) -> Option<f64> {
    let total = conversations
        .iter()
        .fold(Latency::default(), |total, c| Latency {
            count: total.count.saturating_add(c.tally.lead_latency.count),
            sum_ms: total.sum_ms.saturating_add(c.tally.lead_latency.sum_ms),
        });
    total.mean_minutes()
}

/// Percentage of criteria that hold.
pub(super) fn share_met(criteria: impl Iterator<Item = bool>) -> u8 {
    let (met, all) = criteria.fold((0u32, 0u32), |(met, all), holds| {
        (met + u32::from(holds), all + 1)
    });
    u8::try_from((met * 100).checked_div(all).unwrap_or(100)).unwrap_or(100)
}

pub(super) fn velocity<K: Key>(journey: &Journey<K>, policy: &Policy, now: Time) -> u8 {
    let advanced = journey
        .current
        .map_or(0, |stage| i64::from(stage.order()) - 1);
    let Some(first) = journey.entered.values().min().filter(|_| advanced > 0) else {
        return 0;
    };
    let elapsed = now.signed_duration_since(*first).num_milliseconds().max(1);
    let expected = i64::from(policy.stages.days_per_stage).saturating_mul(86_400_000);
    let percent = advanced.saturating_mul(expected).saturating_mul(100) / elapsed;
    u8::try_from(percent.clamp(0, 100)).unwrap_or(100)
}

pub(super) fn qualification<K: Key>(
    lead: &Lead<K>,
    conversations: &[&Conversation<K>],
    policy: &Policy,
    now: Time,
) -> u8 {
    let open = conversations.iter().filter(|c| c.state.is_open());
    let best = open
        .map(|c| scores_of(lead, c, policy, now).qualification)
        .max();
    best.or_else(|| foremost(conversations).map(|c| scores_of(lead, c, policy, now).qualification))
        .unwrap_or(0)
}

pub(super) fn trend<K: Key>(
    conversations: &[&Conversation<K>],
    policy: &Policy,
    now: Time,
) -> Trend {
    let Some(conversation) = foremost(conversations) else {
        return Trend::Stable;
    };
    let gap = chrono::TimeDelta::days(i64::from(policy.stages.gap_days));
    let tally = &conversation.tally;
    let waiting = conversation.awaiting() == Awaiting::Lead;
    let silent = tally
        .last_sent_at()
        .is_some_and(|sent| now.signed_duration_since(sent) > gap);
    if tally.replies > 0 && waiting && (tally.unanswered >= 2 || silent) {
        return Trend::Decreasing;
    }
    pace(tally)
}

/// Compares the newest latencies of the lead with those before them.
pub(crate) fn pace<K: Key>(tally: &Tally<K>) -> Trend {
    let recent = tally.spread.recent();
    let newest: i64 = recent.iter().sum();
    let (newest, newest_n, before, before_n) = if tally.spread.earlier.count > 0 {
        (
            newest,
            recent.len(),
            tally.spread.earlier.sum_ms,
            tally.spread.earlier.count as usize,
        )
    } else {
        let Some((first, rest)) = recent.split_first() else {
            return Trend::Stable;
        };
        (*first, 1, rest.iter().sum(), rest.len())
    };
    if before_n == 0 {
        return Trend::Stable;
    }
    // Means compared crosswise, so that nothing is divided.
    let (newest, before) = (
        i128::from(newest) * before_n as i128,
        i128::from(before) * newest_n as i128,
    );
    if newest * 5 <= before * 4 && newest < before {
        Trend::Increasing
    } else if newest * 4 >= before * 5 && newest > before {
        Trend::Decreasing
    } else {
        Trend::Stable
    }
}
