//! Set-based deletes: erasing a person, and retention.

mod gate;

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use uuid::Uuid;

use crate::any::AnyConn;
use crate::commit::Sweep;
use crate::error::{StoreError, StoreResult};
use crate::rows::tables::*;
use crate::sql::{BoundId, BoundMoment};

pub(crate) use gate::end_leases;

/// Ids handled by one statement: SQLite takes at most 32,766 binds.
const CHUNK: usize = 500;

/// Deletes the rows of a table whose column is one of the keys.
macro_rules! delete {
    ($conn:expr, $table:ident, $column:ident, $keys:expr, $bind:expr) => {{
        let keys: &[_] = $keys;
        for chunk in keys.chunks(CHUNK) {
            let of = $table::$column.eq_any(chunk.iter().cloned().map($bind));
            at(
                stringify!($table),
                diesel::delete($table::table.filter(of)).execute($conn),
            )?;
        }
        Ok(())
    }};
}

/// Carries out one sweep.
pub(crate) fn run(conn: &mut AnyConn, sweep: &Sweep) -> StoreResult<()> {
    match sweep {
        Sweep::EraseLead {
            lead_id,
            address_keys,
            address_digests,
            receipts,
        } => {
            delete!(conn, webhook_receipts, id, receipts, BoundId)?;
            delete!(
                conn,
                webhook_receipts,
                address_digest,
                address_digests,
                Some
            )?;
            delete!(
                conn,
                soft_bounces,
                address_digest,
                address_digests,
                std::convert::identity
            )?;
            // A count of nobody would still say where the person came from.
            let left = analytics_counts::table
                .filter(analytics_counts::value.eq(0_i64))
                .filter(analytics_counts::source.ne(""));
            at("analytics_counts", diesel::delete(left).execute(conn))?;
            erase_lead(conn, *lead_id, address_keys)
        }
        Sweep::Receipts { before, limit } => {
            let old = old_receipts(conn, *before, *limit)?;
            delete!(conn, webhook_receipts, id, &old, BoundId)
        }
        Sweep::Answers { before, limit } => {
            let old = old_answers(conn, *before, *limit)?;
            delete!(
                conn,
                idempotency_keys,
                scope_digest,
                &old,
                std::convert::identity
            )
        }
        Sweep::Tokens { before, limit } => {
            let old = old_tokens(conn, *before, *limit)?;
            delete!(
                conn,
                webhook_tokens,
                token_digest,
                &old,
                std::convert::identity
            )
        }
        Sweep::Dedupe { before, limit } => {
            let old = old_events(conn, *before, *limit)?;
            delete!(conn, event_dedupe, digest, &old, std::convert::identity)
        }
        Sweep::Outbox { before, limit } => {
            let old = old_outbox(conn, *before, *limit)?;
            delete!(conn, outbox, id, &old, BoundId)
        }
        Sweep::Answered { before, limit } => {
            let old = old_answered(conn, *before, *limit)?;
            delete!(conn, automatic_answers, message_id, &old, BoundId)
        }
        Sweep::Drafts { before, now, limit } => {
            let old = gate::old_drafts(conn, *before, *limit)?;
            gate::expire_drafts(conn, &old, *now)
        }
        Sweep::Leases { before, limit } => {
            let old = gate::old_leases(conn, *before, *limit)?;
            delete!(conn, send_leases, id, &old, BoundId)
        }
        Sweep::Reputation(what) => gate::forget(conn, what),
        Sweep::Texts { before, limit } => {
            let old = old_texts(conn, *before, *limit)?;
            empty_messages(conn, &old)
        }
    }
}

/// Whether a retention sweep would find something; an erase always may.
pub(crate) fn pending(conn: &mut AnyConn, sweep: &Sweep) -> StoreResult<bool> {
    Ok(match sweep {
        Sweep::EraseLead { .. } => true,
        Sweep::Receipts { before, .. } => !old_receipts(conn, *before, 1)?.is_empty(),
        Sweep::Answers { before, .. } => !old_answers(conn, *before, 1)?.is_empty(),
        Sweep::Tokens { before, .. } => !old_tokens(conn, *before, 1)?.is_empty(),
        Sweep::Dedupe { before, .. } => !old_events(conn, *before, 1)?.is_empty(),
        Sweep::Outbox { before, .. } => !old_outbox(conn, *before, 1)?.is_empty(),
        Sweep::Answered { before, .. } => !old_answered(conn, *before, 1)?.is_empty(),
        Sweep::Drafts { before, .. } => !gate::old_drafts(conn, *before, 1)?.is_empty(),
        Sweep::Leases { before, .. } => !gate::old_leases(conn, *before, 1)?.is_empty(),
        Sweep::Reputation(what) => gate::is_remembered(conn, what)?,
        Sweep::Texts { before, .. } => !old_texts(conn, *before, 1)?.is_empty(),
    })
}

