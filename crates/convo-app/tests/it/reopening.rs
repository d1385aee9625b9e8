//! Every cell of the table in `docs/reopening.md`, played over the way that real mail takes, on both databases.

mod mails;

use std::fmt::Write as _;
use std::sync::Arc;

use chrono::TimeDelta;
use convo_app::{Actor, Command, Envelope, Payload, Webhook};
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
        let cells = cells(world, row, standing, age).join(" | ");
        let _ = writeln!(table, "| {name} | {cells} |");
    }
    table
}

fn window(outcome: &str) -> i64 {
    i64::from(Policy::default().reopen_days(outcome.parse().ok()))
}

/// What comes of each mail in conversations that stand so.
fn cells(world: &World, row: usize, standing: Standing, age: Age) -> Vec<String> {
    let emails: Vec<String> = (0..MAILS.len())
        .map(|column| format!("lead-{row}-{column}@customer.example"))
        .collect();
    let contacts = standing_of(world, &emails, standing);
    let closed = world.clock.now();
    let days = match standing {
        Standing::Closed(outcome) => window(outcome),
        _ => 1,
    };
    let written = match age {
        Age::Older => {
            world.clock.wait(TimeDelta::days(1));
            closed - TimeDelta::minutes(1)
        }
        Age::Inside => closed + TimeDelta::days(days),
        Age::Later => closed + TimeDelta::days(days) + TimeDelta::seconds(1),
    };
    world.clock.set(world.clock.now().max(written));
    let before = contacts.iter().map(|(contact, _)| seen(world, contact));
    let before: Vec<Seen> = before.collect();
    let webhooks = MAILS.into_iter().zip(&contacts).zip(&emails);
    let came = together(
        world,
        webhooks.map(|((mail, (contact, ours)), email)| {
            let token = convo_app::reply_token::mint(&[1; 32], contact.id);
            let mail = mail.arriving(email, ours, &token, written);
            let once = mail.message_id.as_ref().map(|id| id.as_str().to_owned());
            Command::Webhook(Arc::new(Webhook {
                provider: "mailgun",
                token: once,
                fingerprint: [0; 32],
                payload: Payload::Mail(Box::new(mail), None),
                words: None,
            }))
        }),
    );
    let after = contacts.iter().map(|(contact, _)| seen(world, contact));
    let each = contacts.iter().zip(before).zip(after).zip(came);
    each.map(|((((contact, _), before), after), came)| {
        let there = came["conversationId"].as_str();
        let there: Option<Uuid> = there.and_then(|id| id.parse().ok());
        told(contact, &before, &after, there)
    })
    .collect()
}

/// A lead's conversations: id, state, whether automation is held.
type Seen = Vec<(Uuid, String, bool)>;

fn seen(world: &World, contact: &Contact) -> Seen {
    let rows = world
        .app()
        .read(|reader| Ok(reader.conversations_by_leads(&[contact.lead])?));
    let rows = rows.unwrap().into_iter();
    rows.map(|row| (row.id, row.state, row.held)).collect()
}

/// The cell: where the mail went, and what it moved.
fn told(contact: &Contact, before: &Seen, after: &Seen, there: Option<Uuid>) -> String {
    let find = |seen: &Seen, id: Uuid| seen.iter().find(|one| one.0 == id).cloned();
    let opened = after.len() > before.len();
    let Some(there) = there else {
        assert!(!opened, "what waits for a person opens nothing");
        return "review".to_owned();
    };
    let (_, state, held) = find(after, there).unwrap();
    let place = match find(before, there) {
        None => "new".to_owned(),
        Some(_) if there != contact.id => "the open one".to_owned(),
        Some((_, before, _)) if before != state => format!("→ {state}"),
        Some(_) => "stays".to_owned(),
    };
    assert_eq!(
        opened,
        place == "new",
        "only a new conversation is one more"
    );
    if held {
        format!("{place}, held")
    } else {
        place
    }
}

/// Commands that come at once.
fn together(world: &World, commands: impl IntoIterator<Item = Command>) -> Vec<Value> {
    let queue = world.app().queue();
    let waiting: Vec<_> = commands
        .into_iter()
        .map(|command| Envelope::new(command, Actor::Code("test")))
        .map(|envelope| queue.push_blocking(envelope).unwrap())
        .collect();
    waiting
        .into_iter()
        .map(|answer| {
            let answer = answer.blocking_recv().unwrap().unwrap();
            serde_json::from_str(&answer.body).unwrap_or_default()
        })
        .collect()
}

