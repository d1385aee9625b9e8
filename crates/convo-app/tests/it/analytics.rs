//! Figures over many conversations, on a clock of the test's own.

mod hand;
mod random;
mod set;

use chrono::{DateTime, TimeDelta, Utc};
use convo_app::handover::{Act, Action};
use convo_app::views::{self, Behind};
use convo_app::wire::AnalyticsQuery;
use convo_app::{AppError, Command};
use convo_store::{Cursor, FigureList, Reader};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{Contact, World, at, id, read};

/// A person's browser.
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// What is asked, with these members; the span holds everything the tests do.
fn query(members: Value) -> AnalyticsQuery {
    let mut all = json!({"from": "2026-01-01T00:00:00Z", "to": "2026-04-06T00:00:00Z"});
    let (Value::Object(all_of), Value::Object(more)) = (&mut all, members) else {
        panic!("an object");
    };
    all_of.extend(more);
    read(all)
}

fn asked<T: serde::Serialize>(
    world: &World,
    query: &AnalyticsQuery,
    figure: fn(&mut Reader<'_>, &AnalyticsQuery, DateTime<Utc>) -> Result<T, AppError>,
) -> Value {
    let now = world.clock.now();
    let report = world.app().read(|reader| figure(reader, query, now));
    serde_json::to_value(report.unwrap()).unwrap()
}

/// A figure as JSON.
fn figure(world: &World, which: Behind, members: Value) -> Value {
    let query = query(members);
    match which {
        Behind::ReplySpeed => asked(world, &query, views::reply_speed),
        Behind::Ownership => asked(world, &query, views::ownership),
        Behind::Conversion => asked(world, &query, views::conversion),
        Behind::Delivery => asked(world, &query, views::delivery),
    }
}

/// Everything behind a figure, a page of three at a time.
fn behind(world: &World, which: Behind, members: Value) -> Vec<Value> {
    const PAGE: i64 = 3;
    let list = which.list(&query(members), world.clock.now()).unwrap();
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let list = FigureList {
            after,
            limit: PAGE,
            ..list.clone()
        };
        let (items, next, full) = world
            .app()
            .read(|reader| page(reader, which, &list))
            .unwrap();
        all.extend(items);
        if !full {
            return all;
        }
        after = next;
    }
}

type Page = (Vec<Value>, Option<Cursor>, bool);

fn page(reader: &mut Reader<'_>, which: Behind, list: &FigureList) -> Result<Page, AppError> {
    macro_rules! page {
        ($rows:expr, $at:ident, $id:ident, $items:expr) => {{
            let rows = $rows?;
            let next = rows.last().map(|row| Cursor {
                at: row.$at,
                id: row.$id,
            });
            let full = rows.len() as i64 == list.limit;
            Ok(($items(&rows)?, next, full))
        }};
    }
    fn each<R>(
        item: fn(&R) -> Result<Value, AppError>,
    ) -> impl Fn(&[R]) -> Result<Vec<Value>, AppError> {
        move |rows| rows.iter().map(item).collect()
    }
    match which {
        Behind::ReplySpeed => {
            page!(
                reader.waits(list),
                began_at,
                conversation_id,
                each(views::wait_item)
            )
        }
        Behind::Ownership => page!(reader.offers(list), offered_at, id, each(views::offer_item)),
        Behind::Conversion => {
            page!(
                reader.cohorts(list),
                first_sent_at,
                lead_id,
                each(views::cohort_item)
            )
        }
        Behind::Delivery if list.code.as_deref() == Some("sent") => {
            page!(reader.sent_ones(list), at, id, views::sent_items)
        }
        Behind::Delivery => {
            page!(
                reader.counted_events(list),
                occurred_at,
                id,
                each(views::event_item)
            )
        }
    }
}

/// What is done in a conversation at one time.
#[derive(Debug, Clone)]
struct Doing {
    /// When it is done.
    at: DateTime<Utc>,
    /// The own time of a message, where that is another.
    own: DateTime<Utc>,
    what: String,
}

/// The agents of a test.
#[derive(Clone, Copy)]
struct Agents {
    ann: Uuid,
    bob: Uuid,
}

impl Agents {
    fn of(self, name: &str) -> Uuid {
        if name == "ann" { self.ann } else { self.bob }
    }
}

/// Ann is asked about handovers, Bob is away and is asked nothing.
fn agents(world: &World) -> Agents {
    let agent = |name: &str, away: Value| {
        let body =
            json!({"name": name, "email": format!("{name}@dealer.example"), "awayUntil": away});
        id(&world.run(Command::CreateAgent(read(body))))
    };
    let (ann, bob) = (agent("ann", Value::Null), agent("bob", Value::Null));
    world.run(Command::PatchAgent(
        bob,
        read(json!({"awayUntil": "2027-01-01T00:00:00Z"})),
    ));
    Agents { ann, bob }
}

