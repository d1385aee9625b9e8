//! The policy: every threshold and weight.

use std::borrow::Cow;

use chrono::NaiveDate;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::vocabulary::{LexiconChoice, Score, TimeOfDay};

/// Thresholds, weights, windows and clocks of one organisation or one campaign.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Policy {
    /// Take QUALIFICATION_CRITERIA_MET after a reply by itself.
    pub auto_qualify: bool,
    /// Take HANDOVER_REQUESTED after a reply by itself.
    pub auto_handover: bool,
    /// A reply that asks for a person satisfies qualification, engagement and readiness alone.
    pub fast_track: bool,
    /// Make a lead of an unknown sender; otherwise its mail goes to the review list.
    pub create_lead: bool,
    /// Version of the policy; what decisions were made by is in their audit rows.
    pub version: i64,
    /// What messages are read with; none is the default lexicon.
    pub lexicon: Option<LexiconChoice>,
    /// Replies that qualification needs.
    #[schema(minimum = 1, maximum = 100_000)]
    pub min_replies: u32,
    /// Distinct purchase signals that qualification needs.
    #[schema(minimum = 0, maximum = 100_000)]
    pub min_signals: u32,
    /// Human messages that handover needs.
    #[schema(minimum = 0, maximum = 100_000)]
    pub min_messages: u32,
    /// Engagement that qualification needs, 0–100.
    pub min_engagement: Score,
    /// Engagement below which qualification warns, 0–100.
    pub warn_engagement: Score,
    /// Readiness that handover needs, 0–100.
    pub min_readiness: Score,
    /// Characters under which a reply is called short.
    #[schema(minimum = 0, maximum = 100_000)]
    pub short_reply: u64,
    /// Thresholds of the journey's stages.
    pub stages: StageThresholds,
    /// Days of silence that halve the engagement score.
    #[schema(minimum = 1, maximum = 36_500)]
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
    #[schema(minimum = 1, maximum = 36_500)]
    pub no_reply_days: u32,
    /// Days after closing until a conversation is archived.
    #[schema(minimum = 1, maximum = 36_500)]
    pub archive_days: u32,
    /// Soft failures after which an address is suppressed.
    #[schema(minimum = 1, maximum = 100_000)]
    pub soft_bounce_limit: u32,
    /// Days in which a header-less "Re:" may be placed by its subject.
    #[schema(minimum = 0, maximum = 36_500)]
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

/// How many automatic answers may be sent, and how much automated mail may come.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Loops {
    /// Minutes that the three budgets look back.
    #[schema(minimum = 1, maximum = 525_600)]
    pub window_minutes: u32,
    /// Automatic answers (authors `ai` and `system`) to one lead within the window.
    #[schema(minimum = 0, maximum = 100_000)]
    pub per_address: u32,
    /// Automatic answers in one conversation within the window.
    #[schema(minimum = 0, maximum = 100_000)]
    pub per_conversation: u32,
    /// Automatic answers of the whole organisation within the window.
    #[schema(minimum = 0, maximum = 100_000)]
    pub total: u32,
    /// Automated mails of one conversation within `floodMinutes` after which more of them change nothing.
    #[schema(minimum = 1, maximum = 100_000)]
    pub flood_messages: u32,
    /// Minutes that the flood breaker looks back.
    #[schema(minimum = 1, maximum = 525_600)]
    pub flood_minutes: u32,
}

/// The automatic acknowledgement of a lead's first mail; none is sent without a text.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Acknowledge {
    /// What it says; none or blank: there is none.
    #[schema(max_length = 10_000)]
    pub text: Option<String>,
    /// Hours in which a lead gets at most one, in whatever conversation.
    #[schema(minimum = 1, maximum = 8760)]
    pub window_hours: u32,
}

/// What a stage needs besides the stages before it.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct StageThresholds {
    /// ENGAGED_LEAD: at least so many exchanges.
    #[schema(minimum = 0, maximum = 100_000)]
    pub engaged_exchanges: u32,
    /// ENGAGED_LEAD: engagement above this.
    pub engaged_above: Score,
    /// QUALIFIED_LEAD: engagement above this.
    pub qualified_above: Score,
    /// HANDOVER_READY: engagement above this.
    pub handover_above: Score,
    /// HANDOVER_READY: readiness at least this.
    pub handover_readiness: Score,
    /// Hours in which a first reply counts as prompt.
    #[schema(minimum = 0, maximum = 8760)]
    pub prompt_hours: u32,
    /// Days that one stage takes at velocity 100.
    #[schema(minimum = 1, maximum = 36_500)]
    pub days_per_stage: u32,
    /// Days of silence that count as a gap.
    #[schema(minimum = 0, maximum = 36_500)]
    pub gap_days: u32,
}

