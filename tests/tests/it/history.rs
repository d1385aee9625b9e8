//! Another system's records: states as they are, rows of one person in one place, and the page that
//! says how to get them out of a database.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use convo_tests::records::id;
use convo_tests::{Database, Finished, Kind, Mail, Options, guardian, on_both};
use serde_json::{Value, json};

use crate::import::{OURS, equal, fresh, mbox, picture, run};

on_both!(
    a_given_state_stays_as_it_is,
    rows_of_one_person_join,
    batches_do_not_decide,
);

const STATES: [(&str, Option<&str>); 11] = [
    ("NEW", None),
    ("ACTIVE", None),
    ("ENGAGED", None),
    ("QUALIFIED", None),
    ("READY_FOR_HANDOVER", None),
    ("HANDED_OVER", None),
    ("CLOSED", Some("opted_out")),
    ("CLOSED", Some("no_response")),
    ("CLOSED", Some("won")),
    ("ARCHIVED", Some("lost")),
    ("ENGAGED", None),
];

fn lines(rows: &[Value]) -> PathBuf {
    let path = guardian::folder().join("rows.jsonl");
    fs::write(
        &path,
        rows.iter()
            .map(|row| format!("{row}\n"))
            .collect::<String>(),
    )
    .unwrap();
    path
}

async fn import(options: &Options, database: &Database, rows: &[Value]) -> Value {
    let path = lines(rows);
    let ran = run(options, database, &["import", path.to_str().unwrap()]).await;
    serde_json::from_str(ran.ok()).unwrap()
}

fn message(name: &str, conversation: &str, ours: bool, content: &str, at: &str) -> Value {
    json!({
        "type": "message", "externalId": name, "conversationExternalId": conversation,
        "isFromAI": u8::from(ours), "content": content, "sentAt": at,
    })
}

async fn a_given_state_stays_as_it_is(options: Options) {
    let mut rows = vec![
        json!({"type": "agent", "externalId": "g", "name": "Grace", "email": "grace@dealer.example"}),
    ];
    for (n, (state, outcome)) in STATES.into_iter().enumerate() {
        let agent = (state == "HANDED_OVER").then_some("g");
        let lead = format!("l{n}");
        rows.push(
            json!({"type": "lead", "externalId": lead, "email": format!("p{n}@customer.example")}),
        );
        rows.push(json!({
            "type": "conversation", "externalId": format!("v{n}"), "leadExternalId": lead, "state": state,
            "outcome": outcome, "agent": agent, "createdAt": "2026-02-01T00:00:00Z",
            "updatedAt": "2026-05-01T00:00:00Z",
        }));
        let last = if n == 10 {
            "Please unsubscribe me."
        } else {
            "I want to buy it this week."
        };
        for (turn, (ours, text)) in [
            (true, "Hello, may I make you an offer?"),
            (false, "I am interested, what is the price?"),
            (true, "With pleasure."),
            (false, "Can I book a test drive?"),
            (true, "Of course."),
            (false, last),
        ]
        .into_iter()
        .enumerate()
        {
            let at = format!("2026-03-0{}T00:00:00Z", turn + 1);
            rows.push(message(
                &format!("m{n}.{turn}"),
                &format!("v{n}"),
                ours,
                text,
                &at,
            ));
        }
    }
    let database = fresh(&options).await;
    let report = import(&options, &database, &rows).await;
    assert_eq!(report["stored"], rows.len(), "{report}");
    run(&options, &database, &["verify"]).await.ok();
    let before = database.dump().await;
    import(&options, &database, &rows).await;
    assert_eq!(
        database.dump().await,
        before,
        "a second run changes nothing"
    );

    let server = options.clone().over(&database).start().await;
    for (n, (state, outcome)) in STATES.into_iter().enumerate() {
        let found = server
            .items(&format!("/api/conversations?externalId=v{n}"))
            .await;
        let of = id(&found[0]);
        let status = server.status(&of).await;
        assert_eq!(status["currentState"], state, "{n}");
        assert_eq!(status["outcome"], json!(outcome), "{n}");
        assert_eq!(status["analytics"]["messageCount"], 6, "{n}");
        let suppressed = outcome == Some("opted_out") || n == 10;
        assert_eq!(
            status["integrationStatus"]["email"]["suppressed"], suppressed,
            "{n}"
        );
        let path = format!("/api/conversation-state/{of}/transitions");
        let steps = server.items(&path).await;
        assert_eq!(steps.len(), 1, "{steps:#?}");
        assert_eq!(steps[0]["event"], "IMPORTED");
        assert_eq!(steps[0]["newState"], state);
        assert_eq!(steps[0]["timestamp"], "2026-05-01T00:00:00.000Z");
    }
    drop(server);

    // What came after the state moves it, and nobody who opted out is brought back by what is older.
    let later = [
        message(
            "later.1",
            "v1",
            false,
            "Are you still there? Tell me more",
            "2026-06-01T00:00:00Z",
        ),
        message(
            "later.7",
            "v7",
            false,
            "I am interested after all",
            "2026-05-02T00:00:00Z",
        ),
    ];
    import(&options, &database, &later).await;
    run(&options, &database, &["verify"]).await.ok();
    let server = options.clone().over(&database).start().await;
    for name in ["v1", "v7"] {
        let found = server
            .items(&format!("/api/conversations?externalId={name}"))
            .await;
        let moved = ["ENGAGED", "QUALIFIED"].contains(&found[0]["currentState"].as_str().unwrap());
        assert!(moved, "{found:#?}");
    }
    drop(server);

    // A step older than the state it follows is found.
    database.unlock_audit().await;
    database
        .execute("UPDATE conversation_state_transitions SET at = (SELECT min(created_at) FROM conversations) WHERE version = 2")
        .await;
    let ran = run(&options, &database, &["verify"]).await;
    assert_eq!(ran.status.code(), Some(1));
    assert!(ran.stdout.contains("audit_times"), "{}", ran.stdout);
}

