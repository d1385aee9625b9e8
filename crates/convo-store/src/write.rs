//! Writing a [`Commit`] inside an open transaction: about one statement per table.

use diesel::prelude::*;

use crate::any::AnyConn;
use crate::check;
use crate::commit::{Commit, NewLogRow, Placement, Put, ReceiptChange, Revised};
use crate::error::{StoreError, StoreResult};
use crate::fixed::{Columns, FixedInsert, Upsert, insert_columns};
use crate::head;
use crate::record::{Field, Record, columns, last_of_each};
use crate::rows::tables::*;
use crate::rows::*;
use crate::sql::BoundId;
use crate::sweep;

/// Writes everything; returns the last number of the event log, if rows were added to it.
pub(crate) fn write(conn: &mut AnyConn, commit: Commit) -> StoreResult<Option<i64>> {
    check::texts(&commit)?;
    people(conn, &commit)?;
    put(
        conn,
        commit.campaigns,
        CampaignRow::insert_all,
        [CampaignRow::swap_all; 2],
    )?;
    insert(conn, commit.policies, PolicyRow::insert_all)?;
    put(
        conn,
        commit.leads,
        LeadRow::insert_all,
        [LeadRow::swap_all, LeadRow::swap_busy],
    )?;
    insert(conn, commit.lead_addresses, LeadAddressRow::insert_all)?;
    put(
        conn,
        commit.agents,
        AgentRow::insert_all,
        [AgentRow::swap_all; 2],
    )?;
    insert(conn, commit.agent_addresses, AgentAddressRow::insert_all)?;
    put(
        conn,
        commit.conversations,
        ConversationRow::insert_all,
        [ConversationRow::swap_all, ConversationRow::swap_busy],
    )?;
    insert(conn, commit.external_ids, ExternalIdRow::insert_all)?;
    upsert(conn, commit.threads, ThreadRow::upsert_all)?;
    insert(conn, commit.messages, MessageRow::insert_all)?;
    insert(conn, commit.contents, ContentRow::insert_all)?;
    upsert(conn, commit.messages_changed, MessageRow::upsert_all)?;
    place(conn, &commit.placements)?;
    upsert(conn, commit.aliases, AliasRow::upsert_all)?;
    remove_placeholders(conn, &commit.placeholders_removed)?;
    upsert(conn, commit.placeholders, PlaceholderRow::upsert_all)?;
    insert(conn, commit.attachments, AttachmentRow::insert_all)?;
    insert(conn, commit.metadata, MetadataRow::insert_all)?;
    insert(conn, commit.transitions, TransitionRow::insert_all)?;
    insert(conn, commit.journey, JourneyEventRow::insert_all)?;
    upsert(conn, commit.email_events, EmailEventRow::upsert_all)?;
    insert(conn, commit.receipts, ReceiptRow::insert_all)?;
    change_receipts(conn, &commit.receipts_changed)?;
    insert(conn, commit.tokens, WebhookTokenRow::insert_all)?;
    insert(conn, commit.dedupe, EventDedupeRow::insert_all)?;
    upsert(conn, commit.suppressions, SuppressionRow::upsert_all)?;
    insert(conn, commit.answers, IdempotencyRow::insert_all)?;
    upsert(conn, commit.api_keys, ApiKeyRow::upsert_all)?;
    upsert(conn, commit.reviews, ReviewRow::upsert_all)?;
    remove_waits(conn, &commit.review_waits_removed)?;
    insert(conn, commit.review_waits, ReviewWaitRow::insert_all)?;
    upsert(conn, commit.outbox, OutboxRow::upsert_all)?;
    upsert(conn, commit.soft_bounces, SoftBounceRow::upsert_all)?;
    insert(
        conn,
        commit.automatic_answers,
        AutomaticAnswerRow::insert_all,
    )?;
    for one in &commit.sweeps {
        sweep::run(conn, one)?;
    }
    let counted = commit.counters.into_iter().filter(|(_, by)| *by != 0);
    count(
        conn,
        counted
            .map(|(name, value)| CounterRow { name, value })
            .collect(),
    )?;
    append(conn, commit.log)
}

