//! What is due by itself.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::record::record;

record! {
    /// A timer that has not fired.
    TimerRow in timers;
    key {
        /// The conversation; of timers that look at many, what they are about, or the nil id.
        conversation_id: Uuid => Id,
        /// What becomes due.
        kind: String => Text,
        /// Which of several of the kind, or the nil id.
        subject_id: Uuid => Id,
    }
    open {
        /// When it is due.
        due_at: DateTime<Utc> => Moment,
    }
    writes: upsert
}
