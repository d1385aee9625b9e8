//! Signed events of mails of ours, as the provider tells them: delivered, opened, clicked.

use chrono::Utc;
use convo_tests::SIGNING_KEY;
use convo_tests::mailgun::{Event, Signature};
use serde_json::{Value, json};

use crate::client::request;
use crate::measure::{self, Load, Measured};
use crate::node::Node;
use crate::transitions::contacts;

const LEADS: usize = 4_000;
const PATH: &str = "/api/webhooks/mailgun/events";

/// The events go round over the leads; each is another one.
pub async fn run(nodes: &[Node], load: Load) -> Measured {
    let leads = contacts(&nodes[0], LEADS, "e").await;
    let mut number = 0;
    measure::run(nodes, load, move |_| {
        let lead = &leads[number % leads.len()];
        let event = match number / leads.len() % 3 {
            0 => Event::delivered(&lead.ours, &lead.email),
            1 => Event::opened(&lead.ours, &lead.email),
            _ => Event::clicked(&lead.ours, &lead.email),
        };
        number += 1;
        Some(posted(&event))
    })
    .await
}

/// The request Mailgun makes of it.
pub fn posted(event: &Event) -> Vec<u8> {
    let Signature {
        timestamp,
        token,
        signature,
    } = Signature::made(SIGNING_KEY, Utc::now());
    let signature = json!({"timestamp": timestamp, "token": token, "signature": signature});
    let body: Value = json!({"signature": signature, "event-data": event.0});
    request(
        "POST",
        PATH,
        None,
        "application/json",
        body.to_string().as_bytes(),
    )
}
