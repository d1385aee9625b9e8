//! A backup is whole while mail pours in, and comes back into an empty database of either kind.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{Duration, Utc};
use convo_tests::mailgun::Signature;
use convo_tests::records::{Contact, text};
use convo_tests::{
    BOOTSTRAP_KEY, Database, Finished, Kind, Mail, Options, Pages, PlayedMailgun, Server,
    eventually, guardian, on_both, skipped, together,
};
use serde_json::{Value, json};

on_both!(
    a_backup_under_load_comes_back_whole,
    a_restored_database_is_paused_until_it_is_resumed,
    who_was_forgotten_since_is_forgotten_again,
    a_changed_byte_is_named_and_nothing_is_overwritten,
);

const CLIENTS: usize = 4;

fn report(run: &Finished) -> Value {
    serde_json::from_str(run.ok()).unwrap()
}

fn other(kind: Kind) -> Kind {
    match kind {
        Kind::Sqlite => Kind::Postgres,
        Kind::Postgres => Kind::Sqlite,
    }
}

/// A backup of a running server in a folder of its own.
async fn back_up(server: &Server) -> String {
    let folder = guardian::folder().join("deep/backup");
    let folder = folder.to_str().unwrap().to_owned();
    let made = report(&server.command(&["backup", &folder]).await);
    assert_eq!(made["folder"], folder);
    folder
}

/// Takes a backup into a fresh database, with the attachments in a fresh folder.
async fn restore(options: &Options, kind: Kind, from: &str, more: &[&str]) -> (Options, Value) {
    let database = Arc::new(Database::create(kind).await);
    let folder = guardian::folder();
    let restore = [&["restore", from], more].concat();
    let told = report(&options.command(&database, &folder, &restore).await);
    options.command(&database, &folder, &["verify"]).await.ok();
    let attachments = folder.join("attachments");
    let options = options
        .clone()
        .over(&database)
        .with("CONVO_STORAGE__PATH", attachments.to_str().unwrap());
    (options, told)
}

/// Runs a word of the program beside a server, on the same attachments.
async fn resume(server: &Server) -> Value {
    report(&server.command(&["resume"]).await)
}

async fn a_backup_under_load_comes_back_whole(options: Options) {
    let server = options.start().await;
    let mut contacts = Vec::new();
    for number in 0..CLIENTS {
        let contact = server
            .contact(&format!("lead-{number}@customer.example"))
            .await;
        contact.outbound("Hello").await;
        contacts.push(contact);
    }
    let signature = Signature::new();
    let first = Mail::new(
        &contacts[0].email,
        "Re: Your new car",
        "With a picture, tell me more",
    );
    let file: (&str, &str, &[u8]) = ("picture.txt", "text/plain", b"bytes of a picture");
    server
        .inbound_multipart_signed(&first, &[file], &signature)
        .await
        .ok();
    let epoch = text(&server.get("/api/events").await.ok()["epoch"]);
    let done = Arc::new(AtomicBool::new(false));
    let pour = together(contacts.iter().map(|contact| {
        let (api, done, email) = (server.api(), Arc::clone(&done), contact.email.clone());
        async move {
            let mut said = Vec::new();
            while !done.load(Ordering::SeqCst) {
                let words = format!("Question {} about your cars", said.len());
                let mail = Mail::new(&email, "Re: Your new car", &words);
                api.inbound(&mail).await.ok();
                let head = api.get("/api/events").await.ok()["head"].as_i64().unwrap();
                said.push((head, mail.message_id.clone()));
            }
            said
        }
    }));
    let backup = async {
        let made = back_up(&server).await;
        done.store(true, Ordering::SeqCst);
        made
    };
    let (folder, said) = tokio::join!(backup, pour);
    let manifest = fs::read_to_string(Path::new(&folder).join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["epoch"], epoch.as_str());
    let head = manifest["head"].as_i64().unwrap();

    let kind = server.options().kind();
    for kind in [kind, other(kind)] {
        if skipped(kind) {
            continue;
        }
        let (options, told) = restore(server.options(), kind, &folder, &[]).await;
        assert_eq!(told["restored"]["head"], head);
        assert_ne!(told["restored"]["epoch"], epoch.as_str());
        let restored = options.start().await;
        for (contact, said) in contacts.iter().zip(&said) {
            let contact = Contact {
                api: restored.api(),
                ..contact.clone()
            };
            let messages = contact.messages().await;
            let known = |id: &str| messages.iter().any(|one| one["messageId"] == id);
            // Whoever had seen a lower head when it was acknowledged is in the backup.
            for (_, id) in said.iter().filter(|(seen, _)| *seen <= head) {
                assert!(known(id), "{id} was acknowledged before the backup's head");
            }
        }
        let contact = Contact {
            api: restored.api(),
            ..contacts[0].clone()
        };
        let message = contact.message(&first.message_id).await;
        let path = format!("/api/messages/{}/attachments/1", text(&message["id"]));
        let answer = restored.get(&path).await;
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (200, "bytes of a picture")
        );
        // A provider that repeats does not double, whatever the database.
        let again = restored
            .inbound_multipart_signed(&first, &[file], &signature)
            .await;
        assert_eq!(again.ok()["status"], "duplicate");
        // Who listened before has to look anew.
        let mut live = restored.listener().await;
        let resync = live.resume(&["email_events"], head, &epoch).await;
        assert_eq!(resync["type"], "resync_required", "{resync}");
        assert_eq!(resync["reason"], "epoch_changed");
        restored.verify().await;
    }
}

