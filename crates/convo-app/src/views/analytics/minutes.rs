//! Figures of minutes: how fast we answer, and how fast agents take what they are offered.

use chrono::{DateTime, Utc};
use convo_core::waits::Minutes;
use convo_store::rows::OfferRow;
use convo_store::{Reader, WaitFigures};

use super::{Key, by_instant, groups_by, report};
use crate::error::AppError;
use crate::wire::{AnalyticsQuery, GroupBy, Leg, MinutesView, Ownership, ReplySpeed, Report};

const BY: [GroupBy; 4] = [
    GroupBy::Campaign,
    GroupBy::Agent,
    GroupBy::Day,
    GroupBy::Week,
];

/// How fast we answer leads whose wait began in the span.
///
/// # Errors
/// `Invalid`, or the database's.
pub fn reply_speed(
    reader: &mut Reader<'_>,
    query: &AnalyticsQuery,
    now: DateTime<Utc>,
) -> Result<Report<ReplySpeed>, AppError> {
    let (list, by) = (by_instant(query, now)?, groups_by(query, &BY)?);
    let rows = reader.wait_figures(&list)?;
    let key = |row: &WaitFigures| Key {
        campaign: row.campaign_id,
        agent: row.agent_id,
        source: None,
        at: row.began_at,
    };
    report(reader, list.within, by, &rows, key, speed)
}

fn speed(rows: &[&WaitFigures]) -> ReplySpeed {
    let with = |status: &str| count(rows.iter().filter(|row| row.status == status));
    ReplySpeed {
        waits: count(rows.iter()),
        answered: with("answered"),
        waiting: with("waiting"),
        dropped: with("dropped"),
        wall: minutes(rows.iter().filter_map(|row| row.wall_minutes)),
        business: minutes(rows.iter().filter_map(|row| row.business_minutes)),
    }
}

/// How fast agents take what they were offered in the span, and are in touch with the lead.
///
/// # Errors
/// `Invalid`, or the database's.
pub fn ownership(
    reader: &mut Reader<'_>,
    query: &AnalyticsQuery,
    now: DateTime<Utc>,
) -> Result<Report<Ownership>, AppError> {
    let (list, by) = (by_instant(query, now)?, groups_by(query, &BY)?);
    let rows = reader.offer_figures(&list)?;
    let key = |row: &OfferRow| Key {
        campaign: row.campaign_id,
        agent: Some(row.agent_id),
        source: None,
        at: row.offered_at,
    };
    report(reader, list.within, by, &rows, key, owned)
}

fn owned(rows: &[&OfferRow]) -> Ownership {
    let with = |status: &str| count(rows.iter().filter(|row| row.status == status));
    let leg = |of: fn(&OfferRow) -> [Option<i32>; 2]| Leg {
        wall: minutes(rows.iter().filter_map(|row| of(row)[0])),
        business: minutes(rows.iter().filter_map(|row| of(row)[1])),
    };
    Ownership {
        offers: count(rows.iter()),
        accepted: with("accepted"),
        declined: with("declined"),
        expired: with("expired"),
        withdrawn: with("withdrawn"),
        open: with("open"),
        touched: count(rows.iter().filter(|row| row.touched_at.is_some())),
        offer_to_accept: leg(|row| [row.accept_minutes, row.accept_business_minutes]),
        accept_to_touch: leg(|row| [row.touch_minutes, row.touch_business_minutes]),
        offer_to_touch: leg(whole),
    }
}

fn whole(row: &OfferRow) -> [Option<i32>; 2] {
    let sum = |a: Option<i32>, b: Option<i32>| a.zip(b).map(|(a, b)| a.saturating_add(b));
    [
        sum(row.accept_minutes, row.touch_minutes),
        sum(row.accept_business_minutes, row.touch_business_minutes),
    ]
}

fn count<T>(rows: impl Iterator<Item = T>) -> u64 {
    rows.count() as u64
}

fn minutes(all: impl Iterator<Item = i32>) -> MinutesView {
    Minutes::of(all.map(i32::unsigned_abs).collect()).into()
}