type Many<T, R> = fn(&mut AnyConn, &[T]) -> QueryResult<R>;

fn insert<T: Record>(conn: &mut AnyConn, rows: Vec<T>, all: Many<T, ()>) -> StoreResult<()> {
    if rows.is_empty() {
        return Ok(());
    }
    all(conn, &rows).map_err(|error| StoreError::at(T::TABLE, error))
}

fn upsert<T: Record>(conn: &mut AnyConn, rows: Vec<T>, all: Many<T, ()>) -> StoreResult<()> {
    insert(conn, last_of_each(rows), all)
}

/// Inserts the new rows and compares and swaps the changed ones: all their columns, or the busy ones.
fn put<T: Record + Revised>(
    conn: &mut AnyConn,
    puts: Vec<Put<T>>,
    insert_all: Many<T, ()>,
    swaps: [Many<T, usize>; 2],
) -> StoreResult<()> {
    let mut new = Vec::new();
    let mut changed = [Vec::new(), Vec::new()];
    for put in puts {
        let Put { mut row, .. } = put;
        row.set_revision(put.expected.map_or(1, |revision| revision + 1));
        match put.expected {
            Some(_) => changed[usize::from(put.busy_only)].push(row),
            None => new.push(row),
        }
    }
    insert(conn, new, insert_all)?;
    for (changed, swap) in changed.into_iter().zip(swaps) {
        if changed.is_empty() {
            continue;
        }
        let changed = last_of_each(changed);
        let swapped = swap(conn, &changed).map_err(|error| StoreError::at(T::TABLE, error))?;
        if swapped != changed.len() {
            return Err(StoreError::Conflict { table: T::TABLE });
        }
    }
    Ok(())
}

/// Removes addresses before any is added, so that one may move from one record to another.
fn people(conn: &mut AnyConn, commit: &Commit) -> StoreResult<()> {
    if !commit.lead_addresses_removed.is_empty() {
        let keys = lead_addresses::address_key.eq_any(&commit.lead_addresses_removed);
        run(
            "lead_addresses",
            diesel::delete(lead_addresses::table.filter(keys)).execute(conn),
        )?;
    }
    if !commit.agent_addresses_removed.is_empty() {
        let keys = agent_addresses::address_key.eq_any(&commit.agent_addresses_removed);
        run(
            "agent_addresses",
            diesel::delete(agent_addresses::table.filter(keys)).execute(conn),
        )?;
    }
    Ok(())
}

fn place(conn: &mut AnyConn, placements: &[Placement]) -> StoreResult<()> {
    for place in placements {
        let update = diesel::update(messages::table.filter(messages::id.eq(BoundId(place.id))))
            .set((
                messages::parent_message_rfc.eq(place.parent_message_rfc.bind()),
                messages::parent_id.eq(place.parent_id.bind()),
                messages::depth.eq(place.depth),
                messages::thread_id.eq(BoundId(place.thread_id)),
            ))
            .execute(conn);
        run("messages", update)?;
    }
    Ok(())
}

fn remove_placeholders(conn: &mut AnyConn, removed: &[(uuid::Uuid, String)]) -> StoreResult<()> {
    for (conversation, rfc_id) in removed {
        let one = thread_placeholders::table
            .filter(thread_placeholders::conversation_id.eq(BoundId(*conversation)))
            .filter(thread_placeholders::rfc_id.eq(rfc_id));
        run("thread_placeholders", diesel::delete(one).execute(conn))?;
    }
    Ok(())
}

