//! Handing leads to agents over HTTP: offers, links, answers by mail, the pack, and the whole story.

mod answers;
pub mod mail;
mod pack;
mod story;

use chrono::{Duration, Utc};
use convo_tests::records::{Contact, id, text};
use convo_tests::{Kind, Options, Server, eventually, on_both, together};
use serde_json::{Value, json};

on_both!(
    offers_go_round_until_one_accepts,
    twenty_accept_at_once_and_one_has_it,
    an_offer_passes_and_the_queue_waits_for_room,
    an_agents_own_key_acts_for_that_agent,
    release_gives_back_and_refusals_are_conflicts,
    what_waited_before_there_were_offers_is_offered,
);

/// What makes a person wanted with one reply, under the policy `fastTrack`.
pub const CALL_ME: &str = "Please call me on +49 30 1234567, I want to buy it this week.";

/// A server on which every reply that asks for a person makes one wanted.
pub async fn fast(options: Options) -> Server {
    let server = options.start().await;
    server
        .put("/api/policy", json!({"fastTrack": true}))
        .await
        .ok();
    server
}

/// A lead who asks for a person.
pub async fn asks_for_a_person(server: &Server, email: &str) -> Contact {
    let contact = server.contact(email).await;
    contact.outbound("Hello").await;
    contact.reply(CALL_ME).await;
    assert_eq!(contact.state().await, "READY_FOR_HANDOVER");
    contact
}

pub async fn handover(contact: &Contact) -> Value {
    contact.status().await["integrationStatus"]["handover"].clone()
}

/// Who is asked now; null when nobody is.
pub async fn asked(contact: &Contact) -> Value {
    handover(contact).await["offer"]["agentId"].clone()
}

/// Lets the open offer of a conversation have passed a minute ago.
pub async fn let_pass(server: &Server, offer: &str) {
    let past = Utc::now() - Duration::minutes(1);
    let (past, key) = match server.database().kind() {
        Kind::Sqlite => (
            past.timestamp_micros().to_string(),
            format!("x'{}'", offer.replace('-', "")),
        ),
        Kind::Postgres => (format!("'{}'", past.to_rfc3339()), format!("'{offer}'")),
    };
    for sql in [
        format!("UPDATE handover_offers SET due_at = {past} WHERE id = {key}"),
        format!("UPDATE timers SET due_at = {past} WHERE subject_id = {key}"),
    ] {
        server.database().execute(&sql).await;
    }
}

/// The steps of a conversation's handover that the log tells.
async fn actions(server: &Server, contact: &Contact) -> Vec<String> {
    let log = server.log_after(0).await;
    let of = log.iter().filter(|row| {
        row["type"] == "handover_event" && row["conversationId"] == contact.id.as_str()
    });
    of.map(|row| text(&row["data"]["action"])).collect()
}

async fn offers_go_round_until_one_accepts(options: Options) {
    let server = fast(options).await;
    let (ann, bob) = (
        server.agent("ann@dealer.example").await,
        server.agent("bob@dealer.example").await,
    );
    let contact = asks_for_a_person(&server, "ada@customer.example").await;
    let inbox = server.get(&format!("/api/agents/{ann}/offers")).await.ok();
    let offer = &inbox["items"][0];
    assert_eq!(offer["conversationId"], contact.id.as_str());
    assert_eq!(offer["lead"]["email"], "ada@customer.example");
    assert!(text(&offer["summary"]).starts_with("Ada"), "{offer}");
    assert!(offer["dueAt"].as_str() > offer["offeredAt"].as_str());
    assert_eq!(handover(&contact).await["status"], "offered");

    let by = |agent: &str, reason: Value| json!({"agentId": agent, "reason": reason});
    let other = contact.post("handover/accept", by(&bob, Value::Null)).await;
    other.problem(409, "conflict");
    let declined = contact
        .post("handover/decline", by(&ann, json!("on the road")))
        .await
        .ok();
    assert_eq!(declined["handover"]["status"], "offered", "{declined}");
    assert_eq!(asked(&contact).await, bob.as_str());
    let inbox = server.get(&format!("/api/agents/{ann}/offers")).await.ok();
    assert_eq!(inbox["items"], json!([]));

    let accepted = contact
        .post("handover/accept", by(&bob, Value::Null))
        .await
        .ok();
    assert_eq!(accepted["newState"], "HANDED_OVER");
    assert_eq!(accepted["transitions"][0]["event"], "HUMAN_AGENT_ASSIGNED");
    assert_eq!(handover(&contact).await["status"], "accepted");
    let again = contact
        .post("handover/accept", by(&bob, Value::Null))
        .await
        .ok();
    assert_eq!(
        (&again["version"], &again["transitions"]),
        (&accepted["version"], &json!([]))
    );

    let call = json!({"agentId": bob, "channel": "phone", "note": "comes on Friday"});
    let touched = contact.post("handover/touch", call).await.ok();
    assert_eq!(touched["handover"]["status"], "touched");
    let won = json!({"outcome": "won"});
    contact
        .transition_with("CONVERSATION_COMPLETED", won)
        .await
        .ok();
    assert_eq!(handover(&contact).await["status"], "completed");
    let expected = [
        "requested",
        "offered",
        "declined",
        "offered",
        "accepted",
        "touched",
        "completed",
    ];
    assert_eq!(actions(&server, &contact).await, expected);
    server.verify().await;
}

