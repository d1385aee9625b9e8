//! Leads, agents, campaigns, suppressions and keys.

use chrono::{DateTime, Utc};
use utoipa::ToSchema;
use uuid::Uuid;

use super::vocabulary::{
    FreeObject, KeyScope, LexiconChoice, Stage, SuppressionReason, SuppressionScope,
};

/// A lead.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Lead {
    /// Its id.
    pub id: Uuid,
    /// Primary address.
    pub email: String,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Phone number as written.
    pub phone: Option<String>,
    /// What the lead is interested in.
    pub interest: Option<String>,
    /// Where the lead came from.
    pub source: Option<String>,
    /// Campaign the lead belongs to.
    pub campaign_id: Option<Uuid>,
    /// Further addresses of the same person.
    pub aliases: Vec<String>,
    /// BCP 47 language tag.
    pub language: Option<String>,
    /// IANA time zone.
    pub time_zone: Option<String>,
    /// Free attributes.
    pub attributes: FreeObject,
    /// Consent.
    pub consent: Option<FreeObject>,
    /// The caller's own id.
    pub external_id: Option<String>,
    /// The stage the lead is in.
    pub current_stage: Option<Stage>,
    /// The highest stage ever.
    pub highest_stage: Option<Stage>,
    /// When the person was forgotten.
    pub erased_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
}

/// An agent.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Agent {
    /// Its id.
    pub id: Uuid,
    /// Name shown to people.
    pub name: String,
    /// Address the agent answers from.
    pub email: String,
    /// Further addresses.
    pub aliases: Vec<String>,
    /// Whether work may be given to the agent.
    pub active: bool,
    /// Whether the agent is asked when all others have been.
    pub manager: bool,
    /// Absent until this time.
    pub away_until: Option<DateTime<Utc>>,
    /// Since when mail to the agent comes back; null while none does.
    pub unreachable_at: Option<DateTime<Utc>>,
    /// How many open conversations the agent takes; null is no bound.
    #[schema(minimum = 0)]
    pub capacity: Option<i32>,
    /// Working hours.
    pub hours: Option<FreeObject>,
    /// The caller's own id.
    pub external_id: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
}

/// A campaign.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Campaign {
    /// Its id.
    pub id: Uuid,
    /// Name shown to people.
    pub name: String,
    /// Whether automation is paused in it.
    pub paused: bool,
    /// Members of the policy that differ from the default one, as given.
    pub policy: Option<FreeObject>,
    /// What its messages are read with, where that is its own.
    pub lexicon: Option<LexiconChoice>,
    /// Tracking settings.
    pub tracking: Option<FreeObject>,
    /// The line that the first mail of author `ai` in a conversation carries.
    pub disclosure: Option<String>,
    /// Bases of consent, one of which a lead must have given to be written to unasked; empty: none is needed.
    pub consent_required: Vec<String>,
    /// Unasked mails it may send in 24 hours.
    pub daily_limit: Option<i32>,
    /// The caller's own id.
    pub external_id: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
}

/// An address that is not written to.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Suppression {
    /// Its id.
    pub id: Uuid,
    /// The address; null once its person was forgotten.
    pub address: Option<String>,
    /// The lead it belongs to.
    pub lead_id: Option<Uuid>,
    /// Why.
    pub reason: SuppressionReason,
    /// How far it reaches.
    pub scope: SuppressionScope,
    /// Who said so: `person`, `one_click` (our link), `delivery`, `provider`, or what the request said.
    pub source: String,
    /// What shows it.
    pub evidence: Option<String>,
    /// The caller's own id.
    pub external_id: Option<String>,
    /// Since when.
    pub at: DateTime<Utc>,
    /// Until when it holds by itself; null: until it is lifted.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was lifted.
    pub lifted_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
}

/// An API key without its secret.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Key {
    /// Its id.
    pub id: Uuid,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<KeyScope>,
    /// The agent it belongs to.
    pub agent_id: Option<Uuid>,
    /// Its last four characters.
    pub hint: String,
    /// The key itself; only in the answer that makes it.
    #[schema(nullable = false)]
    pub key: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}
