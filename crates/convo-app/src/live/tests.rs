//! Hub, feed and streams as values, over a log in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::DateTime;
use convo_store::rows::LogRow;
use convo_store::{Head, LogFilter};
use proptest::prelude::*;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::*;
use crate::error::AppError;

const EPOCH: Uuid = Uuid::from_u128(7);

/// A log in memory, of `seq` = place + 1.
#[derive(Default)]
struct Memory(Mutex<Vec<LogRow>>);

impl Memory {
    fn add(&self, kind: &str, conversation: u128, lead: u128) -> i64 {
        let mut rows = self.0.lock().unwrap();
        let seq = rows.len() as i64 + 1;
        rows.push(LogRow {
            seq,
            kind: kind.to_owned(),
            at: DateTime::UNIX_EPOCH,
            conversation_id: (conversation > 0).then(|| Uuid::from_u128(conversation)),
            lead_id: (lead > 0).then(|| Uuid::from_u128(lead)),
            metadata_id: None,
            silent: false,
            quiet: false,
            data: "{}".to_owned(),
        });
        seq
    }

    fn events(&self, keep: impl Fn(&LogRow) -> bool, most: usize) -> Vec<Arc<Event>> {
        let rows = self.0.lock().unwrap();
        let kept = rows.iter().filter(|row| keep(row));
        kept.filter_map(|row| Event::new(row, &Map::new()))
            .map(Arc::new)
            .take(most)
            .collect()
    }
}

fn passes(filter: &LogFilter, row: &LogRow) -> bool {
    filter.among.contains(&row.kind.as_str())
        && (filter.kinds.contains(&row.kind.as_str())
            || row
                .conversation_id
                .is_some_and(|id| filter.conversations.contains(&id))
            || row.lead_id.is_some_and(|id| filter.leads.contains(&id)))
}

impl Log for Memory {
    fn head(&self) -> Result<Head, AppError> {
        Ok(Head {
            seq: self.0.lock().unwrap().len() as i64,
            epoch: EPOCH,
        })
    }

    fn count(&self, after: i64, upto: i64, filter: &LogFilter) -> Result<i64, AppError> {
        let rows = self.0.lock().unwrap();
        let within = rows.iter().filter(|row| row.seq > after && row.seq <= upto);
        Ok(within.filter(|row| passes(filter, row)).count() as i64)
    }

    fn matching(
        &self,
        after: i64,
        upto: i64,
        filter: &LogFilter,
    ) -> Result<(Vec<Arc<Event>>, i64), AppError> {
        let keep = |row: &LogRow| row.seq > after && row.seq <= upto && passes(filter, row);
        let events = self.events(keep, 3);
        let full = events.len() == 3;
        let reached = events
            .last()
            .filter(|_| full)
            .map_or(upto, |event| event.seq);
        Ok((events, reached))
    }

    fn after(&self, seq: i64) -> Result<(Vec<Arc<Event>>, i64), AppError> {
        let head = self.head()?.seq;
        let reached = head.min(seq + 100);
        Ok((
            self.events(|row| row.seq > seq && row.seq <= reached, 100),
            reached,
        ))
    }
}

/// A log with its hub and feed; the feed runs when it is told to.
struct World {
    log: Arc<Memory>,
    hub: Hub,
    feed: Feed,
}

impl World {
    fn new() -> Self {
        let (log, wake) = (Arc::new(Memory::default()), Wake::default());
        let hub = Hub::new(wake.clone());
        let feed = Feed::new(log.clone(), hub.clone(), wake);
        Self { log, hub, feed }
    }

    fn stream(&self) -> Stream {
        Stream::new(self.log.clone(), self.hub.listener(usize::MAX).unwrap())
    }

    /// Everything there is for a stream once the feed has published all.
    async fn drain(&self, stream: &mut Stream) -> Vec<i64> {
        self.feed.catch_up().await.unwrap();
        settled(&self.log, stream).await
    }
}

/// What a stream gets until it has considered the whole log, and a moment more.
async fn settled(log: &Memory, stream: &mut Stream) -> Vec<i64> {
    let head = log.head().unwrap().seq;
    let mut seen = Vec::new();
    let mut moments = 0;
    while moments < 1_000 {
        match tokio::time::timeout(Duration::from_millis(10), stream.next()).await {
            Ok(next) => match next.unwrap() {
                Next::Events(events) => seen.extend(events.iter().map(|event| event.seq)),
                other => panic!("{other:?} after {seen:?}"),
            },
            Err(_) if stream.considered() >= head => break,
            Err(_) => moments += 1,
        }
    }
    seen
}

