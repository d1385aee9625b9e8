//! Whole tables as files, by HTTP and from the command line.

use std::collections::BTreeSet;

use convo_tests::records::{Contact, text};
use convo_tests::{Answer, Mail, Options, Server, on_both};
use serde_json::{Value, json};

on_both!(
    a_file_holds_every_row_once_and_its_columns,
    no_cell_is_a_formula,
    filters_leave_out_what_they_say,
    a_long_file_is_sent_in_pieces,
    what_cannot_be_exported_is_refused,
);

const ALL: [&str; 5] = [
    "conversations",
    "messages",
    "leads",
    "transitions",
    "events",
];

async fn exported(server: &Server, what: &str, query: &str) -> Answer {
    let answer = server.get(&format!("/api/export/{what}?{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}

async fn objects(server: &Server, what: &str, query: &str) -> Vec<Value> {
    let answer = exported(server, what, &format!("format=jsonl&{query}")).await;
    let lines = answer.text();
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The head and the records of a CSV file.
fn table(text: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers().unwrap();
    let head = head.iter().map(str::to_owned).collect();
    let records = reader.records();
    let rows = records
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect();
    (head, rows)
}

/// Somebody whose every word a spreadsheet would run.
async fn calculating(server: &Server) -> Contact {
    let lead = json!({
        "email": "ada@customer.example", "firstName": "=1+1", "lastName": "@SUM(A1)", "phone": "+49 30 1",
        "interest": "-2", "attributes": {"a": "=1"},
    });
    let lead = text(&server.post("/api/leads", lead).await.expect(201)["id"]);
    let contact = server.contact("ada@customer.example").await;
    assert_eq!(contact.lead, lead);
    contact
        .outbound("Hello Ada, may I show you our cars?")
        .await;
    let said = "=HYPERLINK(\"http://x.example\",\"y\"), and\nmore";
    let mail = Mail::new("ada@customer.example", "+Re: Your new car", said);
    server.inbound(&mail).await.ok();
    contact
}

async fn a_file_holds_every_row_once_and_its_columns(options: Options) {
    let server = options.start().await;
    for name in ["ada", "ben", "cy"] {
        let contact = server.contact(&format!("{name}@customer.example")).await;
        contact
            .outbound("Hello Ada, may I show you our cars?")
            .await;
        contact.reply("I am interested, how much is it?").await;
    }
    let documented = include_str!("../../../docs/export.md");
    for what in ALL {
        let rows = objects(&server, what, "").await;
        let csv = exported(&server, what, "format=csv").await;
        assert!(csv.header("content-type").starts_with("text/csv"));
        let name = csv.header("content-disposition").to_owned();
        assert_eq!(name, format!("attachment; filename=\"{what}.csv\""));
        let (head, records) = table(&csv.text());
        assert_eq!(records.len(), rows.len(), "{what}");
        assert!(!rows.is_empty(), "{what}");
        let keys: BTreeSet<String> = records.iter().map(|row| row[0].clone()).collect();
        assert_eq!(keys.len(), rows.len(), "{what}: each row once");
        let section = documented.split(&format!("\n## {what}\n")).nth(1);
        let section = section.unwrap_or_else(|| panic!("{what} is not documented"));
        let section = section.split("\n## ").next().unwrap();
        for column in &head {
            let row = format!("| `{column}` |");
            assert!(section.contains(&row), "{what}: {column} is not documented");
            assert!(rows.iter().all(|row| row.get(column).is_some()));
        }
        assert_eq!(section.matches("\n| `").count(), head.len(), "{what}");
        // The command line gives the same.
        let run = server.command(&["export", what, "--format", "csv"]).await;
        assert_eq!(run.ok(), csv.text(), "{what}");
    }
    let leads = server.items("/api/leads").await;
    let given: BTreeSet<String> = objects(&server, "leads", "")
        .await
        .iter()
        .map(|row| text(&row["id"]))
        .collect();
    assert_eq!(given, leads.iter().map(|lead| text(&lead["id"])).collect());
    let said = objects(&server, "messages", "").await;
    assert_eq!(said.len(), 6);
    assert!(
        said.iter()
            .any(|row| row["replyText"] == "I am interested, how much is it?")
    );
    let log = objects(&server, "events", "").await;
    let seqs: Vec<u64> = log.iter().map(|row| row["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=log.len() as u64).collect::<Vec<_>>());
}

async fn no_cell_is_a_formula(options: Options) {
    let server = options.start().await;
    calculating(&server).await;
    for what in ALL {
        let (_, rows) = table(&exported(&server, what, "").await.text());
        for cell in rows.iter().flatten() {
            let first = cell.chars().next().unwrap_or('.');
            assert!(!"=+-@\t\r\n".contains(first), "{what}: {cell}");
        }
    }
    let leads = table(&exported(&server, "leads", "").await.text()).1;
    assert!(leads[0].contains(&"'=1+1".to_owned()), "{leads:?}");
    let lead = &objects(&server, "leads", "").await[0];
    assert_eq!(lead["firstName"], "=1+1", "JSON Lines hold it as it is");
    assert_eq!(lead["attributes"], json!({"a": "=1"}));
    let messages = objects(&server, "messages", "").await;
    assert!(
        messages
            .iter()
            .any(|row| row["content"].as_str().unwrap().starts_with("=HYPERLINK("))
    );
}

async fn filters_leave_out_what_they_say(options: Options) {
    let server = options.start().await;
    let campaign = server.campaign("Spring").await;
    let lead = server.lead("cy@customer.example").await;
    let made = json!({"leadId": lead, "campaignId": campaign, "subject": "In spring"});
    let within = server.post("/api/conversations", made).await.expect(201);
    let within = text(&within["id"]);
    let contact = server.contact("ada@customer.example").await;
    contact
        .outbound("Hello Ada, may I show you our cars?")
        .await;
    contact.reply("I am interested.").await;
    let ids = async |query: &str| -> Vec<String> {
        let rows = objects(&server, "conversations", query).await;
        rows.iter().map(|row| text(&row["id"])).collect()
    };
    assert_eq!(ids("").await.len(), 2);
    let spring = format!("campaignId={campaign}");
    assert_eq!(ids(&spring).await, [&*within]);
    assert_eq!(ids("state=ENGAGED").await, [&*contact.id]);
    assert_eq!(ids("state=new").await, [&*within]);
    for what in ["messages", "transitions", "events"] {
        let rows = objects(&server, what, "state=ENGAGED").await;
        assert!(!rows.is_empty(), "{what}");
        assert!(
            rows.iter().all(|row| row["conversationId"] == *contact.id),
            "{what}"
        );
        let of = format!("campaignId={campaign}");
        let rows = objects(&server, what, &of).await;
        assert_eq!(
            rows.iter()
                .filter(|row| row["conversationId"] == *contact.id)
                .count(),
            0
        );
    }
    for what in ALL {
        assert!(
            objects(&server, what, "from=2999-01-01").await.is_empty(),
            "{what}"
        );
        assert!(
            objects(&server, what, "to=2000-01-01T00:00:00Z")
                .await
                .is_empty()
        );
        let all = objects(&server, what, "from=2000-01-01&to=2999-01-01").await;
        assert_eq!(all.len(), objects(&server, what, "").await.len());
    }
    let run = [
        "export",
        "conversations",
        "--format",
        "jsonl",
        "--state",
        "ENGAGED",
    ];
    assert_eq!(server.command(&run).await.ok().lines().count(), 1);
    let file = server.folder().join("leads.csv");
    let run = ["export", "leads", "--output", file.to_str().unwrap()];
    assert_eq!(server.command(&run).await.ok(), "");
    let (_, rows) = table(&std::fs::read_to_string(&file).unwrap());
    assert_eq!(rows.len(), 2);
    let again = server.command(&run).await;
    assert_eq!(again.status.code(), Some(1), "no file is written over");
}

async fn a_long_file_is_sent_in_pieces(options: Options) {
    let server = options.start().await;
    let rows: Vec<String> = (0..1_201)
        .map(|n| {
            let row = json!({"type": "lead", "externalId": format!("l{n}"), "email": format!("l{n}@customer.example")});
            format!("{row}\n")
        })
        .collect();
    let file = server.folder().join("leads.jsonl");
    std::fs::write(&file, rows.concat()).unwrap();
    server
        .command(&["import", file.to_str().unwrap()])
        .await
        .ok();
    let answer = exported(&server, "leads", "format=jsonl").await;
    assert_eq!(answer.header("transfer-encoding"), "chunked");
    assert_eq!(answer.header("content-length"), "");
    let ids: BTreeSet<String> = answer
        .text()
        .lines()
        .map(|line| text(&serde_json::from_str::<Value>(line).unwrap()["externalId"]))
        .collect();
    assert_eq!(
        ids.len(),
        1_201,
        "every page goes on where the last one ended"
    );
    assert_eq!(answer.text().lines().count(), 1_201);
    // Long messages make short pages.
    let contact = server.contact("ada@customer.example").await;
    let long = "a long story ".repeat(60_000);
    for _ in 0..12 {
        contact.reply(&long).await;
    }
    let said = objects(&server, "messages", "").await;
    assert_eq!(said.len(), 12);
    assert!(
        said.iter()
            .all(|row| row["content"].as_str().unwrap().len() >= long.trim().len())
    );
}

async fn what_cannot_be_exported_is_refused(options: Options) {
    let server = options.start().await;
    server
        .get("/api/export/keys")
        .await
        .problem(404, "not_found");
    for query in [
        "format=xml",
        "from=yesterday",
        "to=2026-13-01",
        "campaignId=1",
        "state=NOWHERE",
        "from=2026-02-01&to=2026-01-01",
    ] {
        let answer = server.get(&format!("/api/export/messages?{query}")).await;
        answer.problem(422, "validation_failed");
    }
    let answer = server.get("/api/export/leads?state=ENGAGED").await;
    answer.problem(422, "validation_failed");
    let nobody = server.with_key(None).get("/api/export/leads").await;
    nobody.problem(401, "unauthenticated");
    let reader = server.key(&["read"]).await;
    let read = server
        .with_key(Some(&reader))
        .get("/api/export/leads")
        .await;
    assert_eq!(read.status, 200);
    for (arguments, code) in [
        (vec!["export"], 2),
        (vec!["export", "keys"], 2),
        (vec!["export", "leads", "--format", "xml"], 2),
        (vec!["export", "leads", "--from", "yesterday"], 2),
        (vec!["export", "leads", "--state", "ENGAGED"], 1),
        (vec!["export", "messages", "--state", "NOWHERE"], 1),
    ] {
        let run = server.command(&arguments).await;
        assert_eq!(run.status.code(), Some(code), "{arguments:?}");
    }
}
