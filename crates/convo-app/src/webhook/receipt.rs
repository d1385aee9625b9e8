//! Receipts as the batch leaves them: those of the database and those it takes itself.

use convo_store::ReceiptChange;
use convo_store::rows::ReceiptRow;
use uuid::Uuid;

use crate::batch::Batch;
use crate::error::AppError;

impl Batch<'_, '_> {
    /// A receipt with what this batch did to it.
    pub(crate) fn receipt_of(&mut self, id: Uuid) -> Result<Option<ReceiptRow>, AppError> {
        if let Some(row) = self.receipts.get(&id) {
            return Ok(Some(row.clone()));
        }
        if let Some(fresh) = self.commit.receipts.iter().find(|row| row.id == id) {
            return Ok(Some(fresh.clone()));
        }
        Ok(self.reader.receipts_by_ids(&[id])?.pop())
    }

    /// Changes a receipt, and says what it is then.
    pub(crate) fn change_receipt(
        &mut self,
        mut row: ReceiptRow,
        mut change: ReceiptChange,
    ) -> ReceiptRow {
        apply(&mut row, &change);
        let fresh = self.commit.receipts.iter_mut();
        if let Some(fresh) = fresh.into_iter().find(|other| other.id == row.id) {
            fresh.clone_from(&row);
        } else {
            let changes = &mut self.commit.receipts_changed;
            if let Some(at) = changes.iter().position(|other| other.id == row.id) {
                // What it was found to hold stays found.
                let before = changes.remove(at);
                change.reread = change.reread.or(before.reread);
            }
            changes.push(change);
            self.receipts.insert(row.id, row.clone());
        }
        self.wrote();
        row
    }
}

fn apply(row: &mut ReceiptRow, change: &ReceiptChange) {
    row.status.clone_from(&change.status);
    row.attempts = change.attempts;
    row.next_attempt_at = change.next_attempt_at;
    row.error_code.clone_from(&change.error_code);
    row.conversation_id = change.conversation_id;
    row.lead_id = change.lead_id;
    row.campaign_id = change.campaign_id;
    row.message_id = change.message_id;
    row.wait_rfc_id.clone_from(&change.wait_rfc_id);
    row.done_at = change.done_at;
    if let Some(reread) = &change.reread {
        row.kind.clone_from(&reread.kind);
        row.body.clone_from(&reread.body);
        row.address_digest.clone_from(&reread.address_digest);
    }
}
