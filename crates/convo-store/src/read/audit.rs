//! Audit, metadata and journey.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::{Reader, at, by_keys};
use crate::any::AnyConn;
use crate::error::StoreResult;
use crate::rows::tables::*;
use crate::rows::*;
use crate::sql::BoundId;

/// What an accepted event did to the state.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = conversation_state_transitions)]
pub struct StepRow {
    /// The conversation's version after it.
    pub version: i64,
    /// State before.
    pub from_state: String,
    /// State after.
    pub to_state: String,
    /// Wire name of the event.
    pub event: String,
    /// When it happened.
    pub at: DateTime<Utc>,
}

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

    /// Accepted events by conversation and version; there may be others of the same conversations among them.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn transitions_by_versions(
        &mut self,
        keys: &[(Uuid, i64)],
    ) -> StoreResult<Vec<TransitionRow>> {
        use conversation_state_transitions::{conversation_id, table, version};
        let rows = match self.conn {
            AnyConn::Sqlite(conn) => {
                let mut rows = Vec::with_capacity(keys.len());
                let loaded = keys.iter().try_for_each(|(conversation, number)| {
                    let one = table
                        .filter(conversation_id.eq(BoundId(*conversation)))
                        .filter(version.eq(number))
                        .select(TransitionRow::as_select());
                    one.load(conn).map(|found| rows.extend(found))
                });
                loaded.map(|()| rows)
            }
            AnyConn::Pg(_) if keys.is_empty() => Ok(Vec::new()),
            AnyConn::Pg(conn) => {
                let mut ids: Vec<Uuid> = keys.iter().map(|(id, _)| *id).collect();
                let mut versions: Vec<i64> = keys.iter().map(|(_, number)| *number).collect();
                ids.sort_unstable();
                ids.dedup();
                versions.sort_unstable();
                versions.dedup();
                table
                    .filter(conversation_id.eq_any(ids.into_iter().map(BoundId)))
                    .filter(version.eq_any(versions))
                    .select(TransitionRow::as_select())
                    .load(conn)
            }
        };
        at("conversation_state_transitions", rows)
    }

    /// The versions that a conversation's audit tells of, in order.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn audit_versions(&mut self, conversation: Uuid) -> StoreResult<Vec<i64>> {
        let query = conversation_state_transitions::table
            .filter(conversation_state_transitions::conversation_id.eq(BoundId(conversation)))
            .select(conversation_state_transitions::version)
            .order(conversation_state_transitions::version.asc());
        at("conversation_state_transitions", query.load(self.conn))
    }

    /// Accepted events that are not chained and come after the last chained one of their conversation, by
    /// conversation, oldest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn unchained_transitions(&mut self, limit: i64) -> StoreResult<Vec<TransitionRow>> {
        use conversation_state_transitions::{conversation_id, digest, table, version};
        let query = table
            .inner_join(conversations::table.on(conversations::id.eq(conversation_id)))
            .filter(digest.is_null())
            .filter(version.gt(conversations::audit_version))
            .select(TransitionRow::as_select())
            .order((conversation_id.asc(), version.asc()))
            .limit(limit);
        at("conversation_state_transitions", query.load(self.conn))
    }

    /// What the accepted events of a conversation after a version did, oldest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn steps_after(
        &mut self,
        conversation: Uuid,
        version: i64,
        limit: i64,
    ) -> StoreResult<Vec<StepRow>> {
        let query = conversation_state_transitions::table
            .filter(conversation_state_transitions::conversation_id.eq(BoundId(conversation)))
            .filter(conversation_state_transitions::version.gt(version))
            .select(StepRow::as_select())
            .order(conversation_state_transitions::version.asc())
            .limit(limit);
        at("conversation_state_transitions", query.load(self.conn))
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
