//! Any sequence of commands, whoever they come from, keeps what must always hold.

use std::collections::HashSet;

use chrono::{Duration, Utc};
use convo_tests::mailgun::Event;
use convo_tests::records::{Contact, text};
use convo_tests::{Mail, Options, Server, on_both};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

on_both!(any_sequence_keeps_every_invariant);

const SEQUENCES: usize = 60;
const EVENTS: [&str; 10] = [
    "FIRST_EMAIL_SENT",
    "LEAD_REPLIED",
    "ENGAGEMENT_INCREASED",
    "QUALIFICATION_CRITERIA_MET",
    "HANDOVER_REQUESTED",
    "HUMAN_AGENT_ASSIGNED",
    "CONVERSATION_COMPLETED",
    "CONVERSATION_ABANDONED",
    "MANUAL_ARCHIVE",
    "MADE_UP",
];
const WORDS: [&str; 8] = [
    "ok",
    "Thank you, I am interested. Tell me more about the van.",
    "Can I book a test drive on Friday, and what is the price?",
    "I want to buy it this week, do you take my old car?",
    "I am not interested.",
    "Please remove me from your mailing list.",
    "We did not order that. By the way, my neighbour asks how one can unsubscribe from your letters.",
    "",
];
const FACTS: [&str; 6] = [
    "delivered",
    "opened",
    "clicked",
    "bounced",
    "deferred",
    "complained",
];
const TYPES: [&str; 9] = [
    "email_delivered",
    "email_opened",
    "email_clicked",
    "email_bounced",
    "email_complained",
    "email_unsubscribed",
    "handover_requested",
    "agent_assigned",
    "conversation_completed",
];

