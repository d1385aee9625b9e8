//! Personal data stays where it may be, and goes when it is erased.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use convo_tests::mailgun::Event;
use convo_tests::records::{Contact, text};
use convo_tests::{Kind, Mail, Options, Server, on_both};
use serde_json::json;

on_both!(
    logs_and_audit_hold_no_person,
    an_erased_lead_is_gone_to_the_byte
);

/// Words that stand for a name, a phone number, a subject, a text …; each is searched for in any case.
const PLANTED: [&str; 8] = [
    "xanthippe",
    "vandersloot",
    "planted-address",
    "5550199777",
    "subject-of-her-mail",
    "words-only-she-wrote",
    "note-in-the-metadata",
    "name-of-her-attachment",
];

/// Tables that may hold what a person wrote or is called; audit, journey, log, keys may not.
const MAY: [&str; 15] = [
    "leads",
    "lead_addresses",
    "conversations",
    "messages",
    "message_contents",
    "message_aliases",
    "attachments",
    "conversation_metadata",
    "webhook_receipts",
    "suppressions",
    "idempotency_keys",
    "review_items",
    "campaigns",
    "agents",
    "agent_addresses",
];

/// A person whose whole story is one of the planted words.
async fn story(server: &Server) -> Contact {
    let body = json!({
        "email": "planted-address@customer.example",
        "firstName": "Xanthippe",
        "lastName": "Vandersloot",
        "phone": "+15550199777",
        "attributes": {"note": "note-in-the-metadata"},
        "aliases": ["planted-address.two@customer.example"],
    });
    let lead = server.post("/api/leads", body).await.expect(201);
    let body = json!({"leadId": lead["id"], "subject": "subject-of-her-mail"});
    let made = server
        .call("POST", "/api/conversations")
        .header("Idempotency-Key", "k1")
        .json(&body)
        .send()
        .await;
    let contact = Contact {
        api: server.api(),
        lead: text(&lead["id"]),
        email: "planted-address@customer.example".to_owned(),
        id: text(&made.expect(201)["id"]),
    };
    let ours = contact
        .outbound("Dear Xanthippe Vandersloot, words-only-she-wrote")
        .await;
    server
        .event(&Event::delivered(&ours, &contact.email))
        .await
        .ok();
    server
        .event(&Event::opened(&ours, &contact.email))
        .await
        .ok();
    let mail = Mail::new(
        &contact.email,
        "Re: subject-of-her-mail",
        "I am interested: words-only-she-wrote",
    );
    let file: (&str, &str, &[u8]) = (
        "name-of-her-attachment.txt",
        "text/plain",
        b"words-only-she-wrote",
    );
    server
        .inbound_multipart(&mail.answering(&ours), &[file])
        .await
        .ok();
    let mime = Mail::new(
        "Xanthippe <planted-address.two@customer.example>",
        "subject-of-her-mail",
        "words-only-she-wrote again",
    );
    server
        .inbound_raw(
            &mime.mime(),
            &mime.to,
            "planted-address.two@customer.example",
        )
        .await
        .ok();
    let metadata = json!({"note": "note-in-the-metadata", "by": "Xanthippe"});
    let body = json!({"event": "ENGAGEMENT_INCREASED", "triggeredBy": "xanthippe vandersloot", "metadata": metadata});
    contact.post("transition", body).await.ok();
    // What goes wrong is not told in her words either.
    let body = json!({"event": "xanthippe", "triggeredBy": "words-only-she-wrote"});
    contact
        .post("transition", body)
        .await
        .problem(400, "unknown_event");
    server.get("/api/leads?q=xanthippe").await.ok();
    server
        .get("/api/nothing/planted-address@customer.example")
        .await
        .problem(404, "not_found");
    contact
        .post(
            "integration-event",
            json!({"type": "email_complained", "source": "xanthippe"}),
        )
        .await
        .ok();
    contact
}

fn planted_in(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase();
    PLANTED.into_iter().find(|word| text.contains(word))
}

async fn logs_and_audit_hold_no_person(options: Options) {
    let server = options.start().await;
    let stranger = Mail::new(
        "planted-address.three@elsewhere.example",
        "subject-of-her-mail",
        "words-only-she-wrote",
    );
    server.inbound(&stranger).await.ok();
    story(&server).await;
    let mut wrong = Vec::new();
    let mut found = 0;
    for (table, rows) in server.database().dump().await {
        for row in rows {
            let Some(word) = planted_in(&row) else {
                continue;
            };
            found += 1;
            if !MAY.contains(&table.as_str()) {
                wrong.push(format!("{table}: {word} in {row}"));
            }
        }
    }
    assert!(found > 5, "the search finds what is there");
    for line in server.log().lines().chain(server.stdout().lines()) {
        if let Some(word) = planted_in(line) {
            wrong.push(format!("log: {word} in {line}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Files below a folder in which a planted word stands.
fn files_with_a_word(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let content = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            if let Some(word) = planted_in(&format!("{} {content}", path.display())) {
                found.push(format!("{}: {word}", path.display()));
            }
        }
    }
    found
}

/// Makes the files below a folder two hours old.
fn age_files(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            age_files(&path);
            continue;
        }
        let file = fs::File::options().append(true).open(path).unwrap();
        let then = SystemTime::now() - Duration::from_secs(7_200);
        file.set_modified(then).unwrap();
    }
}

async fn an_erased_lead_is_gone_to_the_byte(options: Options) {
    let mut server = options.start().await;
    let other = server.contact("somebody@else.example").await;
    let contact = story(&server).await;
    let before = contact.transitions().await.len();
    assert!(
        !files_with_a_word(server.folder()).is_empty()
            || server.database().kind() == Kind::Postgres
    );

    // What came within the hour could belong to a mail under way, and waits for the next sweep.
    age_files(&server.folder().join("attachments"));
    let path = format!("/api/leads/{}", contact.lead);
    assert!(matches!(server.delete(&path).await.status, 200 | 202 | 204));
    for (table, rows) in server.database().dump().await {
        for row in rows {
            assert_eq!(planted_in(&row), None, "{table}: {row}");
        }
    }
    // States, times and counters stay; a stored answer does not.
    assert_eq!(contact.transitions().await.len(), before);
    assert_eq!(contact.status().await["analytics"]["inboundCount"], 2);
    let body = json!({"leadId": contact.lead, "subject": "subject-of-her-mail"});
    let again = server
        .call("POST", "/api/conversations")
        .header("Idempotency-Key", "k1")
        .json(&body)
        .send()
        .await;
    again.problem(404, "not_found");
    let log = server.log_after(0).await;
    assert!(log.iter().any(|row| row["data"]["change"] == "lead_erased"));
    // Her complaint outlives her: the address stays out of reach.
    let back = server
        .post("/api/leads", json!({"email": contact.email}))
        .await
        .expect(201);
    assert_ne!(back["id"], contact.lead);
    server
        .delete(&format!("/api/leads/{}", text(&back["id"])))
        .await;
    other.outbound("Hello").await;
    server.verify().await;

    assert_eq!(server.stop().await.code(), Some(0));
    assert_eq!(planted_in(&server.log()), None);
    assert_eq!(files_with_a_word(server.folder()), [""; 0]);
    assert_eq!(files_with_a_word(server.database().folder()), [""; 0]);
}
