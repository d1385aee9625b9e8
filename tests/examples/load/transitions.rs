//! Conversations taken through their life by request, each step accepted: three in ten move, the others are recorded.

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::client::Client;
use crate::measure::{self, Load, Measured};
use crate::node::Node;

/// ENGAGEMENT_INCREASED in one life.
const RECORDED: usize = 7;
/// So many conversations are made that this rate does not use them up.
const MOST_PER_SECOND: usize = 16_000;

/// Each client takes one conversation after another from the first mail to the archive.
pub async fn run(nodes: &[Node], load: Load) -> Measured {
    let seconds = usize::try_from(load.time.as_secs()).unwrap_or(usize::MAX) + 1;
    let rate = load.rate.map_or(MOST_PER_SECOND, |rate| rate as usize);
    let wanted = rate / (RECORDED + 3) * seconds + load.clients;
    let mut conversations = VecDeque::from(contacts(&nodes[0], wanted, "t").await);
    let mut lives: Vec<Vec<Vec<u8>>> = vec![Vec::new(); load.clients];
    measure::run(nodes, load, move |client| {
        let life = &mut lives[client];
        if life.is_empty() {
            *life = life_of(&conversations.pop_front()?.conversation);
        }
        life.pop()
    })
    .await
}

/// The requests of one conversation's life, the last first.
fn life_of(conversation: &str) -> Vec<Vec<u8>> {
    let path = format!("/api/conversation-state/{conversation}/transition");
    let mut events = vec!["MANUAL_ARCHIVE", "CONVERSATION_ABANDONED"];
    events.extend(["ENGAGEMENT_INCREASED"; RECORDED]);
    events.push("FIRST_EMAIL_SENT");
    let bodies = events
        .into_iter()
        .map(|event| json!({"event": event, "triggeredBy": "bench"}));
    bodies.map(|body| Node::post(&path, &body)).collect()
}

/// A lead we have written to.
pub struct Contact {
    pub lead: String,
    pub email: String,
    pub conversation: String,
    /// Message-ID of our mail.
    pub ours: String,
}

/// Makes leads with one conversation and one mail of ours each.
pub async fn contacts(node: &Node, count: usize, prefix: &str) -> Vec<Contact> {
    const AT_ONCE: usize = 64;
    let run = uuid::Uuid::new_v4().simple().to_string();
    let mut tasks = tokio::task::JoinSet::new();
    for worker in 0..AT_ONCE {
        let (address, run, prefix) = (node.address, run.clone(), prefix.to_owned());
        tasks.spawn(async move {
            let mut client = Client::connect(address).await;
            let mut made = Vec::new();
            for number in (worker..count).step_by(AT_ONCE) {
                let email = format!("{prefix}{number}@{run}.example");
                made.push(contact(&mut client, &email).await);
            }
            made
        });
    }
    tasks.join_all().await.into_iter().flatten().collect()
}

/// One lead with one conversation and one mail of ours.
pub async fn contact(client: &mut Client, email: &str) -> Contact {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let lead = json!({"email": email, "firstName": "Ada"});
    let lead = client.call(&Node::post("/api/leads", &lead)).await.ok();
    let lead = text(&lead["id"]);
    let conversation = json!({"leadId": lead, "subject": "Your new car"});
    let conversation = client
        .call(&Node::post("/api/conversations", &conversation))
        .await;
    let conversation = text(&conversation.ok()["id"]);
    let mail = json!({
        "senderId": "campaign",
        "content": "We have the car you asked about. Would you like to see it this week?",
        "messageType": "email",
        "isFromAI": 1,
    });
    let path = format!("/api/conversation-state/{conversation}/process-message");
    let stored = client.call(&Node::post(&path, &mail)).await.ok();
    Contact {
        lead,
        email: email.to_owned(),
        conversation,
        ours: text(&stored["message"]["messageId"]),
    }
}
