//! Leads, agents, campaigns.

use chrono::{DateTime, Utc};
use convo_core::calendar::Calendar;
use convo_core::handover::own_hours;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{Checks, maybe_moment, maybe_null, moment};
use crate::error::AppError;

pub(super) const NAME: usize = 200;
pub(super) const TEXT: usize = 2_000;
const OBJECT: usize = 32 * 1024;

/// Body of `POST /api/leads`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewLead {
    /// Primary address.
    pub email: String,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Phone number as written.
    pub phone: Option<String>,
    /// What the lead is interested in, free text.
    pub interest: Option<String>,
    /// Where the lead came from.
    pub source: Option<String>,
    /// Campaign the lead belongs to.
    pub campaign_id: Option<Uuid>,
    /// Further addresses of the same person.
    pub aliases: Option<Vec<String>>,
    /// BCP 47 language tag.
    pub language: Option<String>,
    /// IANA time zone.
    pub time_zone: Option<String>,
    /// Free attributes, an object.
    pub attributes: Option<Value>,
    /// Consent: basis, source, evidence, time.
    pub consent: Option<Value>,
    /// The caller's own id, unique per type.
    pub external_id: Option<String>,
}

impl NewLead {
    /// Checks what needs no database.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every violation.
    pub fn check(&self) -> Result<(), AppError> {
        let mut checks = Checks::new();
        checks.email(&self.email, "email");
        checks.optional(self.first_name.as_ref(), NAME, "firstName");
        checks.optional(self.last_name.as_ref(), NAME, "lastName");
        checks.optional(self.phone.as_ref(), 60, "phone");
        checks.optional(self.interest.as_ref(), TEXT, "interest");
        checks.optional(self.source.as_ref(), NAME, "source");
        checks.optional(self.language.as_ref(), 35, "language");
        checks.optional(self.external_id.as_ref(), NAME, "externalId");
        check_zone(&mut checks, self.time_zone.as_deref());
        checks.object(self.attributes.as_ref(), OBJECT, "attributes");
        checks.object(self.consent.as_ref(), OBJECT, "consent");
        check_aliases(&mut checks, self.aliases.as_deref());
        checks.done()
    }
}

/// Body of `PATCH /api/leads/{id}`; absent fields stay, null empties.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LeadPatch {
    /// Primary address.
    pub email: Option<String>,
    /// Given name.
    #[serde(deserialize_with = "maybe_null")]
    pub first_name: Option<Option<String>>,
    /// Family name.
    #[serde(deserialize_with = "maybe_null")]
    pub last_name: Option<Option<String>>,
    /// Phone number as written.
    #[serde(deserialize_with = "maybe_null")]
    pub phone: Option<Option<String>>,
    /// What the lead is interested in.
    #[serde(deserialize_with = "maybe_null")]
    pub interest: Option<Option<String>>,
    /// Where the lead came from.
    #[serde(deserialize_with = "maybe_null")]
    pub source: Option<Option<String>>,
    /// Campaign the lead belongs to.
    #[serde(deserialize_with = "maybe_null")]
    pub campaign_id: Option<Option<Uuid>>,
    /// Further addresses; replaces the list.
    pub aliases: Option<Vec<String>>,
    /// BCP 47 language tag.
    #[serde(deserialize_with = "maybe_null")]
    pub language: Option<Option<String>>,
    /// IANA time zone.
    #[serde(deserialize_with = "maybe_null")]
    pub time_zone: Option<Option<String>>,
    /// Free attributes.
    #[serde(deserialize_with = "maybe_null")]
    pub attributes: Option<Option<Value>>,
    /// Consent.
    #[serde(deserialize_with = "maybe_null")]
    pub consent: Option<Option<Value>>,
    /// The caller's own id.
    #[serde(deserialize_with = "maybe_null")]
    pub external_id: Option<Option<String>>,
}

impl LeadPatch {
    /// Checks what needs no database.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every violation.
    pub fn check(&self) -> Result<(), AppError> {
        let mut checks = Checks::new();
        if let Some(email) = &self.email {
            checks.email(email, "email");
        }
        let texts = [
            (&self.first_name, NAME, "firstName"),
            (&self.last_name, NAME, "lastName"),
            (&self.phone, 60, "phone"),
            (&self.interest, TEXT, "interest"),
            (&self.source, NAME, "source"),
            (&self.language, 35, "language"),
            (&self.external_id, NAME, "externalId"),
        ];
        for (value, max, field) in texts {
            checks.optional(value.as_ref().and_then(Option::as_ref), max, field);
        }
        check_zone(
            &mut checks,
            self.time_zone.as_ref().and_then(|zone| zone.as_deref()),
        );
        let attributes = self.attributes.as_ref().and_then(Option::as_ref);
        checks.object(attributes, OBJECT, "attributes");
        checks.object(
            self.consent.as_ref().and_then(Option::as_ref),
            OBJECT,
            "consent",
        );
        check_aliases(&mut checks, self.aliases.as_deref());
        checks.done()
    }
}

