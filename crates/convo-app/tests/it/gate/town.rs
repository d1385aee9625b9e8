//! A database, the application over it, two campaigns, an agent, and the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::thread::JoinHandle;

use chrono::{DateTime, TimeDelta, Utc};
use convo_app::outbox::Outcome;
use convo_app::{
    Actor, Answer, App, AppError, Command, Envelope, IdempotencyKey, Options, SendMode, Sending,
    Sent, Shell, wire,
};
use convo_store::rows::OutboxRow;
use convo_store::{Birth, Store, StoreOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

/// The time of a town, which only the test moves.
#[derive(Clone)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    pub fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst)).unwrap()
    }

    pub fn wait(&self, span: TimeDelta) {
        let later = self.now() + span;
        self.0.store(later.timestamp_micros(), Ordering::SeqCst);
    }
}

impl Shell for Clock {
    fn now(&self) -> DateTime<Utc> {
        self.now()
    }

    fn new_id(&self) -> Uuid {
        static DRAWN: AtomicU64 = AtomicU64::new(1);
        let drawn = DRAWN.fetch_add(1, Ordering::SeqCst);
        let millis = u128::from(self.now().timestamp_millis().unsigned_abs());
        Uuid::from_u128(millis << 80 | 0x7 << 76 | 0x8 << 60 | u128::from(drawn))
    }

    fn random(&self, buffer: &mut [u8]) {
        buffer.fill(7);
    }
}

/// A database with one application over it.
pub struct Town {
    pub clock: Clock,
    app: Option<App>,
    writer: Option<JoinHandle<()>>,
    pub campaigns: [Uuid; 2],
    pub agent: Uuid,
    people: AtomicU32,
    url: String,
    folder: TempDir,
}

impl Drop for Town {
    fn drop(&mut self) {
        self.end();
    }
}

pub type Pending = tokio::sync::oneshot::Receiver<Result<Answer, AppError>>;

impl Town {
    /// Runs a test on both databases.
    pub fn on_both(test: impl Fn(Town, bool)) {
        test(Town::new(None), true);
        if let Some(url) = postgres_url() {
            test(Town::new(Some(url)), false);
        }
    }

    fn new(url: Option<String>) -> Town {
        let folder = tempfile::tempdir().unwrap();
        let file = || format!("sqlite://{}", folder.path().join("convo.db").display());
        let clock = Clock(Arc::default());
        clock.wait(TimeDelta::seconds(1_800_000_000));
        let mut town = Town {
            clock,
            app: None,
            writer: None,
            campaigns: [Uuid::nil(); 2],
            agent: Uuid::nil(),
            people: AtomicU32::new(0),
            url: url.unwrap_or_else(file),
            folder,
        };
        town.begin(SendMode::Live);
        town.campaigns = ["Spring", "Autumn"].map(|name| {
            let new = wire::NewCampaign {
                name: name.to_owned(),
                ..wire::NewCampaign::default()
            };
            id(&town.made(Command::CreateCampaign(new))["id"])
        });
        let agent = wire::NewAgent {
            name: "Ada".to_owned(),
            email: "ada@dealer.example".to_owned(),
            ..wire::NewAgent::default()
        };
        town.agent = id(&town.made(Command::CreateAgent(agent))["id"]);
        town
    }

    fn begin(&mut self, mode: SendMode) {
        let store = Store::open(&self.url, StoreOptions::default()).unwrap();
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
            trusted_auth_hosts: Vec::new(),
            storage: self.folder.path().join("attachments"),
            sending: Sending {
                mode,
                from: convo_email::Address::parse("Dealer <sales@dealer.example>"),
                reply_domain: "reply.dealer.example".to_owned(),
                id_domain: "dealer.example".to_owned(),
                public_url: "https://convo.dealer.example".to_owned(),
            },
        };
        let (app, writer) = App::start(store, options).unwrap();
        (self.app, self.writer) = (Some(app), Some(writer));
    }

    fn end(&mut self) {
        drop(self.app.take());
        let _ = self.writer.take().unwrap().join();
    }

    /// Ends the application and starts it again, sending in this mode.
    pub fn restart(&mut self, mode: SendMode) {
        self.end();
        self.begin(mode);
    }

    /// Runs as an import does: silently.
    pub fn silently(&self, command: Command) -> Value {
        let envelope = Envelope {
            silent: true,
            ..Envelope::new(command, Actor::Code("test"))
        };
        answered(self.app().queue().push_blocking(envelope).unwrap()).unwrap()
    }

    /// Takes what is due in the outbox, a sender with an id; the mails that may leave.
    pub fn take(&self, sender: Uuid) -> Vec<Uuid> {
        let said = self.made(Command::LeaseOutbox {
            owner: sender,
            limit: 100,
            seconds: 60,
        });
        serde_json::from_value(said["leased"].clone()).unwrap()
    }

    /// Tells what came of a mail that a sender took.
    pub fn came(&self, sender: Uuid, mail: Uuid, outcome: Outcome) {
        self.made(Command::OutboxResult {
            id: mail,
            owner: sender,
            outcome,
        });
    }

    /// The row of the outbox that sends a message.
    pub fn outgoing(&self, message: Uuid) -> OutboxRow {
        self.app()
            .read(|reader| Ok(reader.outbox_by_messages(&[message])?))
            .unwrap()
            .remove(0)
    }

    /// What a message says.
    pub fn text(&self, message: Uuid) -> String {
        self.app()
            .read(|reader| Ok(reader.contents_by_messages(&[message])?))
            .unwrap()
            .remove(0)
            .text
    }

    pub fn app(&self) -> &App {
        self.app.as_ref().unwrap()
    }

    pub fn push(&self, command: Command) -> Pending {
        self.push_as(command, None)
    }

    fn push_as(&self, command: Command, idempotency: Option<IdempotencyKey>) -> Pending {
        let envelope = Envelope {
            idempotency,
            ..Envelope::new(command, Actor::Code("test"))
        };
        self.app().queue().push_blocking(envelope).unwrap()
    }

    pub fn run(&self, command: Command) -> Result<Value, AppError> {
        answered(self.push(command))
    }

    /// Runs under a key: again it is answered as before, where it was not refused.
    pub fn run_once(&self, command: Command, key: [u8; 32]) -> Result<Value, AppError> {
        let key = IdempotencyKey {
            scope: key,
            body: [0; 32],
        };
        answered(self.push_as(command, Some(key)))
    }

    pub fn made(&self, command: Command) -> Value {
        self.run(command).unwrap()
    }

    /// Changes the policy.
    pub fn policy(&self, gate: Value) {
        self.made(Command::PutPolicy(json!({ "gate": gate })));
    }

    /// Makes leads.
    pub fn leads(&self, count: usize) -> Vec<Uuid> {
        let pending: Vec<Pending> = (0..count)
            .map(|_| {
                let number = self.people.fetch_add(1, Ordering::SeqCst);
                let new = wire::NewLead {
                    email: format!("lead{number}@customer.example"),
                    ..wire::NewLead::default()
                };
                self.push(Command::CreateLead(new))
            })
            .collect();
        let made = pending.into_iter().map(|one| answered(one).unwrap());
        made.map(|lead| id(&lead["id"])).collect()
    }

    /// The address of a lead.
    pub fn email(&self, lead: Uuid) -> String {
        self.app()
            .read(|reader| Ok(reader.leads_by_ids(&[lead])?))
            .unwrap()
            .remove(0)
            .email
    }

    /// Makes a conversation of each campaign with each lead.
    pub fn conversations(&self, leads: &[Uuid]) -> Vec<[Uuid; 2]> {
        let pending: Vec<[Pending; 2]> = leads
            .iter()
            .map(|lead| {
                self.campaigns.map(|campaign| {
                    self.push(Command::CreateConversation(wire::NewConversation {
                        lead_id: *lead,
                        campaign_id: Some(campaign),
                        subject: "Your new car".to_owned(),
                        external_id: None,
                    }))
                })
            })
            .collect();
        let made = pending
            .into_iter()
            .map(|two| two.map(|one| id(&answered(one).unwrap()["id"])));
        made.collect()
    }
}

