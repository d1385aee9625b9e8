//! Leases, drafts and the outbox say the same of a mail as its message.

use std::collections::{BTreeMap, BTreeSet};

use convo_core::vocabulary::Author;
use convo_store::Reader;
use convo_store::rows::{LeaseRow, MessageRow};
use uuid::Uuid;

use super::{PAGE, Report};
use crate::door::is_unsent;
use crate::error::AppError;
use crate::outbox::Status;

/// Looks at every lease, draft and outgoing mail.
///
/// # Errors
/// The database's.
pub(super) fn sending(reader: &mut Reader<'_>, report: &mut Report) -> Result<(), AppError> {
    leases(reader, report)?;
    drafts(reader, report)?;
    outbox(reader, report)
}

fn messages(
    reader: &mut Reader<'_>,
    ids: impl Iterator<Item = Uuid>,
) -> Result<BTreeMap<Uuid, MessageRow>, AppError> {
    let ids: Vec<Uuid> = ids.collect();
    let rows = reader.messages_by_ids(&ids)?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// A used lease became a message under its id, or a draft; no message was sent with two.
fn leases(reader: &mut Reader<'_>, report: &mut Report) -> Result<(), AppError> {
    let mut after = None;
    loop {
        let rows = reader.leases_after(after, PAGE)?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = Some(last.id);
        let sent: Vec<Uuid> = rows.iter().filter_map(|row| row.message_id).collect();
        let known = messages(reader, sent.iter().copied())?;
        let mut of_message: BTreeMap<Uuid, usize> = BTreeMap::new();
        for message in reader
            .leases_by_messages(&sent)?
            .iter()
            .filter_map(|row| row.message_id)
        {
            *of_message.entry(message).or_default() += 1;
        }
        let used = rows.iter().filter(|row| row.used_at.is_some());
        let drafted: Vec<Uuid> = used
            .filter(|row| row.message_id.is_none())
            .map(|row| row.lead_id)
            .collect();
        let drafts = reader.drafts_by_leads(&drafted)?;
        let drafts: BTreeSet<Uuid> = drafts.iter().map(|draft| draft.lease_id).collect();
        for row in &rows {
            let message = row.message_id.map(|id| known.get(&id));
            let shared = row
                .message_id
                .is_some_and(|id| of_message.get(&id) != Some(&1));
            if let Some(wrong) = lease(row, message, drafts.contains(&row.id), shared) {
                report.found("leases", Some(row.id), wrong);
            }
        }
    }
}

/// What is wrong with a lease: `message` is the one it names, where it names one and that is stored.
fn lease(
    row: &LeaseRow,
    message: Option<Option<&MessageRow>>,
    drafted: bool,
    shared: bool,
) -> Option<&'static str> {
    let by_machine = row.author != Author::Agent.as_str();
    let claims = by_machine && row.answers_id.is_some();
    match (row.used_at, message) {
        _ if claims && row.claim.is_none() => Some("answers a mail and does not claim it"),
        (None, Some(_)) => Some("has a message, and was not used"),
        (Some(_), _) if row.open_until.is_some() => Some("was used, and is open"),
        (Some(_), None) if !drafted => Some("was used, and has neither message nor draft"),
        (Some(_), Some(None)) => Some("names a message that is not stored"),
        (Some(_), Some(Some(message))) if message.rfc_id != row.rfc_id => {
            Some("its message has another Message-ID")
        }
        (Some(_), Some(_)) if shared => Some("another lease names its message"),
        _ => None,
    }
}

/// A draft that waits has leave that nothing was sent with.
fn drafts(reader: &mut Reader<'_>, report: &mut Report) -> Result<(), AppError> {
    let mut after = None;
    loop {
        let rows = reader.drafts_after(after, PAGE)?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = Some(last.id);
        let waiting: Vec<_> = rows.iter().filter(|row| row.decided_at.is_none()).collect();
        let ids: Vec<Uuid> = waiting.iter().map(|row| row.lease_id).collect();
        let leases = reader.leases_by_ids(&ids)?;
        for row in waiting {
            let lease = leases.iter().find(|lease| lease.id == row.lease_id);
            let free =
                lease.is_some_and(|lease| lease.used_at.is_some() && lease.message_id.is_none());
            if !free || row.message_id.is_some() {
                report.found(
                    "drafts",
                    Some(row.id),
                    "waits, and its leave is not kept for it",
                );
            }
        }
    }
}

/// What is on its way has a time, and only that; what never left counts as not said.
fn outbox(reader: &mut Reader<'_>, report: &mut Report) -> Result<(), AppError> {
    let mut after = None;
    loop {
        let rows = reader.outbox_after(after, PAGE)?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = Some(last.id);
        let known = messages(reader, rows.iter().filter_map(|row| row.message_id))?;
        let is = |status: &str, of: &[Status]| of.iter().any(|one| one.as_str() == status);
        for row in &rows {
            let on_its_way = is(&row.status, &[Status::Queued, Status::Leased]);
            if on_its_way != row.due_at.is_some() {
                let detail = format!("{} and its time do not go together", row.status);
                report.found("outbox", Some(row.id), detail);
            }
            let kept = is(&row.status, &[Status::Void, Status::Dead, Status::Shadow]);
            let message = row.message_id.map(|id| known.get(&id));
            match message {
                Some(None) => report.found("outbox", Some(row.id), "sends what is not stored"),
                Some(Some(message)) if is_unsent(&message.codes) != kept => {
                    let detail = format!("is {}, and its message says otherwise", row.status);
                    report.found("outbox", Some(row.id), detail);
                }
                _ => {}
            }
        }
    }
}