async fn rows_of_one_person_join(options: Options) {
    let conversation = |name: &str, lead: &str, state: &str| {
        json!({
            "type": "conversation", "externalId": name, "leadExternalId": lead, "state": state,
            "createdAt": "2026-02-01T00:00:00Z", "updatedAt": "2026-05-01T00:00:00Z",
        })
    };
    let said = |name: &str, of: &str, lead: &str| {
        let mut row = message(
            name,
            of,
            false,
            &format!("{name} by {lead}"),
            "2026-03-01T00:00:00Z",
        );
        row["senderId"] = json!(lead);
        row["emailHeaders"] = json!({"Message-ID": format!("<{name}@old.example>")});
        row
    };
    let rows = [
        json!({"type": "lead", "externalId": "l1", "email": "ada@customer.example", "firstName": "Ada", "attributes": {"a": 1}}),
        json!({"type": "lead", "externalId": "l2", "email": "Ada@Customer.example", "firstName": "Adele", "phone": "+1 555 1",
               "aliases": ["ada@home.example"], "attributes": {"a": 2, "b": 2}}),
        json!({"type": "lead", "externalId": "l3", "email": "ada@home.example", "lastName": "Byron"}),
        conversation("v1", "l1", "ENGAGED"),
        conversation("v2", "l2", "ACTIVE"),
        conversation("v3", "l3", "CLOSED"),
        said("m1", "v1", "l1"),
        said("m2", "v2", "l2"),
        said("m3", "v2", "l1"),
        said("m4", "v3", "l3"),
    ];
    let whole = fresh(&options).await;
    let report = import(&options, &whole, &rows).await;
    assert_eq!(report["stored"], rows.len(), "{report}");
    run(&options, &whole, &["verify"]).await.ok();
    let before = whole.dump().await;
    let again = import(&options, &whole, &rows).await;
    assert_eq!(again["duplicates"], rows.len(), "{again}");
    assert_eq!(whole.dump().await, before, "a second run changes nothing");

    // Broken off anywhere and run again is one whole run.
    for done in [2, 5, 8] {
        let broken = fresh(&options).await;
        import(&options, &broken, &rows[..done]).await;
        import(&options, &broken, &rows).await;
        equal(
            &picture(&options, &whole).await,
            &picture(&options, &broken).await,
        );
    }

    let server = options.over(&whole).start().await;
    let leads = server.items("/api/leads").await;
    assert_eq!(leads.len(), 1, "{leads:#?}");
    let told = ["firstName", "lastName", "phone", "externalId"].map(|name| leads[0][name].clone());
    assert_eq!(json!(told), json!(["Ada", "Byron", "+1 555 1", "l1"]));
    assert_eq!(leads[0]["attributes"], json!({"a": 1, "b": 2}));
    assert_eq!(leads[0]["aliases"], json!(["ada@home.example"]));
    for name in ["l1", "l2", "l3"] {
        let found = server.items(&format!("/api/leads?externalId={name}")).await;
        assert_eq!(found, leads, "{name}");
    }
    for (name, state, messages) in [
        ("v1", "ENGAGED", 3),
        ("v2", "ENGAGED", 3),
        ("v3", "CLOSED", 1),
    ] {
        let found = server
            .items(&format!("/api/conversations?externalId={name}"))
            .await;
        assert_eq!(found[0]["currentState"], state, "{name}");
        let status = server.status(&id(&found[0])).await;
        assert_eq!(status["analytics"]["inboundCount"], messages, "{name}");
    }
    // The ids are told, and go, with the person.
    let path = format!("/api/leads/{}/export", id(&leads[0]));
    assert_eq!(
        server.get(&path).await.ok()["externalIds"],
        json!(["l2", "l3", "v2"])
    );
    server
        .delete(&format!("/api/leads/{}", id(&leads[0])))
        .await
        .expect(204);
    assert_eq!(server.items("/api/leads?externalId=l2").await.len(), 0);
    assert_eq!(whole.count("SELECT count(*) FROM external_ids").await, 0);
}

