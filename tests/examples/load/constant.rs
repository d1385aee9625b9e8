//! What must not grow with a conversation: the same calls on conversations of 10 and of 5,000 messages, in turn.

use std::time::{Duration, Instant};

use convo_tests::BOOTSTRAP_KEY;
use serde_json::json;

use crate::client::Client;
use crate::node::Node;
use crate::transitions::{Contact, contact};

const FEW: usize = 10;
pub const MANY: usize = 5_000;
/// Each short one gets so few calls that it stays short.
const SHORT_ONES: usize = 30;
const CALLS: usize = 300;
/// The ids a mail program keeps in References.
const CHAIN: usize = 10;

/// Prints the medians of each call and their ratio.
pub async fn run(node: &Node) {
    let mut client = Client::connect(node.address).await;
    let mut short = Vec::new();
    for number in 0..SHORT_ONES {
        short.push(Thread::of(&mut client, &format!("few{number}@bench.example"), FEW).await);
    }
    let mut long = Thread::of(&mut client, "many@bench.example", MANY).await;
    println!(
        "{:?}: medians of {CALLS} calls in µs\n{:<16} {:>11} {:>14} {:>6}",
        node.kind(),
        "",
        "10 messages",
        "5,000 messages",
        "ratio"
    );
    for view in ["status", "context", "lead-journey"] {
        let (mut few, mut many) = (Vec::new(), Vec::new());
        for call in 0..CALLS + SHORT_ONES {
            few.push(short[call % SHORT_ONES].view(&mut client, view).await);
            many.push(long.view(&mut client, view).await);
        }
        print(view, few, many);
    }
    let (mut few, mut many) = (Vec::new(), Vec::new());
    for call in 0..CALLS {
        few.push(short[call % SHORT_ONES].add(&mut client).await);
        many.push(long.add(&mut client).await);
    }
    print("process-message", few, many);
}

fn print(what: &str, few: Vec<Duration>, many: Vec<Duration>) {
    let median = |mut took: Vec<Duration>| {
        // The first calls warm up what is kept between calls.
        took.drain(..took.len() - CALLS.min(took.len()));
        took.sort_unstable();
        took[took.len() / 2].as_secs_f64() * 1e6
    };
    let (few, many) = (median(few), median(many));
    println!("{what:<16} {few:>11.0} {many:>14.0} {:>6.2}", many / few);
}

/// A conversation in which both sides answer each other.
pub struct Thread {
    contact: Contact,
    chain: Vec<String>,
    count: usize,
}

impl Thread {
    pub async fn of(client: &mut Client, email: &str, messages: usize) -> Thread {
        let contact = contact(client, email).await;
        let mut thread = Thread {
            chain: vec![contact.ours.clone()],
            contact,
            count: 1,
        };
        while thread.count < messages {
            thread.add(client).await;
        }
        thread
    }

    pub fn path(&self, rest: &str) -> String {
        format!(
            "/api/conversation-state/{}/{rest}",
            self.contact.conversation
        )
    }

    async fn view(&self, client: &mut Client, view: &str) -> Duration {
        let request = crate::client::request("GET", &self.path(view), Some(BOOTSTRAP_KEY), "", &[]);
        timed(client, &request).await
    }

    /// The next mail, an answer to the last one.
    async fn add(&mut self, client: &mut Client) -> Duration {
        let ours = self.count.is_multiple_of(2);
        let id = format!("{}.{}@bench.example", self.count, self.contact.conversation);
        let last = self.chain.last().expect("a first mail");
        let references: Vec<String> = self.chain.iter().map(|id| format!("<{id}>")).collect();
        let body = json!({
            "senderId": if ours { "campaign" } else { &self.contact.lead },
            "content": format!("This is number {} of what we say to each other.", self.count),
            "messageType": "email",
            "isFromAI": u8::from(ours),
            "emailHeaders": {
                "Message-ID": format!("<{id}>"),
                "In-Reply-To": format!("<{last}>"),
                "References": references.join(" "),
            },
        });
        let request = Node::post(&self.path("process-message"), &body);
        let took = timed(client, &request).await;
        self.count += 1;
        self.chain.push(id);
        if self.chain.len() > CHAIN {
            self.chain.remove(0);
        }
        took
    }
}

async fn timed(client: &mut Client, request: &[u8]) -> Duration {
    let sent = Instant::now();
    let reply = client.call(request).await;
    let took = sent.elapsed();
    reply.ok();
    took
}
