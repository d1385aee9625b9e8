//! What happened, in order.

use chrono::{DateTime, Utc};
use convo_store::Reader;
use serde_json::{Value, json};

use super::cite::Said;
use crate::error::AppError;
use crate::views::Seen;
use crate::wire::time;

/// Entries shown: the first ones and the last ones.
const FIRST: usize = 10;
const LAST: usize = 90;
/// Steps and acts of agents that are looked at.
const STEPS: i64 = 200;

/// Messages, steps, stages and what agents noted, oldest first.
pub(super) fn timeline(
    reader: &mut Reader<'_>,
    seen: &Seen,
    said: &Said,
) -> Result<Value, AppError> {
    let mut entries: Vec<(DateTime<Utc>, u8, Value)> = Vec::new();
    for one in said.newest_first() {
        let mut value = one.mention();
        if let Value::Object(members) = &mut value {
            let more = [
                ("what", "message"),
                ("direction", one.row.direction.as_str()),
                ("author", one.row.author.as_str()),
                ("kind", one.row.kind.as_str()),
                ("subject", one.subject.as_str()),
            ];
            members.extend(more.map(|(name, text)| (name.to_owned(), text.into())));
        }
        entries.push((one.row.at, 0, value));
    }
    for row in reader.transitions_after(seen.row.id, seen.row.version - STEPS, STEPS)? {
        let value = json!({
            "what": "step",
            "at": time(row.at),
            "event": row.event,
            "fromState": row.from_state,
            "toState": row.to_state,
            "version": row.version,
        });
        entries.push((row.at, 1, value));
    }
    for (stage, at) in &seen.lead.journey.entered {
        let value = json!({"what": "stage", "at": time(*at), "stage": stage.as_str()});
        entries.push((*at, 2, value));
    }
    for row in reader.newest_metadata(seen.row.lead_id, seen.row.id, "handover_touched", STEPS)? {
        let body: Value = serde_json::from_str(&row.body).unwrap_or_default();
        let noted = &body["metadata"];
        let value = json!({
            "what": "touch",
            "at": time(row.created_at),
            "agentId": noted["agentId"],
            "channel": noted["channel"],
            "note": noted["note"],
        });
        entries.push((row.created_at, 3, value));
    }
    entries.sort_by_key(|(at, order, _)| (*at, *order));
    let omitted = entries.len().saturating_sub(FIRST + LAST);
    if omitted > 0 {
        entries.drain(FIRST..FIRST + omitted);
    }
    let entries: Vec<Value> = entries.into_iter().map(|(_, _, value)| value).collect();
    Ok(json!({"entries": entries, "omitted": omitted}))
}
