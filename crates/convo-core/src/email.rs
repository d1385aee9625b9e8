//! Delivery, opens and clicks: what a person did and what a machine did.
//!
//! An open or click is human when the provider names no bot, the user agent is no known proxy or scanner,
//! its message's `delivered` is known and at least 10 s older, and no other open or click of that message
//! lies within 3 s before or after it, by their own times. [`judge`] looks at all events of one message, so
//! that the verdicts depend on the set of events only; it is asked again whenever one arrives.

use serde::{Deserialize, Serialize};

use crate::Time;
use crate::policy::Tracking;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// Which of the two a tracking event is.
    TrackingKind, "tracking kind" {
        /// The mail was shown.
        Opened = "opened",
        /// A link in it was followed.
        Clicked = "clicked",
    }
}

vocabulary! {
    /// Who caused a tracking event.
    Verdict, "verdict" {
        /// Looks like a person.
        Human = "human",
        /// A proxy, a scanner, a bot, or not to be told from one.
        Machine = "machine",
    }
}

vocabulary! {
    /// How the newest delivery attempt ended.
    DeliveryStatus, "delivery status" {
        /// Failed for now.
        Deferred = "deferred",
        /// Arrived.
        Delivered = "delivered",
        /// Failed for good.
        Bounced = "bounced",
        /// Arrived, and the lead pressed "spam".
        Complained = "complained",
    }
}

/// One open or click as the provider reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrackingEvent<'a> {
    /// Which of the two.
    pub kind: TrackingKind,
    /// Its own time.
    pub at: Time,
    /// True when the provider names a bot.
    pub bot: bool,
    /// The user agent, if reported.
    pub user_agent: Option<&'a str>,
}

/// Judges all opens and clicks of one message; `delivered_at` is its first known delivery.
#[must_use]
pub fn judge(
    delivered_at: Option<Time>,
    events: &[TrackingEvent<'_>],
    tracking: &Tracking,
) -> Vec<Verdict> {
    let mut order: Vec<usize> = (0..events.len()).collect();
    order.sort_by_key(|&i| events.get(i).map(|event| event.at));
    let sorted: Vec<&TrackingEvent<'_>> = order.iter().filter_map(|&i| events.get(i)).collect();
    let burst = chrono::TimeDelta::seconds(i64::from(tracking.burst_seconds));
    let near = |a: Option<&&TrackingEvent<'_>>, b: &TrackingEvent<'_>| {
        a.is_some_and(|a| a.at.signed_duration_since(b.at).abs() <= burst)
    };
    let mut verdicts = vec![Verdict::Machine; events.len()];
    for (place, (&index, event)) in order.iter().zip(&sorted).enumerate() {
        // In order of time, so the neighbours are the nearest.
        let before = place.checked_sub(1).and_then(|i| sorted.get(i));
        let alone = !near(before, event) && !near(sorted.get(place + 1), event);
        if alone
            && looks_human(delivered_at, event, tracking)
            && let Some(verdict) = verdicts.get_mut(index)
        {
            *verdict = Verdict::Human;
        }
    }
    verdicts
}

fn looks_human(delivered_at: Option<Time>, event: &TrackingEvent<'_>, tracking: &Tracking) -> bool {
    let min_age = chrono::TimeDelta::seconds(i64::from(tracking.min_age_seconds));
    let read =
        delivered_at.is_some_and(|delivered| event.at.signed_duration_since(delivered) >= min_age);
    read && !event.bot
        && !event
            .user_agent
            .is_some_and(|agent| is_machine(agent, tracking))
}

fn is_machine(agent: &str, tracking: &Tracking) -> bool {
    let agent = agent.trim().to_ascii_lowercase();
    tracking.machine_user_agents.iter().any(|known| {
        let known = known.to_ascii_lowercase();
        match known.strip_prefix('=') {
            Some(whole) => agent == whole,
            None => !known.is_empty() && agent.contains(&known),
        }
    })
}

/// Opens and clicks of one message, counted by verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Judged {
    /// Opens judged human.
    pub opens: u32,
    /// Clicks judged human.
    pub clicks: u32,
    /// Opens judged machine.
    pub machine_opens: u32,
    /// Clicks judged machine.
    pub machine_clicks: u32,
    /// Newest open judged human.
    pub last_opened_at: Option<Time>,
    /// Newest click judged human.
    pub last_clicked_at: Option<Time>,
}