fn topics(names: &[&str]) -> Vec<Topic> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

const STATE: &str = "conversation_state_changed";
const EMAIL: &str = "email_event";

#[test]
fn a_frame_is_the_shared_text_behind_a_number_of_its_own() {
    let memory = Memory::default();
    memory.add(STATE, 1, 2);
    let event = memory.events(|_| true, 1).pop().unwrap();
    for prev in [0, 41] {
        let frame: Value = serde_json::from_str(&event.frame(prev)).unwrap();
        assert_eq!(frame["prev"], prev);
        assert_eq!(frame["seq"], 1);
        assert_eq!(frame["type"], STATE);
        assert_eq!(frame["conversationId"], Uuid::from_u128(1).to_string());
        assert_eq!(frame["timestamp"], "1970-01-01T00:00:00.000Z");
    }
}

#[tokio::test]
async fn everyone_gets_what_he_asked_for_once() {
    let world = World::new();
    let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let mut all = world.stream();
    let names = [
        "conversation_states".to_owned(),
        format!("conversation:{one}"),
        format!("lead:{two}"),
    ];
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    all.subscribe(&topics(&names), None).await.unwrap();
    let mut mail = world.stream();
    mail.subscribe(&topics(&["email_events"]), None)
        .await
        .unwrap();
    for (kind, conversation, lead) in [
        (STATE, 1, 2),
        (EMAIL, 1, 2),
        (EMAIL, 3, 2),
        (EMAIL, 3, 4),
        (STATE, 3, 4),
        ("record_changed", 1, 2),
    ] {
        world.log.add(kind, conversation, lead);
    }
    assert_eq!(world.drain(&mut all).await, [1, 2, 3, 5]);
    assert_eq!(settled(&world.log, &mut mail).await, [2, 3, 4]);
    assert_eq!(
        all.considered(),
        6,
        "what is told to nobody is considered too"
    );
    mail.unsubscribe(&topics(&["email_events"]));
    world.log.add(EMAIL, 1, 2);
    assert_eq!(world.drain(&mut mail).await, [0; 0]);
}

#[tokio::test]
async fn nothing_falls_between_the_past_and_the_present() {
    let world = World::new();
    for _ in 0..10 {
        world.log.add(STATE, 1, 2);
    }
    let mut stream = world.stream();
    let since = Some(Since {
        seq: 2,
        epoch: EPOCH,
    });
    let began = stream
        .subscribe(&topics(&["conversation_states"]), since)
        .await
        .unwrap();
    assert_eq!((began.from, began.seq, began.replayed), (2, 10, 8));
    // While it still replays more comes, and is published.
    for _ in 0..5 {
        world.log.add(STATE, 1, 2);
    }
    assert_eq!(
        world.drain(&mut stream).await,
        (3..=15).collect::<Vec<i64>>()
    );
    world.log.add(STATE, 1, 2);
    assert_eq!(world.drain(&mut stream).await, [16]);
}

#[tokio::test]
async fn more_than_fits_during_a_replay_comes_from_the_database() {
    let world = World::new();
    for _ in 0..10 {
        world.log.add(STATE, 1, 2);
    }
    let mut stream = world.stream();
    let since = Some(Since {
        seq: 0,
        epoch: EPOCH,
    });
    stream
        .subscribe(&topics(&["conversation_states"]), since)
        .await
        .unwrap();
    let many = QUEUE as i64 + 500;
    for _ in 0..many {
        world.log.add(STATE, 1, 2);
    }
    world.feed.catch_up().await.unwrap();
    assert!(
        stream.listener().is_lagging(),
        "the test overflows the queue"
    );
    assert_eq!(
        settled(&world.log, &mut stream).await,
        (1..=many + 10).collect::<Vec<i64>>()
    );
    world.log.add(STATE, 1, 2);
    assert_eq!(world.drain(&mut stream).await, [many + 11]);
}

#[tokio::test]
async fn who_does_not_take_what_is_live_lags_alone_and_gets_it_all() {
    let world = World::new();
    let (mut slow, mut quick) = (world.stream(), world.stream());
    for stream in [&mut slow, &mut quick] {
        stream
            .subscribe(&topics(&["conversation_states"]), None)
            .await
            .unwrap();
    }
    let mut seen = Vec::new();
    for _ in 0..QUEUE / 100 + 1 {
        for _ in 0..100 {
            world.log.add(STATE, 1, 2);
        }
        seen.extend(world.drain(&mut quick).await);
    }
    assert_eq!(seen.len(), (QUEUE / 100 + 1) * 100);
    assert!(slow.listener().is_lagging(), "the test overflows the queue");
    assert_eq!(settled(&world.log, &mut slow).await, seen);
    world.log.add(STATE, 1, 2);
    assert_eq!(world.drain(&mut slow).await, world.drain(&mut quick).await);
}

