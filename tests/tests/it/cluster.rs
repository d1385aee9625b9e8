//! Several servers on one PostgreSQL: they die, it dies, Redis dies; nothing acknowledged is lost or doubled.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use convo_tests::mailgun::Signature;
use convo_tests::own::{Postgres, Redis, no_own_servers};
use convo_tests::records::{Contact, STATE};
use convo_tests::{
    Answer, Api, Call, DEADLINE, Database, Heard, Kind, Live, Mail, Options, Server, eventually,
    together,
};
use serde_json::json;
use tokio::sync::{Notify, watch};
use tokio_tungstenite::tungstenite::Message;

use crate::live::{head, rows_after, wanted};

const LEADS: usize = 20;
/// Mails and events together; `CONVO_TEST_CLUSTER_COMMANDS` asks for more.
const COMMANDS: usize = 2_000;
/// What is killed or hung; `CONVO_TEST_CLUSTER_KILLS` asks for more.
const KILLS: usize = 24;
const CLIENTS: usize = 12;
const LISTENERS: usize = 9;
const NAMES: [&str; 3] = ["conversation_states", "message_threads", "lead_journeys"];

/// Two servers over their own PostgreSQL and Redis.
struct Cluster {
    postgres: Postgres,
    redis: Redis,
    database: Arc<Database>,
    nodes: Vec<Server>,
    /// Where they listen now.
    apis: watch::Sender<Vec<Api>>,
}

impl Cluster {
    async fn start() -> Cluster {
        let postgres = Postgres::start().await;
        let redis = Redis::start().await;
        let database = Arc::new(postgres.database().await);
        let options = Options::on(Kind::Postgres)
            .over(&database)
            .with("CONVO_REDIS__URL", &redis.url());
        // At once: only one of them makes the schema.
        let nodes = together([options.clone().start(), options.start()]).await;
        let apis = watch::Sender::new(nodes.iter().map(Server::api).collect());
        Cluster {
            postgres,
            redis,
            database,
            nodes,
            apis,
        }
    }

    async fn restart(&mut self, node: usize) {
        self.nodes[node].kill9();
        let killed = self.nodes.remove(node);
        self.nodes.insert(node, killed.restart().await);
        self.apis
            .send_replace(self.nodes.iter().map(Server::api).collect());
    }

    /// One of the things that happen to a cluster.
    async fn strike(&mut self, number: usize) {
        match number % 6 {
            0 | 3 => self.restart(0).await,
            1 => self.redis.start_again().await,
            2 => {
                self.postgres.kill9();
                self.postgres.start_again().await;
            }
            4 => self.restart(1).await,
            _ => {
                self.redis.hang();
                self.restart(1).await;
                self.redis.go_on();
            }
        }
    }
}

/// What one client asks for until it is acknowledged: a signed mail, or an event with its key.
enum Ask {
    Mail(Box<Mail>, Signature),
    Event(Contact, String),
}

impl Ask {
    fn call(&self, api: &Api) -> Call {
        match self {
            Ask::Mail(mail, signature) => api.inbound_call(mail, signature),
            Ask::Event(contact, key) => {
                let path = format!("{STATE}/{}/transition", contact.id);
                let body = json!({"event": "ENGAGEMENT_INCREASED", "triggeredBy": "test"});
                api.call("POST", &path)
                    .header("Idempotency-Key", key)
                    .json(&body)
            }
        }
    }

