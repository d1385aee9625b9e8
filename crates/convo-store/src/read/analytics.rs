//! What figures are made of: counts, waits, offers, cohorts, events. All of it by its own time within a span.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use uuid::Uuid;

use super::{Cursor, Reader, at, by_keys, page};
use crate::any::MultiBackend;
use crate::commit::CountKey;
use crate::error::StoreResult;
use crate::rows::tables::*;
use crate::rows::*;
use crate::sql::{BoundId, BoundMoment};

// The words of a partial index, which both databases use only when a query repeats them.
const SENT: &str = "direction = 'outbound' AND kind = 'human' AND NOT note";

/// From a time up to, and without, a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The first instant.
    pub from: DateTime<Utc>,
    /// The first instant after it.
    pub to: DateTime<Utc>,
}

/// Which rows stand behind a figure; conditions left out do not restrict, and `Some(None)` asks for those without.
#[derive(Debug, Clone)]
pub struct FigureList {
    /// Of when.
    pub within: Interval,
    /// Of this campaign, or of none.
    pub campaign: Option<Option<Uuid>>,
    /// Of this agent, or of none.
    pub agent: Option<Option<Uuid>>,
    /// Of leads from there, or from nowhere known.
    pub source: Option<Option<String>>,
    /// Status or figure.
    pub code: Option<String>,
    /// At least this stage, 1–6.
    pub stage: Option<i16>,
    /// Where to go on; its time is the row's own.
    pub after: Option<Cursor>,
    /// At most so many.
    pub limit: i64,
}

/// What figures need of a wait.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = waits)]
pub struct WaitFigures {
    /// Own time of the lead's first unanswered mail.
    pub began_at: DateTime<Utc>,
    /// The campaign.
    pub campaign_id: Option<Uuid>,
    /// Whose it is.
    pub agent_id: Option<Uuid>,
    /// `answered`, `waiting` or `dropped`.
    pub status: String,
    /// Whole minutes.
    pub wall_minutes: Option<i32>,
    /// Whole minutes of these within business hours.
    pub business_minutes: Option<i32>,
}

/// A mail of ours, with its conversation's campaign.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct SentOne {
    /// The message.
    pub id: Uuid,
    /// Its conversation.
    pub conversation_id: Uuid,
    /// Its campaign.
    pub campaign_id: Option<Uuid>,
    /// Its own time.
    pub at: DateTime<Utc>,
    /// JSON of the codes, which say whether it left the house.
    pub codes: String,
}

/// Restricts to a campaign, an agent or a source, or to rows without one.
macro_rules! of {
    ($query:expr, $column:expr, $wanted:expr, $bind:expr) => {
        match $wanted {
            None => $query,
            Some(None) => $query.filter($column.is_null()),
            Some(Some(wanted)) => $query.filter($column.eq(Some($bind(wanted)))),
        }
    };
}

/// Restricts to an interval.
macro_rules! within {
    ($query:expr, $column:expr, $within:expr) => {
        $query
            .filter($column.ge(BoundMoment($within.from)))
            .filter($column.lt(BoundMoment($within.to)))
    };
}

