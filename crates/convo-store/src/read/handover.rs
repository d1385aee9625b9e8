//! Offers, whose turn it is, and conversations that wait for an agent.

use std::collections::HashMap;

use diesel::dsl::{count_star, sql};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use uuid::Uuid;

use super::{Cursor, Reader, at, by_keys, page, texts};
use crate::any::MultiBackend;
use crate::error::StoreResult;
use crate::rows::tables::*;
use crate::rows::*;
use crate::sql::{BoundId, BoundMoment};

// The words of partial indexes, which both databases use only when a query repeats them.
const OFFER_OPEN: &str = "status = 'open'";
const CONVERSATION_OPEN: &str = "state NOT IN ('CLOSED', 'ARCHIVED')";

impl Reader<'_> {
    /// Offers by id.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn offers_by_ids(&mut self, ids: &[Uuid]) -> StoreResult<Vec<OfferRow>> {
        by_keys!(self, handover_offers, id, OfferRow, ids, |id| BoundId(*id))
    }

    /// A page of an agent's open offers, oldest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn open_offers(
        &mut self,
        agent: Uuid,
        after: Option<Cursor>,
        limit: i64,
    ) -> StoreResult<Vec<OfferRow>> {
        let query = handover_offers::table
            .filter(handover_offers::agent_id.eq(BoundId(agent)))
            .filter(sql::<Bool>(OFFER_OPEN))
            .select(OfferRow::as_select())
            .into_boxed::<MultiBackend>();
        let query = page!(query, handover_offers, offered_at, after, asc);
        at("handover_offers", query.limit(limit).load(self.conn))
    }

    /// How many offers are open, by agent.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn open_offer_counts(&mut self) -> StoreResult<HashMap<Uuid, i64>> {
        let query = handover_offers::table
            .filter(sql::<Bool>(OFFER_OPEN))
            .group_by(handover_offers::agent_id)
            .select((handover_offers::agent_id, count_star()));
        let rows: Vec<(Uuid, i64)> = at("handover_offers", query.load(self.conn))?;
        Ok(rows.into_iter().collect())
    }

    /// A page of all open offers by id.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn open_offers_after(
        &mut self,
        after: Option<Uuid>,
        limit: i64,
    ) -> StoreResult<Vec<OfferRow>> {
        let query = handover_offers::table
            .filter(handover_offers::id.gt(BoundId(after.unwrap_or(Uuid::nil()))))
            .filter(sql::<Bool>(OFFER_OPEN))
            .select(OfferRow::as_select())
            .order(handover_offers::id.asc())
            .limit(limit);
        at("handover_offers", query.load(self.conn))
    }

    /// Whose turn it is, of these agents; one who was never asked is missing.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn agent_turns(&mut self, agents: &[Uuid]) -> StoreResult<Vec<AgentTurnRow>> {
        by_keys!(self, agent_turns, agent_id, AgentTurnRow, agents, |id| {
            BoundId(*id)
        })
    }

    /// Agents who may be given work, by id.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn active_agents(&mut self, limit: i64) -> StoreResult<Vec<AgentRow>> {
        let query = agents::table
            .filter(agents::active.eq(true))
            .select(AgentRow::as_select())
            .order(agents::id.asc())
            .limit(limit);
        at("agents", query.load(self.conn))
    }

    /// Counters by name; one that was never counted is missing.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn counters_by_names(&mut self, names: &[String]) -> StoreResult<Vec<CounterRow>> {
        by_keys!(self, counters, name, CounterRow, &texts(names), |name| {
            *name
        })
    }

    /// Conversations that wait for an agent without an open offer, the longest waiting first; from a place in the queue
    /// on, that one included.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn queued_conversations(
        &mut self,
        from: Option<Cursor>,
        limit: i64,
    ) -> StoreResult<Vec<Uuid>> {
        let mut query = conversations::table
            .filter(conversations::queued_since.is_not_null())
            .select(conversations::id)
            .order((conversations::queued_since.asc(), conversations::id.asc()))
            .limit(limit)
            .into_boxed::<MultiBackend>();
        if let Some(from) = from {
            let since = BoundMoment(from.at);
            let there = conversations::queued_since
                .eq(since)
                .and(conversations::id.ge(BoundId(from.id)));
            query = query
                .filter(conversations::queued_since.ge(since))
                .filter(conversations::queued_since.gt(since).or(there));
        }
        at("conversations", query.load(self.conn))
    }

    /// A page of the ids of the open conversations that an agent owns, in their order.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn owned_conversations(
        &mut self,
        agent: Uuid,
        after: Option<Uuid>,
        limit: i64,
    ) -> StoreResult<Vec<Uuid>> {
        let query = conversations::table
            .filter(conversations::assigned_agent_id.eq(Some(BoundId(agent))))
            .filter(sql::<Bool>(CONVERSATION_OPEN))
            .filter(conversations::id.gt(BoundId(after.unwrap_or(Uuid::nil()))))
            .select(conversations::id)
            .order(conversations::id.asc())
            .limit(limit);
        at("conversations", query.load(self.conn))
    }
}
