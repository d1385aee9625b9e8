//! Every stored invariant, checked: what `convo-server verify` prints.

mod analytics;
mod audit;
mod log;
mod sending;
mod timers;

use std::collections::{BTreeMap, BTreeSet};

use convo_core::conversation::Conversation;
use convo_core::lead::Lead;
use convo_core::tally::Tally;
use convo_store::Reader;
use convo_store::rows::ConversationRow;
use serde::Serialize;
use uuid::Uuid;

use crate::batch::{Counted, queued_since};
use crate::door::{FactParts, Spoken, fact, is_judged, judged};
use crate::error::AppError;
use crate::rebuild;

/// Conversations read at once.
const PAGE: i64 = 200;
/// Findings kept; the count goes on.
const KEPT: usize = 100;

/// What `verify` found.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Nothing is wrong.
    pub clean: bool,
    /// Conversations looked at.
    pub conversations: u64,
    /// Audit rows looked at.
    pub transitions: u64,
    /// Of them, those that are not chained yet: an older version of the program wrote them.
    pub unchained: u64,
    /// Messages looked at.
    pub messages: u64,
    /// Provider events looked at.
    pub events: u64,
    /// Leads looked at.
    pub leads: u64,
    /// Timers of conversations looked at.
    pub timers: u64,
    /// Rows of the event log.
    pub log_rows: i64,
    /// How many findings there are.
    pub problems: u64,
    /// The first of them.
    pub findings: Vec<Finding>,
}

/// One broken invariant.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Which invariant.
    pub invariant: &'static str,
    /// The row, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// The conversation whose audit it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<Uuid>,
    /// The conversation's version that it tells of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// What is wrong, without personal data.
    pub detail: String,
}

impl Report {
    fn found(&mut self, invariant: &'static str, id: Option<Uuid>, detail: impl Into<String>) {
        self.add(invariant, id, None, detail.into());
    }

    /// A row of the audit, or what should be one.
    fn found_in_audit(
        &mut self,
        invariant: &'static str,
        id: Option<Uuid>,
        (conversation, version): (Uuid, i64),
        detail: impl Into<String>,
    ) {
        self.add(invariant, id, Some((conversation, version)), detail.into());
    }

    fn add(
        &mut self,
        invariant: &'static str,
        id: Option<Uuid>,
        place: Option<(Uuid, i64)>,
        detail: String,
    ) {
        self.problems += 1;
        if self.findings.len() < KEPT {
            self.findings.push(Finding {
                invariant,
                id,
                conversation_id: place.map(|(conversation, _)| conversation),
                version: place.map(|(_, version)| version),
                detail,
            });
        }
    }
}

/// Checks the whole database; give it a reader that sees one state of it.
///
/// # Errors
/// The database's; a broken invariant is a finding, not an error.
pub fn verify(reader: &mut Reader<'_>) -> Result<Report, AppError> {
    let mut report = Report::default();
    let mut counted: BTreeMap<String, i64> = BTreeMap::new();
    let mut figures = analytics::Analytics::new(reader)?;
    let mut steps = log::Steps::default();
    let asked = conversations(reader, &mut report, &mut counted, &mut figures, &mut steps)?;
    offers(reader, &mut report, asked)?;
    leads(reader, &mut report, &mut counted, &mut figures)?;
    sending::sending(reader, &mut report)?;
    figures.finish(reader, &mut report)?;
    counters(reader, &mut report, &counted)?;
    log::check(reader, &mut report, steps)?;
    for violation in reader.foreign_key_violations()? {
        report.found("foreign_key", None, violation);
    }
    // The rest of what follows from sources, by what would make it anew.
    if report.problems == 0 {
        let again = rebuild::look(reader)?;
        for change in again.changes {
            let detail = format!(
                "{} is not what it follows from: {}",
                change.table, change.what
            );
            report.found("derived", change.id, detail);
        }
        // Only the first of them are told one by one.
        let all: u64 = again.changed.values().sum();
        report.problems = report.problems.max(all);
    }
    report.clean = report.problems == 0;
    Ok(report)
}

/// Looks at every conversation; the open offers they speak of.
fn conversations(
    reader: &mut Reader<'_>,
    report: &mut Report,
    counted: &mut BTreeMap<String, i64>,
    figures: &mut analytics::Analytics,
    logged: &mut log::Steps,
) -> Result<BTreeMap<Uuid, Uuid>, AppError> {
    let mut asked = BTreeMap::new();
    let mut after = None;
    let mut open = BTreeSet::new();
    let mut timers = timers::Timers::new(reader)?;
    loop {
        let rows = reader.conversations_after(after, PAGE)?;
        let Some(last) = rows.last() else {
            return Ok(asked);
        };
        after = Some(last.id);
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let mut audit = audit::read(reader, report, &ids)?;
        let said = audit::Said::of(reader, audit.values().flatten())?;
        timers.read(reader, report, &ids)?;
        figures.read(reader, &ids)?;
        for row in &rows {
            report.conversations += 1;
            let steps = audit.remove(&row.id).unwrap_or_default();
            audit::chain(report, row, &steps, &said);
            logged.expect(&steps);
            let Ok(facts) = serde_json::from_str::<Conversation<Uuid>>(&row.facts) else {
                report.found("facts_readable", Some(row.id), "the facts cannot be read");
                continue;
            };
            columns(report, row, &facts);
            asked.extend(facts.handover.offer.map(|offer| (offer, row.id)));
            timers.check(reader, report, row, &facts)?;
            if facts.state.is_open() && !open.insert((row.lead_id, row.campaign_id)) {
                report.found(
                    "one_open",
                    Some(row.id),
                    "another open conversation has the same lead and campaign",
                );
            }
            let spoken = messages(reader, report, row, &facts)?;
            figures.check(reader, report, row, &facts, &steps, &spoken)?;
            audit::history(report, row, &facts, &steps);
            for (name, share) in Counted::of(row, &facts).shares() {
                *counted.entry(name.to_owned()).or_default() += share;
            }
        }
    }
}

