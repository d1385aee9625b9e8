//! The event log, its head, counters and the instance's own keys.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::record::record;

record! {
    /// A counter kept in the commit of what it counts.
    CounterRow in counters;
    key {
        /// Its name.
        name: String => Text,
    }
    open {
        /// Its value.
        value: i64 => BigInt,
    }
    writes: insert
}

record! {
    /// What was drawn when the database was made; one row.
    InstanceRow in instance;
    key {
        /// Always 1.
        id: i16 => SmallInt,
    }
    fixed {
        /// Key of the reply tokens.
        reply_key: Vec<u8> => Binary,
        /// Key of the digests that outlive an erase.
        hash_key: Vec<u8> => Binary,
        /// When it was drawn.
        created_at: DateTime<Utc> => Moment,
    }
    open {
        /// Since when nothing is sent and no timer fires; none: all goes on.
        paused_since: Option<DateTime<Utc>> => Nullable<Moment>,
    }
    writes: insert
}

record! {
    /// A committed fact.
    LogRow in event_log;
    key {
        /// Its place, 1..n in commit order without a gap.
        seq: i64 => BigInt,
    }
    fixed {
        /// The type on the wire.
        kind: String => Text,
        /// When it was stored.
        at: DateTime<Utc> => Moment,
        /// The conversation.
        conversation_id: Option<Uuid> => Nullable<Id>,
        /// The lead.
        lead_id: Option<Uuid> => Nullable<Id>,
        /// The metadata row joined when read.
        metadata_id: Option<Uuid> => Nullable<Id>,
        /// Whether an import wrote it.
        silent: bool => Bool,
        /// Whether it is told to no socket.
        quiet: bool => Bool,
        /// JSON object of ids, codes and numbers.
        data: String => Text,
    }
    writes: insert
}

record! {
    /// The end of the event log; one row.
    LogHeadRow in log_head;
    key {
        /// Always 1.
        id: i16 => SmallInt,
    }
    open {
        /// The last number taken.
        seq: i64 => BigInt,
        /// Renewed by a restore.
        epoch: Uuid => Id,
    }
    writes: insert
}
