//! Counts of analytics: added to what is stored.

use diesel::prelude::*;

use crate::any::AnyConn;
use crate::fixed::{Columns, FixedInsert, Upsert, insert_columns};
use crate::record::{Field, columns};
use crate::rows::CountRow;
use crate::rows::tables::*;
use crate::together::Part;

const COUNT: &str =
    insert_columns!(analytics_counts (figure day campaign_id agent_id source value));
const ADD: &str = " ON CONFLICT (figure, day, campaign_id, agent_id, source) \
    DO UPDATE SET value = analytics_counts.value + excluded.value";
const ADD_MANY: &str = ") ON CONFLICT (figure, day, campaign_id, agent_id, source) \
    DO UPDATE SET value = analytics_counts.value + excluded.value";

impl CountRow {
    /// Adds to what is counted. The rows come sorted by key, so that writers lock them in one order.
    pub(crate) fn add_all(conn: &mut AnyConn, rows: &[Self]) -> QueryResult<()> {
        match conn {
            AnyConn::Sqlite(conn) => rows.iter().try_for_each(|row| {
                let values = (
                    analytics_counts::figure.eq(row.figure.bind()),
                    analytics_counts::day.eq(row.day.bind()),
                    analytics_counts::campaign_id.eq(row.campaign_id.bind()),
                    analytics_counts::agent_id.eq(row.agent_id.bind()),
                    analytics_counts::source.eq(row.source.bind()),
                    analytics_counts::value.eq(row.value),
                );
                let insert = diesel::insert_into(analytics_counts::table).values(values);
                FixedInsert::<_, Upsert<Self>>::new(insert, ADD)
                    .execute(conn)
                    .map(drop)
            }),
            AnyConn::Pg(conn) => Self::adding(rows).execute(conn).map(drop),
        }
    }

    /// The same as one statement of PostgreSQL, to be sent alone or with others.
    pub(crate) fn adding(rows: &[Self]) -> Part<'_> {
        let columns =
            columns!(rows analytics_counts (figure day campaign_id agent_id source value));
        Part::new(Columns::<_, ()>::new(COUNT, columns, ADD_MANY))
    }
}
