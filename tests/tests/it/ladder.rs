//! The right conversation, or an honest "unsure".

use std::collections::BTreeSet;

use chrono::{Duration, Utc};
use convo_tests::mailgun::Event;
use convo_tests::records::{id, text};
use convo_tests::{Mail, Options, on_both, together};
use serde_json::json;

on_both!(
    people_who_share_a_reference_stay_apart,
    a_forwarded_token_never_speaks_for_the_lead,
    a_token_places_a_mail_without_headers,
    an_unknown_sender_is_kept_for_review,
    the_same_domain_is_another_person,
    the_same_id_with_other_content_is_another_message,
    a_child_that_comes_first_is_attached_later,
    a_bounce_mail_finds_its_message,
    an_opt_out_closes_what_nobody_owns,
);

/// Everyone who answers one newsletter carries its id.
async fn people_who_share_a_reference_stay_apart(options: Options) {
    let server = options
        .with("CONVO_POLICY__CREATE_LEAD", "true")
        .start()
        .await;
    let first = server.contact("ada@gmail.com").await;
    let newsletter = first.outbound("Our spring offers").await;
    let mut conversations = BTreeSet::new();
    for block in 0..10 {
        let answers = together((0..50).map(|number| {
            let api = server.api();
            let from = format!("reader{}@gmail.com", block * 50 + number);
            let mail =
                Mail::new(&from, "Re: Our spring offers", "Tell me more").answering(&newsletter);
            async move { api.inbound(&mail).await }
        }))
        .await;
        for answer in answers {
            let answer = answer.ok();
            assert_ne!(answer["conversationId"], first.id);
            conversations.insert(text(&answer["conversationId"]));
        }
    }
    assert_eq!(conversations.len(), 500);
    assert_eq!(first.messages().await.len(), 1);
    server.verify().await;
}

async fn a_forwarded_token_never_speaks_for_the_lead(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let ours = contact.outbound("Hello").await;
    server
        .event(&Event::delivered(&ours, &contact.email))
        .await
        .ok();
    let record = server
        .get(&format!("/api/conversations/{}", contact.id))
        .await
        .ok();
    let token = text(&record["replyToken"]);
    let address = if token.contains('@') {
        token
    } else {
        format!("reply+{token}@dealer.example")
    };
    let before = contact.status().await;
    let said = "Unsubscribe me! And I want to buy it, book a test drive.";
    let mail = Mail::new("friend@elsewhere.example", "Fwd: Hello", said).to(&address);
    server.inbound(&mail).await.ok();
    let after = contact.status().await;
    assert_eq!(after["currentState"], "ACTIVE");
    assert_eq!(after["version"], before["version"]);
    assert_eq!(
        after["analytics"]["engagementScore"],
        before["analytics"]["engagementScore"]
    );
    let messages = contact.messages().await;
    assert_eq!(messages.len(), 2, "shown, not swallowed");
    assert_eq!(messages[1]["author"], "other");
    assert!(server.items("/api/suppressions").await.is_empty());

    // A token somebody made up is none.
    let forged = address.replacen("reply+", "reply+AAAA", 1);
    let mail = Mail::new("friend@elsewhere.example", "Hello", "x").to(&forged);
    assert_eq!(server.inbound(&mail).await.ok()["status"], "parked");
}

async fn a_token_places_a_mail_without_headers(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    contact.outbound("Hello").await;
    let campaign = server.campaign("Autumn").await;
    let body = json!({"leadId": contact.lead, "campaignId": campaign, "subject": "Autumn"});
    let other = server.post("/api/conversations", body).await.expect(201);
    let token = text(&other["replyToken"]);
    let address = if token.contains('@') {
        token
    } else {
        format!("reply+{token}@dealer.example")
    };
    let mail = Mail::new(&contact.email, "A question", "Do you have it in red?").to(&address);
    assert_eq!(
        server.inbound(&mail).await.ok()["conversationId"],
        id(&other)
    );
}

