//! The whole story, undisturbed and with the server killed at ten random points: the audit, the mails and the end are
//! the same.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use convo_tests::mailgun::{Event, Signature};
use convo_tests::played::{PlayedMailgun, SentMail};
use convo_tests::records::{Contact, id, text};
use convo_tests::{Api, Mail, Options, Server, eventually, on_both};
use serde_json::{Value, json};

use super::let_pass;

on_both!(the_story_ends_the_same_however_often_the_server_is_killed);

/// The lead's mails, each after one of ours.
const TALK: [(&str, &str); 3] = [
    (
        "Have you thought about a new car?",
        "I'm interested, tell me more",
    ),
    ("It is fast. Shall we meet?", "Can I book a test drive?"),
    ("Any day you like.", "I want to buy it this week"),
];
const STEPS: usize = 15;
const KILLS: usize = 10;

/// The server was killed before it answered.
struct Lost;

type Told<T> = Result<T, Lost>;

/// What a run knows, beside the server: all of it is sent again after a kill, byte by byte.
struct Story {
    contact: Contact,
    ann: String,
    bob: String,
    mailgun: PlayedMailgun,
    signatures: Vec<Signature>,
    mails: BTreeMap<usize, Mail>,
    events: BTreeMap<usize, Event>,
    score: Option<Value>,
}

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
struct End {
    audit: Vec<[String; 7]>,
    mails: BTreeSet<[String; 3]>,
    told: Vec<String>,
    status: Value,
}

impl Story {
    async fn begin(server: &Server, mailgun: PlayedMailgun) -> Story {
        let ann = server.agent("ann@dealer.example").await;
        let bob = server.agent("bob@dealer.example").await;
        Story {
            contact: in_campaign(server, "ada@customer.example").await,
            ann,
            bob,
            mailgun,
            signatures: (0..STEPS).map(|_| Signature::new()).collect(),
            mails: BTreeMap::new(),
            events: BTreeMap::new(),
            score: None,
        }
    }

    /// Mails by their Message-IDs, in the order in which each was taken first; one taken twice is the same mail.
    fn sent(&self) -> Vec<SentMail> {
        let mut known: Vec<SentMail> = Vec::new();
        for mail in self.mailgun.sent() {
            match known
                .iter()
                .find(|other| other.message_id() == mail.message_id())
            {
                Some(other) => assert_eq!(*other, mail, "another mail under the same id"),
                None => known.push(mail),
            }
        }
        known
    }

    async fn taken(&self, count: usize) -> Vec<SentMail> {
        eventually(&format!("{count} mails are sent"), async || {
            let sent = self.sent();
            (sent.len() >= count).then_some(sent)
        })
        .await
    }

    fn to(&self, address: &str) -> Vec<SentMail> {
        let sent = self.sent().into_iter();
        sent.filter(|mail| mail.the("to") == address).collect()
    }

