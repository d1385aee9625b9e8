//! The end of a batch: aggregates back into rows, and the counters that follow from both.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use convo_core::conversation::Conversation;
use convo_core::lead::Lead;
use convo_core::scoring::{ScoreInput, scores};
use convo_core::vocabulary::{Outcome, Stage};
use convo_store::rows::{AgentRow, CampaignRow, ConversationRow, LeadRow, SuppressionRow};
use convo_store::{Commit, Put};
use uuid::Uuid;

use super::{Batch, Touched};
use crate::effects::signed;
use crate::error::AppError;
use crate::handover::owned_counter;

/// What a conversation adds to the overview's counters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counted(Vec<(String, i64)>);

impl Counted {
    /// The shares of one conversation; the same function counts again for `verify`.
    pub fn of(row: &ConversationRow, facts: &Conversation<Uuid>) -> Self {
        let open = facts.state.is_open();
        let handed_over = row.ever_handed_over;
        let won = handed_over && facts.outcome == Some(Outcome::Won);
        let ours = &facts.tally.our_latency;
        let owner = facts.agent.filter(|_| facts.is_owned());
        let mut shares = vec![
            ("conversations".to_owned(), 1),
            (format!("state:{}", facts.state.as_str()), 1),
            (
                format!("active:{}", row.last_activity_at.format("%Y-%m-%d")),
                1,
            ),
            ("open".to_owned(), i64::from(open)),
            (
                "open_engagement".to_owned(),
                if open { i64::from(row.engagement) } else { 0 },
            ),
            ("handed_over".to_owned(), i64::from(handed_over)),
            ("won".to_owned(), i64::from(won)),
            ("our_responses".to_owned(), i64::from(ours.count)),
            ("our_response_ms".to_owned(), ours.sum_ms),
        ];
        shares.extend(owner.map(|agent| (owned_counter(agent), 1)));
        Self(shares)
    }

    /// The shares with their names.
    pub fn shares(&self) -> impl Iterator<Item = (&str, i64)> {
        self.0.iter().map(|(name, share)| (name.as_str(), *share))
    }
}

impl Batch<'_, '_> {
    /// Everything the batch changed, as one value to be written.
    ///
    /// # Errors
    /// A fault when an aggregate cannot be written.
    pub fn into_commit(mut self) -> Result<Commit, AppError> {
        self.seal_analytics()?;
        self.seal_checked()?;
        self.seal_conversations()?;
        self.seal_leads()?;
        for (key, due) in self.timers {
            match due {
                Some(due) => self.commit.timers.push(key.row(due)),
                None => self.commit.timers_removed.push(key.stored()),
            }
        }
        Ok(self.commit)
    }

    /// Timers of conversations that have not changed themselves: only their rows may say otherwise.
    fn seal_checked(&mut self) -> Result<(), AppError> {
        let entries = self.conversations.values().flatten();
        let checked: Vec<Uuid> = entries
            .filter(|entry| entry.check_timers && entry.touched == Touched::No)
            .map(|entry| entry.row.id)
            .collect();
        for id in checked {
            if let Some(Some(entry)) = self.conversations.remove(&id) {
                let policy = self.policy(entry.row.campaign_id)?;
                self.seal_timers(&entry, &policy.policy)?;
            }
        }
        Ok(())
    }

    fn seal_conversations(&mut self) -> Result<(), AppError> {
        let mut dirty: Vec<Uuid> = self
            .conversations
            .values()
            .flatten()
            .filter(|entry| entry.touched != Touched::No)
            .map(|entry| entry.row.id)
            .collect();
        // One order for every writer, so that two of them never wait for each other.
        dirty.sort_unstable();
        for id in dirty {
            let Some(Some(mut entry)) = self.conversations.remove(&id) else {
                continue;
            };
            let policy = Arc::clone(&self.policy(entry.row.campaign_id)?);
            let lead = self
                .lead(entry.row.lead_id)?
                .ok_or_else(|| AppError::Fault("a lead is missing".to_owned()))?;
            let now = scores(
                &ScoreInput::of(&entry.facts, &lead.facts),
                &policy.policy,
                entry.row.updated_at,
            );
            if entry.begins {
                entry.facts.begin_clocks(&policy.policy, self.clock);
            }
            self.seal_timers(&entry, &policy.policy)?;
            let (row, facts) = (&mut entry.row, &entry.facts);
            let settled = entry.touched == Touched::Facts && is_settled(row, facts);
            if !settled {
                fill_seldom(row, facts);
            }
            fill_busy(row, facts);
            row.engagement = i16::from(now.engagement);
            row.readiness = i16::from(now.readiness);
            row.qualification = i16::from(now.qualification);
            row.facts =
                serde_json::to_string(facts).map_err(|error| AppError::Fault(error.to_string()))?;
            let after = Counted::of(row, facts);
            let stored = entry.stored;
            for (name, share) in entry.before.0 {
                if stored.is_some() {
                    self.commit.count(name, -share);
                }
            }
            for (name, share) in after.0 {
                self.commit.count(name, share);
            }
            self.commit.conversations.push(Put {
                row: entry.row,
                expected: stored,
                busy_only: settled,
            });
        }
        self.commit.counters.retain(|_, by| *by != 0);
        Ok(())
    }

