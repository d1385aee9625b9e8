//! Writing a [`Commit`] inside an open transaction: about one statement per table.

use diesel::prelude::*;

use crate::any::AnyConn;
use crate::chain;
use crate::check;
use crate::commit::{Commit, CountKey, Placement, Put, ReceiptChange, Revised, TimerKey};
use crate::error::{StoreError, StoreResult};
use crate::fare;
use crate::log::{self, Logged};
use crate::record::{Field, Record, last_of_each};
use crate::rows::tables::*;
use crate::rows::*;
use crate::sql::{BoundId, BoundMoment};
use crate::sweep;
use crate::together::Together;

/// Writes everything; the event log comes last.
pub(crate) fn write(conn: &mut AnyConn, mut commit: Commit) -> StoreResult<Logged> {
    check::texts(&commit)?;
    chain::link(&mut commit);
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
    offer(conn, commit.offers)?;
    upsert(conn, commit.agent_turns, AgentTurnRow::upsert_all)?;
    insert(conn, commit.external_ids, ExternalIdRow::insert_all)?;
    remove_waits_of_leads(conn, &commit.waits_removed)?;
    remove_cohorts(conn, &commit.cohorts_removed)?;
    let counts = commit.counts.into_iter().filter(|(_, by)| *by != 0);
    append(
        conn,
        &Appended {
            waits: last_of_each(commit.waits),
            cohorts: last_of_each(commit.cohorts),
            counts: counts.map(count_row).collect(),
            threads: last_of_each(commit.threads),
            messages: commit.messages,
            contents: commit.contents,
            attachments: commit.attachments,
            metadata: commit.metadata,
            transitions: commit.transitions,
            journey: commit.journey,
            email_events: last_of_each(commit.email_events),
            receipts: commit.receipts,
            tokens: commit.tokens,
            dedupe: commit.dedupe,
            answers: commit.answers,
        },
    )?;
    chain::write(conn, &commit.unchained, &commit.salted)?;
    upsert(conn, commit.messages_changed, MessageRow::upsert_all)?;
    place(conn, &commit.placements)?;
    upsert(conn, commit.aliases, AliasRow::upsert_all)?;
    remove_placeholders(conn, &commit.placeholders_removed)?;
    upsert(conn, commit.placeholders, PlaceholderRow::upsert_all)?;
    change_receipts(conn, &commit.receipts_changed)?;
    upsert(conn, commit.suppressions, SuppressionRow::upsert_all)?;
    upsert(conn, commit.api_keys, ApiKeyRow::upsert_all)?;
    sweep::end_leases(conn, &commit.leases_ended)?;
    upsert(conn, commit.leases, LeaseRow::upsert_all)?;
    upsert(conn, commit.drafts, DraftRow::upsert_all)?;
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
    remove_timers(conn, commit.timers_removed)?;
    upsert(conn, commit.timers, TimerRow::upsert_all)?;
    if commit.resumed {
        let on = instance::paused_since.eq(None::<BoundMoment>);
        run(
            "instance",
            diesel::update(instance::table).set(on).execute(conn),
        )?;
    }
    for one in &commit.sweeps {
        sweep::run(conn, one)?;
    }
    fare::write(conn, &commit.fared)?;
    let counted = commit.counters.into_iter().filter(|(_, by)| *by != 0);
    let counted: Vec<CounterRow> = counted
        .map(|(name, value)| CounterRow { name, value })
        .collect();
    log::write(conn, &counted, commit.log)
}

/// Rows that most batches bring and that see nothing of each other.
struct Appended {
    threads: Vec<ThreadRow>,
    messages: Vec<MessageRow>,
    contents: Vec<ContentRow>,
    attachments: Vec<AttachmentRow>,
    metadata: Vec<MetadataRow>,
    transitions: Vec<TransitionRow>,
    journey: Vec<JourneyEventRow>,
    email_events: Vec<EmailEventRow>,
    receipts: Vec<ReceiptRow>,
    tokens: Vec<WebhookTokenRow>,
    dedupe: Vec<EventDedupeRow>,
    answers: Vec<IdempotencyRow>,
    waits: Vec<WaitRow>,
    cohorts: Vec<CohortRow>,
    counts: Vec<CountRow>,
}

