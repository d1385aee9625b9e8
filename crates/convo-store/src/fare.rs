//! How mail fared, by scope and hour: added to what is stored.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::any::AnyConn;
use crate::commit::Fared;
use crate::error::{StoreError, StoreResult};
use crate::fixed::{Columns, FixedInsert, Upsert, insert_columns};
use crate::record::{Field, columns};
use crate::rows::ReputationRow;
use crate::rows::tables::*;

const FARED: &str = insert_columns!(reputation (scope hour sent hard_bounces complaints));
const ADD_FARED: &str = " ON CONFLICT (scope, hour) DO UPDATE SET sent = reputation.sent + excluded.sent, \
    hard_bounces = reputation.hard_bounces + excluded.hard_bounces, \
    complaints = reputation.complaints + excluded.complaints";
const ADD_MANY_FARED: &str = ") ON CONFLICT (scope, hour) DO UPDATE SET sent = reputation.sent + excluded.sent, \
    hard_bounces = reputation.hard_bounces + excluded.hard_bounces, \
    complaints = reputation.complaints + excluded.complaints";

/// Adds how mail fared. The rows come sorted by scope and hour, so that writers lock them in one order.
pub(crate) fn write(
    conn: &mut AnyConn,
    fared: &BTreeMap<(String, DateTime<Utc>), Fared>,
) -> StoreResult<()> {
    if fared.is_empty() {
        return Ok(());
    }
    let row = |((scope, hour), fared): (&(String, DateTime<Utc>), &Fared)| ReputationRow {
        scope: scope.clone(),
        hour: *hour,
        sent: fared.sent,
        hard_bounces: fared.hard_bounces,
        complaints: fared.complaints,
    };
    let rows: Vec<ReputationRow> = fared.iter().map(row).collect();
    let added = match conn {
        AnyConn::Sqlite(conn) => rows.iter().try_for_each(|row| {
            let values = (
                reputation::scope.eq(row.scope.bind()),
                reputation::hour.eq(row.hour.bind()),
                reputation::sent.eq(row.sent),
                reputation::hard_bounces.eq(row.hard_bounces),
                reputation::complaints.eq(row.complaints),
            );
            let insert = diesel::insert_into(reputation::table).values(values);
            FixedInsert::<_, Upsert<ReputationRow>>::new(insert, ADD_FARED)
                .execute(conn)
                .map(drop)
        }),
        AnyConn::Pg(conn) => {
            let columns = columns!(rows reputation (scope hour sent hard_bounces complaints));
            Columns::<_, Upsert<ReputationRow>>::new(FARED, columns, ADD_MANY_FARED)
                .execute(conn)
                .map(drop)
        }
    };
    added.map_err(|error| StoreError::at("reputation", error))
}
