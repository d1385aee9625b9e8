//! What is decided in one batch is what would be decided one by one.

use std::sync::{Arc, Condvar};

use convo_email::{EmailObservation, Headers, InboundEmail, InboundParts};

use super::*;
use crate::command::ImportMail;

/// Whether the writer may go on, and whether it stands and waits.
#[derive(Default)]
struct Gate {
    state: Mutex<(bool, bool)>,
    changed: Condvar,
}

impl Gate {
    fn set(&self, closed: bool) {
        self.state.lock().unwrap().0 = closed;
        self.changed.notify_all();
    }

    fn wait(&self, mut over: impl FnMut(&(bool, bool)) -> bool) {
        let state = self.state.lock().unwrap();
        drop(self.changed.wait_while(state, |state| !over(state)));
    }
}

struct Gated {
    gate: Arc<Gate>,
    ids: AtomicU64,
}

impl Shell for Gated {
    fn now(&self) -> DateTime<Utc> {
        self.gate.state.lock().unwrap().1 = true;
        self.gate.changed.notify_all();
        self.gate.wait(|(closed, _)| !closed);
        self.gate.state.lock().unwrap().1 = false;
        DateTime::from_timestamp(1_700_000_000, 0).unwrap()
    }

    fn new_id(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.ids.fetch_add(1, Ordering::SeqCst)))
    }

    fn random(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

struct Running {
    app: App,
    gate: Arc<Gate>,
    batched: bool,
    _folder: tempfile::TempDir,
}

impl Running {
    fn new(batched: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let gate = Arc::<Gate>::default();
        let shell = Gated {
            gate: Arc::clone(&gate),
            ids: AtomicU64::new(1),
        };
        Self {
            app: open(folder.path(), Box::new(shell)),
            gate,
            batched,
            _folder: folder,
        }
    }

    fn run(&self, command: Command) -> serde_json::Value {
        let envelope = Envelope::new(command, Actor::Code("test"));
        let answer = self.app.queue().run_blocking(envelope).unwrap();
        serde_json::from_str(&answer.body).unwrap_or_default()
    }

    /// Runs the commands, in one batch or each in its own.
    fn all(&self, commands: Vec<Command>) {
        let first = lead("first@x.example").command;
        if !self.batched {
            for command in std::iter::once(first).chain(commands) {
                self.run(command);
            }
            return;
        }
        self.gate.set(true);
        let queue = self.app.queue();
        let push = |command| queue.push_blocking(Envelope::new(command, Actor::Code("test")));
        let first = push(first).unwrap();
        self.gate.wait(|(_, waits)| *waits);
        let waiting: Vec<_> = commands.into_iter().map(|one| push(one).unwrap()).collect();
        self.gate.set(false);
        first.blocking_recv().unwrap().unwrap();
        for answer in waiting {
            answer.blocking_recv().unwrap().unwrap();
        }
    }

    /// What the receipts say, and what was counted.
    fn picture(&self) -> String {
        let read = self.app.read(|reader| {
            let receipts = reader.receipts(None, None, 100)?;
            let suppressions = reader.suppressions(None, 100)?;
            Ok((receipts, suppressions, reader.log_after(0, 100)?))
        });
        let (receipts, suppressions, log) = read.unwrap();
        let mut told: Vec<String> = log.iter().map(|row| row.kind.clone()).collect();
        told.extend(receipts.iter().map(|row| {
            let places = [row.conversation_id, row.lead_id, row.message_id];
            let known = places.map(|place| place.is_some());
            format!("{} {} {} {known:?}", row.kind, row.status, row.attempts)
        }));
        told.extend(suppressions.iter().map(|row| {
            let (address, hash) = (&row.address, &row.keyed_hash);
            format!("{} {address:?} {hash:?}", row.reason)
        }));
        told.sort();
        told.join("\n")
    }
}

fn mail(fields: &[(&str, &str)]) -> InboundEmail {
    let pairs = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    InboundEmail::assemble(InboundParts {
        headers: Headers::from_pairs(pairs.collect::<Vec<_>>()),
        text: Some("Hello".to_owned()),
        ..InboundParts::default()
    })
}

fn webhook(token: &str, payload: Payload) -> Command {
    Command::Webhook(std::sync::Arc::new(Webhook {
        provider: "mailgun",
        token: Some(token.to_owned()),
        fingerprint: [0; 32],
        payload,
        words: None,
    }))
}

/// Our mail, which an event waits for.
fn ours() -> Command {
    let mail = mail(&[
        ("Message-ID", "<ours@dealer.example>"),
        ("From", "sales@dealer.example"),
        ("To", "ada@customer.example"),
        ("Date", "Tue, 14 Nov 2023 10:00:00 +0000"),
    ]);
    Command::ImportMail(Box::new(ImportMail {
        mail,
        raw: None,
        our_addresses: vec!["sales@dealer.example".to_owned()],
        campaign: None,
        list_archive: false,
    }))
}

fn delivered() -> Payload {
    let event: EmailObservation = serde_json::from_value(json!({
        "provider": "mailgun", "kind": "delivered", "occurredAt": "2023-11-14T11:00:00Z",
        "eventId": "e1", "messageId": "ours@dealer.example",
    }))
    .unwrap();
    Payload::Event(Box::new(event))
}

fn replay(receipt: &serde_json::Value) -> Command {
    Command::RetryReceipt {
        id: receipt["receiptId"].as_str().unwrap().parse().unwrap(),
        replay: true,
        reread: None,
    }
}

fn check(run: impl Fn(&Running)) {
    let pictures = [false, true].map(|batched| {
        let running = Running::new(batched);
        run(&running);
        running.picture()
    });
    let [each, together] = pictures;
    assert_eq!(together, each);
}

#[test]
fn a_receipt_is_taken_once_by_its_message_or_by_replays() {
    check(|running| {
        let unmatched = running.run(webhook("a", delivered()));
        let again = || replay(&unmatched);
        running.all(vec![again(), ours(), again(), again()]);
    });
}

#[test]
fn a_mail_parked_and_placed_leaves_its_place_on_its_receipt() {
    check(|running| {
        let reply = mail(&[
            ("Message-ID", "<reply@customer.example>"),
            ("From", "ada@customer.example"),
            ("In-Reply-To", "<ours@dealer.example>"),
            ("Date", "Tue, 14 Nov 2023 12:00:00 +0000"),
        ]);
        let reply = Payload::Mail(Box::new(reply), None);
        running.all(vec![webhook("a", reply), ours()]);
    });
}

#[test]
fn a_suppression_is_forgotten_with_its_lead() {
    check(|running| {
        let made = running.run(lead("ada@customer.example").command);
        let new = json!({"address": "ada@customer.example", "reason": "opt_out"});
        let suppress = Command::CreateSuppression(serde_json::from_value(new).unwrap());
        let erase = Command::EraseLead {
            lead: made["id"].as_str().unwrap().parse().unwrap(),
            receipts: Vec::new(),
        };
        running.all(vec![suppress, erase]);
        assert!(!running.picture().contains("ada"));
    });
}