    fn seal_leads(&mut self) -> Result<(), AppError> {
        let mut dirty: Vec<Uuid> = self
            .leads
            .values()
            .flatten()
            .filter(|entry| entry.touched != Touched::No)
            .map(|entry| entry.row.id)
            .collect();
        dirty.sort_unstable();
        for id in dirty {
            let Some(Some(mut entry)) = self.leads.remove(&id) else {
                continue;
            };
            fill_lead(&mut entry.row, &entry.facts);
            entry.row.facts = serde_json::to_string(&entry.facts)
                .map_err(|error| AppError::Fault(error.to_string()))?;
            if entry.before != entry.row.highest_stage {
                if let Some(stage) = entry.before {
                    self.commit.count(format!("stage:{stage}"), -1);
                }
                if let Some(stage) = entry.row.highest_stage {
                    self.commit.count(format!("stage:{stage}"), 1);
                }
            }
            self.commit.leads.push(Put {
                row: entry.row,
                expected: entry.stored,
                busy_only: entry.touched == Touched::Facts,
            });
        }
        Ok(())
    }

    /// Puts an agent once: a second change in one batch replaces the first.
    pub(crate) fn put_agent(&mut self, put: Put<AgentRow>) {
        let before = self
            .commit
            .agents
            .iter()
            .position(|other| other.row.id == put.row.id);
        let expected = before.map_or(put.expected, |at| self.commit.agents.remove(at).expected);
        self.commit.agents.push(Put { expected, ..put });
        self.wrote();
    }

    /// Puts a campaign once.
    pub(crate) fn put_campaign(&mut self, put: Put<CampaignRow>) {
        let before = self
            .commit
            .campaigns
            .iter()
            .position(|other| other.row.id == put.row.id);
        let expected = before.map_or(put.expected, |at| self.commit.campaigns.remove(at).expected);
        self.commit.campaigns.push(Put { expected, ..put });
        self.lexicons.clear();
        self.wrote();
    }

    /// Puts a suppression once.
    pub(crate) fn put_suppression(&mut self, row: SuppressionRow) {
        self.commit.suppressions.retain(|other| other.id != row.id);
        self.commit.suppressions.push(row);
        self.wrote();
    }
}

/// The columns that seldom change, as the facts say them.
pub(crate) fn fill_seldom(row: &mut ConversationRow, facts: &Conversation<Uuid>) {
    row.state = facts.state.as_str().to_owned();
    row.assigned_agent_id = facts.agent;
    row.outcome = facts.outcome.map(|outcome| outcome.as_str().to_owned());
    row.follow_up_at = facts.follow_up_at;
    row.held = !facts.holds.is_empty();
    row.closed_at = facts.closed_at;
    row.ever_handed_over = facts.handover.handed_over_at.is_some();
    row.integration = integration(facts);
    row.queued_since = queued_since(facts);
}

/// The columns that change all the time, as the facts say them; scores follow from more than these.
pub(crate) fn fill_busy(row: &mut ConversationRow, facts: &Conversation<Uuid>) {
    row.version = signed(facts.version);
    row.awaiting = facts.awaiting().as_str().to_owned();
    row.last_event = facts.last_event.map(|(event, _)| event.as_str().to_owned());
    row.last_activity_at = last_activity_at(facts);
}

/// The columns of a lead that its facts say.
pub(crate) fn fill_lead(row: &mut LeadRow, facts: &Lead<Uuid>) {
    let order = |stage: Option<Stage>| stage.map(|stage| i16::from(stage.order()));
    row.current_stage = order(facts.journey.current);
    row.highest_stage = order(facts.journey.highest);
    row.completeness = completeness(&facts.completeness);
}

/// Whether the columns that seldom change say what the aggregate says already.
fn is_settled(row: &ConversationRow, facts: &Conversation<Uuid>) -> bool {
    row.state == facts.state.as_str()
        && row.assigned_agent_id == facts.agent
        && row.outcome.as_deref() == facts.outcome.map(|outcome| outcome.as_str())
        && row.follow_up_at == facts.follow_up_at
        && row.held != facts.holds.is_empty()
        && row.closed_at == facts.closed_at
        && row.ever_handed_over == facts.handover.handed_over_at.is_some()
        && row.integration == integration(facts)
        && row.queued_since == queued_since(facts)
}

/// What is switched off, as the column has it; none where nothing is.
pub(crate) fn integration(facts: &Conversation<Uuid>) -> Option<String> {
    let switched = Some(facts.integration).filter(|integration| !integration.is_whole());
    switched.and_then(|integration| serde_json::to_string(&integration).ok())
}

/// Since when it waits for an agent and nobody is asked.
pub(crate) fn queued_since(facts: &Conversation<Uuid>) -> Option<DateTime<Utc>> {
    let handover = &facts.handover;
    handover.wanted_at.filter(|_| handover.offer.is_none())
}

/// Newest accepted event or act of either side: what lists are sorted by and mail is placed by.
pub(crate) fn last_activity_at(facts: &Conversation<Uuid>) -> DateTime<Utc> {
    let moved = facts.last_event.map(|(_, at)| at);
    moved.map_or(facts.last_activity_at(), |at| {
        at.max(facts.last_activity_at())
    })
}

/// How many of the four kinds of data are known, in percent.
fn completeness(known: &convo_core::lead::Completeness) -> i16 {
    let each = [known.email, known.phone, known.name, known.interest];
    25 * each.into_iter().map(i16::from).sum::<i16>()
}
