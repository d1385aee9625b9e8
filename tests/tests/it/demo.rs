//! `demo`: a database with a life in it, the same every time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use convo_tests::process::Process;
use convo_tests::records::{STATE, text};
use convo_tests::{Api, Database, Options, eventually, guardian, on_both};
use serde_json::Value;

on_both!(
    a_week_of_life_is_there_at_once_and_always_the_same,
    the_story_goes_on_while_somebody_looks,
    what_is_no_demo_is_left_alone,
);

const STATES: [&str; 8] = [
    "NEW",
    "ACTIVE",
    "ENGAGED",
    "QUALIFIED",
    "READY_FOR_HANDOVER",
    "HANDED_OVER",
    "CLOSED",
    "ARCHIVED",
];
const STAGES: [&str; 6] = [
    "COLD_LEAD",
    "RESPONDING_LEAD",
    "ENGAGED_LEAD",
    "INTERESTED_LEAD",
    "QUALIFIED_LEAD",
    "HANDOVER_READY",
];

/// A demo that serves.
struct Demo {
    process: Process,
    api: Api,
    said: String,
}

impl Demo {
    async fn start(options: &Options, database: &Database, folder: &Path) -> Demo {
        Demo::run(options, database, folder, &["--still"]).await
    }

    async fn run(options: &Options, database: &Database, folder: &Path, words: &[&str]) -> Demo {
        let mut program = options.program(database, folder);
        program.args(["demo", "--database", database.url()]);
        program.args(words);
        // Whatever the settings name: a demo has a database of its own.
        program.env("CONVO_DATABASE__URL", "sqlite://not-this-one.db");
        let process = Process::start(program);
        let after = |line: &str, mark: &str| line.split_once(mark).map(|(_, rest)| rest.to_owned());
        let base = process.line(|line| after(line, "listening on ")).await;
        let key = process.line(|line| after(line, "shown once: ")).await;
        let (Some(base), Some(key)) = (base, key) else {
            panic!("no demo:\n{}\n{}", process.stdout(), process.stderr());
        };
        Demo {
            api: Api::new(&base, Some(&key)).under_contract().await,
            said: process.stdout(),
            process,
        }
    }

    async fn stop(mut self) -> ExitStatus {
        self.process.signal("TERM");
        self.process.end().await
    }
}

/// What must be the same every time: no ids, and no times.
#[derive(Debug, PartialEq)]
struct Content {
    conversations: BTreeMap<String, Vec<String>>,
    messages: BTreeSet<Vec<String>>,
    stages: BTreeMap<String, Vec<String>>,
    reviews: Vec<String>,
    suppressions: BTreeSet<Vec<String>>,
}

fn words(value: &Value, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| value[*name].to_string()).collect()
}

async fn content(api: &Api) -> Content {
    let (mut stages, mut emails) = (BTreeMap::new(), BTreeMap::new());
    for lead in api.items("/api/leads").await {
        let email = text(&lead["email"]);
        emails.insert(text(&lead["id"]), email.clone());
        stages.insert(email, words(&lead, &["currentStage", "highestStage"]));
    }
    let (mut conversations, mut messages) = (BTreeMap::new(), BTreeSet::new());
    for conversation in api.items("/api/conversations").await {
        let id = text(&conversation["id"]);
        let names = ["subject", "currentState", "outcome", "version", "awaiting"];
        let known = emails[&text(&conversation["leadId"])].clone();
        conversations.insert(known, words(&conversation, &names));
        for message in api.items(&format!("{STATE}/{id}/messages")).await {
            let names = [
                "messageId",
                "parentMessageId",
                "direction",
                "author",
                "kind",
                "sequenceNumber",
                "replyText",
            ];
            messages.insert(words(&message, &names));
        }
    }
    let reviews = api.items("/api/review").await;
    let suppressions = api.items("/api/suppressions").await;
    Content {
        conversations,
        messages,
        stages,
        reviews: reviews.iter().map(|item| text(&item["reason"])).collect(),
        suppressions: suppressions
            .iter()
            .map(|one| words(one, &["address", "reason", "scope"]))
            .collect(),
    }
}

