//! Several servers on one PostgreSQL: they die, it dies, Redis dies; nothing acknowledged is lost or doubled.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use convo_tests::mailgun::Signature;
use convo_tests::own::{Postgres, Redis, no_own_servers};
use convo_tests::records::{Contact, STATE};
use convo_tests::{
    Answer, Api, Call, DEADLINE, Database, Kind, Mail, Options, Server, eventually, together,
};
use serde_json::json;
use tokio::sync::{Notify, watch};

const LEADS: usize = 20;
const MAILS: usize = 400;
const EVENTS: usize = 400;
const CLIENTS: usize = 12;
const KILLS: usize = 12;

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

fn asks(contacts: &[Contact]) -> Vec<Ask> {
    let mails = (0..MAILS).map(|number| {
        let contact = &contacts[number % contacts.len()];
        let text = format!("Mail number {number}, with a question about your cars");
        let mail = Mail::new(&contact.email, "Re: Your new car", &text);
        Ask::Mail(Box::new(mail), Signature::new())
    });
    let events = (0..EVENTS).map(|number| {
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
    let mut cluster = Cluster::start().await;
    let contacts = contacts(&cluster.nodes[0]).await;
    let asks = Arc::new(asks(&contacts));
    let nodes = cluster.apis.subscribe();
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
        for strike in 0..KILLS {
            while acknowledged.load(Ordering::SeqCst) < (strike + 1) * total / (KILLS + 2) {
                progress.notified().await;
            }
            cluster.strike(strike).await;
        }
        cluster
    };
    let (cluster, _) = tokio::join!(chaos, clients);

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
    let (wanted_mails, wanted_events) = (MAILS as i64, EVENTS as i64);
    println!(
        "{CLIENTS} clients on 2 nodes, {KILLS} kills of nodes, PostgreSQL and Redis: {} acknowledged, {} lost, {} doubled, {holes} holes",
        acknowledged.load(Ordering::SeqCst),
        (wanted_mails - distinct).max(0) + (wanted_events - events).max(0),
        (mails - distinct) + (events - wanted_events).max(0) + (replies - wanted_mails).max(0),
    );
    assert_eq!(
        (mails, distinct, replies),
        (wanted_mails, wanted_mails, wanted_mails)
    );
    assert_eq!(events, wanted_events);
    assert_eq!(holes, 0);
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