    async fn step(&mut self, step: usize, server: &Server, api: &Api) -> Told<()> {
        let lead = self.contact.email.clone();
        match step {
            // Three times: we write, it arrives, the lead answers.
            0 | 4 | 6 => {
                let (ours, _) = TALK[step.saturating_sub(2) / 2];
                let body = json!({"author": "ai", "text": ours});
                self.post(api, step, "send", body).await?;
                let before = self.to(&lead).len();
                let wanted = [0, 4, 6].iter().filter(|one| **one <= step).count();
                if before < wanted {
                    self.taken(wanted).await;
                }
            }
            1 => {
                let mail = self.to(&lead).remove(0);
                let event = self
                    .events
                    .entry(step)
                    .or_insert_with(|| mail.event(Event::delivered));
                told(api, event, &self.signatures[step]).await?;
            }
            2 => {
                // A scanner opens every mail at once.
                let before = engagement(api, &self.contact).await?;
                let mail = self.to(&lead).remove(0);
                let event = self.events.entry(step).or_insert_with(|| {
                    let bot = json!({"client-type": "robot", "client-name": "scanner", "bot": "generic", "user-agent": "scanner"});
                    mail.event(Event::opened).with("client-info", bot)
                });
                told(api, event, &self.signatures[step]).await?;
                let score = self.score.get_or_insert(before);
                assert_eq!(
                    engagement(api, &self.contact).await?,
                    *score,
                    "a scanner moves no score"
                );
            }
            3 | 5 | 7 => {
                let (_, theirs) = TALK[(step - 3) / 2];
                let ours = self.to(&lead).pop().expect("a mail of ours");
                let mail = Mail::new(&lead, "Re: Your new car", theirs)
                    .to(ours.the("h:Reply-To"))
                    .answering(&ours.message_id());
                self.inbound(api, step, mail).await?;
            }
            8 => {
                // The first agent is silent.
                assert_eq!(
                    self.status(api).await?["currentState"],
                    "READY_FOR_HANDOVER"
                );
                self.taken(4).await;
            }
            9 => {
                let ann = self.ann.clone();
                let offer =
                    self.status(api).await?["integrationStatus"]["handover"]["offer"].clone();
                if offer["agentId"] == ann.as_str() {
                    let_pass(server, &text(&offer["id"])).await;
                }
                eventually("the second agent is asked", async || {
                    match self.status(api).await {
                        Ok(status) => {
                            let offer = &status["integrationStatus"]["handover"]["offer"];
                            (offer["agentId"] == self.bob.as_str()).then_some(Ok(()))
                        }
                        Err(lost) => Some(Err(lost)),
                    }
                })
                .await?;
                self.taken(5).await;
            }
            10 => {
                let body = json!({"agentId": self.bob});
                self.post(api, step, "handover/accept", body).await?;
            }
            11 => {
                // The first touch, from the agent's own mail program.
                let notice = self.to("bob@dealer.example").remove(0);
                let body = "Come on Friday, I will be there.\n\nBob";
                let mail = Mail::new("bob@dealer.example", "Re: offer", body)
                    .to(notice.the("h:Reply-To"))
                    .answering(&notice.message_id());
                self.inbound(api, step, mail).await?;
                self.taken(6).await;
            }
            12 => {
                let ours = self.to(&lead).pop().expect("a mail of ours");
                let mail = Mail::new(&lead, "Re: Your new car", "Friday it is. Thank you!")
                    .to(ours.the("h:Reply-To"))
                    .answering(&ours.message_id());
                self.inbound(api, step, mail).await?;
                self.taken(7).await;
            }
            13 => {
                let body =
                    json!({"agentId": self.bob, "channel": "phone", "note": "came and bought it"});
                self.post(api, step, "handover/touch", body).await?;
            }
            _ => {
                let body = json!({
                    "event": "CONVERSATION_COMPLETED", "triggeredBy": "bob", "metadata": {"outcome": "won"},
                });
                self.post(api, step, "transition", body).await?;
            }
        }
        Ok(())
    }

    async fn status(&self, api: &Api) -> Told<Value> {
        get(api, &self.contact.path("status")).await
    }

    /// Under a key of its own: again it is the same request.
    async fn post(&self, api: &Api, step: usize, rest: &str, body: Value) -> Told<Value> {
        let call = api.call("POST", &self.contact.path(rest)).json(&body);
        let call = call.header("Idempotency-Key", &format!("step-{step}"));
        let answer = call.attempt().await.map_err(|_| Lost)?;
        assert!(matches!(answer.status, 200 | 202), "{answer:?}");
        Ok(answer.json())
    }

    async fn inbound(&mut self, api: &Api, step: usize, mail: Mail) -> Told<()> {
        let mail = self.mails.entry(step).or_insert(mail);
        let answer = api
            .inbound_call(mail, &self.signatures[step])
            .attempt()
            .await;
        answer.map_err(|_| Lost)?.ok();
        Ok(())
    }

    async fn end(&self, server: &Server) -> End {
        let contact = Contact {
            api: server.api(),
            ..self.contact.clone()
        };
        let audit = contact.transitions().await;
        let audit = audit.iter().map(|row| {
            let names = [
                "event",
                "fromState",
                "newState",
                "version",
                "triggeredBy",
                "actor",
                "cause",
            ];
            // Ids are of one run: of an actor and a cause its kind is the same.
            names.map(|name| {
                let value = row[name].to_string();
                value.split(':').next().unwrap_or_default().to_owned()
            })
        });
        let mails = self.sent().into_iter().map(|mail| {
            // All it says, but what is signed for one run or stands for its time.
            let lines = mail.the("text").lines();
            let of_run = ["Accept: ", "Decline: ", "Until: "];
            let lines = lines.filter(|line| !of_run.iter().any(|word| line.starts_with(word)));
            let body = lines.collect::<Vec<_>>().join("\n");
            // Dates of mails have whole seconds: whether our last word came after a question is chance here.
            let body = body.replace("Open questions:\n- Can I book a test drive?\n\n", "");
            [
                mail.the("to").to_owned(),
                mail.the("subject").to_owned(),
                body,
            ]
        });
        let log = server.log_after(0).await;
        let told = log.iter().filter(|row| row["type"] == "handover_event");
        let mut status = contact.status().await;
        for name in [
            "conversationId",
            "leadId",
            "campaignId",
            "assignedAgentId",
            "lastUpdated",
            "flags",
        ] {
            status.as_object_mut().unwrap().remove(name);
        }
        let analytics = status["analytics"].as_object_mut().unwrap();
        analytics.remove("averageResponseMinutes");
        analytics.remove("lastActivityAt");
        status["integrationStatus"] = json!({
            "email": status["integrationStatus"]["email"]["deliveryStatus"],
            "machineOpens": status["integrationStatus"]["email"]["machineOpens"],
            "handover": status["integrationStatus"]["handover"]["status"],
        });
        let sent = self.sent().len();
        let end = End {
            audit: audit.collect(),
            mails: mails.collect(),
            told: told.map(|row| text(&row["data"]["action"])).collect(),
            status,
        };
        assert_eq!(sent, end.mails.len(), "each mail once by its Message-ID");
        end
    }
}

