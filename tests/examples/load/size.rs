//! What people open, on a small and on a large database, while webhooks come in.

use std::cell::Cell;
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use convo_tests::mailgun::Event;
use convo_tests::{BOOTSTRAP_KEY, Database, Kind};
use tokio::task::LocalSet;

use crate::client::{Client, request};
use crate::constant::{MANY, Thread};
use crate::events;
use crate::mails;
use crate::node::Node;
use crate::transitions::{Contact, contacts};

/// Webhooks a second, from so many connections.
const WEBHOOKS: u32 = 500;
const CLIENTS: u32 = 16;
/// Leads of the mails and events that come in.
const LEADS: usize = 2_000;
const SMALL: usize = 1_000;

/// How long each view took, in the order of the views.
type Took = Vec<(String, Vec<Duration>)>;

/// Fills a database with a thousand and one with `conversations`, and prints the views of both side by side.
pub async fn run(kind: Kind, conversations: usize, time: Duration) {
    let mut columns = Vec::new();
    for size in [SMALL, conversations] {
        columns.push(measured(kind, size, time).await);
    }
    println!(
        "{kind:?}: views in ms while {WEBHOOKS} webhooks/s come in, p50 and p99\n{:<34} {:>9} {:>9} {:>9} {:>9}",
        "",
        format!("{SMALL}"),
        "",
        format!("{conversations}"),
        ""
    );
    let large = columns.pop().unwrap_or_default();
    let small = columns.pop().unwrap_or_default();
    for ((view, few), (_, many)) in small.into_iter().zip(large) {
        let [few50, few99] = percentiles(few);
        let [many50, many99] = percentiles(many);
        println!("{view:<34} {few50:>9.2} {few99:>9.2} {many50:>9.2} {many99:>9.2}");
    }
}

fn percentiles(mut took: Vec<Duration>) -> [f64; 2] {
    took.sort_unstable();
    [50, 99].map(|part| {
        let at = took.get(took.len() * part / 100).copied();
        at.unwrap_or_default().as_secs_f64() * 1e3
    })
}

async fn measured(kind: Kind, size: usize, time: Duration) -> Took {
    let database = Arc::new(Database::create(kind).await);
    fill(&database, size);
    let node = Node::over(database);
    let leads = contacts(&node, LEADS, "w").await;
    let mut client = Client::connect(node.address).await;
    let long = Thread::of(&mut client, "many@bench.example", MANY).await;
    let views = views(&long, size);
    let (stop, sent) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
    let leads = Rc::new(leads);
    LocalSet::new()
        .run_until(async {
            let began = Instant::now();
            let mut tasks = Vec::new();
            for number in 0..CLIENTS {
                let client = Client::connect(node.address).await;
                let shared = Shared {
                    leads: Rc::clone(&leads),
                    stop: Rc::clone(&stop),
                    sent: Rc::clone(&sent),
                };
                tasks.push(tokio::task::spawn_local(webhooks(
                    client, number, began, shared,
                )));
            }
            let took = look(&mut client, &views, time).await;
            stop.set(true);
            for task in tasks {
                task.await.expect("a client");
            }
            let rate = f64::from(sent.get()) / began.elapsed().as_secs_f64();
            println!("{kind:?}, {size} conversations: {rate:.0} webhooks/s came in");
            took
        })
        .await
}

/// The program that fills a database; it prints how long that took.
pub fn fill(database: &Database, size: usize) {
    let program = std::env::var_os("CONVO_BENCH_FILL").expect("CONVO_BENCH_FILL names the program");
    let status = Command::new(program)
        .args([database.url(), &size.to_string()])
        .status();
    assert!(status.is_ok_and(|status| status.success()), "filled");
}

