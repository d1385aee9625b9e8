//! Leads by our first mail to them, with how far they came.

use std::collections::BTreeSet;

use convo_core::tally::Mark;
use convo_store::CountKey;
use convo_store::rows::CohortRow;
use uuid::Uuid;

use super::week_of;
use crate::batch::{Batch, ConversationEntry, Touched};
use crate::error::AppError;

/// What a conversation says of its lead's cohort.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cohort {
    /// Our first mail in it.
    pub first: Mark<Uuid>,
    /// The conversation.
    pub conversation: Uuid,
    /// Its campaign.
    pub campaign: Option<Uuid>,
    /// Its owner.
    pub agent: Option<Uuid>,
}

/// The row of a lead: of all its conversations the one with our first mail decides; none when we never wrote.
pub(crate) fn cohort(
    lead: Uuid,
    source: Option<&str>,
    highest: Option<i16>,
    conversations: impl Iterator<Item = Cohort>,
) -> Option<CohortRow> {
    let first = conversations.min_by(|a, b| a.first.cmp(&b.first))?;
    Some(CohortRow {
        lead_id: lead,
        conversation_id: first.conversation,
        campaign_id: first.campaign,
        agent_id: first.agent,
        source: source
            .filter(|source| !source.is_empty())
            .map(str::to_owned),
        first_sent_at: first.first.at,
        stage: highest.unwrap_or(0),
    })
}

/// What a lead in its cohort is counted as.
pub(crate) fn counted_as(row: &CohortRow) -> CountKey {
    CountKey {
        figure: format!("stage:{}", row.stage),
        day: week_of(row.first_sent_at),
        campaign_id: row.campaign_id.unwrap_or_default(),
        agent_id: row.agent_id.unwrap_or_default(),
        source: row.source.clone().unwrap_or_default(),
    }
}

impl ConversationEntry {
    /// What it said of its lead's cohort when it was loaded, and what it says now.
    fn cohorts(&self) -> [Option<Cohort>; 2] {
        let of = |first: Option<&Mark<Uuid>>, agent: Option<Uuid>| {
            first.map(|first| Cohort {
                first: first.clone(),
                conversation: self.row.id,
                campaign: self.row.campaign_id,
                agent,
            })
        };
        let stored = self.first_sent.as_ref().filter(|_| self.stored.is_some());
        let now = self.facts.tally.first_sent.as_ref();
        [of(stored, self.owner), of(now, self.facts.agent)]
    }
}

impl Batch<'_, '_> {
    /// Writes the rows and counts of leads whose cohort, stage or source is another than when they were loaded.
    pub(super) fn seal_cohorts(&mut self) -> Result<(), AppError> {
        let mut leads = BTreeSet::new();
        for entry in self.conversations.values().flatten() {
            let [before, after] = entry.cohorts();
            if entry.touched != Touched::No && before != after {
                leads.insert(entry.row.lead_id);
            }
        }
        for entry in self.leads.values().flatten() {
            let highest = entry.facts.journey.highest;
            let highest = highest.map(|stage| i16::from(stage.order()));
            let moved = (entry.before, &entry.source) != (highest, &entry.row.source);
            if entry.touched != Touched::No && moved {
                leads.insert(entry.row.id);
            }
        }
        for lead in leads {
            self.seal_cohort(lead)?;
        }
        Ok(())
    }

    fn seal_cohort(&mut self, lead: Uuid) -> Result<(), AppError> {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for id in self.conversations_of(lead)? {
            if let Some(entry) = self.conversation(id)? {
                let [was, is] = entry.cohorts();
                before.extend(was);
                after.extend(is);
            }
        }
        let Some(entry) = self.lead(lead)? else {
            return Ok(());
        };
        let highest = entry.facts.journey.highest;
        let highest = highest.map(|stage| i16::from(stage.order()));
        let was = cohort(
            lead,
            entry.source.as_deref(),
            entry.before,
            before.into_iter(),
        );
        let is = cohort(
            lead,
            entry.row.source.as_deref(),
            highest,
            after.into_iter(),
        );
        if was == is {
            return Ok(());
        }
        if let Some(was) = &was {
            self.tally(counted_as(was), -1);
        }
        match is {
            Some(is) => {
                self.tally(counted_as(&is), 1);
                self.commit.cohorts.push(is);
            }
            None => self.commit.cohorts_removed.push(lead),
        }
        Ok(())
    }
}