fn remove_waits(conn: &mut AnyConn, reviews: &[uuid::Uuid]) -> StoreResult<()> {
    if reviews.is_empty() {
        return Ok(());
    }
    let of = review_waits::review_id.eq_any(reviews.iter().copied().map(BoundId));
    run(
        "review_waits",
        diesel::delete(review_waits::table.filter(of)).execute(conn),
    )
}

fn change_receipts(conn: &mut AnyConn, changes: &[ReceiptChange]) -> StoreResult<()> {
    for change in changes {
        let one = webhook_receipts::table.filter(webhook_receipts::id.eq(BoundId(change.id)));
        let update = diesel::update(one)
            .set((
                webhook_receipts::status.eq(&change.status),
                webhook_receipts::attempts.eq(change.attempts),
                webhook_receipts::next_attempt_at.eq(change.next_attempt_at.bind()),
                webhook_receipts::error_code.eq(change.error_code.bind()),
                webhook_receipts::conversation_id.eq(change.conversation_id.bind()),
                webhook_receipts::lead_id.eq(change.lead_id.bind()),
                webhook_receipts::campaign_id.eq(change.campaign_id.bind()),
                webhook_receipts::message_id.eq(change.message_id.bind()),
                webhook_receipts::wait_rfc_id.eq(change.wait_rfc_id.bind()),
                webhook_receipts::done_at.eq(change.done_at.bind()),
            ))
            .execute(conn);
        run("webhook_receipts", update)?;
        if let Some(reread) = &change.reread {
            let update = diesel::update(one)
                .set((
                    webhook_receipts::kind.eq(&reread.kind),
                    webhook_receipts::body.eq(reread.body.bind()),
                    webhook_receipts::address_digest.eq(reread.address_digest.bind()),
                ))
                .execute(conn);
            run("webhook_receipts", update)?;
        }
    }
    Ok(())
}

const ADD: &str = " ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value";
const ADD_MANY: &str = ") ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value";
const COUNT: &str = insert_columns!(counters (name value));

/// Adds to the counters. The rows come sorted by name, so that writers lock them in one order.
fn count(conn: &mut AnyConn, rows: Vec<CounterRow>) -> StoreResult<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let added = match conn {
        AnyConn::Sqlite(conn) => rows.iter().try_for_each(|row| {
            let values = (
                counters::name.eq(row.name.bind()),
                counters::value.eq(row.value),
            );
            let insert = diesel::insert_into(counters::table).values(values);
            FixedInsert::<_, Upsert<CounterRow>>::new(insert, ADD)
                .execute(conn)
                .map(drop)
        }),
        AnyConn::Pg(conn) => {
            let columns = columns!(rows counters (name value));
            Columns::<_, Upsert<CounterRow>>::new(COUNT, columns, ADD_MANY)
                .execute(conn)
                .map(drop)
        }
    };
    added.map_err(|error| StoreError::at("counters", error))
}

/// Takes the next numbers from the one row of the head, whose lock orders all writers until their commit,
/// and writes the rows of the event log.
fn append(conn: &mut AnyConn, rows: Vec<NewLogRow>) -> StoreResult<Option<i64>> {
    let Ok(taken) = i64::try_from(rows.len()) else {
        return Err(StoreError::Fault {
            table: "event_log",
            reason: "too many rows".to_owned(),
        });
    };
    if taken == 0 {
        return Ok(None);
    }
    let last = head::take(conn, taken)?;
    let numbered = rows
        .into_iter()
        .zip(last - taken + 1..)
        .map(|(row, seq)| LogRow {
            seq,
            kind: row.kind,
            at: row.at,
            conversation_id: row.conversation_id,
            lead_id: row.lead_id,
            metadata_id: row.metadata_id,
            silent: row.silent,
            quiet: row.quiet,
            data: row.data,
        });
    insert(conn, numbered.collect(), LogRow::insert_all)?;
    Ok(Some(last))
}

fn run(table: &'static str, result: QueryResult<usize>) -> StoreResult<()> {
    result
        .map(drop)
        .map_err(|error| StoreError::at(table, error))
}
