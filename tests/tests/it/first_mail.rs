//! One mail's whole way: from the first record to the moved state, over HTTP only.

use convo_tests::mailgun::Event;
use convo_tests::records::text;
use convo_tests::{Mail, Options, on_both};
use serde_json::json;

on_both!(
    a_reply_moves_the_conversation,
    the_anchors_lead_to_a_handover,
    delivered_moves_a_new_conversation,
    every_inbound_form_says_the_same,
    a_reply_that_overtakes_delivered_is_not_lost,
    an_automatic_answer_changes_nothing,
    the_event_log_is_contiguous,
    times_finer_than_stored_are_cut,
);

async fn a_reply_moves_the_conversation(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    assert_eq!(contact.state().await, "NEW");

    let ours = contact
        .outbound("Hello Ada, may I show you our new models?")
        .await;
    assert_eq!(contact.state().await, "NEW", "storing alone does not move");
    let answer = server
        .event(&Event::delivered(&ours, &contact.email))
        .await
        .ok();
    assert_eq!(answer["status"], "done");
    assert_eq!(answer["conversationId"], contact.id);
    assert_eq!(contact.state().await, "ACTIVE");

    let mail = Mail::new(
        &contact.email,
        "Re: Your new car",
        "Thanks, please tell me more.",
    );
    let answer = server.inbound(&mail.answering(&ours)).await.ok();
    assert_eq!(answer["status"], "done");
    assert_eq!(answer["conversationId"], contact.id);

    let status = contact.status().await;
    assert_eq!(status["currentState"], "ENGAGED");
    assert_eq!(status["leadId"], contact.lead);
    assert_eq!(status["awaiting"], "us");
    assert_eq!(status["analytics"]["messageCount"], 2);
    assert_eq!(status["analytics"]["inboundCount"], 1);
    assert_eq!(
        status["integrationStatus"]["email"]["deliveryStatus"],
        "delivered"
    );

    let rows = contact.transitions().await;
    let events: Vec<&str> = rows
        .iter()
        .map(|row| row["event"].as_str().unwrap())
        .collect();
    assert_eq!(events[..2], ["FIRST_EMAIL_SENT", "LEAD_REPLIED"]);
    for (index, row) in rows.iter().enumerate() {
        assert_eq!(row["version"], index + 1, "gapless: {row}");
    }
    assert_eq!(status["version"], rows.len());

    let tree = contact.get("thread-tree").await.ok();
    assert_eq!(tree["totalMessages"], 2);
    assert_eq!(tree["maxDepth"], 1);
    assert_eq!(tree["threadTree"][0]["messageId"], ours);
    assert_eq!(tree["threadTree"][0]["children"][0]["author"], "lead");
    assert_eq!(
        tree["threadTree"][0]["children"][0]["parentMessageId"],
        ours
    );
    server.verify().await;
}

/// Three answers within the hour, each saying more.
async fn the_anchors_lead_to_a_handover(options: Options) {
    let server = options.start().await;
    let contact = server.contact("grace@customer.example").await;
    let said = [
        ("I'm interested, tell me more", "ENGAGED"),
        ("Can I book a test drive?", "QUALIFIED"),
        ("I want to buy it this week", "READY_FOR_HANDOVER"),
    ];
    for (reply, state) in said {
        contact.outbound("A question for you, and an offer").await;
        let answer = contact.reply(reply).await;
        assert_eq!(answer["conversation"]["currentState"], state, "{answer:#}");
        assert_eq!(answer["message"]["replyText"], reply);
    }
    let status = contact.status().await;
    let analytics = &status["analytics"];
    assert!(
        analytics["engagementScore"].as_u64() > Some(70),
        "{analytics}"
    );
    assert!(
        analytics["handoverReadiness"].as_u64() >= Some(70),
        "{analytics}"
    );
    let journey = contact.get("lead-journey").await.ok();
    assert_eq!(
        journey["progress"]["currentStage"]["order"], 6,
        "{journey:#}"
    );
    assert_eq!(journey["progress"]["overallProgress"], 100);
    let context = contact.get("context").await.ok();
    assert_eq!(context["context"]["currentIntent"], "purchase");
    server.verify().await;
}

async fn delivered_moves_a_new_conversation(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let ours = contact.outbound("Hello").await;
    let delivered = Event::delivered(&ours, &contact.email);
    server.event(&delivered).await.ok();
    let once = contact.status().await;
    assert_eq!(once["currentState"], "ACTIVE");
    // The same event under another token is the same event.
    assert_eq!(server.event(&delivered).await.ok()["status"], "duplicate");
    assert_eq!(contact.status().await["version"], once["version"]);
}

