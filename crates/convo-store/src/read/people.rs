//! Leads, agents, campaigns and policies.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::{Cursor, Reader, at, by_keys, page, prefix_range, texts};
use crate::any::MultiBackend;
use crate::error::StoreResult;
use crate::rows::tables::*;
use crate::rows::*;
use crate::sql::{BoundId, BoundMoment};

/// Which leads to list, newest first.
#[derive(Debug, Clone, Default)]
pub struct LeadList {
    /// Prefix of the e-mail, first or last name, in any case.
    pub q: Option<String>,
    /// Current stage, 1–6.
    pub stage: Option<i16>,
    /// The caller's own id.
    pub external_id: Option<String>,
    /// Sort time is the creation.
    pub after: Option<Cursor>,
    /// At most so many.
    pub limit: i64,
}

/// The condition that a lead's e-mail, first or last name is in the range of a search text.
macro_rules! lead_begins {
    ($range:expr) => {
        $crate::read::people::lead_begins!(
            $range,
            leads::email_key,
            leads::first_key,
            leads::last_key
        )
    };
    ($range:expr, $email:expr, $first:expr, $last:expr) => {{
        let (low, high) = $range.clone();
        $email
            .ge(low.clone())
            .and($email.lt(high.clone()))
            .nullable()
            .or($first
                .ge(Some(low.clone()))
                .and($first.lt(Some(high.clone()))))
            .or($last.ge(Some(low)).and($last.lt(Some(high))))
    }};
}
pub(super) use lead_begins;

/// The same condition on a row that was come to by another order: no index may be taken for it.
macro_rules! lead_met {
    ($range:expr, $lead:expr) => {{
        let met = diesel::alias!(leads as met);
        met.filter(met.field(leads::id).eq($lead))
            .select($crate::read::people::lead_begins!(
                $range,
                met.field(leads::email_key),
                met.field(leads::first_key),
                met.field(leads::last_key)
            ))
            .single_value()
    }};
}
pub(super) use lead_met;

/// Leads that are looked up by their names; a name of more is met often enough among the newest rows.
const FEW: i64 = 1_000;
/// Rows in which a common name is looked for before all that have it are.
pub(super) const ON_THE_WAY: i64 = 10_000;

