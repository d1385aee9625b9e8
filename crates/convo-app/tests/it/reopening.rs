//! Every cell of the table in `docs/reopening.md`, played over the way that real mail takes, on both databases.

mod mails;

use std::fmt::Write as _;
use std::sync::Arc;

use chrono::TimeDelta;
use convo_app::{Command, Payload, Webhook};
use convo_core::machine::State;
use convo_core::policy::Policy;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{Contact, World, id, read};
use mails::{MAILS, Mail};

/// A Monday, 09:00 in UTC.
const MONDAY: &str = "2026-01-05T09:00:00Z";

/// How a conversation stands when the mail comes.
#[derive(Clone, Copy)]
enum Standing {
    Open(State),
    Closed(&'static str),
    /// Closed, while another conversation of the same lead and campaign is open.
    Beside,
    Archived,
}

/// How old a mail is that comes into a closed conversation, by its own time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    /// It was written before the closing, and comes a day after it.
    Older,
    /// At the last moment of the window.
    Inside,
    /// A second later.
    Later,
}

const OPEN: [State; 6] = [
    State::New,
    State::Active,
    State::Engaged,
    State::Qualified,
    State::ReadyForHandover,
    State::HandedOver,
];
const CLOSED: [&str; 4] = ["no_response", "lost", "opted_out", "unreachable"];
const AGES: [Age; 3] = [Age::Older, Age::Inside, Age::Later];

#[test]
fn every_cell_of_the_table_holds() {
    let page = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/reopening.md"
    ))
    .unwrap();
    World::on_both(MONDAY, |world| {
        let table = played(&world);
        world.verify();
        assert!(
            page.contains(&table),
            "docs/reopening.md has another table than this, which is what happens:\n\n{table}"
        );
    });
}

/// The table as it happens.
fn played(world: &World) -> String {
    let mut rows: Vec<(String, Standing, Age)> = Vec::new();
    for state in OPEN {
        rows.push((state.to_string(), Standing::Open(state), Age::Inside));
    }
    for outcome in CLOSED {
        for age in AGES {
            let days = window(outcome);
            let when = match age {
                Age::Older => "older than the closing".to_owned(),
                Age::Inside => format!("up to {days} days after"),
                Age::Later => format!("more than {days} days after"),
            };
            let name = format!("CLOSED `{outcome}`, {when}");
            rows.push((name, Standing::Closed(outcome), age));
        }
    }
    let beside = "CLOSED, another one open".to_owned();
    rows.push((beside, Standing::Beside, Age::Inside));
    rows.push(("ARCHIVED".to_owned(), Standing::Archived, Age::Inside));

    let mut table = String::from("| conversation |");
    for mail in MAILS {
        let _ = write!(table, " {} |", mail.name());
    }
    let _ = write!(table, "\n|---|{}\n", "---|".repeat(MAILS.len()));
    for (row, (name, standing, age)) in rows.into_iter().enumerate() {
        let _ = write!(table, "| {name} |");
        for (column, mail) in MAILS.into_iter().enumerate() {
            let email = format!("lead-{row}-{column}@customer.example");
            let _ = write!(table, " {} |", cell(world, &email, standing, age, mail));
        }
        table.push('\n');
    }
    table
}

fn window(outcome: &str) -> i64 {
    i64::from(Policy::default().reopen_days(outcome.parse().ok()))
}

