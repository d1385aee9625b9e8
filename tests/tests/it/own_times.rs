//! Own times decide: whatever order facts arrive in, they end the same.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};
use convo_tests::mailgun::Event;
use convo_tests::records::{Contact, id};
use convo_tests::{Mail, Options, Server, on_both};
use serde_json::{Value, json};

on_both!(
    a_bounce_and_the_mail_that_disproves_it,
    the_newest_fact_dates_a_suppression,
    the_stage_after_a_set_back,
    a_complaint_reaches_who_was_out_of_reach,
    opens_before_and_after_the_message,
);

/// A time of this test, in minutes after its beginning yesterday.
fn at(minutes: i64) -> DateTime<Utc> {
    Utc::now() - Duration::days(1) + Duration::minutes(minutes)
}

/// Every order of some things.
fn orders<T: Copy>(all: &[T]) -> Vec<Vec<T>> {
    if all.is_empty() {
        return vec![Vec::new()];
    }
    let mut orders_of_all = Vec::new();
    for (place, first) in all.iter().enumerate() {
        let rest = [&all[..place], &all[place + 1..]].concat();
        for mut order in orders(&rest) {
            order.insert(0, *first);
            orders_of_all.push(order);
        }
    }
    orders_of_all
}

/// Mail of ours then; its Message-ID.
async fn sent(contact: &Contact, minutes: i64) -> String {
    let name = format!("{}-{minutes}@mail.dealer.example", contact.id);
    stored(contact, &name, minutes).await;
    name
}

async fn stored(contact: &Contact, message_id: &str, minutes: i64) {
    let body = json!({
        "senderId": "campaign", "content": "Hello", "messageType": "email", "isFromAI": 1,
        "sentAt": at(minutes), "emailHeaders": {"Message-ID": format!("<{message_id}>")},
    });
    contact.post("process-message", body).await.ok();
}

/// Mail of the lead then, from any of its addresses.
async fn mail(server: &Server, from: &str, ours: &str, text: &str, minutes: i64) {
    let mail = Mail::new(from, "Re: Your new car", text)
        .answering(ours)
        .dated(at(minutes));
    server.inbound(&mail).await.ok();
}