fn check_aliases(checks: &mut Checks, aliases: Option<&[String]>) {
    let aliases = aliases.unwrap_or_default();
    checks.require(
        aliases.len() <= 50,
        "aliases",
        "must have at most 50 entries",
    );
    for (at, alias) in aliases.iter().enumerate() {
        checks.email(alias, &format!("aliases.{at}"));
    }
}

/// Hours are members of a calendar; other members are kept, and say nothing.
fn check_hours(checks: &mut Checks, hours: Option<&Value>) {
    checks.object(hours, OBJECT, "hours");
    let Some(hours) = hours.filter(|hours| hours.is_object()) else {
        return;
    };
    if let Err(message) = own_hours(hours, &Calendar::default()) {
        checks.require(false, "hours", &message);
    }
}

fn check_zone(checks: &mut Checks, zone: Option<&str>) {
    if let Some(zone) = zone {
        checks.require(
            zone.parse::<chrono_tz::Tz>().is_ok(),
            "timeZone",
            "must be an IANA time zone",
        );
    }
}

/// Body of `POST /api/agents`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewAgent {
    /// Name shown to people.
    pub name: String,
    /// Address the agent answers from.
    pub email: String,
    /// Further addresses.
    pub aliases: Option<Vec<String>>,
    /// Whether work may be given to the agent; default true.
    pub active: Option<bool>,
    /// Whether the agent is asked when all others have been; default false.
    pub manager: Option<bool>,
    /// Absent until this time.
    #[serde(default, deserialize_with = "moment")]
    pub away_until: Option<DateTime<Utc>>,
    /// How many open conversations the agent takes; null is no bound.
    pub capacity: Option<i32>,
    /// Working hours, an object.
    pub hours: Option<Value>,
    /// The caller's own id.
    pub external_id: Option<String>,
}

impl NewAgent {
    /// Checks what needs no database.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every violation.
    pub fn check(&self) -> Result<(), AppError> {
        let mut checks = Checks::new();
        checks.text(&self.name, NAME, "name");
        checks.email(&self.email, "email");
        checks.require(
            self.capacity.is_none_or(|n| n >= 0),
            "capacity",
            "must not be negative",
        );
        checks.optional(self.external_id.as_ref(), NAME, "externalId");
        check_hours(&mut checks, self.hours.as_ref());
        check_aliases(&mut checks, self.aliases.as_deref());
        checks.done()
    }
}

/// Body of `PATCH /api/agents/{id}`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AgentPatch {
    /// Name shown to people.
    pub name: Option<String>,
    /// Address the agent answers from.
    pub email: Option<String>,
    /// Further addresses; replaces the list.
    pub aliases: Option<Vec<String>>,
    /// Whether work may be given to the agent.
    pub active: Option<bool>,
    /// Whether the agent is asked when all others have been.
    pub manager: Option<bool>,
    /// Absent until this time.
    #[serde(deserialize_with = "maybe_moment")]
    pub away_until: Option<Option<DateTime<Utc>>>,
    /// How many open conversations the agent takes.
    #[serde(deserialize_with = "maybe_null")]
    pub capacity: Option<Option<i32>>,
    /// Working hours.
    #[serde(deserialize_with = "maybe_null")]
    pub hours: Option<Option<Value>>,
    /// The caller's own id.
    #[serde(deserialize_with = "maybe_null")]
    pub external_id: Option<Option<String>>,
}

impl AgentPatch {
    /// Checks what needs no database.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every violation.
    pub fn check(&self) -> Result<(), AppError> {
        let mut checks = Checks::new();
        if let Some(name) = &self.name {
            checks.text(name, NAME, "name");
        }
        if let Some(email) = &self.email {
            checks.email(email, "email");
        }
        let capacity = self.capacity.flatten();
        checks.require(
            capacity.is_none_or(|n| n >= 0),
            "capacity",
            "must not be negative",
        );
        check_hours(&mut checks, self.hours.as_ref().and_then(Option::as_ref));
        checks.optional(
            self.external_id.as_ref().and_then(Option::as_ref),
            NAME,
            "externalId",
        );
        check_aliases(&mut checks, self.aliases.as_deref());
        checks.done()
    }
}

