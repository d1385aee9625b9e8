//! The pages: who gets in, what they hold, what can be done on them.

mod acts;
mod entry;
mod shown;

use convo_tests::records::Contact;
use convo_tests::{Mail, Server};
use serde_json::json;

/// Every page of the navigation, and what is beside it.
const PAGES: [&str; 13] = [
    "/",
    "/setup",
    "/conversations",
    "/handover",
    "/leads",
    "/figures?days=7",
    "/review",
    "/suppressions",
    "/receipts",
    "/receipts?status=dead",
    "/drafts",
    "/outbox",
    "/outbox?status=all",
];

/// A key of an agent's own.
async fn agents_key(server: &Server, agent: &str) -> String {
    let body = json!({"name": "an agent", "scopes": ["write", "agent"], "agentId": agent});
    let made = server.post("/api/keys", body).await.expect(201);
    convo_tests::records::text(&made["key"])
}

/// A mail in HTML, with a name and a subject, from a lead into its conversation.
async fn html_mail(server: &Server, contact: &Contact, answering: &str, subject: &str, html: &str) {
    let mail = Mail::new(&contact.email, subject, "").answering(answering);
    let (head, _) = mail
        .mime()
        .split_once("MIME-Version")
        .map(|(head, rest)| (head.to_owned(), rest.to_owned()))
        .unwrap();
    let mime = format!(
        "{head}MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n"
    );
    let answer = server.inbound_raw(&mime, &mail.to, &mail.from).await.ok();
    assert_eq!(answer["conversationId"], contact.id.as_str());
}