impl Judged {
    /// Counts events with their verdicts.
    #[must_use]
    pub fn count(events: &[TrackingEvent<'_>], verdicts: &[Verdict]) -> Self {
        let mut judged = Self::default();
        for (event, verdict) in events.iter().zip(verdicts) {
            let (count, last) = match (event.kind, verdict) {
                (TrackingKind::Opened, Verdict::Human) => {
                    (&mut judged.opens, Some(&mut judged.last_opened_at))
                }
                (TrackingKind::Clicked, Verdict::Human) => {
                    (&mut judged.clicks, Some(&mut judged.last_clicked_at))
                }
                (TrackingKind::Opened, Verdict::Machine) => (&mut judged.machine_opens, None),
                (TrackingKind::Clicked, Verdict::Machine) => (&mut judged.machine_clicks, None),
            };
            *count = count.saturating_add(1);
            if let Some(last) = last {
                *last = (*last).max(Some(event.at));
            }
        }
        judged
    }

    /// Newest open or click judged human.
    #[must_use]
    pub fn last_human_at(&self) -> Option<Time> {
        self.last_opened_at.max(self.last_clicked_at)
    }
}

/// Provider facts of one conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct EmailFacts {
    /// Messages reported as delivered.
    pub delivered: u32,
    /// First delivery.
    pub first_delivered_at: Option<Time>,
    /// Newest delivery.
    pub last_delivered_at: Option<Time>,
    /// When the newest attempt ended.
    pub status_at: Option<Time>,
    /// How it ended.
    pub status: Option<DeliveryStatus>,
    /// Soft failures.
    pub soft_bounces: u32,
    /// Hard failures.
    pub hard_bounces: u32,
    /// Complaints.
    pub complaints: u32,
    /// Opens and clicks of all messages.
    pub judged: Judged,
}

impl EmailFacts {
    /// How the newest delivery attempt ended.
    #[must_use]
    pub fn delivery_status(&self) -> Option<DeliveryStatus> {
        self.status
    }

    pub(crate) fn note(&mut self, at: Time, status: DeliveryStatus) {
        match status {
            DeliveryStatus::Deferred => self.soft_bounces = self.soft_bounces.saturating_add(1),
            DeliveryStatus::Bounced => self.hard_bounces = self.hard_bounces.saturating_add(1),
            DeliveryStatus::Complained => self.complaints = self.complaints.saturating_add(1),
            DeliveryStatus::Delivered => {
                self.delivered = self.delivered.saturating_add(1);
                self.first_delivered_at =
                    Some(self.first_delivered_at.map_or(at, |first| first.min(at)));
                self.last_delivered_at = self.last_delivered_at.max(Some(at));
            }
        }
        // At the same time the graver one wins, so that the order of arrival does not matter.
        let newest = (self.status_at, self.status).max((Some(at), Some(status)));
        (self.status_at, self.status) = newest;
    }