async fn twenty_accept_at_once_and_one_has_it(options: Options) {
    let server = fast(options).await;
    let mut agents = Vec::new();
    for n in 0..20 {
        agents.push(server.agent(&format!("agent-{n}@dealer.example")).await);
    }
    let contact = asks_for_a_person(&server, "ada@customer.example").await;
    let answers = together(agents.iter().map(|agent| {
        let (contact, body) = (contact.clone(), json!({"agentId": agent}));
        async move { contact.post("handover/accept", body).await }
    }))
    .await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(won.len(), 1);
    for answer in lost {
        answer.problem(409, "conflict");
    }
    assert_eq!(
        contact.status().await["assignedAgentId"],
        won[0].json()["agentId"]
    );
    server.verify().await;
}

async fn an_offer_passes_and_the_queue_waits_for_room(options: Options) {
    let server = fast(options).await;
    let contact = asks_for_a_person(&server, "ada@customer.example").await;
    assert_eq!(handover(&contact).await["status"], "unclaimed");
    let ann = json!({"name": "Ann", "email": "ann@dealer.example", "capacity": 1});
    let ann = id(&server.post("/api/agents", ann).await.expect(201));
    assert_eq!(
        asked(&contact).await,
        ann.as_str(),
        "offered in the commit that makes room"
    );
    let waits = asks_for_a_person(&server, "grace@customer.example").await;
    assert_eq!(handover(&waits).await["status"], "unclaimed");

    let boss =
        json!({"name": "Boss", "email": "boss@dealer.example", "manager": true, "capacity": 0});
    let boss = id(&server.post("/api/agents", boss).await.expect(201));
    let offer = text(&handover(&contact).await["offer"]["id"]);
    server
        .patch(&format!("/api/agents/{boss}"), json!({"capacity": 1}))
        .await
        .ok();
    assert_eq!(asked(&waits).await, boss.as_str(), "all others are full");
    let_pass(&server, &offer).await;
    eventually("the offer has passed", async || {
        let told = actions(&server, &contact).await;
        told.contains(&"expired".to_owned()).then_some(())
    })
    .await;
    // Whoever is not asked any more, while nobody is, still may take it.
    assert_eq!(asked(&contact).await, Value::Null);
    let accepted = contact
        .post("handover/accept", json!({"agentId": ann}))
        .await;
    accepted.ok();
    let gone = server
        .patch(&format!("/api/agents/{boss}"), json!({"active": false}))
        .await;
    gone.ok();
    assert!(
        actions(&server, &waits)
            .await
            .contains(&"withdrawn".to_owned())
    );
    server.verify().await;
}

