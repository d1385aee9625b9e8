//! What is due by itself: snooze, silence, alert, follow-up and archive; times lie in messages, or are moved in the
//! database.

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use convo_tests::records::{Contact, text};
use convo_tests::{Kind, Options, Server, eventually, on_both};
use serde_json::{Value, json};

on_both!(
    a_snooze_is_asked_for_and_lifted,
    a_snooze_ends_by_itself,
    silence_gives_up_and_a_reply_reopens,
    who_waits_is_not_given_up_but_told_of,
    a_shorter_policy_takes_effect_at_once,
    what_is_closed_is_brought_up_and_put_away,
    a_database_from_before_timers_gets_them,
);

fn rfc(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A contact whom we wrote to so long ago, and who has the mail.
async fn written_to(server: &Server, email: &str, ago: Duration) -> Contact {
    let contact = server.contact(email).await;
    let sent = rfc(Utc::now() - ago);
    let body = json!({"senderId": "ai", "content": "Hello", "messageType": "email", "isFromAI": 1, "sentAt": sent});
    contact.post("process-message", body).await.ok();
    contact.transition("FIRST_EMAIL_SENT").await.ok();
    contact
}

async fn snooze(contact: &Contact, until: Value) -> Value {
    contact.post("snooze", json!({"until": until})).await.ok()
}

/// The rows of the log that say this of the conversation.
async fn told(contact: &Contact, what: &str) -> Vec<Value> {
    let log = contact.api.log_after(0).await;
    let of_it = log
        .into_iter()
        .filter(|row| row["conversationId"] == contact.id.as_str());
    of_it
        .filter(|row| row["data"]["change"] == what || row["data"]["action"] == what)
        .collect()
}

/// How many timers of a kind the conversation has.
async fn timers(server: &Server, contact: &Contact, kind: &str) -> i64 {
    let id = match server.database().kind() {
        Kind::Sqlite => format!("x'{}'", contact.id.replace('-', "")),
        Kind::Postgres => format!("'{}'", contact.id),
    };
    let sql =
        format!("SELECT COUNT(*) FROM timers WHERE kind = '{kind}' AND conversation_id = {id}");
    server.database().count(&sql).await
}

async fn a_snooze_is_asked_for_and_lifted(options: Options) {
    let server = options.start().await;
    let contact = written_to(&server, "ada@customer.example", Duration::zero()).await;
    assert_eq!(contact.status().await["snoozedUntil"], Value::Null);
    let until = rfc(Utc::now() + Duration::days(3));
    let before = contact.status().await;
    let asleep = snooze(&contact, json!(until)).await;
    assert_eq!(asleep["success"], true);
    assert_eq!(asleep["conversationId"], contact.id.as_str());
    assert_eq!(text(&asleep["snoozedUntil"]), until);
    assert_eq!(asleep["currentState"], before["currentState"]);
    assert_eq!(asleep["version"], before["version"], "no event");
    assert_eq!(text(&contact.status().await["snoozedUntil"]), until);
    assert_eq!(timers(&server, &contact, "snooze").await, 1);
    // The same once more says nothing new.
    snooze(&contact, json!(until)).await;
    assert_eq!(told(&contact, "conversation_snoozed").await.len(), 1);
    let awake = snooze(&contact, Value::Null).await;
    assert_eq!(awake["snoozedUntil"], Value::Null);
    snooze(&contact, Value::Null).await;
    assert_eq!(told(&contact, "conversation_woken").await.len(), 1);
    assert_eq!(timers(&server, &contact, "snooze").await, 0);

    // A reply wakes, and so does the end.
    snooze(&contact, json!(until)).await;
    contact.reply("I am here").await;
    assert_eq!(contact.status().await["snoozedUntil"], Value::Null);
    snooze(&contact, json!(until)).await;
    contact.transition("CONVERSATION_ABANDONED").await.ok();
    assert_eq!(contact.status().await["snoozedUntil"], Value::Null);

    let closed = contact.post("snooze", json!({"until": until})).await;
    closed.problem(409, "conflict");
    let past = rfc(Utc::now() - Duration::seconds(1));
    for wrong in [
        json!({"until": past}),
        json!({"until": "tomorrow"}),
        json!({"until": "+99999-01-01T00:00:00Z"}),
        json!({}),
    ] {
        let refused = contact.post("snooze", wrong).await;
        refused.problem(422, "validation_failed");
    }
    let nobody = Contact {
        id: "018f0000-0000-7000-8000-000000000000".to_owned(),
        ..contact.clone()
    };
    let nobody = nobody.post("snooze", json!({"until": until})).await;
    nobody.problem(404, "not_found");
    server.verify().await;
}

async fn a_snooze_ends_by_itself(options: Options) {
    let mut server = options.start().await;
    let contact = written_to(&server, "ada@customer.example", Duration::zero()).await;
    let missed = written_to(&server, "grace@customer.example", Duration::zero()).await;
    let soon = Utc::now() + Duration::milliseconds(1_500);
    snooze(&contact, json!(rfc(soon))).await;
    eventually("awake again", async || {
        contact.status().await["snoozedUntil"]
            .is_null()
            .then_some(())
    })
    .await;
    let woken = told(&contact, "conversation_woken").await;
    let at: DateTime<Utc> = text(&woken[0]["at"]).parse().unwrap();
    assert!(at >= soon - Duration::milliseconds(1), "{at} before {soon}");
    // One that is due while nobody runs.
    snooze(
        &missed,
        json!(rfc(Utc::now() + Duration::milliseconds(300))),
    )
    .await;
    server.kill9();
    let server = server.restart().await;
    let missed = Contact {
        api: server.api(),
        ..missed
    };
    eventually("awake after the start", async || {
        missed.status().await["snoozedUntil"]
            .is_null()
            .then_some(())
    })
    .await;
    assert_eq!(told(&missed, "conversation_woken").await.len(), 1);
    let metrics = server.get("/metrics").await;
    let metrics = metrics.text();
    assert!(metrics.contains("convo_timer_lag_seconds "), "{metrics}");
    let fired = "convo_timers_fired_total{kind=\"snooze\",came=\"woken\"} 1";
    assert!(metrics.contains(fired), "{metrics}");
    server.verify().await;
}

async fn silence_gives_up_and_a_reply_reopens(options: Options) {
    let server = options.start().await;
    let silent = written_to(&server, "ada@customer.example", Duration::days(31)).await;
    let young = written_to(&server, "grace@customer.example", Duration::days(29)).await;
    let asleep = written_to(&server, "hedy@customer.example", Duration::days(29)).await;
    snooze(&asleep, json!(rfc(Utc::now() + Duration::days(9)))).await;
    eventually("given up", async || {
        (silent.state().await == "CLOSED").then_some(())
    })
    .await;
    let status = silent.status().await;
    assert_eq!(status["outcome"], "no_response");
    let audit = silent.transitions().await;
    let last = audit.last().unwrap();
    assert_eq!(last["event"], "CONVERSATION_ABANDONED");
    assert_eq!(
        (&last["triggeredBy"], &last["actor"], &last["cause"]),
        (&json!("system"), &json!("system"), &json!("timer"))
    );
    assert_eq!(timers(&server, &silent, "archive").await, 1);
    assert_eq!(timers(&server, &silent, "no_reply").await, 0);
    let journey = silent.get("lead-journey").await.ok();
    assert_eq!(journey["progress"]["currentStage"]["id"], "COLD_LEAD");
    for other in [&young, &asleep] {
        assert_eq!(other.state().await, "ACTIVE");
        assert_eq!(timers(&server, other, "no_reply").await, 1);
    }
    silent.reply("Sorry, I was away").await;
    assert_eq!(silent.state().await, "ENGAGED");
    assert_eq!(timers(&server, &silent, "archive").await, 0);
    server.verify().await;
}

async fn who_waits_is_not_given_up_but_told_of(options: Options) {
    let server = options.start().await;
    let contact = written_to(&server, "ada@customer.example", Duration::days(60)).await;
    let asked = rfc(Utc::now() - Duration::days(50));
    let body = json!({"senderId": contact.lead, "content": "Is it still there?", "messageType": "email", "isFromAI": 0, "sentAt": asked});
    // It may have been given up already: the program looks at once.
    let reply = contact.post("process-message", body).await.ok();
    let message = text(&reply["message"]["id"]);
    let alert = eventually("told that the lead waits", async || {
        told(&contact, "reply_needed").await.pop()
    })
    .await;
    assert_eq!(alert["type"], "message_thread_updated");
    assert_eq!(alert["data"]["messageId"], message.as_str());
    assert_eq!(alert["data"]["message"]["id"], message.as_str());
    assert_eq!(contact.state().await, "ENGAGED");
    assert_eq!(timers(&server, &contact, "no_reply").await, 0);
    let metrics = server.get("/metrics").await;
    assert!(metrics.text().contains("convo_replies_needed_total 1"));
    // Once for each wait.
    contact.outbound("Yes, it is").await;
    assert_eq!(timers(&server, &contact, "no_reply").await, 1);
    assert_eq!(told(&contact, "reply_needed").await.len(), 1);
    server.verify().await;
}

async fn a_shorter_policy_takes_effect_at_once(options: Options) {
    let server = options.start().await;
    let contact = written_to(&server, "ada@customer.example", Duration::days(10)).await;
    let window = json!({"archiveDays": 180});
    let refused = server.put("/api/policy", window).await;
    refused.problem(422, "validation_failed");
    let longer = json!({"noReplyDays": 40});
    server.put("/api/policy", longer).await.ok();
    assert_eq!(contact.state().await, "ACTIVE");
    server
        .put("/api/policy", json!({"noReplyDays": 9}))
        .await
        .ok();
    eventually("given up", async || {
        (contact.state().await == "CLOSED").then_some(())
    })
    .await;
    server.verify().await;
}

async fn what_is_closed_is_brought_up_and_put_away(options: Options) {
    let server = options.start().await;
    let contact = written_to(&server, "ada@customer.example", Duration::zero()).await;
    let soon = rfc(Utc::now() + Duration::milliseconds(400));
    let end = json!({"outcome": "not_now", "followUpAt": soon});
    contact
        .transition_with("CONVERSATION_ABANDONED", end)
        .await
        .ok();
    eventually("brought up", async || {
        told(&contact, "follow_up_due").await.pop()
    })
    .await;
    assert_eq!(contact.state().await, "CLOSED");
    assert_eq!(text(&contact.status().await["followUpAt"]), soon);
    assert_eq!(timers(&server, &contact, "follow_up").await, 0);

    // Closed two hundred and eleven days ago.
    let closed = rfc(Utc::now() - Duration::days(211));
    let (facts, past) = match server.database().kind() {
        Kind::Sqlite => (format!("json_set(facts, '$.closed_at', '{closed}')"), "0"),
        Kind::Postgres => (
            format!("jsonb_set(facts::jsonb, '{{closed_at}}', '\"{closed}\"')::text"),
            "'1970-01-01T00:00:00Z'",
        ),
    };
    for sql in [
        format!("UPDATE conversations SET facts = {facts}"),
        format!("UPDATE timers SET due_at = {past} WHERE kind = 'archive'"),
    ] {
        server.database().execute(&sql).await;
    }
    eventually("put away", async || {
        (contact.state().await == "ARCHIVED").then_some(())
    })
    .await;
    let audit = contact.transitions().await;
    let last = audit.last().unwrap();
    assert_eq!(last["event"], "MANUAL_ARCHIVE");
    assert_eq!(
        (&last["triggeredBy"], &last["cause"]),
        (&json!("system"), &json!("timer"))
    );
    assert_eq!(told(&contact, "follow_up_due").await.len(), 1);
    let sql = "SELECT COUNT(*) FROM timers";
    assert_eq!(server.database().count(sql).await, 0);
}

/// The step that makes the table, on a database that has conversations.
async fn a_database_from_before_timers_gets_them(options: Options) {
    let mut server = options.start().await;
    let mut contacts = Vec::new();
    for (n, days) in [0, 29, 5].into_iter().enumerate() {
        let email = format!("lead{n}@customer.example");
        contacts.push(written_to(&server, &email, Duration::days(days)).await);
    }
    contacts[2].transition("CONVERSATION_ABANDONED").await.ok();
    server.stop().await;
    let back = "DROP TABLE timers; DELETE FROM __diesel_schema_migrations WHERE version = '00000000000002'";
    server.database().execute(back).await;
    let server = server.restart().await;
    eventually("all looked at", async || {
        let sql = "SELECT COUNT(*) FROM timers WHERE kind IN ('no_reply', 'archive')";
        (server.database().count(sql).await == 3).then_some(())
    })
    .await;
    for (contact, kind) in contacts.iter().zip(["no_reply", "no_reply", "archive"]) {
        assert_eq!(timers(&server, contact, kind).await, 1);
    }
    server.verify().await;
}