/// What comes of one mail.
fn cell(world: &World, email: &str, standing: Standing, age: Age, mail: Mail) -> String {
    let (contact, ours) = standing_of(world, email, standing);
    let closed = world.clock.now();
    let days = match standing {
        Standing::Closed(outcome) => window(outcome),
        _ => 1,
    };
    let written = match age {
        Age::Older => {
            world.clock.wait(TimeDelta::days(1));
            closed - TimeDelta::minutes(5)
        }
        Age::Inside => closed + TimeDelta::days(days),
        Age::Later => closed + TimeDelta::days(days) + TimeDelta::seconds(1),
    };
    world.clock.set(world.clock.now().max(written));
    let before = world.row(&contact);
    let number = conversations(world, &contact).len();
    let token = convo_app::reply_token::mint(&[1; 32], contact.id);
    let arriving = mail.arriving(email, &ours, &token, written);
    let rfc_id = arriving.message_id.clone().unwrap();
    let webhook = Webhook {
        provider: "mailgun",
        token: Some(rfc_id.as_str().to_owned()),
        fingerprint: [0; 32],
        payload: Payload::Mail(Box::new(arriving), None),
        words: None,
    };
    let came = world.run(Command::Webhook(Arc::new(webhook)));
    let after = world.row(&contact);
    let place = match came["conversationId"].as_str() {
        None => "review".to_owned(),
        Some(there) if there != contact.id.to_string() => {
            let opened = conversations(world, &contact).len() > number;
            if opened { "new" } else { "the open one" }.to_owned()
        }
        Some(_) if after.state != before.state => format!("→ {}", after.state),
        Some(_) => "stays".to_owned(),
    };
    assert!(
        place == "new" || conversations(world, &contact).len() == number,
        "only a new conversation is one more"
    );
    let held = after.held && !before.held;
    if held {
        format!("{place}, held")
    } else {
        place
    }
}

/// A conversation that stands so, and the Message-ID of a mail of ours in it.
fn standing_of(world: &World, email: &str, standing: Standing) -> (Contact, String) {
    let contact = world.contact(email, None);
    let ours = world.send(&contact)["message"]["messageId"]
        .as_str()
        .unwrap()
        .to_owned();
    let deep = |exchanges: usize| {
        world.event(&contact, "FIRST_EMAIL_SENT", Value::Null);
        let words = [
            "I'm interested, tell me more",
            "Can I book a test drive?",
            "I want to buy it this week",
        ];
        for (n, words) in words.into_iter().take(exchanges).enumerate() {
            if n > 0 {
                world.send(&contact);
            }
            world.clock.wait(TimeDelta::minutes(30));
            world.say(
                &contact,
                json!({"senderId": contact.lead, "content": words}),
            );
            world.clock.wait(TimeDelta::minutes(5));
        }
    };
    let closed = |outcome: &str| {
        world.event(
            &contact,
            "CONVERSATION_ABANDONED",
            json!({"outcome": outcome}),
        );
    };
    match standing {
        Standing::Open(State::New) => {}
        Standing::Open(State::Active) => deep(0),
        Standing::Open(State::Engaged) => deep(1),
        Standing::Open(State::Qualified) => deep(2),
        Standing::Open(State::ReadyForHandover) => deep(3),
        Standing::Open(_) => {
            deep(3);
            let agent = json!({"name": "Grace", "email": format!("agent-of-{email}")});
            let agent = id(&world.run(Command::CreateAgent(read(agent))));
            let taken = json!({"agentId": agent, "reason": "asked for me"});
            world.run(Command::TakeOver(contact.id, read(taken)));
        }
        Standing::Closed("opted_out") => {
            deep(1);
            let words = json!({"senderId": contact.lead, "content": "Please unsubscribe me."});
            world.say(&contact, words);
        }
        Standing::Closed("unreachable") => {
            deep(0);
            let bounced = json!({"type": "email_bounced", "source": "test"});
            world.run(Command::IntegrationEvent(contact.id, read(bounced)));
        }
        Standing::Closed(outcome) => {
            deep(1);
            closed(outcome);
        }
        Standing::Beside => {
            deep(1);
            closed("lost");
            world.contact(email, None);
        }
        Standing::Archived => {
            deep(1);
            closed("lost");
            world.event(&contact, "MANUAL_ARCHIVE", Value::Null);
        }
    }
    let row = world.row(&contact);
    let (state, outcome) = match standing {
        Standing::Open(state) => (state, None),
        Standing::Closed(outcome) => (State::Closed, Some(outcome)),
        Standing::Beside => (State::Closed, Some("lost")),
        Standing::Archived => (State::Archived, Some("lost")),
    };
    assert_eq!(
        (row.state.as_str(), row.outcome.as_deref()),
        (state.as_str(), outcome)
    );
    (contact, ours)
}

fn conversations(world: &World, contact: &Contact) -> Vec<Uuid> {
    let rows = world
        .app()
        .read(|reader| Ok(reader.conversations_by_leads(&[contact.lead])?));
    rows.unwrap().iter().map(|row| row.id).collect()
}
