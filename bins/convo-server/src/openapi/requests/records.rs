//! Bodies of requests about leads, agents, campaigns, suppressions and keys.

use chrono::{DateTime, Utc};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::openapi::vocabulary::{
    FreeObject, KeyScope, LexiconChoice, SuppressionReason, SuppressionScope,
};

/// Body of `POST /api/leads`.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewLead {
    /// Primary address.
    #[schema(max_length = 254)]
    pub email: String,
    /// Given name.
    #[schema(max_length = 200)]
    pub first_name: Option<String>,
    /// Family name.
    #[schema(max_length = 200)]
    pub last_name: Option<String>,
    /// Phone number as written.
    #[schema(max_length = 60)]
    pub phone: Option<String>,
    /// What the lead is interested in, free text.
    #[schema(max_length = 2000)]
    pub interest: Option<String>,
    /// Where the lead came from.
    #[schema(max_length = 200)]
    pub source: Option<String>,
    /// Campaign the lead belongs to.
    pub campaign_id: Option<Uuid>,
    /// Further addresses of the same person.
    #[schema(max_items = 50)]
    pub aliases: Option<Vec<String>>,
    /// BCP 47 language tag.
    #[schema(max_length = 35)]
    pub language: Option<String>,
    /// IANA time zone.
    pub time_zone: Option<String>,
    /// Free attributes.
    pub attributes: Option<FreeObject>,
    /// Consent: basis, source, evidence, time.
    pub consent: Option<FreeObject>,
    /// The caller's own id, unique among leads.
    #[schema(max_length = 200)]
    pub external_id: Option<String>,
}

/// Body of `PATCH /api/leads/{id}`: absent members stay, null empties (address and aliases excepted).
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct LeadPatch {
    /// Primary address.
    #[schema(max_length = 254)]
    pub email: Option<String>,
    /// Given name.
    #[schema(max_length = 200)]
    pub first_name: Option<String>,
    /// Family name.
    #[schema(max_length = 200)]
    pub last_name: Option<String>,
    /// Phone number as written.
    #[schema(max_length = 60)]
    pub phone: Option<String>,
    /// What the lead is interested in.
    #[schema(max_length = 2000)]
    pub interest: Option<String>,
    /// Where the lead came from.
    #[schema(max_length = 200)]
    pub source: Option<String>,
    /// Campaign the lead belongs to.
    pub campaign_id: Option<Uuid>,
    /// Further addresses; replaces the list.
    #[schema(max_items = 50)]
    pub aliases: Option<Vec<String>>,
    /// BCP 47 language tag.
    #[schema(max_length = 35)]
    pub language: Option<String>,
    /// IANA time zone.
    pub time_zone: Option<String>,
    /// Free attributes; replaces all.
    pub attributes: Option<FreeObject>,
    /// Consent.
    pub consent: Option<FreeObject>,
    /// The caller's own id.
    #[schema(max_length = 200)]
    pub external_id: Option<String>,
}

/// Body of `POST /api/agents`.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewAgent {
    /// Name shown to people.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Address the agent answers from.
    #[schema(max_length = 254)]
    pub email: String,
    /// Further addresses.
    #[schema(max_items = 50)]
    pub aliases: Option<Vec<String>>,
    /// Whether work may be given to the agent; default true.
    pub active: Option<bool>,
    /// Whether the agent is asked when all others have been.
    pub manager: Option<bool>,
    /// Absent until this time.
    pub away_until: Option<DateTime<Utc>>,
    /// How many open conversations the agent takes; null is no bound.
    #[schema(minimum = 0)]
    pub capacity: Option<i32>,
    /// Working hours.
    pub hours: Option<FreeObject>,
    /// The caller's own id, unique among agents.
    #[schema(max_length = 200)]
    pub external_id: Option<String>,
}

/// Body of `PATCH /api/agents/{id}`: absent members stay, null empties what may be empty.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct AgentPatch {
    /// Name shown to people.
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// Address the agent answers from.
    #[schema(max_length = 254)]
    pub email: Option<String>,
    /// Further addresses; replaces the list.
    #[schema(max_items = 50)]
    pub aliases: Option<Vec<String>>,
    /// Whether work may be given to the agent.
    pub active: Option<bool>,
    /// Whether the agent is asked when all others have been.
    pub manager: Option<bool>,
    /// Absent until this time.
    pub away_until: Option<DateTime<Utc>>,
    /// How many open conversations the agent takes; null is no bound.
    #[schema(minimum = 0)]
    pub capacity: Option<i32>,
    /// Working hours.
    pub hours: Option<FreeObject>,
    /// The caller's own id.
    #[schema(max_length = 200)]
    pub external_id: Option<String>,
}