async fn a_week_of_life_is_there_at_once_and_always_the_same(options: Options) {
    let options = options.with("CONVO_AUTH__BOOTSTRAP_KEY", "");
    let folder = guardian::folder();
    let database = Arc::new(Database::create(options.kind()).await);
    let began = Instant::now();
    let demo = Demo::start(&options, &database, &folder).await;
    assert!(began.elapsed() < Duration::from_secs(60));
    let overview = format!("{STATE}/dashboard/overview");
    let overview = demo.api.get(&overview).await.ok();
    for state in STATES {
        let count = overview["stateDistribution"][state].as_u64();
        assert!(count > Some(0), "{state}: {overview:#}");
    }
    let first = content(&demo.api).await;
    let present: BTreeSet<&str> = first.stages.values().map(|both| both[0].as_str()).collect();
    for stage in STAGES {
        assert!(present.contains(&*format!("\"{stage}\"")), "{stage}");
    }
    assert!((55..=70).contains(&first.stages.len()));
    for reason in ["opt_out", "complaint", "hard_bounce"] {
        let known = first.suppressions.iter();
        assert!(known.clone().any(|one| one[1].contains(reason)), "{reason}");
    }
    let kinds = |kind: &str| {
        let mut each = first.messages.iter();
        each.any(|message| message[4].contains(kind))
    };
    assert!(kinds("out_of_office"));
    details(&demo.api).await;
    assert!(demo.stop().await.success());
    let verify = ["verify"];
    options.command(&database, &folder, &verify).await.ok();
    assert!(!folder.join("not-this-one.db").exists());

    let other = Arc::new(Database::create(options.kind()).await);
    let demo = Demo::start(&options, &other, &guardian::folder()).await;
    let second = content(&demo.api).await;
    assert_eq!(first, second, "the same story");
    assert!(demo.stop().await.success());

    // A demo that is there is opened, with a key for whoever looks now.
    let demo = Demo::start(&options, &database, &folder).await;
    assert!(demo.said.contains("there already"), "{}", demo.said);
    assert_eq!(content(&demo.api).await.messages, first.messages);
    let keys = demo.api.items("/api/keys").await;
    let active = keys.iter().filter(|key| key["revokedAt"].is_null());
    assert_eq!(active.count(), 1);
    assert!(demo.stop().await.success());
}

async fn the_story_goes_on_while_somebody_looks(options: Options) {
    let options = options.with("CONVO_AUTH__BOOTSTRAP_KEY", "");
    let database = Database::create(options.kind()).await;
    let demo = Demo::run(&options, &database, &guardian::folder(), &[]).await;
    let head = demo.api.get("/api/events?limit=1").await.ok()["head"].as_u64();
    let path = format!("/api/events?after={}", head.unwrap());
    eventually("something happens", async || {
        let page = demo.api.get(&path).await.ok();
        let mut rows = page["items"].as_array()?.iter();
        rows.any(|row| row["data"]["event"] == "opened")
            .then_some(())
    })
    .await;
    // It does not keep the server from ending.
    assert!(demo.stop().await.success());
}

/// What a newcomer finds beside the lists.
async fn details(api: &Api) {
    let reviews = api.items("/api/review").await;
    let matched = |item: &&Value| {
        item["likelyMatches"]
            .as_array()
            .is_some_and(|all| !all.is_empty())
    };
    assert!(reviews.iter().filter(matched).count() >= 2, "{reviews:#?}");
    assert!(reviews.len() >= 4);
    let unmatched = "/api/webhook-receipts?status=unmatched";
    assert_eq!(api.items(unmatched).await.len(), 1);
    for status in ["failed", "dead"] {
        let path = format!("/api/webhook-receipts?status={status}");
        assert!(api.items(&path).await.is_empty());
    }
    let agents = api.items("/api/agents").await;
    assert_eq!(agents.len(), 4);
    let mut offers = 0;
    for agent in &agents {
        let path = format!("/api/agents/{}/offers", text(&agent["id"]));
        offers += api.items(&path).await.len();
    }
    assert!(offers >= 1, "somebody is asked now");
    assert!(api.items("/api/campaigns").await.len() >= 3);
    let log = api.log_after(0).await;
    let told = |what: &str| {
        let mut rows = log.iter();
        rows.any(|row| row["data"]["action"] == what || row["data"]["event"] == what)
    };
    for what in [
        "offered",
        "accepted",
        "declined",
        "expired",
        "touched",
        "completed",
    ] {
        assert!(told(what), "{what}");
    }
    let reopened = log
        .iter()
        .any(|row| row["data"]["fromState"] == "CLOSED" && row["data"]["toState"] == "ENGAGED");
    assert!(reopened, "somebody comes back");
    let mut outcomes = BTreeSet::new();
    let mut machine = 0;
    for conversation in api.items("/api/conversations").await {
        outcomes.insert(text_or_none(&conversation["outcome"]));
        let status = api.status(&text(&conversation["id"])).await;
        machine += status["integrationStatus"]["email"]["machineOpens"]
            .as_u64()
            .unwrap_or(0);
    }
    assert!(machine >= 5, "machines open mails too");
    for outcome in ["won", "lost", "appointment", "opted_out", "unreachable"] {
        assert!(outcomes.contains(outcome), "{outcome}: {outcomes:?}");
    }
}

fn text_or_none(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

async fn what_is_no_demo_is_left_alone(options: Options) {
    let server = options.start().await;
    server.contact("ada@customer.example").await;
    let database = Arc::clone(server.database());
    let run = ["demo", "--database", database.url()];
    let refused = server.command(&run).await;
    assert_eq!(refused.status.code(), Some(1), "{refused:#?}");
    assert!(refused.stderr.contains("not empty"), "{}", refused.stderr);
    assert_eq!(server.items("/api/leads").await.len(), 1);

    // From elsewhere nobody gets a key for nothing.
    let open = server.options().clone();
    let open = open.with("CONVO_AUTH__BOOTSTRAP_KEY", "");
    let open = open.with("CONVO_SERVER__BIND", "0.0.0.0:0");
    let other = Database::create(open.kind()).await;
    let run = ["demo", "--database", other.url()];
    let refused = open.command(&other, server.folder(), &run).await;
    assert_eq!(refused.status.code(), Some(1), "{refused:#?}");
}
