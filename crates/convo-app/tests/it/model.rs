//! The store and the application beside a reference of a few dozen lines: after each of any steps both say the same of
//! every conversation: its state, the events it took, its messages, whether an agent has it, and what was suppressed.

mod reference;

use std::cell::RefCell;

use chrono::{DateTime, TimeDelta, Utc};
use convo_app::handover::{Act, Action};
use convo_app::{Actor, AppError, Command, Envelope, IdempotencyKey, Payload, Shell as _, Webhook};
use convo_core::machine::{Event, State};
use convo_email::{
    EmailObservation, EventKind, InboundEmail, Limits, MessageId, UserVariables, mime,
};
use convo_store::rows::ConversationRow;
use proptest::test_runner::{Config, FileFailurePersistence, RngAlgorithm, TestRng, TestRunner};
use proptest_state_machine::{ReferenceStateMachine as _, StateMachineTest};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{World, id, read};
use reference::{LEADS, Parent, Step, Town};

/// Cases on SQLite, of at most so many steps; a quarter of them on PostgreSQL.
const CASES: u32 = 100;
const STEPS: usize = 30;

thread_local! {
    /// The database of all cases: each has leads of its own in it.
    static WORLD: RefCell<Option<(World, Uuid)>> = const { RefCell::new(None) };
}

#[test]
fn the_store_and_the_application_do_what_the_documents_say() {
    World::on_both("2026-01-05T09:00:00Z", |world| {
        let agent = json!({"name": "Grace", "email": "grace@dealer.example"});
        let agent = id(&world.run(Command::CreateAgent(read(agent))));
        world.run(Command::PutPolicy(json!({"fastTrack": true})));
        let cases = if world.is_postgres() {
            CASES / 4
        } else {
            CASES
        };
        WORLD.set(Some((world, agent)));
        let kept = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/it/model.proptest-regressions"
        );
        let config = Config {
            cases,
            failure_persistence: Some(Box::new(FileFailurePersistence::Direct(kept))),
            ..Config::default()
        };
        let played = TestRunner::new_with_rng(config.clone(), rng()).run(
            &Town::sequential_strategy(1..=STEPS),
            |(town, steps, seen)| {
                Played::test_sequential(config.clone(), town, steps, seen);
                Ok(())
            },
        );
        if let Err(failed) = played {
            panic!("{failed}");
        }
        with(|world, _| world.verify());
        WORLD.set(None);
    });
}

/// The same cases every time, or others where `CONVO_MODEL_SEED` is a number.
#[allow(
    clippy::disallowed_methods,
    reason = "whoever wants other cases says so"
)]
fn rng() -> TestRng {
    let Ok(seed) = std::env::var("CONVO_MODEL_SEED") else {
        return TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    };
    let seed: u64 = seed.parse().expect("CONVO_MODEL_SEED is a number");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}

fn with<T>(ask: impl FnOnce(&mut World, Uuid) -> T) -> T {
    WORLD.with_borrow_mut(|world| {
        let (world, agent) = world.as_mut().unwrap();
        ask(world, *agent)
    })
}

/// The leads of one case in the database.
struct Played {
    leads: [Uuid; LEADS],
    case: Uuid,
    /// The last mail of each lead, as it came and when.
    last: [Option<(InboundEmail, String, DateTime<Utc>)>; LEADS],
    mails: u32,
}

impl Played {
    fn email(&self, who: usize) -> String {
        format!("lead{who}-{}@customer.example", self.case.simple())
    }

    /// Conversations of a lead, oldest first.
    fn talks(&self, world: &World, who: usize) -> Vec<ConversationRow> {
        let rows = world
            .app()
            .read(|reader| Ok(reader.conversations_by_leads(&[self.leads[who]])?));
        let mut rows = rows.unwrap();
        rows.sort_by_key(|row| row.created_at);
        rows
    }

