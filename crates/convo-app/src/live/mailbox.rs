//! What waits for one listener: bounded, so that one who does not read costs nobody else anything.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};

use tokio::sync::Notify;
use uuid::Uuid;

use super::event::Event;
use super::sync::{Mutex, MutexGuard};

/// Events that may wait for a listener; the events themselves are shared.
pub const QUEUE: usize = 1024;
/// Bytes of events that may wait for a listener, whoever else waits for the same.
const BYTES: usize = 4 << 20;

/// Why a listener must go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Its key was revoked.
    Revoked,
    /// The process is stopping.
    GoingAway,
}

/// One listener's queue and bell.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    pub id: u64,
    inner: Mutex<Inner>,
    pub bell: Notify,
}

/// What a mailbox holds.
#[derive(Debug, Default)]
pub(super) struct Inner {
    queue: VecDeque<Arc<Event>>,
    bytes: usize,
    /// Highest number that was put in, or that need not be.
    last: i64,
    /// More came than fits: it is given nothing until it begins anew.
    pub lagging: bool,
    pub end: Option<End>,
    /// The API key it listens with.
    pub key: Option<Uuid>,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    /// So many wait now; one was woken for the first of them and has not slept since.
    Waits(usize),
    /// It was there already, or the listener lags.
    Known,
    /// There was no room: from now on the listener lags.
    Full,
}

impl Mailbox {
    pub fn new(id: u64) -> Self {
        Self {
            id,
            ..Self::default()
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn put(&self, event: &Arc<Event>) -> Put {
        let mut inner = self.lock();
        if inner.lagging || event.seq <= inner.last {
            return Put::Known;
        }
        if inner.queue.len() >= QUEUE || inner.bytes + event.size() > BYTES.max(event.size()) {
            inner.lagging = true;
            inner.queue = VecDeque::new();
            inner.bytes = 0;
            return Put::Full;
        }
        inner.last = event.seq;
        inner.bytes += event.size();
        inner.queue.push_back(Arc::clone(event));
        Put::Waits(inner.queue.len())
    }

    pub fn end(&self, end: End) {
        self.lock().end.get_or_insert(end);
        self.bell.notify_one();
    }
}

impl Inner {
    /// Begins to listen to what comes after a number.
    pub fn open(&mut self, floor: i64) {
        self.lagging = false;
        self.queue.clear();
        self.bytes = 0;
        self.last = floor;
    }

    /// Forgets what is not after `floor`, and what of it may still come.
    pub fn above(&mut self, floor: i64) {
        while self.queue.front().is_some_and(|event| event.seq <= floor) {
            self.pop();
        }
        self.last = self.last.max(floor);
    }

    pub fn pop(&mut self) -> Option<Arc<Event>> {
        let event = self.queue.pop_front()?;
        self.bytes = self.bytes.saturating_sub(event.size());
        if self.queue.is_empty() {
            // An idle connection keeps no room for a burst that is over.
            self.queue = VecDeque::new();
        }
        Some(event)
    }

    pub fn len(&self) -> usize {
        self.queue.len()
    }
}
