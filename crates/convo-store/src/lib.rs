//! Conversations on SQLite and PostgreSQL: one schema, one write path.
//!
//! - [`rows`]: one struct per table, used to insert and to read alike.
//! - [`Store`]: opened by URL; a pool for reads, the migrations, and the [`Writer`].
//! - [`Writer::commit`]: the only function that writes. It begins the transaction, lets the caller decide on a
//!   [`Reader`] of the same connection, writes the [`Commit`] with about one statement per table, takes the
//!   numbers of the event log last, and commits.
//! - [`Reader`]: bulk look-ups by key for the writer, lists for the views, pages and recounts for checks.
//! - [`Store::dump`], [`Store::restore`]: every row out of one state of the database, and into an empty one.
//! - [`chain`]: the digests by which the audit proves itself.
//! - [`StoreError`], [`CommitError`]: away, conflict and fault are different kinds.
//!
//! Inside: `record` (one macro for a table, its row and its bulk writes), `sql` (ids and times that mean the same
//! on both databases), `any` (the connection over both), `url` and `open` (which database, and how it is set up),
//! `fixed` (statements that stay prepared), `together` (writes that go in one round trip), `head` and `log` (the end),
//! `migrate`, `transaction`, `write`, `sweep`, `check`. No other crate of the workspace names Diesel.

mod any;
pub mod chain;
mod check;
mod checkpoint;
mod commit;
mod counted;
mod dump;
mod error;
mod fare;
mod fixed;
mod head;
mod log;
mod migrate;
mod open;
mod read;
mod record;
pub mod rows;
mod search;
mod sql;
mod store;
mod sweep;
mod together;
mod transaction;
mod url;
mod write;
mod writer;

pub use commit::{
    Commit, CountKey, EndedLeases, Fared, Forgotten, LeasesOf, NewLogRow, Placement, Put,
    ReceiptChange, Reread, Sweep, TimerKey,
};
pub use dump::{Dumped, Restored, Restoring};
pub use error::{CommitError, StoreError, StoreResult};
pub use migrate::Birth;
pub use open::StoreOptions;
pub use read::{
    Attention, Backlog, COUNTED, ConversationList, Cursor, ExportFilter, ExportedText, FigureList,
    Head, Interval, LeadList, LogFilter, LogSpan, MessageArrival, MessageFacts, MessageHead,
    MessageLabel, MessageNode, MessageSize, NOTICED, OpenReviews, Reader, Recount, SentMail,
    SentOne, Sort, StepRow, WaitFigures, Waiting,
};
pub use store::{Connections, Database, Store};
pub use writer::Writer;
