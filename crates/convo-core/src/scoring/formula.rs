//! The formulas. `note` hears of every summand; the sum of what it hears is the score.

use std::fmt;

use super::ScoreInput;
use super::decay::halve;
use crate::policy::Policy;
use crate::signals::SignalClass;
use crate::{Key, Time};

/// What a summand is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reason<'a> {
    /// A part of the formula.
    Part(&'static str),
    /// A purchase signal.
    Signal(&'a str),
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part(name) => f.write_str(name),
            Self::Signal(code) => write!(f, "signal:{code}"),
        }
    }
}

/// Hears of summands: reason, points, message.
pub(super) trait Note<K>: FnMut(Reason<'_>, i64, Option<&K>) {}
impl<K, F: FnMut(Reason<'_>, i64, Option<&K>)> Note<K> for F {}

/// A running sum that tells `note` of every summand.
struct Sum<'n, N> {
    total: i64,
    note: &'n mut N,
}

impl<N> Sum<'_, N> {
    fn add<K>(&mut self, reason: Reason<'_>, points: i64, message: Option<&K>)
    where
        N: Note<K>,
    {
        self.total += points;
        (self.note)(reason, points, message);
    }

    /// Takes off what is above `limit`.
    fn cap<K>(&mut self, reason: &'static str, limit: i64)
    where
        N: Note<K>,
    {
        if self.total > limit {
            let over = limit - self.total;
            self.add(Reason::Part(reason), over, None);
        }
    }

    fn score(&self) -> u8 {
        u8::try_from(self.total.clamp(0, 100)).unwrap_or(100)
    }
}

pub(super) fn engagement<K: Key>(
    input: &ScoreInput<'_, K>,
    policy: &Policy,
    now: Time,
    note: &mut impl Note<K>,
) -> u8 {
    let (tally, weights) = (input.tally, &policy.engagement);
    let replies = i64::from(tally.replies);
    let mut sum = Sum { total: 0, note };
    // Whoever wrote first has answered everything there is.
    let asked = i64::from(tally.sent).max(1);
    sum.add(
        Reason::Part("reply_rate"),
        share(weights.rate, replies.min(asked), asked),
        None,
    );
    sum.add(Reason::Part("promptness"), promptness(input, policy), None);
    let depth = replies
        .saturating_mul(weights.per_reply.into())
        .min(weights.depth_cap.into());
    sum.add(
        Reason::Part("depth"),
        depth,
        tally.newest_reply.as_ref().map(|reply| &reply.mark.id),
    );
    tracking(input, policy, &mut sum);
    sum.cap("ceiling", 100);
    let newest = tally
        .last_reply_at()
        .max(input.email.judged.last_human_at());
    if let Some(newest) = newest {
        let silence = now.signed_duration_since(newest).num_milliseconds();
        let left = halve(sum.total, silence, policy.half_life_days);
        let lost = left - sum.total;
        sum.add(Reason::Part("silence"), lost, None);
    }
    sum.score()
}

fn promptness<K: Key>(input: &ScoreInput<'_, K>, policy: &Policy) -> i64 {
    let (buckets, weights) = (&input.tally.promptness, &policy.engagement);
    let percent = [
        (buckets.hour, 100),
        (buckets.four_hours, weights.four_hours_percent),
        (buckets.day, weights.day_percent),
        (buckets.two_days, weights.two_days_percent),
    ];
    let sum: i64 = percent
        .iter()
        .map(|&(n, percent)| i64::from(n) * i64::from(percent.min(100)))
        .sum();
    share(
        weights.promptness,
        sum,
        i64::from(input.tally.lead_latency.count) * 100,
    )
}

fn tracking<K: Key, N: Note<K>>(input: &ScoreInput<'_, K>, policy: &Policy, sum: &mut Sum<'_, N>) {
    let (judged, weights) = (&input.email.judged, &policy.engagement);
    let opens = i64::from(judged.opens) * i64::from(weights.per_open);
    let clicks = i64::from(judged.clicks) * i64::from(weights.per_click);
    sum.add(Reason::Part("human_opens"), opens, None);
    sum.add(Reason::Part("human_clicks"), clicks, None);
    let over = i64::from(weights.tracking_cap) - opens - clicks;
    sum.add(Reason::Part("opens_and_clicks_cap"), over.min(0), None);
}

pub(super) fn qualification<K: Key>(
    input: &ScoreInput<'_, K>,
    policy: &Policy,
    engagement: u8,
    note: &mut impl Note<K>,
) -> u8 {
    let weights = &policy.qualification;
    let mut sum = Sum { total: 0, note };
    signals(input, weights.per_signal, weights.signal_cap, &mut sum);
    let interest = input
        .tally
        .signals
        .values()
        .filter(|signal| signal.class != SignalClass::Purchase);
    if let Some(newest) = interest.max_by_key(|signal| &signal.last) {
        sum.add(
            Reason::Part("interest"),
            weights.interest.into(),
            Some(&newest.last.id),
        );
    }
    let known: i64 = data_points(input, policy)
        .iter()
        .map(|(_, points)| points)
        .sum();
    let all: i64 = data_weights(policy)
        .iter()
        .map(|weight| i64::from(*weight))
        .sum();
    sum.add(
        Reason::Part("contact_data"),
        share(weights.contact_data, known, all),
        None,
    );
    let part = share(weights.engagement_percent, engagement.into(), 100);
    sum.add(Reason::Part("engagement"), part, None);
    sum.cap("ceiling", 100);
    sum.score()
}

pub(super) fn readiness<K: Key>(
    input: &ScoreInput<'_, K>,
    policy: &Policy,
    engagement: u8,
    note: &mut impl Note<K>,
) -> u8 {
    let weights = &policy.readiness;
    let mut sum = Sum { total: 0, note };
    let wanted = i64::from(policy.min_messages).max(1);
    let depth = share(
        weights.depth,
        i64::from(input.tally.human).min(wanted),
        wanted,
    );
    sum.add(Reason::Part("depth"), depth, None);
    let part = share(weights.engagement_percent, engagement.into(), 100);
    sum.add(Reason::Part("engagement"), part, None);
    signals(input, weights.per_signal, weights.signal_cap, &mut sum);
    for (name, points) in data_points(input, policy) {
        sum.add(Reason::Part(name), points, None);
    }
    sum.cap("ceiling", 100);
    sum.score()
}

/// Points for each distinct purchase signal in the order of codes, until the cap is used up.
fn signals<K: Key, N: Note<K>>(
    input: &ScoreInput<'_, K>,
    each: u32,
    cap: u32,
    sum: &mut Sum<'_, N>,
) {
    let mut left = i64::from(cap);
    for (code, signal) in &input.tally.signals {
        if signal.class == SignalClass::Purchase && left > 0 {
            let points = i64::from(each).min(left);
            left -= points;
            sum.add(Reason::Signal(code), points, Some(&signal.last.id));
        }
    }
}

fn data_weights(policy: &Policy) -> [u32; 4] {
    let weights = &policy.readiness;
    [
        weights.email,
        weights.phone,
        weights.names,
        weights.interest,
    ]
}

fn data_points<K: Key>(input: &ScoreInput<'_, K>, policy: &Policy) -> [(&'static str, i64); 4] {
    let (known, weights) = (input.completeness, &policy.readiness);
    let points = |known: bool, weight: u32| if known { i64::from(weight) } else { 0 };
    [
        ("email_known", points(known.email, weights.email)),
        ("phone_known", points(known.phone, weights.phone)),
        ("name_known", points(known.name, weights.names)),
        ("interest_known", points(known.interest, weights.interest)),
    ]
}

/// `weight × part ÷ whole`, to the nearest, halves up; 0 of nothing.
fn share(weight: u32, part: i64, whole: i64) -> i64 {
    if whole <= 0 {
        return 0;
    }
    (i64::from(weight)
        .saturating_mul(part)
        .saturating_mul(2)
        .saturating_add(whole))
        / (2 * whole)
}
