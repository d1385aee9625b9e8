//! Imports: order, repetition, power cuts, rows, and what is refused.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Duration, Utc};
use convo_tests::process::Process;
use convo_tests::{Database, Finished, Kind, Mail, Options, eventually, guardian, on_both};
use serde_json::{Value, json};

on_both!(
    the_order_of_files_does_not_matter,
    killed_and_run_again_is_one_whole_run,
    a_second_run_changes_nothing,
    rows_of_every_type_come_in_by_spreadsheet,
    a_dry_run_stores_nothing,
);

pub(crate) const OURS: &str = "sales@dealer.example";

/// Long ago, but not so long that texts of closed conversations are no longer kept.
fn began() -> DateTime<Utc> {
    static BEGAN: OnceLock<DateTime<Utc>> = OnceLock::new();
    let today = || {
        Utc::now()
            .date_naive()
            .and_hms_opt(9, 0, 0)
            .unwrap()
            .and_utc()
    };
    *BEGAN.get_or_init(|| today() - Duration::days(300))
}

/// What a sender has written and got over some weeks: answers, an absence, an opt-out, a bounce,
/// mail without an id or a date, ties, and a machine that nobody knows.
fn archive(customers: usize) -> Vec<Mail> {
    let mut mails = Vec::new();
    for number in 0..customers {
        let who = format!("person-{number}@customer-{number}.example");
        let at = |hours: i64| began() + Duration::hours(hours) + Duration::minutes(number as i64);
        let id = |part: &str| format!("{part}.{number}@archive.example");
        let hello = Mail::new(OURS, "Your new car", "Hello, may I make you an offer?")
            .to(&who)
            .identified(&id("hello"))
            .dated(at(0));
        let texts = [
            "I am interested, what is the price?",
            "Can I book a test drive?",
            "I want to buy it this week.",
        ];
        let mut last = hello.message_id.clone();
        mails.push(hello);
        for (turn, text) in (0_i64..).zip(texts).take(1 + number % 3) {
            let reply = Mail::new(&who, "Re: Your new car", text)
                .identified(&id(&format!("reply-{turn}")))
                .answering(&last)
                .dated(at(1 + 24 * turn));
            let ours = Mail::new(OURS, "Re: Your new car", "With pleasure.")
                .to(&who)
                .identified(&id(&format!("ours-{turn}")))
                .answering(&reply.message_id)
                // Written in the same second as what it answers.
                .dated(at(1 + 24 * turn));
            last.clone_from(&ours.message_id);
            mails.extend([reply, ours]);
        }
        mails.push(
            match number % 4 {
                0 => Mail::new(&who, "Re: Your new car", "Please unsubscribe me.").dated(at(100)),
                1 => Mail::new(&who, "Out of office", "I am away until 1 June 2024.")
                    .header("Auto-Submitted", "auto-replied")
                    .answering(&last)
                    .dated(at(100)),
                2 => Mail::new(
                    &format!("robot-{number}@elsewhere.example"),
                    "Received",
                    "Ticket 17",
                )
                .header("Auto-Submitted", "auto-generated")
                .dated(at(100)),
                _ => Mail::new(&who, "Something else", "By the way, do you have trailers?")
                    .dated(at(200)),
            }
            .identified(&id("end")),
        );
    }
    mails
}

pub(crate) fn mbox(mails: &[Mail]) -> PathBuf {
    let path = guardian::folder().join("archive.mbox");
    fs::write(&path, mails.iter().map(Mail::mbox).collect::<String>()).unwrap();
    path
}

pub(crate) async fn run(options: &Options, database: &Database, arguments: &[&str]) -> Finished {
    options
        .command(database, &guardian::folder(), arguments)
        .await
}

/// Imports with the usual words; the report.
async fn import(options: &Options, database: &Database, files: &[&Path]) -> Value {
    let words = words(files);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    serde_json::from_str(run(options, database, &words).await.ok()).unwrap()
}

fn words(files: &[&Path]) -> Vec<String> {
    let mut words = vec![
        "import".to_owned(),
        "--our-address".to_owned(),
        OURS.to_owned(),
    ];
    words.extend(files.iter().map(|file| file.display().to_string()));
    words
}

