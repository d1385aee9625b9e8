//! Who listens to what. Publishing costs the subscribers of an event's topics, not everybody.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError};

use tokio::sync::{Semaphore, watch};
use uuid::Uuid;

use super::event::Event;
use super::feed::Wake;
use super::listener::Listener;
use super::mailbox::{End, Mailbox, Put};
use super::sync::{Mutex, MutexGuard};
use super::topic::Topic;
use crate::error::AppError;

/// A listener with more waiting than this has not kept up with the feed.
const BEHIND: usize = 256;

/// Reads of the database by all streams at once: thousands that come back together wait for each other
/// here, not for the connections that requests need.
const READS: usize = 3;

/// All listeners of this process. Cheap to clone.
#[derive(Clone)]
pub struct Hub {
    shared: Arc<Shared>,
}

struct Shared {
    inner: Mutex<Inner>,
    /// The number up to which everything was published; for those who wait for it.
    head: watch::Sender<i64>,
    wake: Wake,
    /// Reads of the database that all streams together have under way.
    reads: Semaphore,
}

#[derive(Default)]
struct Inner {
    boxes: HashMap<u64, Arc<Mailbox>>,
    topics: HashMap<Topic, HashMap<u64, Arc<Mailbox>>>,
    /// Those who listen, with whether they still have to say from where.
    listening: HashMap<u64, bool>,
    next: u64,
    /// Where publishing stands; nowhere while nobody listens.
    position: Option<i64>,
    closed: bool,
}

impl Hub {
    /// A hub without listeners; `wake` is rung when the first one needs the feed.
    #[must_use]
    pub fn new(wake: Wake) -> Self {
        Self {
            shared: Arc::new(Shared {
                inner: Mutex::default(),
                head: watch::Sender::new(0),
                wake,
                reads: Semaphore::new(READS),
            }),
        }
    }

    /// A listener to nothing yet; `None` once the process is stopping, or when there are `most`.
    #[must_use]
    pub fn listener(&self, most: usize) -> Option<Listener> {
        let mut inner = self.lock();
        if inner.closed || inner.boxes.len() >= most {
            return None;
        }
        inner.next += 1;
        let mailbox = Arc::new(Mailbox::new(inner.next));
        inner.boxes.insert(mailbox.id, Arc::clone(&mailbox));
        Some(Listener::new(self.clone(), mailbox))
    }

    /// The keys that are listened with.
    #[must_use]
    pub fn keys(&self) -> Vec<Uuid> {
        let boxes: Vec<Arc<Mailbox>> = self.lock().boxes.values().cloned().collect();
        let keys: HashSet<Uuid> = boxes.iter().filter_map(|one| one.lock().key).collect();
        keys.into_iter().collect()
    }

    /// Ends everybody who listens with one of these keys.
    pub fn revoke(&self, keys: &[Uuid]) {
        for mailbox in self.lock().boxes.values() {
            let key = mailbox.lock().key;
            if key.is_some_and(|key| keys.contains(&key)) {
                mailbox.end(End::Revoked);
            }
        }
    }

