//! The server under load, its log in a file, on a database of its own.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::sync::Arc;

use convo_tests::{BOOTSTRAP_KEY, Database, Kind, Options, guardian};
use serde_json::Value;

use crate::client::{Client, request};

pub struct Node {
    child: Child,
    pub address: SocketAddr,
    database: Arc<Database>,
    options: Options,
}

/// The writer's counters.
#[derive(Clone, Copy, Default)]
pub struct Counters {
    pub commits: f64,
    pub commands: f64,
    /// Seconds of processor the whole server has used.
    pub server: f64,
    /// Those of its writer thread.
    pub writer: f64,
}

impl Node {
    /// Starts it with the default settings, logging included.
    pub async fn start(kind: Kind) -> Node {
        Node::over(Arc::new(Database::create(kind).await))
    }

    /// Another one on the same database.
    pub fn beside(&self) -> Node {
        Node::over(Arc::clone(&self.database))
    }

    /// The same over a database that is there already.
    pub fn over(database: Arc<Database>) -> Node {
        let folder = guardian::folder();
        let options = Options::on(database.kind());
        let log = File::create(folder.join("log")).expect("a log file");
        let mut command = options.program(&database, &folder);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        let mut child = command.spawn().expect("the server starts");
        guardian::watch(&child);
        let lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
        let address = lines
            .map_while(Result::ok)
            .find_map(|line| {
                let (_, url) = line.split_once("listening on http://")?;
                url.trim().trim_end_matches('/').parse().ok()
            })
            .expect("the server listens");
        Node {
            child,
            address,
            database,
            options,
        }
    }

    pub fn kind(&self) -> Kind {
        self.database.kind()
    }

    /// A JSON request with the bootstrap key.
    pub fn post(path: &str, body: &Value) -> Vec<u8> {
        let body = body.to_string();
        request(
            "POST",
            path,
            Some(BOOTSTRAP_KEY),
            "application/json",
            body.as_bytes(),
        )
    }

    /// WebSockets that were closed because their clients did not read.
    pub async fn lagging(&self) -> usize {
        self.metric(&["convo_ws_closed_total{reason=\"lagging\"}"])
            .await[0] as usize
    }

    async fn metric(&self, names: &[&str]) -> Vec<f64> {
        let mut client = Client::connect(self.address).await;
        let reply = client
            .call(&request("GET", "/metrics", Some(BOOTSTRAP_KEY), "", &[]))
            .await;
        let text = String::from_utf8(reply.body).expect("text");
        let value = |name: &&str| {
            let mut lines = text.lines();
            let line = lines.find_map(|line| line.strip_prefix(*name)?.strip_prefix(' '));
            line.map_or(0.0, |number| number.parse().expect("a number"))
        };
        names.iter().map(value).collect()
    }

    pub async fn counters(&self) -> Counters {
        let names = ["convo_commits_total", "convo_batch_commands_sum"];
        let values = self.metric(&names).await;
        Counters {
            commits: values[0],
            commands: values[1],
            server: self.processor(|_| true),
            writer: self.processor(|thread| thread == "writer"),
        }
    }

    /// Seconds of processor that the threads of these names have used; 0 where the system does not tell.
    fn processor(&self, wanted: impl Fn(&str) -> bool) -> f64 {
        const TICKS_PER_SECOND: f64 = 100.0;
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id()));
        let used = |folder: std::fs::DirEntry| {
            let stat = std::fs::read_to_string(folder.path().join("stat")).ok()?;
            let (head, rest) = stat.rsplit_once(')')?;
            let name = head.split_once('(')?.1;
            let fields: Vec<&str> = rest.split_whitespace().collect();
            let ticks = fields[11].parse::<f64>().ok()? + fields[12].parse::<f64>().ok()?;
            wanted(name).then_some(ticks / TICKS_PER_SECOND)
        };
        let threads = threads.into_iter().flatten().flatten();
        threads.filter_map(used).sum()
    }

    /// Resident memory in KiB; 0 where the system does not tell.
    pub fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.map_or(0, |number| number.parse().expect("a number"))
    }

    /// Writes the newest row of the log so many times again, as another process would.
    pub async fn multiply_log(&self, times: usize) {
        let sql = format!(
            "BEGIN; UPDATE log_head SET seq = seq + {times};             WITH RECURSIVE many(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM many WHERE n + 1 < {times})             INSERT INTO event_log (seq, kind, at, conversation_id, lead_id, metadata_id, silent, data)             SELECT (SELECT seq FROM log_head) - n, kind, at, conversation_id, lead_id, metadata_id, silent, data              FROM many, (SELECT * FROM event_log ORDER BY seq DESC LIMIT 1) AS newest; COMMIT;"
        );
        self.database.execute(&sql).await;
    }

    /// What the load left behind keeps every invariant.
    pub async fn verify(&self) {
        let folder = guardian::folder();
        let finished = self.options.command(&self.database, &folder, &["verify"]);
        finished.await.ok();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        guardian::forget(&self.child);
    }
}
