//! The policy: every threshold and weight.

use std::borrow::Cow;

use chrono::NaiveDate;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::vocabulary::{LexiconChoice, Score};

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
    pub min_replies: u32,
    /// Distinct purchase signals that qualification needs.
    pub min_signals: u32,
    /// Human messages that handover needs.
    pub min_messages: u32,
    /// Engagement that qualification needs, 0–100.
    pub min_engagement: Score,
    /// Engagement below which qualification warns, 0–100.
    pub warn_engagement: Score,
    /// Readiness that handover needs, 0–100.
    pub min_readiness: Score,
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

/// How many automatic answers may be sent, and how much automated mail may come.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Loops {
    /// Minutes that the three budgets look back.
    pub window_minutes: u32,
    /// Automatic answers (authors `ai` and `system`) to one lead within the window.
    pub per_address: u32,
    /// Automatic answers in one conversation within the window.
    pub per_conversation: u32,
    /// Automatic answers of the whole organisation within the window.
    pub total: u32,
    /// Automated mails of one conversation within `floodMinutes` after which more of them change nothing.
    pub flood_messages: u32,
    /// Minutes that the flood breaker looks back.
    pub flood_minutes: u32,
}

/// The automatic acknowledgement of a lead's first mail; none is sent without a text.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Acknowledge {
    /// What it says; none or blank: there is none.
    pub text: Option<String>,
    /// Hours in which a lead gets at most one, in whatever conversation.
    pub window_hours: u32,
}

/// What a stage needs besides the stages before it.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct StageThresholds {
    /// ENGAGED_LEAD: at least so many exchanges.
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
    pub prompt_hours: u32,
    /// Days that one stage takes at velocity 100.
    pub days_per_stage: u32,
    /// Days of silence that count as a gap.
    pub gap_days: u32,
}

/// Weights of the engagement score, in points unless said otherwise.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct EngagementWeights {
    /// For one reply to every message of ours.
    pub rate: u32,
    /// For every reply within the hour.
    pub promptness: u32,
    /// Percent of `promptness` for a reply within 4 hours.
    pub four_hours_percent: u32,
    /// Percent of `promptness` for a reply within 24 hours.
    pub day_percent: u32,
    /// Percent of `promptness` for a reply within 48 hours.
    pub two_days_percent: u32,
    /// For each reply.
    pub per_reply: u32,
    /// At most this for the number of replies.
    pub depth_cap: u32,
    /// For each open judged human.
    pub per_open: u32,
    /// For each click judged human.
    pub per_click: u32,
    /// At most this for opens and clicks.
    pub tracking_cap: u32,
}

/// Weights of the qualification score.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct QualificationWeights {
    /// For each distinct purchase signal.
    pub per_signal: u32,
    /// At most this for purchase signals.
    pub signal_cap: u32,
    /// For interest or a raised hand.
    pub interest: u32,
    /// For complete contact data; a part of it for incomplete data.
    pub contact_data: u32,
    /// Percent of the engagement score.
    pub engagement_percent: u32,
}

/// Weights of the handover readiness score.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ReadinessWeights {
    /// For as many human messages as handover needs.
    pub depth: u32,
    /// Percent of the engagement score.
    pub engagement_percent: u32,
    /// For each distinct purchase signal.
    pub per_signal: u32,
    /// At most this for purchase signals.
    pub signal_cap: u32,
    /// For a known e-mail address.
    pub email: u32,
    /// For a known phone number.
    pub phone: u32,
    /// For a known name.
    pub names: u32,
    /// For a known interest.
    pub interest: u32,
}

/// What tells a person's open or click from a machine's.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Tracking {
    /// Seconds after `delivered` before which nobody has read a mail.
    pub min_age_seconds: u32,
    /// Seconds around an event in which no other may lie.
    pub burst_seconds: u32,
    /// Parts of user agents of proxies and scanners, compared without case; with `=` in front, the whole of it.
    pub machine_user_agents: Vec<String>,
}

/// Days in which a reply reopens a closed conversation.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Reopen {
    /// After `no_response`.
    pub no_response_days: u32,
    /// After every other closing.
    pub other_days: u32,
}

/// Opening hours of a week in a zone, and holidays.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Calendar {
    /// IANA name, e.g. `Europe/Berlin`.
    pub time_zone: String,
    /// Days that have hours.
    pub weekdays: Vec<Weekday>,
    /// First moment of a day, local.
    pub opens: String,
    /// First moment after it, local: 18:00 itself is outside.
    pub closes: String,
    /// Local dates without hours.
    pub holidays: Vec<NaiveDate>,
}

/// How often something that failed is tried again.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Retries {
    /// Attempts until it is dead.
    pub attempts: u32,
    /// Longest wait before the second attempt, in seconds; doubles with each.
    pub base_seconds: u32,
    /// Longest wait at all, in seconds.
    pub max_seconds: u32,
}

/// How long things are kept.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Retention {
    /// Days that receipts are kept after they are done or unmatched.
    pub receipt_days: u32,
    /// Hours that idempotency answers are kept.
    pub idempotency_hours: u32,
    /// Months that texts of closed conversations are kept.
    pub text_months: u32,
    /// Days that a draft waits for an agent before it is discarded.
    pub draft_days: u32,
}

/// Clocks of a handover, in business minutes.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
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

/// Limits of the send gate. Those of a lead hold over all its campaigns.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct GateLimits {
    /// Automation mails that a lead may have in the window.
    pub max_mails: u32,
    /// Days of the window.
    pub window_days: u32,
    /// Hours between an automation mail and an unasked one of another conversation of the lead.
    pub min_gap_hours: u32,
    /// Local hours of the lead without unasked mail; none: all hours are fine.
    pub quiet_hours: Option<QuietHours>,
    /// Automation's mail waits as a draft until an agent approves it.
    pub approval: bool,
    /// Hours after which automation does not answer a mail any more.
    pub answer_within_hours: u32,
    /// Seconds that a lease is good for.
    pub lease_seconds: u32,
    /// Seconds that the leases of a prepared batch are good for.
    pub batch_lease_seconds: u32,
    /// When dead addresses and complaints stop unasked mail.
    pub breaker: Breaker,
}

/// Local hours of every day; they may reach over midnight.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct QuietHours {
    /// First quiet moment.
    pub from: String,
    /// First moment that is not quiet any more.
    pub to: String,
}

/// Above which share of dead addresses and complaints unasked mail is stopped.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
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
    /// Complaints below which nothing is judged.
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
