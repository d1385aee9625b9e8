//! What waits to be done, and since when: asked every few seconds, so that nothing here may cost more the longer a
//! table becomes. Counts walk an index and stop at [`COUNTED`].

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::{Reader, at};
use crate::error::StoreResult;
use crate::rows::tables::*;

/// Rows a count walks over at most; where there are more, it is this many.
pub const COUNTED: i64 = 10_000;
/// Receipts that are looked through for the newest mail.
const RECENT: i64 = 2_000;
/// What a receipt of an incoming mail is called.
const INBOUND: &str = "inbound";

/// Rows that wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// How many, up to [`COUNTED`].
    pub count: i64,
    /// Since when the oldest of them does.
    pub oldest: Option<DateTime<Utc>>,
}

/// Everything that waits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Receipts by status: `failed`, `dead`, `unmatched`.
    pub receipts: Vec<(&'static str, Waiting)>,
    /// Outgoing mails by status: `queued`, `leased`, `dead`.
    pub outbox: Vec<(&'static str, Waiting)>,
    /// When the outgoing mail that is due first is.
    pub outbox_due: Option<DateTime<Utc>>,
    /// Offers that agents have not answered.
    pub offers: Waiting,
    /// Conversations that wait for an agent without an open offer.
    pub queued: Waiting,
    /// Open review items.
    pub reviews: Waiting,
    /// Drafts that nobody has decided on.
    pub drafts: Waiting,
    /// When the newest mail came in. Behind many events without one it is the time of the oldest of those: not later.
    pub newest_mail: Option<DateTime<Utc>>,
    /// The last number of the event log.
    pub head: i64,
}

/// How many of each kind wait for a person, up to [`NOTICED`] each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attention {
    /// Conversations that no agent has: offered, or not offered any more.
    pub handover: i64,
    /// Open review items.
    pub reviews: i64,
    /// Drafts that nobody has decided on.
    pub drafts: i64,
    /// Outgoing mails that were given up.
    pub mails: i64,
    /// Webhooks that were given up.
    pub receipts: i64,
}

/// Rows a count of [`Attention`] walks over at most.
pub const NOTICED: i64 = 100;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    counted: i64,
}

/// The time of the first row in the order of an index.
macro_rules! first {
    ($reader:expr, $table:ident, $condition:expr, $column:ident) => {{
        let query = $table::table
            .filter(sql::<Bool>($condition))
            .select($table::$column)
            .order(($table::$column.asc(), $table::id.asc()));
        at(stringify!($table), query.first($reader.conn).optional())
    }};
}

impl Reader<'_> {
    /// What waits, as of now.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn backlog(&mut self) -> StoreResult<Backlog> {
        let mut receipts = Vec::new();
        for (status, condition) in [
            ("failed", "status = 'failed'"),
            ("dead", "status = 'dead'"),
            ("unmatched", "status = 'unmatched'"),
        ] {
            let count = self.counted("webhook_receipts", condition)?;
            let oldest = first!(self, webhook_receipts, condition, received_at)?;
            receipts.push((status, Waiting { count, oldest }));
        }
        let mut outbox = Vec::new();
        for (status, condition) in [
            ("queued", "status = 'queued'"),
            ("leased", "status = 'leased'"),
            ("dead", "status = 'dead'"),
        ] {
            let count = self.counted("outbox", condition)?;
            let oldest = first!(self, outbox, condition, created_at)?;
            outbox.push((status, Waiting { count, oldest }));
        }
        let queued = "queued_since IS NOT NULL";
        let oldest: Option<Option<DateTime<Utc>>> =
            first!(self, conversations, queued, queued_since)?;
        let queued = Waiting {
            count: self.counted("conversations", queued)?,
            oldest: oldest.flatten(),
        };
        Ok(Backlog {
            receipts,
            outbox,
            outbox_due: self.outbox_next_due()?,
            offers: Waiting {
                count: self.counted("handover_offers", "status = 'open'")?,
                oldest: first!(self, handover_offers, "status = 'open'", offered_at)?,
            },
            queued,
            reviews: Waiting {
                count: self.counted("review_items", "status = 'open'")?,
                oldest: first!(self, review_items, "status = 'open'", created_at)?,
            },
            drafts: Waiting {
                count: self.counted("drafts", "decided_at IS NULL")?,
                oldest: first!(self, drafts, "decided_at IS NULL", created_at)?,
            },
            newest_mail: self.newest_mail()?,
            head: self.head()?.seq,
        })
    }

    /// How much waits for a person: read with every page that people open, and never more than [`NOTICED`] rows a count.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn attention(&mut self) -> StoreResult<Attention> {
        let offers = self.counted_to("handover_offers", "status = 'open'", NOTICED)?;
        let queued = self.counted_to("conversations", "queued_since IS NOT NULL", NOTICED)?;
        Ok(Attention {
            handover: (offers + queued).min(NOTICED),
            reviews: self.counted_to("review_items", "status = 'open'", NOTICED)?,
            drafts: self.counted_to("drafts", "decided_at IS NULL", NOTICED)?,
            mails: self.counted_to("outbox", "status = 'dead'", NOTICED)?,
            receipts: self.counted_to("webhook_receipts", "status = 'dead'", NOTICED)?,
        })
    }

    fn counted(&mut self, table: &'static str, condition: &'static str) -> StoreResult<i64> {
        self.counted_to(table, condition, COUNTED)
    }

    fn counted_to(
        &mut self,
        table: &'static str,
        condition: &'static str,
        most: i64,
    ) -> StoreResult<i64> {
        let query = diesel::sql_query(format!(
            "SELECT count(*) AS counted FROM (SELECT 1 AS one FROM {table} WHERE {condition} LIMIT {most}) AS waiting"
        ));
        let count: Count = at(table, query.get_result(self.conn))?;
        Ok(count.counted)
    }

    fn newest_mail(&mut self) -> StoreResult<Option<DateTime<Utc>>> {
        let query = webhook_receipts::table
            .select((webhook_receipts::kind, webhook_receipts::received_at))
            .order((
                webhook_receipts::received_at.desc(),
                webhook_receipts::id.desc(),
            ))
            .limit(RECENT);
        let recent: Vec<(String, DateTime<Utc>)> = at("webhook_receipts", query.load(self.conn))?;
        let mail = recent.iter().find(|(kind, _)| kind == INBOUND);
        let all = i64::try_from(recent.len()).is_ok_and(|rows| rows < RECENT);
        let last = recent.last().filter(|_| !all);
        Ok(mail.or(last).map(|(_, came)| *came))
    }
}
