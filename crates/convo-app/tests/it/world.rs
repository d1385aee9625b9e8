//! A database, the application over it, and the time.
//!
//! [`World::on_both`] runs a test on a fresh SQLite file, and on a fresh database of the PostgreSQL that
//! `CONVO_TEST_POSTGRES_URL` names. [`World::node`] starts one more application over the same database.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::thread::JoinHandle;

use chrono::{DateTime, TimeDelta, Utc};
use convo_app::timers::TimerKind;
use convo_app::{
    Actor, Answer, App, AppError, Command, Envelope, Options, SendMode, Sending, Shell, verify,
};
use convo_store::rows::{LogRow, TimerRow, TransitionRow};
use convo_store::{Birth, Store, StoreOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

/// The time of a world, which only the test moves; and a fuse for what asks it.
#[derive(Clone)]
pub struct Clock(Arc<AtomicI64>, Arc<AtomicU32>);

impl Clock {
    pub fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst)).unwrap()
    }

    pub fn set(&self, now: DateTime<Utc>) {
        self.0.store(now.timestamp_micros(), Ordering::SeqCst);
    }

    pub fn wait(&self, span: TimeDelta) {
        self.set(self.now() + span);
    }

    /// The writer panics when it asks for the time or for an id for the `count`th time from now; 0: never.
    pub fn burn(&self, count: u32) {
        self.1.store(count, Ordering::SeqCst);
    }

    /// Whether the fuse still burns.
    pub fn burns(&self) -> bool {
        self.1.load(Ordering::SeqCst) > 0
    }

    fn asked(&self) {
        if std::thread::current().name() != Some("writer") {
            return;
        }
        let less = |left: u32| left.checked_sub(1);
        let left = self
            .1
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
        assert_ne!(left, Ok(1), "the fuse of the test");
    }
}

impl Shell for Clock {
    fn now(&self) -> DateTime<Utc> {
        self.asked();
        self.now()
    }

    fn new_id(&self) -> Uuid {
        self.asked();
        // One count for all applications: an id is drawn once.
        static DRAWN: AtomicU64 = AtomicU64::new(1);
        let drawn = DRAWN.fetch_add(1, Ordering::SeqCst);
        let millis = u128::from(self.now().timestamp_millis().unsigned_abs());
        Uuid::from_u128(millis << 80 | 0x7 << 76 | 0x8 << 60 | u128::from(drawn))
    }

    fn random(&self, buffer: &mut [u8]) {
        buffer.fill(7);
    }
}

/// One process of the program.
pub struct Node {
    app: Option<App>,
    writer: Option<JoinHandle<()>>,
}

impl Node {
    pub fn app(&self) -> &App {
        self.app.as_ref().unwrap()
    }
}

impl std::ops::Deref for Node {
    type Target = App;

    fn deref(&self) -> &App {
        self.app()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.app.take());
        let _ = self.writer.take().unwrap().join();
    }
}

/// A database with one application over it.
pub struct World {
    pub clock: Clock,
    url: String,
    folder: TempDir,
    sending: Sending,
    node: Option<Node>,
}

/// The time in UTC.
pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

impl World {
    /// Runs a test at this time on both databases.
    pub fn on_both(now: &str, test: impl Fn(World)) {
        World::each(now, &Sending::default(), test);
    }

    /// The same, where mail leaves the house as far as the outbox.
    pub fn sending_on_both(now: &str, test: impl Fn(World)) {
        let sending = Sending {
            mode: SendMode::Live,
            from: convo_email::Address::parse("Dealer <sales@dealer.example>"),
            reply_domain: "reply.dealer.example".to_owned(),
            id_domain: "dealer.example".to_owned(),
            public_url: "https://convo.dealer.example".to_owned(),
        };
        World::each(now, &sending, test);
    }

    fn each(now: &str, sending: &Sending, test: impl Fn(World)) {
        test(World::new(now, sending.clone(), None));
        if let Some(url) = postgres_url() {
            test(World::new(now, sending.clone(), Some(url)));
        }
    }

    fn new(now: &str, sending: Sending, url: Option<String>) -> World {
        let folder = tempfile::tempdir().unwrap();
        let file = || format!("sqlite://{}", folder.path().join("convo.db").display());
        let clock = Clock(Arc::default(), Arc::default());
        clock.set(at(now));
        let mut world = World {
            clock,
            url: url.unwrap_or_else(file),
            folder,
            sending,
            node: None,
        };
        world.node = Some(world.node());
        world
    }

