//! Conversations of a year, played through the application on a clock of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use convo_app::{Actor, App, Command, Envelope, Options, Sending, Shell};
use convo_store::{Birth, Store, StoreOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

/// What leads write; some of it moves them on.
const WORDS: [&str; 6] = [
    "Thank you for writing. I have read it.",
    "I'm interested, tell me more about the car.",
    "What would the monthly rate be with no money down?",
    "Could I come by on Saturday for a test drive?",
    "Not this month, we are away until the end of it.",
    "Sounds good. Does it come in blue?",
];
const NAMES: [&str; 12] = [
    "Ada",
    "Alan",
    "Barbara",
    "Edsger",
    "Frances",
    "Grace",
    "John",
    "Katherine",
    "Leslie",
    "Margaret",
    "Niklaus",
    "Radia",
];
const SOURCES: [Option<&str>; 4] = [Some("website"), Some("fair"), Some("partner"), None];

/// What was played, and where.
pub struct Played {
    pub store: Store,
    pub leads: Vec<Uuid>,
    _folder: TempDir,
}

#[derive(Clone)]
struct Clock(Arc<AtomicI64>);

impl Shell for Clock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst)).unwrap()
    }

    /// Ids of the time, counted from one; the bits between are for copies.
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

struct Stage {
    app: App,
    clock: Clock,
}

impl Stage {
    fn run(&self, command: Command) -> Value {
        let envelope = Envelope::new(command, Actor::Code("fill"));
        let answer = self
            .app
            .queue()
            .run_blocking(envelope)
            .expect("not refused");
        serde_json::from_str(&answer.body).unwrap_or_default()
    }

    fn wait(&self, span: TimeDelta) {
        let micros = span.num_microseconds().unwrap();
        self.clock.0.fetch_add(micros, Ordering::SeqCst);
    }
}

fn read<T: serde::de::DeserializeOwned>(body: Value) -> T {
    serde_json::from_value(body).unwrap()
}

fn id(record: &Value) -> Uuid {
    record["id"].as_str().expect("an id").parse().unwrap()
}

/// Plays so many conversations.
pub fn play(count: usize) -> Played {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("played.db").display());
    let store = Store::open(&url, StoreOptions::default()).unwrap();
    let clock = Clock(Arc::default());
    let birth = Birth {
        reply_key: vec![1; 32],
        hash_key: vec![2; 32],
        epoch: Uuid::from_u128(7),
        at: clock.now(),
    };
    store.migrate(&birth).unwrap();
    let options = Options {
        shell: Box::new(clock.clone()),
        our_addresses: Vec::new(),
        trusted_auth_hosts: Vec::new(),
        sending: Sending::default(),
        storage: folder.path().join("attachments"),
    };
    let (app, writer) = App::start(store, options).unwrap();
    let stage = Stage { app, clock };
    // Nothing shall become due while the database is looked at.
    stage.run(Command::PutPolicy(
        json!({"noReplyDays": 3000, "archiveDays": 3000, "autoHandover": false}),
    ));
    let named = |n: usize| json!({"name": format!("Campaign {n}")});
    let campaigns: Vec<Uuid> = (0..6)
        .map(|n| id(&stage.run(Command::CreateCampaign(read(named(n))))))
        .collect();
    let agent = |n: usize| json!({"name": format!("Agent {n}"), "email": format!("agent{n}@dealer.example")});
    let agents: Vec<Uuid> = (0..8)
        .map(|n| id(&stage.run(Command::CreateAgent(read(agent(n))))))
        .collect();
    let leads = (0..count)
        .map(|n| one(&stage, n, &campaigns, &agents))
        .collect();
    let Stage { app, .. } = stage;
    drop(app);
    writer.join().expect("the writer ends");
    Played {
        store: Store::open(&url, StoreOptions::default()).unwrap(),
        leads,
        _folder: folder,
    }
}

/// One lead with a conversation of one to nine messages, five on average, at some time of the last year.
fn one(stage: &Stage, n: usize, campaigns: &[Uuid], agents: &[Uuid]) -> Uuid {
    let began = Utc::now() - TimeDelta::days(350) + TimeDelta::minutes((n * 487 % 460_000) as i64);
    stage
        .clock
        .0
        .store(began.timestamp_micros(), Ordering::SeqCst);
    let lead = json!({
        "email": format!("lead{n}@fill.example"), "firstName": NAMES[n % NAMES.len()], "lastName": format!("Number{n}"),
        "source": SOURCES[n % SOURCES.len()], "phone": n.is_multiple_of(2).then(|| format!("+49 30 {n}")),
    });
    let lead = id(&stage.run(Command::CreateLead(read(lead))));
    let campaign = campaigns.get(n % (campaigns.len() + 1));
    let body = json!({"leadId": lead, "campaignId": campaign, "subject": "Your new car"});
    let conversation = id(&stage.run(Command::CreateConversation(read(body))));
    for message in 0..=n * 7 % 9 {
        stage.wait(TimeDelta::minutes(
            20 + ((n + message) * 131 % 1_500) as i64,
        ));
        let ours = message % 2 == 0;
        let words = WORDS[(n + message) % WORDS.len()];
        let said = json!({
            "senderId": if ours { "campaign".to_owned() } else { lead.to_string() }, "isFromAI": u8::from(ours),
            "content": format!("Hello,\n\n{words}\n\nKind regards"), "messageType": "email",
        });
        stage.run(Command::ProcessMessage(conversation, Box::new(read(said))));
        if ours {
            stage.wait(TimeDelta::minutes(1));
            event(stage, conversation, "email_delivered", json!({}));
            if n.is_multiple_of(3) {
                stage.wait(TimeDelta::minutes(9));
                let agent =
                    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
                event(
                    stage,
                    conversation,
                    "email_opened",
                    json!({"userAgent": agent}),
                );
            }
        }
    }
    if n.is_multiple_of(10) {
        let agent = agents[n / 10 % agents.len()];
        let body = json!({"agentId": agent, "reason": "fill"});
        stage.run(Command::TakeOver(conversation, read(body)));
        let said = json!({"senderId": agent, "isFromAI": 0, "content": "I take care of it.", "messageType": "email"});
        stage.run(Command::ProcessMessage(conversation, Box::new(read(said))));
    } else if n % 5 == 1 {
        stage.wait(TimeDelta::hours(30));
        let body = json!({"event": "CONVERSATION_ABANDONED", "triggeredBy": "fill", "metadata": {"outcome": "lost"}});
        stage.run(Command::Transition(conversation, read(body)));
    }
    lead
}

fn event(stage: &Stage, conversation: Uuid, kind: &str, metadata: Value) {
    let body = json!({"type": kind, "source": "fill", "metadata": metadata});
    stage.run(Command::IntegrationEvent(conversation, read(body)));
}
