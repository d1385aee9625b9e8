//! Whole tables, page by page in the order of their keys: what is given out as files.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::{Reader, at};
use crate::any::MultiBackend;
use crate::error::StoreResult;
use crate::rows::tables::*;
use crate::rows::*;
use crate::sql::{BoundId, BoundMoment};

/// Which rows are given out; conditions left out do not restrict.
#[derive(Debug, Clone, Default)]
pub struct ExportFilter {
    /// From this time on.
    pub from: Option<DateTime<Utc>>,
    /// Before this time.
    pub to: Option<DateTime<Utc>>,
    /// Of this campaign.
    pub campaign: Option<Uuid>,
    /// Of conversations in this state, by its wire name; leads have none.
    pub state: Option<String>,
}

/// What a message says, without its bytes as they came.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = message_contents)]
pub struct ExportedText {
    /// The message.
    pub message_id: Uuid,
    /// Who wrote it.
    pub from_address: Option<String>,
    /// JSON list of those it went to.
    pub recipients: String,
    /// Its subject.
    pub subject: String,
    /// What the sender wrote: without quotes and signature.
    pub reply_text: String,
    /// The whole text.
    pub text: String,
}

/// How large a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = message_contents)]
pub struct MessageSize {
    /// The message.
    pub message_id: Uuid,
    /// Bytes it came with.
    pub size: i64,
}

/// A page of a table after a key, of the times the filter names.
macro_rules! page_of {
    ($table:ident, $row:ty, $key:ident > $after:expr, $time:ident, $filter:expr, $limit:expr) => {{
        let mut query = $table::table
            .select(<$row>::as_select())
            .filter($table::$key.gt($after))
            .into_boxed::<MultiBackend>();
        if let Some(from) = $filter.from {
            query = query.filter($table::$time.ge(BoundMoment(from)));
        }
        if let Some(to) = $filter.to {
            query = query.filter($table::$time.lt(BoundMoment(to)));
        }
        query.order($table::$key.asc()).limit($limit)
    }};
}

/// Leaves the rows whose conversation is of the campaign and in the state that a filter names.
macro_rules! of_conversations {
    ($query:ident, $column:expr, $filter:expr, $id:expr) => {
        if let Some(campaign) = $filter.campaign {
            let of = conversations::table
                .filter(conversations::campaign_id.eq(Some(BoundId(campaign))))
                .select($id);
            $query = $query.filter($column.eq_any(of));
        }
        if let Some(state) = &$filter.state {
            let of = conversations::table
                .filter(conversations::state.eq(state.clone()))
                .select($id);
            $query = $query.filter($column.eq_any(of));
        }
    };
}

impl Reader<'_> {
    /// Conversations after an id, by when they were made.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn export_conversations(
        &mut self,
        filter: &ExportFilter,
        after: Uuid,
        limit: i64,
    ) -> StoreResult<Vec<ConversationRow>> {
        let mut query = page_of!(
            conversations,
            ConversationRow,
            id > BoundId(after),
            created_at,
            filter,
            limit
        );
        if let Some(campaign) = filter.campaign {
            query = query.filter(conversations::campaign_id.eq(Some(BoundId(campaign))));
        }
        if let Some(state) = &filter.state {
            query = query.filter(conversations::state.eq(state));
        }
        at("conversations", query.load(self.conn))
    }

    /// Leads after an id, by when they were made.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn export_leads(
        &mut self,
        filter: &ExportFilter,
        after: Uuid,
        limit: i64,
    ) -> StoreResult<Vec<LeadRow>> {
        let mut query = page_of!(
            leads,
            LeadRow,
            id > BoundId(after),
            created_at,
            filter,
            limit
        );
        if let Some(campaign) = filter.campaign {
            query = query.filter(leads::campaign_id.eq(Some(BoundId(campaign))));
        }
        at("leads", query.load(self.conn))
    }

    /// Messages after an id, by their own times.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn export_messages(
        &mut self,
        filter: &ExportFilter,
        after: Uuid,
        limit: i64,
    ) -> StoreResult<Vec<MessageRow>> {
        let mut query = page_of!(messages, MessageRow, id > BoundId(after), at, filter, limit);
        let column = messages::conversation_id;
        of_conversations!(query, column, filter, conversations::id);
        at("messages", query.load(self.conn))
    }

    /// How many bytes messages came with, by message: no less than what they say.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn message_sizes(&mut self, messages: &[Uuid]) -> StoreResult<Vec<MessageSize>> {
        super::by_keys!(
            self,
            message_contents,
            message_id,
            MessageSize,
            messages,
            |id| BoundId(*id)
        )
    }

    /// What messages say.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn export_texts(&mut self, messages: &[Uuid]) -> StoreResult<Vec<ExportedText>> {
        super::by_keys!(
            self,
            message_contents,
            message_id,
            ExportedText,
            messages,
            |id| BoundId(*id)
        )
    }

    /// Audit rows after an id, by their times.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn export_transitions(
        &mut self,
        filter: &ExportFilter,
        after: Uuid,
        limit: i64,
    ) -> StoreResult<Vec<TransitionRow>> {
        let mut query = page_of!(
            conversation_state_transitions,
            TransitionRow,
            id > BoundId(after),
            at,
            filter,
            limit
        );
        let column = conversation_state_transitions::conversation_id;
        of_conversations!(query, column, filter, conversations::id);
        at("conversation_state_transitions", query.load(self.conn))
    }

    /// Rows of the event log after a number, by their times.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn export_log(
        &mut self,
        filter: &ExportFilter,
        after: i64,
        limit: i64,
    ) -> StoreResult<Vec<LogRow>> {
        let mut query = page_of!(event_log, LogRow, seq > after, at, filter, limit);
        let column = event_log::conversation_id;
        of_conversations!(query, column, filter, conversations::id.nullable());
        at("event_log", query.load(self.conn))
    }
}
