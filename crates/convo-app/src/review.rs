//! The review list: what a person, or a later mail, decides.

mod holds;
mod resolve;

use convo_store::rows::{ReviewRow, ReviewWaitRow};

use crate::batch::Batch;
use crate::error::AppError;
use crate::intake::{Parked, Unparked};
use crate::webhook::{Effect, Status};
use crate::wire::address_key;

impl Batch<'_, '_> {
    /// Parked mail whose parent is stored now goes the way it would have gone.
    pub(crate) fn place_parked(&mut self, rfc_id: &str) -> Result<(), AppError> {
        let mut ids = self.waiting_for(rfc_id)?.reviews.clone();
        let mut rows = match ids.is_empty() {
            true => Vec::new(),
            false => self.reader.reviews_by_ids(&ids)?,
        };
        let here = self.commit.review_waits.iter();
        ids = here
            .filter(|wait| wait.rfc_id == rfc_id)
            .map(|wait| wait.review_id)
            .collect();
        let here = self.commit.reviews.iter();
        rows.extend(here.filter(|row| ids.contains(&row.id)).cloned());
        self.try_parked(rows)
    }

    /// Parked mail of an address that is a lead's now.
    pub(crate) fn place_parked_from(&mut self, addresses: &[String]) -> Result<(), AppError> {
        let keys: Vec<String> = addresses
            .iter()
            .map(|address| address_key(address))
            .collect();
        let mut rows = self.reader.reviews_from(&keys)?;
        let here = self
            .commit
            .reviews
            .iter()
            .filter(|row| row.from_key.as_ref().is_some_and(|key| keys.contains(key)));
        rows.extend(here.cloned());
        self.try_parked(rows)
    }

    fn try_parked(&mut self, mut rows: Vec<ReviewRow>) -> Result<(), AppError> {
        rows.sort_by_key(|row| (row.created_at, row.id));
        rows.dedup_by_key(|row| row.id);
        for row in rows {
            if self.resolved.contains(&row.id) || row.status != "open" {
                continue;
            }
            let Some(parked) = Unparked::of(&row) else {
                continue;
            };
            // Guards against a mail that waits for itself, however it is found again below.
            self.resolved.insert(row.id);
            let silent = std::mem::replace(&mut self.silent, parked.is_imported());
            let effect = self.arrive(&parked.mail, &parked.arrival());
            self.silent = silent;
            let effect = effect?;
            if effect.status == Status::Review {
                self.resolved.remove(&row.id);
                continue;
            }
            self.close_review(row, "placed", &effect)?;
        }
        Ok(())
    }

    pub(crate) fn close_review(
        &mut self,
        mut row: ReviewRow,
        resolution: &str,
        effect: &Effect,
    ) -> Result<ReviewRow, AppError> {
        row.status = "resolved".to_owned();
        row.resolution = Some(resolution.to_owned());
        row.resolved_by = Some(self.actor.text());
        row.resolved_at = Some(self.clock);
        row.conversation_id = effect.conversation.or(row.conversation_id);
        row.lead_id = effect.lead.or(row.lead_id);
        row.message_id = effect.message.or(row.message_id);
        self.resolved.insert(row.id);
        self.commit.reviews.retain(|other| other.id != row.id);
        self.commit
            .review_waits
            .retain(|wait| wait.review_id != row.id);
        self.commit.review_waits_removed.push(row.id);
        if resolution == "discard"
            && let Some(parked) = Unparked::of(&row)
        {
            // Its key stays, so that the same mail coming again does not ask a person again.
            let key = parked.key(self.context);
            self.parked.insert(key.clone(), Some(Parked::Discarded));
            self.commit.review_waits.push(ReviewWaitRow {
                rfc_id: key,
                review_id: row.id,
            });
        }
        // What was parked is a message now, or was discarded: either way it is not kept twice.
        row.body = None;
        self.commit.reviews.push(row.clone());
        if let Some(receipt) = row.receipt_id
            && let Some(receipt) = self.receipt_of(receipt)?
        {
            let change = self.changed(&receipt, effect);
            self.change_receipt(receipt, change);
        }
        self.record_changed(
            "review_resolved",
            row.conversation_id,
            row.lead_id,
            Some(row.id),
        );
        Ok(row)
    }
}
