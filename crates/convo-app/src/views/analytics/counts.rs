//! Figures that are counts: how far leads came, and what became of mail.

use chrono::{DateTime, Utc};
use convo_core::vocabulary::Stage;
use convo_store::Reader;
use convo_store::rows::CountRow;

use super::{Key, by_day, by_week, groups_by, rate, report};
use crate::error::AppError;
use crate::wire::{AnalyticsQuery, Conversion, Delivery, GroupBy, Report, StageReached};

/// Counts of leads by the order of their highest stage.
const STAGES: [&str; 7] = [
    "stage:0", "stage:1", "stage:2", "stage:3", "stage:4", "stage:5", "stage:6",
];
/// Counts of mails and of what is told of them.
pub(super) const MAIL: [&str; 11] = [
    "sent",
    "delivered",
    "bounced_hard",
    "bounced_soft",
    "refused",
    "complained",
    "unsubscribed",
    "opened",
    "clicked",
    "machine_opened",
    "machine_clicked",
];

fn key(row: &CountRow) -> Key {
    Key {
        campaign: Some(row.campaign_id).filter(|id| !id.is_nil()),
        agent: Some(row.agent_id).filter(|id| !id.is_nil()),
        source: Some(row.source.clone()).filter(|source| !source.is_empty()),
        at: row.day,
    }
}

/// How far leads came whom we first wrote to in the weeks of the span.
///
/// # Errors
/// `Invalid`, or the database's.
pub fn conversion(
    reader: &mut Reader<'_>,
    query: &AnalyticsQuery,
    now: DateTime<Utc>,
) -> Result<Report<Conversion>, AppError> {
    let known = [
        GroupBy::Campaign,
        GroupBy::Agent,
        GroupBy::Source,
        GroupBy::Week,
    ];
    let (list, by) = (by_week(query, now)?, groups_by(query, &known)?);
    let mut rows = reader.analytics_counts(&STAGES, &list)?;
    rows.retain(|row| row.value != 0);
    report(reader, list.within, by, &rows, key, converted)
}

fn converted(rows: &[&CountRow]) -> Conversion {
    let reached = |order: usize| {
        let above = STAGES.get(order..).unwrap_or_default();
        sum(rows
            .iter()
            .filter(|row| above.contains(&row.figure.as_str())))
    };
    let leads = reached(0);
    let mut before = leads;
    let mut stages = Vec::with_capacity(Stage::ALL.len());
    for stage in Stage::ALL {
        let leads = reached(usize::from(stage.order()));
        stages.push(StageReached {
            stage: stage.as_str(),
            leads,
            rate_from_previous: rate(leads, before),
        });
        before = leads;
    }
    Conversion {
        leads,
        stages,
        conversion_rate: rate(reached(usize::from(Stage::QualifiedLead.order())), leads),
    }
}

/// What became of mail on the days of the span, by the own times of what happened.
///
/// # Errors
/// `Invalid`, or the database's.
pub fn delivery(
    reader: &mut Reader<'_>,
    query: &AnalyticsQuery,
    now: DateTime<Utc>,
) -> Result<Report<Delivery>, AppError> {
    let known = [GroupBy::Campaign, GroupBy::Day, GroupBy::Week];
    let (list, by) = (by_day(query, now)?, groups_by(query, &known)?);
    let mut rows = reader.analytics_counts(&MAIL, &list)?;
    rows.retain(|row| row.value != 0);
    report(reader, list.within, by, &rows, key, delivered)
}

fn delivered(rows: &[&CountRow]) -> Delivery {
    let of = |figure: &str| sum(rows.iter().filter(|row| row.figure == figure));
    Delivery {
        sent: of("sent"),
        delivered: of("delivered"),
        bounced_hard: of("bounced_hard"),
        bounced_soft: of("bounced_soft"),
        refused: of("refused"),
        complained: of("complained"),
        unsubscribed: of("unsubscribed"),
        opened: of("opened"),
        clicked: of("clicked"),
        machine_opened: of("machine_opened"),
        machine_clicked: of("machine_clicked"),
    }
}

fn sum<'a>(rows: impl Iterator<Item = &'a &'a CountRow>) -> u64 {
    u64::try_from(rows.map(|row| row.value).sum::<i64>()).unwrap_or(0)
}
