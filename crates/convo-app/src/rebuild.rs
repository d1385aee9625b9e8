//! Everything that follows from audit, messages, events and journey, made anew: what `convo-server rebuild` does.
//!
//! Which tables are sources and which follow from them is told in `docs/recovery.md`. Each look at a conversation or a
//! lead says what its rows should be, by the functions that `verify` compares with and that the batch writes with, and
//! a difference becomes a row of a [`Commit`]. So a database that is right is not written to.
//!
//! It goes page by page, each in the writer's place and whole; broken off, it is run again. Counts over everything are
//! added up last, in one transaction in which nobody else writes.

mod conversation;
mod lead;
mod timers;
mod tree;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use convo_core::conversation::Conversation;
use convo_store::rows::{ConversationRow, LeadRow, TransitionRow};
use convo_store::{Commit, CommitError, CountKey, Put, Reader, Store, Writer};
use serde::Serialize;
use uuid::Uuid;

use crate::analytics::{
    Cohort, cohort, counted_as, day_of, event_row, reopenings, timed_waits, wait_rows,
};
use crate::batch::{Counted, policy_of};
use crate::door::{FactParts, Spoken, fact};
use crate::error::AppError;
use crate::timers::TimerKind;

/// Conversations or leads looked at in one transaction.
const PAGE: i64 = 200;
/// Changes told one by one; the count goes on.
const KEPT: usize = 100;

/// What was put right, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Conversations looked at.
    pub conversations: u64,
    /// Leads looked at.
    pub leads: u64,
    /// Rows by table.
    pub changed: BTreeMap<&'static str, u64>,
    /// The first of them.
    pub changes: Vec<Changed>,
}

/// A row that is put right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Changed {
    /// The table.
    pub table: &'static str,
    /// The row, or the conversation or lead it is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// What of it, without values.
    pub what: String,
}

impl Report {
    fn change(&mut self, table: &'static str, id: Option<Uuid>, what: impl Into<String>) {
        *self.changed.entry(table).or_default() += 1;
        if self.changes.len() < KEPT {
            let what = what.into();
            self.changes.push(Changed { table, id, what });
        }
    }

    /// Whether nothing differs.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.changed.is_empty()
    }

    fn add(&mut self, page: Report) {
        self.conversations += page.conversations;
        self.leads += page.leads;
        for (table, rows) in page.changed {
            *self.changed.entry(table).or_default() += rows;
        }
        let room = KEPT.saturating_sub(self.changes.len());
        self.changes.extend(page.changes.into_iter().take(room));
    }
}

/// What a look has found so far.
#[derive(Default)]
struct Found {
    report: Report,
    /// What puts it right.
    commit: Commit,
    counters: BTreeMap<String, i64>,
    counts: BTreeMap<CountKey, i64>,
    /// What conversations say of their leads' cohorts.
    cohorts: HashMap<Uuid, Vec<Cohort>>,
}

/// Says what a rebuild would change; give it a reader that sees one state of the database.
///
/// # Errors
/// The database's.
pub fn look(reader: &mut Reader<'_>) -> Result<Report, AppError> {
    Ok(everything(reader)?.report)
}

/// Puts everything right that differs from what it follows from. Blocks the thread; other processes may run, and wait
/// for each page, and at the end for as long as a look at everything takes.
///
/// # Errors
/// The database's; what was put right before stays, and the next run goes on.
pub fn rebuild(store: &Store) -> Result<Report, AppError> {
    let mut writer = store.writer();
    let mut report = Report::default();
    for step in [conversations, leads] {
        let mut after = None;
        loop {
            let (next, page) = commit(&mut writer, |reader| {
                let mut found = Found::default();
                let next = step(reader, after, &mut found)?;
                Ok((found.commit, (next, found.report)))
            })?;
            report.add(page);
            after = next;
            if after.is_none() {
                break;
            }
        }
    }
    let sums = commit(&mut writer, |reader| {
        let found = everything(reader)?;
        // Rows were put right page by page; what is left are the sums over them.
        let sums = Commit {
            counters: found.commit.counters,
            counts: found.commit.counts,
            ..Commit::default()
        };
        Ok((sums, found.report))
    })?;
    for (table, rows) in sums.changed {
        if SUMS.contains(&table) {
            report.changed.insert(table, rows);
        }
    }
    let room = KEPT.saturating_sub(report.changes.len());
    let of_sums = sums.changes.into_iter();
    let of_sums = of_sums.filter(|change| SUMS.contains(&change.table));
    report.changes.extend(of_sums.take(room));
    Ok(report)
}

const SUMS: [&str; 2] = ["counters", "analytics_counts"];

