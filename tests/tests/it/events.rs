//! Provider events: whose they are, and what they may change.

use convo_tests::mailgun::Event;
use convo_tests::records::{Contact, id, text};
use convo_tests::{Mail, Options, Server, on_both};
use serde_json::{Value, json};

on_both!(
    an_unmatched_event_can_be_replayed,
    a_campaign_names_its_own_conversation_only,
    mail_of_the_lead_is_nobodys_delivery,
    a_suppression_concerns_a_person_or_an_address,
    integration_events_are_read_strictly,
    times_that_cannot_be_are_refused,
);

async fn receipts(server: &Server, status: &str) -> Vec<Value> {
    server
        .items(&format!("/api/webhook-receipts?status={status}"))
        .await
}

async fn an_unmatched_event_can_be_replayed(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let ours = contact.outbound("Hello").await;
    // The event of a campaign in which the lead has no conversation yet.
    let campaign = server.campaign("Spring").await;
    let variables = json!({"leadId": contact.lead, "campaignId": campaign});
    let event = Event::delivered("later@mail.dealer.example", &contact.email)
        .with("user-variables", variables);
    assert_eq!(server.event(&event).await.ok()["status"], "parked");
    let receipt = id(&receipts(&server, "unmatched").await[0]);
    let path = format!("/api/webhook-receipts/{receipt}/replay");
    assert_eq!(
        server.post(&path, json!({})).await.ok()["status"],
        "unmatched"
    );

    let body = json!({"leadId": contact.lead, "campaignId": campaign, "subject": "Spring"});
    let spring = Contact {
        id: id(&server.post("/api/conversations", body).await.expect(201)),
        ..contact.clone()
    };
    spring.outbound("Hello").await;
    let done = server.post(&path, json!({})).await.ok();
    assert_eq!(done["status"], "done");
    assert_eq!(done["conversationId"], json!(spring.id));
    assert_eq!(spring.state().await, "ACTIVE");
    assert_eq!(contact.state().await, "NEW");
    let version = spring.status().await["version"].clone();
    server.post(&path, json!({})).await.ok();
    assert_eq!(
        spring.status().await["version"],
        version,
        "replaying something done"
    );
    server
        .event(&Event::delivered(&ours, &contact.email))
        .await
        .ok();

    // One that is replayed in vain still waits for its message.
    let waits = "waits@mail.dealer.example";
    server
        .event(&Event::delivered(waits, "nobody@customer.example"))
        .await
        .ok();
    let receipt = id(&receipts(&server, "unmatched").await[0]);
    server
        .post(
            &format!("/api/webhook-receipts/{receipt}/replay"),
            json!({}),
        )
        .await
        .ok();
    let other = server.contact("nobody@customer.example").await;
    let body = json!({
        "senderId": "campaign", "content": "Hello", "messageType": "email", "isFromAI": 1,
        "emailHeaders": {"Message-ID": format!("<{waits}>")},
    });
    other.post("process-message", body).await.ok();
    assert_eq!(other.state().await, "ACTIVE");
    assert_eq!(receipts(&server, "unmatched").await.len(), 0);
    server.verify().await;
}

async fn a_campaign_names_its_own_conversation_only(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    contact.outbound("Hello").await;
    let campaign = server.campaign("Spring").await;
    let stranger = "018f0000-0000-7000-8000-000000000000";
    for (campaign, status, state) in [
        (campaign.as_str(), "parked", "NEW"),
        (stranger, "done", "ACTIVE"),
        ("nonsense", "done", "ACTIVE"),
    ] {
        let variables = json!({"leadId": contact.lead, "campaignId": campaign});
        let event = Event::delivered("unknown@mail.dealer.example", &contact.email)
            .with("user-variables", variables);
        assert_eq!(
            server.event(&event).await.ok()["status"],
            status,
            "{campaign}"
        );
        assert_eq!(contact.state().await, state, "{campaign}");
    }
}

async fn mail_of_the_lead_is_nobodys_delivery(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let ours = contact.outbound("Hello").await;
    let mail = Mail::new(&contact.email, "Re: Your new car", "Tell me more").answering(&ours);
    server.inbound(&mail).await.ok();
    let before = contact.status().await;
    for named in [json!({}), json!({"conversationId": contact.id})] {
        for event in [
            Event::bounced(&mail.message_id, &contact.email),
            Event::complained(&mail.message_id, &contact.email),
        ] {
            let event = event.with("user-variables", named.clone());
            assert_eq!(server.event(&event).await.ok()["status"], "ignored");
        }
    }
    let body = json!({"type": "email_bounced", "source": "test", "metadata": {"messageId": mail.message_id}});
    let answer = contact.post("integration-event", body).await.ok();
    assert_eq!(answer["outcome"], "ignored");
    assert_eq!(contact.status().await["version"], before["version"]);
    assert_eq!(server.items("/api/suppressions").await.len(), 0);

    // A recipient that is no address is nobody to suppress.
    for recipient in [
        "x".repeat(5000),
        format!("{}@customer.example", "x".repeat(5000)),
        "Ada <ada@x>".to_owned(),
    ] {
        server.event(&Event::bounced(&ours, &recipient)).await.ok();
        let body = json!({"type": "email_bounced", "source": "test", "metadata": {"recipient": recipient}});
        contact.post("integration-event", body).await.ok();
    }
    assert_eq!(server.items("/api/suppressions").await.len(), 0);
    assert_eq!(contact.state().await, "ENGAGED");
    server.verify().await;
}

