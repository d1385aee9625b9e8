//! What was acknowledged against what is stored.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use convo_tests::records::STATE;
use convo_tests::{Api, eventually, together};
use serde_json::Value;

use crate::follower::Follower;
use crate::load::Load;
use crate::op::{Fact, Kept, Person};
use crate::world::World;

/// The result of a run.
#[derive(Clone, Debug, Default)]
pub struct Count {
    pub acknowledged: usize,
    pub faults: usize,
    pub lost: usize,
    pub doubled: usize,
    pub holes: usize,
}

impl Count {
    pub fn add(&mut self, other: &Count) {
        self.acknowledged += other.acknowledged;
        self.faults += other.faults;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.holes += other.holes;
    }

    pub fn is_clean(&self) -> bool {
        (self.lost, self.doubled, self.holes) == (0, 0, 0)
    }

    /// So many were wanted and so many are there; says so where they differ.
    fn compare(&mut self, what: &str, of: &str, wanted: usize, found: usize) {
        if wanted != found {
            println!("{what} of {of}: {wanted} acknowledged, {found} stored");
        }
        self.lost += wanted.saturating_sub(found);
        self.doubled += found.saturating_sub(wanted);
    }
}

/// Reads everything back, and has the program check itself.
pub async fn count(
    world: &mut World,
    load: &Load,
    followers: impl IntoIterator<Item = Follower>,
    faults: usize,
) -> Count {
    let api = world.api();
    let (people, kept) = load.result();
    let mut count = Count {
        acknowledged: load.acknowledged.load(Ordering::SeqCst),
        faults,
        doubled: load.unlike.load(Ordering::SeqCst),
        ..Count::default()
    };
    receipts(world, &kept, &mut count).await;
    let mut of: HashMap<String, Vec<Fact>> = HashMap::new();
    for Kept { person, fact } in kept {
        of.entry(person.lead.clone()).or_default().push(fact);
    }
    let audits = people.into_iter().map(|person| {
        let facts = of.remove(&person.lead).unwrap_or_default();
        let api = api.clone();
        async move { Audit::of(api, person).await.compare(facts).await }
    });
    let mut audits: Vec<_> = audits.collect();
    while !audits.is_empty() {
        let some = audits.split_off(audits.len().saturating_sub(8));
        for audit in together(some).await {
            count.add(&audit);
        }
    }
    let log = api.log_after(0).await;
    let page = api.get("/api/events?after=0&limit=1").await.ok();
    let head = usize::try_from(page["head"].as_u64().expect("head")).expect("a number");
    let out_of_place = log.iter().enumerate();
    let out_of_place = out_of_place.filter(|(index, row)| row["seq"] != index + 1);
    count.holes += out_of_place.count() + head.abs_diff(log.len());
    for follower in followers {
        count.holes += follower.holes(&log).await;
    }
    let verified = world.server().command(&["verify"]).await;
    if !verified.status.success() {
        println!("verify: {}{}", verified.stdout, verified.stderr);
        count.lost += 1;
    }
    count
}

/// Each webhook has one receipt, and none of them failed for good.
async fn receipts(world: &mut World, kept: &[Kept], count: &mut Count) {
    let database = Arc::clone(world.server().database());
    // What failed when the database went away in its middle is tried again by the server itself.
    eventually("failed receipts are worked on", async || {
        let failed = "SELECT count(*) FROM webhook_receipts WHERE status = 'failed'";
        (database.count(failed).await == 0).then_some(())
    })
    .await;
    let number = async |sql: &str| usize::try_from(database.count(sql).await).expect("a count");
    let webhooks = kept.iter();
    let webhooks = webhooks.filter(|one| matches!(one.fact, Fact::Mail(..) | Fact::Told(_)));
    let stored = number("SELECT count(*) FROM webhook_receipts").await;
    count.compare("receipts", "webhooks", webhooks.count(), stored);
    let undone = "SELECT count(*) FROM webhook_receipts WHERE status <> 'done'";
    count.lost += number(undone).await;
}