/// What of a conversation must not depend on the order of arrival.
async fn ended(contact: &Contact) -> Value {
    let status = contact.status().await;
    let journey = contact.get("lead-journey").await.ok();
    let flags: BTreeSet<&str> = status["flags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|flag| flag["code"].as_str().unwrap())
        .collect();
    json!({
        "state": status["currentState"], "outcome": status["outcome"], "flags": flags,
        "email": status["integrationStatus"]["email"]["suppressed"],
        "opens": status["integrationStatus"]["email"]["opens"],
        "machineOpens": status["integrationStatus"]["email"]["machineOpens"],
        "scores": [status["analytics"]["engagementScore"], status["analytics"]["handoverReadiness"]],
        "stage": journey["progress"]["currentStage"]["id"], "highest": journey["progress"]["highestStage"],
    })
}

/// Suppressions of a lead in force: address, reason, source and minutes.
async fn suppressed(server: &Server, lead: &str) -> BTreeSet<String> {
    let all = server.items("/api/suppressions").await;
    let of = all
        .iter()
        .filter(|row| row["leadId"] == lead && row["liftedAt"].is_null());
    of.map(|row| {
        let since: DateTime<Utc> = row["at"].as_str().unwrap().parse().unwrap();
        let minutes = (since - at(0)).num_seconds() as f64 / 60.0;
        let local = row["address"].as_str().unwrap().split('-').next().unwrap();
        format!("{local} {} {} {:.0}", row["reason"], row["source"], minutes)
    })
    .collect()
}

fn set(all: &[&str]) -> BTreeSet<String> {
    all.iter().map(|one| (*one).to_owned()).collect()
}

/// Address that bounced, address written from, minutes after the bounce, and what stands.
const ALIVE: [(&str, &str, i64, &[&str]); 6] = [
    ("ada", "ada", 60, &[]),
    ("ada", "ada", -60, &[r#"ada "hard_bounce" "delivery" 600"#]),
    ("ada", "lace", 60, &[r#"ada "hard_bounce" "delivery" 600"#]),
    ("lace", "lace", 60, &[]),
    (
        "lace",
        "lace",
        -60,
        &[r#"lace "hard_bounce" "delivery" 600"#],
    ),
    ("lace", "ada", 60, &[r#"lace "hard_bounce" "delivery" 600"#]),
];

async fn a_bounce_and_the_mail_that_disproves_it(options: Options) {
    let server = options.start().await;
    for (n, (bounced, from, later, stands)) in ALIVE.into_iter().enumerate() {
        for moved in [false, true] {
            let mut ends = BTreeSet::new();
            for (m, order) in orders(&["bounce", "mail"]).into_iter().enumerate() {
                let address = |who: &str| format!("{who}-{n}-{m}-{moved}@customer.example");
                let contact = server.contact(&address("ada")).await;
                let path = format!("/api/leads/{}", contact.lead);
                server
                    .patch(&path, json!({"aliases": [address("lace")]}))
                    .await
                    .ok();
                let ours = sent(&contact, 0).await;
                mail(&server, &address("ada"), &ours, "Tell me more", 10).await;
                if moved {
                    // Another primary address: the old ones are known as before.
                    let aliases = [address("ada"), address("lace")];
                    let body = json!({"email": address("new"), "aliases": aliases});
                    server.patch(&path, body).await.ok();
                }
                for what in order {
                    if what == "bounce" {
                        let event = Event::bounced(&ours, &address(bounced)).at(at(600));
                        server.event(&event).await.ok();
                    } else {
                        mail(&server, &address(from), &ours, "Here I am", 600 + later).await;
                    }
                }
                let said = suppressed(&server, &contact.lead).await;
                assert_eq!(said, set(stands), "{bounced} {from} {later} {moved}");
                let suppressed =
                    &contact.status().await["integrationStatus"]["email"]["suppressed"];
                assert_eq!(
                    *suppressed,
                    !moved && bounced == "ada" && !stands.is_empty()
                );
                ends.insert(ended(&contact).await.to_string());
            }
            assert_eq!(ends.len(), 1, "{bounced} {from} {later} {moved} {ends:#?}");
        }
    }
    server.verify().await;
}

/// What happened, and the minute.
type Fact = (&'static str, i64);

async fn the_newest_fact_dates_a_suppression(options: Options) {
    let server = options
        .with("CONVO_POLICY__SOFT_BOUNCE_LIMIT", "2")
        .start()
        .await;
    let cases: [(&[Fact], &[&str]); 4] = [
        (
            &[("complained", 50), ("complained", 70)],
            &[r#"ada "complaint" "person" 70"#],
        ),
        (
            &[("unsubscribed", 50), ("stop", 70)],
            &[r#"ada "opt_out" "person" 70"#],
        ),
        (
            &[("listed", 70), ("unsubscribed", 50)],
            &[r#"ada "opt_out" "person" 70"#],
        ),
        (
            &[("deferred", 50), ("deferred", 60), ("deferred", 70)],
            &[r#"ada "soft_bounce" "delivery" 70"#],
        ),
    ];
    for (n, (facts, stands)) in cases.into_iter().enumerate() {
        for (m, order) in orders(facts).into_iter().enumerate() {
            let contact = server
                .contact(&format!("ada-{n}-{m}@customer.example"))
                .await;
            let ours = sent(&contact, 0).await;
            for (what, minutes) in &order {
                let event = match *what {
                    "complained" => Event::complained(&ours, &contact.email),
                    "unsubscribed" => Event::unsubscribed(&ours, &contact.email),
                    // A mail counts once, however often it is tried.
                    "deferred" => Event::deferred(&sent(&contact, *minutes).await, &contact.email),
                    "listed" => Event::bounced(&ours, &contact.email)
                        .with("reason", json!("suppress-unsubscribe"))
                        .with("delivery-status", json!({"code": 606})),
                    _ => {
                        mail(
                            &server,
                            &contact.email,
                            &ours,
                            "Please unsubscribe me.",
                            *minutes,
                        )
                        .await;
                        continue;
                    }
                };
                server.event(&event.at(at(*minutes))).await.ok();
            }
            let said = suppressed(&server, &contact.lead).await;
            assert_eq!(said, set(stands), "{order:?}");
        }
    }
    server.verify().await;
}

async fn the_stage_after_a_set_back(options: Options) {
    let server = options.start().await;
    for fact in ["bounced", "complained"] {
        let mut ends = BTreeSet::new();
        for (m, order) in orders(&[60, 80, 100]).into_iter().enumerate() {
            let contact = server
                .contact(&format!("{fact}-{m}@customer.example"))
                .await;
            let ours = sent(&contact, 0).await;
            sent(&contact, 70).await;
            for minutes in order {
                let event = match fact {
                    _ if minutes != 80 => {
                        let text = "I am interested, tell me more about the price please";
                        mail(&server, &contact.email, &ours, text, minutes).await;
                        continue;
                    }
                    "bounced" => Event::bounced(&ours, &contact.email),
                    _ => Event::complained(&ours, &contact.email),
                };
                server.event(&event.at(at(80))).await.ok();
            }
            let end = ended(&contact).await;
            ends.insert(json!([end["stage"], end["highest"], end["state"]]).to_string());
        }
        assert_eq!(ends.len(), 1, "{fact} {ends:#?}");
    }
    server.verify().await;
}

async fn a_complaint_reaches_who_was_out_of_reach(options: Options) {
    let server = options.start().await;
    let campaign = server.campaign("Spring").await;
    let mut ends = BTreeSet::new();
    for (m, order) in orders(&["bounced", "complained"]).into_iter().enumerate() {
        let contact = server.contact(&format!("ada-{m}@customer.example")).await;
        let body = json!({"leadId": contact.lead, "campaignId": campaign, "subject": "Spring"});
        let other = Contact {
            id: id(&server.post("/api/conversations", body).await.expect(201)),
            ..contact.clone()
        };
        let (here, there) = (sent(&contact, 0).await, sent(&other, 5).await);
        for what in order {
            let event = match what {
                "bounced" => Event::bounced(&there, &contact.email).at(at(80)),
                _ => Event::complained(&here, &contact.email).at(at(60)),
            };
            server.event(&event).await.ok();
        }
        ends.insert(json!([ended(&contact).await, ended(&other).await]).to_string());
        assert_eq!(other.status().await["outcome"], "opted_out");
    }
    assert_eq!(ends.len(), 1, "{ends:#?}");
    server.verify().await;
}

async fn opens_before_and_after_the_message(options: Options) {
    let server = options.start().await;
    // Of two mails: one delivered and opened once, the other opened by a machine.
    let facts = ["one", "two", "delivered", "opened", "late", "other"];
    let mut ends = BTreeSet::new();
    let all = orders(&facts);
    // Every seventh: all 720 say no more.
    for (m, order) in all.into_iter().step_by(7).enumerate() {
        let contact = server.contact(&format!("ada-{m}@customer.example")).await;
        let (one, two) = (
            format!("one-{m}@mail.dealer.example"),
            format!("two-{m}@mail.dealer.example"),
        );
        let named =
            |event: Event| event.with("user-variables", json!({"conversationId": contact.id}));
        for what in order {
            let event = match what {
                "one" => {
                    stored(&contact, &one, 0).await;
                    continue;
                }
                "two" => {
                    stored(&contact, &two, 5).await;
                    continue;
                }
                "delivered" => Event::delivered(&one, &contact.email).at(at(1)),
                "opened" => Event::opened(&one, &contact.email).at(at(20)),
                // At the time of the first mail's open, but of another mail that nothing was heard of.
                "other" => Event::opened(&two, &contact.email).at(at(20)),
                _ => Event::clicked(&one, &contact.email).at(at(30)),
            };
            server.event(&named(event)).await.ok();
        }
        let status = contact.status().await;
        let email = &status["integrationStatus"]["email"];
        let counts =
            ["opens", "clicks", "machineOpens", "machineClicks"].map(|name| email[name].clone());
        ends.insert(json!([status["currentState"], counts]).to_string());
    }
    assert_eq!(ends, set(&[r#"["ACTIVE",[1,1,1,0]]"#]));
    server.verify().await;
}
