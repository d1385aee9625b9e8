//! The audit: every step stands in the table, follows the one before, and gives the digest that is chained to it.

use std::collections::{BTreeMap, BTreeSet};

use convo_core::conversation::Conversation;
use convo_core::machine::{Cell, Event, State, cell};
use convo_store::rows::{ConversationRow, MetadataRow, TransitionRow};
use convo_store::{Reader, chain};
use uuid::Uuid;

use super::Report;
use crate::error::AppError;
use crate::import::IMPORTED;

/// What the steps of a page of conversations have in free words.
pub(super) struct Said {
    metadata: BTreeMap<Uuid, MetadataRow>,
    /// Rows whose bytes are none of their kind.
    unreadable: BTreeSet<Uuid>,
    /// Leads that were erased, of those whose metadata is empty.
    erased: BTreeSet<Uuid>,
}

impl Said {
    /// Reads it.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn of<'a>(
        reader: &mut Reader<'_>,
        steps: impl Iterator<Item = &'a TransitionRow>,
    ) -> Result<Self, AppError> {
        let ids: Vec<Uuid> = steps.filter_map(|step| step.metadata_id).collect();
        let mut unreadable = BTreeSet::new();
        let rows = match reader.metadata_by_ids(&ids) {
            Ok(rows) => rows,
            Err(error) if error.is_unavailable() => return Err(error.into()),
            Err(_) => {
                let mut rows = Vec::new();
                for id in ids {
                    match reader.metadata_by_ids(&[id]) {
                        Ok(row) => rows.extend(row),
                        Err(error) if error.is_unavailable() => return Err(error.into()),
                        Err(_) => drop(unreadable.insert(id)),
                    }
                }
                rows
            }
        };
        let empty = rows.iter().filter(|row| row.salt.is_none());
        let leads: Vec<Uuid> = empty.filter_map(|row| row.lead_id).collect();
        let leads = reader.leads_by_ids(&leads)?.into_iter();
        Ok(Self {
            unreadable,
            erased: leads
                .filter(|lead| lead.erased_at.is_some())
                .map(|lead| lead.id)
                .collect(),
            metadata: rows.into_iter().map(|row| (row.id, row)).collect(),
        })
    }

    /// What is wrong with the content of a chained step.
    fn wrong(&self, step: &TransitionRow) -> Option<&'static str> {
        let id = step.metadata_id?;
        if self.unreadable.contains(&id) {
            return Some("the metadata row cannot be read");
        }
        let Some(row) = self.metadata.get(&id) else {
            return Some("the metadata row is gone");
        };
        let Some(salt) = &row.salt else {
            let erased = row.lead_id.is_some_and(|lead| self.erased.contains(&lead));
            let emptied = erased && row.body == "{}";
            return (!emptied).then_some("the metadata has no salt, and was not erased");
        };
        let digest = chain::content_digest(salt, row);
        (step.content_digest.as_deref() != Some(&digest))
            .then_some("the metadata row does not give its digest")
    }
}

/// The audit of conversations, each in the order of versions. A row whose bytes are none of its kind is named, and left
/// out.
///
/// # Errors
/// The database's.
pub(super) fn read(
    reader: &mut Reader<'_>,
    report: &mut Report,
    ids: &[Uuid],
) -> Result<BTreeMap<Uuid, Vec<TransitionRow>>, AppError> {
    let rows = match reader.transitions_by_conversations(ids) {
        Ok(rows) => rows,
        Err(error) if error.is_unavailable() => return Err(error.into()),
        Err(_) => readable(reader, report, ids)?,
    };
    let mut audit: BTreeMap<Uuid, Vec<TransitionRow>> = BTreeMap::new();
    for row in rows {
        audit.entry(row.conversation_id).or_default().push(row);
    }
    for steps in audit.values_mut() {
        steps.sort_by_key(|step| step.version);
    }
    Ok(audit)
}

/// Row by row, those that can be read.
fn readable(
    reader: &mut Reader<'_>,
    report: &mut Report,
    ids: &[Uuid],
) -> Result<Vec<TransitionRow>, AppError> {
    let mut rows = Vec::new();
    for id in ids {
        for version in reader.audit_versions(*id)? {
            let place = (*id, version);
            match reader.transitions_by_versions(&[place]) {
                Ok(row) => rows.extend(row),
                Err(error) if error.is_unavailable() => return Err(error.into()),
                Err(_) => {
                    report.found_in_audit("audit_readable", None, place, "cannot be read");
                }
            }
        }
    }
    Ok(rows)
}