fn old_receipts(conn: &mut AnyConn, before: DateTime<Utc>, limit: i64) -> StoreResult<Vec<Uuid>> {
    let done = webhook_receipts::status
        .eq_any(["done", "ignored"])
        .and(webhook_receipts::done_at.lt(BoundMoment(before)));
    let unmatched = webhook_receipts::status
        .eq("unmatched")
        .and(webhook_receipts::received_at.lt(BoundMoment(before)));
    let old = webhook_receipts::table
        .filter(done.or(unmatched.nullable()))
        .select(webhook_receipts::id)
        .order(webhook_receipts::id)
        .limit(limit);
    at("webhook_receipts", old.load(conn))
}

fn old_answers(conn: &mut AnyConn, before: DateTime<Utc>, limit: i64) -> StoreResult<Vec<Vec<u8>>> {
    let old = idempotency_keys::table
        .filter(idempotency_keys::created_at.lt(BoundMoment(before)))
        .select(idempotency_keys::scope_digest)
        .limit(limit);
    at("idempotency_keys", old.load(conn))
}

fn old_tokens(conn: &mut AnyConn, before: DateTime<Utc>, limit: i64) -> StoreResult<Vec<Vec<u8>>> {
    let old = webhook_tokens::table
        .filter(webhook_tokens::expires_at.lt(BoundMoment(before)))
        .select(webhook_tokens::token_digest)
        .limit(limit);
    at("webhook_tokens", old.load(conn))
}

fn old_events(conn: &mut AnyConn, before: DateTime<Utc>, limit: i64) -> StoreResult<Vec<Vec<u8>>> {
    let old = event_dedupe::table
        .filter(event_dedupe::expires_at.lt(BoundMoment(before)))
        .select(event_dedupe::digest)
        .limit(limit);
    at("event_dedupe", old.load(conn))
}

fn old_outbox(conn: &mut AnyConn, before: DateTime<Utc>, limit: i64) -> StoreResult<Vec<Uuid>> {
    let old = outbox::table
        .filter(outbox::status.eq("sent"))
        .filter(outbox::created_at.lt(BoundMoment(before)))
        .select(outbox::id)
        .order(outbox::created_at.asc())
        .limit(limit);
    at("outbox", old.load(conn))
}

fn old_answered(conn: &mut AnyConn, before: DateTime<Utc>, limit: i64) -> StoreResult<Vec<Uuid>> {
    let old = automatic_answers::table
        .filter(automatic_answers::at.lt(BoundMoment(before)))
        .select(automatic_answers::message_id)
        .limit(limit);
    at("automatic_answers", old.load(conn))
}

fn old_texts(conn: &mut AnyConn, before: DateTime<Utc>, limit: i64) -> StoreResult<Vec<Uuid>> {
    let closed = conversations::table
        .filter(conversations::closed_at.lt(BoundMoment(before)))
        .filter(conversations::state.eq_any(["CLOSED", "ARCHIVED"]))
        .select(conversations::id);
    let old = messages::table
        .filter(messages::erased.eq(false))
        .filter(messages::conversation_id.eq_any(closed))
        .select(messages::id)
        .limit(limit);
    at("messages", old.load(conn))
}