    /// Replaces one message's share; none when the newest times need all other messages' shares.
    pub(crate) fn replace(
        &self,
        before: &Judged,
        after: &Judged,
        others: Option<&[Judged]>,
    ) -> Option<Judged> {
        let swap = |total: u32, old: u32, new: u32| total.saturating_sub(old).saturating_add(new);
        let now = &self.judged;
        let last = |total: Option<Time>,
                    old: Option<Time>,
                    new: Option<Time>,
                    of: fn(&Judged) -> Option<Time>| {
            if old == total && new < old {
                let others = others?;
                return Some(others.iter().filter_map(of).max().max(new));
            }
            Some(total.max(new))
        };
        Some(Judged {
            opens: swap(now.opens, before.opens, after.opens),
            clicks: swap(now.clicks, before.clicks, after.clicks),
            machine_opens: swap(now.machine_opens, before.machine_opens, after.machine_opens),
            machine_clicks: swap(
                now.machine_clicks,
                before.machine_clicks,
                after.machine_clicks,
            ),
            last_opened_at: last(
                now.last_opened_at,
                before.last_opened_at,
                after.last_opened_at,
                |j| j.last_opened_at,
            )?,
            last_clicked_at: last(
                now.last_clicked_at,
                before.last_clicked_at,
                after.last_clicked_at,
                |j| j.last_clicked_at,
            )?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

    fn at(seconds: i64) -> Time {
        Time::from_timestamp(1_760_000_000 + seconds, 0).unwrap()
    }

    fn open(seconds: i64) -> TrackingEvent<'static> {
        TrackingEvent {
            kind: TrackingKind::Opened,
            at: at(seconds),
            bot: false,
            user_agent: Some(BROWSER),
        }
    }

    #[track_caller]
    fn check(delivered: Option<i64>, events: &[TrackingEvent<'_>], expected: &str) {
        let verdicts = judge(delivered.map(at), events, &Tracking::default());
        let letters: String = verdicts
            .iter()
            .map(|v| if *v == Verdict::Human { 'h' } else { 'm' })
            .collect();
        assert_eq!(letters, expected);
    }

    #[test]
    fn a_lone_open_some_time_after_delivery_is_human() {
        check(Some(0), &[open(60)], "h");
        check(Some(0), &[open(10)], "h");
        check(Some(0), &[open(9)], "m");
        check(None, &[open(60)], "m");
        check(
            Some(0),
            &[TrackingEvent {
                user_agent: None,
                ..open(60)
            }],
            "h",
        );
    }

    #[test]
    fn bots_proxies_and_scanners_are_machines() {
        check(
            Some(0),
            &[TrackingEvent {
                bot: true,
                ..open(60)
            }],
            "m",
        );
        for agent in [
            "Mozilla/5.0 (GoogleImageProxy)",
            "Mozilla/5.0",
            "curl/8.5.0",
            "Barracuda Sentinel (EE)",
        ] {
            check(
                Some(0),
                &[TrackingEvent {
                    user_agent: Some(agent),
                    ..open(60)
                }],
                "m",
            );
        }
    }

    #[test]
    fn events_close_together_are_a_machine() {
        check(Some(0), &[open(60), open(63)], "mm");
        check(Some(0), &[open(60), open(64)], "hh");
        check(Some(0), &[open(64), open(60), open(67)], "mhm");
        let gateway: Vec<_> = (0..500).map(|i| open(100 + i % 3)).collect();
        check(Some(0), &gateway, &"m".repeat(500));
    }

    #[test]
    fn verdicts_do_not_depend_on_the_order_of_events() {
        let forward = [open(60), open(62), open(90)];
        let backward = [open(90), open(62), open(60)];
        let mut verdicts = judge(Some(at(0)), &backward, &Tracking::default());
        verdicts.reverse();
        assert_eq!(judge(Some(at(0)), &forward, &Tracking::default()), verdicts);
    }

    #[test]
    fn a_withdrawn_newest_open_needs_the_other_messages() {
        let share = |opens, last: Option<i64>| Judged {
            opens,
            last_opened_at: last.map(at),
            ..Judged::default()
        };
        let facts = EmailFacts {
            judged: share(2, Some(90)),
            ..EmailFacts::default()
        };
        let (before, after) = (share(1, Some(90)), share(0, None));
        assert_eq!(facts.replace(&before, &after, None), None);
        assert_eq!(
            facts.replace(&before, &after, Some(&[share(1, Some(60))])),
            Some(share(1, Some(60)))
        );
        assert_eq!(
            facts.replace(&share(0, None), &share(1, Some(95)), None),
            Some(share(3, Some(95)))
        );
    }
}
