//! What Convo does by itself in one conversation can be switched off.

use chrono::{TimeDelta, Utc};
use convo_tests::mailgun::Event;
use convo_tests::{Mail, Options, PlayedMailgun, on_both};
use serde_json::json;

on_both!(
    opens_that_are_not_tracked_count_for_nothing,
    what_is_not_told_live_is_read_by_rest,
    a_handover_that_is_off_happens_when_asked_for,
);

async fn opens_that_are_not_tracked_count_for_nothing(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    let contact = server.contact("ada@customer.example").await;
    let path = format!("/api/conversations/{}", contact.id);
    let off = json!({"integration": {"tracking": false}});
    let patched = server.patch(&path, off).await.ok();
    let shown = json!({"tracking": false, "handover": true, "realTime": true});
    assert_eq!(patched["integration"], shown);
    assert_eq!(server.get(&path).await.ok()["integration"], shown);
    let status = contact.status().await;
    assert_eq!(status["integrationStatus"]["integration"], shown);

    contact
        .send(json!({"author": "ai", "text": "Hello"}))
        .await
        .expect(202);
    let sent = mailgun.taken(1).await.remove(0);
    assert_eq!(sent.the("o:tracking"), "no");
    let ago = |minutes| Utc::now() - TimeDelta::minutes(minutes);
    server
        .event(&sent.event(Event::delivered).at(ago(60)))
        .await
        .ok();
    server
        .event(&sent.event(Event::opened).at(ago(30)))
        .await
        .ok();
    let email = contact.status().await["integrationStatus"]["email"].clone();
    assert_eq!(
        (&email["opens"], &email["machineOpens"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(email["deliveryStatus"], "delivered");

    // What came while it was off never counts, whatever comes later.
    let on = json!({"integration": {"tracking": true}});
    server.patch(&path, on).await.ok();
    server
        .event(&sent.event(Event::clicked).at(ago(10)))
        .await
        .ok();
    let email = contact.status().await["integrationStatus"]["email"].clone();
    assert_eq!((&email["opens"], &email["clicks"]), (&json!(0), &json!(1)));
    server.verify().await;
}

async fn what_is_not_told_live_is_read_by_rest(options: Options) {
    let server = options.start().await;
    let quiet = server.contact("ada@customer.example").await;
    let loud = server.contact("bob@customer.example").await;
    let path = format!("/api/conversations/{}", quiet.id);
    let off = json!({"integration": {"realTime": false}});
    server.patch(&path, off).await.ok();
    let head = server.get("/api/events?limit=1").await.ok();
    let mut live = server.subscribed(&["message_threads"]).await;
    for contact in [&quiet, &loud] {
        let mail = Mail::new(&contact.email, "Hello", "Do you sell vans?");
        server.inbound(&mail).await.ok();
    }
    let event = live.frame().await;
    assert_eq!(event["conversationId"], loud.id, "{event}");
    let rows = server.log_after(head["head"].as_u64().unwrap()).await;
    let of_quiet = rows.iter().filter(|row| row["conversationId"] == quiet.id);
    assert!(of_quiet.count() >= 1);
    server.verify().await;
}

async fn a_handover_that_is_off_happens_when_asked_for(options: Options) {
    let server = crate::handover::fast(options).await;
    let contact = server.contact("ada@customer.example").await;
    let path = format!("/api/conversations/{}", contact.id);
    let off = json!({"integration": {"handover": false}});
    server.patch(&path, off).await.ok();
    contact.outbound("Hello").await;
    contact.reply(crate::handover::CALL_ME).await;
    assert_eq!(contact.state().await, "QUALIFIED");
    // Another conversation is none of it.
    crate::handover::asks_for_a_person(&server, "bob@customer.example").await;
    contact.transition("HANDOVER_REQUESTED").await.ok();
    assert_eq!(contact.state().await, "READY_FOR_HANDOVER");
    server.verify().await;
}