/// Conversations that stand so, one for each address, and in each the Message-ID of a mail of ours.
fn standing_of(world: &World, emails: &[String], standing: Standing) -> Vec<(Contact, String)> {
    let leads = emails.iter().map(|email| {
        let lead = json!({"email": email, "firstName": "Ada"});
        Command::CreateLead(read(lead))
    });
    let leads: Vec<Uuid> = together(world, leads).iter().map(id).collect();
    let begun = || {
        let begin = |lead: &Uuid| {
            Command::CreateConversation(read(json!({"leadId": lead, "subject": "Your car"})))
        };
        together(world, leads.iter().map(begin))
    };
    let contacts: Vec<Contact> = begun()
        .iter()
        .zip(&leads)
        .map(|(made, lead)| Contact {
            lead: *lead,
            id: id(made),
        })
        .collect();
    let all = |command: &dyn Fn(&Contact) -> Command| together(world, contacts.iter().map(command));
    let say = |who: &dyn Fn(&Contact) -> Value, words: &str, by_us: u8| {
        all(&|contact: &Contact| {
            let body = json!({"senderId": who(contact), "content": words, "messageType": "email", "isFromAI": by_us});
            Command::ProcessMessage(contact.id, Box::new(read(body)))
        })
    };
    let send = || say(&|_| json!("ai"), "About the car we saw", 1);
    let hear = |words: &str| say(&|contact| json!(contact.lead), words, 0);
    let event = |event: &str, metadata: Value| {
        let body = json!({"event": event, "triggeredBy": "test", "metadata": metadata});
        all(&|contact: &Contact| Command::Transition(contact.id, read(body.clone())))
    };
    let ours = send();
    let deep = |exchanges: usize| {
        event("FIRST_EMAIL_SENT", Value::Null);
        let words = [
            "I'm interested, tell me more",
            "Can I book a test drive?",
            "I want to buy it this week",
        ];
        for (n, words) in words.into_iter().take(exchanges).enumerate() {
            if n > 0 {
                send();
            }
            world.clock.wait(TimeDelta::minutes(30));
            hear(words);
            world.clock.wait(TimeDelta::minutes(5));
        }
    };
    let closed = |outcome: &str| event("CONVERSATION_ABANDONED", json!({"outcome": outcome}));
    match standing {
        Standing::Open(State::New) => {}
        Standing::Open(State::Active) => deep(0),
        Standing::Open(State::Engaged) => deep(1),
        Standing::Open(State::Qualified) => deep(2),
        Standing::Open(State::ReadyForHandover) => deep(3),
        Standing::Open(_) => {
            deep(3);
            let email = format!("agent-of-{}", emails[0]);
            let agent = json!({"name": "Grace", "email": email});
            let agent = id(&world.run(Command::CreateAgent(read(agent))));
            let taken = json!({"agentId": agent, "reason": "asked for me"});
            all(&|contact: &Contact| Command::TakeOver(contact.id, read(taken.clone())));
        }
        Standing::Closed("opted_out") => {
            deep(1);
            hear("Please unsubscribe me.");
        }
        Standing::Closed("unreachable") => {
            deep(0);
            let bounced = json!({"type": "email_bounced", "source": "test"});
            all(&|contact: &Contact| Command::IntegrationEvent(contact.id, read(bounced.clone())));
        }
        Standing::Closed(outcome) => {
            deep(1);
            closed(outcome);
        }
        Standing::Beside => {
            deep(1);
            closed("lost");
            begun();
        }
        Standing::Archived => {
            deep(1);
            closed("lost");
            event("MANUAL_ARCHIVE", Value::Null);
        }
    }
    let (state, outcome) = match standing {
        Standing::Open(state) => (state, None),
        Standing::Closed(outcome) => (State::Closed, Some(outcome)),
        Standing::Beside => (State::Closed, Some("lost")),
        Standing::Archived => (State::Archived, Some("lost")),
    };
    for contact in &contacts {
        let row = world.row(contact);
        let stands = (row.state.as_str(), row.outcome.as_deref());
        assert_eq!(stands, (state.as_str(), outcome));
    }
    let ids = ours
        .iter()
        .map(|said| said["message"]["messageId"].as_str());
    let ids = ids.map(|id| id.unwrap().to_owned());
    contacts.into_iter().zip(ids).collect()
}
