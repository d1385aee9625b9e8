//! Receipts whose effect fails: tried again, given up, played again.

use chrono::{DateTime, Utc};
use convo_tests::mailgun::Event;
use convo_tests::records::{id, text};
use convo_tests::{Database, Kind, Mail, Options, Server, eventually, on_both};
use serde_json::{Value, json};

on_both!(
    what_fails_is_tried_until_it_is_dead_and_can_be_replayed,
    a_retry_takes_a_mail_as_it_came,
);

/// Refuses every new message, as a fault of ours would.
async fn refuse_messages(database: &Database) {
    database
        .execute(match database.kind() {
            Kind::Sqlite => {
                "CREATE TRIGGER refuse BEFORE INSERT ON messages BEGIN SELECT RAISE(ABORT, 'refused'); END"
            }
            Kind::Postgres => {
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$; \
                 CREATE TRIGGER refuse BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION refuse()"
            }
        })
        .await;
}

async fn accept_messages(database: &Database) {
    database
        .execute(match database.kind() {
            Kind::Sqlite => "DROP TRIGGER refuse",
            Kind::Postgres => "DROP TRIGGER refuse ON messages; DROP FUNCTION refuse()",
        })
        .await;
}

/// Makes what is to be tried later due now.
async fn make_due(database: &Database) {
    let sql = "UPDATE webhook_receipts SET next_attempt_at = received_at WHERE status = 'failed'";
    database.execute(sql).await;
}

async fn receipts(server: &Server, status: &str) -> Vec<Value> {
    let path = format!("/api/webhook-receipts?status={status}");
    server.items(&path).await
}

fn time(value: &Value) -> DateTime<Utc> {
    text(value).parse().unwrap()
}

/// What a repeat must not change.
async fn facts(server: &Server) -> (i64, i64) {
    let database = server.database();
    let messages = database.count("SELECT COUNT(*) FROM messages").await;
    let head = server.get("/api/events?after=0&limit=1").await.ok()["head"].as_i64();
    (messages, head.unwrap())
}

async fn what_fails_is_tried_until_it_is_dead_and_can_be_replayed(options: Options) {
    let server = options.start().await;
    // Pauses are random below a bound: one so long that none is over while the test looks.
    let policy =
        json!({"retries": {"attempts": 3, "baseSeconds": 100_000, "maxSeconds": 1_000_000}});
    server.put("/api/policy", policy).await.ok();
    let contact = server.contact("ada@customer.example").await;
    let ours = contact.outbound("Hello").await;
    let delivered = Event::delivered(&ours, &contact.email);
    server.event(&delivered).await.ok();
    refuse_messages(server.database()).await;
    let mut sent = Vec::new();
    for words in ["Tell me more", "I was away last week"] {
        let mail = Mail::new(&contact.email, "Re: Hello", words).answering(&ours);
        // The provider is told that we have it: repeating would change nothing.
        assert_eq!(server.inbound(&mail).await.ok()["status"], "parked");
        sent.push(mail);
    }
    for (attempt, bound) in [(1, 100_000), (2, 200_000)] {
        let failed = eventually("the attempt is counted", async || {
            let failed = receipts(&server, "failed").await;
            let counted = failed.iter().all(|row| row["attempts"] == attempt);
            (failed.len() == 2 && counted).then_some(failed)
        })
        .await;
        for row in failed {
            assert_eq!(row["errorCode"], "effect_failed");
            let pause = time(&row["nextAttemptAt"]).signed_duration_since(Utc::now());
            assert!(pause.num_seconds() <= bound, "{pause} after {attempt}");
        }
        make_due(server.database()).await;
    }
    let dead = eventually("the receipts are given up", async || {
        let dead = receipts(&server, "dead").await;
        (dead.len() == 2).then_some(dead)
    })
    .await;
    for row in &dead {
        assert_eq!(
            (&row["attempts"], &row["nextAttemptAt"]),
            (&json!(3), &Value::Null)
        );
    }
    assert_eq!(contact.messages().await.len(), 1);

    // While the cause lasts, a replay is counted, says so and loses nothing.
    let first = format!("/api/webhook-receipts/{}/replay", id(&dead[0]));
    let still = server.post(&first, json!({})).await.ok();
    assert_eq!(
        (&still["status"], &still["attempts"]),
        (&json!("dead"), &json!(4))
    );
    let said = server.command(&["replay", "--status", "dead"]).await;
    assert!(!said.status.success(), "{said:?}");
    assert_eq!(receipts(&server, "dead").await.len(), 2);

    accept_messages(server.database()).await;
    assert_eq!(server.post(&first, json!({})).await.ok()["status"], "done");
    server.command(&["replay", "--status", "dead"]).await.ok();
    assert!(receipts(&server, "dead").await.is_empty());
    let stored = contact.messages().await;
    let mut ids: Vec<String> = stored[1..]
        .iter()
        .map(|one| text(&one["messageId"]))
        .collect();
    ids.sort();
    let mut expected: Vec<String> = sent.iter().map(|mail| mail.message_id.clone()).collect();
    expected.sort();
    assert_eq!(ids, expected);
    assert_eq!(contact.state().await, "ENGAGED");

    let before = facts(&server).await;
    for row in &dead {
        let path = format!("/api/webhook-receipts/{}/replay", id(row));
        assert_eq!(server.post(&path, json!({})).await.ok()["status"], "done");
        server.command(&["replay", &id(row)]).await.ok();
    }
    for mail in &sent {
        server.inbound(mail).await.ok();
    }
    assert_eq!(facts(&server).await, before, "done is done");
    server.verify().await;
}

/// Without a Date and a Message-ID, the first receipt alone knows when it came and which it is.
async fn a_retry_takes_a_mail_as_it_came(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    refuse_messages(server.database()).await;
    let mime = "From: ada@customer.example\r\nTo: sales@dealer.example\r\nSubject: Hello\r\n\r\nDo you sell vans?\r\n";
    for _ in 0..2 {
        let answer = server
            .inbound_raw(mime, "sales@dealer.example", &contact.email)
            .await;
        assert_eq!(answer.ok()["status"], "parked");
    }
    let failed = receipts(&server, "failed").await;
    accept_messages(server.database()).await;
    make_due(server.database()).await;
    let stored = eventually("both are stored", async || {
        let stored = contact.messages().await;
        (stored.len() == 2).then_some(stored)
    })
    .await;
    let mut came: Vec<String> = failed.iter().map(|row| text(&row["receivedAt"])).collect();
    let mut times: Vec<String> = stored.iter().map(|one| text(&one["createdAt"])).collect();
    came.sort();
    times.sort();
    assert_eq!(times, came);
    assert_ne!(stored[0]["messageId"], stored[1]["messageId"]);
    server.verify().await;
}
