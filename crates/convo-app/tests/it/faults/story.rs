//! What happens to one lead from the first mail to the erasing, each step asked for as a client or a provider does:
//! again and again until it is acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use convo_app::handover::{Act, Action};
use convo_app::outbox::compose::Composed;
use convo_app::outbox::{Leased, Outcome};
use convo_app::{
    Actor, Answer, App, AppError, Command, Envelope, IdempotencyKey, Payload, Sent, Shell as _,
    Webhook, wire,
};
use convo_email::{
    EmailObservation, EventKind, InboundEmail, Limits, MessageId, UserVariables, mime,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{Clock, World, id, read};

/// Who takes our mail: each mail that came, by its id, as often as it came.
#[derive(Clone, Default)]
pub struct Post(Arc<Mutex<BTreeMap<String, u32>>>);

impl Post {
    fn take(&self, mail: &str) {
        *self.0.lock().unwrap().entry(mail.to_owned()).or_default() += 1;
    }

    /// How many mails came, and how often the one that came most.
    pub fn came(&self) -> (usize, u32) {
        let came = self.0.lock().unwrap();
        (came.len(), came.values().copied().max().unwrap_or(0))
    }
}

/// The steps of a story in their order.
pub const STEPS: usize = 13;

/// The story of one lead; what it knows it was told by answers.
pub struct Story {
    email: String,
    agent: Uuid,
    clock: Clock,
    post: Post,
    /// The number of the log before it began.
    began: i64,
    pub lead: Uuid,
    pub conversation: Uuid,
    /// Message-ID of our first mail.
    ours: String,
    /// When the lead wrote, once it has.
    wrote: Option<DateTime<Utc>>,
}

/// The house of the stories: everybody who writes asks for a person, and one agent takes them all.
pub fn prepare(world: &World) -> Uuid {
    world.run(Command::PutPolicy(json!({"fastTrack": true})));
    let agent = json!({"name": "Grace", "email": "grace@dealer.example"});
    id(&world.run(Command::CreateAgent(read(agent))))
}

impl Story {
    pub fn new(world: &World, name: &str, agent: Uuid, post: &Post) -> Self {
        let head = world.app().read(|reader| Ok(reader.head()?)).unwrap();
        Self {
            email: format!("{name}@customer.example"),
            agent,
            clock: world.clock.clone(),
            post: post.clone(),
            began: head.seq,
            lead: Uuid::nil(),
            conversation: Uuid::nil(),
            ours: String::new(),
            wrote: None,
        }
    }

    /// One try of a step. An error means that nobody acknowledged it: the client tries the same again.
    pub fn step(&mut self, app: &App, step: usize) -> Result<(), AppError> {
        self.settle(app)?;
        match step {
            0 => {
                let lead =
                    json!({"email": self.email, "firstName": "Ada", "phone": "+49 30 1234567"});
                self.lead = id(&self.ask(app, step, Command::CreateLead(read(lead)))?);
            }
            1 => {
                let new = json!({"leadId": self.lead, "subject": "Your car"});
                self.conversation =
                    id(&self.ask(app, step, Command::CreateConversation(read(new)))?);
            }
            2 => {
                let request = wire::Send {
                    author: "ai".to_owned(),
                    text: "How about a test drive on Tuesday?".to_owned(),
                    purpose: Some("campaign".to_owned()),
                    ..wire::Send::default()
                };
                let sent = Sent {
                    request,
                    files: Vec::new(),
                    key_agent: None,
                };
                let said = self.ask(app, step, Command::Send(self.conversation, Box::new(sent)))?;
                said["messageId"]
                    .as_str()
                    .unwrap()
                    .clone_into(&mut self.ours);
            }
            3 | 7 => self.relay(app)?,
            4 => self.posted(app, "delivered", Payload::Event(Box::new(self.delivered())))?,
            5 | 6 => {
                // The second time another delivery of the same mail, with a token of its own.
                let mail = Payload::Mail(Box::new(self.reply()), None);
                self.posted(app, &format!("reply-{step}"), mail)?;
            }
            8 => {
                let request = json!({"agentId": self.agent});
                let act = Act {
                    action: Action::Accept,
                    key_agent: None,
                    request: read(request),
                };
                self.ask(app, step, Command::Handover(self.conversation, act))?;
            }
            9 => {
                let said = json!({"senderId": self.agent, "content": "See you on Tuesday", "messageType": "email", "isFromAI": 0});
                let said = Command::ProcessMessage(self.conversation, Box::new(read(said)));
                self.ask(app, step, said)?;
            }
            10 => {
                let done = json!({"event": "CONVERSATION_COMPLETED", "triggeredBy": "test", "metadata": {"outcome": "won"}});
                self.ask(
                    app,
                    step,
                    Command::Transition(self.conversation, read(done)),
                )?;
            }
            11 => {
                self.ask(app, step, Command::OneClick(self.conversation))?;
            }
            _ => match app.erase(self.lead) {
                // It was erased, and only the answer did not come.
                Ok(()) | Err(AppError::NotFound) => {}
                Err(error) => return Err(error),
            },
        }
        self.settle(app)
    }

    /// Asks under a key of the step: again it is answered as before.
    fn ask(&self, app: &App, step: usize, command: Command) -> Result<Value, AppError> {
        let mut scope = [u8::try_from(step).unwrap(); 32];
        for (to, from) in scope[1..].iter_mut().zip(self.email.bytes()) {
            *to = from;
        }
        let envelope = Envelope {
            idempotency: Some(IdempotencyKey {
                scope,
                body: [0; 32],
            }),
            ..Envelope::new(command, Actor::Code("test"))
        };
        let answer = app.queue().run_blocking(envelope)?;
        Ok(serde_json::from_str(&answer.body).unwrap_or_default())
    }

    /// A provider's call; it comes again with the same token until it is answered.
    fn posted(&self, app: &App, token: &str, payload: Payload) -> Result<(), AppError> {
        let webhook = Webhook {
            provider: "mailgun",
            token: Some(format!("{token}-{}", self.email)),
            fingerprint: [0; 32],
            payload,
            words: None,
        };
        block_on(app.webhook(webhook)).map(|_| ())
    }

    /// Tries what was kept for later, as the server's loop does.
    fn settle(&self, app: &App) -> Result<(), AppError> {
        let later = self.clock.now() + TimeDelta::days(1);
        let due = app.read(|reader| Ok(reader.receipts_due(later, 100)?))?;
        for row in due {
            let retry = Command::RetryReceipt {
                id: row.id,
                replay: true,
                reread: None,
            };
            let tried = block_on(app.retry(Envelope::new(retry, Actor::Code("system")), row.id))?;
            let tried: Value = serde_json::from_str(&tried.body).unwrap();
            if tried["status"] == "failed" || tried["status"] == "dead" {
                return Err(AppError::Unavailable);
            }
        }
        Ok(())
    }

    /// What the server's sender does, from the lease to telling what came of it.
    fn relay(&self, app: &App) -> Result<(), AppError> {
        loop {
            let owner = self.clock.new_id();
            let lease = Command::LeaseOutbox {
                owner,
                limit: 100,
                seconds: 60,
            };
            let leased = run(app, lease)?;
            let leased = Leased::read(&leased).leased;
            if leased.is_empty() {
                // Whoever died in the middle left a lease that ends.
                let next = app.read(|reader| Ok(reader.outbox_next_due()?))?;
                match next.filter(|next| *next > self.clock.now()) {
                    Some(next) => self.clock.set(next),
                    None => return Ok(()),
                }
                continue;
            }
            for id in leased {
                let outcome = match app.compose(id)? {
                    Composed::Mail(mail) => {
                        self.post.take(mail.message_id.as_str());
                        Outcome::Taken { provider_id: None }
                    }
                    Composed::Void(code) => Outcome::Void { code },
                };
                run(app, Command::OutboxResult { id, owner, outcome })?;
            }
        }
    }

    fn delivered(&self) -> EmailObservation {
        EmailObservation {
            provider: "mailgun".to_owned(),
            kind: EventKind::Delivered,
            occurred_at: self.clock.now(),
            event_id: Some(format!("delivered-{}", self.email)),
            domain: Some("dealer.example".to_owned()),
            recipient: Some(self.email.clone()),
            message_id: MessageId::parse(&format!("<{}>", self.ours)),
            variables: UserVariables::default(),
            client: None,
            url: None,
        }
    }

    fn reply(&mut self) -> InboundEmail {
        let wrote = *self.wrote.get_or_insert(self.clock.now());
        let mail = format!(
            "From: {0}\r\nTo: sales@dealer.example\r\nSubject: Re: Your car\r\nIn-Reply-To: <{1}>\r\n\
             Date: {2}\r\nMessage-ID: <reply.{0}>\r\n\r\n\
             Please call me on +49 30 1234567, I want to buy it this week.\r\n",
            self.email,
            self.ours,
            wrote.to_rfc2822()
        );
        InboundEmail::assemble(mime::parts(mail.as_bytes(), &Limits::default()).unwrap())
    }

    /// What is stored of it, without ids and times: the same whatever went wrong on the way.
    pub fn comes_to(&self, app: &App) -> Vec<String> {
        let found = app.read(|reader| {
            let mut said = Vec::new();
            let rows = reader.conversations_by_leads(&[self.lead])?;
            for row in &rows {
                let owner = row.assigned_agent_id == Some(self.agent);
                said.push(format!(
                    "conversation {} v{} {} messages, {:?}, owned {owner}, held {}, {} {} {}, {:?}",
                    row.state,
                    row.version,
                    row.message_count,
                    row.outcome,
                    row.held,
                    row.engagement,
                    row.readiness,
                    row.qualification,
                    row.last_event
                ));
                for step in reader.transitions_after(row.id, 0, 1_000)? {
                    said.push(format!(
                        "audit {} {} {} {} {}",
                        step.version, step.from_state, step.event, step.to_state, step.triggered_by
                    ));
                }
                for one in reader.messages_after(row.id, 0, 1_000)? {
                    said.push(format!(
                        "message {} {} {} {} depth {}",
                        one.sequence_number, one.direction, one.author, one.kind, one.depth
                    ));
                }
            }
            let many = |said: &mut Vec<String>, what: &str, all: Vec<String>| {
                let mut count: BTreeMap<String, u32> = BTreeMap::new();
                for one in all {
                    *count.entry(one).or_default() += 1;
                }
                said.extend(
                    count
                        .into_iter()
                        .map(|(one, times)| format!("{what} {one} × {times}")),
                );
            };
            let receipts = reader.receipts_by_lead(self.lead)?;
            let receipts = receipts
                .iter()
                .map(|row| format!("{} {}", row.kind, row.status));
            many(&mut said, "receipt", receipts.collect());
            let suppressions = reader.suppressions_by_leads(&[self.lead])?;
            let suppressions = suppressions
                .iter()
                .map(|row| format!("{} {}", row.reason, row.scope));
            many(&mut said, "suppression", suppressions.collect());
            let journey = reader.journey_by_leads(&[self.lead])?;
            let journey = journey
                .iter()
                .map(|row| format!("{} {} {:?}", row.stage, row.action, row.milestone));
            many(&mut said, "journey", journey.collect());
            let mails = reader.outbox(None, None, 10_000)?;
            let mails = mails.iter().filter(|row| row.lead_id == Some(self.lead));
            let mails = mails.map(|row| format!("{} {:?} {}", row.kind, row.notice, row.status));
            many(&mut said, "mail", mails.collect());
            let mut log = Vec::new();
            let mut after = self.began;
            loop {
                let page = reader.log_after(after, 1_000)?;
                let Some(last) = page.last() else { break };
                after = last.seq;
                for row in page.iter().filter(|row| row.lead_id == Some(self.lead)) {
                    let data: Value = serde_json::from_str(&row.data).unwrap();
                    log.push(format!(
                        "{} {} {} {}",
                        row.kind, data["change"], data["action"], data["event"]
                    ));
                }
            }
            many(&mut said, "log", log);
            Ok(said)
        });
        found.unwrap()
    }
}

fn run(app: &App, command: Command) -> Result<Answer, AppError> {
    app.queue()
        .run_blocking(Envelope::new(command, Actor::Code("system")))
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(future)
}

/// The log is whole: the numbers 1 to n, each once.
pub fn log_is_whole(app: &App) {
    let (mut after, mut seen) = (0, BTreeSet::new());
    loop {
        let page = app
            .read(|reader| Ok(reader.log_after(after, 1_000)?))
            .unwrap();
        let Some(last) = page.last() else { break };
        after = last.seq;
        seen.extend(page.iter().map(|row| row.seq));
    }
    assert_eq!(seen.len(), usize::try_from(after).unwrap());
}