fn commit<T>(
    writer: &mut Writer,
    decide: impl FnOnce(&mut Reader<'_>) -> Result<(Commit, T), AppError>,
) -> Result<T, AppError> {
    writer.commit(decide).map_err(|error| match error {
        CommitError::Decide(error) => error,
        CommitError::Conflict { table } => {
            AppError::Fault(format!("a conflicting row in {table}: run it again"))
        }
        CommitError::Store(error) => error.into(),
    })
}

/// Looks at everything, and counts it. Rows that differ are told and forgotten; the sums are kept.
fn everything(reader: &mut Reader<'_>) -> Result<Found, AppError> {
    let mut found = Found::default();
    for step in [conversations, leads] {
        let mut after = None;
        loop {
            after = step(reader, after, &mut found)?;
            found.commit = Commit::default();
            if after.is_none() {
                break;
            }
        }
    }
    sums(reader, &mut found)?;
    Ok(found)
}

/// One page of conversations with all that is theirs; the last of it while there are more.
fn conversations(
    reader: &mut Reader<'_>,
    after: Option<Uuid>,
    found: &mut Found,
) -> Result<Option<Uuid>, AppError> {
    let rows = reader.conversations_after(after, PAGE)?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut audit: HashMap<Uuid, Vec<TransitionRow>> = HashMap::new();
    for row in reader.transitions_by_conversations(&ids)? {
        audit.entry(row.conversation_id).or_default().push(row);
    }
    let leads: Vec<Uuid> = rows.iter().map(|row| row.lead_id).collect();
    let leads = lead::expected(reader, &leads)?;
    let mut events: HashMap<Uuid, Vec<_>> = HashMap::new();
    for row in reader.email_events_by_conversations(&ids)? {
        events.entry(row.conversation_id).or_default().push(row);
    }
    let mut waits: HashMap<Uuid, Vec<_>> = HashMap::new();
    for row in reader.waits_by_conversations(&ids)? {
        waits.entry(row.conversation_id).or_default().push(row);
    }
    let mut all = timers::Timers::read(reader, &ids)?;
    let recount = reader.timers_first(&[TimerKind::Recount.as_str()], 1)?;
    let unfinished = !recount.is_empty();
    for row in &rows {
        found.report.conversations += 1;
        let steps = audit.remove(&row.id).unwrap_or_default();
        let spoken = spoken(reader, row.id)?;
        let events = events.remove(&row.id).unwrap_or_default();
        let given = conversation::Given {
            row,
            steps: &steps,
            spoken: &spoken,
            events: &events,
            lead: leads.get(&row.lead_id),
            unfinished,
        };
        let (expected, facts) = conversation::expected(reader, &given)?;
        let columns = conversation::differing(row, &expected);
        if !columns.is_empty() {
            let what = columns.join(", ");
            found.report.change("conversations", Some(row.id), what);
            let put = Put::changed(expected.clone(), row.revision);
            found.commit.conversations.push(put);
        }
        tree::look(reader, row.id, found)?;
        for event in events {
            let is = event_row(&event, row.campaign_id);
            if let Some(figure) = &is.figure {
                count(found, figure, row, is.occurred_at);
            }
            if is != event {
                let what = "what it is counted as";
                found.report.change("email_events", Some(event.id), what);
                found.commit.email_events.push(is);
            }
        }
        let stored = waits.remove(&row.id).unwrap_or_default();
        if !unfinished {
            of_waits(reader, found, row, &facts, &steps, &spoken, stored)?;
        }
        all.look(reader, found, row, &facts)?;
        for (name, share) in Counted::of(&expected, &facts).shares() {
            *found.counters.entry(name.to_owned()).or_default() += share;
        }
        for one in spoken.iter().filter(|one| one.fact.is_sent()) {
            count(found, "sent", row, one.fact.at);
        }
        if let Some(said) = cohort_of(row, &facts) {
            found.cohorts.entry(row.lead_id).or_default().push(said);
        }
    }
    Ok(next(&ids))
}

/// The last of a full page.
fn next(ids: &[Uuid]) -> Option<Uuid> {
    let full = i64::try_from(ids.len()) == Ok(PAGE);
    ids.last().copied().filter(|_| full)
}

fn spoken(reader: &mut Reader<'_>, conversation: Uuid) -> Result<Vec<Spoken>, AppError> {
    let stored = reader.message_facts(conversation)?;
    let each = stored.iter().map(|row| {
        Ok(Spoken {
            fact: fact(&FactParts::from(row))?,
            author: row.author_id,
        })
    });
    each.collect()
}

fn count(found: &mut Found, figure: &str, row: &ConversationRow, at: convo_core::Time) {
    let key = CountKey {
        figure: figure.to_owned(),
        day: day_of(at),
        campaign_id: row.campaign_id.unwrap_or_default(),
        agent_id: Uuid::nil(),
        source: String::new(),
    };
    *found.counts.entry(key).or_default() += 1;
}

fn cohort_of(row: &ConversationRow, facts: &Conversation<Uuid>) -> Option<Cohort> {
    facts.tally.first_sent.as_ref().map(|first| Cohort {
        first: first.clone(),
        conversation: row.id,
        campaign: row.campaign_id,
        agent: facts.agent,
    })
}

/// The waits of a conversation.
fn of_waits(
    reader: &mut Reader<'_>,
    found: &mut Found,
    row: &ConversationRow,
    facts: &Conversation<Uuid>,
    steps: &[TransitionRow],
    spoken: &[Spoken],
    stored: Vec<convo_store::rows::WaitRow>,
) -> Result<(), AppError> {
    let reopened = reopenings(steps.iter(), spoken);
    let policy = policy_of(reader, row.campaign_id)?;
    let bare = wait_rows(facts, spoken, &reopened);
    let expected = timed_waits(&policy, &stored, bare);
    let kept: HashSet<_> = expected.iter().map(|wait| wait.began_at).collect();
    for wait in &stored {
        if !kept.contains(&wait.began_at) {
            found
                .report
                .change("waits", Some(row.id), "there is no such wait");
            found.commit.waits_removed.push((row.id, wait.began_at));
        }
    }
    for wait in expected {
        if !stored.contains(&wait) {
            found
                .report
                .change("waits", Some(row.id), "a wait is missing or is another");
            found.commit.waits.push(wait);
        }
    }
    Ok(())
}

/// One page of leads with their cohorts.
fn leads(
    reader: &mut Reader<'_>,
    after: Option<Uuid>,
    found: &mut Found,
) -> Result<Option<Uuid>, AppError> {
    let rows = reader.leads_after(after, PAGE)?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut expected = lead::expected_of(reader, &rows)?;
    let stored = reader.cohorts_by_leads(&ids)?.into_iter();
    let mut stored: HashMap<_, _> = stored.map(|row| (row.lead_id, row)).collect();
    let mut said = cohorts(reader, &rows, found)?;
    for row in &rows {
        found.report.leads += 1;
        let Some((is, _)) = expected.remove(&row.id) else {
            continue;
        };
        let columns = lead::differing(row, &is);
        if !columns.is_empty() {
            let what = columns.join(", ");
            found.report.change("leads", Some(row.id), what);
            let put = Put::changed(is.clone(), row.revision);
            found.commit.leads.push(put);
        }
        if let Some(stage) = is.highest_stage {
            *found.counters.entry(format!("stage:{stage}")).or_default() += 1;
        }
        let of = said.remove(&row.id).unwrap_or_default().into_iter();
        let of = cohort(row.id, is.source.as_deref(), is.highest_stage, of);
        if let Some(of) = &of {
            *found.counts.entry(counted_as(of)).or_default() += 1;
        }
        let was = stored.remove(&row.id);
        if was != of {
            let what = "is in another cohort";
            found.report.change("cohorts", Some(row.id), what);
            match of {
                Some(of) => found.commit.cohorts.push(of),
                None => found.commit.cohorts_removed.push(row.id),
            }
        }
    }
    Ok(next(&ids))
}

/// What conversations say of these leads' cohorts: as it was found, or by their rows, which are right by then.
fn cohorts(
    reader: &mut Reader<'_>,
    rows: &[LeadRow],
    found: &mut Found,
) -> Result<HashMap<Uuid, Vec<Cohort>>, AppError> {
    let mut said: HashMap<Uuid, Vec<Cohort>> = HashMap::new();
    if found.report.conversations > 0 {
        for row in rows {
            said.extend(found.cohorts.remove_entry(&row.id));
        }
        return Ok(said);
    }
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    for row in reader.conversations_by_leads(&ids)? {
        let facts = serde_json::from_str::<Conversation<Uuid>>(&row.facts);
        let one = facts.ok().and_then(|facts| cohort_of(&row, &facts));
        if let Some(one) = one {
            said.entry(row.lead_id).or_default().push(one);
        }
    }
    Ok(said)
}

/// Compares what is counted with what was counted again; a count of nothing and no row are the same.
fn sums(reader: &mut Reader<'_>, found: &mut Found) -> Result<(), AppError> {
    let stored = reader.counters()?;
    let names: BTreeSet<&String> = stored.keys().chain(found.counters.keys()).collect();
    let mut counters = BTreeMap::new();
    for name in names {
        let value = |of: &BTreeMap<String, i64>| of.get(name).copied().unwrap_or(0);
        let by = value(&found.counters) - value(&stored);
        if by != 0 {
            // An owner's counter has an id in its name.
            found.report.change("counters", None, name.clone());
            counters.insert(name.clone(), by);
        }
    }
    let kept = reader.all_analytics_counts()?;
    let keys: BTreeSet<&CountKey> = kept.keys().chain(found.counts.keys()).collect();
    let mut counts = BTreeMap::new();
    for key in keys {
        let value = |of: &BTreeMap<CountKey, i64>| of.get(key).copied().unwrap_or(0);
        let by = value(&found.counts) - value(&kept);
        if by != 0 {
            let what = format!("{} of {}", key.figure, key.day.format("%Y-%m-%d"));
            found.report.change("analytics_counts", None, what);
            counts.insert(key.clone(), by);
        }
    }
    (found.commit.counters, found.commit.counts) = (counters, counts);
    Ok(())
}
