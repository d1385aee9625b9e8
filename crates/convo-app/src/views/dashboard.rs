//! `GET /dashboard/overview`: counters kept in the commits, so that its cost does not grow.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use convo_core::machine::State;
use convo_core::vocabulary::Stage;
use convo_store::{ConversationList, Reader, Sort};
use serde_json::{Map, Value, json};

use crate::error::AppError;
use crate::wire::time;

/// The overview as of `now`.
///
/// # Errors
/// The database's.
pub fn overview(reader: &mut Reader<'_>, now: DateTime<Utc>) -> Result<Value, AppError> {
    let counters = reader.counters()?;
    let count = |name: &str| counters.get(name).copied().unwrap_or(0);
    let states: Map<String, Value> = State::ALL
        .iter()
        .map(|state| {
            (
                state.as_str().to_owned(),
                count(&format!("state:{}", state.as_str())).into(),
            )
        })
        .collect();
    let recent = reader.conversations(&ConversationList {
        sort: Sort::LastActivity,
        limit: 10,
        ..Default::default()
    })?;
    let recent: Vec<Value> = recent
        .iter()
        .map(|row| {
            json!({
                "conversationId": row.id,
                "leadId": row.lead_id,
                "subject": row.subject,
                "currentState": row.state,
                "event": row.last_event,
                "lastUpdated": time(row.last_activity_at),
            })
        })
        .collect();
    let reviews = reader.open_reviews()?;
    let oldest = reviews
        .oldest
        .map(|at| now.signed_duration_since(at).num_minutes().max(0));
    let reached = reached(&counters);
    let qualified: i64 = reached.get(4).copied().unwrap_or(0);
    let staged: i64 = reached.first().copied().unwrap_or(0);
    let today = format!("active:{}", now.format("%Y-%m-%d"));
    Ok(json!({
        "totalConversations": count("conversations"),
        "stateDistribution": states,
        "recentActivity": recent,
        "metrics": {
            "averageTimeToResponseMinutes": rate(count("our_response_ms"), count("our_responses")).map(|ms| ms / 60_000.0),
            "conversionRate": rate(qualified, staged),
            "wonRate": rate(count("won"), count("handed_over")),
            "engagementScore": rate(count("open_engagement"), count("open")),
            "activeToday": count(&today),
        },
        "funnel": funnel(&reached),
        "review": {"count": reviews.count, "oldestMinutes": oldest},
    }))
}

/// Leads that ever reached each stage, by the highest stage of each.
fn reached(counters: &BTreeMap<String, i64>) -> Vec<i64> {
    let highest = |stage: &Stage| {
        counters
            .get(&format!("stage:{}", stage.order()))
            .copied()
            .unwrap_or(0)
    };
    let mut reached: Vec<i64> = Stage::ALL
        .iter()
        .rev()
        .scan(0, |sum, stage| {
            *sum += highest(stage);
            Some(*sum)
        })
        .collect();
    reached.reverse();
    reached
}

fn funnel(reached: &[i64]) -> Vec<Value> {
    let mut before: Option<i64> = None;
    let mut rows = Vec::new();
    for (stage, leads) in Stage::ALL.iter().zip(reached) {
        rows.push(json!({
            "stage": stage.as_str(),
            "leads": leads,
            "rateFromPrevious": before.and_then(|before| rate(*leads, before)),
        }));
        before = Some(*leads);
    }
    rows
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a figure to be read, not computed with"
)]
fn rate(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
