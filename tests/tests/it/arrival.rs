//! Whatever the order of arrival, the same end: own times decide.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use convo_tests::mailgun::Event;
use convo_tests::records::{Contact, text};
use convo_tests::{Mail, Options, Server, on_both, together};
use serde_json::{Value, json};

on_both!(
    every_arrival_order_ends_the_same,
    a_reply_after_the_complaint_wins_in_every_order
);

const FACTS: [&str; 6] = [
    "delivered",
    "opened",
    "clicked",
    "replied",
    "bounced",
    "complained",
];

/// One conversation to which the six facts come in one order.
struct Case {
    contact: Contact,
    ours: String,
    /// Minutes after `began` at which each of the six happened.
    minutes: [i64; 6],
    began: DateTime<Utc>,
}

impl Case {
    async fn prepare(
        server: &Server,
        name: String,
        minutes: [i64; 6],
        began: DateTime<Utc>,
    ) -> Case {
        let contact = server.contact(&format!("{name}@{name}.example")).await;
        let body = json!({
            "senderId": "campaign",
            "content": "Hello",
            "messageType": "email",
            "isFromAI": 1,
            "sentAt": began.to_rfc3339_opts(SecondsFormat::Millis, true),
        });
        let stored = contact.post("process-message", body).await.ok();
        let ours = stored["message"]["messageId"].as_str().unwrap().to_owned();
        Case {
            contact,
            ours,
            minutes,
            began,
        }
    }

    async fn happen(&self, fact: usize) {
        let at = self.began + Duration::minutes(self.minutes[fact]);
        let (ours, email) = (&self.ours, &self.contact.email);
        let api = &self.contact.api;
        let answer = match FACTS[fact] {
            "delivered" => api.event(&Event::delivered(ours, email).at(at)).await,
            "opened" => api.event(&Event::opened(ours, email).at(at)).await,
            "clicked" => api.event(&Event::clicked(ours, email).at(at)).await,
            "bounced" => api.event(&Event::bounced(ours, email).at(at)).await,
            "complained" => api.event(&Event::complained(ours, email).at(at)).await,
            _ => {
                let mail = Mail::new(email, "Re: Hello", "I am interested in a test drive");
                api.inbound(&mail.answering(ours).dated(at)).await
            }
        };
        assert_eq!(answer.ok()["status"], "done", "{}", FACTS[fact]);
    }

    /// State, scores, counters, flags, stages.
    async fn end(&self) -> Value {
        let status = self.contact.status().await;
        let journey = self.contact.get("lead-journey").await.ok();
        let mut flags: Vec<Value> = status["flags"].as_array().unwrap().clone();
        for flag in &mut flags {
            flag.as_object_mut().unwrap().remove("messageId");
        }
        flags.sort_by_key(Value::to_string);
        let mut analytics = status["analytics"].clone();
        let kept = analytics.as_object_mut().unwrap();
        kept.remove("lastActivityAt");
        // Scores decay up to the moment they are asked for, so they are compared apart.
        let scores: Vec<Value> = SCORES
            .iter()
            .filter_map(|name| kept.remove(*name))
            .collect();
        json!({
            "state": status["currentState"],
            "awaiting": status["awaiting"],
            "analytics": analytics,
            "email": status["integrationStatus"]["email"],
            "flags": flags,
            "stage": journey["progress"]["currentStage"]["id"],
            "highest": journey["progress"]["highestStage"],
            "scores": scores,
        })
    }
}

const SCORES: [&str; 3] = ["engagementScore", "qualificationScore", "handoverReadiness"];

#[track_caller]
fn assert_same(order: &[usize], end: &Value, first: &Value) {
    let facts: Vec<&str> = order.iter().map(|fact| FACTS[*fact]).collect();
    for (one, other) in end["scores"]
        .as_array()
        .unwrap()
        .iter()
        .zip(first["scores"].as_array().unwrap())
    {
        let gap = one.as_i64().unwrap() - other.as_i64().unwrap();
        assert!(gap.abs() <= 1, "{facts:?}\n{end:#}\n{first:#}");
    }
    for field in [
        "state",
        "awaiting",
        "analytics",
        "email",
        "flags",
        "suppressions",
        "stage",
        "highest",
    ] {
        assert_eq!(end[field], first[field], "{field} after {facts:?}");
    }
}

/// All orders of the numbers 0 to 5.
fn orders() -> Vec<Vec<usize>> {
    let mut orders = vec![Vec::new()];
    for _ in 0..FACTS.len() {
        orders = orders
            .iter()
            .flat_map(|order: &Vec<usize>| {
                let left = (0..FACTS.len()).filter(|fact| !order.contains(fact));
                left.map(|fact| [&order[..], &[fact]].concat())
            })
            .collect();
    }
    orders
}

async fn run(server: &Server, minutes: [i64; 6], every: usize) -> Value {
    let began = Utc::now() - Duration::hours(3);
    let orders: Vec<Vec<usize>> = orders().into_iter().step_by(every).collect();
    let mut ends = Vec::new();
    for (block, orders) in orders.chunks(24).enumerate() {
        let mut cases = Vec::new();
        for (number, order) in orders.iter().enumerate() {
            let name = format!("lead-{block}-{number}");
            let case = Case::prepare(server, name, minutes, began).await;
            cases.push((case, order.clone()));
        }
        let cases = cases.into_iter().map(|(case, order)| async move {
            for fact in &order {
                case.happen(*fact).await;
            }
            (case.contact.email.clone(), case.end().await, order)
        });
        ends.extend(together(cases).await);
    }
    let suppressed = suppressions(server).await;
    for (email, end, _) in &mut ends {
        end["suppressions"] = json!(suppressed.get(email));
    }
    let first = ends[0].1.clone();
    for (_, end, order) in &ends {
        assert_same(order, end, &first);
    }
    first
}

/// Reasons and scopes by address.
async fn suppressions(server: &Server) -> BTreeMap<String, BTreeSet<String>> {
    let mut by_address: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in server.items("/api/suppressions").await {
        let why = format!("{} {}", row["reason"], row["scope"]);
        by_address
            .entry(text(&row["address"]))
            .or_default()
            .insert(why);
    }
    by_address
}

async fn every_arrival_order_ends_the_same(options: Options) {
    let server = options.start().await;
    let end = run(&server, [1, 5, 10, 20, 30, 40], 1).await;
    assert_eq!(end["state"], "CLOSED", "{end:#}");
    assert_eq!(end["suppressions"].as_array().unwrap().len(), 2, "{end:#}");
    server.verify().await;
}

async fn a_reply_after_the_complaint_wins_in_every_order(options: Options) {
    let server = options.start().await;
    let end = run(&server, [1, 5, 10, 40, 20, 30], 6).await;
    assert_eq!(end["state"], "ENGAGED", "{end:#}");
    server.verify().await;
}