/// What people open, each with the requests it is asked by in turn.
fn views(long: &Thread, size: usize) -> Vec<(String, Vec<String>)> {
    let one = |path: &str| vec![path.to_owned()];
    let spread = |count: usize| (0..20).map(move |n| n * count / 20);
    let searched = |q: Vec<String>| -> Vec<String> {
        q.iter()
            .map(|q| format!("/api/conversations?q={q}"))
            .collect()
    };
    let rare = spread(size).map(|n| format!("lead{n}%40"));
    let names = spread(size).map(|n| format!("number{n}"));
    let leads = spread(size).map(|n| format!("/api/leads?q=lead{n}%40"));
    vec![
        (
            "overview".to_owned(),
            one("/api/conversation-state/dashboard/overview"),
        ),
        ("list".to_owned(), one("/api/conversations?limit=50")),
        (
            "list of a state".to_owned(),
            one("/api/conversations?state=ENGAGED&limit=50"),
        ),
        (
            "list that waits for us".to_owned(),
            one("/api/conversations?awaiting=us&limit=50"),
        ),
        ("search by address".to_owned(), searched(rare.collect())),
        ("search by last name".to_owned(), searched(names.collect())),
        (
            "search by first name".to_owned(),
            searched(vec!["ada".to_owned(), "gra".to_owned(), "radia".to_owned()]),
        ),
        ("leads by address".to_owned(), leads.collect()),
        (
            "5,000 messages: status".to_owned(),
            vec![long.path("status")],
        ),
        (
            "5,000 messages: context".to_owned(),
            vec![long.path("context")],
        ),
        (
            "5,000 messages: messages".to_owned(),
            vec![long.path("messages?limit=50")],
        ),
        (
            "analytics: reply speed, 7 days".to_owned(),
            vec![analytics("reply-speed", 7)],
        ),
        (
            "analytics: conversion, 90 days".to_owned(),
            vec![analytics("conversion", 90)],
        ),
        (
            "analytics: delivery, 30 days".to_owned(),
            vec![analytics("delivery", 30)],
        ),
        (
            "analytics: behind reply speed".to_owned(),
            vec![analytics("reply-speed/conversations", 30)],
        ),
    ]
}

fn analytics(figure: &str, days: i64) -> String {
    let from = Utc::now() - chrono::TimeDelta::days(days);
    format!(
        "/api/analytics/{figure}?from={}",
        from.format("%Y-%m-%dT00:00:00Z")
    )
}

/// Asks for each view in turn until the time is over.
async fn look(client: &mut Client, views: &[(String, Vec<String>)], time: Duration) -> Took {
    let mut took: Took = views
        .iter()
        .map(|(view, _)| (view.clone(), Vec::new()))
        .collect();
    let began = Instant::now();
    let mut round = 0;
    // The first rounds warm up what is kept between calls.
    const WARM: usize = 3;
    while began.elapsed() < time || round < WARM + 5 {
        for ((_, paths), (view, times)) in views.iter().zip(&mut took) {
            let path = &paths[round % paths.len()];
            let whole = request("GET", path, Some(BOOTSTRAP_KEY), "", &[]);
            let sent = Instant::now();
            let reply = client.call(&whole).await;
            let waited = sent.elapsed();
            assert_eq!(reply.status, 200, "{view}");
            if round >= WARM {
                times.push(waited);
            }
        }
        round += 1;
    }
    took
}

/// What the clients that send webhooks share.
struct Shared {
    leads: Rc<Vec<Contact>>,
    stop: Rc<Cell<bool>>,
    sent: Rc<Cell<u32>>,
}

/// Sends one client's share of the webhooks, each at its time: mails of leads, and opens of our mails.
async fn webhooks(mut client: Client, number: u32, began: Instant, shared: Shared) {
    let Shared { leads, stop, sent } = shared;
    for round in 0.. {
        let turn = round * CLIENTS + number;
        tokio::time::sleep_until((began + Duration::from_secs(1) * turn / WEBHOOKS).into()).await;
        if stop.get() {
            return;
        }
        let lead = &leads[turn as usize % leads.len()];
        let whole = match turn % 2 {
            0 => mails::posted(&mails::mail(lead, turn as usize)),
            _ => events::posted(&Event::opened(&lead.ours, &lead.email)),
        };
        let reply = client.call(&whole).await;
        assert_eq!(
            reply.status,
            200,
            "{}",
            String::from_utf8_lossy(&reply.body)
        );
        sent.set(sent.get() + 1);
    }
}
