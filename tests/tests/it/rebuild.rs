//! What follows from sources is made anew, row for row; a database that is right is left alone.

use std::fs;

use convo_tests::mailgun::Event;
use convo_tests::{Database, Finished, Kind, Mail, Options, Server, guardian, on_both};
use serde_json::{Value, json};

use crate::handover::{CALL_ME, asks_for_a_person, fast};

on_both!(
    a_damaged_database_is_made_anew,
    facts_that_cannot_be_read_are_told_by_their_sources,
);

/// Every way a row comes to be: mail in and out of order, events, a bounce, an opt-out, reopening, handover, imports,
/// a merge of threads, an erasure.
async fn traffic(server: &Server) {
    let agent = server.agent("grace@dealer.example").await;
    let owned = asks_for_a_person(server, "owned@customer.example").await;
    let body = json!({"agentId": agent, "reason": "She knows me"});
    owned.post("take-over", body).await.ok();
    asks_for_a_person(server, "offered@customer.example").await;

    let keen = server.contact("keen@customer.example").await;
    let ours = keen.outbound("Hello").await;
    for event in [Event::delivered, Event::opened, Event::clicked] {
        server.event(&event(&ours, &keen.email)).await.ok();
    }
    // Answers come before what they answer, and two threads turn out to be one.
    let mail = |text: &str| Mail::new(&keen.email, "Re: Your new car", text);
    let root = mail("I am interested").identified("root@customer.example");
    let middle = mail("Tell me more")
        .identified("middle@customer.example")
        .answering(&root.message_id);
    let leaf = mail("Can I book a test drive?").answering(&middle.message_id);
    let lost = mail("And the price?").answering("never-seen@customer.example");
    for one in [&leaf, &root, &middle, &lost] {
        server.inbound(one).await.ok();
    }

    let gone = server.contact("gone@customer.example").await;
    let ours = gone.outbound("Hello").await;
    server.event(&Event::bounced(&ours, &gone.email)).await.ok();
    let left = server.contact("left@customer.example").await;
    left.outbound("Hello").await;
    left.reply("Please unsubscribe me").await;
    let back = server.contact("back@customer.example").await;
    back.outbound("Hello").await;
    back.reply("Tell me more about it").await;
    back.transition_with("CONVERSATION_ABANDONED", json!({"outcome": "not_now"}))
        .await
        .ok();
    server
        .inbound(&Mail::new(&back.email, "Again", CALL_ME))
        .await
        .ok();

    let forgotten = server.contact("forgotten@customer.example").await;
    forgotten.outbound("Hello").await;
    forgotten.reply("I want to buy it this week").await;
    let path = format!("/api/leads/{}", forgotten.lead);
    assert_eq!(server.delete(&path).await.status, 204);

    let rows = [
        json!({"type": "lead", "externalId": "l1", "email": "ada@customer.example", "firstName": "Ada", "source": "fair"}),
        json!({"type": "conversation", "externalId": "v1", "leadExternalId": "l1", "subject": "Hello", "state": "QUALIFIED", "createdAt": "2025-01-02T03:04:05Z"}),
        json!({"type": "message", "externalId": "m1", "conversationExternalId": "v1", "senderId": "campaign", "isFromAI": 1, "content": "Hello", "messageType": "email", "sentAt": "2025-01-02T03:05:00Z"}),
        json!({"type": "message", "externalId": "m2", "conversationExternalId": "v1", "senderId": "l1", "isFromAI": 0, "content": "Tell me more", "messageType": "email", "sentAt": "2025-01-02T03:06:00Z"}),
    ];
    let path = guardian::folder().join("records.jsonl");
    let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
    fs::write(&path, text).unwrap();
    let import = ["import", path.to_str().unwrap()];
    server.command(&import).await.ok();
}

fn report(run: &Finished) -> Value {
    serde_json::from_str(run.ok()).unwrap()
}

/// All rows, in one order; a revision counts commits, and a count of nothing may be a row or none.
async fn dump(database: &Database) -> Vec<(String, Vec<String>)> {
    for sql in [
        "UPDATE conversations SET revision = 0",
        "UPDATE leads SET revision = 0",
        "DELETE FROM counters WHERE value = 0",
        "DELETE FROM analytics_counts WHERE value = 0",
    ] {
        database.execute(sql).await;
    }
    let mut dump = database.dump().await;
    for (_, rows) in &mut dump {
        rows.sort_unstable();
    }
    dump
}

#[track_caller]
fn same(before: &[(String, Vec<String>)], after: &[(String, Vec<String>)]) {
    for ((table, before), (_, after)) in before.iter().zip(after) {
        let missing: Vec<_> = before.iter().filter(|row| !after.contains(row)).collect();
        let extra: Vec<_> = after.iter().filter(|row| !before.contains(row)).collect();
        assert!(
            missing.is_empty() && extra.is_empty(),
            "{table}: {missing:#?} became {extra:#?}"
        );
    }
}

