//! The programs of the documentation, run as they stand there.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use convo_tests::process::Process;
use convo_tests::records::text;
use convo_tests::{BOOTSTRAP_KEY, Kind, Options, PlayedMailgun, Server};
use serde_json::{Value, json};

use super::codes;

/// The program that runs them, where it is there and new enough.
fn node() -> bool {
    let version = Command::new("node").arg("--version").output();
    let version = version
        .ok()
        .and_then(|said| String::from_utf8(said.stdout).ok());
    let major = version.as_deref().and_then(|said| said.strip_prefix('v'));
    let major = major.and_then(|said| said.split('.').next()?.parse::<u32>().ok());
    let enough = major.is_some_and(|major| major >= 20);
    if !enough {
        assert!(
            std::env::var("CI").is_err(),
            "no node of version 20 or later"
        );
        println!("skipped: no node of version 20 or later");
    }
    enough
}

/// Starts a script that imports a documented program.
fn start(server: &Server, name: &str, script: &str) -> Process {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let example = root.join("docs/examples").join(name);
    let script = format!(
        "const url = '{}', key = '{BOOTSTRAP_KEY}';\n{}",
        server.base(),
        script.replace("EXAMPLE", &format!("file://{}", example.display()))
    );
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let file = server.folder().join(format!("{count}-{name}.mjs"));
    std::fs::write(&file, script).unwrap();
    let mut command = Command::new("node");
    command.arg(&file);
    Process::start(command)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_documented_responders_answer_each_mail_once() {
    if !node() {
        return;
    }
    let mailgun = PlayedMailgun::start().await;
    let server = Options::on(Kind::Sqlite).sending(&mailgun).start().await;
    let script = |file: &str| {
        format!(
            "import {{ responder }} from 'EXAMPLE';\n\
             responder({{ url, key, file: '{file}', pause: 20,\n\
             compose: async context => 'You asked ' + context.messageHistory.length + ' times. When may I call you?',\n\
             onDone: (message, answer) => console.log('done ' + message.id) }});\n\
             console.log('started');"
        )
    };
    let paths = ["one.json", "two.json"].map(|file| server.folder().join(file));
    let workers: Vec<Process> = paths
        .iter()
        .map(|path| {
            start(
                &server,
                "responder.js",
                &script(&path.display().to_string()),
            )
        })
        .collect();
    for worker in &workers {
        worker
            .line(|line| line.contains("started").then_some(()))
            .await;
    }
    // Both have found their place when they have written it down.
    for path in &paths {
        convo_tests::eventually("a worker listens", async || path.exists().then_some(())).await;
    }
    let mut messages = Vec::new();
    for number in 0..5 {
        let contact = server
            .contact(&format!("lead{number}@customer.example"))
            .await;
        let said = contact.reply("How much is the blue one?").await;
        messages.push((contact, text(&said["message"]["id"])));
    }
    for worker in &workers {
        for (_, message) in &messages {
            let wanted = format!("done {message}");
            let heard = worker.line(|line| (line == wanted).then_some(())).await;
            assert!(heard.is_some(), "{}", worker.stderr());
        }
    }
    let sent = mailgun.taken(messages.len()).await;
    assert_eq!(sent.len(), messages.len());
    for (contact, _) in &messages {
        let all = contact.messages().await;
        assert_eq!(all.len(), 2, "asked once, answered once");
        assert_eq!(
            (&all[1]["author"], &all[1]["inReplyTo"]),
            (&json!("ai"), &all[0]["messageId"])
        );
    }
    server.verify().await;
}

/// A responder that keeps its place in a file; what it writes is a body of JavaScript.
fn responder(server: &Server, file: &Path, compose: &str) -> Process {
    let script = format!(
        "import {{ responder }} from 'EXAMPLE';\n\
         responder({{ url, key, file: '{}', pause: 20, tries: 2,\n\
         compose: async context => {{ {compose} }},\n\
         onDone: (message, answer) => console.log('done ' + message.id + ' ' + JSON.stringify(answer)) }});\n\
         console.log('started');",
        file.display()
    );
    start(server, "responder.js", &script)
}

async fn listens(file: &Path) {
    convo_tests::eventually("a worker listens", async || file.exists().then_some(())).await;
}

/// What a responder came to with a message.
async fn done(worker: &Process, message: &str) -> Value {
    let wanted = format!("done {message} ");
    let read = |line: &str| serde_json::from_str(line.strip_prefix(&wanted)?).ok();
    let heard = worker.line(read).await;
    heard.unwrap_or_else(|| panic!("{}", worker.stderr()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_documented_responder_stops_at_nobodys_mail() {
    if !node() {
        return;
    }
    let mailgun = PlayedMailgun::start().await;
    let server = Options::on(Kind::Sqlite).sending(&mailgun).start().await;
    let file = server.folder().join("place.json");
    let hangs = "console.log('composing'); await new Promise(() => {});";
    let mut worker = responder(&server, &file, hangs);
    listens(&file).await;
    let gone = server.contact("gone@customer.example").await;
    gone.reply("How much is it?").await;
    let composing = |line: &str| line.contains("composing").then_some(());
    worker.line(composing).await.unwrap();
    worker.kill();
    // Forgotten while its answer was being written; another's cannot be written at all.
    let forgotten = server.delete(&format!("/api/leads/{}", gone.lead)).await;
    assert!(forgotten.status < 300, "{forgotten:?}");
    let broken = server.contact("broken@customer.example").await;
    let theirs = text(&broken.reply("How much is it?").await["message"]["id"]);
    let contact = server.contact("ada@customer.example").await;
    let said = text(&contact.reply("How much is it?").await["message"]["id"]);
    let throws = format!(
        "if (context.leadId === '{}') throw new Error('no words'); return 'When may I call you?';",
        broken.lead
    );
    let worker = responder(&server, &file, &throws);
    assert_eq!(done(&worker, &theirs).await["gaveUp"], "no words");
    assert_eq!(done(&worker, &said).await["success"], true);
    let sent = mailgun.taken(1).await;
    assert!(sent[0].the("to").contains("ada@customer.example"));
    server.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_documented_responder_leaves_imported_mail_alone() {
    if !node() {
        return;
    }
    let mailgun = PlayedMailgun::start().await;
    let mut server = Options::on(Kind::Sqlite).sending(&mailgun).start().await;
    let file = server.folder().join("place.json");
    let compose = "return 'When may I call you?';";
    let mut worker = responder(&server, &file, compose);
    listens(&file).await;
    worker.kill();
    server.stop().await;
    let rows = [
        json!({"type": "lead", "email": "old@customer.example", "externalId": "l1"}),
        json!({"type": "conversation", "externalId": "c1", "leadExternalId": "l1", "state": "ENGAGED"}),
        json!({"type": "message", "externalId": "m1", "conversationExternalId": "c1",
               "senderId": "l1", "content": "How much is it?", "sentAt": "2025-03-03T09:00:00Z"}),
    ];
    let path = server.folder().join("old.jsonl");
    let lines = rows.map(|row| row.to_string()).join("\n");
    std::fs::write(&path, lines).unwrap();
    server
        .command(&["import", path.to_str().unwrap()])
        .await
        .ok();
    let server = server.restart().await;
    let worker = responder(&server, &file, compose);
    let contact = server.contact("ada@customer.example").await;
    let said = text(&contact.reply("How much is it?").await["message"]["id"]);
    assert_eq!(done(&worker, &said).await["success"], true);
    let sent = mailgun.taken(1).await;
    assert!(sent[0].the("to").contains("ada@customer.example"));
    assert_eq!(worker.stdout().matches("done ").count(), 1);
    // Nor does the gate let anybody else answer it by machine.
    let old = server.items("/api/conversations?externalId=c1").await;
    let path = format!("/api/conversation-state/{}/may-send", text(&old[0]["id"]));
    let asked = json!({"author": "ai", "purpose": "reply"});
    assert_eq!(codes(&server.post(&path, asked).await.ok()), ["stale"]);
    server.verify().await;
}

/// A sender that keeps what it has done in a file, and what it hands a mail over to.
fn sender(
    server: &Server,
    file: &Path,
    campaign: &str,
    leads: &[String],
    hand_over: &str,
) -> Process {
    let script = format!(
        "import {{ campaign }} from 'EXAMPLE';\n\
         let number = 0;\n\
         const outcome = await campaign({{ url, key, campaign: '{campaign}', leads: {}, subject: 'Your new car', batch: 2,\n\
         file: '{}',\n\
         write: async item => ({{ text: 'Hello', html: '<p>Hello</p>' }}),\n\
         handOver: async mail => {{ console.log('mail ' + JSON.stringify(mail)); {hand_over} }} }});\n\
         console.log('outcome ' + JSON.stringify(outcome));",
        json!(leads),
        file.display()
    );
    start(server, "sender.js", &script)
}

fn read(line: &str, what: &str) -> Option<Value> {
    serde_json::from_str(line.strip_prefix(what)?).ok()
}

/// The mails that a sender has handed over.
fn mails(sender: &Process) -> Vec<Value> {
    let said = sender.stdout();
    said.lines()
        .filter_map(|line| read(line, "mail "))
        .collect()
}

async fn outcome(sender: &Process) -> Value {
    let ended = sender.line(|line| read(line, "outcome ")).await;
    ended.unwrap_or_else(|| panic!("{}", sender.stderr()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documented_sender_writes_to_nobody_twice() {
    if !node() {
        return;
    }
    let server = Options::on(Kind::Sqlite).start().await;
    let campaign = server.campaign("Spring").await;
    let mut leads = Vec::new();
    for number in 0..5 {
        leads.push(server.lead(&format!("lead{number}@customer.example")).await);
    }
    let file = server.folder().join("sent.jsonl");
    let run = |hand_over: &str| sender(&server, &file, &campaign, &leads, hand_over);
    // It is killed when the third mail is told of, and nobody knows whether it went out.
    let mut first =
        run("if (number++ === 2) { console.log('stuck'); await new Promise(() => {}); }");
    first
        .line(|line| line.contains("stuck").then_some(()))
        .await
        .unwrap();
    first.kill();
    let begun = mails(&first);
    assert_eq!(begun.len(), 3);
    let second = run("");
    let said = outcome(&second).await;
    assert_eq!(said["denied"], json!([]), "{said}");
    let rest = mails(&second);
    let id = |mail: &Value| text(&mail["headers"]["Message-ID"]);
    assert_eq!((rest.len(), &rest[0]["again"]), (3, &json!(true)));
    assert_eq!(
        id(&rest[0]),
        id(&begun[2]),
        "the same mail, not another one"
    );
    assert!(rest[1..].iter().all(|mail| mail["again"] == false));
    let third = run("");
    assert_eq!(outcome(&third).await["sent"], json!([]));
    assert_eq!(mails(&third), [] as [Value; 0]);
    for lead in &leads {
        let path = format!("/api/conversations?leadId={lead}");
        let of = server.items(&path).await;
        assert_eq!(of.len(), 1);
        let path = format!("/api/conversation-state/{}/messages", text(&of[0]["id"]));
        assert_eq!(server.items(&path).await.len(), 1, "stored once");
    }
    server.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documented_sender_sends_to_whom_it_may() {
    if !node() {
        return;
    }
    let server = Options::on(Kind::Sqlite).start().await;
    let campaign = json!({"name": "Spring", "disclosure": "Written by <a machine>."});
    let campaign = server.post("/api/campaigns", campaign).await.expect(201);
    let mut leads = Vec::new();
    for number in 0..4 {
        leads.push(server.lead(&format!("lead{number}@customer.example")).await);
    }
    let manual = json!({"address": "lead3@customer.example", "reason": "manual"});
    server.post("/api/suppressions", manual).await.expect(201);
    let file = server.folder().join("sent.jsonl");
    let id = text(&campaign["id"]);
    let gives_an_id = "return `<p${number++}@provider.example>`;";
    let sender = sender(&server, &file, &id, &leads, gives_an_id);
    let outcome = outcome(&sender).await;
    let sent = outcome["sent"].as_array().unwrap();
    assert_eq!(
        (sent.len(), &outcome["denied"][0]["lead"]),
        (3, &json!(leads[3]))
    );
    assert_eq!(outcome["denied"][0]["reasons"], json!(["suppressed"]));
    let mails = mails(&sender);
    assert_eq!(mails.len(), 3);
    for (mail, sent) in mails.iter().zip(sent) {
        assert_eq!(
            mail["headers"]["Message-ID"],
            format!("<{}>", text(&sent["messageId"]))
        );
        assert!(text(&mail["text"]).contains("Written by <a machine>."));
        assert!(text(&mail["html"]).contains("Written by &#60;a machine&#62;."));
    }
    let conversations = server
        .get(&format!("/api/conversations?leadId={}", leads[0]))
        .await
        .ok();
    let conversation = text(&conversations["items"][0]["id"]);
    // Its provider speaks of the mail by an id of its own.
    let delivered =
        convo_tests::mailgun::Event::delivered("p0@provider.example", "lead0@customer.example");
    server.event(&delivered).await.ok();
    assert_eq!(server.state(&conversation).await, "ACTIVE");
    let again = server
        .post(
            &format!("/api/campaigns/{}/prepare", text(&campaign["id"])),
            json!({"leads": [leads[3]]}),
        )
        .await
        .ok();
    assert_eq!(codes(&again["items"][0]), ["suppressed"]);
    server.verify().await;
}
