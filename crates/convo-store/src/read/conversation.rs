//! Conversations.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::people::{ON_THE_WAY, lead_begins, lead_met, searched};
use super::{Cursor, Reader, at, by_keys, page, texts};
use crate::any::MultiBackend;
use crate::error::StoreResult;
use crate::rows::ConversationRow;
use crate::rows::tables::*;
use crate::sql::{BoundId, BoundMoment};

/// The order of a list of conversations, newest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// By last activity.
    #[default]
    LastActivity,
    /// By creation.
    Created,
}

/// Which conversations to list; conditions left out do not restrict.
#[derive(Debug, Clone, Default)]
pub struct ConversationList {
    /// Wire name of the state.
    pub state: Option<String>,
    /// Wire name of the outcome.
    pub outcome: Option<String>,
    /// The lead.
    pub lead_id: Option<Uuid>,
    /// The owner.
    pub agent_id: Option<Uuid>,
    /// The campaign.
    pub campaign_id: Option<Uuid>,
    /// `us`, `lead` or `nobody`.
    pub awaiting: Option<String>,
    /// The caller's own id.
    pub external_id: Option<String>,
    /// Prefix of the lead's e-mail, first or last name, in any case.
    pub q: Option<String>,
    /// The order.
    pub sort: Sort,
    /// Where to go on; its time is the one of the order.
    pub after: Option<Cursor>,
    /// At most so many.
    pub limit: i64,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = conversations)]
struct OfLead {
    id: Uuid,
    lead_id: Uuid,
}

impl Reader<'_> {
    /// Conversations by id.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn conversations_by_ids(&mut self, ids: &[Uuid]) -> StoreResult<Vec<ConversationRow>> {
        by_keys!(self, conversations, id, ConversationRow, ids, |id| BoundId(
            *id
        ))
    }

    /// The leads of conversations, by conversation; unknown ones are missing.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn leads_of_conversations(&mut self, ids: &[Uuid]) -> StoreResult<HashMap<Uuid, Uuid>> {
        let rows = by_keys!(self, conversations, id, OfLead, ids, |id| BoundId(*id))?;
        Ok(rows.into_iter().map(|row| (row.id, row.lead_id)).collect())
    }

    /// The revision of a conversation.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn conversation_revision(&mut self, id: Uuid) -> StoreResult<Option<i64>> {
        let query = conversations::table
            .filter(conversations::id.eq(BoundId(id)))
            .select(conversations::revision);
        at("conversations", query.first(self.conn).optional())
    }

    /// All conversations of leads, open or not.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn conversations_by_leads(&mut self, leads: &[Uuid]) -> StoreResult<Vec<ConversationRow>> {
        by_keys!(self, conversations, lead_id, ConversationRow, leads, |id| {
            BoundId(*id)
        })
    }

    /// Conversations by the caller's own id.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn conversations_by_external_ids(
        &mut self,
        ids: &[String],
    ) -> StoreResult<Vec<ConversationRow>> {
        by_keys!(
            self,
            conversations,
            external_id,
            ConversationRow,
            &texts(ids),
            |id| Some(*id)
        )
    }

    /// A page of conversations, newest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn conversations(&mut self, list: &ConversationList) -> StoreResult<Vec<ConversationRow>> {
        let codes = [&list.state, &list.outcome, &list.awaiting];
        if codes.into_iter().flatten().any(|code| code.contains('\0')) {
            return Ok(Vec::new());
        }
        let Some(q) = &list.q else {
            let query = self.listed(list)?.select(ConversationRow::as_select());
            return at("conversations", query.limit(list.limit).load(self.conn));
        };
        let Some(range) = searched(q) else {
            return Ok(Vec::new());
        };
        if self.is_common(&range)? {
            let time = match list.sort {
                Sort::LastActivity => self.listed(list)?.select(conversations::last_activity_at),
                Sort::Created => self.listed(list)?.select(conversations::created_at),
            };
            let since = time.offset(ON_THE_WAY).limit(1).first(self.conn);
            let since: Option<DateTime<Utc>> = at("conversations", since.optional())?;
            let mut query = self
                .listed(list)?
                .filter(lead_met!(range, conversations::lead_id));
            if let Some(since) = since.map(BoundMoment) {
                query = match list.sort {
                    Sort::LastActivity => query.filter(conversations::last_activity_at.ge(since)),
                    Sort::Created => query.filter(conversations::created_at.ge(since)),
                };
            }
            let query = query.select(ConversationRow::as_select()).limit(list.limit);
            let rows: Vec<ConversationRow> = at("conversations", query.load(self.conn))?;
            if since.is_none() || rows.len() as i64 >= list.limit {
                return Ok(rows);
            }
            let named = leads::table.filter(lead_begins!(range)).select(leads::id);
            let query = self
                .listed(list)?
                .filter(conversations::lead_id.eq_any(named))
                .select(ConversationRow::as_select());
            return at("conversations", query.limit(list.limit).load(self.conn));
        }
        let Some(named) = self.leads_named(&range)? else {
            return Ok(Vec::new());
        };
        let query = self
            .listed(list)?
            .filter(conversations::lead_id.eq_any(named))
            .select(ConversationRow::as_select());
        at("conversations", query.limit(list.limit).load(self.conn))
    }

    /// What a list shows, in its order, whatever text is looked for.
    fn listed<'q>(
        &mut self,
        list: &'q ConversationList,
    ) -> StoreResult<conversations::BoxedQuery<'q, MultiBackend>> {
        let mut query = conversations::table.into_boxed::<MultiBackend>();
        if let Some(id) = &list.external_id {
            query = match self.answers_to("conversation", id)? {
                Some(found) => query.filter(conversations::id.eq(BoundId(found))),
                None => query.filter(conversations::external_id.eq(Some(id.replace('\0', "")))),
            };
        }
        if let Some(state) = &list.state {
            query = query.filter(conversations::state.eq(state));
        }
        if let Some(outcome) = &list.outcome {
            query = query.filter(conversations::outcome.eq(Some(outcome)));
        }
        if let Some(awaiting) = &list.awaiting {
            query = query.filter(conversations::awaiting.eq(awaiting));
        }
        if let Some(lead) = list.lead_id {
            query = query.filter(conversations::lead_id.eq(BoundId(lead)));
        }
        if let Some(agent) = list.agent_id {
            query = query.filter(conversations::assigned_agent_id.eq(Some(BoundId(agent))));
        }
        if let Some(campaign) = list.campaign_id {
            query = query.filter(conversations::campaign_id.eq(Some(BoundId(campaign))));
        }
        Ok(match list.sort {
            Sort::LastActivity => {
                page!(query, conversations, last_activity_at, list.after, desc)
            }
            Sort::Created => page!(query, conversations, created_at, list.after, desc),
        })
    }
}