    /// One more application over the database.
    pub fn node(&self) -> Node {
        let options = StoreOptions {
            readers: 4,
            ..StoreOptions::default()
        };
        let store = Store::open(&self.url, options).unwrap();
        let birth = Birth {
            reply_key: vec![1; 32],
            hash_key: vec![2; 32],
            epoch: Uuid::from_u128(7),
            at: self.clock.now(),
        };
        store.migrate(&birth).unwrap();
        let options = Options {
            shell: Box::new(self.clock.clone()),
            our_addresses: vec!["sales@dealer.example".to_owned()],
            trusted_auth_hosts: vec!["*.mailgun.org".to_owned()],
            sending: self.sending.clone(),
            storage: self.folder.path().join("attachments"),
        };
        let (app, writer) = App::start(store, options).unwrap();
        Node {
            app: Some(app),
            writer: Some(writer),
        }
    }

    /// Ends the application and starts another over the same database.
    pub fn restart(&mut self) {
        drop(self.node.take());
        self.node = Some(self.node());
    }

    pub fn app(&self) -> &App {
        self.node.as_ref().unwrap().app()
    }

    /// Whether it is on PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        !self.url.starts_with("sqlite://")
    }

    /// Runs statements on a connection of the test's own; the texts of the first column of what they select.
    pub fn sql(&self, statements: &str) -> Vec<String> {
        let Some(file) = self.url.strip_prefix("sqlite://") else {
            return postgres(&self.url, statements);
        };
        let connection = rusqlite::Connection::open(file).unwrap();
        if !statements.starts_with("SELECT") {
            connection.execute_batch(statements).unwrap();
            return Vec::new();
        }
        let mut query = connection.prepare(statements).unwrap();
        let rows = query.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// Runs a command.
    pub fn try_run(&self, command: Command) -> Result<Answer, AppError> {
        let envelope = Envelope::new(command, Actor::Code("test"));
        self.app().queue().run_blocking(envelope)
    }

    /// Runs a command that is not refused; its answer.
    #[track_caller]
    pub fn run(&self, command: Command) -> Value {
        let answer = self.try_run(command).unwrap();
        serde_json::from_str(&answer.body).unwrap_or_default()
    }

    /// A lead with an open conversation, in a campaign or none.
    pub fn contact(&self, email: &str, campaign: Option<Uuid>) -> Contact {
        let lead = json!({"email": email, "firstName": "Ada"});
        let lead = id(&self.run(Command::CreateLead(read(lead))));
        let conversation = json!({"leadId": lead, "campaignId": campaign, "subject": "Your car"});
        Contact {
            lead,
            id: id(&self.run(Command::CreateConversation(read(conversation)))),
        }
    }

    /// A lead whom we wrote to now, and who has the mail.
    pub fn written_to(&self, email: &str) -> Contact {
        let contact = self.contact(email, None);
        self.send(&contact);
        self.event(&contact, "FIRST_EMAIL_SENT", Value::Null);
        contact
    }

    /// We write now.
    pub fn send(&self, to: &Contact) -> Value {
        self.say(to, json!({"senderId": "ai", "isFromAI": 1}))
    }

    /// The lead writes now.
    pub fn reply(&self, by: &Contact) -> Value {
        self.say(by, json!({"senderId": by.lead}))
    }

    /// A message with these members.
    pub fn say(&self, of: &Contact, members: Value) -> Value {
        let mut body =
            json!({"content": "About the car we saw", "messageType": "email", "isFromAI": 0});
        let (Value::Object(all), Value::Object(more)) = (&mut body, members) else {
            panic!("an object");
        };
        all.extend(more);
        self.run(Command::ProcessMessage(of.id, Box::new(read(body))))
    }

    /// Asks for an event.
    pub fn event(&self, of: &Contact, event: &str, metadata: Value) -> Value {
        let body = json!({"event": event, "triggeredBy": "test", "metadata": metadata});
        self.run(Command::Transition(of.id, read(body)))
    }

    /// Snoozes until then, or wakes.
    pub fn snooze(&self, of: &Contact, until: Option<DateTime<Utc>>) -> Value {
        self.run(Command::Snooze(of.id, read(json!({"until": until}))))
    }

    /// The state of a conversation.
    pub fn state(&self, of: &Contact) -> String {
        self.row(of).state
    }

    pub fn row(&self, of: &Contact) -> convo_store::rows::ConversationRow {
        let mut rows = self
            .app()
            .read(|reader| Ok(reader.conversations_by_ids(&[of.id])?))
            .unwrap();
        rows.remove(0)
    }

    /// The kinds of a conversation's timers with the times they are due, by kind.
    pub fn timers(&self, of: &Contact) -> Vec<(String, DateTime<Utc>)> {
        let rows = self
            .app()
            .read(|reader| Ok(reader.timers_by_conversations(&[of.id])?));
        let each = rows.unwrap().into_iter();
        let mut timers: Vec<_> = each.map(|row| (row.kind, row.due_at)).collect();
        timers.sort();
        timers
    }

    /// All timers of the database, those due first at the beginning.
    pub fn all_timers(&self) -> Vec<TimerRow> {
        let kinds = TimerKind::ALL.map(TimerKind::as_str);
        self.app()
            .read(|reader| Ok(reader.timers_first(&kinds, 1_000_000)?))
            .unwrap()
    }

    /// The audit rows of a conversation.
    pub fn audit(&self, of: &Contact) -> Vec<TransitionRow> {
        self.app()
            .read(|reader| Ok(reader.transitions_after(of.id, 0, 1_000)?))
            .unwrap()
    }

    /// The event log: the rows of these conversations' record changes and alerts, as (what, when).
    pub fn told(&self, of: &Contact, what: &str) -> Vec<DateTime<Utc>> {
        let mut log: Vec<LogRow> = Vec::new();
        loop {
            let after = log.last().map_or(0, |row| row.seq);
            let page = self
                .app()
                .read(|reader| Ok(reader.log_after(after, 1_000)?))
                .unwrap();
            if page.is_empty() {
                break;
            }
            log.extend(page);
        }
        let of_it = log.iter().filter(|row| row.conversation_id == Some(of.id));
        let named = of_it.filter(|row| {
            let data: Value = serde_json::from_str(&row.data).unwrap();
            data["change"] == what || data["action"] == what || data["event"] == what
        });
        named.map(|row| row.at).collect()
    }

    /// Fires what is due now, until nothing is.
    pub fn tick(&self) -> usize {
        let mut fired = 0;
        loop {
            let step = self.app().fire_due(100).unwrap();
            fired += step.fired;
            if step.next.is_none_or(|next| next > self.clock.now()) {
                return fired;
            }
        }
    }

    /// Every stored invariant holds.
    #[track_caller]
    pub fn verify(&self) {
        let report = self.app().store().snapshot(verify::verify).unwrap();
        assert!(report.clean, "{report:#?}");
    }
}

