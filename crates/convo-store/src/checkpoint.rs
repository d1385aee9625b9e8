//! Checkpoints of SQLite beside the writer: moving pages from the write-ahead log into the file takes tens of
//! milliseconds, in which nobody would get an answer.
//!
//! A thread moves what has gathered while the writer goes on. That alone never ends: the log starts over only when all
//! of it is moved and nobody reads it. So when much has gathered the writer moves the last pages itself, a few, before
//! its next transaction.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{
    Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError, channel, sync_channel,
};
use std::thread::JoinHandle;
use std::time::Duration;

use diesel::sql_types::Integer;
use diesel::{QueryResult, QueryableByName, RunQueryDsl, SqliteConnection};

use crate::any::AnyConn;
use crate::open::{Role, StoreOptions, connect};
use crate::url::Target;

/// Between two checkpoints while there are commits.
const EVERY: Duration = Duration::from_millis(300);
/// Pages of the log (4 KiB each) past which it shall start over.
const LONG: i32 = 16_000;
/// Checkpoints in a row, each of what was committed during the one before.
const PASSES: usize = 16;

/// The thread that makes checkpoints; it ends when this is dropped.
pub(crate) struct Checkpoints {
    /// Rung after each commit.
    bell: Option<SyncSender<()>>,
    /// Dropped, with the bell, to end the thread.
    alive: Option<Sender<()>>,
    /// Whether the writer shall move the last pages.
    long: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Starts the thread; without one SQLite makes the writer do it.
    pub(crate) fn start(target: Target, options: StoreOptions) -> Self {
        let (bell, rung) = sync_channel(1);
        let (alive, dropped) = channel();
        let long = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&long);
        let thread = std::thread::Builder::new()
            .name("checkpoints".into())
            .spawn(move || serve(&target, &options, [&rung, &dropped], &told))
            .ok();
        Checkpoints {
            bell: Some(bell),
            alive: Some(alive),
            long,
            thread,
        }
    }

    /// Says that something was committed.
    pub(crate) fn committed(&self) {
        if let Some(bell) = &self.bell {
            match bell.try_send(()) {
                // It is rung already, or there is no thread.
                Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
            }
        }
    }

    /// Moves the last pages if the log is to start over; called by the writer between transactions.
    pub(crate) fn finish(&self, conn: &mut AnyConn) {
        if self.long.swap(false, Ordering::Relaxed)
            && let AnyConn::Sqlite(conn) = conn
            && let Err(error) = checkpoint(conn)
        {
            log::debug!("no checkpoint: {error}");
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.bell = None;
        self.alive = None;
        if let Some(thread) = self.thread.take() {
            // What it panicked with the hook has logged.
            let _ = thread.join();
        }
    }
}

fn serve(
    target: &Target,
    options: &StoreOptions,
    [rung, dropped]: [&Receiver<()>; 2],
    long: &AtomicBool,
) {
    let mut open = None;
    while rung.recv().is_ok() {
        if dropped.recv_timeout(EVERY) != Err(RecvTimeoutError::Timeout) {
            return;
        }
        // A database that cannot be reached or written now is tried again after the next commit.
        let Ok(conn) = open
            .take()
            .map_or_else(|| connect(target, options, Role::Write), Ok)
        else {
            continue;
        };
        let AnyConn::Sqlite(mut conn) = conn else {
            return;
        };
        if let Some(pages) = catch_up(&mut conn)
            && pages > LONG
        {
            long.store(true, Ordering::Relaxed);
        }
        open = Some(AnyConn::Sqlite(conn));
    }
}

/// Checkpoints until one finds nothing that came after the one before: SQLite brings the file to disk only when it has
/// moved all there is, and what the writer then finds to move is little. Gives the length of the log if it came so far.
fn catch_up(conn: &mut SqliteConnection) -> Option<i32> {
    let mut before = None;
    for _ in 0..PASSES {
        let pages = checkpoint(conn).ok()?;
        if before == Some(pages) {
            return before;
        }
        before = Some(pages);
    }
    None
}

#[derive(QueryableByName)]
struct Moved {
    #[diesel(sql_type = Integer)]
    log: i32,
}

/// Moves what can be moved without waiting for anybody. Gives the pages of the log.
fn checkpoint(conn: &mut SqliteConnection) -> QueryResult<i32> {
    let moved: Moved = diesel::sql_query("PRAGMA wal_checkpoint(PASSIVE)").get_result(conn)?;
    Ok(moved.log)
}