async fn a_suppression_concerns_a_person_or_an_address(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let body = json!({"aliases": ["ada@home.example"]});
    server
        .patch(&format!("/api/leads/{}", contact.lead), body)
        .await
        .ok();
    let ours = contact.outbound("Hello").await;
    let suppressed =
        async || contact.status().await["integrationStatus"]["email"]["suppressed"].clone();
    // Another address that fails says nothing of the one we write to.
    server
        .event(&Event::bounced(&ours, "ada@home.example"))
        .await
        .ok();
    assert_eq!(suppressed().await, false);
    server
        .event(&Event::complained(&ours, &contact.email))
        .await
        .ok();
    assert_eq!(suppressed().await, true);
    // What a person said is lifted under any address of theirs.
    let path = "/api/suppressions?address=ada@home.example";
    server.delete(path).await.problem(422, "validation_failed");
    server
        .delete(&format!("{path}&evidence=a+letter"))
        .await
        .expect(204);
    assert_eq!(suppressed().await, false);
    server
        .delete(&format!("{path}&evidence=a+letter"))
        .await
        .problem(404, "not_found");
    // An address that is suppressed before it is known as theirs counts as well.
    let body = json!({"address": "ada@work.example", "reason": "opt_out"});
    server.post("/api/suppressions", body).await.expect(201);
    let body = json!({"aliases": ["ada@work.example"]});
    server
        .patch(&format!("/api/leads/{}", contact.lead), body)
        .await
        .ok();
    assert_eq!(suppressed().await, true);
}

async fn integration_events_are_read_strictly(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let ours = contact.outbound("Hello").await;
    let at = |minutes: i64| chrono::Utc::now() - chrono::Duration::minutes(600 - minutes);
    let event = |kind: &str, metadata: Value, minutes: i64| json!({"type": kind, "source": "test", "metadata": metadata, "occurredAt": at(minutes)});
    let about = |bot: Value| json!({"messageId": ours, "bot": bot});
    let mut bodies = vec![event("email_delivered", json!({"messageId": ours}), 0)];
    let bots = [
        json!(true),
        json!("apple"),
        json!(false),
        json!(""),
        json!(null),
    ];
    for (minutes, bot) in (10..).step_by(10).zip(bots) {
        bodies.push(event("email_opened", about(bot), minutes));
    }
    for body in bodies {
        contact.post("integration-event", body).await.ok();
    }
    let email = contact.status().await["integrationStatus"]["email"].clone();
    assert_eq!(
        (&email["machineOpens"], &email["opens"]),
        (&json!(2), &json!(3))
    );

    // Which error wins.
    let nobody = "018f0000-0000-7000-8000-000000000000";
    for (body, status, code) in [
        (
            json!({"type": "bogus", "source": "test", "leadId": nobody}),
            422,
            "validation_failed",
        ),
        (
            json!({"type": "bogus", "source": "test"}),
            400,
            "unknown_event",
        ),
        (
            json!({"type": "email_opened", "source": "test", "leadId": nobody}),
            422,
            "validation_failed",
        ),
    ] {
        contact
            .post("integration-event", body)
            .await
            .problem(status, code);
    }
    let path = format!("/api/conversation-state/{nobody}/integration-event");
    let body = json!({"type": "bogus", "source": "test"});
    server.post(&path, body).await.problem(400, "unknown_event");
    assert_eq!(text(&contact.status().await["currentState"]), "ACTIVE");
}

async fn times_that_cannot_be_are_refused(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let agent = server.agent("grace@dealer.example").await;
    let record = format!("/api/conversations/{}", contact.id);
    let agents = format!("/api/agents/{agent}");
    for time in [
        "-99999-01-01T00:00:00Z",
        "+99999-01-01T00:00:00Z",
        "0000-12-31T00:00:00Z",
        "soon",
    ] {
        let said = json!({"senderId": contact.lead, "content": "Hi", "messageType": "email", "isFromAI": 0, "sentAt": time});
        let happened = json!({"type": "email_opened", "source": "test", "occurredAt": time});
        let closed = json!({"event": "CONVERSATION_ABANDONED", "triggeredBy": "test", "metadata": {"followUpAt": time}});
        for answer in [
            contact.post("process-message", said).await,
            contact.post("integration-event", happened).await,
            contact.post("transition", closed).await,
            server
                .patch(&record, json!({"outcome": "lost", "followUpAt": time}))
                .await,
            server.patch(&agents, json!({"awayUntil": time})).await,
            server
                .post(
                    "/api/agents",
                    json!({"name": "A", "email": "a@b.example", "awayUntil": time}),
                )
                .await,
        ] {
            answer.problem(422, "validation_failed");
        }
    }
    // A message has a time at which there was mail; a header that has none is not believed.
    let said = |time: &str| json!({"senderId": contact.lead, "content": "Hi", "messageType": "email", "isFromAI": 0, "sentAt": time});
    for (time, status) in [
        ("0001-01-01T00:00:00Z", 422),
        ("1989-12-31T23:59:59Z", 422),
        ("9999-01-01T00:00:00Z", 422),
        ("1990-01-01T00:00:00Z", 200),
        ("2020-01-01T00:00:00+14:00", 200),
    ] {
        let answer = contact.post("process-message", said(time)).await;
        assert_eq!(answer.status, status, "{time} {}", answer.text());
    }
    let mut dated = said("2020-01-01T00:00:00Z");
    dated["sentAt"] = Value::Null;
    dated["emailHeaders"] = json!({"Date": "Mon, 1 Jan 1900 00:00:00 +0000"});
    let stored = contact.post("process-message", dated).await.ok();
    assert!(
        text(&stored["message"]["createdAt"]).as_str() > "2026",
        "{stored}"
    );
    server
        .patch(&agents, json!({"awayUntil": "9999-12-31T00:00:00Z"}))
        .await
        .ok();
    server.verify().await;
}
