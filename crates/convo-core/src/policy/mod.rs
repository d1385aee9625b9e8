//! Every threshold and weight, with its default.
//!
//! A policy is one serde value; the version that decisions record belongs to the stored row, not to it.
//! Missing fields take their defaults, so that a campaign may store only what differs.

mod check;
mod gate;
mod loops;
mod weights;

use serde::{Deserialize, Serialize};

pub use check::Problem;
pub use gate::GateLimits;
pub use loops::{Acknowledge, Answered, Budget, Loops};
pub use weights::{EngagementWeights, QualificationWeights, ReadinessWeights};

use crate::Time;
use crate::calendar::Calendar;
use crate::vocabulary::Outcome;

/// Thresholds, weights, windows and clocks of one organisation or one campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Policy {
    /// Take QUALIFICATION_CRITERIA_MET after a reply by itself.
    pub auto_qualify: bool,
    /// Take HANDOVER_REQUESTED after a reply by itself.
    pub auto_handover: bool,
    /// A reply that asks for a person satisfies qualification, engagement and readiness alone.
    pub fast_track: bool,
    /// Make a lead of an unknown sender; otherwise its mail goes to the review list.
    pub create_lead: bool,
    /// Industry that messages are read with: the name of a shipped one, or its pack (or a list of
    /// packs) as a value of the pack format; none is the default one.
    pub lexicon: Option<serde_json::Value>,

    /// Replies that qualification needs.
    pub min_replies: u32,
    /// Distinct purchase signals that qualification needs.
    pub min_signals: u32,
    /// Human messages that handover needs.
    pub min_messages: u32,
    /// Engagement that qualification needs, 0–100.
    pub min_engagement: u8,
    /// Engagement below which qualification warns, 0–100.
    pub warn_engagement: u8,
    /// Readiness that handover needs, 0–100.
    pub min_readiness: u8,
    /// Characters under which a reply is called short.
    pub short_reply: u64,
    /// Thresholds of the journey's stages.
    pub stages: StageThresholds,

    /// Days of silence that halve the engagement score.
    pub half_life_days: u32,
    /// Weights of the engagement score.
    pub engagement: EngagementWeights,
    /// Weights of the qualification score.
    pub qualification: QualificationWeights,
    /// Weights of the readiness score.
    pub readiness: ReadinessWeights,
    /// What tells a person's open or click from a machine's.
    pub tracking: Tracking,

    /// Days in which a reply reopens a conversation.
    pub reopen: Reopen,
    /// Days after our last message without a reply until a conversation is given up.
    pub no_reply_days: u32,
    /// Days after closing until a conversation is archived.
    pub archive_days: u32,
    /// Soft failures after which an address is suppressed.
    pub soft_bounce_limit: u32,
    /// Days in which a header-less "Re:" may be placed by its subject.
    pub subject_window_days: u32,
    /// Business hours of handovers.
    pub calendar: Calendar,
    /// Domains whose addresses belong to unrelated people; compared in lower case.
    pub public_mail_domains: Vec<String>,
    /// How often a failed webhook is tried again.
    pub retries: Retries,
    /// How often a mail that could not be sent is tried again.
    pub sending: Retries,
    /// How long things are kept.
    pub retention: Retention,
    /// Clocks of a handover.
    pub handover: HandoverClocks,
    /// What keeps machines from answering each other for ever.
    pub loops: Loops,
    /// The automatic acknowledgement of a lead's first mail.
    pub acknowledge: Acknowledge,
    /// When automation may write to a lead.
    pub gate: GateLimits,
}

/// What a stage needs besides the stages before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct StageThresholds {
    /// ENGAGED_LEAD: at least so many exchanges.
    pub engaged_exchanges: u32,
    /// ENGAGED_LEAD: engagement above this.
    pub engaged_above: u8,
    /// QUALIFIED_LEAD: engagement above this.
    pub qualified_above: u8,
    /// HANDOVER_READY: engagement above this.
    pub handover_above: u8,
    /// HANDOVER_READY: readiness at least this.
    pub handover_readiness: u8,
    /// Hours in which a first reply counts as prompt.
    pub prompt_hours: u32,
    /// Days that one stage takes at velocity 100.
    pub days_per_stage: u32,
    /// Days of silence that count as a gap.
    pub gap_days: u32,
}

impl Default for StageThresholds {
    fn default() -> Self {
        Self {
            engaged_exchanges: 3,
            engaged_above: 40,
            qualified_above: 60,
            handover_above: 70,
            handover_readiness: 70,
            prompt_hours: 48,
            days_per_stage: 3,
            gap_days: 7,
        }
    }
}

/// What tells a person's open or click from a machine's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Tracking {
    /// Seconds after `delivered` before which nobody has read a mail.
    pub min_age_seconds: u32,
    /// Seconds around an event in which no other may lie.
    pub burst_seconds: u32,
    /// Parts of user agents of proxies and scanners, compared without case; with `=` in front, the whole of it.
    pub machine_user_agents: Vec<String>,
}