/// One command; an [`Index`] picks a message among those there are by then.
#[derive(Debug, Clone)]
enum Step {
    Ask(&'static str),
    Write {
        by_agent: bool,
        note: bool,
    },
    Say(&'static str, i64, Index),
    Mail(&'static str, Index, bool),
    Fact(&'static str, i64, Index),
    Told(&'static str),
    TakeOver,
    /// For so many hours; 0 wakes.
    Snooze(i64),
    Close(&'static str),
}

fn step() -> impl Strategy<Value = Step> {
    let ago = 0_i64..5_000;
    prop_oneof![
        4 => select(&EVENTS[..]).prop_map(Step::Ask),
        3 => (any::<bool>(), prop::bool::weighted(0.2))
            .prop_map(|(by_agent, note)| Step::Write { by_agent, note }),
        4 => (select(&WORDS[..7]), ago.clone(), any::<Index>())
            .prop_map(|(words, ago, parent)| Step::Say(words, ago, parent)),
        2 => (select(&WORDS[..]), any::<Index>(), any::<bool>())
            .prop_map(|(words, parent, away)| Step::Mail(words, parent, away)),
        3 => (select(&FACTS[..]), ago, any::<Index>())
            .prop_map(|(fact, ago, about)| Step::Fact(fact, ago, about)),
        2 => select(&TYPES[..]).prop_map(Step::Told),
        1 => Just(Step::TakeOver),
        1 => (0_i64..3).prop_map(Step::Snooze),
        1 => select(&["won", "lost", "not_now", "other"][..]).prop_map(Step::Close),
    ]
}

async fn any_sequence_keeps_every_invariant(options: Options) {
    let server = options.start().await;
    let agent = server.agent("grace@dealer.example").await;
    let mut runner = TestRunner::deterministic();
    for number in 0..SEQUENCES {
        let steps = prop::collection::vec(step(), 1..30)
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let contact = server
            .contact(&format!("lead-{number}@customer.example"))
            .await;
        let mut version = 0;
        for (at, step) in steps.iter().enumerate() {
            take(&server, &contact, &agent, step).await;
            let after = contact.status().await["version"].as_u64().unwrap();
            assert!(
                after >= version,
                "step {at} of {steps:?}: {version} became {after}"
            );
            version = after;
        }
        for conversation in conversations_of(&server, &contact).await {
            whole(&conversation).await;
        }
    }
    let log = server.log_after(0).await;
    for (n, row) in (1_u64..).zip(&log) {
        assert_eq!(row["seq"].as_u64(), Some(n));
    }
    server.verify().await;
}

/// Carries a step out; whatever it is refused with, it is no fault.
async fn take(server: &Server, contact: &Contact, agent: &str, step: &Step) {
    let answer = match step {
        Step::Ask(event) => return asked(contact, event, agent).await,
        Step::Write { by_agent, note } => {
            let (sender, ai) = if *by_agent {
                (agent, 0)
            } else {
                ("campaign", 1)
            };
            let kind = if *note { "note" } else { "email" };
            let body = json!({"senderId": sender, "content": "What about Tuesday?", "messageType": kind, "isFromAI": ai});
            contact.post("process-message", body).await
        }
        Step::Say(words, ago, parent) => {
            let sent = Utc::now() - Duration::minutes(*ago);
            let headers = json!({"In-Reply-To": named(contact, parent).await});
            let body = json!({"senderId": contact.lead, "content": words, "messageType": "email", "isFromAI": 0,
                "sentAt": sent.to_rfc3339(), "emailHeaders": headers});
            contact.post("process-message", body).await
        }
        Step::Mail(words, parent, away) => {
            let parent = named(contact, parent).await;
            let mail = Mail::new(&contact.email, "Re: Your new car", words)
                .answering(parent.trim_matches(['<', '>']));
            let mail = match away {
                true => mail.header("Auto-Submitted", "auto-replied"),
                false => mail,
            };
            server.inbound(&mail).await
        }
        Step::Fact(fact, ago, about) => {
            let id = named(contact, about).await;
            let (id, to) = (id.trim_matches(['<', '>']), contact.email.as_str());
            let event = match *fact {
                "delivered" => Event::delivered(id, to),
                "opened" => Event::opened(id, to),
                "clicked" => Event::clicked(id, to),
                "bounced" => Event::bounced(id, to),
                "deferred" => Event::deferred(id, to),
                _ => Event::complained(id, to),
            };
            server
                .event(&event.at(Utc::now() - Duration::minutes(*ago)))
                .await
        }
        Step::Told(kind) => {
            let body =
                json!({"type": kind, "source": "another system", "metadata": {"agentId": agent}});
            contact.post("integration-event", body).await
        }
        Step::TakeOver => {
            let body = json!({"agentId": agent, "reason": "an old friend"});
            contact.post("take-over", body).await
        }
        Step::Snooze(hours) => {
            let until = Utc::now() + Duration::hours(*hours);
            let until = (*hours > 0).then(|| until.to_rfc3339());
            contact.post("snooze", json!({"until": until})).await
        }
        Step::Close(outcome) => {
            let path = format!("/api/conversations/{}", contact.id);
            let later = Utc::now() + Duration::days(30);
            let body = json!({"outcome": outcome, "followUpAt": later.to_rfc3339()});
            contact.api.patch(&path, body).await
        }
    };
    assert!(
        matches!(answer.status, 200 | 409 | 422),
        "{step:?}: {answer:?}"
    );
}

/// `validate-transition` says what `transition` then does.
async fn asked(contact: &Contact, event: &str, agent: &str) {
    let body = json!({"event": event, "triggeredBy": "test", "metadata": {"agentId": agent}});
    let said = contact.post("validate-transition", body.clone()).await;
    let done = contact.post("transition", body).await;
    if event == "MADE_UP" {
        said.problem(400, "unknown_event");
        done.problem(400, "unknown_event");
        return;
    }
    let said = said.ok()["validation"].clone();
    let done_as = done.json();
    assert_eq!(
        said["canProceed"] == true,
        done.status == 200,
        "{event}: {said} {done_as}"
    );
    if done.status == 200 {
        assert_eq!(said["toState"], done_as["newState"], "{event}");
    } else {
        assert_eq!(said["reason"], done_as["code"], "{event}");
    }
}

/// The Message-ID of one of the conversation's messages, or of none.
async fn named(contact: &Contact, index: &Index) -> String {
    let messages = contact.messages().await;
    let mut ids: Vec<String> = messages
        .iter()
        .map(|message| text(&message["messageId"]))
        .collect();
    ids.push("never-seen@elsewhere.example".to_owned());
    format!("<{}>", index.get(&ids))
}

async fn conversations_of(server: &Server, contact: &Contact) -> Vec<Contact> {
    let path = format!("/api/conversations?leadId={}", contact.lead);
    let all = server.items(&path).await;
    let open = all
        .iter()
        .filter(|one| !matches!(one["currentState"].as_str(), Some("CLOSED" | "ARCHIVED")));
    assert!(open.count() <= 1, "{all:?}");
    let each = all.iter().map(|one| Contact {
        id: text(&one["id"]),
        ..contact.clone()
    });
    each.collect()
}

/// History, tree and counts of a conversation are of one piece.
async fn whole(conversation: &Contact) {
    let status = conversation.status().await;
    let steps = conversation.transitions().await;
    let mut state = "NEW".to_owned();
    for (version, step) in (1_u64..).zip(&steps) {
        assert_eq!(step["version"].as_u64(), Some(version), "{steps:?}");
        assert_eq!(step["fromState"], state, "{steps:?}");
        state = text(&step["newState"]);
    }
    assert_eq!(status["currentState"], state);
    assert_eq!(status["version"].as_u64(), Some(steps.len() as u64));
    let messages = conversation.messages().await;
    let count = |member: &str| status["analytics"][member].as_u64().unwrap();
    assert_eq!(count("messageCount"), messages.len() as u64);
    assert_eq!(
        count("inboundCount") + count("outboundCount"),
        messages.len() as u64
    );
    for score in ["engagementScore", "qualificationScore", "handoverReadiness"] {
        assert!(count(score) <= 100, "{score}");
    }
    tree(conversation, &messages).await;
    explained(conversation).await;
}

async fn tree(conversation: &Contact, messages: &[Value]) {
    let tree = conversation.get("thread-tree?flat=true").await.ok();
    let nodes = tree["threadTree"].as_array().unwrap();
    let present: HashSet<String> = nodes
        .iter()
        .filter_map(|node| node["id"].as_str())
        .map(str::to_owned)
        .collect();
    let stored: HashSet<String> = messages.iter().map(|one| text(&one["id"])).collect();
    assert_eq!(present, stored);
    let mut above: Vec<u64> = Vec::new();
    for node in nodes {
        let depth = node["depth"].as_u64().unwrap();
        above.truncate(usize::try_from(depth).unwrap());
        assert_eq!(above.len() as u64, depth, "a child follows its parent");
        above.push(depth);
    }
}

/// The points of every explanation add up to the score it explains, as it was before or after: scores decay.
async fn explained(conversation: &Contact) {
    let before = conversation.status().await;
    let journey = conversation.get("lead-journey?explain=true").await.ok();
    let after = conversation.status().await;
    let scores = [
        ("engagement", "engagementScore"),
        ("qualification", "qualificationScore"),
        ("readiness", "handoverReadiness"),
    ];
    for (score, member) in scores {
        let reasons = journey["explanation"][score].as_array().unwrap();
        let sum: i64 = reasons
            .iter()
            .map(|one| one["points"].as_i64().unwrap())
            .sum();
        let shown = [&before, &after].map(|status| status["analytics"][member].as_i64().unwrap());
        assert!(shown.contains(&sum), "{score}: {sum} but {shown:?}");
    }
}
