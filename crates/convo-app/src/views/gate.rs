//! How mail fared, and whether unasked mail is stopped for it.

use chrono::{DateTime, TimeDelta, Utc};
use convo_core::gate::{Reputation, ReputationScope};
use convo_store::Reader;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::batch::policy_of;
use crate::context::Context;
use crate::error::AppError;
use crate::gate::{hour, scope_name};
use crate::wire::time;

/// `GET /api/reputation`.
///
/// # Errors
/// `Invalid` for what is no campaign, or the database's.
pub fn reputation(
    reader: &mut Reader<'_>,
    context: &Context,
    campaign: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<Value, AppError> {
    if let Some(id) = campaign
        && reader.campaigns_by_ids(&[id])?.is_empty()
    {
        return Err(AppError::invalid("campaignId", "names no campaign"));
    }
    let breaker = policy_of(reader, campaign)?.policy.gate.breaker;
    let window = TimeDelta::hours(i64::from(breaker.window_hours));
    let rows = reader.reputation(&scope_name(context, campaign), hour(now - window))?;
    let sum = |of: fn(&convo_store::rows::ReputationRow) -> i64| {
        rows.iter()
            .map(|row| u64::try_from(of(row)).unwrap_or(0))
            .sum()
    };
    let reputation = Reputation {
        scope: match campaign {
            Some(_) => ReputationScope::Campaign,
            None => ReputationScope::Domain,
        },
        breaker,
        sent: sum(|row| row.sent),
        hard_bounces: sum(|row| row.hard_bounces),
        complaints: sum(|row| row.complaints),
        clears_at: rows.last().map(|row| row.hour + window),
    };
    Ok(json!({
        "scope": reputation.scope.as_str(),
        "campaignId": campaign,
        "windowHours": breaker.window_hours,
        "sent": reputation.sent,
        "hardBounces": reputation.hard_bounces,
        "complaints": reputation.complaints,
        "open": reputation.is_open(),
        "clearsAt": reputation.clears_at.map(time),
    }))
}
