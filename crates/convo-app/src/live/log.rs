//! The log in the database, as replays and the feed read it.

use std::sync::Arc;

use convo_store::{Head, LogFilter, Reader, Store};
use uuid::Uuid;

use super::event::{Event, render};
use crate::error::AppError;

/// Rows behind the head from which a client must not be caught up by events.
pub const FAR_BEHIND: i64 = 100_000;
/// Rows read at once.
pub(super) const PAGE: i64 = 256;

/// Where a client says it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since {
    /// The last number it has seen.
    pub seq: i64,
    /// The log it saw it in.
    pub epoch: Uuid,
}

/// Why a client cannot go on from where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resync {
    /// The number is of another log.
    Epoch,
    /// The number is beyond the head.
    BeyondHead,
    /// More rows than [`FAR_BEHIND`] lie between.
    TooFarBehind,
}

impl Resync {
    /// The code on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Epoch => "epoch_changed",
            Self::BeyondHead => "beyond_head",
            Self::TooFarBehind => "too_far_behind",
        }
    }
}

/// How a subscription begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Began {
    /// After which row it begins.
    pub from: i64,
    /// The head up to which rows come from the database.
    pub seq: i64,
    /// Events up to there.
    pub replayed: i64,
    /// Why it does not begin where it was asked to.
    pub resync: Option<Resync>,
}

/// The event log.
pub trait Log: Send + Sync + 'static {
    /// Its end.
    ///
    /// # Errors
    /// The database's.
    fn head(&self) -> Result<Head, AppError>;

    /// How many rows after one number up to another the filter lets pass.
    ///
    /// # Errors
    /// The database's.
    fn count(&self, after: i64, upto: i64, filter: &LogFilter) -> Result<i64, AppError>;

    /// The first events after one number up to another that the filter lets pass; with the number they reach.
    ///
    /// # Errors
    /// The database's.
    fn matching(
        &self,
        after: i64,
        upto: i64,
        filter: &LogFilter,
    ) -> Result<(Vec<Arc<Event>>, i64), AppError>;

    /// The first events after a number, of everybody; with the number they reach.
    ///
    /// # Errors
    /// The database's.
    fn after(&self, seq: i64) -> Result<(Vec<Arc<Event>>, i64), AppError>;
}

/// Decides how a subscription begins.
///
/// # Errors
/// The database's.
pub(super) fn begin(
    log: &dyn Log,
    since: Option<Since>,
    filter: &LogFilter,
) -> Result<Began, AppError> {
    let head = log.head()?;
    let at_head = |resync| Began {
        from: head.seq,
        seq: head.seq,
        replayed: 0,
        resync,
    };
    let Some(since) = since else {
        return Ok(at_head(None));
    };
    let resync = if since.epoch != head.epoch {
        Some(Resync::Epoch)
    } else if since.seq > head.seq {
        Some(Resync::BeyondHead)
    } else if head.seq - since.seq > FAR_BEHIND {
        Some(Resync::TooFarBehind)
    } else {
        None
    };
    if resync.is_some() {
        return Ok(at_head(resync));
    }
    Ok(Began {
        from: since.seq,
        seq: head.seq,
        replayed: log.count(since.seq, head.seq, filter)?,
        resync: None,
    })
}

impl Log for Store {
    fn head(&self) -> Result<Head, AppError> {
        self.read(|reader| Ok(reader.head()?))
    }

    fn count(&self, after: i64, upto: i64, filter: &LogFilter) -> Result<i64, AppError> {
        self.read(|reader| Ok(reader.log_count(after, upto, filter)?))
    }

    fn matching(
        &self,
        after: i64,
        upto: i64,
        filter: &LogFilter,
    ) -> Result<(Vec<Arc<Event>>, i64), AppError> {
        self.read(|reader: &mut Reader<'_>| {
            let rows = reader.log_matching(after, upto, filter, PAGE)?;
            let full = i64::try_from(rows.len()).is_ok_and(|count| count >= PAGE);
            let reached = rows.last().filter(|_| full).map_or(upto, |row| row.seq);
            Ok((render(reader, &rows)?, reached))
        })
    }

    fn after(&self, seq: i64) -> Result<(Vec<Arc<Event>>, i64), AppError> {
        self.read(|reader: &mut Reader<'_>| {
            let rows = reader.log_after(seq, PAGE)?;
            let reached = rows.last().map_or(seq, |row| row.seq);
            Ok((render(reader, &rows)?, reached))
        })
    }
}