/// Body of `POST /api/campaigns`.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewCampaign {
    /// Name shown to people.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Whether automation is paused in it; default false.
    pub paused: Option<bool>,
    /// Members of the policy that differ from the default one.
    pub policy: Option<FreeObject>,
    /// What its messages are read with: the name of a shipped industry, a pack, or a list of packs.
    pub lexicon: Option<LexiconChoice>,
    /// Tracking settings handed to the sender.
    pub tracking: Option<FreeObject>,
    /// The line that the first mail of author `ai` in a conversation carries.
    #[schema(max_length = 500)]
    pub disclosure: Option<String>,
    /// Bases of consent, one of which a lead must have given to be written to unasked; empty: none is needed.
    #[schema(max_items = 20)]
    pub consent_required: Option<Vec<String>>,
    /// Unasked mails it may send in 24 hours.
    #[schema(minimum = 0)]
    pub daily_limit: Option<i32>,
    /// The caller's own id, unique among campaigns.
    #[schema(max_length = 200)]
    pub external_id: Option<String>,
}

/// Body of `PATCH /api/campaigns/{id}`: absent members stay, null empties what may be empty.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct CampaignPatch {
    /// Name shown to people.
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// Whether automation is paused in it.
    pub paused: Option<bool>,
    /// Members of the policy that differ from the default one; makes a new version.
    pub policy: Option<FreeObject>,
    /// What its messages are read with: the name of a shipped industry, a pack, or a list of packs.
    pub lexicon: Option<LexiconChoice>,
    /// Tracking settings.
    pub tracking: Option<FreeObject>,
    /// The line that the first mail of author `ai` in a conversation carries.
    #[schema(max_length = 500)]
    pub disclosure: Option<String>,
    /// Bases of consent, one of which a lead must have given to be written to unasked; empty: none is needed.
    #[schema(max_items = 20)]
    pub consent_required: Option<Vec<String>>,
    /// Unasked mails it may send in 24 hours.
    #[schema(minimum = 0)]
    pub daily_limit: Option<i32>,
    /// The caller's own id.
    #[schema(max_length = 200)]
    pub external_id: Option<String>,
}

/// Body of `POST /api/suppressions`.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewSuppression {
    /// The address no longer written to.
    #[schema(max_length = 254)]
    pub address: String,
    /// Why; default `manual`.
    pub reason: Option<SuppressionReason>,
    /// How far it reaches; the default follows the reason.
    pub scope: Option<SuppressionScope>,
    /// Who says so; default `api`.
    #[schema(max_length = 200)]
    pub source: Option<String>,
    /// What shows it.
    #[schema(max_length = 2000)]
    pub evidence: Option<String>,
    /// The caller's own id, unique among suppressions.
    #[schema(max_length = 200)]
    pub external_id: Option<String>,
    /// Until when it holds; without one until it is lifted.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A line of `POST /api/suppressions/import`, or a line of CSV with these names in its head.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ImportedSuppression {
    /// The address no longer written to.
    #[schema(max_length = 254)]
    pub address: String,
    /// Why; default `manual`.
    pub reason: Option<SuppressionReason>,
    /// How far it reaches; the default follows the reason.
    pub scope: Option<SuppressionScope>,
    /// Who says so; default `import`.
    #[schema(max_length = 200)]
    pub source: Option<String>,
    /// What shows it.
    #[schema(max_length = 2000)]
    pub evidence: Option<String>,
    /// The caller's own id, unique among suppressions.
    #[schema(max_length = 200)]
    pub external_id: Option<String>,
    /// Since when; default now.
    pub at: Option<DateTime<Utc>>,
    /// Until when it holds; one that is over is ignored.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was lifted: such a line is ignored.
    pub lifted_at: Option<DateTime<Utc>>,
}

/// Body of `POST /api/keys`.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewKey {
    /// What the key is for.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// What it may do.
    #[schema(min_items = 1)]
    pub scopes: Vec<KeyScope>,
    /// The agent the key belongs to.
    pub agent_id: Option<Uuid>,
}