async fn an_agents_own_key_acts_for_that_agent(options: Options) {
    let server = fast(options).await;
    let ann = server.agent("ann@dealer.example").await;
    let key = json!({"name": "ann", "scopes": ["write", "agent"], "agentId": ann});
    let key = text(&server.post("/api/keys", key).await.expect(201)["key"]);
    let contact = asks_for_a_person(&server, "ada@customer.example").await;
    let path = contact.path("handover/accept");
    let missing = server.post(&path, json!({})).await;
    missing.problem(422, "validation_failed");
    let nobody = json!({"agentId": "00000000-0000-7000-8000-000000000000"});
    server
        .post(&path, nobody)
        .await
        .problem(422, "validation_failed");
    let writer = server.with_key(Some(&server.key(&["write"]).await));
    writer
        .post(&path, json!({"agentId": ann}))
        .await
        .problem(403, "forbidden");
    // Without a body at all.
    let own = server
        .with_key(Some(&key))
        .call("POST", &path)
        .send()
        .await
        .ok();
    assert_eq!(own["assignedAgentId"], ann.as_str());
    let none = server
        .get("/api/agents/00000000-0000-7000-8000-000000000000/offers")
        .await;
    none.problem(404, "not_found");
}

async fn release_gives_back_and_refusals_are_conflicts(options: Options) {
    let server = fast(options).await;
    let (ann, bob) = (
        server.agent("ann@dealer.example").await,
        server.agent("bob@dealer.example").await,
    );
    let contact = server.contact("ada@customer.example").await;
    for action in ["accept", "decline", "release", "touch"] {
        let early = contact
            .post(&format!("handover/{action}"), json!({"agentId": ann}))
            .await;
        let code = if action == "accept" {
            "invalid_transition"
        } else {
            "conflict"
        };
        early.problem(409, code);
    }
    contact.outbound("Hello").await;
    contact.reply(CALL_ME).await;
    contact
        .post("handover/accept", json!({"agentId": ann}))
        .await
        .ok();
    contact
        .post("handover/touch", json!({"agentId": bob}))
        .await
        .problem(409, "conflict");
    contact
        .post("handover/release", json!({"agentId": bob}))
        .await
        .problem(409, "conflict");
    let released = contact
        .post("handover/release", json!({"reason": "ill"}))
        .await
        .ok();
    assert_eq!(
        (&released["newState"], &released["assignedAgentId"]),
        (&json!("HANDED_OVER"), &Value::Null)
    );
    assert_eq!(
        asked(&contact).await,
        bob.as_str(),
        "not the one who gave it back"
    );
    contact
        .transition_with("HUMAN_AGENT_ASSIGNED", json!({"agentId": ann}))
        .await
        .ok();
    assert_eq!(
        asked(&contact).await,
        Value::Null,
        "an assignment withdraws the offer"
    );
    contact
        .transition_with("HUMAN_AGENT_ASSIGNED", json!({"agentId": bob}))
        .await
        .ok();
    let told = actions(&server, &contact).await;
    assert_eq!(
        told[told.len() - 3..],
        ["withdrawn", "assigned", "reassigned"],
        "{told:?}"
    );
    server.verify().await;
}

async fn what_waited_before_there_were_offers_is_offered(options: Options) {
    let server = fast(options).await;
    let contact = asks_for_a_person(&server, "ada@customer.example").await;
    // As a release without offers left it: READY_FOR_HANDOVER, and in no queue.
    let forgets = "UPDATE conversations SET queued_since = NULL, facts = \
                   replace(replace(facts, '\"wanted_at\":', '\"then\":'), '\"unclaimed_at\":', '\"too\":')";
    server.database().execute(forgets).await;
    server
        .database()
        .execute("DELETE FROM timers WHERE kind = 'offer'")
        .await;
    let ann = server.agent("ann@dealer.example").await;
    assert_eq!(asked(&contact).await, Value::Null);
    // What the migration leaves where there were conversations.
    let begins = match server.database().kind() {
        Kind::Sqlite => "VALUES (zeroblob(16), 'begin', zeroblob(16), 0)".to_owned(),
        Kind::Postgres => {
            let nil = uuid::Uuid::nil();
            format!("VALUES ('{nil}', 'begin', '{nil}', 'epoch')")
        }
    };
    let begins = format!("INSERT INTO timers (conversation_id, kind, subject_id, due_at) {begins}");
    server.database().execute(&begins).await;
    eventually("an agent is asked", async || {
        (asked(&contact).await == ann.as_str()).then_some(())
    })
    .await;
    server.verify().await;
}
