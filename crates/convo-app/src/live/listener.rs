//! One who listens: subscriptions and the queue behind them.

use std::sync::Arc;

use uuid::Uuid;

use super::event::Event;
use super::hub::Hub;
use super::mailbox::{End, Mailbox};
use super::topic::Topic;

/// A place in the hub; given up when dropped.
pub struct Listener {
    hub: Hub,
    mailbox: Arc<Mailbox>,
    topics: Vec<Topic>,
}

/// What a listener finds in its queue.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The next events.
    Events(Vec<Arc<Event>>),
    /// Nothing, and everything up to this number was considered.
    Nothing(i64),
    /// More came than it took.
    Lagging,
}

impl Listener {
    pub(super) fn new(hub: Hub, mailbox: Arc<Mailbox>) -> Self {
        Self {
            hub,
            mailbox,
            topics: Vec::new(),
        }
    }

    /// What it is subscribed to, in the order it asked.
    #[must_use]
    pub fn topics(&self) -> &[Topic] {
        &self.topics
    }

    /// Its number in this process.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.mailbox.id
    }

    /// Notes with which key it listens: it ends when that is revoked.
    pub fn with_key(&self, key: Option<Uuid>) {
        self.mailbox.lock().key = key;
    }

    /// Why it must go, if it must.
    #[must_use]
    pub fn ended(&self) -> Option<End> {
        self.mailbox.lock().end
    }

    /// Whether it took less than came and is given nothing more.
    #[must_use]
    pub(super) fn is_lagging(&self) -> bool {
        self.mailbox.lock().lagging
    }

    /// Resolves when something may have changed: events, lagging, the end.
    pub async fn rung(&self) {
        self.mailbox.bell.notified().await;
    }

    /// Adds subscriptions; those it had stay as they are.
    pub(super) fn want(&mut self, topics: &[Topic]) {
        let mut new: Vec<Topic> = Vec::new();
        for topic in topics {
            if !self.topics.contains(topic) && !new.contains(topic) {
                new.push(*topic);
            }
        }
        self.hub.add(&self.mailbox, &new);
        self.topics.extend(new);
    }

    /// Gives subscriptions up.
    pub(super) fn unwant(&mut self, topics: &[Topic]) {
        self.hub.drop_topics(&self.mailbox, topics);
        self.topics.retain(|topic| !topics.contains(topic));
    }

    /// Begins to listen: what is published from now on waits in the queue.
    pub(super) fn join(&self) {
        self.hub.join(&self.mailbox, &self.topics);
    }

    /// Has everything up to `seq` from elsewhere.
    pub(super) fn anchor(&self, seq: i64) {
        self.hub.anchor(&self.mailbox, seq);
    }

    /// Takes at most `most` events; with a subscription given up meanwhile they are left out.
    pub(super) fn take(&self, most: usize) -> Found {
        // Read before the queue: what is published up to it is in the queue by now.
        let published = self.hub.published();
        let mut inner = self.mailbox.lock();
        if inner.lagging {
            return Found::Lagging;
        }
        let mut events = Vec::new();
        while events.len() < most
            && let Some(event) = inner.pop()
        {
            if self.topics.iter().any(|topic| event.is_of(topic)) {
                events.push(event);
            }
        }
        if events.is_empty() && inner.len() == 0 {
            return Found::Nothing(published);
        }
        Found::Events(events)
    }

    pub(super) fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Wants nothing any more.
    pub(super) fn give_up(&mut self) {
        self.hub.leave(&self.mailbox, &self.topics, false);
        self.topics.clear();
    }

    /// Leaves the hub and joins it again, with an empty queue.
    pub(super) fn rejoin(&self) {
        self.hub.leave(&self.mailbox, &self.topics, false);
        self.join();
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.hub.leave(&self.mailbox, &self.topics, true);
    }
}