    fn talk(&self, world: &World, who: usize) -> ConversationRow {
        self.talks(world, who).pop().unwrap()
    }

    /// Message-ID of our last mail to a lead.
    fn ours(&self, world: &World, who: usize) -> String {
        let talks = self.talks(world, who);
        let messages = world.app().read(|reader| {
            let mut all = Vec::new();
            for talk in &talks {
                all.extend(reader.messages_after(talk.id, 0, 1_000)?);
            }
            Ok(all)
        });
        let messages = messages.unwrap();
        let ours = messages
            .iter()
            .rev()
            .find(|row| row.direction == "outbound");
        ours.unwrap().rfc_id.clone()
    }

    fn mail(
        &mut self,
        world: &World,
        who: usize,
        parent: Option<&str>,
        words: &str,
    ) -> InboundEmail {
        self.mails += 1;
        let named = parent.map_or_else(String::new, |id| format!("In-Reply-To: <{id}>\r\n"));
        let text = format!(
            "From: {}\r\nTo: sales@dealer.example\r\nSubject: Your car\r\n{named}Date: {}\r\n\
             Message-ID: <{}.{}@customer.example>\r\n\r\n{words}\r\n",
            self.email(who),
            world.clock.now().to_rfc2822(),
            self.mails,
            self.case.simple(),
        );
        InboundEmail::assemble(mime::parts(text.as_bytes(), &Limits::default()).unwrap())
    }

    fn comes(&mut self, world: &World, who: usize, mail: InboundEmail) {
        let token = format!("{}-{}", self.mails, self.case);
        let said = post(world, &token, Payload::Mail(Box::new(mail.clone()), None));
        assert_eq!(said["status"], "done");
        self.last[who] = Some((mail, token, world.clock.now()));
    }

    fn fared(&self, world: &World, who: usize, kind: EventKind) -> EmailObservation {
        EmailObservation {
            provider: "mailgun".to_owned(),
            kind,
            occurred_at: world.clock.now(),
            event_id: Some(world.clock.new_id().to_string()),
            domain: Some("dealer.example".to_owned()),
            recipient: Some(self.email(who)),
            message_id: MessageId::parse(&format!("<{}>", self.ours(world, who))),
            variables: UserVariables::default(),
            client: None,
            url: None,
        }
    }