impl Reader<'_> {
    /// Leads by id.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn leads_by_ids(&mut self, ids: &[Uuid]) -> StoreResult<Vec<LeadRow>> {
        by_keys!(self, leads, id, LeadRow, ids, |id| BoundId(*id))
    }

    /// Leads by the caller's own ids.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn leads_by_external_ids(&mut self, ids: &[String]) -> StoreResult<Vec<LeadRow>> {
        by_keys!(self, leads, external_id, LeadRow, &texts(ids), |id| Some(
            *id
        ))
    }

    /// Ids of other systems that records answer to beside their own external ids.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn external_ids(&mut self, ids: &[String]) -> StoreResult<Vec<ExternalIdRow>> {
        by_keys!(
            self,
            external_ids,
            external_id,
            ExternalIdRow,
            &texts(ids),
            |id| *id
        )
    }

    /// Ids of other systems that a lead and its conversations answer to.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn external_ids_by_leads(&mut self, leads: &[Uuid]) -> StoreResult<Vec<ExternalIdRow>> {
        by_keys!(self, external_ids, lead_id, ExternalIdRow, leads, |id| {
            BoundId(*id)
        })
    }

    /// Addresses by key; each names its lead.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn lead_addresses_by_keys(&mut self, keys: &[String]) -> StoreResult<Vec<LeadAddressRow>> {
        by_keys!(
            self,
            lead_addresses,
            address_key,
            LeadAddressRow,
            &texts(keys),
            |key| *key
        )
    }

    /// All addresses of leads.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn lead_addresses_by_leads(&mut self, leads: &[Uuid]) -> StoreResult<Vec<LeadAddressRow>> {
        by_keys!(self, lead_addresses, lead_id, LeadAddressRow, leads, |id| {
            BoundId(*id)
        })
    }

    /// A page of leads, newest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn leads(&mut self, list: &LeadList) -> StoreResult<Vec<LeadRow>> {
        let Some(q) = &list.q else {
            let query = self.listed_leads(list)?.select(LeadRow::as_select());
            return at("leads", query.limit(list.limit).load(self.conn));
        };
        let Some(range) = searched(q) else {
            return Ok(Vec::new());
        };
        if self.is_common(&range)? {
            let time = self.listed_leads(list)?.select(leads::created_at);
            let since = time.offset(ON_THE_WAY).limit(1).first(self.conn);
            let since: Option<DateTime<Utc>> = at("leads", since.optional())?;
            let mut query = self.listed_leads(list)?.filter(lead_met!(range, leads::id));
            if let Some(since) = since {
                query = query.filter(leads::created_at.ge(BoundMoment(since)));
            }
            let query = query.select(LeadRow::as_select()).limit(list.limit);
            let rows: Vec<LeadRow> = at("leads", query.load(self.conn))?;
            if since.is_none() || rows.len() as i64 >= list.limit {
                return Ok(rows);
            }
            let query = self.listed_leads(list)?.filter(lead_begins!(range));
            let query = query.select(LeadRow::as_select()).limit(list.limit);
            return at("leads", query.load(self.conn));
        }
        let Some(named) = self.leads_named(&range)? else {
            return Ok(Vec::new());
        };
        let query = self.listed_leads(list)?.filter(leads::id.eq_any(named));
        let query = query.select(LeadRow::as_select()).limit(list.limit);
        at("leads", query.load(self.conn))
    }

    /// What a list of leads shows, in its order, whatever text is looked for.
    fn listed_leads<'q>(
        &mut self,
        list: &'q LeadList,
    ) -> StoreResult<leads::BoxedQuery<'q, MultiBackend>> {
        let mut query = leads::table.into_boxed::<MultiBackend>();
        if let Some(stage) = list.stage {
            query = query.filter(leads::current_stage.eq(Some(stage)));
        }
        if let Some(id) = &list.external_id {
            query = match self.answers_to("lead", id)? {
                Some(lead) => query.filter(leads::id.eq(BoundId(lead))),
                None => query.filter(leads::external_id.eq(Some(id.replace('\0', "")))),
            };
        }
        query = query.filter(leads::erased_at.is_null());
        Ok(page!(query, leads, created_at, list.after, desc))
    }

    /// The leads of a name that few have; none instead of an empty list. They are asked for by themselves: a planner that
    /// takes them for many would walk all rows in the order of the list to find them.
    pub(super) fn leads_named(&mut self, range: &Range) -> StoreResult<Option<Vec<BoundId>>> {
        let query = leads::table.filter(lead_begins!(range)).select(leads::id);
        let ids: Vec<Uuid> = at("leads", query.load(self.conn))?;
        let named = ids.into_iter().map(BoundId).collect::<Vec<_>>();
        Ok((!named.is_empty()).then_some(named))
    }

    /// Whether more leads than are looked up one by one have such an e-mail, first or last name.
    pub(super) fn is_common(&mut self, range: &Range) -> StoreResult<bool> {
        let (low, high) = range.clone();
        macro_rules! many {
            ($column:ident, $low:expr, $high:expr) => {{
                let named = leads::$column.ge($low).and(leads::$column.lt($high));
                let query = leads::table.filter(named).select(leads::id);
                let past = query.offset(FEW).limit(1).first::<Uuid>(self.conn);
                at("leads", past.optional())?.is_some()
            }};
        }
        Ok(many!(first_key, Some(low.clone()), Some(high.clone()))
            || many!(last_key, Some(low.clone()), Some(high.clone()))
            || many!(email_key, low, high))
    }

    /// The record of a kind that answers to an id which is not its own external id.
    pub(super) fn answers_to(&mut self, kind: &str, id: &str) -> StoreResult<Option<Uuid>> {
        let rows = self.external_ids(&[id.to_owned()])?;
        let row = rows.into_iter().find(|row| row.kind == kind);
        Ok(row.map(|row| row.record_id))
    }

    /// Agents by id.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn agents_by_ids(&mut self, ids: &[Uuid]) -> StoreResult<Vec<AgentRow>> {
        by_keys!(self, agents, id, AgentRow, ids, |id| BoundId(*id))
    }

    /// Agents by the caller's own ids.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn agents_by_external_ids(&mut self, ids: &[String]) -> StoreResult<Vec<AgentRow>> {
        by_keys!(self, agents, external_id, AgentRow, &texts(ids), |id| Some(
            *id
        ))
    }

    /// Agents' addresses by key; each names its agent.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn agent_addresses_by_keys(
        &mut self,
        keys: &[String],
    ) -> StoreResult<Vec<AgentAddressRow>> {
        by_keys!(
            self,
            agent_addresses,
            address_key,
            AgentAddressRow,
            &texts(keys),
            |key| *key
        )
    }

    /// All addresses of agents.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn agent_addresses_by_agents(&mut self, ids: &[Uuid]) -> StoreResult<Vec<AgentAddressRow>> {
        by_keys!(
            self,
            agent_addresses,
            agent_id,
            AgentAddressRow,
            ids,
            |id| BoundId(*id)
        )
    }

    /// A page of agents, newest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn agents(&mut self, after: Option<Cursor>, limit: i64) -> StoreResult<Vec<AgentRow>> {
        let query = agents::table
            .select(AgentRow::as_select())
            .into_boxed::<MultiBackend>();
        let query = page!(query, agents, created_at, after, desc);
        at("agents", query.limit(limit).load(self.conn))
    }

    /// Campaigns by id.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn campaigns_by_ids(&mut self, ids: &[Uuid]) -> StoreResult<Vec<CampaignRow>> {
        by_keys!(self, campaigns, id, CampaignRow, ids, |id| BoundId(*id))
    }

    /// Campaigns by the caller's own ids.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn campaigns_by_external_ids(&mut self, ids: &[String]) -> StoreResult<Vec<CampaignRow>> {
        by_keys!(
            self,
            campaigns,
            external_id,
            CampaignRow,
            &texts(ids),
            |id| Some(*id)
        )
    }

    /// A page of campaigns, newest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn campaigns(
        &mut self,
        after: Option<Cursor>,
        limit: i64,
    ) -> StoreResult<Vec<CampaignRow>> {
        let query = campaigns::table
            .select(CampaignRow::as_select())
            .into_boxed::<MultiBackend>();
        let query = page!(query, campaigns, created_at, after, desc);
        at("campaigns", query.limit(limit).load(self.conn))
    }

    /// The newest version of the policy of a campaign, or of the default one.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn newest_policy(&mut self, campaign: Option<Uuid>) -> StoreResult<Option<PolicyRow>> {
        let newest = || {
            policies::table
                .select(PolicyRow::as_select())
                .order(policies::version.desc())
        };
        let row = match campaign {
            Some(id) => newest()
                .filter(policies::campaign_id.eq(Some(BoundId(id))))
                .first(self.conn),
            None => newest()
                .filter(policies::campaign_id.is_null())
                .first(self.conn),
        };
        at("policies", row.optional())
    }

    /// The newest version of the policy of each campaign that has one, by campaign.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn newest_policies_of_campaigns(&mut self) -> StoreResult<Vec<PolicyRow>> {
        let newest = policies::table
            .filter(policies::campaign_id.is_not_null())
            .group_by(policies::campaign_id)
            .select(diesel::dsl::max(policies::version));
        let newest: Vec<Option<i64>> = at("policies", newest.load(self.conn))?;
        let versions: Vec<i64> = newest.into_iter().flatten().collect();
        let mut rows: Vec<PolicyRow> = Vec::with_capacity(versions.len());
        for chunk in versions.chunks(500) {
            let of = policies::version.eq_any(chunk.to_vec());
            let query = policies::table.filter(of).select(PolicyRow::as_select());
            rows.extend(at("policies", query.load::<PolicyRow>(self.conn))?);
        }
        rows.sort_by_key(|row| row.campaign_id);
        Ok(rows)
    }

    /// The highest version of any policy, 0 without one.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn last_policy_version(&mut self) -> StoreResult<i64> {
        let last = policies::table.select(diesel::dsl::max(policies::version));
        let last = at("policies", last.first::<Option<i64>>(self.conn))?;
        Ok(last.unwrap_or(0))
    }
}

/// The half-open range of keys that begin with a search text.
pub(super) type Range = (String, String);

/// The range of a search text; none if nothing can match.
pub(super) fn searched(q: &str) -> Option<Range> {
    let q = q.trim().to_lowercase();
    if q.contains('\0') {
        None
    } else {
        prefix_range(&q)
    }
}
