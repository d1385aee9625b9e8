//! What figures are read from: waits, cohorts, counts. Ids, codes, numbers, times, and the lead's source.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::record::record;

record! {
    /// A wait of a lead for us.
    WaitRow in waits;
    key {
        /// The conversation.
        conversation_id: Uuid => Id,
        /// Own time of the lead's first unanswered mail.
        began_at: DateTime<Utc> => Moment,
    }
    open {
        /// The lead.
        lead_id: Uuid => Id,
        /// The conversation's campaign.
        campaign_id: Option<Uuid> => Nullable<Id>,
        /// The agent who answered; of one without an answer, the conversation's owner.
        agent_id: Option<Uuid> => Nullable<Id>,
        /// `answered`, `waiting` or `dropped`.
        status: String => Text,
        /// Own time of our answer.
        ended_at: Option<DateTime<Utc>> => Nullable<Moment>,
        /// Our answer.
        answer_id: Option<Uuid> => Nullable<Id>,
        /// Whole minutes between the two.
        wall_minutes: Option<i32> => Nullable<Integer>,
        /// Whole minutes of these within business hours.
        business_minutes: Option<i32> => Nullable<Integer>,
        /// The policy whose business hours they are; 0 without minutes.
        policy_version: i64 => BigInt,
    }
    writes: upsert
}

record! {
    /// A lead we wrote to, with how far it came.
    CohortRow in cohorts;
    key {
        /// The lead.
        lead_id: Uuid => Id,
    }
    open {
        /// The conversation of our first mail.
        conversation_id: Uuid => Id,
        /// Its campaign.
        campaign_id: Option<Uuid> => Nullable<Id>,
        /// Its owner.
        agent_id: Option<Uuid> => Nullable<Id>,
        /// Where the lead comes from; empty after an erase.
        source: Option<String> => Nullable<Text>,
        /// Own time of our first mail.
        first_sent_at: DateTime<Utc> => Moment,
        /// Order of the highest stage; 0 before the first.
        stage: i16 => SmallInt,
    }
    writes: upsert
}

record! {
    /// How many of something there were.
    CountRow in analytics_counts;
    key {
        /// What is counted.
        figure: String => Text,
        /// The first instant of the day or the week.
        day: DateTime<Utc> => Moment,
        /// The campaign, or the nil id.
        campaign_id: Uuid => Id,
        /// The agent, or the nil id.
        agent_id: Uuid => Id,
        /// The lead's source, or nothing.
        source: String => Text,
    }
    open {
        /// How many.
        value: i64 => BigInt,
    }
    writes: insert
}