/// Does it now.
fn play(world: &World, agents: Agents, contact: &Contact, doing: &Doing) {
    let say = |members: Value| {
        let mut members = members;
        members["sentAt"] = json!(doing.own);
        world.say(contact, members);
    };
    let lead = json!({"senderId": contact.lead, "content": "Thank you, noted."});
    let event = |kind: &str, metadata: Value| {
        let body =
            json!({"type": kind, "source": "test", "metadata": metadata, "occurredAt": doing.own});
        world.run(Command::IntegrationEvent(contact.id, read(body)));
    };
    let act = |action: Action, agent: Uuid| {
        let act = Act {
            action,
            key_agent: None,
            request: read(json!({"agentId": agent})),
        };
        world.run(Command::Handover(contact.id, act));
    };
    let (what, who) = doing.what.split_once(' ').unwrap_or((&doing.what, ""));
    match what {
        "in" => say(lead),
        "call" => {
            say(
                json!({"senderId": contact.lead, "content": "Please call me on +49 30 1234567, I want to buy it this week."}),
            );
        }
        "ooo" => {
            let headers = json!({"Auto-Submitted": "auto-replied", "Subject": "Out of office"});
            say(
                json!({"senderId": contact.lead, "emailHeaders": headers, "content": "I am away."}),
            );
        }
        "ai" => say(json!({"senderId": "ai", "isFromAI": 1})),
        "ann" | "bob" => say(json!({"senderId": agents.of(what)})),
        "note" => say(json!({"senderId": agents.ann, "messageType": "note"})),
        "close" => {
            world.event(
                contact,
                "CONVERSATION_ABANDONED",
                json!({"outcome": "lost"}),
            );
        }
        "take" => {
            let body = json!({"agentId": agents.of(who), "reason": "test"});
            world.run(Command::TakeOver(contact.id, read(body)));
        }
        "release" => act(Action::Release, agents.of(who)),
        "accept" => act(Action::Accept, agents.of(who)),
        "decline" => act(Action::Decline, agents.of(who)),
        "touch" => act(Action::Touch, agents.of(who)),
        "delivered" => event("email_delivered", json!({})),
        "open" => event("email_opened", json!({"userAgent": BROWSER})),
        "click" => event("email_clicked", json!({"userAgent": BROWSER})),
        "bot-open" => event("email_opened", json!({"bot": "gmail"})),
        "bot-click" => event("email_clicked", json!({"bot": "gmail"})),
        "hard" => event("email_bounced", json!({})),
        "soft" => event("email_bounced", json!({"severity": "temporary"})),
        "complain" => event("email_complained", json!({})),
        "unsubscribe" => event("email_unsubscribed", json!({})),
        other => panic!("{other}"),
    }
}

/// Every total is the sum of what stands behind it, and of its groups.
#[track_caller]
fn sums_agree(world: &World) {
    let count = |which: Behind, members: Value| behind(world, which, members).len() as u64;
    let speed = figure(world, Behind::ReplySpeed, json!({}));
    for status in ["answered", "waiting", "dropped"] {
        let items = count(Behind::ReplySpeed, json!({"status": status}));
        assert_eq!(speed["total"][status], items, "{status}");
    }
    let items = behind(world, Behind::ReplySpeed, json!({}));
    assert_eq!(speed["total"]["waits"], items.len());
    for (kind, member) in [("wall", "wallMinutes"), ("business", "businessMinutes")] {
        let minutes: Vec<f64> = items
            .iter()
            .filter_map(|item| item[member].as_f64())
            .collect();
        let mean = minutes.iter().sum::<f64>() / minutes.len() as f64;
        let told = speed["total"][kind]["meanMinutes"].as_f64();
        assert!(told.map_or(minutes.is_empty(), |told| (told - mean).abs() < 1e-9));
    }
    let offered = figure(world, Behind::Ownership, json!({}));
    for status in ["open", "accepted", "declined", "expired", "withdrawn"] {
        let items = count(Behind::Ownership, json!({"status": status}));
        assert_eq!(offered["total"][status], items, "{status}");
    }
    let converted = figure(world, Behind::Conversion, json!({}));
    assert_eq!(
        converted["total"]["leads"],
        count(Behind::Conversion, json!({}))
    );
    for stage in converted["total"]["stages"].as_array().unwrap() {
        let items = count(Behind::Conversion, json!({"stage": stage["stage"]}));
        assert_eq!(stage["leads"], items, "{stage}");
    }
    let mail = figure(world, Behind::Delivery, json!({}));
    for (member, figure) in MAIL {
        let items = count(Behind::Delivery, json!({"figure": figure}));
        assert_eq!(mail["total"][member], items, "{figure}");
    }
    groups_agree(world);
}

/// Members of delivery with what they are called in the drill-down.
const MAIL: [(&str, &str); 11] = [
    ("sent", "sent"),
    ("delivered", "delivered"),
    ("bouncedHard", "bounced_hard"),
    ("bouncedSoft", "bounced_soft"),
    ("refused", "refused"),
    ("complained", "complained"),
    ("unsubscribed", "unsubscribed"),
    ("opened", "opened"),
    ("clicked", "clicked"),
    ("machineOpened", "machine_opened"),
    ("machineClicked", "machine_clicked"),
];

/// The groups of every figure add up to its total, and what stands behind a group is as many.
#[track_caller]
fn groups_agree(world: &World) {
    let figures = [
        (
            Behind::ReplySpeed,
            "waits",
            &["campaign", "agent", "day", "week"][..],
        ),
        (
            Behind::Ownership,
            "offers",
            &["campaign", "agent", "day", "week"],
        ),
        (
            Behind::Conversion,
            "leads",
            &["campaign", "agent", "source", "week"],
        ),
        (Behind::Delivery, "sent", &["campaign", "day", "week"]),
    ];
    for (which, member, known) in figures {
        for by in known {
            let report = figure(world, which, json!({"groupBy": by}));
            let groups = report["groups"].as_array().unwrap();
            let sum: u64 = groups
                .iter()
                .map(|group| group["figures"][member].as_u64().unwrap())
                .sum();
            assert_eq!(report["total"][member], sum, "{which:?} by {by}");
            let filter = match *by {
                "campaign" => "campaignId",
                "agent" => "agentId",
                "source" => "source",
                _ => continue,
            };
            for group in groups {
                let none = if *by == "source" { "" } else { "none" };
                let wanted = group["key"].as_str().unwrap_or(none);
                let items = behind(world, which, json!({filter: wanted}));
                assert_eq!(
                    group["figures"][member],
                    items.len(),
                    "{which:?} of {wanted}"
                );
            }
        }
    }
}

fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}
