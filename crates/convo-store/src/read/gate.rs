//! What the send gate looks at beside the conversations.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use uuid::Uuid;

use super::{Cursor, Reader, at, by_keys, page, texts};
use crate::any::{AnyConn, MultiBackend};
use crate::error::StoreResult;
use crate::rows::tables::*;
use crate::rows::*;
use crate::sql::{BoundId, BoundMoment};

/// A mail of ours to a lead.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = messages)]
pub struct SentMail {
    /// Its id.
    pub id: Uuid,
    /// Its conversation.
    pub conversation_id: Uuid,
    /// The lead.
    pub lead_id: Uuid,
    /// Who wrote it.
    pub author: String,
    /// What kind of mail it is.
    pub kind: String,
    /// Whether it is a note.
    pub note: bool,
    /// JSON of the codes.
    pub codes: String,
    /// Its own time.
    pub at: DateTime<Utc>,
}

/// Loads rows of leads that fulfil a condition too: a statement a lead on SQLite, one over all on PostgreSQL.
macro_rules! of_leads {
    ($reader:expr, $table:ident, $row:ty, $leads:expr, $condition:expr) => {{
        let mut leads = $leads.to_vec();
        leads.sort_unstable();
        leads.dedup();
        let rows: QueryResult<Vec<$row>> = match $reader.conn {
            AnyConn::Sqlite(conn) => {
                let mut rows = Vec::new();
                let mut load = |lead: Uuid| {
                    let one = $table::table
                        .filter($table::lead_id.eq(BoundId(lead)))
                        .filter($condition)
                        .select(<$row>::as_select());
                    one.load::<$row>(conn).map(|found| rows.extend(found))
                };
                let loaded = leads.into_iter().try_for_each(&mut load);
                loaded.map(|()| rows)
            }
            AnyConn::Pg(conn) => $table::table
                .filter($table::lead_id.eq_any(leads.into_iter().map(BoundId)))
                .filter($condition)
                .select(<$row>::as_select())
                .load(conn),
        };
        at(stringify!($table), rows)
    }};
}

impl Reader<'_> {
    /// Leases by id.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn leases_by_ids(&mut self, ids: &[Uuid]) -> StoreResult<Vec<LeaseRow>> {
        by_keys!(self, send_leases, id, LeaseRow, ids, |id| BoundId(*id))
    }

    /// Leases by the Message-ID they answer; those of several leads may answer one.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn leases_by_claims(&mut self, ids: &[String]) -> StoreResult<Vec<LeaseRow>> {
        by_keys!(self, send_leases, claim, LeaseRow, &texts(ids), |id| Some(
            *id
        ))
    }

    /// Leases by the message sent with them.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn leases_by_messages(&mut self, ids: &[Uuid]) -> StoreResult<Vec<LeaseRow>> {
        by_keys!(self, send_leases, message_id, LeaseRow, ids, |id| Some(
            BoundId(*id)
        ))
    }

    /// Unused leases of leads that are good after a time.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn open_leases_by_leads(
        &mut self,
        leads: &[Uuid],
        after: DateTime<Utc>,
    ) -> StoreResult<Vec<LeaseRow>> {
        of_leads!(
            self,
            send_leases,
            LeaseRow,
            leads,
            send_leases::open_until.gt(Some(BoundMoment(after)))
        )
    }

    /// Unused leases of a campaign that are good after a time: their ids and leads.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn open_leases_of_campaign(
        &mut self,
        campaign: Uuid,
        after: DateTime<Utc>,
    ) -> StoreResult<Vec<(Uuid, Uuid)>> {
        let query = send_leases::table
            .filter(send_leases::campaign_id.eq(Some(BoundId(campaign))))
            .filter(send_leases::open_until.gt(Some(BoundMoment(after))))
            .filter(send_leases::purpose.ne("reply"))
            .filter(send_leases::author.ne("agent"))
            .select((send_leases::id, send_leases::lead_id));
        at("send_leases", query.load(self.conn))
    }

    /// Mails of ours to leads after a time, in no order.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn sent_to_leads(
        &mut self,
        leads: &[Uuid],
        after: DateTime<Utc>,
    ) -> StoreResult<Vec<SentMail>> {
        // The condition is written out, so that both databases see that the index of outbound mail has all of it.
        of_leads!(
            self,
            messages,
            SentMail,
            leads,
            messages::at
                .gt(BoundMoment(after))
                .and(sql::<Bool>("direction = 'outbound'"))
        )
    }

    /// How mail fared in the hours from a time on, for scopes.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn reputation(
        &mut self,
        scope: &str,
        from: DateTime<Utc>,
    ) -> StoreResult<Vec<ReputationRow>> {
        let query = reputation::table
            .filter(reputation::scope.eq(scope))
            .filter(reputation::hour.ge(BoundMoment(from)))
            .select(ReputationRow::as_select())
            .order(reputation::hour.asc());
        at("reputation", query.load(self.conn))
    }

    /// Drafts by id.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn drafts_by_ids(&mut self, ids: &[Uuid]) -> StoreResult<Vec<DraftRow>> {
        by_keys!(self, drafts, id, DraftRow, ids, |id| BoundId(*id))
    }

    /// Drafts of leads, decided ones too.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn drafts_by_leads(&mut self, leads: &[Uuid]) -> StoreResult<Vec<DraftRow>> {
        by_keys!(self, drafts, lead_id, DraftRow, leads, |id| BoundId(*id))
    }

    /// A page of drafts that wait, oldest first, of one conversation or of all.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn drafts(
        &mut self,
        conversation: Option<Uuid>,
        after: Option<Cursor>,
        limit: i64,
    ) -> StoreResult<Vec<DraftRow>> {
        let mut query = drafts::table
            .filter(drafts::decided_at.is_null())
            .select(DraftRow::as_select())
            .into_boxed::<MultiBackend>();
        if let Some(conversation) = conversation {
            query = query.filter(drafts::conversation_id.eq(BoundId(conversation)));
        }
        let query = page!(query, drafts, created_at, after, asc);
        at("drafts", query.limit(limit).load(self.conn))
    }
}
