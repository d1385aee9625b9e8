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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documented_sender_sends_to_whom_it_may() {
    if !node() {
        return;
    }
    let server = Options::on(Kind::Sqlite).start().await;
    let campaign = json!({"name": "Spring", "disclosure": "Written by a machine."});
    let campaign = server.post("/api/campaigns", campaign).await.expect(201);
    let mut leads = Vec::new();
    for number in 0..4 {
        leads.push(server.lead(&format!("lead{number}@customer.example")).await);
    }
    let manual = json!({"address": "lead3@customer.example", "reason": "manual"});
    server.post("/api/suppressions", manual).await.expect(201);
    let script = format!(
        "import {{ campaign }} from 'EXAMPLE';\n\
         let number = 0;\n\
         const outcome = await campaign({{ url, key, campaign: '{}', leads: {}, subject: 'Your new car', batch: 2,\n\
         write: async item => ({{ text: 'Hello', html: '<p>Hello</p>' }}),\n\
         handOver: async mail => {{ console.log('mail ' + JSON.stringify(mail)); return `<p${{number++}}@provider.example>`; }} }});\n\
         console.log('outcome ' + JSON.stringify(outcome));",
        text(&campaign["id"]),
        json!(leads)
    );
    let sender = start(&server, "sender.js", &script);
    let read = |line: &str, what: &str| -> Option<Value> {
        serde_json::from_str(line.strip_prefix(what)?).ok()
    };
    let outcome: Value = sender
        .line(|line| read(line, "outcome "))
        .await
        .unwrap_or_else(|| panic!("{}", sender.stderr()));
    let sent = outcome["sent"].as_array().unwrap();
    assert_eq!(
        (sent.len(), &outcome["denied"][0]["lead"]),
        (3, &json!(leads[3]))
    );
    assert_eq!(outcome["denied"][0]["reasons"], json!(["suppressed"]));
    let said = sender.stdout();
    let mails: Vec<Value> = said
        .lines()
        .filter_map(|line| read(line, "mail "))
        .collect();
    assert_eq!(mails.len(), 3);
    for (mail, sent) in mails.iter().zip(sent) {
        assert_eq!(
            mail["headers"]["Message-ID"],
            format!("<{}>", text(&sent["messageId"]))
        );
        assert!(text(&mail["html"]).contains("Written by a machine."));
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
