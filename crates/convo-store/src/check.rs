//! Refuses U+0000 before it reaches a database: SQLite would keep it, PostgreSQL would not.

use crate::commit::{Commit, Put};
use crate::error::{StoreError, StoreResult};
use crate::record::{Field, Record};

/// Looks at every text of a commit.
pub(crate) fn texts(commit: &Commit) -> StoreResult<()> {
    puts(&commit.campaigns)?;
    rows(&commit.policies)?;
    puts(&commit.leads)?;
    rows(&commit.lead_addresses)?;
    puts(&commit.agents)?;
    rows(&commit.agent_addresses)?;
    puts(&commit.conversations)?;
    rows(&commit.offers)?;
    rows(&commit.external_ids)?;
    rows(&commit.threads)?;
    rows(&commit.messages)?;
    rows(&commit.contents)?;
    rows(&commit.messages_changed)?;
    rows(&commit.aliases)?;
    rows(&commit.placeholders)?;
    rows(&commit.attachments)?;
    rows(&commit.metadata)?;
    rows(&commit.transitions)?;
    rows(&commit.journey)?;
    rows(&commit.email_events)?;
    rows(&commit.receipts)?;
    rows(&commit.suppressions)?;
    rows(&commit.answers)?;
    rows(&commit.api_keys)?;
    rows(&commit.leases)?;
    rows(&commit.drafts)?;
    rows(&commit.reviews)?;
    rows(&commit.review_waits)?;
    rows(&commit.outbox)?;
    rows(&commit.automatic_answers)?;
    rows(&commit.timers)?;
    rows(&commit.waits)?;
    rows(&commit.cohorts)?;
    all("analytics_counts", commit.counts.keys(), |key| {
        key.figure.has_nul() || key.source.has_nul()
    })?;
    let keys = commit
        .lead_addresses_removed
        .iter()
        .chain(&commit.agent_addresses_removed);
    all("lead_addresses", keys, Field::has_nul)?;
    all(
        "thread_placeholders",
        &commit.placeholders_removed,
        |(_, rfc_id)| rfc_id.has_nul(),
    )?;
    all("messages", &commit.placements, |place| {
        place.parent_message_rfc.has_nul()
    })?;
    all("webhook_receipts", &commit.receipts_changed, |change| {
        change.status.has_nul() || change.error_code.has_nul() || change.wait_rfc_id.has_nul()
    })?;
    all("reputation", commit.fared.keys(), |(scope, _)| {
        scope.has_nul()
    })?;
    all("counters", commit.counters.keys(), Field::has_nul)?;
    all("event_log", &commit.log, |row| {
        row.kind.has_nul() || row.data.has_nul()
    })
}

fn puts<T: Record>(puts: &[Put<T>]) -> StoreResult<()> {
    all(T::TABLE, puts, |put| put.row.has_nul())
}

fn rows<T: Record>(rows: &[T]) -> StoreResult<()> {
    all(T::TABLE, rows, Record::has_nul)
}

fn all<'a, T: 'a>(
    table: &'static str,
    items: impl IntoIterator<Item = &'a T>,
    has_nul: impl Fn(&'a T) -> bool,
) -> StoreResult<()> {
    if items.into_iter().any(has_nul) {
        Err(StoreError::Text { table })
    } else {
        Ok(())
    }
}