/// Everything people see, without the ids that every run draws anew.
pub(crate) async fn picture(
    options: &Options,
    database: &Arc<Database>,
) -> BTreeMap<String, Value> {
    run(options, database, &["verify"]).await.ok();
    let server = options.clone().over(database).start().await;
    let mut seen = BTreeMap::new();
    for lead in server.items("/api/leads").await {
        let mut lead = lead;
        strip(&mut lead);
        seen.insert(format!("lead {}", lead["email"]), lead);
    }
    for conversation in server.items("/api/conversations").await {
        let id = conversation["id"].as_str().unwrap();
        let path = |rest: &str| format!("/api/conversation-state/{id}/{rest}");
        let mut all = json!({
            "record": conversation,
            "status": server.status(id).await,
            "messages": server.items(&path("messages")).await,
            "transitions": server.items(&path("transitions")).await,
            "tree": server.get(&path("thread-tree")).await.ok(),
        });
        strip(&mut all);
        let first = &all["messages"][0]["messageId"];
        let before = seen.insert(format!("conversation {first}"), all.clone());
        assert!(before.is_none(), "{first} is stored twice");
    }
    for item in server.items("/api/review").await {
        let mut item = item;
        strip(&mut item);
        let known = seen.entry(format!("review {item}")).or_insert(json!(0));
        *known = json!(known.as_u64().unwrap() + 1);
    }
    let suppressions = server.items("/api/suppressions").await;
    seen.insert("suppressions".to_owned(), json!(suppressions.len()));
    seen
}

/// Takes away what every run or file has of its own: ids, the times at which it ran, ends of lines.
fn strip(value: &mut Value) {
    match value {
        Value::String(text) => {
            let id = text.len() == 36 && text.matches('-').count() == 4;
            let time = text.parse::<DateTime<Utc>>().ok();
            let fresh = time.is_some_and(|time| Utc::now() - time < Duration::hours(1));
            if id || fresh || text.starts_with("message:") {
                text.clear();
            }
            // A mailbox has other ends of lines, and a blank one between mails.
            *text = text.replace("\r\n", "\n").trim_end().to_owned();
        }
        Value::Array(all) => all.iter_mut().for_each(strip),
        Value::Object(all) => all.values_mut().for_each(strip),
        _ => {}
    }
}

#[track_caller]
pub(crate) fn equal(one: &BTreeMap<String, Value>, other: &BTreeMap<String, Value>) {
    for (key, value) in one {
        let (one, other) = (flat(value), flat(other.get(key).unwrap_or(&Value::Null)));
        let differ = one
            .iter()
            .find(|(path, value)| other.get(*path) != Some(*value));
        let there = differ.and_then(|(path, _)| other.get(path));
        assert!(differ.is_none(), "{key}: {differ:?} but {there:?}");
        assert_eq!(one.len(), other.len(), "{key}");
    }
    assert_eq!(one.len(), other.len());
}

/// Every leaf with its path.
fn flat(value: &Value) -> BTreeMap<String, Value> {
    let mut leaves = BTreeMap::new();
    let mut open = vec![(String::new(), value)];
    while let Some((path, value)) = open.pop() {
        match value {
            Value::Array(all) => {
                let each = all.iter().enumerate();
                open.extend(each.map(|(at, value)| (format!("{path}/{at}"), value)));
            }
            Value::Object(all) => {
                let each = all.iter();
                open.extend(each.map(|(name, value)| (format!("{path}/{name}"), value)));
            }
            leaf => {
                leaves.insert(path, leaf.clone());
            }
        }
    }
    leaves
}

pub(crate) async fn fresh(options: &Options) -> Arc<Database> {
    Arc::new(Database::create(options.kind()).await)
}

async fn the_order_of_files_does_not_matter(options: Options) {
    let mails = archive(12);
    let (one, other) = (fresh(&options).await, fresh(&options).await);
    let report = import(&options, &one, &[&mbox(&mails)]).await;
    assert_eq!(report["mails"], mails.len());

    // The same as a folder whose names say nothing, a mailbox backwards, and copies of some.
    let folder = guardian::folder().join("mails");
    fs::create_dir(&folder).unwrap();
    let (some, rest) = mails.split_at(mails.len() / 2);
    for (number, mail) in some.iter().enumerate() {
        let name = format!("{:03}.eml", (number * 7919) % 1000);
        fs::write(folder.join(name), mail.mime()).unwrap();
    }
    let backwards: Vec<Mail> = rest
        .iter()
        .rev()
        .cloned()
        .chain(some[..5].to_vec())
        .collect();
    let report = import(&options, &other, &[&mbox(&backwards), &folder]).await;
    assert_eq!(report["duplicates"], 5, "{report}");
    equal(
        &picture(&options, &one).await,
        &picture(&options, &other).await,
    );
}