/// Digests follow from the rows, each from the one before, and the conversation has the last; the first row of a
/// conversation that does not is named. `audit` is in the order of versions.
pub(super) fn chain(
    report: &mut Report,
    row: &ConversationRow,
    audit: &[TransitionRow],
    said: &Said,
) {
    let mut previous: Option<&[u8]> = None;
    let mut next = 1;
    for step in audit {
        let place = (row.id, step.version);
        if step.version > row.audit_version {
            if step.digest.is_some() {
                let detail = "is chained, and the conversation says it is not";
                report.found_in_audit("audit_head", Some(step.id), place, detail);
                return;
            }
            report.unchained += 1;
            continue;
        }
        if step.version != next {
            let detail = format!("version {} stands where {next} should", step.version);
            let place = (row.id, next.min(step.version));
            report.found_in_audit("audit_digest", Some(step.id), place, detail);
            return;
        }
        if let Some(detail) = said.wrong(step) {
            report.found_in_audit("audit_content", step.metadata_id, place, detail);
            return;
        }
        let digest = chain::row_digest(previous, step);
        if step.digest.as_deref() != Some(&digest) {
            let detail = match step.digest {
                Some(_) => "the row and the digest before it do not give its digest",
                None => "has no digest, and the conversation says it is chained",
            };
            report.found_in_audit("audit_digest", Some(step.id), place, detail);
            return;
        }
        previous = step.digest.as_deref();
        next += 1;
    }
    let place = (row.id, row.audit_version);
    if row.audit_version != next - 1 {
        let detail = format!(
            "the conversation says that {} rows are chained, there are {}",
            row.audit_version,
            next - 1
        );
        let place = (row.id, next);
        report.found_in_audit("audit_head", Some(row.id), place, detail);
    } else if row.audit_digest.as_deref() != previous {
        let detail = "the last digest is not the one that the conversation has";
        report.found_in_audit("audit_head", Some(row.id), place, detail);
    }
}

/// Audit versions are gapless and every step stands in the table, or is the one that began an import.
pub(super) fn history(
    report: &mut Report,
    row: &ConversationRow,
    facts: &Conversation<Uuid>,
    audit: &[TransitionRow],
) {
    let mut at = State::New;
    // Mail of another age may be imported at any time, so only what an import began with has a place in time.
    let begun = audit.first().filter(|step| step.event == IMPORTED);
    let begun = begun.map(|step| step.at);
    for (number, step) in audit.iter().enumerate() {
        report.transitions += 1;
        if i64::try_from(number + 1) != Ok(step.version) {
            report.found_in_audit(
                "audit_gapless",
                Some(step.id),
                (row.id, step.version),
                format!("version {} at place {}", step.version, number + 1),
            );
        }
        let (from, to) = (
            step.from_state.parse::<State>(),
            step.to_state.parse::<State>(),
        );
        let (Ok(from), Ok(to)) = (from, to) else {
            let place = (row.id, step.version);
            report.found_in_audit("audit_states", Some(step.id), place, "a state is none");
            continue;
        };
        if from != at {
            report.found_in_audit(
                "audit_chain",
                Some(step.id),
                (row.id, step.version),
                format!("begins in {from} but the step before ended in {at}"),
            );
        }
        let legal = match step.event.parse::<Event>() {
            Ok(event) => match cell(from, event) {
                Cell::To(expected) => expected == to,
                Cell::Recorded => from == to,
                Cell::Refused => false,
            },
            Err(_) => step.event == IMPORTED && number == 0,
        };
        if begun.is_some_and(|begun| step.at < begun) {
            report.found_in_audit(
                "audit_times",
                Some(step.id),
                (row.id, step.version),
                "is older than the state that was imported",
            );
        }
        if !legal {
            report.found_in_audit(
                "audit_table",
                Some(step.id),
                (row.id, step.version),
                format!("{} from {from} to {to} is not in the table", step.event),
            );
        }
        at = to;
    }
    if at != facts.state {
        report.found(
            "audit_end",
            Some(row.id),
            format!("the audit ends in {at}, the facts in {}", facts.state),
        );
    }
    if i64::try_from(audit.len()) != Ok(row.version) {
        report.found(
            "audit_count",
            Some(row.id),
            "the version is not the number of audit rows",
        );
    }
}
