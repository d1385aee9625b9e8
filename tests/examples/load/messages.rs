//! Messages handed over by request, as a sender of one's own does: replies and answers in turn.

use serde_json::json;

use crate::measure::{self, Load, Measured};
use crate::node::Node;
use crate::transitions::contacts;

const LEADS: usize = 4_000;

/// The messages go round over the conversations, so that each gets a few.
pub async fn run(nodes: &[Node], load: Load) -> Measured {
    let contacts = contacts(&nodes[0], LEADS, "p").await;
    let mut number = 0;
    measure::run(nodes, load, move |_| {
        let contact = &contacts[number % contacts.len()];
        let path = format!(
            "/api/conversation-state/{}/process-message",
            contact.conversation
        );
        let body = match number / contacts.len() % 2 {
            0 => json!({
                "senderId": contact.lead,
                "content": format!("Could I come by on Saturday for a test drive? Question {number}."),
                "messageType": "email",
                "isFromAI": 0,
            }),
            _ => json!({
                "senderId": "campaign",
                "content": format!("You are welcome at any time. Answer {number}."),
                "messageType": "email",
                "isFromAI": 1,
            }),
        };
        number += 1;
        Some(Node::post(&path, &body))
    })
    .await
}
