//! The pages people look at, each asked for by many sessions at once.

use std::sync::Arc;
use std::time::Duration;

use convo_tests::{BOOTSTRAP_KEY, Database, Kind, Pages};

use crate::client::{Client, request};
use crate::measure::{self, Load};
use crate::node::Node;
use crate::report::Table;
use crate::size;

const CLIENTS: usize = 64;
const CONVERSATIONS: usize = 200;
/// Each page for so long.
const TIME: Duration = Duration::from_secs(2);
/// Pages of single conversations and leads that are asked for in turn.
const ONES: usize = 50;

/// Adds a row for each page of a database of some conversations.
pub async fn run(kind: Kind, table: &mut Table) {
    let database = Arc::new(Database::create(kind).await);
    size::fill(&database, CONVERSATIONS);
    let nodes = [Node::over(database)];
    let pages = Pages::at(&format!("http://{}", nodes[0].address));
    let answer = pages.log_in(BOOTSTRAP_KEY).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let cookie = pages.cookie("convo_session").expect("a session");
    let one = |path: &str| vec![path.to_owned()];
    for (what, paths) in [
        ("page: overview", one("/")),
        ("page: conversations", one("/conversations")),
        ("page: of a state", one("/conversations?state=ENGAGED")),
        ("page: conversation", ones(&nodes[0], "conversations").await),
        ("page: leads", one("/leads")),
        ("page: lead", ones(&nodes[0], "leads").await),
        ("page: figures", one("/figures")),
        ("page: handover", one("/handover")),
        ("page: review", one("/review")),
        ("page: outbox", one("/outbox")),
    ] {
        let asked = |path: &String| {
            let head = format!(
                "GET {path} HTTP/1.1\r\nHost: bench\r\nCookie: convo_session={cookie}\r\n\r\n"
            );
            head.into_bytes()
        };
        let requests: Vec<Vec<u8>> = paths.iter().map(asked).collect();
        let mut turns = requests.into_iter().cycle();
        let load = Load {
            clients: CLIENTS,
            time: TIME,
            rate: None,
        };
        let measured = measure::run(&nodes, load, move |_| turns.next()).await;
        table.add(kind, what, CLIENTS, measured);
    }
}

/// The pages of the newest of these.
async fn ones(node: &Node, list: &str) -> Vec<String> {
    let path = format!("/api/{list}?limit={ONES}");
    let asked = request("GET", &path, Some(BOOTSTRAP_KEY), "", &[]);
    let mut client = Client::connect(node.address).await;
    let answer = client.call(&asked).await.ok();
    let rows = answer["items"].as_array().expect("a list");
    let id = |row: &serde_json::Value| row["id"].as_str().expect("an id").to_owned();
    rows.iter()
        .map(|row| format!("/{list}/{}", id(row)))
        .collect()
}
