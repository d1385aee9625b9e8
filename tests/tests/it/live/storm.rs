//! Many events, many disconnects, clients that do not read: nobody misses anything unknowingly.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use convo_tests::{Heard, Kind, Live, Options, Server, eventually, skipped, together};
use serde_json::json;

use super::{exchange, head, multiply, rows_after, wanted};

/// How much happens.
struct Storm {
    clients: usize,
    disconnects: usize,
    events: i64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_disconnects_sqlite() {
    let storm = Storm {
        clients: 20,
        disconnects: 50,
        events: 100_000,
    };
    run(Options::on(Kind::Sqlite), &storm).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_disconnects_postgres() {
    if skipped(Kind::Postgres) {
        return;
    }
    let storm = Storm {
        clients: 10,
        disconnects: 10,
        events: 10_000,
    };
    run(Options::on(Kind::Postgres), &storm).await;
}

async fn run(options: Options, storm: &Storm) {
    let server = Arc::new(options.start().await);
    let mut names = vec![
        "conversation_states".to_owned(),
        "lead_journeys".to_owned(),
        "email_events".to_owned(),
    ];
    let mut contacts = Vec::new();
    for number in 0..4 {
        let contact = exchange(&server, &format!("lead{number}@customer.example")).await;
        names.push(format!("conversation:{}", contact.id));
        names.push(format!("lead:{}", contact.lead));
        contacts.push(contact);
    }
    let (base, epoch) = head(&server).await;
    let last = Arc::new(AtomicI64::new(i64::MAX));
    let cuts = Arc::new(AtomicUsize::new(0));
    let all_cuts = storm.clients * storm.disconnects;
    let clients = (0..storm.clients).map(|number| {
        let mine = [
            &names[number % names.len()],
            &names[number * 7 % names.len()],
        ];
        Client {
            server: Arc::clone(&server),
            names: mine.map(String::to_owned).to_vec(),
            epoch: epoch.clone(),
            cuts: storm.disconnects,
            made: Arc::clone(&cuts),
            noise: number as u64 + 1,
            since: 0,
            seen: Vec::new(),
            last: Arc::clone(&last),
        }
        .run()
    });
    let clients = tokio::spawn(together(clients.collect::<Vec<_>>()));
    let started = Instant::now();
    let mut grown = 0;
    while grown < storm.events {
        let by = 20 * base;
        multiply(&server, base, 20).await;
        grown += by;
        // Events and disconnects end together.
        let share = usize::try_from(grown.min(storm.events) * 9 / storm.events).unwrap();
        eventually("clients disconnect", async || {
            (cuts.load(Ordering::SeqCst) * 10 >= all_cuts * share).then_some(())
        })
        .await;
        // One of our own between, as in life: it also wakes the feed.
        contacts[0].transition("ENGAGEMENT_INCREASED").await.ok();
    }
    let (end, _) = head(&server).await;
    last.store(end, Ordering::SeqCst);
    let wrote = started.elapsed();
    let seen = clients.await.unwrap();
    let took = started.elapsed();
    let rows = rows_after(&server, 0).await;
    assert_eq!(rows.len(), usize::try_from(end).unwrap());
    let (mut received, mut lagged, mut cut) = (0, 0, 0);
    for client in seen {
        let mut expected: Vec<i64> = client
            .names
            .iter()
            .flat_map(|name| wanted(&rows, name))
            .map(|row| row["seq"].as_i64().unwrap())
            .collect();
        expected.sort_unstable();
        expected.dedup();
        assert!(
            client.seen == expected,
            "{:?}: {} frames for {} events",
            client.names,
            client.seen.len(),
            expected.len()
        );
        received += client.seen.len();
        lagged += client.lagged;
        cut += client.cut;
    }
    println!(
        "{end} events written in {wrote:?}, {received} frames to {} clients in {took:?}, {cut} disconnects, {lagged} closed as lagging, lost 0, doubled 0",
        storm.clients
    );
    assert_eq!(cut, storm.clients * storm.disconnects);

    if end > 100_000 {
        let mut live = server.listener().await;
        let resync = live.resume(&["email_events"], 0, &epoch).await;
        assert_eq!(resync["reason"], "too_far_behind");
        live.cut();
    }
}

struct Client {
    server: Arc<Server>,
    names: Vec<String>,
    epoch: String,
    cuts: usize,
    /// Disconnects of all clients.
    made: Arc<AtomicUsize>,
    noise: u64,
    since: i64,
    seen: Vec<i64>,
    /// The end of the log, once it is known.
    last: Arc<AtomicI64>,
}

struct Seen {
    names: Vec<String>,
    seen: Vec<i64>,
    lagged: usize,
    cut: usize,
}

impl Client {
    async fn run(mut self) -> Seen {
        let (mut lagged, mut cut) = (0, 0);
        loop {
            let mut live = self.begin().await;
            let frames = (cut < self.cuts).then(|| self.random(800));
            match self.listen(&mut live, frames).await {
                Some(code) => {
                    assert_eq!(code, 4408, "no other reason to be closed");
                    lagged += 1;
                }
                None if frames.is_some() => {
                    cut += 1;
                    self.made.fetch_add(1, Ordering::SeqCst);
                    live.cut();
                }
                None => {
                    return Seen {
                        names: self.names,
                        seen: self.seen,
                        lagged,
                        cut,
                    };
                }
            }
        }
    }

    async fn begin(&mut self) -> Live {
        let mut live = self.server.listener().await;
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let subscribed = live.resume(&names, self.since, &self.epoch).await;
        assert_eq!(subscribed["type"], "subscribed", "{subscribed}");
        live
    }

    /// Reads so many frames, or up to the end of the log; the code where it was closed.
    async fn listen(&mut self, live: &mut Live, frames: Option<u64>) -> Option<u16> {
        let mut prev = self.since;
        let (mut left, mut asked) = (frames.unwrap_or(u64::MAX), false);
        loop {
            if !asked {
                live.send(json!({"type": "ping"})).await;
                asked = true;
            }
            match live.heard().await {
                Heard::Closed(code) => return Some(code.expect("a code")),
                Heard::Frame(frame) if frame["type"] == "pong" => {
                    asked = false;
                    let last = frame["last"].as_i64().unwrap();
                    // Resuming from there must be as good as from the last event.
                    self.since = self.since.max(last);
                    if frames.is_none() && last >= self.last.load(Ordering::SeqCst) {
                        return None;
                    }
                    if left == u64::MAX || last == prev {
                        tokio::time::sleep(Duration::from_millis(2)).await;
                    }
                }
                Heard::Frame(frame) if frame.get("prev").is_some() => {
                    assert_eq!(frame["prev"], prev, "{frame}");
                    prev = frame["seq"].as_i64().unwrap();
                    self.seen.push(prev);
                    self.since = prev;
                }
                Heard::Frame(_) => {}
            }
            left -= 1;
            if left == 0 {
                return None;
            }
        }
    }

    fn random(&mut self, below: u64) -> u64 {
        self.noise = self
            .noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        1 + (self.noise >> 33) % below
    }
}

/// Who does not read is dropped; who does hears everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_is_dropped() {
    let server = Options::on(Kind::Sqlite).start().await;
    let contact = exchange(&server, "ada@customer.example").await;
    contact.outbound(&"A long offer. ".repeat(2_000)).await;
    let (base, epoch) = head(&server).await;
    let mut deaf = Vec::new();
    for _ in 0..20 {
        deaf.push(server.subscribed(&["message_threads"]).await);
    }
    let mut reader = server.listener().await;
    reader.resume(&["message_threads"], base, &epoch).await;
    let mut upto = base;
    let mut heard = 0;
    while closed(&server).await < 20 {
        multiply(&server, base, 20).await;
        contact.transition("ENGAGEMENT_INCREASED").await.ok();
        let rows = wanted(&rows_after(&server, upto).await, "message_threads");
        let frames = super::to_head(&mut reader, &rows).await;
        assert_eq!(frames.len(), rows.len());
        upto = rows.last().unwrap()["seq"].as_i64().unwrap();
        heard += frames.len();
    }
    println!("{heard} frames read while 20 clients were dropped");
    // The reader is the only one left; the memory of the others went with their connections.
    eventually("their connections are gone", async || {
        (metric(&server, "convo_ws_connections").await == 1.0).then_some(())
    })
    .await;
}

async fn closed(server: &Server) -> usize {
    metric(server, "convo_ws_closed_total{reason=\"lagging\"}").await as usize
}

async fn metric(server: &Server, name: &str) -> f64 {
    let text = server.get("/metrics").await.text().to_owned();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0.0, |value| value.trim().parse().unwrap())
}