async fn an_unknown_sender_is_kept_for_review(options: Options) {
    let server = options.start().await;
    let mail = Mail::new("stranger@elsewhere.example", "Hello", "Do you sell vans?");
    let answer = server.inbound(&mail).await.ok();
    assert_eq!(answer["status"], "parked");
    let review = server.items("/api/review").await;
    assert_eq!(review.len(), 1);
    let path = format!("/api/review/{}/resolve", id(&review[0]));
    server
        .post(
            &path,
            json!({"action": "create_lead", "reason": "a new customer"}),
        )
        .await
        .ok();
    assert!(server.items("/api/review").await.is_empty());
    let leads = server.items("/api/leads?q=stranger").await;
    assert_eq!(leads.len(), 1);
    let conversations = server
        .items(&format!("/api/conversations?leadId={}", id(&leads[0])))
        .await;
    let messages = server
        .items(&format!(
            "/api/conversation-state/{}/messages",
            id(&conversations[0])
        ))
        .await;
    assert_eq!(messages[0]["messageId"], mail.message_id);

    // Parked mail is placed when a lead with its address is stored.
    let mail = Mail::new("later@elsewhere.example", "Hello", "Do you sell bikes?");
    assert_eq!(server.inbound(&mail).await.ok()["status"], "parked");
    let lead = server.lead("later@elsewhere.example").await;
    assert!(server.items("/api/review").await.is_empty());
    let conversations = server
        .items(&format!("/api/conversations?leadId={lead}"))
        .await;
    assert_eq!(conversations.len(), 1);
    server.verify().await;
}

async fn the_same_domain_is_another_person(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let ours = contact.outbound("Hello").await;
    server
        .event(&Event::delivered(&ours, &contact.email))
        .await
        .ok();
    let mail = Mail::new(
        "colleague@customer.example",
        "Re: Hello",
        "I want to buy it",
    )
    .answering(&ours);
    assert_eq!(
        server.inbound(&mail).await.ok()["conversationId"],
        contact.id
    );
    assert_eq!(contact.state().await, "ACTIVE");
    assert_eq!(contact.messages().await[1]["author"], "other");
    // So it is with the domain of any of the lead's addresses.
    let path = format!("/api/leads/{}", contact.lead);
    let aliases = json!({"aliases": ["ada@work.example"]});
    server.patch(&path, aliases).await.ok();
    let mail = Mail::new("boss@work.example", "Re: Hello", "I want to buy it").answering(&ours);
    assert_eq!(
        server.inbound(&mail).await.ok()["conversationId"],
        contact.id
    );
    assert_eq!(contact.messages().await[2]["author"], "other");
    let mail = Mail::new(
        "stranger@elsewhere.example",
        "Re: Hello",
        "I want to buy it",
    )
    .answering(&ours);
    assert_eq!(server.inbound(&mail).await.ok()["status"], "parked");
}

async fn the_same_id_with_other_content_is_another_message(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let ours = contact.outbound("Hello").await;
    let mail = Mail::new(&contact.email, "Re: Hello", "Tell me more").answering(&ours);
    server.inbound(&mail).await.ok();
    let other = Mail {
        text: "Quite another text".to_owned(),
        ..mail.clone()
    };
    assert_eq!(server.inbound(&other).await.ok()["status"], "done");
    assert_eq!(contact.messages().await.len(), 3);
    let flags = &contact.status().await["flags"];
    let codes: Vec<&str> = flags
        .as_array()
        .unwrap()
        .iter()
        .map(|flag| flag["code"].as_str().unwrap())
        .collect();
    assert!(codes.contains(&"duplicate_message_id"), "{flags}");
}