async fn a_restored_database_is_paused_until_it_is_resumed(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    let contact = server.contact("ada@customer.example").await;
    let body = json!({"author": "system", "text": "Hello Ada"});
    let queued = contact.send(body).await.expect(202);
    let ours = text(&queued["messageId"]);
    mailgun.taken(1).await;
    eventually("the mail is sent", async || {
        let message = contact.message(&ours).await;
        (message["sending"]["status"] == "sent").then_some(())
    })
    .await;
    // The backup is of a moment before the mail was sent.
    let mut server = server;
    server.stop().await;
    let database = Arc::clone(server.database());
    let sql = "UPDATE outbox SET status = 'queued', due_at = created_at, attempts = 0, provider_id = NULL, sent_at = NULL";
    database.execute(sql).await;
    let folder = back_up(&server).await;
    let (options, told) = restore(server.options(), server.options().kind(), &folder, &[]).await;
    let dropped = told["restored"]["droppedOutgoing"].as_array().unwrap();
    assert_eq!(dropped.len(), 1, "{told:#}");

    let restored = options.start().await;
    let checks = restored.get("/readyz").await.ok();
    let resumed = |checks: &Value| {
        let checks = checks["checks"].as_array().unwrap().clone();
        checks.into_iter().find(|check| check["name"] == "resumed")
    };
    assert_eq!(checks["status"], "ready");
    let pages = Pages::inside(&restored, BOOTSTRAP_KEY).await;
    const HOW: &str = "<code>convo-server resume</code>";
    let places = [
        "/",
        "/conversations",
        "/handover",
        "/leads",
        "/figures",
        "/review",
        "/drafts",
        "/outbox",
        "/receipts",
    ];
    for place in places {
        assert!(pages.html(place).await.contains(HOW), "{place}");
    }
    assert_eq!(resumed(&checks).unwrap()["ok"], false);
    assert!(restored.log().contains("resume"), "{}", restored.log());
    let contact = Contact {
        api: restored.api(),
        ..contact
    };
    let silent = restored.contact("silent@customer.example").await;
    let long_ago = (Utc::now() - Duration::days(40)).to_rfc3339();
    let body = json!({"senderId": "ai", "content": "Hello", "messageType": "email", "isFromAI": 1, "sentAt": long_ago});
    silent.post("process-message", body).await.ok();
    silent.transition("FIRST_EMAIL_SENT").await.ok();
    // Mail still comes in; nothing goes out, and nothing happens by itself.
    contact.reply("Yes, please tell me more").await;
    let ask = json!({"author": "ai", "purpose": "reply"});
    let denied = contact.post("may-send", ask.clone()).await.ok();
    assert_eq!(denied["allowed"], false, "{denied:#}");
    assert_eq!(denied["reasons"][0]["code"], "paused", "{denied:#}");
    let agent = restored.agent("grace@dealer.example").await;
    let body = json!({"author": "agent", "agentId": agent, "text": "One moment"});
    contact.send(body).await.expect(202);
    assert_eq!(silent.state().await, "ACTIVE");

    assert_eq!(resume(&restored).await["resumed"], true);
    assert_eq!(resume(&restored).await["resumed"], false);
    assert!(resumed(&restored.get("/readyz").await.ok()).is_none());
    assert!(!pages.html("/").await.contains(HOW));
    eventually("silence gives up", async || {
        (silent.state().await == "CLOSED").then_some(())
    })
    .await;
    let sent = mailgun.taken(2).await;
    let words: Vec<&str> = sent.iter().map(|mail| mail.the("text")).collect();
    assert_eq!(words, ["Hello Ada", "One moment"], "no mail is sent twice");
    let allowed = contact.post("may-send", ask).await.ok();
    let codes = allowed["reasons"].to_string();
    assert!(!codes.contains("paused"), "{allowed:#}");
    restored.verify().await;
}

