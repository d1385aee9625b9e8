//! Leads, agents, campaigns and policies.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::record::record;

record! {
    /// A person we write to.
    LeadRow in leads;
    key {
        /// Its id.
        id: Uuid => Id,
    }
    fixed {
        /// When it was made.
        created_at: DateTime<Utc> => Moment,
    }
    open {
        /// The primary address as written; empty after an erase.
        email: String => Text,
        /// The primary address in lower case, for search.
        email_key: String => Text,
        /// First name.
        first_name: Option<String> => Nullable<Text>,
        /// First name in lower case, for search.
        first_key: Option<String> => Nullable<Text>,
        /// Last name.
        last_name: Option<String> => Nullable<Text>,
        /// Last name in lower case, for search.
        last_key: Option<String> => Nullable<Text>,
        /// Phone number.
        phone: Option<String> => Nullable<Text>,
        /// What the lead asked about.
        interest: Option<String> => Nullable<Text>,
        /// Where the lead came from.
        source: Option<String> => Nullable<Text>,
        /// The campaign it was made for.
        campaign_id: Option<Uuid> => Nullable<Id>,
        /// Language tag.
        language: Option<String> => Nullable<Text>,
        /// IANA time zone.
        time_zone: Option<String> => Nullable<Text>,
        /// JSON object of free attributes.
        attributes: String => Text,
        /// JSON object of the consent, if any.
        consent: Option<String> => Nullable<Text>,
        /// The caller's own id, unique among leads.
        external_id: Option<String> => Nullable<Text>,
        /// When it was erased.
        erased_at: Option<DateTime<Utc>> => Nullable<Moment>,
    }
    busy {
        /// Current stage of the journey, 1–6.
        current_stage: Option<i16> => Nullable<SmallInt>,
        /// Highest stage of the journey, 1–6.
        highest_stage: Option<i16> => Nullable<SmallInt>,
        /// How complete the lead's data is, 0–100.
        completeness: i16 => SmallInt,
        /// JSON of the core's lead.
        facts: String => Text,
        /// Rises by one with every commit that touches the row; 1 when inserted.
        revision: i64 => BigInt,
        /// When it was last changed.
        updated_at: DateTime<Utc> => Moment,
    }
    writes: insert, swap, swap_busy
}

record! {
    /// An address of a lead: the primary one or an alias.
    LeadAddressRow in lead_addresses;
    key {
        /// The address in lower case.
        address_key: String => Text,
    }
    open {
        /// Whose it is.
        lead_id: Uuid => Id,
        /// The address as written.
        address: String => Text,
        /// Whether it is the primary one.
        is_primary: bool => Bool,
    }
    writes: insert
}

record! {
    /// A salesperson.
    AgentRow in agents;
    key {
        /// Its id.
        id: Uuid => Id,
    }
    fixed {
        /// When it was made.
        created_at: DateTime<Utc> => Moment,
    }
    open {
        /// Name.
        name: String => Text,
        /// Primary address as written.
        email: String => Text,
        /// Whether it may be assigned.
        active: bool => Bool,
        /// Whether it is asked when all other agents have been.
        manager: bool => Bool,
        /// Away until then.
        away_until: Option<DateTime<Utc>> => Nullable<Moment>,
        /// How many conversations it takes at once.
        capacity: Option<i32> => Nullable<Integer>,
        /// JSON of its working hours.
        hours: Option<String> => Nullable<Text>,
        /// The caller's own id, unique among agents.
        external_id: Option<String> => Nullable<Text>,
        /// Since when mail to it comes back.
        unreachable_at: Option<DateTime<Utc>> => Nullable<Moment>,
        /// Rises by one with every commit that touches the row; 1 when inserted.
        revision: i64 => BigInt,
        /// When it was last changed.
        updated_at: DateTime<Utc> => Moment,
    }
    writes: insert, swap
}

record! {
    /// An address of an agent.
    AgentAddressRow in agent_addresses;
    key {
        /// The address in lower case.
        address_key: String => Text,
    }
    open {
        /// Whose it is.
        agent_id: Uuid => Id,
    }
    writes: insert
}

record! {
    /// The outreach a conversation belongs to.
    CampaignRow in campaigns;
    key {
        /// Its id.
        id: Uuid => Id,
    }
    fixed {
        /// When it was made.
        created_at: DateTime<Utc> => Moment,
    }
    open {
        /// Name.
        name: String => Text,
        /// Whether it sends nothing for now.
        paused: bool => Bool,
        /// JSON of its lexicon choice.
        lexicon: Option<String> => Nullable<Text>,
        /// JSON of its tracking choice.
        tracking: Option<String> => Nullable<Text>,
        /// The line that the first mail of an AI carries.
        disclosure: Option<String> => Nullable<Text>,
        /// JSON list of the bases of consent it accepts; none: it needs none.
        consent_required: Option<String> => Nullable<Text>,
        /// Unasked mails it may send in 24 hours.
        daily_limit: Option<i32> => Nullable<Integer>,
        /// The caller's own id, unique among campaigns.
        external_id: Option<String> => Nullable<Text>,
        /// Rises by one with every commit that touches the row; 1 when inserted.
        revision: i64 => BigInt,
        /// When it was last changed.
        updated_at: DateTime<Utc> => Moment,
    }
    writes: insert, swap
}

record! {
    /// One version of the policy, the default one or a campaign's.
    PolicyRow in policies;
    key {
        /// Its id.
        id: Uuid => Id,
    }
    fixed {
        /// The campaign it is for; none = the default.
        campaign_id: Option<Uuid> => Nullable<Id>,
        /// Its number, unique per campaign.
        version: i64 => BigInt,
        /// JSON of the policy.
        body: String => Text,
        /// When it was made.
        created_at: DateTime<Utc> => Moment,
    }
    writes: insert
}
