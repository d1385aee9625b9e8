//! The handover pack: exact quotes, the same bytes again, and hostile words that stay words.

use convo_tests::records::text;
use convo_tests::{Options, on_both};
use serde_json::{Value, json};

use super::fast;

on_both!(every_claim_cites_what_was_said_and_the_same_facts_give_the_same_bytes);

/// All evidence in a value.
fn evidence(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Object(members) => {
            if members.contains_key("messageId") && members.contains_key("id") {
                found.push(value.clone());
            }
            members.values().for_each(|member| evidence(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| evidence(item, found)),
        _ => {}
    }
}

async fn every_claim_cites_what_was_said_and_the_same_facts_give_the_same_bytes(options: Options) {
    let server = fast(options).await;
    let hostile = "<script>alert(1)</script>";
    let lead = json!({"email": "ada@customer.example", "firstName": hostile, "lastName": "\"O'Neil\" & Co"});
    let lead = text(&server.post("/api/leads", lead).await.expect(201)["id"]);
    let contact = server.contact("ada@customer.example").await;
    assert_eq!(contact.lead, lead);
    contact.outbound("Hello").await;
    contact.reply("I am interested, tell me more. What colours are there?\r\nAnd <img src=x onerror=alert(2)> can I book a test drive?").await;
    contact.outbound("Red. Of course.").await;
    contact
        .reply("Thank you!\n\nHow much is it?\nPlease call me on +49 30 1234567.\n\nOn Monday you wrote:\n> Red. Of course.")
        .await;
    let messages = contact.messages().await;
    let said = |id: &Value| {
        let message = messages.iter().find(|one| one["id"] == *id);
        message
            .unwrap_or_else(|| panic!("{id} names no message"))
            .clone()
    };
    let answer = contact.get("handover-summary").await;
    let pack = answer.ok();
    let mut cited = Vec::new();
    evidence(&pack, &mut cited);
    let mut quotes = 0;
    for one in &cited {
        let message = said(&one["id"]);
        assert_eq!(message["messageId"], one["messageId"]);
        if let Some(quote) = one["quote"].as_str() {
            quotes += 1;
            assert!(
                text(&message["content"]).contains(quote),
                "{quote} in {message}"
            );
            assert!(
                text(&message["replyText"]).contains(quote),
                "{quote} in {message}"
            );
        }
    }
    assert!(quotes >= 4, "{pack:#}");
    let wants = pack["wants"].as_array().unwrap();
    let drive = wants
        .iter()
        .find(|one| one["signal"] == "test_drive")
        .unwrap();
    assert!(text(&drive["evidence"][0]["quote"]).contains("can I book a test drive?"));
    let open: Vec<String> = pack["openQuestions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(&one["question"]))
        .collect();
    assert_eq!(
        open,
        ["How much is it?"],
        "what we have answered is not open"
    );
    for name in ["engagement", "qualification", "readiness"] {
        let one = &pack["scores"][name];
        let sum: i64 = one["reasons"]
            .as_array()
            .unwrap()
            .iter()
            .map(|reason| reason["points"].as_i64().unwrap())
            .sum();
        assert_eq!(Some(sum), one["score"].as_i64(), "{name}");
    }

    let again = contact.get("handover-summary").await;
    assert_eq!(again.text(), answer.text());
    let page = contact.get("handover-summary?format=html").await;
    let asked = server
        .call("GET", &contact.path("handover-summary"))
        .header("accept", "text/html,*/*;q=0.8")
        .send()
        .await;
    assert_eq!(page.text(), asked.text());
    assert!(page.header("content-type").starts_with("text/html"));
    let policy = page.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    let html = page.text();
    for hostile in ["<script", "<img", "onerror=alert(2)>"] {
        assert!(!html.contains(hostile), "{hostile}");
    }
    assert!(html.contains("&lt;img src=x onerror=alert(2)&gt;"));
    // A step of the handover makes another pack, which is as steady as the one before.
    let ann = server.agent("ann@dealer.example").await;
    let accept = json!({"agentId": ann});
    contact.post("handover/accept", accept).await.ok();
    let answer = contact.get("handover-summary").await;
    assert_eq!(answer.ok()["state"], "HANDED_OVER");
    assert_eq!(contact.get("handover-summary").await.text(), answer.text());
    let mut server = server;
    server.stop().await;
    let server = server.restart().await;
    let after = server.get(&contact.path("handover-summary")).await;
    assert_eq!(after.text(), answer.text(), "nor does a start change it");
    let wrong = server
        .get(&contact.path("handover-summary?format=pdf"))
        .await;
    wrong.problem(422, "validation_failed");
}