async fn killed_and_run_again_is_one_whole_run(options: Options) {
    let mails = archive(150);
    let path = mbox(&mails);
    let whole = fresh(&options).await;
    import(&options, &whole, &[&path]).await;
    let expected = picture(&options, &whole).await;
    for (stored, resume) in [(1, false), (150, true), (400, false)] {
        let database = fresh(&options).await;
        run(&options, &database, &["migrate"]).await.ok();
        let mut program = options.program(&database, &guardian::folder());
        let mut process = Process::start({
            program.args(words(&[&path]));
            program
        });
        eventually("some mail is stored", async || {
            let count = database.count("SELECT count(*) FROM messages").await;
            (count >= stored).then_some(())
        })
        .await;
        process.kill();
        run(&options, &database, &["verify"]).await.ok();
        let mut words = words(&[&path]);
        words.extend(resume.then(|| "--resume".to_owned()));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        run(&options, &database, &words).await.ok();
        equal(&expected, &picture(&options, &database).await);
    }
}

async fn a_second_run_changes_nothing(options: Options) {
    let mails = archive(12);
    let path = mbox(&mails);
    let database = fresh(&options).await;
    let first = import(&options, &database, &[&path]).await;
    assert_eq!(first["stored"], mails.len() - 3, "{first}");
    assert_eq!(first["review"], 3, "robots that nobody knows: {first}");
    let before = database.dump().await;
    let second = import(&options, &database, &[&path]).await;
    assert_eq!(second["stored"], 0, "{second}");
    assert_eq!(second["review"], 3, "{second}");
    assert_eq!(database.dump().await, before);
    let resumed = run(
        &options,
        &database,
        &["import", "--resume", path.to_str().unwrap()],
    )
    .await;
    let resumed: Value = serde_json::from_str(resumed.ok()).unwrap();
    assert_eq!(resumed["duplicates"], mails.len() - 3, "{resumed}");
    assert_eq!(database.dump().await, before);
}