#[tokio::test]
async fn a_past_that_is_not_there_is_said() {
    let world = World::new();
    for _ in 0..3 {
        world.log.add(STATE, 1, 2);
    }
    for (seq, epoch, reason) in [
        (1, Uuid::nil(), Resync::Epoch),
        (4, EPOCH, Resync::BeyondHead),
    ] {
        let mut stream = world.stream();
        let since = Some(Since { seq, epoch });
        let began = stream
            .subscribe(&topics(&["conversation_states"]), since)
            .await
            .unwrap();
        assert_eq!(began.resync, Some(reason));
        assert_eq!((began.from, began.seq, began.replayed), (3, 3, 0));
    }
    let mut stream = world.stream();
    let since = Some(Since {
        seq: 3,
        epoch: EPOCH,
    });
    let began = stream
        .subscribe(&topics(&["conversation_states"]), since)
        .await
        .unwrap();
    assert_eq!(began.resync, None, "the head itself is no gap");
}

#[tokio::test]
async fn revoked_keys_and_the_end_reach_everybody() {
    let world = World::new();
    let (mut one, mut two) = (world.stream(), world.stream());
    let key = Uuid::from_u128(9);
    one.listener().with_key(Some(key));
    assert_eq!(world.hub.keys(), [key]);
    world.hub.revoke(&[key]);
    assert!(matches!(one.next().await.unwrap(), Next::End(End::Revoked)));
    assert!(two.listener().ended().is_none());
    world.hub.close();
    assert!(matches!(
        two.next().await.unwrap(),
        Next::End(End::GoingAway)
    ));
    assert!(world.hub.listener(usize::MAX).is_none());
}

#[tokio::test]
async fn there_is_room_for_so_many() {
    let world = World::new();
    let first = world.hub.listener(1).unwrap();
    assert!(world.hub.listener(1).is_none());
    drop(first);
    assert!(world.hub.listener(1).is_some());
}

/// What happens to a world of three clients.
#[derive(Debug, Clone)]
enum Step {
    Commit(bool, u128),
    Publish,
    Take(usize),
    Reconnect(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (any::<bool>(), 1..4_u128).prop_map(|(state, of)| Step::Commit(state, of)),
        2 => Just(Step::Publish),
        2 => (0..3_usize).prop_map(Step::Take),
        1 => (0..3_usize).prop_map(Step::Reconnect),
    ];
    proptest::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever order commits, reads, publishing and reconnecting come in, each client ends up with the log
    /// filtered by its topics, in order, once.
    #[test]
    fn no_gap_and_no_duplicate(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let world = World::new();
            let wanted = [
                topics(&["conversation_states"]),
                vec![Topic::Conversation(Uuid::from_u128(1))],
                vec![Topic::Kind(Kind::Email), Topic::Conversation(Uuid::from_u128(2))],
            ];
            let mut streams: [Option<Stream>; 3] = [None, None, None];
            let mut seen: [Vec<i64>; 3] = Default::default();
            for step in steps {
                match step {
                    Step::Commit(state, of) => {
                        world.log.add(if state { STATE } else { EMAIL }, of, 9);
                    }
                    Step::Publish => world.feed.catch_up().await.unwrap(),
                    Step::Take(who) => {
                        if let Some(stream) = &mut streams[who]
                            && let Ok(next) = tokio::time::timeout(Duration::from_millis(1), stream.next()).await
                            && let Next::Events(events) = next.unwrap() {
                            seen[who].extend(events.iter().map(|event| event.seq));
                        }
                    }
                    Step::Reconnect(who) => {
                        streams[who] = None;
                        let mut stream = world.stream();
                        let since = Since { seq: seen[who].last().copied().unwrap_or(0), epoch: EPOCH };
                        stream.subscribe(&wanted[who], Some(since)).await.unwrap();
                        streams[who] = Some(stream);
                    }
                }
            }
            for who in 0..3 {
                let Some(stream) = &mut streams[who] else { continue };
                world.feed.catch_up().await.unwrap();
                seen[who].extend(settled(&world.log, stream).await);
                let filter = filter(&wanted[who]);
                let expected: Vec<i64> = world.log.events(|row| passes(&filter, row), usize::MAX).iter().map(|event| event.seq).collect();
                assert_eq!(seen[who], expected, "client {who}");
            }
        });
    }
}