    fn play(&mut self, world: &mut World, agent: Uuid, step: &Step) {
        world.clock.wait(TimeDelta::minutes(1));
        match step {
            Step::Begin(who) => {
                let body = json!({"leadId": self.leads[*who], "subject": "Your car"});
                world.run(Command::CreateConversation(read(body)));
            }
            Step::Write(who) => {
                let body = json!({"senderId": "ai", "isFromAI": 1, "content": "How about Tuesday?", "messageType": "email"});
                let talk = self.talk(world, *who).id;
                world.run(Command::ProcessMessage(talk, Box::new(read(body))));
            }
            Step::Mail(who, parent, raised) => {
                let parent = match parent {
                    Parent::Ours => Some(self.ours(world, *who)),
                    Parent::Forged => Some(self.ours(world, (who + 1) % LEADS)),
                    Parent::Nothing => None,
                };
                let words = if *raised {
                    "Please call me on +49 30 1234567."
                } else {
                    "All right, I have seen it."
                };
                let mail = self.mail(world, *who, parent.as_deref(), words);
                self.comes(world, *who, mail);
            }
            Step::Crossed(who) => {
                let first = self.mail(world, *who, None, "One thing more.");
                let parent = first.message_id.clone().unwrap();
                let second = self.mail(world, *who, Some(parent.as_str()), "And another.");
                self.comes(world, *who, second);
                self.mails += 1;
                self.comes(world, *who, first);
            }
            Step::Again(who, same) => {
                let (mail, token, came) = self.last[*who].clone().unwrap();
                // A provider's signature is good for a day; what comes later comes by another call.
                let same = *same && world.clock.now() - came < TimeDelta::hours(24);
                let token = if same {
                    token
                } else {
                    world.clock.new_id().to_string()
                };
                let said = post(world, &token, Payload::Mail(Box::new(mail), None));
                assert_eq!(said["status"], "duplicate");
            }
            Step::Fared(who, what, twice) => {
                let kind = if *what == "delivered" {
                    EventKind::Delivered
                } else {
                    EventKind::Opened
                };
                let event = self.fared(world, *who, kind);
                for _ in 0..=u8::from(*twice) {
                    let token = world.clock.new_id().to_string();
                    post(world, &token, Payload::Event(Box::new(event.clone())));
                }
            }
            Step::Complained(who) => {
                let event = self.fared(world, *who, EventKind::Complained);
                post(
                    world,
                    &world.clock.new_id().to_string(),
                    Payload::Event(Box::new(event)),
                );
            }
            Step::Unsubscribe(who) => {
                world.run(Command::OneClick(self.talk(world, *who).id));
            }
            Step::Ask(who, event, right, twice) => {
                self.ask(world, agent, *who, *event, *right, *twice)
            }
            Step::Accept(who) => {
                act(world, self.talk(world, *who).id, Action::Accept, agent).unwrap()
            }
            Step::Decline(who) => {
                // Whoever is not asked has nothing to decline.
                let _ = act(world, self.talk(world, *who).id, Action::Decline, agent);
            }
            Step::Release(who) => {
                act(world, self.talk(world, *who).id, Action::Release, agent).unwrap()
            }
            Step::TakeOver(who) => {
                let body = json!({"agentId": agent, "reason": "an old friend"});
                world.run(Command::TakeOver(self.talk(world, *who).id, read(body)));
            }
            Step::Erase(who) => {
                world.app().erase(self.leads[*who]).unwrap();
                let left = world
                    .app()
                    .store()
                    .search_columns(&self.email(*who))
                    .unwrap();
                assert!(left.is_empty(), "{left:?}");
            }
            Step::Hours(hours) => {
                world.clock.wait(TimeDelta::hours(i64::from(*hours)));
                world.tick();
            }
            Step::Restart => world.restart(),
        }
    }

    /// An event by request; a repeat under its key is answered as the first was.
    fn ask(&self, world: &World, agent: Uuid, who: usize, event: Event, right: bool, twice: bool) {
        let talk = self.talk(world, who);
        let expected = talk.version + i64::from(!right);
        let body = json!({"event": event.as_str(), "triggeredBy": "test", "metadata": {"agentId": agent}, "expectedVersion": expected});
        let mut scope = [0; 32];
        scope[..16].copy_from_slice(world.clock.new_id().as_bytes());
        let envelope = Envelope {
            idempotency: Some(IdempotencyKey {
                scope,
                body: [0; 32],
            }),
            ..Envelope::new(
                Command::Transition(talk.id, read(body)),
                Actor::Code("test"),
            )
        };
        let first = world.app().queue().run_blocking(envelope.clone());
        if !right {
            assert!(
                matches!(first, Err(AppError::VersionConflict { .. })),
                "{first:?}"
            );
        }
        if twice {
            let again = world.app().queue().run_blocking(envelope);
            assert_eq!(first.is_ok(), again.is_ok());
            if let (Ok(first), Ok(again)) = (first, again) {
                assert_eq!(
                    (first.status, first.body, true),
                    (again.status, again.body, again.replayed)
                );
            }
        }
    }