/// All that is stored of one person.
struct Audit {
    api: Api,
    person: Arc<Person>,
    messages: Vec<Value>,
    steps: Vec<Value>,
    status: Value,
}

impl Audit {
    async fn of(api: Api, person: Arc<Person>) -> Audit {
        let path = |rest: &str| format!("{STATE}/{}/{rest}", person.conversation);
        Audit {
            messages: api.items(&path("messages")).await,
            steps: api.items(&path("transitions")).await,
            status: api.status(&person.conversation).await,
            api,
            person,
        }
    }

    async fn compare(self, facts: Vec<Fact>) -> Count {
        let mut count = Count::default();
        let of = self.person.conversation.clone();
        let mut by_rfc_id: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for message in &self.messages {
            let id = message["messageId"].as_str().expect("a Message-ID");
            by_rfc_id.entry(id).or_default().push(message);
        }
        let steps = |event: &str| {
            self.steps
                .iter()
                .filter(|row| row["event"] == event)
                .count()
        };
        let [mut inbound, mut outbound, mut moved, mut opens, mut clicks] = [0, 1, 0, 0, 0];
        for fact in facts {
            match fact {
                Fact::Mail(id, file) => {
                    inbound += 1;
                    let stored = by_rfc_id.get(id.as_str()).map_or(&[][..], Vec::as_slice);
                    count.compare("a mail", &of, 1, stored.len());
                    if let (Some(file), Some(message)) = (file, stored.first()) {
                        let id = message["id"].as_str().expect("an id");
                        let path = format!("/api/messages/{id}/attachments/1");
                        let kept = self.api.get(&path).await;
                        let same = kept.status == 200 && kept.body == file;
                        count.compare("a file", &of, 1, usize::from(same));
                    }
                }
                Fact::Said {
                    id,
                    content,
                    by_lead,
                } => {
                    if by_lead {
                        inbound += 1;
                    } else {
                        outbound += 1;
                    }
                    let with = |name: &str, value: &str| {
                        self.messages
                            .iter()
                            .filter(|one| one[name] == value)
                            .count()
                    };
                    count.compare("a message", &of, 1, with("id", &id));
                    count.compare("a text", &of, 1, with("content", &content));
                }
                Fact::Moved { id, number } => {
                    moved += 1;
                    let with = |test: &dyn Fn(&Value) -> bool| {
                        self.steps.iter().filter(|row| test(row)).count()
                    };
                    let known = with(&|row| row["transitionId"] == id);
                    count.compare("a transition", &of, 1, known);
                    let numbered = with(&|row| row["metadata"]["number"] == number);
                    count.compare("a step", &of, 1, numbered);
                }
                Fact::Told("opened") => opens += 1,
                Fact::Told("clicked") => clicks += 1,
                Fact::Told(_) => {}
            }
        }
        let number = |value: &Value| usize::try_from(value.as_u64().unwrap_or(0)).expect("small");
        let analytics = &self.status["analytics"];
        let email = &self.status["integrationStatus"]["email"];
        let by_request = self.steps.iter();
        let by_request = by_request.filter(|row| row["metadata"]["number"].is_u64());
        for (what, wanted, found) in [
            ("messages", inbound + outbound, self.messages.len()),
            ("inbound", inbound, number(&analytics["inboundCount"])),
            ("outbound", outbound, number(&analytics["outboundCount"])),
            ("replies", inbound, steps("LEAD_REPLIED")),
            ("first mails", 1, steps("FIRST_EMAIL_SENT")),
            ("steps", moved, by_request.count()),
            (
                "versions",
                self.steps.len(),
                number(&self.status["version"]),
            ),
            (
                "opens",
                opens,
                number(&email["opens"]) + number(&email["machineOpens"]),
            ),
            (
                "clicks",
                clicks,
                number(&email["clicks"]) + number(&email["machineClicks"]),
            ),
        ] {
            count.compare(what, &of, wanted, found);
        }
        count
    }
}