async fn rows_of_every_type_come_in_by_spreadsheet(options: Options) {
    let folder = guardian::folder();
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let files = [
        write(
            "messages.csv",
            "External ID,conversationExternalId,senderId,isFromAI,content,messageType,sentAt\n\
             m1,v1,campaign,1,\"Hello, Ada\",email,2025-01-02T03:05:00Z\n\
             m2,v1,l1,0,\"Tell me more,\nplease\",email,2025-01-02T03:06:00Z\n\
             m3,nowhere,l1,0,Secret words,email,2025-01-02T03:06:00Z\n",
        ),
        write(
            "conversations.csv",
            "externalId;leadExternalId;campaignExternalId;agent;subject;state;createdAt;updatedAt\n\
             v1;l1;c1;;Hello;ACTIVE;2025-01-02T03:04:05Z;2025-01-02T03:05:30Z\n\
             v2;l2;c1;17;Hello;HANDED_OVER;2025-01-02T03:04:05Z;\n\
             v3;l2;c2;;Hello;ASLEEP;2025-01-02T03:04:05Z;\n",
        ),
        write(
            "leads.csv",
            "externalId,email,first_name,aliases,attributes.colour,createdAt\n\
             l1,ada@customer.example,Ada,ada@home.example; a@home.example,red,2024-01-01T00:00:00Z\n\
             l2,bob@customer.example,Bob,,,\n\
             l3,not an address,Carl,,,\n",
        ),
        write(
            "agents.csv",
            "externalId,name,email,capacity\n17,Grace,grace@dealer.example,5\n",
        ),
        write(
            "campaigns.jsonl",
            "{\"externalId\": 1, \"name\": \"One\"}\n{\"externalId\": \"c1\", \"name\": \"Spring\"}\nnonsense\n",
        ),
        write(
            "suppressions.csv",
            "address,reason\nnever@customer.example,opt_out\n",
        ),
    ];
    let database = fresh(&options).await;
    let errors = folder.join("errors.jsonl");
    let mut words = vec!["import", "--errors", errors.to_str().unwrap()];
    words.extend(files.iter().map(|file| file.to_str().unwrap()));
    let ran = run(&options, &database, &words).await;
    assert_eq!(ran.status.code(), Some(1), "some rows are wrong: {ran:#?}");
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&report["stored"], &report["rejected"]),
        (&json!(10), &json!(4)),
        "{report}"
    );
    let refused = fs::read_to_string(&errors).unwrap();
    let lines: Vec<Value> = refused
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let seen: Vec<_> = lines
        .iter()
        .map(|line| {
            let file = line["file"].as_str().unwrap().rsplit('/').next().unwrap();
            (
                file,
                line["line"].as_u64().unwrap(),
                line["code"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("campaigns.jsonl", 3, "malformed"),
        ("leads.csv", 4, "validation_failed"),
        ("conversations.csv", 4, "validation_failed"),
        ("messages.csv", 5, "validation_failed"),
    ];
    assert_eq!(seen, expected);
    for secret in ["Secret", "Carl", "not an address", "ASLEEP"] {
        assert!(
            !refused.contains(secret) && !ran.stderr.contains(secret),
            "{refused}"
        );
    }
    let before = database.dump().await;
    let again = run(&options, &database, &words).await;
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(
        database.dump().await,
        before,
        "a second run changes nothing"
    );
    run(&options, &database, &["verify"]).await.ok();

    let server = options.over(&database).start().await;
    let leads = server.items("/api/leads?q=ada").await;
    assert_eq!(leads[0]["aliases"].as_array().unwrap().len(), 2);
    assert_eq!(leads[0]["attributes"], json!({"colour": "red"}));
    let conversations = server.items("/api/conversations").await;
    let states: Vec<&str> = conversations
        .iter()
        .map(|one| one["currentState"].as_str().unwrap())
        .collect();
    assert_eq!(states.len(), 2);
    assert!(
        states.contains(&"ENGAGED") && states.contains(&"HANDED_OVER"),
        "{states:?}"
    );
    let log = server.log_after(0).await;
    assert!(log.iter().all(|row| row["silent"] == true), "{log:#?}");
}

async fn a_dry_run_stores_nothing(options: Options) {
    let path = mbox(&archive(8));
    let database = fresh(&options).await;
    run(&options, &database, &["migrate"]).await.ok();
    let before = database.dump().await;
    let words = [
        "import",
        "--dry-run",
        "--our-address",
        OURS,
        path.to_str().unwrap(),
    ];
    let ran = run(&options, &database, &words).await;
    let report: Value = serde_json::from_str(ran.ok()).unwrap();
    assert_eq!(database.dump().await, before);
    assert_eq!(report["would"]["leads"], 8, "{report}");
    assert_eq!(report["would"]["reviews"], 2, "{report}");
    assert_eq!(report["would"]["messages"], report["stored"], "{report}");
    let real = import(&options, &database, &[&path]).await;
    assert_eq!(real["stored"], report["stored"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_mail_is_told_apart() {
    let options = Options::on(Kind::Sqlite);
    let database = fresh(&options).await;
    let folder = guardian::folder();
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    write("empty.eml", "\n \n");
    write("good.eml", &archive(1)[0].mime());
    write("image.eml", "\u{1}\0PNG\0\0");
    let errors = folder.join("errors");
    let words = [
        "import",
        "--errors",
        errors.to_str().unwrap(),
        "--our-address",
        OURS,
        folder.to_str().unwrap(),
    ];
    let ran = run(&options, &database, &words).await;
    assert_eq!(ran.status.code(), Some(1));
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let counts = ["stored", "review", "rejected"].map(|name| report[name].as_u64().unwrap());
    assert_eq!(counts, [1, 1, 1], "{report}");
    let refused = fs::read_to_string(&errors).unwrap();
    assert!(
        refused.contains("empty.eml") && refused.contains("no_mail"),
        "{refused}"
    );
    let unknown = ["import", "--campaign", "nowhere", folder.to_str().unwrap()];
    let ran = run(&options, &database, &unknown).await;
    assert_eq!(ran.status.code(), Some(1));
    assert!(ran.stderr.contains("--campaign"), "{}", ran.stderr);
}

/// The largest mailbox of the corpus, whole and in pieces.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_mailbox_comes_in_the_same_way_twice() {
    let Some(corpus) = std::env::var_os("CONVO_MAIL_CORPUS") else {
        println!("skipped: CONVO_MAIL_CORPUS is not set");
        return;
    };
    let options = Options::on(Kind::Sqlite);
    let path = PathBuf::from(corpus).join("threads/sa-other1");
    let database = fresh(&options).await;
    let words = [
        "import",
        "--our-address",
        "tim.one@comcast.net",
        path.to_str().unwrap(),
    ];
    let first = run(&options, &database, &words).await;
    let report: Value = serde_json::from_str(first.ok()).unwrap();
    assert!(report["stored"].as_u64().unwrap() > 100, "{report}");
    run(&options, &database, &["verify"]).await.ok();
    let before = database.dump().await;
    run(&options, &database, &words).await.ok();
    assert_eq!(database.dump().await, before);
}
