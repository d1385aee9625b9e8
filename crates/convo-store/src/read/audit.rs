//! Audit, metadata and journey.

use diesel::prelude::*;
use uuid::Uuid;

use super::{Reader, at, by_keys};
use crate::error::StoreResult;
use crate::rows::tables::*;
use crate::rows::*;
use crate::sql::BoundId;

impl Reader<'_> {
    /// The accepted events of a conversation after a version, oldest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn transitions_after(
        &mut self,
        conversation: Uuid,
        version: i64,
        limit: i64,
    ) -> StoreResult<Vec<TransitionRow>> {
        let query = conversation_state_transitions::table
            .filter(conversation_state_transitions::conversation_id.eq(BoundId(conversation)))
            .filter(conversation_state_transitions::version.gt(version))
            .select(TransitionRow::as_select())
            .order(conversation_state_transitions::version.asc())
            .limit(limit);
        at("conversation_state_transitions", query.load(self.conn))
    }

    /// All accepted events of conversations, by conversation, oldest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn transitions_by_conversations(
        &mut self,
        ids: &[Uuid],
    ) -> StoreResult<Vec<TransitionRow>> {
        let found: StoreResult<Vec<TransitionRow>> = by_keys!(
            self,
            conversation_state_transitions,
            conversation_id,
            TransitionRow,
            ids,
            |id| BoundId(*id)
        );
        let mut found = found?;
        found.sort_by_key(|row| (row.conversation_id, row.version));
        Ok(found)
    }

    /// Metadata rows by id.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn metadata_by_ids(&mut self, ids: &[Uuid]) -> StoreResult<Vec<MetadataRow>> {
        by_keys!(self, conversation_metadata, id, MetadataRow, ids, |id| {
            BoundId(*id)
        })
    }

    /// All metadata rows of a lead, oldest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn metadata_by_lead(&mut self, lead: Uuid) -> StoreResult<Vec<MetadataRow>> {
        let query = conversation_metadata::table
            .filter(conversation_metadata::lead_id.eq(Some(BoundId(lead))))
            .select(MetadataRow::as_select())
            .order((
                conversation_metadata::created_at.asc(),
                conversation_metadata::id.asc(),
            ));
        at("conversation_metadata", query.load(self.conn))
    }

    /// The newest metadata rows of a kind in a lead's conversation, newest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn newest_metadata(
        &mut self,
        lead: Uuid,
        conversation: Uuid,
        kind: &str,
        limit: i64,
    ) -> StoreResult<Vec<MetadataRow>> {
        let query = conversation_metadata::table
            .filter(conversation_metadata::lead_id.eq(Some(BoundId(lead))))
            .filter(conversation_metadata::conversation_id.eq(Some(BoundId(conversation))))
            .filter(conversation_metadata::kind.eq(kind))
            .select(MetadataRow::as_select())
            .order((
                conversation_metadata::created_at.desc(),
                conversation_metadata::id.desc(),
            ))
            .limit(limit);
        at("conversation_metadata", query.load(self.conn))
    }

    /// The stages leads entered and left, by lead, oldest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn journey_by_leads(&mut self, leads: &[Uuid]) -> StoreResult<Vec<JourneyEventRow>> {
        let found: StoreResult<Vec<JourneyEventRow>> = by_keys!(
            self,
            lead_journey_events,
            lead_id,
            JourneyEventRow,
            leads,
            |id| BoundId(*id)
        );
        let mut found = found?;
        found.sort_by_key(|row| (row.lead_id, row.at, row.id));
        Ok(found)
    }
}
