//! Figures over many conversations, read from rows and counts written with the facts; `docs/analytics.md`.
//!
//! Each report is one question of the database over its span, told apart in memory, so that the groups are made of
//! the same rows as the total. What stands behind a figure is a list of the same rows.

mod behind;
mod counts;
mod minutes;

pub use behind::{Behind, cohort_item, event_item, offer_item, sent_items, wait_item};
pub use counts::{conversion, delivery};
pub use minutes::{ownership, reply_speed};

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use convo_store::{FigureList, Interval, Reader};
use uuid::Uuid;

use crate::analytics::{day_of, week_of};
use crate::error::AppError;
use crate::wire::{AnalyticsQuery, Group, GroupBy, Report};

/// Groups of one report.
const GROUPS: usize = 1_000;

/// What a query asks, over a span that begins and ends as the figure is counted.
fn asked(
    query: &AnalyticsQuery,
    begins: impl Fn(DateTime<Utc>) -> DateTime<Utc>,
    step: TimeDelta,
    now: DateTime<Utc>,
) -> Result<FigureList, AppError> {
    let (from, to) = query.span().ends(now)?;
    let last = begins(to);
    let to = if last < to { last + step } else { to };
    let [campaign, agent] = query.whose()?;
    Ok(FigureList {
        within: Interval {
            from: begins(from),
            to,
        },
        campaign,
        agent,
        source: query
            .source
            .clone()
            .map(|source| Some(source).filter(|source| !source.is_empty())),
        code: None,
        stage: None,
        after: None,
        limit: 0,
    })
}

fn by_instant(query: &AnalyticsQuery, now: DateTime<Utc>) -> Result<FigureList, AppError> {
    asked(query, std::convert::identity, TimeDelta::zero(), now)
}

/// Of mail: it is counted by day and campaign, whoever's it is.
fn by_day(query: &AnalyticsQuery, now: DateTime<Utc>) -> Result<FigureList, AppError> {
    let given = [
        ("agentId", query.agent_id.is_some()),
        ("source", query.source.is_some()),
    ];
    if let Some((field, _)) = given.iter().find(|(_, given)| *given) {
        return Err(AppError::invalid(*field, "is not known of this figure"));
    }
    asked(query, day_of, TimeDelta::days(1), now)
}

fn by_week(query: &AnalyticsQuery, now: DateTime<Utc>) -> Result<FigureList, AppError> {
    asked(query, week_of, TimeDelta::weeks(1), now)
}

/// What a row can be told apart by.
struct Key {
    campaign: Option<Uuid>,
    agent: Option<Uuid>,
    source: Option<String>,
    at: DateTime<Utc>,
}

impl Key {
    fn of(self, by: GroupBy) -> Option<String> {
        match by {
            GroupBy::Campaign => self.campaign.map(|id| id.to_string()),
            GroupBy::Agent => self.agent.map(|id| id.to_string()),
            GroupBy::Source => self.source,
            GroupBy::Day => Some(self.at.format("%Y-%m-%d").to_string()),
            GroupBy::Week => Some(iso_week(self.at)),
        }
    }
}

/// `2026-W02`.
fn iso_week(at: DateTime<Utc>) -> String {
    at.format("%G-W%V").to_string()
}

/// A report of rows: everything, and the same told apart.
fn report<R, T>(
    reader: &mut Reader<'_>,
    within: Interval,
    group_by: Option<GroupBy>,
    rows: &[R],
    key: impl Fn(&R) -> Key,
    figures: impl Fn(&[&R]) -> T,
) -> Result<Report<T>, AppError> {
    let all: Vec<&R> = rows.iter().collect();
    let total = figures(&all);
    let mut told: BTreeMap<Option<String>, Vec<&R>> = BTreeMap::new();
    if let Some(by) = group_by {
        for row in all {
            told.entry(key(row).of(by)).or_default().push(row);
        }
    }
    if told.len() > GROUPS {
        let message = "makes more than 1000 groups: ask for less";
        return Err(AppError::invalid("groupBy", message));
    }
    let names = names(reader, group_by, told.keys().flatten())?;
    let groups = told.into_iter().map(|(key, rows)| Group {
        name: key.as_ref().and_then(|key| names.get(key).cloned()),
        figures: figures(&rows),
        key,
    });
    Ok(Report {
        from: within.from,
        to: within.to,
        group_by,
        total,
        groups: groups.collect(),
    })
}

/// The names of campaigns or agents, by id.
fn names<'a>(
    reader: &mut Reader<'_>,
    by: Option<GroupBy>,
    keys: impl Iterator<Item = &'a String>,
) -> Result<HashMap<String, String>, AppError> {
    let ids: Vec<Uuid> = keys.filter_map(|key| key.parse().ok()).collect();
    Ok(match by {
        Some(GroupBy::Campaign) => reader
            .campaigns_by_ids(&ids)?
            .into_iter()
            .map(|row| (row.id.to_string(), row.name))
            .collect(),
        Some(GroupBy::Agent) => reader
            .agents_by_ids(&ids)?
            .into_iter()
            .map(|row| (row.id.to_string(), row.name))
            .collect(),
        _ => HashMap::new(),
    })
}

/// Refuses to tell a figure apart by what it does not know.
fn groups_by(query: &AnalyticsQuery, known: &[GroupBy]) -> Result<Option<GroupBy>, AppError> {
    match query.group_by {
        Some(by) if !known.contains(&by) => {
            Err(AppError::invalid("groupBy", "is not known of this figure"))
        }
        by => Ok(by),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a figure to be read, not computed with"
)]
fn rate(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
