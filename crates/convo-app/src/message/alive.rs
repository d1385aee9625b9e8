//! Whether an address that bounced is alive after all: judged by own times, whichever is stored first.

use chrono::{DateTime, Utc};
use convo_core::lead::LeadFactKind;
use convo_core::vocabulary::{Author, Kind};
use uuid::Uuid;

use crate::batch::Batch;
use crate::error::AppError;

impl Batch<'_, '_> {
    /// A later human mail from an address lifts its hard bounce; only leads with one are looked at.
    pub(super) fn alive_again(
        &mut self,
        lead: Uuid,
        from: Option<&str>,
        at: DateTime<Utc>,
    ) -> Result<(), AppError> {
        let Some(entry) = self.lead(lead)? else {
            return Ok(());
        };
        let facts = &entry.facts.facts;
        let bounced = facts.contains_key(&LeadFactKind::HardBounce)
            || facts.contains_key(&LeadFactKind::AddressBounce);
        let Some(from) = from.filter(|_| bounced) else {
            return Ok(());
        };
        self.heard_alive(from, at)
    }

    /// Lifts what a mail of that time disproves.
    pub(crate) fn heard_alive(&mut self, address: &str, at: DateTime<Utc>) -> Result<(), AppError> {
        self.lift(address, "hard_bounce", Some(at)).map(|_| ())
    }

    /// Own time of the newest human mail of a lead from an address, those of this batch included.
    pub(crate) fn heard_from(
        &mut self,
        lead: Uuid,
        address_key: &str,
    ) -> Result<Option<DateTime<Utc>>, AppError> {
        let mut newest = self.reader.heard_from(lead, address_key)?;
        for (row, content) in self.commit.messages.iter().zip(&self.commit.contents) {
            let speaks = row.author == Author::Lead.as_str() && row.kind == Kind::Human.as_str();
            let from = content
                .from_address
                .as_deref()
                .map(crate::wire::address_key);
            if speaks && row.lead_id == lead && from.as_deref() == Some(address_key) {
                newest = newest.max(Some(row.at));
            }
        }
        Ok(newest)
    }
}