    /// Ends everybody, and lets nobody in any more.
    pub fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        for mailbox in inner.boxes.values() {
            mailbox.end(End::GoingAway);
        }
    }

    /// Where publishing stands; `None` while nobody listens.
    pub(super) fn position(&self) -> Option<i64> {
        self.lock().position
    }

    /// Follows the number up to which everything was published.
    pub(super) fn head(&self) -> watch::Receiver<i64> {
        self.shared.head.subscribe()
    }

    pub(super) fn published(&self) -> i64 {
        *self.shared.head.borrow()
    }

    /// Gives the events after `from` up to `to` to everyone who wants them; says whether anybody has much waiting now.
    pub(super) fn publish(&self, from: i64, to: i64, events: &[Arc<Event>]) -> bool {
        let mut inner = self.lock();
        // A listener that came meanwhile may have asked for older rows: the feed reads them anew.
        if inner.position != Some(from) {
            return false;
        }
        let mut woken = Vec::new();
        let mut most = 0;
        for event in events {
            let topics = [
                Some(Topic::Kind(event.kind)),
                event.conversation.map(Topic::Conversation),
                event.lead.map(Topic::Lead),
            ];
            let wanted = topics
                .iter()
                .flatten()
                .filter_map(|topic| inner.topics.get(topic));
            for mailbox in wanted.flat_map(HashMap::values) {
                match mailbox.put(event) {
                    Put::Waits(1) | Put::Full => woken.push(Arc::clone(mailbox)),
                    Put::Waits(waiting) => most = most.max(waiting),
                    Put::Known => {}
                }
            }
        }
        inner.position = Some(to);
        self.shared.head.send_replace(to);
        drop(inner);
        for mailbox in woken {
            mailbox.bell.notify_one();
        }
        most > BEHIND
    }

    /// How much waits for all who listen, where most of them have much waiting.
    pub(super) fn behind(&self) -> Option<usize> {
        let inner = self.lock();
        let boxes = inner.listening.keys().filter_map(|id| inner.boxes.get(id));
        let (mut behind, mut waiting) = (0, 0);
        for one in boxes {
            let len = one.lock().len();
            behind += usize::from(len > BEHIND);
            waiting += len;
        }
        (behind * 2 > inner.listening.len()).then_some(waiting)
    }

    /// Puts a listener under topics; from where it listens is said by [`Hub::anchor`].
    pub(super) fn join(&self, mailbox: &Arc<Mailbox>, topics: &[Topic]) {
        let mut inner = self.lock();
        mailbox.lock().open(0);
        let unanchored = inner.position.is_none();
        inner.listening.insert(mailbox.id, unanchored);
        inner.add(mailbox, topics);
    }

    /// A listener has everything up to `seq`: the rest is published to it.
    pub(super) fn anchor(&self, mailbox: &Mailbox, seq: i64) {
        let mut inner = self.lock();
        let unanchored = match inner.listening.get_mut(&mailbox.id) {
            Some(unanchored) => std::mem::take(unanchored),
            None => false,
        };
        if !unanchored {
            mailbox.lock().above(seq);
            return;
        }
        // Nobody listened when it came: publishing must begin where it begins, and what was published
        // meanwhile for another who begins later is published to it again, in order.
        mailbox.lock().open(seq);
        let position = inner.position.map_or(seq, |position| position.min(seq));
        inner.position = Some(position);
        self.shared.head.send_replace(position);
        self.shared.wake.wake();
    }

    pub(super) fn add(&self, mailbox: &Arc<Mailbox>, topics: &[Topic]) {
        let mut inner = self.lock();
        if inner.listening.contains_key(&mailbox.id) {
            inner.add(mailbox, topics);
        }
    }

    pub(super) fn drop_topics(&self, mailbox: &Mailbox, topics: &[Topic]) {
        self.lock().remove_topics(mailbox.id, topics);
    }

    /// The listener is gone, or (with `topics` of its own) begins anew.
    pub(super) fn leave(&self, mailbox: &Mailbox, topics: &[Topic], gone: bool) {
        let mut inner = self.lock();
        inner.remove(mailbox.id, topics);
        if gone {
            inner.boxes.remove(&mailbox.id);
        }
    }

    pub(super) fn wake(&self) {
        self.shared.wake.wake();
    }

    /// Asks the database when it is its turn, on a thread that may block.
    pub(super) async fn ask<T: Send + 'static>(
        self,
        ask: impl FnOnce() -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, AppError> {
        let _turn = self.shared.reads.acquire().await;
        let asked = tokio::task::spawn_blocking(ask).await;
        asked.map_err(|_| AppError::Unavailable)?
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.shared
            .inner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn add(&mut self, mailbox: &Arc<Mailbox>, topics: &[Topic]) {
        for topic in topics {
            let of = self.topics.entry(*topic).or_default();
            of.insert(mailbox.id, Arc::clone(mailbox));
        }
    }

    fn remove_topics(&mut self, id: u64, topics: &[Topic]) {
        for topic in topics {
            if let Some(of) = self.topics.get_mut(topic) {
                of.remove(&id);
                if of.is_empty() {
                    self.topics.remove(topic);
                }
            }
        }
    }

    fn remove(&mut self, id: u64, topics: &[Topic]) {
        self.remove_topics(id, topics);
        self.listening.remove(&id);
        if self.listening.is_empty() {
            self.position = None;
        }
    }
}