/// Weights of the engagement score, in points unless said otherwise.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct EngagementWeights {
    /// For one reply to every message of ours.
    #[schema(minimum = 0, maximum = 100)]
    pub rate: u32,
    /// For every reply within the hour.
    #[schema(minimum = 0, maximum = 100)]
    pub promptness: u32,
    /// Percent of `promptness` for a reply within 4 hours.
    #[schema(minimum = 0, maximum = 100)]
    pub four_hours_percent: u32,
    /// Percent of `promptness` for a reply within 24 hours.
    #[schema(minimum = 0, maximum = 100)]
    pub day_percent: u32,
    /// Percent of `promptness` for a reply within 48 hours.
    #[schema(minimum = 0, maximum = 100)]
    pub two_days_percent: u32,
    /// For each reply.
    #[schema(minimum = 0, maximum = 100)]
    pub per_reply: u32,
    /// At most this for the number of replies.
    #[schema(minimum = 0, maximum = 100)]
    pub depth_cap: u32,
    /// For each open judged human.
    #[schema(minimum = 0, maximum = 100)]
    pub per_open: u32,
    /// For each click judged human.
    #[schema(minimum = 0, maximum = 100)]
    pub per_click: u32,
    /// At most this for opens and clicks.
    #[schema(minimum = 0, maximum = 100)]
    pub tracking_cap: u32,
}

/// Weights of the qualification score.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct QualificationWeights {
    /// For each distinct purchase signal.
    #[schema(minimum = 0, maximum = 100)]
    pub per_signal: u32,
    /// At most this for purchase signals.
    #[schema(minimum = 0, maximum = 100)]
    pub signal_cap: u32,
    /// For interest or a raised hand.
    #[schema(minimum = 0, maximum = 100)]
    pub interest: u32,
    /// For complete contact data; a part of it for incomplete data.
    #[schema(minimum = 0, maximum = 100)]
    pub contact_data: u32,
    /// Percent of the engagement score.
    #[schema(minimum = 0, maximum = 100)]
    pub engagement_percent: u32,
}

/// Weights of the handover readiness score.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ReadinessWeights {
    /// For as many human messages as handover needs.
    #[schema(minimum = 0, maximum = 100)]
    pub depth: u32,
    /// Percent of the engagement score.
    #[schema(minimum = 0, maximum = 100)]
    pub engagement_percent: u32,
    /// For each distinct purchase signal.
    #[schema(minimum = 0, maximum = 100)]
    pub per_signal: u32,
    /// At most this for purchase signals.
    #[schema(minimum = 0, maximum = 100)]
    pub signal_cap: u32,
    /// For a known e-mail address.
    #[schema(minimum = 0, maximum = 100)]
    pub email: u32,
    /// For a known phone number.
    #[schema(minimum = 0, maximum = 100)]
    pub phone: u32,
    /// For a known name.
    #[schema(minimum = 0, maximum = 100)]
    pub names: u32,
    /// For a known interest.
    #[schema(minimum = 0, maximum = 100)]
    pub interest: u32,
}

/// What tells a person's open or click from a machine's.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Tracking {
    /// Seconds after `delivered` before which nobody has read a mail.
    #[schema(minimum = 0, maximum = 86_400)]
    pub min_age_seconds: u32,
    /// Seconds around an event in which no other may lie.
    #[schema(minimum = 0, maximum = 86_400)]
    pub burst_seconds: u32,
    /// Parts of user agents of proxies and scanners, compared without case; with `=` in front, the whole of it.
    pub machine_user_agents: Vec<String>,
}

/// Days in which a reply reopens a closed conversation.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Reopen {
    /// After `no_response`.
    #[schema(minimum = 0, maximum = 36_500)]
    pub no_response_days: u32,
    /// After every other closing.
    #[schema(minimum = 0, maximum = 36_500)]
    pub other_days: u32,
}

/// Opening hours of a week in a zone, and holidays.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Calendar {
    /// IANA name, e.g. `Europe/Berlin`.
    pub time_zone: String,
    /// Days that have hours.
    #[schema(min_items = 1)]
    pub weekdays: Vec<Weekday>,
    /// First moment of a day, local.
    pub opens: TimeOfDay,
    /// First moment after it, local: 18:00 itself is outside.
    pub closes: TimeOfDay,
    /// Local dates without hours.
    pub holidays: Vec<NaiveDate>,
}

/// How often something that failed is tried again.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Retries {
    /// Attempts until it is dead.
    #[schema(minimum = 1, maximum = 100)]
    pub attempts: u32,
    /// Longest wait before the second attempt, in seconds; doubles with each.
    #[schema(minimum = 1, maximum = 2_592_000)]
    pub base_seconds: u32,
    /// Longest wait at all, in seconds.
    #[schema(minimum = 1, maximum = 2_592_000)]
    pub max_seconds: u32,
}

/// How long things are kept.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Retention {
    /// Days that receipts are kept after they are done or unmatched.
    #[schema(minimum = 1, maximum = 36_500)]
    pub receipt_days: u32,
    /// Hours that idempotency answers are kept.
    #[schema(minimum = 1, maximum = 8760)]
    pub idempotency_hours: u32,
    /// Months that texts of closed conversations are kept.
    #[schema(minimum = 1, maximum = 1200)]
    pub text_months: u32,
    /// Days that a draft waits for an agent before it is discarded.
    #[schema(minimum = 1, maximum = 36_500)]
    pub draft_days: u32,
}

