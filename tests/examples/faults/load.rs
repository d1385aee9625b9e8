//! Clients that ask until they are answered.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use convo_tests::records::STATE;
use convo_tests::{Answer, Api, Call, DEADLINE, Dice, together};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::op::{Kept, Op, Person};

const PEOPLE: usize = 24;
/// Of a hundred operations, those after which another person is made.
const NEWCOMERS: usize = 2;
/// Of a hundred first answers, those thrown away: the client asks again, as one whose connection broke.
const THROWN_AWAY: usize = 30;

/// What all clients share.
pub struct Load {
    place: watch::Receiver<Api>,
    people: Mutex<Vec<Arc<Person>>>,
    kept: Mutex<Vec<Kept>>,
    number: AtomicU64,
    over: AtomicBool,
    /// Answers 503.
    pub refused: AtomicUsize,
    /// Operations that were acknowledged.
    pub acknowledged: AtomicUsize,
    /// Second answers under one key that were not the first one's bytes.
    pub unlike: AtomicUsize,
}

impl Load {
    /// Makes the first people, while nothing happens yet.
    pub async fn of(place: watch::Receiver<Api>) -> Arc<Load> {
        let load = Arc::new(Load {
            place,
            people: Mutex::default(),
            kept: Mutex::default(),
            number: AtomicU64::new(0),
            over: AtomicBool::new(false),
            refused: AtomicUsize::new(0),
            acknowledged: AtomicUsize::new(0),
            unlike: AtomicUsize::new(0),
        });
        for _ in 0..PEOPLE {
            load.newcomer().await;
        }
        load
    }

    /// Starts so many clients.
    pub fn begin(self: &Arc<Load>, clients: usize, dice: &Dice) -> JoinHandle<()> {
        let clients: Vec<_> = (0..clients)
            .map(|client| {
                let (load, dice) = (Arc::clone(self), dice.other(client as u64 + 1));
                async move { load.client(dice).await }
            })
            .collect();
        tokio::spawn(async move {
            together(clients).await;
        })
    }

    /// Lets every client finish what it is at.
    pub async fn end(&self, clients: JoinHandle<()>) {
        self.over.store(true, Ordering::SeqCst);
        clients.await.expect("the clients");
    }

    /// The first person.
    pub fn somebody(&self) -> Arc<Person> {
        Arc::clone(&self.people.lock().expect("people")[0])
    }

    /// What was acknowledged, and of whom.
    pub fn result(&self) -> (Vec<Arc<Person>>, Vec<Kept>) {
        let people = self.people.lock().expect("people").clone();
        (
            people,
            std::mem::take(&mut *self.kept.lock().expect("kept")),
        )
    }

    async fn client(&self, mut dice: Dice) {
        while !self.over.load(Ordering::SeqCst) {
            if dice.below(100) < NEWCOMERS {
                self.newcomer().await;
            }
            let person = {
                let people = self.people.lock().expect("people");
                Arc::clone(&people[dice.below(people.len())])
            };
            let number = self.number.fetch_add(1, Ordering::SeqCst);
            let op = Op::draw(&mut dice, &person, number);
            let mut answer = self.ask(|api| op.call(api, &person)).await;
            if dice.below(100) < THROWN_AWAY {
                let again = self.ask(|api| op.call(api, &person)).await;
                if op.is_keyed() && again.body != answer.body {
                    println!("another answer under the same key: {}", again.request);
                    self.unlike.fetch_add(1, Ordering::SeqCst);
                }
                answer = again;
            }
            let fact = op.fact(&answer.json(), &person);
            self.kept.lock().expect("kept").push(Kept { person, fact });
            self.acknowledged.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// A lead we have written to, all of it by requests that may be repeated.
    async fn newcomer(&self) {
        let number = self.number.fetch_add(1, Ordering::SeqCst);
        let post = async |path: &str, body: Value| -> Value {
            let call = |api: &Api| {
                let call = api.call("POST", path).json(&body);
                call.header("Idempotency-Key", &format!("new-{number}"))
            };
            self.ask(call).await.json()
        };
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let email = format!("lead-{number}@customer-{number}.example");
        let lead = post("/api/leads", json!({"email": email, "firstName": "Ada"})).await;
        let lead = text(&lead["id"]);
        let conversation = json!({"leadId": lead, "subject": "Your new car"});
        let conversation = text(&post("/api/conversations", conversation).await["id"]);
        let mail = json!({"senderId": "campaign", "content": "Hello", "messageType": "email", "isFromAI": 1});
        let path = |rest: &str| format!("{STATE}/{conversation}/{rest}");
        let sent = post(&path("process-message"), mail).await;
        let ours = text(&sent["message"]["messageId"]);
        let begun = json!({"event": "FIRST_EMAIL_SENT", "triggeredBy": "faults"});
        let begun = post(&path("transition"), begun).await;
        assert_eq!(begun["newState"], "ACTIVE", "{begun}");
        self.acknowledged.fetch_add(4, Ordering::SeqCst);
        self.people.lock().expect("people").push(Arc::new(Person {
            email,
            lead,
            conversation: conversation.clone(),
            ours: Mutex::new(vec![ours]),
        }));
    }

    /// Asks whatever server there is until it acknowledges; it may only ask for patience.
    async fn ask(&self, call: impl Fn(&Api) -> Call) -> Answer {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let api = self.place.borrow().clone();
            match call(&api).attempt().await {
                Ok(answer) if matches!(answer.status, 200 | 201) => return answer,
                Ok(answer) => {
                    answer.problem(503, "unavailable");
                    self.refused.fetch_add(1, Ordering::SeqCst);
                }
                // Killed, or not there yet.
                Err(_) => {}
            }
            assert!(Instant::now() < deadline, "never acknowledged");
            // Each turn is a round trip to a server; this only keeps the machine cool.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
