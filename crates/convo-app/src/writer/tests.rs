#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod batches;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use chrono::{DateTime, Utc};
use convo_store::rows::PolicyRow;
use convo_store::{Birth, Commit, Store, StoreOptions};
use serde_json::json;
use uuid::Uuid;

use crate::command::{Actor, Command, Envelope, Original, Payload, Webhook};
use crate::context::Shell;
use crate::{App, AppError, Options};

/// A shell whose clock stops the first batch until it is told to go on, and without randomness:
/// the only commands that need some are those that put a receipt off.
struct Stopped {
    go: Mutex<mpsc::Receiver<()>>,
    ids: AtomicU64,
}

impl Shell for Stopped {
    fn now(&self) -> DateTime<Utc> {
        // An error says that the sender is gone: nothing stops any more.
        let _ = self.go.lock().unwrap().recv();
        DateTime::from_timestamp(1_700_000_000, 0).unwrap()
    }

    fn new_id(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.ids.fetch_add(1, Ordering::SeqCst)))
    }

    fn random(&self, _: &mut [u8]) {
        panic!("no randomness");
    }
}

fn app(folder: &std::path::Path) -> (App, mpsc::Sender<()>) {
    let (go, stopped) = mpsc::channel();
    let shell = Stopped {
        go: Mutex::new(stopped),
        ids: AtomicU64::new(1),
    };
    (open(folder, Box::new(shell)), go)
}

/// An application over a database of its own.
fn open(folder: &std::path::Path, shell: Box<dyn Shell>) -> App {
    let url = format!("sqlite://{}", folder.join("a.db").display());
    let store = Store::open(&url, StoreOptions::default()).unwrap();
    store
        .migrate(&Birth {
            reply_key: vec![1; 32],
            hash_key: vec![2; 32],
            epoch: Uuid::nil(),
            at: DateTime::UNIX_EPOCH,
        })
        .unwrap();
    let options = Options {
        shell,
        our_addresses: Vec::new(),
        trusted_auth_hosts: Vec::new(),
        storage: folder.join("attachments"),
        sending: crate::Sending::default(),
    };
    App::start(store, options).unwrap().0
}

fn lead(address: &str) -> Envelope {
    let new = serde_json::from_value(json!({"email": address})).unwrap();
    Envelope::new(Command::CreateLead(new), Actor::Code("test"))
}

/// Parks a mail, which draws the time of the next try.
fn guilty() -> Envelope {
    let webhook = Webhook {
        provider: "mailgun",
        token: None,
        fingerprint: [0; 32],
        payload: Payload::Mail(Box::default(), None),
        words: None,
    };
    let park = Command::ParkWebhook(Arc::new(webhook), "effect_failed");
    Envelope::new(park, Actor::Code("test"))
}

/// A policy nobody can read, or one that says nothing.
fn put_policy(app: &App, version: i64, body: &str) {
    let row = PolicyRow {
        id: Uuid::from_u128(u128::MAX - u128::from(version.unsigned_abs())),
        campaign_id: None,
        version,
        body: body.to_owned(),
        created_at: DateTime::UNIX_EPOCH,
    };
    let commit = Commit {
        policies: vec![row],
        ..Commit::default()
    };
    let put = app
        .store()
        .writer()
        .commit(|_| Ok::<_, AppError>((commit, ())));
    assert!(put.is_ok());
}

#[test]
fn what_fails_alone_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (app, go) = app(folder.path());
    drop(go);
    put_policy(&app, 1, "{");
    let webhook = Webhook {
        provider: "mailgun",
        token: Some("once".to_owned()),
        fingerprint: [0; 32],
        payload: Payload::Unreadable(Original {
            content_type: String::new(),
            bytes: Vec::new().into(),
        }),
        words: None,
    };
    let park = || {
        let command = Command::ParkWebhook(Arc::new(webhook.clone()), "effect_failed");
        let envelope = Envelope::new(command, Actor::Code("test"));
        app.queue().run_blocking(envelope)
    };
    assert!(matches!(park(), Err(AppError::Fault(_))));
    put_policy(&app, 2, "{}");
    // The provider was told that nothing was stored, and repeats.
    for expected in ["parked", "duplicate"] {
        let body = park().unwrap().body;
        let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(answer["status"], expected);
    }
}

#[test]
fn a_panic_fails_its_own_command_only() {
    let folder = tempfile::tempdir().unwrap();
    let (app, go) = app(folder.path());
    let queue = app.queue();
    let first = queue.push_blocking(lead("first@x.example")).unwrap();
    // The writer stands at the clock of the first batch: these four are the second.
    let waiting = [lead("a@x.example"), guilty(), lead("b@x.example"), guilty()];
    let waiting = waiting.map(|envelope| queue.push_blocking(envelope).unwrap());
    drop(go);
    assert_eq!(first.blocking_recv().unwrap().unwrap().status, 201);
    let answers = waiting.map(|answer| answer.blocking_recv().unwrap());
    let [a, one, b, other] = answers;
    assert_eq!(a.unwrap().status, 201);
    assert_eq!(b.unwrap().status, 201);
    for guilty in [one, other] {
        assert!(matches!(guilty, Err(AppError::Fault(_))), "{guilty:?}");
    }
    let after = queue.run_blocking(lead("c@x.example")).unwrap();
    assert_eq!(after.status, 201);
    assert!(queue.is_served());
    let again = queue.run_blocking(lead("a@x.example")).unwrap();
    assert_eq!(again.status, 200, "what was answered is committed");
}

#[test]
fn so_many_commands_wait_and_no_more() {
    // Nobody takes what waits.
    let (jobs, mut waiting) = tokio::sync::mpsc::channel(super::QUEUE);
    let queue = super::Queue { jobs };
    let envelope = || Envelope::new(Command::Resume, Actor::Code("test"));
    let waits: Vec<_> = (0..super::QUEUE)
        .map(|_| queue.push(envelope()).unwrap())
        .collect();
    assert_eq!((waits.len(), queue.depth()), (4_096, (4_096, 4_096)));
    assert!(matches!(queue.push(envelope()), Err(AppError::Unavailable)));
    drop(waiting.try_recv().unwrap());
    assert!(queue.push(envelope()).is_ok());
    assert!(matches!(queue.push(envelope()), Err(AppError::Unavailable)));
}