/// Clocks of a handover, in business minutes.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct HandoverClocks {
    /// Until an offer goes to the next agent.
    #[schema(minimum = 1, maximum = 525_600)]
    pub offer_minutes: u32,
    /// Until the first touch.
    #[schema(minimum = 0, maximum = 525_600)]
    pub first_touch_minutes: u32,
    /// Until a reply is answered.
    #[schema(minimum = 0, maximum = 525_600)]
    pub next_reply_minutes: u32,
    /// Until an absent agent's unanswered conversations go back to the queue.
    #[schema(minimum = 0, maximum = 525_600)]
    pub requeue_minutes: u32,
}

/// Limits of the send gate. Those of a lead hold over all its campaigns.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct GateLimits {
    /// Automation mails that a lead may have in the window.
    #[schema(minimum = 1, maximum = 100_000)]
    pub max_mails: u32,
    /// Days of the window.
    #[schema(minimum = 1, maximum = 365)]
    pub window_days: u32,
    /// Hours between an automation mail and an unasked one of another conversation of the lead.
    #[schema(minimum = 0, maximum = 8760)]
    pub min_gap_hours: u32,
    /// Local hours of the lead without unasked mail; none: all hours are fine.
    pub quiet_hours: Option<QuietHours>,
    /// Automation's mail waits as a draft until an agent approves it.
    pub approval: bool,
    /// Hours after which automation does not answer a mail any more.
    #[schema(minimum = 1, maximum = 8760)]
    pub answer_within_hours: u32,
    /// Seconds that a lease is good for.
    #[schema(minimum = 10, maximum = 86_400)]
    pub lease_seconds: u32,
    /// Seconds that the leases of a prepared batch are good for.
    #[schema(minimum = 10, maximum = 2_592_000)]
    pub batch_lease_seconds: u32,
    /// When dead addresses and complaints stop unasked mail.
    pub breaker: Breaker,
}

/// Local hours of every day; they may reach over midnight.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct QuietHours {
    /// First quiet moment.
    pub from: TimeOfDay,
    /// First moment that is not quiet any more.
    pub to: TimeOfDay,
}

/// Above which share of dead addresses and complaints unasked mail is stopped.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Breaker {
    /// Hours that are looked at: what is older is forgiven.
    #[schema(minimum = 1, maximum = 720)]
    pub window_hours: u32,
    /// Mails of a campaign below which nothing is judged.
    #[schema(minimum = 1, maximum = 100_000)]
    pub min_sent: u32,
    /// Mails of a sending domain below which nothing is judged.
    #[schema(minimum = 1, maximum = 100_000)]
    pub domain_min_sent: u32,
    /// Percent of mails to addresses that turn out dead at which it opens.
    #[schema(minimum = 1, maximum = 100)]
    pub hard_bounce_percent: u32,
    /// Complaints in a thousand mails at which it opens.
    #[schema(minimum = 1, maximum = 1000)]
    pub complaint_permille: u32,
    /// Complaints below which nothing is judged.
    #[schema(minimum = 1, maximum = 100_000)]
    pub min_complaints: u32,
}

/// A day of the week.
#[derive(Debug, ToSchema)]
pub enum Weekday {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

/// Body of `PUT /api/policy`: what differs from the defaults.
#[derive(Debug)]
pub struct PolicyChange;

impl PartialSchema for PolicyChange {
    fn schema() -> RefOr<Schema> {
        let mut parts = Vec::new();
        Policy::schemas(&mut parts);
        let mut schema = Policy::schema();
        nothing_is_required(&mut schema, &parts);
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.properties.shift_remove("version");
            let said = "Body of `PUT /api/policy`: what differs from the defaults.";
            object.description = Some(said.to_owned());
        }
        schema
    }
}

impl ToSchema for PolicyChange {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("PolicyChange")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Policy::schemas(schemas);
    }
}

/// Takes the parts in, and lets any of their members be absent.
fn nothing_is_required(schema: &mut RefOr<Schema>, parts: &[(String, RefOr<Schema>)]) {
    if let RefOr::Ref(named) = schema {
        let name = named.ref_location.rsplit('/').next();
        let part = parts.iter().find(|(part, _)| Some(part.as_str()) == name);
        match part {
            Some((_, RefOr::T(Schema::Object(object)))) if !object.properties.is_empty() => {
                *schema = RefOr::T(Schema::Object(object.clone()));
            }
            _ => return,
        }
    }
    if let RefOr::T(Schema::Object(object)) = schema {
        object.required.clear();
        let members = object.properties.values_mut();
        members.for_each(|member| nothing_is_required(member, parts));
    }
}

#[cfg(test)]
mod tests;