fn erase_lead(conn: &mut AnyConn, lead: Uuid, address_keys: &[String]) -> StoreResult<()> {
    let lead_id = BoundId(lead);
    let of = conversations::table
        .filter(conversations::lead_id.eq(lead_id))
        .select(conversations::id);
    let theirs = messages::table
        .filter(messages::conversation_id.eq_any(of))
        .select(messages::id);
    let mut theirs: Vec<Uuid> = at("messages", theirs.load(conn))?;
    let elsewhere = messages::table
        .filter(sql::<Bool>("author = 'other'"))
        .filter(messages::author_id.eq(Some(lead_id)))
        .select(messages::id);
    theirs.extend(at("messages", elsewhere.load::<Uuid>(conn))?);
    let of: Vec<Uuid> = at("conversations", of.load(conn))?;
    empty_messages(conn, &theirs)?;
    erase_receipts(conn, lead_id, &theirs, &of)?;
    erase_reviews(conn, lead_id, &of, address_keys)?;
    let metadata =
        conversation_metadata::table.filter(conversation_metadata::lead_id.eq(Some(lead_id)));
    let emptied = diesel::update(metadata).set((
        conversation_metadata::body.eq("{}"),
        conversation_metadata::salt.eq(None::<Vec<u8>>),
    ));
    at("conversation_metadata", emptied.execute(conn))?;
    gate::erase_drafts(conn, lead_id)?;
    let answers = idempotency_keys::table.filter(idempotency_keys::lead_id.eq(Some(lead_id)));
    let emptied = diesel::update(answers).set(idempotency_keys::answer.eq(None::<String>));
    at("idempotency_keys", emptied.execute(conn))?;
    let addresses = lead_addresses::table.filter(lead_addresses::lead_id.eq(lead_id));
    at("lead_addresses", diesel::delete(addresses).execute(conn))?;
    let ids = external_ids::table.filter(external_ids::lead_id.eq(lead_id));
    at("external_ids", diesel::delete(ids).execute(conn))?;
    Ok(())
}

/// Empties what messages say and deletes their attachments.
fn empty_messages(conn: &mut AnyConn, ids: &[Uuid]) -> StoreResult<()> {
    for chunk in ids.chunks(CHUNK) {
        let of = message_contents::message_id.eq_any(chunk.iter().copied().map(BoundId));
        let emptied = diesel::update(message_contents::table.filter(of)).set((
            message_contents::from_address.eq(None::<String>),
            message_contents::recipients.eq("[]"),
            message_contents::subject.eq(""),
            message_contents::snippet.eq(""),
            message_contents::reply_text.eq(""),
            message_contents::text.eq(""),
            message_contents::html.eq(None::<String>),
            message_contents::headers.eq(None::<String>),
            message_contents::raw.eq(None::<Vec<u8>>),
        ));
        at("message_contents", emptied.execute(conn))?;
        let of = messages::id.eq_any(chunk.iter().copied().map(BoundId));
        let marked = diesel::update(messages::table.filter(of)).set(messages::erased.eq(true));
        at("messages", marked.execute(conn))?;
    }
    delete!(conn, attachments, message_id, ids, BoundId)
}

fn erase_receipts(
    conn: &mut AnyConn,
    lead: BoundId,
    messages: &[Uuid],
    conversations: &[Uuid],
) -> StoreResult<()> {
    let of = webhook_receipts::table.filter(webhook_receipts::lead_id.eq(Some(lead)));
    at("webhook_receipts", diesel::delete(of).execute(conn))?;
    delete!(conn, webhook_receipts, message_id, messages, |id| Some(
        BoundId(id)
    ))?;
    // Where a receipt has a lead, it is that of its conversation.
    for chunk in conversations.chunks(CHUNK) {
        let chunk = chunk.iter().map(|id| Some(BoundId(*id)));
        let of = webhook_receipts::table
            .filter(webhook_receipts::conversation_id.eq_any(chunk))
            .filter(webhook_receipts::lead_id.is_null());
        at("webhook_receipts", diesel::delete(of).execute(conn))?;
    }
    Ok(())
}

fn erase_reviews(
    conn: &mut AnyConn,
    lead: BoundId,
    conversations: &[Uuid],
    address_keys: &[String],
) -> StoreResult<()> {
    let mut reviews: Vec<Uuid> = Vec::new();
    let of = review_items::table
        .filter(review_items::lead_id.eq(Some(lead)))
        .select(review_items::id);
    reviews.extend(at("review_items", of.load::<Uuid>(conn))?);
    for chunk in conversations.chunks(CHUNK) {
        let chunk = chunk.iter().map(|id| Some(BoundId(*id)));
        let of = review_items::table
            .filter(review_items::conversation_id.eq_any(chunk))
            .select(review_items::id);
        reviews.extend(at("review_items", of.load::<Uuid>(conn))?);
    }
    for chunk in address_keys.chunks(CHUNK) {
        let of = review_items::table
            .filter(review_items::from_key.eq_any(chunk))
            .select(review_items::id);
        reviews.extend(at("review_items", of.load::<Uuid>(conn))?);
    }
    delete!(conn, review_waits, review_id, &reviews, BoundId)?;
    delete!(conn, review_items, id, &reviews, BoundId)
}

fn at<T>(table: &'static str, result: QueryResult<T>) -> StoreResult<T> {
    result.map_err(|error| StoreError::at(table, error))
}
