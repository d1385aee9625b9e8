//! Hub and listeners in the orders in which threads may meet: `cargo xtask shuttle`.
//!
//! The feed here never looks at the log unless it is woken, and a listener sleeps until it is rung: a wake that gets
//! lost is a deadlock, which shuttle reports with the order that leads to it.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::{Arc, LazyLock};

use chrono::DateTime;
use convo_store::rows::LogRow;
use serde_json::{Map, Value};
use shuttle::future::block_on;
use shuttle::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use shuttle::thread;

use super::feed::Wake;
use super::hub::Hub;
use super::listener::{Found, Listener};
use super::mailbox::End;
use super::*;

/// Orders tried by each test and scheduler; `SHUTTLE_RANDOM_SEED` draws others.
const ORDERS: usize = 5_000;
/// Rows of the log.
const LAST: i64 = 5;

/// Two events do not fit into a mailbox beside a third: whoever is slow lags.
static EVENTS: LazyLock<Vec<Arc<Event>>> = LazyLock::new(|| events(1_500_000));
static SMALL: LazyLock<Vec<Arc<Event>>> = LazyLock::new(|| events(1));

fn events(bytes: usize) -> Vec<Arc<Event>> {
    let row = |seq| LogRow {
        seq,
        kind: Kind::State.event().to_owned(),
        at: DateTime::UNIX_EPOCH,
        conversation_id: None,
        lead_id: None,
        metadata_id: None,
        silent: false,
        quiet: false,
        data: String::new(),
    };
    let data = Map::from_iter([("x".to_owned(), Value::from("x".repeat(bytes)))]);
    (1..=LAST)
        .map(|seq| Arc::new(Event::new(&row(seq), &data).unwrap()))
        .collect()
}

fn in_every_order(test: fn()) {
    shuttle::check_random(test, ORDERS);
    shuttle::check_pct(test, ORDERS, 3);
}

/// A log that grows, and its hub.
#[derive(Clone)]
struct World {
    events: &'static [Arc<Event>],
    head: Arc<AtomicI64>,
    hub: Hub,
    wake: Wake,
    over: Arc<AtomicBool>,
}

impl World {
    fn new(events: &'static [Arc<Event>]) -> Self {
        let wake = Wake::default();
        Self {
            events,
            head: Arc::default(),
            hub: Hub::new(wake.clone()),
            wake,
            over: Arc::default(),
        }
    }

    /// The writer: each row is committed, then told.
    fn commit_all(&self) {
        for seq in 1..=LAST {
            self.head.store(seq, Ordering::SeqCst);
            self.wake.wake();
        }
    }

    fn head(&self) -> i64 {
        self.head.load(Ordering::SeqCst)
    }

    fn after(&self, from: i64, to: i64) -> &'static [Arc<Event>] {
        &self.events[from as usize..to as usize]
    }

    /// [`Feed::run`] without its poll.
    fn feed(&self) {
        while !self.over.load(Ordering::SeqCst) {
            block_on(self.wake.woken());
            while let Some(from) = self.hub.position() {
                let to = self.head();
                if to == from {
                    break;
                }
                self.hub.publish(from, to, self.after(from, to));
            }
        }
    }

    /// [`Stream`] without its tasks: what a client gets from the head on, until it has all.
    fn listen(&self) {
        let mut listener = self.hub.listener(usize::MAX).unwrap();
        listener.want(&[Topic::Kind(Kind::State)]);
        listener.join();
        let began = self.head();
        listener.anchor(began);
        let mut got: Vec<i64> = Vec::new();
        let mut considered = began;
        while considered < LAST {
            match listener.take(2) {
                Found::Events(events) => {
                    got.extend(events.iter().map(|event| event.seq));
                    considered = got.last().copied().unwrap_or(considered);
                }
                Found::Nothing(upto) => {
                    considered = considered.max(upto);
                    if considered < LAST {
                        block_on(listener.rung());
                    }
                }
                Found::Lagging => {
                    listener.rejoin();
                    let upto = self.head();
                    got.extend(considered + 1..=upto);
                    listener.anchor(upto);
                    considered = upto;
                }
            }
        }
        let all: Vec<i64> = (began + 1..=LAST).collect();
        assert_eq!(got, all, "from {began}");
    }

    fn spawn(&self, run: fn(&Self)) -> thread::JoinHandle<()> {
        let world = self.clone();
        thread::spawn(move || run(&world))
    }

    fn play(&self, listeners: usize) {
        let feed = self.spawn(Self::feed);
        let mut all = vec![self.spawn(Self::commit_all)];
        all.extend((0..listeners).map(|_| self.spawn(Self::listen)));
        for one in all {
            one.join().unwrap();
        }
        self.over.store(true, Ordering::SeqCst);
        self.wake.wake();
        feed.join().unwrap();
        assert_eq!(self.hub.position(), None, "nobody listens any more");
    }
}

#[test]
fn listeners_get_each_event_once_and_in_order() {
    in_every_order(|| World::new(&SMALL).play(2));
}

#[test]
fn listeners_that_lag_get_what_they_missed() {
    in_every_order(|| World::new(&EVENTS).play(2));
}

/// One who listens until it must go.
fn until_the_end(listener: &Listener) -> End {
    loop {
        if let Some(end) = listener.ended() {
            return end;
        }
        block_on(listener.rung());
    }
}

#[test]
fn a_hub_that_closes_ends_everybody() {
    in_every_order(|| {
        let hub = Hub::new(Wake::default());
        let listeners: Vec<_> = (0..2)
            .map(|_| {
                let hub = hub.clone();
                thread::spawn(move || {
                    let listener = hub.listener(usize::MAX)?;
                    Some(until_the_end(&listener))
                })
            })
            .collect();
        hub.close();
        for one in listeners {
            let end = one.join().unwrap();
            assert!(matches!(end, None | Some(End::GoingAway)));
        }
        assert!(hub.listener(usize::MAX).is_none());
    });
}
