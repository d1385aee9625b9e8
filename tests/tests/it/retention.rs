//! What is forgotten, each at its edge; times are moved in the database, a start looks at once.

use chrono::{Duration, Months, Utc};
use convo_tests::mailgun::Event;
use convo_tests::records::{Contact, id, text};
use convo_tests::{Kind, Mail, Options, Server, eventually, on_both};
use serde_json::json;

on_both!(
    receipts_and_keys_are_forgotten_in_time,
    texts_of_closed_conversations_are_forgotten,
);

/// A time as the database writes it.
fn moment(server: &Server, at: chrono::DateTime<Utc>) -> String {
    match server.database().kind() {
        Kind::Sqlite => at.timestamp_micros().to_string(),
        Kind::Postgres => format!("'{}'", at.to_rfc3339()),
    }
}

/// An id as the database writes it.
fn key(server: &Server, id: &str) -> String {
    match server.database().kind() {
        Kind::Sqlite => format!("x'{}'", id.replace('-', "")),
        Kind::Postgres => format!("'{id}'"),
    }
}

async fn receipts_and_keys_are_forgotten_in_time(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let ours = contact.outbound("Hello").await;
    let now = Utc::now();
    let minute = Duration::minutes(1);
    // Two of each kind: one just inside, one just outside of its time.
    let rows = [
        ("webhook_receipts", "done_at", -Duration::days(30)),
        ("idempotency_keys", "created_at", -Duration::hours(24)),
        ("webhook_tokens", "expires_at", Duration::zero()),
        ("event_dedupe", "expires_at", Duration::zero()),
    ];
    for round in [-minute, minute] {
        let event = Event::opened(&ours, &contact.email);
        server.event(&event).await.ok();
        let body = json!({"email": format!("grace{}@gmail.com", round.num_minutes())});
        let call = server.call("POST", "/api/leads").json(&body);
        call.header("Idempotency-Key", &round.to_string())
            .send()
            .await
            .expect(201);
        for (table, column, edge) in rows {
            // What the first round moved is older than a row can be that was made just now.
            let fresh = moment(&server, now + edge + minute * 2);
            let to = moment(&server, now + edge + round);
            let sql = format!("UPDATE {table} SET {column} = {to} WHERE {column} > {fresh}");
            server.database().execute(&sql).await;
        }
    }
    // What a person still has to see is kept as long as that takes.
    let parked = Mail::new("stranger@gmail.com", "Hello", "Do you sell vans?");
    server.inbound(&parked).await.ok();
    let days = moment(&server, now - Duration::days(400));
    for sql in [
        format!(
            "UPDATE webhook_receipts SET status = 'dead', received_at = {days}, done_at = NULL WHERE kind = 'inbound'"
        ),
        format!("UPDATE review_items SET created_at = {days}"),
    ] {
        server.database().execute(&sql).await;
    }
    let expiring = format!(
        "SELECT COUNT(*) FROM webhook_tokens WHERE expires_at > {}",
        moment(&server, now + Duration::minutes(47 * 60 + 59))
    );
    assert_eq!(
        server.database().count(&expiring).await,
        1,
        "tokens are kept for 48 hours"
    );
    server.database().execute("DELETE FROM webhook_tokens WHERE receipt_id IN (SELECT id FROM webhook_receipts WHERE kind = 'inbound')").await;

    let server = server.restart().await;
    for (table, kept) in [
        ("webhook_receipts", 2),
        ("idempotency_keys", 1),
        ("webhook_tokens", 1),
        ("event_dedupe", 1),
    ] {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        eventually(&format!("{table} keeps {kept}"), async || {
            (server.database().count(&sql).await == kept).then_some(())
        })
        .await;
    }
    assert_eq!(
        server
            .items("/api/webhook-receipts?status=done")
            .await
            .len(),
        1
    );
    assert_eq!(
        server
            .items("/api/webhook-receipts?status=dead")
            .await
            .len(),
        1
    );
    assert_eq!(server.items("/api/review").await.len(), 1);
    for (minutes, status) in [(1, 201), (-1, 200)] {
        let body = json!({"email": format!("grace{minutes}@gmail.com")});
        let name = Duration::minutes(minutes).to_string();
        let call = server.call("POST", "/api/leads").json(&body);
        let answer = call.header("Idempotency-Key", &name).send().await;
        assert_eq!(
            answer.status, status,
            "the kept key answers as it did: {answer:?}"
        );
    }
}

async fn texts_of_closed_conversations_are_forgotten(options: Options) {
    let server = options.start().await;
    let ago = Utc::now() - Months::new(24);
    let mut all = Vec::new();
    for (name, closed, kept) in [
        ("open", None, true),
        ("inside", Some(ago + Duration::hours(1)), true),
        ("outside", Some(ago - Duration::minutes(1)), false),
    ] {
        let contact = server.contact(&format!("{name}@gmail.com")).await;
        let mail = Mail::new(&contact.email, "Hello", "The words to be forgotten");
        server.inbound_mime(&mail).await.ok();
        if let Some(closed) = closed {
            contact.transition("CONVERSATION_ABANDONED").await.ok();
            let (closed, of) = (moment(&server, closed), key(&server, &contact.id));
            let sql = format!("UPDATE conversations SET closed_at = {closed} WHERE id = {of}");
            server.database().execute(&sql).await;
        }
        all.push((contact, kept));
    }
    let server = server.restart().await;
    let path = async |contact: &Contact| {
        let of = format!("/api/conversation-state/{}/messages", contact.id);
        let message = server.items(&of).await.remove(0);
        (format!("/api/messages/{}/raw", id(&message)), message)
    };
    let (raw, _) = path(&all[2].0).await;
    eventually("the text is gone", async || {
        (server.get(&raw).await.status == 404).then_some(())
    })
    .await;
    for (contact, kept) in &all {
        let (raw, message) = path(contact).await;
        assert_eq!(server.get(&raw).await.status, if *kept { 200 } else { 404 });
        let words = if *kept {
            "The words to be forgotten"
        } else {
            ""
        };
        assert_eq!(text(&message["content"]).trim(), words);
        assert_eq!(message["kind"], "human", "what was counted stays");
    }
}
