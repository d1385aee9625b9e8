//! The client of the documentation, run as it stands there.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use convo_tests::process::Process;
use convo_tests::{BOOTSTRAP_KEY, Kind, Options, Way};

use super::{exchange, head, rows_after, wanted};

/// A program that has a WebSocket, told what it needs to be told for that; `None` where there is none.
fn node(folder: &Path) -> Option<Command> {
    let mut command = Command::new("node");
    match version()? {
        22.. => {}
        20 | 21 => {
            command.arg("--experimental-websocket");
        }
        _ => {
            // Debian's package of the library that was everybody's WebSocket before Node.js had one.
            let shim = folder.join("websocket.cjs");
            std::fs::write(&shim, "globalThis.WebSocket = require('ws');").unwrap();
            command.arg("--require").arg(shim);
        }
    }
    let try_it = [
        "--eval",
        "process.exit(typeof WebSocket === 'function' ? 0 : 1)",
    ];
    let mut tried = Command::new("node");
    let tried = tried.args(command.get_args()).args(try_it).output().ok()?;
    tried.status.success().then_some(command)
}

fn version() -> Option<u32> {
    let version = Command::new("node").arg("--version").output().ok()?;
    let version = String::from_utf8(version.stdout).ok()?;
    let major = version.trim().strip_prefix('v')?.split('.').next()?;
    major.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documented_client_misses_nothing() {
    let server = Arc::new(Options::on(Kind::Sqlite).start().await);
    let Some(mut command) = node(server.folder()) else {
        let advice = "no Node.js with a WebSocket: Debian's packages nodejs and node-ws have both";
        assert!(std::env::var_os("CI").is_none(), "{advice}");
        println!("skipped: {advice}");
        return;
    };
    let contact = exchange(&server, "ada@customer.example").await;
    let way = Way::to(server.base()).await;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    // As it stands there, under a name by which every version knows that it is a module.
    let client = server.folder().join("live.mjs");
    std::fs::copy(root.join("docs/examples/live.js"), client).unwrap();
    let script = format!(
        "import {{ live }} from './live.mjs';\n\
         live('{}/ws', {{ token: async () => '{BOOTSTRAP_KEY}', subscriptions: ['conversation_states'],\n\
         onEvent: event => console.log('event ' + event.seq), onResync: () => console.log('resync') }});\n\
         console.log('started');",
        way.base().replace("http", "ws")
    );
    let file = server.folder().join("page.mjs");
    std::fs::write(&file, script).unwrap();
    command.arg(&file);
    let page = Process::start(command);
    page.line(|line| line.contains("started").then_some(()))
        .await;
    let (before, _) = head(&server).await;
    let heard = |seq: i64| {
        let wanted = format!("event {seq}");
        move |line: &str| (line == wanted).then_some(())
    };
    // It may subscribe at any moment from now: what it heard first says from where.
    let first = loop {
        contact.transition("ENGAGEMENT_INCREASED").await.ok();
        let said = page.stdout();
        if let Some(first) = said.lines().find_map(|line| line.strip_prefix("event ")) {
            break first.parse::<i64>().unwrap();
        }
    };
    for _ in 0..3 {
        way.cut();
        for _ in 0..5 {
            contact.transition("ENGAGEMENT_INCREASED").await.ok();
        }
        let last = wanted(&rows_after(&server, before).await, "conversation_states");
        let last = last.last().unwrap()["seq"].as_i64().unwrap();
        page.line(heard(last))
            .await
            .expect("it goes on after a cut");
    }
    let rows = wanted(&rows_after(&server, first - 1).await, "conversation_states");
    let expected: Vec<String> = rows
        .iter()
        .map(|row| format!("event {}", row["seq"]))
        .collect();
    let said = page.stdout();
    let said: Vec<&str> = said.lines().filter(|line| *line != "started").collect();
    assert_eq!(said, expected, "{}", page.stderr());
}
