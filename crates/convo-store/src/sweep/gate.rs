//! What sending leaves behind: drafts nobody decided, leases nobody used, counts of long ago.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::{CHUNK, at};
use crate::any::AnyConn;
use crate::commit::{EndedLeases, Forgotten, LeasesOf};
use crate::error::StoreResult;
use crate::rows::tables::*;
use crate::sql::{BoundId, BoundMoment};

/// Ends open leases: a statement for those of each kind that there are.
pub(crate) fn end_leases(conn: &mut AnyConn, ended: &[EndedLeases]) -> StoreResult<()> {
    let Some(at) = ended.iter().map(|one| one.at).max() else {
        return Ok(());
    };
    let mut of: [Vec<Uuid>; 3] = Default::default();
    for one in ended {
        let (kind, id) = match one.of {
            LeasesOf::Lead(id) => (0, id),
            LeasesOf::LeadOfAll(id) => (1, id),
            LeasesOf::Campaign(id) => (2, id),
        };
        of[kind].push(id);
    }
    let [leads, all, campaigns] = of.map(|mut ids| {
        ids.sort_unstable();
        ids.dedup();
        ids
    });
    // Which leases are open is the condition of their indexes.
    macro_rules! end {
        ($ids:expr, $column:ident, $bind:expr $(, $more:expr)?) => {
            for chunk in $ids.chunks(CHUNK) {
                let bound = chunk.iter().copied().map($bind);
                let open = send_leases::table
                    .filter(send_leases::$column.eq_any(bound))
                    $(.filter($more))?
                    .filter(send_leases::open_until.gt(Some(BoundMoment(at))));
                let end = diesel::update(open)
                    .set(send_leases::open_until.eq(Some(BoundMoment(at))));
                super::at("send_leases", end.execute(conn))?;
            }
        };
    }
    end!(leads, lead_id, BoundId, send_leases::author.ne("agent"));
    end!(all, lead_id, BoundId);
    end!(
        campaigns,
        campaign_id,
        |id| Some(BoundId(id)),
        send_leases::author.ne("agent")
    );
    Ok(())
}

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
        Forgotten::Scope(scope, now) => {
            let put_off = outbox::table
                .filter(outbox::status.eq("queued"))
                .filter(outbox::code.eq(Some("reputation")));
            let due = diesel::update(put_off).set(outbox::due_at.eq(Some(BoundMoment(*now))));
            at("outbox", due.execute(conn))?;
            let of = reputation::table.filter(reputation::scope.eq(scope));
            diesel::delete(of).execute(conn)
        }
    };
    at("reputation", gone).map(drop)
}