async fn every_inbound_form_says_the_same(options: Options) {
    let server = options.start().await;
    let text = "Grüße – could I get a quote?\nAda";
    let mut seen = Vec::new();
    for form in ["urlencoded", "multipart", "mime"] {
        let contact = server.contact(&format!("{form}@customer.example")).await;
        let ours = contact.outbound("Hello").await;
        let mail = Mail::new(&contact.email, "Re: Hello", text).answering(&ours);
        let answer = match form {
            "urlencoded" => server.inbound(&mail).await,
            "multipart" => {
                let file: (&str, &str, &[u8]) = ("licence.pdf", "application/pdf", b"%PDF-1.4 x");
                server.inbound_multipart(&mail, &[file]).await
            }
            _ => server.inbound_mime(&mail).await,
        };
        assert_eq!(answer.ok()["conversationId"], contact.id, "{form}");
        let messages = contact.messages().await;
        let reply = &messages[1];
        assert_eq!(reply["messageId"], mail.message_id, "{form}");
        assert_eq!(reply["kind"], "human", "{form}");
        assert_eq!(
            reply["attachments"].as_array().map_or(0, Vec::len),
            usize::from(form == "multipart"),
            "{form}"
        );
        seen.push((reply["replyText"].clone(), contact.state().await));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
}

async fn a_reply_that_overtakes_delivered_is_not_lost(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let ours = contact.outbound("Hello").await;
    let mail = Mail::new(&contact.email, "Re: Hello", "Yes, tell me more").answering(&ours);
    server.inbound(&mail).await.ok();
    assert_eq!(contact.state().await, "ENGAGED");
    server
        .event(&Event::delivered(&ours, &contact.email))
        .await
        .ok();
    assert_eq!(contact.state().await, "ENGAGED");
    let rows = contact.transitions().await;
    assert_eq!(rows[0]["event"], "FIRST_EMAIL_SENT");
    assert!(rows[0]["impliedBy"].is_string(), "{}", rows[0]);

    // A conversation the lead began moves with our first answer.
    let mail = Mail::new(
        "unknown-yet@customer.example",
        "Hello",
        "Do you sell estate cars?",
    );
    server.lead(&mail.from).await;
    let begun = text(&server.inbound(&mail).await.ok()["conversationId"]);
    assert_eq!(server.state(&begun).await, "NEW");
    let body =
        json!({"senderId": "campaign", "content": "We do", "messageType": "email", "isFromAI": 1});
    let path = format!("/api/conversation-state/{begun}/process-message");
    let answer = server.post(&path, body).await.ok();
    assert_eq!(
        answer["conversation"]["currentState"], "ENGAGED",
        "{answer:#}"
    );
}

async fn an_automatic_answer_changes_nothing(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let ours = contact.outbound("Hello").await;
    server
        .event(&Event::delivered(&ours, &contact.email))
        .await
        .ok();
    let before = contact.status().await;
    let mail = Mail::new(
        &contact.email,
        "Automatic reply: Hello",
        "I am out of the office until Monday.",
    )
    .answering(&ours)
    .header("Auto-Submitted", "auto-replied");
    server.inbound(&mail).await.ok();
    let after = contact.status().await;
    assert_eq!(after["currentState"], "ACTIVE");
    assert_eq!(after["version"], before["version"]);
    assert_eq!(after["analytics"]["automatedCount"], 1);
    assert_eq!(
        after["analytics"]["engagementScore"],
        before["analytics"]["engagementScore"]
    );
    assert_eq!(contact.messages().await[1]["kind"], "out_of_office");
}

async fn the_event_log_is_contiguous(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let ours = contact.outbound("Hello").await;
    server
        .event(&Event::delivered(&ours, &contact.email))
        .await
        .ok();
    let mail = Mail::new(&contact.email, "Re: Hello", "Tell me more please").answering(&ours);
    server.inbound(&mail).await.ok();
    let log = server.log_after(0).await;
    for (index, row) in log.iter().enumerate() {
        assert_eq!(row["seq"], index + 1);
    }
    let of = |kind: &str| log.iter().filter(|row| row["type"] == kind).count();
    assert_eq!(
        of("conversation_state_changed"),
        contact.transitions().await.len()
    );
    assert_eq!(of("message_thread_updated"), 2);
    assert!(of("email_event") >= 1);
    assert!(of("lead_journey_updated") >= 2);
    assert!(of("record_changed") >= 2);
}

/// Both databases keep microseconds; a caller's nanoseconds must not stay in memory only.
async fn times_finer_than_stored_are_cut(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    for (sender, ai, at) in [
        ("campaign", 1, "2026-01-05T09:00:00.123456789Z"),
        (&contact.lead, 0, "2026-01-05T09:10:00.987654321Z"),
    ] {
        let body = json!({"senderId": sender, "content": "Tell me more", "messageType": "email", "isFromAI": ai, "sentAt": at});
        contact.post("process-message", body).await.ok();
    }
    let body = json!({"type": "email_delivered", "source": "test", "occurredAt": "2026-01-05T09:00:01.111222333Z"});
    contact.post("integration-event", body).await.ok();
    server.verify().await;
}