impl Reader<'_> {
    /// Waits of conversations.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn waits_by_conversations(&mut self, ids: &[Uuid]) -> StoreResult<Vec<WaitRow>> {
        by_keys!(self, waits, conversation_id, WaitRow, ids, |id| BoundId(
            *id
        ))
    }

    /// All waits that began within, as figures need them; campaign and agent of the list restrict.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn wait_figures(&mut self, list: &FigureList) -> StoreResult<Vec<WaitFigures>> {
        let query = waits::table
            .select(WaitFigures::as_select())
            .into_boxed::<MultiBackend>();
        let query = within!(query, waits::began_at, list.within);
        let query = of!(query, waits::campaign_id, list.campaign, BoundId);
        let query = of!(query, waits::agent_id, list.agent, BoundId);
        at("waits", query.load(self.conn))
    }

    /// A page of waits, newest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn waits(&mut self, list: &FigureList) -> StoreResult<Vec<WaitRow>> {
        let query = waits::table
            .select(WaitRow::as_select())
            .into_boxed::<MultiBackend>();
        let query = within!(query, waits::began_at, list.within);
        let query = of!(query, waits::campaign_id, list.campaign, BoundId);
        let mut query = of!(query, waits::agent_id, list.agent, BoundId);
        if let Some(status) = &list.code {
            query = query.filter(waits::status.eq(status));
        }
        let query = page!(query, waits, began_at, conversation_id, list.after, desc);
        at("waits", query.limit(list.limit).load(self.conn))
    }

    /// All offers made within; campaign and agent of the list restrict.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn offer_figures(&mut self, list: &FigureList) -> StoreResult<Vec<OfferRow>> {
        let query = handover_offers::table
            .select(OfferRow::as_select())
            .into_boxed::<MultiBackend>();
        let query = within!(query, handover_offers::offered_at, list.within);
        let mut query = of!(query, handover_offers::campaign_id, list.campaign, BoundId);
        if let Some(agent) = list.agent {
            query = query.filter(handover_offers::agent_id.eq(BoundId(agent.unwrap_or_default())));
        }
        at("handover_offers", query.load(self.conn))
    }

    /// A page of offers, newest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn offers(&mut self, list: &FigureList) -> StoreResult<Vec<OfferRow>> {
        let query = handover_offers::table
            .select(OfferRow::as_select())
            .into_boxed::<MultiBackend>();
        let query = within!(query, handover_offers::offered_at, list.within);
        let mut query = of!(query, handover_offers::campaign_id, list.campaign, BoundId);
        if let Some(agent) = list.agent {
            query = query.filter(handover_offers::agent_id.eq(BoundId(agent.unwrap_or_default())));
        }
        if let Some(status) = &list.code {
            query = query.filter(handover_offers::status.eq(status));
        }
        let query = page!(query, handover_offers, offered_at, list.after, desc);
        at("handover_offers", query.limit(list.limit).load(self.conn))
    }

    /// A page of offers by id, for checks.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn offers_after(&mut self, after: Option<Uuid>, limit: i64) -> StoreResult<Vec<OfferRow>> {
        let query = handover_offers::table
            .filter(handover_offers::id.gt(BoundId(after.unwrap_or(Uuid::nil()))))
            .select(OfferRow::as_select())
            .order(handover_offers::id.asc())
            .limit(limit);
        at("handover_offers", query.load(self.conn))
    }

    /// Leads in their cohorts.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn cohorts_by_leads(&mut self, leads: &[Uuid]) -> StoreResult<Vec<CohortRow>> {
        by_keys!(self, cohorts, lead_id, CohortRow, leads, |id| BoundId(*id))
    }

    /// A page of leads in their cohorts, those first written to last at the beginning.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn cohorts(&mut self, list: &FigureList) -> StoreResult<Vec<CohortRow>> {
        let query = cohorts::table
            .select(CohortRow::as_select())
            .into_boxed::<MultiBackend>();
        let query = within!(query, cohorts::first_sent_at, list.within);
        let query = of!(query, cohorts::campaign_id, list.campaign, BoundId);
        let query = of!(query, cohorts::agent_id, list.agent, BoundId);
        let mut query = of!(
            query,
            cohorts::source,
            list.source.clone(),
            std::convert::identity
        );
        if let Some(stage) = list.stage {
            query = query.filter(cohorts::stage.ge(stage));
        }
        let query = page!(query, cohorts, first_sent_at, lead_id, list.after, desc);
        at("cohorts", query.limit(list.limit).load(self.conn))
    }

    /// The counts of these figures within an interval; campaign, agent and source of the list restrict.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn analytics_counts(
        &mut self,
        figures: &[&str],
        list: &FigureList,
    ) -> StoreResult<Vec<CountRow>> {
        let query = analytics_counts::table
            .filter(analytics_counts::figure.eq_any(figures))
            .select(CountRow::as_select())
            .into_boxed::<MultiBackend>();
        let mut query = within!(query, analytics_counts::day, list.within);
        if let Some(campaign) = list.campaign {
            let campaign = BoundId(campaign.unwrap_or_default());
            query = query.filter(analytics_counts::campaign_id.eq(campaign));
        }
        if let Some(agent) = list.agent {
            let agent = BoundId(agent.unwrap_or_default());
            query = query.filter(analytics_counts::agent_id.eq(agent));
        }
        if let Some(source) = &list.source {
            let source = source.as_deref().unwrap_or_default();
            query = query.filter(analytics_counts::source.eq(source));
        }
        at("analytics_counts", query.load(self.conn))
    }

    /// Every count, for checks.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn all_analytics_counts(&mut self) -> StoreResult<BTreeMap<CountKey, i64>> {
        let query = analytics_counts::table.select(CountRow::as_select());
        let rows: Vec<CountRow> = at("analytics_counts", query.load(self.conn))?;
        let keyed = rows.into_iter().map(|row| {
            let key = CountKey {
                figure: row.figure,
                day: row.day,
                campaign_id: row.campaign_id,
                agent_id: row.agent_id,
                source: row.source,
            };
            (key, row.value)
        });
        Ok(keyed.collect())
    }

    /// A page of events counted as `code`, newest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn counted_events(&mut self, list: &FigureList) -> StoreResult<Vec<EmailEventRow>> {
        let query = email_events::table
            .filter(email_events::figure.eq(list.code.as_deref()))
            .select(EmailEventRow::as_select())
            .into_boxed::<MultiBackend>();
        let query = within!(query, email_events::occurred_at, list.within);
        let query = of!(query, email_events::campaign_id, list.campaign, BoundId);
        let query = page!(query, email_events, occurred_at, list.after, desc);
        at("email_events", query.limit(list.limit).load(self.conn))
    }

    /// A page of mails of ours, newest first; those that did not leave the house too.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn sent_ones(&mut self, list: &FigureList) -> StoreResult<Vec<SentOne>> {
        let query = messages::table
            .inner_join(conversations::table.on(conversations::id.eq(messages::conversation_id)))
            .filter(sql::<Bool>(SENT))
            .select((
                messages::id,
                messages::conversation_id,
                conversations::campaign_id,
                messages::at,
                messages::codes,
            ))
            .into_boxed::<MultiBackend>();
        let query = within!(query, messages::at, list.within);
        let query = of!(query, conversations::campaign_id, list.campaign, BoundId);
        let query = page!(query, messages, at, list.after, desc);
        at("messages", query.limit(list.limit).load(self.conn))
    }
}