/// A lead and its conversation.
#[derive(Clone)]
pub struct Contact {
    pub lead: Uuid,
    pub id: Uuid,
}

/// The id of a record.
#[track_caller]
pub fn id(record: &Value) -> Uuid {
    record["id"].as_str().unwrap().parse().unwrap()
}

/// A body as the application reads it.
#[track_caller]
pub fn read<T: serde::de::DeserializeOwned>(body: Value) -> T {
    serde_json::from_value(body).unwrap()
}

/// A fresh database of the PostgreSQL of the tests; none where there is no such server.
#[allow(
    clippy::disallowed_methods,
    reason = "tests are told by the environment where the server is"
)]
fn postgres_url() -> Option<String> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let Ok(admin) = std::env::var("CONVO_TEST_POSTGRES_URL") else {
        assert!(
            std::env::var("CI").is_err(),
            "CONVO_TEST_POSTGRES_URL is not set"
        );
        println!("skipped: CONVO_TEST_POSTGRES_URL is not set");
        return None;
    };
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("app_{}_{count}", std::process::id());
    postgres(&admin, &format!("CREATE DATABASE {name}"));
    let (server, _) = admin.rsplit_once('/').expect("a URL with a database");
    Some(format!("{server}/{name}"))
}

/// Runs statements on a connection of its own; the texts of the first column of what they select.
fn postgres(url: &str, statements: &str) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
            .await
            .expect("the PostgreSQL of the tests answers");
        let connection = tokio::spawn(connection);
        let said = client.simple_query(statements).await.unwrap();
        drop(client);
        let _ = connection.await;
        let rows = said.iter().filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        rows.map(str::to_owned).collect()
    })
}