impl Default for Tracking {
    fn default() -> Self {
        Self {
            min_age_seconds: 10,
            burst_seconds: 3,
            machine_user_agents: weights::MACHINE_USER_AGENTS
                .iter()
                .map(ToString::to_string)
                .collect(),
        }
    }
}

/// Days in which a reply reopens a closed conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Reopen {
    /// After `no_response`.
    pub no_response_days: u32,
    /// After every other closing.
    pub other_days: u32,
}

impl Default for Reopen {
    fn default() -> Self {
        Self {
            no_response_days: 180,
            other_days: 14,
        }
    }
}

/// How often something that failed is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Retries {
    /// Attempts until it is dead.
    pub attempts: u32,
    /// Longest wait before the second attempt, in seconds; doubles with each.
    pub base_seconds: u32,
    /// Longest wait at all, in seconds.
    pub max_seconds: u32,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            attempts: 8,
            base_seconds: 5,
            max_seconds: 3_600,
        }
    }
}

impl Retries {
    /// Upper bound in seconds of the random wait after `attempt` failed attempts (full jitter).
    #[must_use]
    pub fn bound_seconds(&self, attempt: u32) -> u32 {
        let factor = 2u32
            .checked_pow(attempt.saturating_sub(1))
            .unwrap_or(u32::MAX);
        self.base_seconds
            .saturating_mul(factor)
            .min(self.max_seconds)
    }
}

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Retention {
    /// Days that receipts are kept after they are done or unmatched, and what is known of sent mails beside them.
    pub receipt_days: u32,
    /// Hours that idempotency answers are kept.
    pub idempotency_hours: u32,
    /// Months that texts of closed conversations are kept.
    pub text_months: u32,
    /// Days that a draft waits for an agent before it is discarded.
    pub draft_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            receipt_days: 30,
            idempotency_hours: 24,
            text_months: 24,
            draft_days: 30,
        }
    }
}

/// Clocks of a handover, in business minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HandoverClocks {
    /// Until an offer goes to the next agent.
    pub offer_minutes: u32,
    /// Until the first touch.
    pub first_touch_minutes: u32,
    /// Until a reply is answered.
    pub next_reply_minutes: u32,
    /// Until an absent agent's unanswered conversations go back to the queue.
    pub requeue_minutes: u32,
}

impl Default for HandoverClocks {
    fn default() -> Self {
        Self {
            offer_minutes: 15,
            first_touch_minutes: 60,
            next_reply_minutes: 240,
            requeue_minutes: 240,
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            auto_qualify: true,
            auto_handover: true,
            fast_track: false,
            create_lead: false,
            lexicon: None,
            min_replies: 2,
            min_signals: 1,
            min_messages: 6,
            min_engagement: 40,
            warn_engagement: 60,
            min_readiness: 70,
            short_reply: 10,
            stages: StageThresholds::default(),
            half_life_days: 14,
            engagement: EngagementWeights::default(),
            qualification: QualificationWeights::default(),
            readiness: ReadinessWeights::default(),
            tracking: Tracking::default(),
            reopen: Reopen::default(),
            no_reply_days: 30,
            archive_days: 210,
            soft_bounce_limit: 5,
            subject_window_days: 30,
            calendar: Calendar::default(),
            public_mail_domains: weights::PUBLIC_MAIL_DOMAINS
                .iter()
                .map(ToString::to_string)
                .collect(),
            retries: Retries::default(),
            sending: Retries {
                attempts: 12,
                base_seconds: 10,
                max_seconds: 3_600,
            },
            retention: Retention::default(),
            handover: HandoverClocks::default(),
            loops: Loops::default(),
            acknowledge: Acknowledge::default(),
            gate: GateLimits::default(),
        }
    }
}

impl Policy {
    /// Days in which a reply reopens a conversation closed with `outcome`.
    #[must_use]
    pub fn reopen_days(&self, outcome: Option<Outcome>) -> u32 {
        match outcome {
            Some(Outcome::NoResponse) => self.reopen.no_response_days,
            _ => self.reopen.other_days,
        }
    }

    /// True when a mail with this own time is inside the reopen window; a mail older than the closing is.
    #[must_use]
    pub fn reopens(&self, outcome: Option<Outcome>, closed_at: Time, mail_at: Time) -> bool {
        mail_at.signed_duration_since(closed_at)
            <= chrono::TimeDelta::days(i64::from(self.reopen_days(outcome)))
    }

    /// True for the domain of a public mail provider, whose addresses belong to unrelated people.
    #[must_use]
    pub fn is_public_mail_domain(&self, domain: &str) -> bool {
        self.public_mail_domains
            .iter()
            .any(|public| public.eq_ignore_ascii_case(domain))
    }
}