    /// Asks one node after the other until one acknowledges.
    async fn deliver(&self, nodes: &watch::Receiver<Vec<Api>>, first: usize) {
        let deadline = Instant::now() + DEADLINE;
        for turn in first.. {
            let api = {
                let apis = nodes.borrow();
                apis[turn % apis.len()].clone()
            };
            match self.call(&api).attempt().await {
                Ok(answer) if answer.status == 200 => return,
                Ok(answer) => assert_eq!(answer.status, 503, "{answer:?}"),
                // Killed.
                Err(_) => {}
            }
            assert!(Instant::now() < deadline, "never acknowledged");
            // Each turn is a round trip to a server; this only keeps the machine cool.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// One who listens at whichever node there is, and goes on from what it heard last.
struct Listener {
    names: Vec<&'static str>,
    nodes: watch::Receiver<Vec<Api>>,
    turn: usize,
    since: i64,
    epoch: String,
    seen: Vec<i64>,
    /// The end of the log, once it is known.
    last: Arc<AtomicI64>,
}

impl Listener {
    async fn run(mut self) -> Listener {
        let deadline = Instant::now() + DEADLINE;
        while self.since < self.last.load(Ordering::SeqCst) {
            assert!(Instant::now() < deadline, "never heard the end");
            self.turn += 1;
            let api = {
                let nodes = self.nodes.borrow();
                nodes[self.turn % nodes.len()].clone()
            };
            match api.resumed(&self.names, self.since, &self.epoch).await {
                Some(live) => self.listen(live).await,
                // Each turn is a round trip to a server; this only keeps the machine cool.
                None => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
        self
    }

    /// Until the connection or the log ends.
    async fn listen(&mut self, mut live: Live) {
        let mut prev = self.since;
        let mut asked = false;
        loop {
            if !asked {
                let ping = Message::text(r#"{"type":"ping"}"#);
                if live.try_send(ping).await.is_err() {
                    return;
                }
                asked = true;
            }
            match live.heard().await {
                Heard::Closed(_) => return,
                Heard::Frame(frame) if frame.get("prev").is_some() => {
                    assert_eq!(frame["prev"], prev, "{frame}");
                    prev = frame["seq"].as_i64().unwrap();
                    self.seen.push(prev);
                    self.since = prev;
                }
                Heard::Frame(frame) if frame["type"] == "pong" => {
                    asked = false;
                    self.since = self.since.max(frame["last"].as_i64().unwrap());
                    if self.since >= self.last.load(Ordering::SeqCst) {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                Heard::Frame(_) => {}
            }
        }
    }
}

async fn contacts(api: &Api) -> Vec<Contact> {
    let mut contacts = Vec::new();
    for number in 0..LEADS {
        let contact = api
            .contact(&format!("lead-{number}@customer-{number}.example"))
            .await;
        contact.outbound("Hello").await;
        let sent = json!({"event": "FIRST_EMAIL_SENT", "triggeredBy": "test"});
        let path = format!("{STATE}/{}/transition", contact.id);
        api.post(&path, sent).await.ok();
        contacts.push(contact);
    }
    contacts
}

/// A number of the environment, for a longer run than everybody's.
fn asked(name: &str, otherwise: usize) -> usize {
    match std::env::var(name) {
        Ok(number) => number.parse().expect("a number"),
        Err(_) => otherwise,
    }
}

/// As many mails as events.
fn asks(contacts: &[Contact], each: usize) -> Vec<Ask> {
    let mails = (0..each).map(|number| {
        let contact = &contacts[number % contacts.len()];
        let text = format!("Mail number {number}, with a question about your cars");
        let mail = Mail::new(&contact.email, "Re: Your new car", &text);
        Ask::Mail(Box::new(mail), Signature::new())
    });
    let events = (0..each).map(|number| {
        let contact = contacts[number % contacts.len()].clone();
        Ask::Event(contact, format!("event-{number}"))
    });
    // One of each in turn.
    mails
        .zip(events)
        .flat_map(|(mail, event)| [mail, event])
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_dies_nothing_acknowledged_is_lost_or_doubled() {
    if no_own_servers() {
        return;
    }
    let each = asked("CONVO_TEST_CLUSTER_COMMANDS", COMMANDS) / 2;
    let kills = asked("CONVO_TEST_CLUSTER_KILLS", KILLS);
    let mut cluster = Cluster::start().await;
    let contacts = contacts(&cluster.nodes[0]).await;
    let asks = Arc::new(asks(&contacts, each));
    let began = Instant::now();
    let nodes = cluster.apis.subscribe();
    let (since, epoch) = head(&cluster.nodes[0]).await;
    let last = Arc::new(AtomicI64::new(i64::MAX));
    let listeners = (0..LISTENERS).map(|number| {
        let listener = Listener {
            names: NAMES[..=number % NAMES.len()].to_vec(),
            nodes: nodes.clone(),
            turn: number,
            since,
            epoch: epoch.clone(),
            seen: Vec::new(),
            last: Arc::clone(&last),
        };
        listener.run()
    });
    let listeners = tokio::spawn(together(listeners.collect::<Vec<_>>()));
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let progress = Arc::new(Notify::new());
    let clients = together((0..CLIENTS).map(|client| {
        let (asks, nodes) = (Arc::clone(&asks), nodes.clone());
        let (acknowledged, progress) = (Arc::clone(&acknowledged), Arc::clone(&progress));
        async move {
            for number in (client..asks.len()).step_by(CLIENTS) {
                // Some are repeated, as a provider does whose answer was lost, and at another node.
                for again in 0..1 + number % 3 {
                    asks[number].deliver(&nodes, number + again).await;
                }
                acknowledged.fetch_add(1, Ordering::SeqCst);
                progress.notify_one();
            }
        }
    }));
    let total = asks.len();
    let chaos = async {
        for strike in 0..kills {
            while acknowledged.load(Ordering::SeqCst) < (strike + 1) * total / (kills + 2) {
                progress.notified().await;
            }
            cluster.strike(strike).await;
        }
        cluster
    };
    let (cluster, _) = tokio::join!(chaos, clients);

    let (end, _) = head(&cluster.nodes[0]).await;
    last.store(end, Ordering::SeqCst);
    let listeners = listeners.await.unwrap();
    let rows = rows_after(&cluster.nodes[0], since).await;
    let (mut missed, mut heard) = (0, 0);
    for listener in &listeners {
        let mut told: Vec<i64> = listener
            .names
            .iter()
            .flat_map(|name| wanted(&rows, name))
            .map(|row| row["seq"].as_i64().unwrap())
            .collect();
        told.sort_unstable();
        missed += usize::from(listener.seen != told);
        heard += listener.seen.len();
    }
    let count = async |sql: &str| cluster.database.count(sql).await;
    let mails = count("SELECT count(*) FROM messages WHERE direction = 'inbound'").await;
    let distinct =
        count("SELECT count(DISTINCT rfc_id) FROM messages WHERE direction = 'inbound'").await;
    let replies =
        count("SELECT count(*) FROM conversation_state_transitions WHERE event = 'LEAD_REPLIED'")
            .await;
    let events = count(
        "SELECT count(*) FROM conversation_state_transitions \
         WHERE event = 'ENGAGEMENT_INCREASED' AND triggered_by = 'request'",
    )
    .await;
    let holes = count("SELECT coalesce(max(seq), 0) - count(*) FROM event_log").await;
    let wanted = i64::try_from(each).unwrap();
    println!(
        "{CLIENTS} clients and {LISTENERS} listeners on 2 nodes, {kills} kills of nodes, PostgreSQL and Redis in {:.1?}: \
         {} acknowledged, {} lost, {} doubled, {holes} holes, {heard} events heard, {missed} listeners missed any",
        began.elapsed(),
        acknowledged.load(Ordering::SeqCst),
        (wanted - distinct).max(0) + (wanted - events).max(0),
        (mails - distinct) + (events - wanted).max(0) + (replies - wanted).max(0),
    );
    assert_eq!(
        (mails, distinct, replies, events),
        (wanted, wanted, wanted, wanted)
    );
    assert_eq!((holes, missed), (0, 0));
    cluster.nodes[0].verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_postgresql_is_away_the_answer_is_503_and_soon_after_all_is_well() {
    if no_own_servers() {
        return;
    }
    let mut postgres = Postgres::start().await;
    let database = Arc::new(postgres.database().await);
    let server = Options::on(Kind::Postgres).over(&database).start().await;
    let contact = server.contact("ada@customer.example").await;
    contact.outbound("Hello").await;
    let mail = Mail::new(&contact.email, "Re: Hello", "Tell me more");
    let signature = Signature::new();

    postgres.stop().await;
    for answer in [
        server.inbound_signed(&mail, &signature).await,
        server.get(&format!("{STATE}/{}/status", contact.id)).await,
    ] {
        answer.problem(503, "unavailable");
        let after: u64 = answer.header("Retry-After").parse().unwrap();
        assert!(after >= 1);
    }
    assert_eq!(server.get("/readyz").await.status, 503);
    assert_eq!(server.get("/healthz").await.status, 200);

    postgres.start_again().await;
    let back = Instant::now();
    let works = async |answer: Answer| (answer.status == 200).then_some(());
    eventually("mail is taken", async || {
        works(server.inbound_signed(&mail, &signature).await).await
    })
    .await;
    eventually("questions are answered", async || {
        works(server.get(&format!("{STATE}/{}/status", contact.id)).await).await
    })
    .await;
    let took = back.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(contact.messages().await.len(), 2);
    server.verify().await;
}

/// What one node commits is heard at the other, with Redis and without; a context is read from the other's Redis.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_node_commits_the_other_tells() {
    if no_own_servers() {
        return;
    }
    let mut cluster = Cluster::start().await;
    let contact = cluster.nodes[0].contact("ada@customer.example").await;
    contact.outbound("Hello").await;
    let mut live = cluster.nodes[1].subscribed(&["message_threads"]).await;
    let hear = async |live: &mut Live| {
        let mail = Mail::new(&contact.email, "Re: Hello", "Tell me more");
        contact.api.inbound(&mail).await.ok();
        let began = Instant::now();
        let told = live.until("message_thread_updated").await.0;
        assert_eq!(told["message"]["messageId"], mail.message_id.as_str());
        began.elapsed()
    };
    let with = hear(&mut live).await;
    let path = format!("{STATE}/{}/context", contact.id);
    let context = async |node: &Server| node.get(&path).await.ok()["context"].clone();
    assert_eq!(
        context(&cluster.nodes[0]).await,
        context(&cluster.nodes[1]).await
    );
    let mut limit = 0;
    eventually("the other node reads it from Redis", async || {
        // What a process keeps itself is under another number of messages.
        limit += 1;
        let path = format!("{path}?limit={limit}");
        let one = cluster.nodes[0].get(&path).await.ok();
        let other = cluster.nodes[1].get(&path).await.ok();
        assert_eq!(one["context"], other["context"]);
        let metrics = cluster.nodes[1].get("/metrics").await;
        let found = metrics
            .text()
            .contains("convo_context_cache_total{found=\"redis\"}");
        found.then_some(())
    })
    .await;

    cluster.redis.kill9();
    let without = hear(&mut live).await;
    cluster.redis.start_again().await;
    let again = hear(&mut live).await;
    cluster.redis.hang();
    let hung = hear(&mut live).await;
    let answered = Instant::now();
    context(&cluster.nodes[1]).await;
    let patience = answered.elapsed();
    let ready = cluster.nodes[0].get("/readyz").await;
    assert_eq!(ready.status, 200, "Redis is never needed");
    cluster.redis.go_on();
    println!(
        "heard after {with:?} with Redis, {without:?} without, {again:?} with it again, {hung:?} with it hung"
    );
    for took in [without, hung] {
        // The poll's second, and what a busy machine adds.
        assert!(took < Duration::from_secs(3), "{took:?}");
    }
    assert!(patience < Duration::from_secs(2), "{patience:?}");
}
