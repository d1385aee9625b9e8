//! Holds that wait for a person: lifted with the last question of their kind.

use convo_core::decide::Request;
use convo_core::vocabulary::HoldReason;
use convo_store::rows::ReviewRow;

use crate::batch::Batch;
use crate::error::AppError;
use crate::message::UNVERIFIED;

/// The hold an item stands for.
pub(super) fn hold_of(row: &ReviewRow) -> Option<HoldReason> {
    match row.reason.as_str() {
        "doubtful_opt_out" => Some(HoldReason::DoubtfulOptOut),
        "other_author" => Some(HoldReason::OtherAuthor),
        UNVERIFIED => Some(HoldReason::Unverified),
        _ => None,
    }
}

impl Batch<'_, '_> {
    /// Lifts the hold of a resolved item, unless another item of its kind is open: whatever the
    /// answer was, no question is left that automation has to wait for.
    pub(crate) fn lift_hold(&mut self, row: &ReviewRow) -> Result<(), AppError> {
        let (Some(conversation), Some(reason)) = (row.conversation_id, hold_of(row)) else {
            return Ok(());
        };
        let mut open: Vec<ReviewRow> = match row.lead_id {
            Some(lead) => self.reader.reviews_by_leads(&[lead])?,
            None => Vec::new(),
        };
        open.extend(self.commit.reviews.iter().cloned());
        let asked = open.iter().any(|other| {
            other.id != row.id
                && other.status == "open"
                && other.conversation_id == Some(conversation)
                && other.reason == row.reason
                && !self.resolved.contains(&other.id)
        });
        if asked {
            return Ok(());
        }
        let decision = self.ask(conversation, None, &Request::ReleaseHold { reason })?;
        self.taken(conversation, &decision, None)?;
        Ok(())
    }
}