/// Body of `POST /api/campaigns`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewCampaign {
    /// Name shown to people.
    pub name: String,
    /// Whether automation may write in it now; default false.
    pub paused: Option<bool>,
    /// Thresholds that differ from the default policy.
    pub policy: Option<Value>,
    /// The name of a shipped industry, or a pack (or a list of packs) of the campaign's own.
    pub lexicon: Option<Value>,
    /// Tracking settings handed to the sender.
    pub tracking: Option<Value>,
    /// The line that the first mail of author `ai` in a conversation carries.
    pub disclosure: Option<String>,
    /// Bases of consent, one of which a lead must have given to be written to unasked; empty: none is needed.
    pub consent_required: Option<Vec<String>>,
    /// Unasked mails it may send in 24 hours.
    pub daily_limit: Option<i32>,
    /// The caller's own id.
    pub external_id: Option<String>,
}

impl NewCampaign {
    /// Checks what needs no database.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every violation.
    pub fn check(&self) -> Result<(), AppError> {
        let mut checks = Checks::new();
        checks.text(&self.name, NAME, "name");
        checks.optional(self.external_id.as_ref(), NAME, "externalId");
        checks.object(self.policy.as_ref(), OBJECT, "policy");
        checks.bounded(self.lexicon.as_ref(), OBJECT * 8, "lexicon");
        checks.object(self.tracking.as_ref(), OBJECT, "tracking");
        check_gate(
            &mut checks,
            self.disclosure.as_ref(),
            self.consent_required.as_deref(),
            self.daily_limit,
        );
        checks.done()
    }
}

/// Body of `PATCH /api/campaigns/{id}`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CampaignPatch {
    /// Name shown to people.
    pub name: Option<String>,
    /// Whether automation is paused in it.
    pub paused: Option<bool>,
    /// Thresholds that differ from the default policy; makes a new version.
    #[serde(deserialize_with = "maybe_null")]
    pub policy: Option<Option<Value>>,
    /// The name of a shipped industry, or a pack (or a list of packs) of the campaign's own.
    #[serde(deserialize_with = "maybe_null")]
    pub lexicon: Option<Option<Value>>,
    /// Tracking settings.
    #[serde(deserialize_with = "maybe_null")]
    pub tracking: Option<Option<Value>>,
    /// The line that the first mail of author `ai` in a conversation carries.
    #[serde(deserialize_with = "maybe_null")]
    pub disclosure: Option<Option<String>>,
    /// Bases of consent, one of which a lead must have given to be written to unasked; empty: none is needed.
    pub consent_required: Option<Vec<String>>,
    /// Unasked mails it may send in 24 hours.
    #[serde(deserialize_with = "maybe_null")]
    pub daily_limit: Option<Option<i32>>,
    /// The caller's own id.
    #[serde(deserialize_with = "maybe_null")]
    pub external_id: Option<Option<String>>,
}

impl CampaignPatch {
    /// Checks what needs no database.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every violation.
    pub fn check(&self) -> Result<(), AppError> {
        let mut checks = Checks::new();
        if let Some(name) = &self.name {
            checks.text(name, NAME, "name");
        }
        checks.object(
            self.policy.as_ref().and_then(Option::as_ref),
            OBJECT,
            "policy",
        );
        checks.bounded(
            self.lexicon.as_ref().and_then(Option::as_ref),
            OBJECT * 8,
            "lexicon",
        );
        checks.object(
            self.tracking.as_ref().and_then(Option::as_ref),
            OBJECT,
            "tracking",
        );
        checks.optional(
            self.external_id.as_ref().and_then(Option::as_ref),
            NAME,
            "externalId",
        );
        check_gate(
            &mut checks,
            self.disclosure.as_ref().and_then(Option::as_ref),
            self.consent_required.as_deref(),
            self.daily_limit.flatten(),
        );
        checks.done()
    }
}

/// What a campaign asks of the send gate.
fn check_gate(
    checks: &mut Checks,
    disclosure: Option<&String>,
    consent: Option<&[String]>,
    daily_limit: Option<i32>,
) {
    checks.optional(disclosure, 500, "disclosure");
    checks.require(
        disclosure.is_none_or(|line| !line.chars().any(char::is_control)),
        "disclosure",
        "must be one line",
    );
    let consent = consent.unwrap_or_default();
    checks.require(
        consent.len() <= 20,
        "consentRequired",
        "must have at most 20 entries",
    );
    for (at, basis) in consent.iter().enumerate() {
        checks.text(basis, 60, &format!("consentRequired.{at}"));
    }
    checks.require(
        daily_limit.is_none_or(|limit| limit >= 0),
        "dailyLimit",
        "must not be negative",
    );
}
