//! A message that did not leave the house is shown, and counts for nothing.

use convo_core::observe::Observation;
use uuid::Uuid;

use crate::batch::{Batch, Touched};
use crate::door::Codes;
use crate::error::AppError;

impl Batch<'_, '_> {
    /// Says whether a message of ours left the house (or may still), and folds the facts again where that is new.
    pub(super) fn set_unsent(&mut self, message: Uuid, unsent: bool) -> Result<(), AppError> {
        if self.mark_unsent(message, unsent)? {
            self.fared_unsent(message, unsent)?;
        }
        Ok(())
    }

    /// The same for a mail that was never counted as sent; whether that is new.
    pub(super) fn mark_unsent(&mut self, message: Uuid, unsent: bool) -> Result<bool, AppError> {
        let Some(mut row) = self.message_row(message)? else {
            return Ok(false);
        };
        let wrong = |_| AppError::Fault("a stored message has an unreadable reading".to_owned());
        let mut codes: Codes = serde_json::from_str(&row.codes).map_err(wrong)?;
        if codes.unsent == unsent {
            return Ok(false);
        }
        codes.unsent = unsent;
        row.codes = serde_json::to_string(&codes).map_err(wrong)?;
        let (conversation, said) = (row.conversation_id, row.clone());
        // One that this batch stores is counted as what it is at the end.
        if !self.commit.messages.iter().any(|other| other.id == message) {
            self.tally_unsent(&row, unsent)?;
        }
        let changed = self.commit.messages_changed.iter_mut();
        let fresh = self.commit.messages.iter_mut().chain(changed);
        match fresh.into_iter().find(|other| other.id == message) {
            Some(known) => known.codes = row.codes,
            None => {
                // Rows are replaced before they are placed: where it stands now must not be lost in between.
                if let Some(place) = self.commit.placements.iter().find(|one| one.id == message) {
                    row.parent_message_rfc.clone_from(&place.parent_message_rfc);
                    row.parent_id = place.parent_id;
                    row.depth = place.depth;
                    row.thread_id = place.thread_id;
                }
                self.commit.messages_changed.push(row);
            }
        }
        self.wrote();
        let now = self.now;
        if let Some(entry) = self.conversation(conversation)? {
            entry.row.updated_at = entry.row.updated_at.max(now);
            entry.touch(Touched::Facts);
        }
        self.observe(conversation, &Observation::HistoryChanged, None)?;
        self.handover_unsays(&said, unsent)?;
        Ok(true)
    }
}