/// A lead with a conversation in a campaign.
async fn in_campaign(server: &Server, email: &str) -> Contact {
    let (lead, campaign) = (server.lead(email).await, server.campaign("Spring").await);
    let body = json!({"leadId": lead, "campaignId": campaign, "subject": "Your new car"});
    let made = server.post("/api/conversations", body).await.expect(201);
    Contact {
        api: server.api(),
        lead,
        email: email.to_owned(),
        id: id(&made),
    }
}

async fn get(api: &Api, path: &str) -> Told<Value> {
    let answer = api.call("GET", path).attempt().await;
    Ok(answer.map_err(|_| Lost)?.ok())
}

async fn engagement(api: &Api, contact: &Contact) -> Told<Value> {
    let status = get(api, &contact.path("status")).await?;
    Ok(status["analytics"]["engagementScore"].clone())
}

async fn told(api: &Api, event: &Event, signature: &Signature) -> Told<()> {
    let body = json!({
        "signature": {
            "timestamp": signature.timestamp, "token": signature.token, "signature": signature.signature,
        },
        "event-data": event.0,
    });
    let call = api
        .with_key(None)
        .call("POST", "/api/webhooks/mailgun/events")
        .json(&body);
    call.attempt().await.map_err(|_| Lost)?.ok();
    Ok(())
}

/// Small numbers that nobody expects, from one that is printed.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        // Source: Marsaglia, "Xorshift RNGs".
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// How a run ended, how long each step took, and how many kills came before their step was done.
struct Run {
    end: End,
    took: Vec<Duration>,
    hits: usize,
}

async fn run(options: Options, kills: &BTreeMap<usize, Duration>) -> Run {
    let (mut took, mut hits) = (Vec::with_capacity(STEPS), 0);
    let mailgun = PlayedMailgun::start().await;
    let mut server = options.sending(&mailgun).start().await;
    let mut story = Story::begin(&server, mailgun).await;
    for step in 0..STEPS {
        let began = Instant::now();
        let mut kill = kills.get(&step).copied();
        loop {
            let api = server.api();
            let Some(after) = kill.take() else {
                if story.step(step, &server, &api).await.is_ok() {
                    break;
                }
                server = server.restart().await;
                continue;
            };
            let finished = {
                let work = story.step(step, &server, &api);
                tokio::time::timeout(after, work).await
            };
            server.kill9();
            server = server.restart().await;
            if matches!(finished, Ok(Ok(()))) {
                break;
            }
            hits += 1;
        }
        took.push(began.elapsed());
    }
    let end = story.end(&server).await;
    server.verify().await;
    Run { end, took, hits }
}

async fn the_story_ends_the_same_however_often_the_server_is_killed(options: Options) {
    let Run {
        end: undisturbed,
        took,
        ..
    } = run(options.clone(), &BTreeMap::new()).await;
    assert_eq!(undisturbed.status["currentState"], "CLOSED");
    assert_eq!(
        undisturbed.status["integrationStatus"]["handover"],
        "completed"
    );
    assert_eq!(undisturbed.status["outcome"], "won");
    assert_eq!(undisturbed.mails.len(), 7, "{:#?}", undisturbed.mails);
    let expected = [
        "requested",
        "offered",
        "expired",
        "offered",
        "accepted",
        "touched",
        "touched",
        "completed",
    ];
    assert_eq!(undisturbed.told, expected);
    let seed =
        u64::from_str_radix(&uuid::Uuid::new_v4().simple().to_string()[..15], 16).unwrap() | 1;
    println!("seed {seed}");
    let mut dice = Dice(seed);
    let mut kills = BTreeMap::new();
    while kills.len() < KILLS {
        let step = usize::try_from(dice.throw(STEPS as u64)).unwrap();
        // Before anything of the step, in the middle of it, or when it is nearly done.
        let whole = u64::try_from(took[step].as_micros()).unwrap();
        let after = Duration::from_micros(dice.throw(whole.max(1)));
        kills.insert(step, after);
    }
    let disturbed = run(options, &kills).await;
    assert_eq!(disturbed.end, undisturbed, "{kills:?}");
    assert!(
        disturbed.hits > 0,
        "no kill came before a step was done: {kills:?}"
    );
}