const DAMAGE: [&str; 16] = [
    "UPDATE counters SET value = 0 WHERE name <> 'conversations'",
    "DELETE FROM counters WHERE name = 'conversations'",
    "UPDATE analytics_counts SET value = value + 7 WHERE figure = 'sent'",
    "DELETE FROM analytics_counts WHERE figure <> 'sent'",
    "DELETE FROM waits",
    "DELETE FROM cohorts",
    "DELETE FROM thread_placeholders",
    "UPDATE messages SET parent_id = NULL, parent_message_rfc = 'wrong', depth = 9",
    "UPDATE conversations SET state = 'CLOSED', version = 77, awaiting = 'nobody', last_event = NULL, message_count = 0, \
     outcome = NULL, assigned_agent_id = NULL, closed_at = created_at, last_activity_at = created_at, queued_since = NULL, \
     ever_handed_over = NOT ever_handed_over, held = NOT held",
    "UPDATE conversations SET facts = replace(facts, '\"version\":', '\"version\":4')",
    "UPDATE conversations SET facts = replace(facts, '\"inbound\":', '\"inbound\":4')",
    "UPDATE conversations SET facts = replace(facts, '\"closed_at\":null', '\"closed_at\":\"2026-01-01T00:00:00Z\"')",
    "UPDATE leads SET current_stage = NULL, highest_stage = NULL, completeness = 3, email_key = 'wrong'",
    "UPDATE leads SET facts = replace(facts, '\"COLD_LEAD\":\"20', '\"COLD_LEAD\":\"19')",
    "UPDATE email_events SET campaign_id = NULL, figure = NULL WHERE kind IN ('opened', 'clicked')",
    "DELETE FROM timers WHERE kind IN ('no_reply', 'archive', 'follow_up', 'snooze')",
];

async fn a_damaged_database_is_made_anew(options: Options) {
    let mut server = fast(options).await;
    traffic(&server).await;
    server.stop().await;
    server.verify().await;
    let before = dump(server.database()).await;
    let look = report(&server.command(&["rebuild", "--dry-run"]).await);
    assert_eq!(look["changed"], json!({}), "{look:#}");
    let run = report(&server.command(&["rebuild"]).await);
    assert_eq!(run, look, "what is right is left alone");
    same(&before, &dump(server.database()).await);

    // The zero id, so that no message says which thread it is in.
    let zero = match server.database().kind() {
        Kind::Sqlite => "zeroblob(16)".to_owned(),
        Kind::Postgres => "'00000000-0000-0000-0000-000000000000'".to_owned(),
    };
    let threads = format!("UPDATE messages SET thread_id = {zero}");
    for sql in DAMAGE.into_iter().chain([threads.as_str()]) {
        server.database().execute(sql).await;
    }
    let verified = server.command(&["verify"]).await;
    assert_eq!(verified.status.code(), Some(1), "{verified:?}");
    let damaged = dump(server.database()).await;
    let look = report(&server.command(&["rebuild", "--dry-run"]).await);
    for table in [
        "conversations",
        "messages",
        "thread_placeholders",
        "waits",
        "cohorts",
        "leads",
        "timers",
        "counters",
        "analytics_counts",
        "email_events",
    ] {
        assert!(
            look["changed"][table].as_u64() > Some(0),
            "{table}: {look:#}"
        );
    }
    same(&damaged, &dump(server.database()).await);
    let run = report(&server.command(&["rebuild"]).await);
    assert_eq!(run["changed"], look["changed"]);
    same(&before, &dump(server.database()).await);
    server.verify().await;
    let again = report(&server.command(&["rebuild"]).await);
    assert_eq!(again["changed"], json!({}), "{again:#}");
}

async fn facts_that_cannot_be_read_are_told_by_their_sources(options: Options) {
    let mut server = fast(options).await;
    let contact = asks_for_a_person(&server, "ada@customer.example").await;
    let agent = server.agent("grace@dealer.example").await;
    let body = json!({"agentId": agent, "reason": "She knows me"});
    contact.post("take-over", body).await.ok();
    let status = contact.status().await;
    server.stop().await;
    for table in ["conversations", "leads"] {
        let sql = format!("UPDATE {table} SET facts = '{{}}'");
        server.database().execute(&sql).await;
    }
    server.command(&["rebuild"]).await.ok();
    let server = server.restart().await;
    let again = server.status(&contact.id).await;
    for what in [
        "currentState",
        "version",
        "assignedAgentId",
        "allowedEvents",
    ] {
        assert_eq!(again[what], status[what], "{what}");
    }
    for what in ["messageCount", "inboundCount", "engagementScore"] {
        assert_eq!(
            again["analytics"][what], status["analytics"][what],
            "{what}"
        );
    }
    let journey = format!("/api/conversation-state/lead/{}/journey", contact.lead);
    let journey = server.get(&journey).await.ok();
    assert_eq!(
        journey["progress"]["highestStage"]["order"], 6,
        "{journey:#}"
    );
}