    fn compare(&self, world: &World, town: &Town) {
        for (who, person) in town.people.iter().enumerate() {
            let talks = self.talks(world, who);
            assert_eq!(
                talks.len(),
                person.talks.len(),
                "conversations of lead {who}"
            );
            for (row, talk) in talks.iter().zip(&person.talks) {
                let audit = world
                    .app()
                    .read(|reader| Ok(reader.transitions_after(row.id, 0, 1_000)?));
                let audit = audit.unwrap();
                assert_eq!(row.version, i64::try_from(audit.len()).unwrap());
                let own = |event: &str, by: &str| by == "system" && event == "ENGAGEMENT_INCREASED";
                let events: Vec<Event> = audit
                    .iter()
                    .filter(|row| !own(&row.event, &row.triggered_by))
                    .map(|row| row.event.parse().unwrap())
                    .collect();
                assert_eq!(events, talk.events, "events of lead {who}");
                assert_eq!(row.state.parse::<State>(), Ok(talk.state));
                assert_eq!(
                    row.message_count,
                    i64::from(talk.messages),
                    "messages of lead {who}"
                );
                assert_eq!(
                    row.assigned_agent_id.is_some(),
                    talk.owned,
                    "owner of lead {who}"
                );
            }
            let stopped = world
                .app()
                .read(|reader| Ok(reader.suppressions_by_leads(&[self.leads[who]])?));
            let stopped = stopped.unwrap();
            let by = |reason: &str| {
                stopped
                    .iter()
                    .any(|row| row.reason == reason && row.lifted_at.is_none())
            };
            if !person.erased {
                assert_eq!(
                    (by("opt_out"), by("complaint")),
                    (person.opted_out, person.complained),
                    "lead {who}"
                );
            }
        }
    }

    /// The log says each event and each message once.
    fn log(&self, world: &World, town: &Town) {
        for (who, person) in town.people.iter().enumerate() {
            for (row, talk) in self.talks(world, who).iter().zip(&person.talks) {
                let filter = convo_store::LogFilter {
                    conversations: vec![row.id],
                    among: vec!["conversation_state_changed", "message_thread_updated"],
                    ..convo_store::LogFilter::default()
                };
                let count = world.app().read(|reader| {
                    let head = reader.head()?.seq;
                    Ok(reader.log_matching(0, head, &filter, 1_000)?)
                });
                let rows = count.unwrap();
                let events = rows
                    .iter()
                    .filter(|row| row.kind == "conversation_state_changed");
                assert_eq!(events.count(), usize::try_from(row.version).unwrap());
                let added = rows.iter().filter(|row| {
                    let data: Value = serde_json::from_str(&row.data).unwrap();
                    row.kind == "message_thread_updated" && data["action"] == "added"
                });
                assert_eq!(added.count(), talk.messages as usize);
            }
        }
    }
}

fn post(world: &World, token: &str, payload: Payload) -> Value {
    let webhook = Webhook {
        provider: "mailgun",
        token: Some(token.to_owned()),
        fingerprint: [0; 32],
        payload,
        words: None,
    };
    world.run(Command::Webhook(std::sync::Arc::new(webhook)))
}

fn act(world: &World, talk: Uuid, action: Action, agent: Uuid) -> Result<(), AppError> {
    let request = read(json!({"agentId": agent, "reason": "test"}));
    let act = Act {
        action,
        key_agent: None,
        request,
    };
    world.try_run(Command::Handover(talk, act)).map(|_| ())
}

impl StateMachineTest for Played {
    type SystemUnderTest = Self;
    type Reference = Town;

    fn init_test(_: &Town) -> Self {
        with(|world, _| {
            let mut played = Self {
                leads: [Uuid::nil(); LEADS],
                case: world.clock.new_id(),
                last: [None, None, None],
                mails: 0,
            };
            for who in 0..LEADS {
                let lead = json!({"email": played.email(who)});
                played.leads[who] = id(&world.run(Command::CreateLead(read(lead))));
            }
            played
        })
    }

    fn apply(mut played: Self, _: &Town, step: Step) -> Self {
        with(|world, agent| played.play(world, agent, &step));
        played
    }

    fn check_invariants(played: &Self, town: &Town) {
        with(|world, _| played.compare(world, town));
    }

    fn teardown(played: Self, town: Town) {
        with(|world, _| played.log(world, &town));
    }
}