async fn who_was_forgotten_since_is_forgotten_again(options: Options) {
    let server = options.start().await;
    let contact = server.contact("xanthippe@customer.example").await;
    contact.outbound("Hello").await;
    let mail = Mail::new(&contact.email, "Re: Your new car", "words-only-she-wrote");
    let file: (&str, &str, &[u8]) = ("x.txt", "text/plain", b"words-only-she-wrote, in a file");
    server.inbound_multipart(&mail, &[file]).await.ok();
    let stays = server.contact("stays@customer.example").await;
    let folder = back_up(&server).await;
    let path = format!("/api/leads/{}", contact.lead);
    assert_eq!(server.delete(&path).await.status, 204);
    // Erased twice is noted once: the second finds nobody.
    assert_eq!(server.delete(&path).await.status, 404);
    let ledger = server.folder().join("attachments/erasures.jsonl");
    let lines = fs::read_to_string(&ledger).unwrap();
    assert_eq!(lines.lines().count(), 1, "{lines}");
    assert!(
        lines.contains(&contact.lead) && !lines.contains("xanthippe"),
        "{lines}"
    );

    let kind = server.options().kind();
    let ledger = ledger.to_str().unwrap();
    let (options, told) = restore(server.options(), kind, &folder, &["--erasures", ledger]).await;
    assert_eq!(told["erasures"]["erased"], 1, "{told:#}");
    let restored = options.start().await;
    for (table, rows) in restored.database().dump().await {
        for row in rows {
            let row = row.to_lowercase();
            assert!(
                !row.contains("xanthippe") && !row.contains("only-she"),
                "{table}: {row}"
            );
        }
    }
    restored
        .get(&format!("/api/leads/{}", stays.lead))
        .await
        .ok();
    restored.verify().await;
    // Without the ledger at the restore, it is asked for again before anything is sent.
    let (options, told) = restore(server.options(), kind, &folder, &[]).await;
    assert_eq!(told["erasures"]["erased"], 0);
    let restored = options.start().await;
    // What is no ledger at all would let mail go to whoever is forgotten.
    let manifest = Path::new(&folder).join("manifest.json");
    let wrong = ["resume", "--erasures", manifest.to_str().unwrap()];
    let refused = restored.command(&wrong).await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(refused.stderr.contains("no ledger"), "{refused:?}");
    let ready = restored.get("/readyz").await.ok();
    assert!(ready.to_string().contains("resumed"), "{ready:#}");
    let resume = ["resume", "--erasures", ledger];
    let told = report(&restored.command(&resume).await);
    assert_eq!(told["erasures"]["erased"], 1);
    assert_eq!(told["resumed"], true);
}

async fn a_changed_byte_is_named_and_nothing_is_overwritten(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    contact.outbound("Hello").await;
    let mail = Mail::new(&contact.email, "Re: Your new car", "With a picture");
    let file: (&str, &str, &[u8]) = ("picture.txt", "text/plain", b"bytes of a picture");
    server.inbound_multipart(&mail, &[file]).await.ok();
    let folder = back_up(&server).await;
    let again = server.command(&["backup", &folder]).await;
    assert_eq!(again.status.code(), Some(1));
    assert!(again.stderr.contains("exists already"), "{again:?}");
    // Into the database it came from, or any other that holds something.
    let full = server.command(&["restore", &folder]).await;
    assert_eq!(full.status.code(), Some(1));
    assert!(full.stderr.contains("not empty"), "{full:?}");

    let empty = Database::create(server.options().kind()).await;
    let place = guardian::folder();
    let attachments = Path::new(&folder).join("attachments");
    let inside = fs::read_dir(&attachments).unwrap().next().unwrap().unwrap();
    let picture = fs::read_dir(inside.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let picture = picture.path();
    let tables = Path::new(&folder).join("tables");
    for file in [
        tables.join("message_contents.jsonl"),
        tables.join("event_log.jsonl"),
        Path::new(&folder).join("manifest.json"),
        picture,
    ] {
        let whole = fs::read(&file).unwrap();
        let mut changed = whole.clone();
        let at = changed.len() / 2;
        changed[at] ^= 1;
        fs::write(&file, changed).unwrap();
        let refused = server
            .options()
            .command(&empty, &place, &["restore", &folder])
            .await;
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(refused.stderr.contains(name), "{name}: {refused:?}");
        assert!(refused.stderr.contains("damaged"), "{name}: {refused:?}");
        fs::write(&file, whole).unwrap();
    }
    let nowhere = ["restore", &folder, "--erasures", "no-such-ledger"];
    let refused = server.options().command(&empty, &place, &nowhere).await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(refused.stderr.contains("no-such-ledger"), "{refused:?}");
    assert!(empty.dump().await.is_empty(), "nothing was made of it");
    let options = server.options().clone();
    options
        .command(&empty, &place, &["restore", &folder])
        .await
        .ok();
}