/// Every open offer is the one its conversation speaks of.
fn offers(
    reader: &mut Reader<'_>,
    report: &mut Report,
    mut asked: BTreeMap<Uuid, Uuid>,
) -> Result<(), AppError> {
    let mut after = None;
    loop {
        let rows = reader.offers_after(after, PAGE)?;
        let Some(last) = rows.last() else { break };
        after = Some(last.id);
        rows.iter().for_each(|row| analytics::offer(report, row));
        for row in rows.iter().filter(|row| row.status == "open") {
            if asked.remove(&row.id) != Some(row.conversation_id) {
                let detail = "is open, and its conversation does not speak of it";
                report.found("offers", Some(row.id), detail);
            }
        }
    }
    for (offer, _) in asked {
        report.found("offers", Some(offer), "is spoken of, and is not open");
    }
    Ok(())
}

/// The columns that lists and filters use say what the facts say.
fn columns(report: &mut Report, row: &ConversationRow, facts: &Conversation<Uuid>) {
    let pairs = [
        ("state", row.state == facts.state.as_str()),
        ("version", u64::try_from(row.version) == Ok(facts.version)),
        ("agent", row.assigned_agent_id == facts.agent),
        ("queue", row.queued_since == queued_since(facts)),
        (
            "outcome",
            row.outcome.as_deref() == facts.outcome.map(|outcome| outcome.as_str()),
        ),
        ("awaiting", row.awaiting == facts.awaiting().as_str()),
        ("held", row.held != facts.holds.is_empty()),
        ("closed_at", row.closed_at == facts.closed_at),
        (
            "id",
            row.id == facts.id && row.lead_id == facts.lead && row.campaign_id == facts.campaign,
        ),
    ];
    for (column, equal) in pairs {
        if !equal {
            report.found(
                "columns",
                Some(row.id),
                format!("column {column} differs from the facts"),
            );
        }
    }
}

/// Facts kept incrementally are those folded again from the codes.
fn messages(
    reader: &mut Reader<'_>,
    report: &mut Report,
    row: &ConversationRow,
    facts: &Conversation<Uuid>,
) -> Result<Vec<Spoken>, AppError> {
    let stored = reader.message_facts(row.id)?;
    let mut all = Vec::with_capacity(stored.len());
    let mut numbers = BTreeSet::new();
    for message in &stored {
        report.messages += 1;
        numbers.insert(message.sequence_number);
        all.push(Spoken {
            fact: fact(&FactParts::from(message))?,
            author: message.author_id,
        });
    }
    let gapless = numbers.len() == stored.len()
        && numbers.first().is_none_or(|first| *first == 1)
        && numbers.last().copied().unwrap_or(0) == row.message_count
        && i64::try_from(stored.len()) == Ok(row.message_count);
    if !gapless {
        report.found(
            "message_numbers",
            Some(row.id),
            "sequence numbers are not 1..n",
        );
    }
    if Tally::recompute(all.iter().map(|one| &one.fact)) != facts.tally {
        report.found(
            "facts_recomputed",
            Some(row.id),
            "facts folded again differ from those stored",
        );
    }
    if facts.email != convo_core::email::EmailFacts::default() {
        let events = reader.email_events_by_conversations(&[row.id])?;
        let looked_at: Vec<_> = events.iter().filter(|event| is_judged(event)).collect();
        if judged(&looked_at) != facts.email.judged {
            report.found(
                "opens_and_clicks",
                Some(row.id),
                "counts of opens and clicks differ from the events",
            );
        }
    }
    Ok(all)
}

fn leads(
    reader: &mut Reader<'_>,
    report: &mut Report,
    counted: &mut BTreeMap<String, i64>,
    figures: &mut analytics::Analytics,
) -> Result<(), AppError> {
    let mut after = None;
    loop {
        let rows = reader.leads_after(after, PAGE)?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = Some(last.id);
        figures.leads(reader, report, &rows)?;
        for row in &rows {
            report.leads += 1;
            let Ok(facts) = serde_json::from_str::<Lead<Uuid>>(&row.facts) else {
                report.found("facts_readable", Some(row.id), "the facts cannot be read");
                continue;
            };
            let order = |stage: Option<convo_core::vocabulary::Stage>| {
                stage.map(|stage| i16::from(stage.order()))
            };
            if row.current_stage != order(facts.journey.current)
                || row.highest_stage != order(facts.journey.highest)
            {
                report.found("columns", Some(row.id), "the stages differ from the facts");
            }
            if facts.journey.current > facts.journey.highest {
                report.found(
                    "highest_stage",
                    Some(row.id),
                    "the current stage is above the highest",
                );
            }
            if let Some(stage) = row.highest_stage {
                *counted.entry(format!("stage:{stage}")).or_default() += 1;
            }
        }
    }
}

fn counters(
    reader: &mut Reader<'_>,
    report: &mut Report,
    counted: &BTreeMap<String, i64>,
) -> Result<(), AppError> {
    let stored = reader.counters()?;
    let names: BTreeSet<&String> = stored.keys().chain(counted.keys()).collect();
    for name in names {
        let (kept, again) = (
            stored.get(name).copied().unwrap_or(0),
            counted.get(name).copied().unwrap_or(0),
        );
        if kept != again {
            report.found(
                "counters",
                None,
                format!("{name} is {kept}, counted again {again}"),
            );
        }
    }
    Ok(())
}