fn append(conn: &mut AnyConn, rows: &Appended) -> StoreResult<()> {
    let mut together = Together::default();
    macro_rules! add {
        ($($rows:ident: $row:ident $all:ident $part:ident;)+) => {$(
            together.add(conn, &rows.$rows, $row::$all, $row::$part)?;
        )+};
    }
    add! {
        threads: ThreadRow upsert_all upserting;
        messages: MessageRow insert_all inserting;
        contents: ContentRow insert_all inserting;
        attachments: AttachmentRow insert_all inserting;
        metadata: MetadataRow insert_all inserting;
        transitions: TransitionRow insert_all inserting;
        journey: JourneyEventRow insert_all inserting;
        email_events: EmailEventRow upsert_all upserting;
        receipts: ReceiptRow insert_all inserting;
        tokens: WebhookTokenRow insert_all inserting;
        dedupe: EventDedupeRow insert_all inserting;
        answers: IdempotencyRow insert_all inserting;
        waits: WaitRow upsert_all upserting;
        cohorts: CohortRow upsert_all upserting;
        counts: CountRow add_all adding;
    }
    together.finish(conn)
}

fn count_row((key, value): (CountKey, i64)) -> CountRow {
    CountRow {
        figure: key.figure,
        day: key.day,
        campaign_id: key.campaign_id,
        agent_id: key.agent_id,
        source: key.source,
        value,
    }
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

/// Ends offers before any is made: at most one of a conversation is open.
fn offer(conn: &mut AnyConn, offers: Vec<OfferRow>) -> StoreResult<()> {
    let (open, ended) = last_of_each(offers)
        .into_iter()
        .partition(|offer| offer.status == "open");
    upsert(conn, ended, OfferRow::upsert_all)?;
    upsert(conn, open, OfferRow::upsert_all)
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

fn remove_waits_of_leads(
    conn: &mut AnyConn,
    removed: &[(uuid::Uuid, chrono::DateTime<chrono::Utc>)],
) -> StoreResult<()> {
    for (conversation, began_at) in removed {
        let one = waits::table.find((conversation.bind(), began_at.bind()));
        run("waits", diesel::delete(one).execute(conn))?;
    }
    Ok(())
}

fn remove_cohorts(conn: &mut AnyConn, leads: &[uuid::Uuid]) -> StoreResult<()> {
    for lead in leads {
        let one = cohorts::table.find(lead.bind());
        run("cohorts", diesel::delete(one).execute(conn))?;
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

/// One statement for each kind and subject on PostgreSQL, one for each timer on SQLite, where a call costs little.
fn remove_timers(conn: &mut AnyConn, mut removed: Vec<TimerKey>) -> StoreResult<()> {
    removed.sort_unstable();
    let alike = |a: &TimerKey, b: &TimerKey| (a.kind, a.subject_id) == (b.kind, b.subject_id);
    for group in removed.chunk_by(alike) {
        let Some(TimerKey {
            kind, subject_id, ..
        }) = group.first()
        else {
            continue;
        };
        let subject = BoundId(*subject_id);
        let mut ids = group.iter().map(|key| BoundId(key.conversation_id));
        let gone = match conn {
            AnyConn::Sqlite(conn) => ids.try_fold(0, |gone, id| {
                let one = timers::table.find((id, *kind, subject));
                Ok(gone + diesel::delete(one).execute(conn)?)
            }),
            AnyConn::Pg(conn) => {
                let of = timers::table
                    .filter(timers::conversation_id.eq_any(ids))
                    .filter(timers::kind.eq(*kind))
                    .filter(timers::subject_id.eq(subject));
                diesel::delete(of).execute(conn)
            }
        };
        run("timers", gone)?;
    }
    Ok(())
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

fn run(table: &'static str, result: QueryResult<usize>) -> StoreResult<()> {
    result
        .map(drop)
        .map_err(|error| StoreError::at(table, error))
}