async fn a_child_that_comes_first_is_attached_later(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let root = contact.outbound("Hello").await;
    let early = Utc::now() - Duration::hours(2);
    let first = Mail::new(&contact.email, "Re: Hello", "First answer")
        .answering(&root)
        .dated(early);
    let second = Mail::new(&contact.email, "Re: Hello", "Second, to my own")
        .header("In-Reply-To", &format!("<{}>", first.message_id))
        .header("References", &format!("<{root}> <{}>", first.message_id));
    server.inbound(&second).await.ok();
    let tree = contact.get("thread-tree?flat=true").await.ok();
    let nodes = tree["threadTree"].as_array().unwrap();
    assert!(
        nodes
            .iter()
            .any(|node| node["missing"] == true && node["messageId"] == first.message_id),
        "{tree:#}"
    );
    server.inbound(&first).await.ok();
    let tree = contact.get("thread-tree?flat=true").await.ok();
    let order: Vec<&str> = tree["threadTree"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["messageId"].as_str().unwrap())
        .collect();
    assert_eq!(order, [&root, &first.message_id, &second.message_id]);
    assert_eq!(tree["maxDepth"], 2);
    server.verify().await;
}

async fn a_bounce_mail_finds_its_message(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let ours = contact.outbound("Hello").await;
    server
        .event(&Event::delivered(&ours, &contact.email))
        .await
        .ok();
    let bounce = bounce(&contact.email, &ours);
    server
        .inbound_raw(&bounce, "sales@dealer.example", "")
        .await
        .ok();
    let status = contact.status().await;
    assert_eq!(status["currentState"], "CLOSED", "{status:#}");
    assert_eq!(status["outcome"], "unreachable");
    assert_eq!(contact.messages().await[1]["kind"], "bounce");
    let suppressed = server.items("/api/suppressions").await;
    assert_eq!(suppressed[0]["reason"], "hard_bounce");
}

/// A delivery report about one of our mails.
pub(crate) fn bounce(recipient: &str, original: &str) -> String {
    let date = Utc::now().to_rfc2822();
    [
        "From: Mail Delivery System <MAILER-DAEMON@mx.customer.example>",
        "To: sales@dealer.example",
        "Subject: Undelivered Mail Returned to Sender",
        &format!("Date: {date}"),
        "Message-ID: <bounce.1@mx.customer.example>",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=\"b1\"",
        "",
        "--b1",
        "Content-Type: text/plain",
        "",
        "Your message could not be delivered.",
        "--b1",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.customer.example",
        "",
        &format!("Final-Recipient: rfc822; {recipient}"),
        "Action: failed",
        "Status: 5.1.1",
        "Diagnostic-Code: smtp; 550 5.1.1 no such user",
        "",
        "--b1",
        "Content-Type: text/rfc822-headers",
        "",
        "From: sales@dealer.example",
        &format!("To: {recipient}"),
        &format!("Message-ID: <{original}>"),
        "Subject: Hello",
        "",
        "--b1--",
        "",
    ]
    .join("\r\n")
}

async fn an_opt_out_closes_what_nobody_owns(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let ours = contact.outbound("Hello").await;
    server
        .event(&Event::delivered(&ours, &contact.email))
        .await
        .ok();
    let mail = Mail::new(&contact.email, "Re: Hello", "Please unsubscribe me").answering(&ours);
    server.inbound(&mail).await.ok();
    let status = contact.status().await;
    assert_eq!(status["currentState"], "CLOSED", "{status:#}");
    assert_eq!(status["outcome"], "opted_out");
    let suppressed = server.items("/api/suppressions").await;
    assert_eq!(suppressed[0]["reason"], "opt_out");
    let path = format!("/api/suppressions?address={}", contact.email);
    server.delete(&path).await.problem(422, "validation_failed");
    let path = format!("{path}&evidence=signed%20form");
    assert_eq!(server.delete(&path).await.status, 204);

    // A quoted footer and a friendly "stop by" are no opt-out.
    let other = server.contact("grace@customer.example").await;
    let ours = other.outbound("Hello").await;
    let said =
        "Please stop by on Tuesday.\n\nOn Monday Sales wrote:\n> To unsubscribe click here\n";
    let mail = Mail::new(&other.email, "Re: Hello", said).answering(&ours);
    server.inbound(&mail).await.ok();
    assert_eq!(other.state().await, "ENGAGED");
}
