//! Load on a running server: durable transitions and inbound mails per second, and what grows with a conversation.
//!
//! `cargo xtask bench` builds everything in release form, starts a durable PostgreSQL and runs this. The load comes
//! from one thread of this process, on the same cores as the server; every figure stands beside the machine's load.
//!
//! ```text
//! load [--seconds N] [--database sqlite|postgres] [--conversations N]
//!      [--only PART,PART…]
//! ```
//!
//! Parts: `store`, `transitions`, `mails`, `messages`, `events`, `dashboard`, `fanout`, `slow`, `writers`, `nodes`,
//! `constant`, and `size`, which runs only when it is named.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a bench fails by panicking, and reads the clock and the environment of the machine"
)]

mod alone;
mod client;
mod constant;
mod dashboard;
mod disk;
mod events;
mod fanout;
mod mails;
mod measure;
mod messages;
mod node;
mod reader;
mod report;
mod size;
mod store;
mod transitions;

use std::time::Duration;

use convo_tests::Kind;

use crate::measure::{Load, Measured};
use crate::node::Node;
use crate::report::{Row, Table};

const CLIENTS: [usize; 2] = [16, 64];

/// What to run.
struct Plan {
    time: Duration,
    kinds: Vec<Kind>,
    only: Option<Vec<String>>,
    conversations: usize,
}

impl Plan {
    fn of(mut arguments: impl Iterator<Item = String>) -> Plan {
        let mut plan = Plan {
            time: Duration::from_secs(5),
            kinds: vec![Kind::Sqlite, Kind::Postgres],
            only: None,
            conversations: 100_000,
        };
        while let Some(name) = arguments.next() {
            let value = arguments.next().expect("a value");
            match (name.as_str(), value.as_str()) {
                ("--seconds", number) => {
                    plan.time = Duration::from_secs(number.parse().expect("seconds"));
                }
                ("--database", "sqlite") => plan.kinds = vec![Kind::Sqlite],
                ("--database", "postgres") => plan.kinds = vec![Kind::Postgres],
                ("--conversations", number) => {
                    plan.conversations = number.parse().expect("conversations");
                }
                ("--only", parts) => {
                    plan.only = Some(parts.split(',').map(str::to_owned).collect());
                }
                other => panic!("unknown argument {other:?}"),
            }
        }
        plan
    }

    fn wants(&self, part: &str) -> bool {
        self.only.is_none() || self.names(part)
    }

    fn names(&self, part: &str) -> bool {
        self.only.iter().flatten().any(|only| only == part)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let plan = Plan::of(std::env::args().skip(1));
    println!("{}", report::machine());
    let mut table = Table::new();
    for kind in plan.kinds.clone() {
        println!("{kind:?}: fsyncs the folder takes: {:.0}/s", disk::fsyncs());
        if plan.wants("store") {
            table.store.push((kind, store::rates(kind).await));
        }
        load(&plan, kind, &mut table).await;
        if plan.wants("dashboard") {
            dashboard::run(kind, &mut table).await;
        }
        if plan.wants("fanout") {
            fanout::run(kind).await;
        }
        if plan.wants("slow") {
            fanout::slow(&Node::start(kind).await).await;
        }
        if plan.wants("writers") {
            store::two_writers(kind).await;
        }
        if plan.wants("nodes") {
            nodes(&plan, kind, &mut table).await;
        }
        if plan.names("size") {
            size::run(kind, plan.conversations, plan.time).await;
        }
        if plan.wants("constant") {
            let node = Node::start(kind).await;
            constant::run(&node).await;
        }
    }
    table.print();
}

async fn load(plan: &Plan, kind: Kind, table: &mut Table) {
    let parts = ["transitions", "mails", "messages", "events"];
    if !parts.into_iter().any(|part| plan.wants(part)) {
        return;
    }
    let nodes = [Node::start(kind).await];
    let load = |clients| Load {
        clients,
        time: plan.time,
        rate: None,
    };
    let rate = measure::run(&nodes, load(64), |_| {
        Some(client::request("GET", "/healthz", None, "", &[]))
    })
    .await;
    table.add(kind, "healthz", 64, rate);
    for (part, [name, half]) in [
        ("transitions", ["transitions", "transitions, half"]),
        ("mails", ["inbound mails", "inbound mails, half"]),
        ("messages", ["process-message", "process-message, half"]),
        ("events", ["provider events", "provider events, half"]),
    ] {
        if !plan.wants(part) {
            continue;
        }
        let mut peak = 0.0;
        for clients in CLIENTS {
            let measured = one(part, &nodes, load(clients)).await;
            peak = measured.per_second;
            table.add(kind, name, clients, measured);
        }
        let paced = Load {
            rate: Some(peak / 2.0),
            ..load(64)
        };
        table.add(kind, half, 64, one(part, &nodes, paced).await);
    }
    nodes[0].verify().await;
}

async fn one(part: &str, nodes: &[Node], load: Load) -> Measured {
    match part {
        "transitions" => transitions::run(nodes, load).await,
        "mails" => mails::run(nodes, load).await,
        "messages" => messages::run(nodes, load).await,
        _ => events::run(nodes, load).await,
    }
}

/// The same clients at one node and at two of one database.
async fn nodes(plan: &Plan, kind: Kind, table: &mut Table) {
    if kind == Kind::Sqlite {
        return;
    }
    let mut nodes = vec![Node::start(kind).await];
    for [transitions, mails] in [
        ["transitions, 1 node", "mails, 1 node"],
        ["transitions, 2 nodes", "mails, 2 nodes"],
    ] {
        let load = Load {
            clients: 64,
            time: plan.time,
            rate: None,
        };
        let rate = transitions::run(&nodes, load).await;
        table.add(kind, transitions, 64, rate);
        let rate = mails::run(&nodes, load).await;
        table.add(kind, mails, 64, rate);
        nodes.push(nodes[0].beside());
    }
    nodes[0].verify().await;
}

impl Table {
    fn add(&mut self, kind: Kind, what: &'static str, clients: usize, measured: Measured) {
        let row = Row {
            kind,
            what,
            clients,
            measured,
            load: report::load_average(),
        };
        println!("{}", row.line());
        self.rows.push(row);
    }
}