/// The answer of a command that was pushed.
pub fn answered(pending: Pending) -> Result<Value, AppError> {
    let answer = pending.blocking_recv().unwrap()?;
    Ok(serde_json::from_str(&answer.body).unwrap_or_default())
}

pub fn id(value: &Value) -> Uuid {
    value.as_str().unwrap().parse().unwrap()
}

/// What somebody says in a conversation at a time.
pub fn says(conversation: Uuid, sender: Uuid, text: &str, at: DateTime<Utc>) -> Command {
    let request = wire::ProcessMessage {
        sender_id: sender.to_string(),
        content: text.to_owned(),
        message_type: "email".to_owned(),
        is_from_ai: 0,
        email_headers: None,
        sent_at: Some(at),
        subject: None,
    };
    Command::ProcessMessage(conversation, Box::new(request))
}

/// Asks whether automation may write.
pub fn may_send(conversation: Uuid, purpose: &str, answers: Option<Uuid>) -> Command {
    let request = wire::MaySend {
        author: "ai".to_owned(),
        purpose: purpose.to_owned(),
        answers: answers.map(|id| id.to_string()),
        agent_id: None,
    };
    Command::MaySend(conversation, request, None)
}

/// Sends a mail of automation.
pub fn send(conversation: Uuid, lease: Option<Uuid>, purpose: Option<&str>) -> Command {
    let request = wire::Send {
        author: "ai".to_owned(),
        text: "How about a test drive on Tuesday?".to_owned(),
        lease,
        purpose: purpose.map(str::to_owned),
        ..wire::Send::default()
    };
    let sent = Sent {
        request,
        files: Vec::new(),
        key_agent: None,
    };
    Command::Send(conversation, Box::new(sent))
}

/// Tells of a mail that somebody else sent.
pub fn sent(conversation: Uuid, lease: Uuid) -> Command {
    let request = wire::SentByOthers {
        lease,
        provider_message_id: None,
        subject: None,
        text: None,
        html: None,
    };
    Command::SentByOthers(conversation, Box::new(request), None)
}

/// An event of the table, asked for.
pub fn event(conversation: Uuid, name: &str, metadata: Value) -> Command {
    let request = wire::TransitionRequest {
        event: name.to_owned(),
        triggered_by: "test".to_owned(),
        metadata: Some(metadata),
        expected_version: None,
    };
    Command::Transition(conversation, request)
}

/// Codes of the reasons of a refusal.
pub fn reasons(refused: &AppError) -> Vec<&'static str> {
    match refused {
        AppError::LeaseVoid { reasons } => reasons.iter().map(|reason| reason.code).collect(),
        other => panic!("{other:?}"),
    }
}

/// Makes a database in the cluster of the tests.
#[allow(
    clippy::disallowed_methods,
    reason = "tests are told by the environment where the cluster is"
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
    let name = format!("gate_{}_{count}", std::process::id());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(&admin, tokio_postgres::NoTls)
            .await
            .expect("the PostgreSQL of the tests answers");
        let connection = tokio::spawn(connection);
        let sql = format!("CREATE DATABASE {name}");
        client.batch_execute(&sql).await.unwrap();
        drop(client);
        let _ = connection.await;
    });
    let (server, _) = admin.rsplit_once('/').expect("a URL with a database");
    Some(format!("{server}/{name}"))
}