/// One run stores its mail in few commits, many runs in one each: what is decided must not tell.
async fn batches_do_not_decide(options: Options) {
    let who = "ada@customer.example";
    let day = |n: i64| chrono::Utc::now() - chrono::Duration::days(200 - n);
    let hello = |subject: &str, n: i64| {
        Mail::new(OURS, subject, "May I make you an offer?")
            .to(who)
            .dated(day(n))
    };
    let said =
        |subject: &str, text: &str, n: i64| Mail::new(who, subject, text).to(OURS).dated(day(n));
    let first = hello("Your new car", 0);
    let reply = said("Re: Your new car", "I am interested", 1).answering(&first.message_id);
    let stop = said("Re: Your new car", "Please unsubscribe me.", 2).answering(&first.message_id);
    let mails = [
        first.clone(),
        reply,
        stop,
        // Long after the reopen window of an opt-out: another conversation.
        said(
            "Re: Your new car",
            "I have changed my mind, what is the price?",
            60,
        )
        .answering(&first.message_id),
        // Without a reference, to the conversation that was active last.
        said("By the way", "Do you have trailers?", 61),
        // Nobody has spoken of it for longer than a subject stands for it.
        said("Re: By the way", "What about those trailers?", 120),
    ];
    let whole = fresh(&options).await;
    let words = |path: &str| ["import", "--our-address", OURS, path].map(str::to_owned);
    let path = mbox(&mails);
    let all = words(path.to_str().unwrap());
    run(&options, &whole, &all.each_ref().map(String::as_str))
        .await
        .ok();
    let each = fresh(&options).await;
    for mail in &mails {
        let path = mbox(std::slice::from_ref(mail));
        let one = words(path.to_str().unwrap());
        run(&options, &each, &one.each_ref().map(String::as_str))
            .await
            .ok();
    }
    let seen = picture(&options, &whole).await;
    assert_eq!(
        seen.keys()
            .filter(|name| name.starts_with("conversation"))
            .count(),
        2
    );
    equal(&seen, &picture(&options, &each).await);
}

const OLD: &str = r#"
CREATE TABLE leads (id int, email text, first_name text, last_name text, phone text, interest text, source text,
    campaign_id text, created_at timestamp);
CREATE TABLE conversations (id int, lead_id int, subject text, status text, campaign_id text, assigned_agent text,
    created_at timestamp, updated_at timestamp);
CREATE TABLE messages (id int, conversation_id int, sender_id text, content text, message_type text,
    is_from_ai int, email_headers text, created_at timestamp);
INSERT INTO leads VALUES
    (1, 'ada@customer.example', 'Ada', '', NULL, NULL, 'web', 'spring', '2026-01-01 10:00'),
    (2, 'bob@customer.example', NULL, NULL, '', NULL, NULL, NULL, NULL);
