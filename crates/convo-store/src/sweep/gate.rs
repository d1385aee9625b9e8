//! What sending leaves behind: drafts nobody decided, leases nobody used, counts of long ago.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::{CHUNK, at};
use crate::any::AnyConn;
use crate::commit::Forgotten;
use crate::error::StoreResult;
use crate::rows::tables::*;
use crate::sql::{BoundId, BoundMoment};

/// Empties what drafts of a lead say.
pub(super) fn erase_drafts(conn: &mut AnyConn, lead: BoundId) -> StoreResult<()> {
    let emptied = diesel::update(drafts::table.filter(drafts::lead_id.eq(lead))).set((
        drafts::subject.eq(None::<String>),
        drafts::text.eq(""),
        drafts::html.eq(None::<String>),
    ));
    at("drafts", emptied.execute(conn)).map(drop)
}

/// Drafts that have waited since before.
pub(super) fn old_drafts(
    conn: &mut AnyConn,
    before: DateTime<Utc>,
    limit: i64,
) -> StoreResult<Vec<Uuid>> {
    let old = drafts::table
        .filter(drafts::decided_at.is_null())
        .filter(drafts::created_at.lt(BoundMoment(before)))
        .select(drafts::id)
        .limit(limit);
    at("drafts", old.load(conn))
}

/// Decides and empties drafts.
pub(super) fn expire_drafts(
    conn: &mut AnyConn,
    ids: &[Uuid],
    now: DateTime<Utc>,
) -> StoreResult<()> {
    for chunk in ids.chunks(CHUNK) {
        let of = drafts::id.eq_any(chunk.iter().copied().map(BoundId));
        let expired = diesel::update(drafts::table.filter(of)).set((
            drafts::subject.eq(None::<String>),
            drafts::text.eq(""),
            drafts::html.eq(None::<String>),
            drafts::decision.eq(Some("expired")),
            drafts::decided_by.eq(Some("system")),
            drafts::decided_at.eq(Some(BoundMoment(now))),
        ));
        at("drafts", expired.execute(conn))?;
    }
    Ok(())
}

/// Leases that nobody used, that answer nothing and that ended before: who answers what is kept for ever.
pub(super) fn old_leases(
    conn: &mut AnyConn,
    before: DateTime<Utc>,
    limit: i64,
) -> StoreResult<Vec<Uuid>> {
    let old = send_leases::table
        .filter(send_leases::open_until.lt(Some(BoundMoment(before))))
        .filter(send_leases::claim.is_null())
        .select(send_leases::id)
        .limit(limit);
    at("send_leases", old.load(conn))
}

/// Whether there are counts to be forgotten.
pub(super) fn is_remembered(conn: &mut AnyConn, what: &Forgotten) -> StoreResult<bool> {
    let Forgotten::Before(before) = what else {
        return Ok(true);
    };
    let old = reputation::table
        .filter(reputation::hour.lt(BoundMoment(*before)))
        .select(reputation::sent);
    let first: Option<i64> = at("reputation", old.first(conn).optional())?;
    Ok(first.is_some())
}

/// Forgets how mail fared.
pub(super) fn forget(conn: &mut AnyConn, what: &Forgotten) -> StoreResult<()> {
    let gone = match what {
        Forgotten::Before(before) => {
            let old = reputation::table.filter(reputation::hour.lt(BoundMoment(*before)));
            diesel::delete(old).execute(conn)
        }
        Forgotten::Scope(scope) => {
            let of = reputation::table.filter(reputation::scope.eq(scope));
            diesel::delete(of).execute(conn)
        }
    };
    at("reputation", gone).map(drop)
}
