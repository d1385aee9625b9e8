//! The event log: contiguous, and of one mind with the audit.

use std::collections::BTreeMap;

use convo_store::Reader;
use convo_store::rows::{LogRow, TransitionRow};
use serde_json::Value;
use uuid::Uuid;

use super::Report;
use crate::error::AppError;

/// Rows read at once.
const PAGE: i64 = 1_000;
/// The kind of the rows that tell of steps.
const STEP: &str = "conversation_state_changed";

/// How many steps of each conversation the log still has to tell of.
#[derive(Default)]
pub(super) struct Steps(BTreeMap<Uuid, i64>);

impl Steps {
    /// Adds the steps of a conversation.
    pub(super) fn expect(&mut self, audit: &[TransitionRow]) {
        for step in audit {
            *self.0.entry(step.conversation_id).or_default() += 1;
        }
    }

    fn told(&mut self, conversation: Uuid) {
        let left = self.0.entry(conversation).or_default();
        *left -= 1;
        if *left == 0 {
            self.0.remove(&conversation);
        }
    }
}

/// The log is whole, each of its steps is one of the audit in the same words, and each of the audit is in it once.
///
/// # Errors
/// The database's.
pub(super) fn check(
    reader: &mut Reader<'_>,
    report: &mut Report,
    mut steps: Steps,
) -> Result<(), AppError> {
    contiguous(reader, report)?;
    let mut after = i64::MIN;
    loop {
        let rows = match reader.log_after(after, PAGE) {
            Ok(rows) => rows,
            Err(error) if error.is_unavailable() => return Err(error.into()),
            Err(_) => readable(reader, report, &mut after)?,
        };
        match rows.last() {
            Some(last) => after = last.seq,
            None if reader.log_number_after(after)?.is_none() => break,
            None => continue,
        }
        let told: Vec<(&LogRow, Option<Told>)> = rows
            .iter()
            .filter(|row| row.kind == STEP)
            .map(|row| (row, Told::of(row)))
            .collect();
        let places = told.iter().filter_map(|(_, told)| told.as_ref());
        let places: Vec<(Uuid, i64)> = places.map(|told| told.place).collect();
        let audit = audit(reader, &places)?;
        for (row, told) in told {
            let Some(told) = told else {
                let detail = format!("row {} tells of a step that cannot be read", row.seq);
                report.found("log_audit", None, detail);
                continue;
            };
            steps.told(told.place.0);
            let step = audit.get(&told.place);
            let wrong = step.map_or(Some("version"), |step| told.differs(row, step));
            if let Some(wrong) = wrong {
                let detail = format!("row {} of the log has another {wrong}", row.seq);
                let id = step.map(|step| step.id);
                report.found_in_audit("log_audit", id, told.place, detail);
            }
        }
    }
    for (conversation, left) in steps.0 {
        let detail = match left {
            1.. => format!("the log does not tell of {left} steps"),
            _ => format!("the log tells of {} steps too many", -left),
        };
        report.found("log_audit", Some(conversation), detail);
    }
    Ok(())
}

/// A page's rows row by row, up to one whose bytes are none of its kind: that is named, and `after` is its number.
fn readable(
    reader: &mut Reader<'_>,
    report: &mut Report,
    after: &mut i64,
) -> Result<Vec<LogRow>, AppError> {
    let mut rows = Vec::new();
    let mut at = *after;
    for _ in 0..PAGE {
        let Some(seq) = reader.log_number_after(at)? else {
            break;
        };
        match reader.log_after(at, 1) {
            Ok(row) => rows.extend(row),
            Err(error) if error.is_unavailable() => return Err(error.into()),
            Err(_) if rows.is_empty() => {
                report.found(
                    "log_readable",
                    None,
                    format!("row {seq} of the log cannot be read"),
                );
                *after = seq;
                break;
            }
            // The next page begins with it.
            Err(_) => break,
        }
        at = seq;
    }
    Ok(rows)
}

/// The steps at these places; those that cannot be read are named with the audit.
fn audit(
    reader: &mut Reader<'_>,
    places: &[(Uuid, i64)],
) -> Result<BTreeMap<(Uuid, i64), TransitionRow>, AppError> {
    let rows = match reader.transitions_by_versions(places) {
        Ok(rows) => rows,
        Err(error) if error.is_unavailable() => return Err(error.into()),
        Err(_) => {
            let each = places.iter();
            let each = each.filter_map(|place| reader.transitions_by_versions(&[*place]).ok());
            each.flatten().collect()
        }
    };
    let placed = rows.into_iter();
    Ok(placed
        .map(|step| ((step.conversation_id, step.version), step))
        .collect())
}

/// What a row of the log says of a step.
struct Told {
    place: (Uuid, i64),
    data: Value,
}

impl Told {
    fn of(row: &LogRow) -> Option<Self> {
        let data: Value = serde_json::from_str(&row.data).ok()?;
        let version = data.get("version")?.as_i64()?;
        Some(Self {
            place: (row.conversation_id?, version),
            data,
        })
    }

    /// The first thing that the audit says otherwise.
    fn differs(&self, row: &LogRow, step: &TransitionRow) -> Option<&'static str> {
        let text = |name: &str| self.data.get(name).and_then(Value::as_str);
        let by = text("triggeredBy").unwrap_or("request");
        [
            ("event", text("event") == Some(&step.event)),
            ("state before", text("fromState") == Some(&step.from_state)),
            ("state after", text("toState") == Some(&step.to_state)),
            ("triggeredBy", by == step.triggered_by),
            ("lead", row.lead_id == Some(step.lead_id)),
            ("metadata row", row.metadata_id == step.metadata_id),
            ("time", row.at == step.recorded_at),
        ]
        .into_iter()
        .find_map(|(what, equal)| (!equal).then_some(what))
    }
}

/// The log is contiguous 1..n and its head says n.
fn contiguous(reader: &mut Reader<'_>, report: &mut Report) -> Result<(), AppError> {
    let span = reader.log_span()?;
    let head = reader.head()?;
    report.log_rows = span.count;
    let contiguous =
        span.count == span.last.unwrap_or(0) && span.first.is_none_or(|first| first == 1);
    if !contiguous {
        report.found(
            "log_contiguous",
            None,
            format!(
                "{} rows from {:?} to {:?}",
                span.count, span.first, span.last
            ),
        );
    }
    if head.seq != span.last.unwrap_or(0) {
        report.found(
            "log_head",
            None,
            format!(
                "the head says {}, the last row is {:?}",
                head.seq, span.last
            ),
        );
    }
    Ok(())
}