INSERT INTO conversations VALUES
    (1, 1, 'Your car', 'handed_over', 'spring', 'agent-7', '2026-01-02 10:00', '2026-01-09 10:00'),
    (2, 2, NULL, 'Closed', NULL, 'grace@dealer.example', '2026-01-02 10:00', NULL),
    (3, 2, 'Again', 'active', NULL, '', '2026-01-03 10:00', '2026-01-03 10:00');
INSERT INTO messages VALUES
    (1, 1, 'campaign', 'Hello', 'email', 1, E'{\n "Message-ID": "<hello@old.example>"\n}', '2026-01-02 10:01'),
    (2, 1, '1', E'I am interested,\nreally', 'email', 0, '', '2026-01-02 11:00:00.123456'),
    (3, 1, 'agent-7', 'I shall call you', 'email', 0, NULL, '2026-01-03 10:00'),
    (4, 1, 'agent-8', NULL, NULL, 0, NULL, '2026-01-03 11:00'),
    (5, 1, 'Ada@customer.example', 'Thank you', '', NULL, NULL, '2026-01-03 12:00'),
    (6, 2, NULL, 'No, thank you', 'email', 0, NULL, NULL),
    (7, 3, 'grace@dealer.example', 'How about this one?', 'email', 0, NULL, '2026-01-03 10:00');
"#;

/// The page's words, run as they stand there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sql_of_the_page_exports_another_system() {
    if convo_tests::skipped(Kind::Postgres) {
        return;
    }
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/migrating.md");
    let page = fs::read_to_string(page).unwrap();
    let block = |language: &str, word: &str| -> String {
        let all = page.split("```").skip(1).step_by(2);
        let mut fitting = all
            .filter_map(|block| block.strip_prefix(language))
            .filter(|text| text.contains(word));
        fitting.next().unwrap().to_owned()
    };
    let folder = guardian::folder();
    fs::write(folder.join("export.sql"), block("sql\n", "SELECT")).unwrap();
    let old = Database::create(Kind::Postgres).await;
    old.execute(OLD).await;
    let export = async || -> Finished {
        let mut shell = Command::new("/bin/sh");
        let script = block("console\n", "psql");
        shell
            .args(["-c", &script])
            .current_dir(&folder)
            .env("OLD_DATABASE", old.url());
        let mut process = convo_tests::process::Process::start(shell);
        Finished {
            status: process.end().await,
            stdout: process.stdout(),
            stderr: process.stderr(),
        }
    };
    export().await.ok();

    let options = Options::on(Kind::Sqlite);
    let database = fresh(&options).await;
    let file = folder.join("old.jsonl");
    let ran = run(&options, &database, &["import", file.to_str().unwrap()]).await;
    let report: Value = serde_json::from_str(ran.ok()).unwrap();
    assert_eq!(report["rejected"], 0, "{report}");
    run(&options, &database, &["verify"]).await.ok();
    let server = options.over(&database).start().await;
    let expected = [
        (
            "1",
            "HANDED_OVER",
            json!(["ai", "lead", "agent", "agent", "lead"]),
        ),
        ("2", "CLOSED", json!(["lead"])),
        ("3", "ACTIVE", json!(["agent"])),
    ];
    for (name, state, authors) in expected {
        let found = server
            .items(&format!("/api/conversations?externalId={name}"))
            .await;
        assert_eq!(found[0]["currentState"], state, "{name}");
        let path = format!("/api/conversation-state/{}/messages", id(&found[0]));
        let mut messages = server.items(&path).await;
        messages.sort_by_key(|message| message["sequenceNumber"].as_u64());
        let said: Vec<&Value> = messages.iter().map(|message| &message["author"]).collect();
        assert_eq!(json!(said), authors, "{name}");
        if name == "1" {
            assert_eq!(messages[0]["messageId"], "hello@old.example");
            assert_eq!(messages[1]["content"], "I am interested,\nreally");
        }
        let agent = found[0]["assignedAgentId"].is_string();
        assert_eq!(agent, name != "3", "{name}");
    }
    drop(server);

    // What cannot be read stops the export with an exit code.
    old.execute("UPDATE messages SET email_headers = '{' WHERE id = 1")
        .await;
    assert!(!export().await.status.success());
}
