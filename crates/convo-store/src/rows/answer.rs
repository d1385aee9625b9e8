//! Automatic answers.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::record::record;

record! {
    /// An automatic answer sent of late: ids and a code only.
    AutomaticAnswerRow in automatic_answers;
    key {
        /// The message.
        message_id: Uuid => Id,
    }
    fixed {
        /// The lead it went to.
        lead_id: Uuid => Id,
        /// The conversation it is in.
        conversation_id: Uuid => Id,
        /// `acknowledgement` or `answer`.
        kind: String => Text,
        /// When it was queued.
        at: DateTime<Utc> => Moment,
    }
    writes: insert
}
