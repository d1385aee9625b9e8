//! Many at once, and still one truth.

use std::collections::BTreeSet;

use convo_tests::records::id;
use convo_tests::{Mail, Options, on_both, together};
use serde_json::json;

on_both!(
    creators_make_one_conversation,
    identical_requests_move_once,
    copies_of_a_mail_make_one_message,
    first_mails_of_a_lead_make_one_conversation,
    the_same_address_is_one_lead,
);

async fn creators_make_one_conversation(options: Options) {
    let server = options.start().await;
    let campaign = server.campaign("Spring").await;
    for round in 0..4 {
        let lead = server.lead(&format!("lead-{round}@customer.example")).await;
        let mut conversations = BTreeSet::new();
        for body in [
            json!({"leadId": lead, "subject": "Hello"}),
            json!({"leadId": lead, "campaignId": campaign, "subject": "Hello"}),
        ] {
            let answers = together((0..64).map(|_| {
                let (api, body) = (server.api(), body.clone());
                async move { api.post("/api/conversations", body).await }
            }))
            .await;
            let created = answers.iter().filter(|answer| answer.status == 201).count();
            assert_eq!(created, 1, "one of 64 creates, the others find");
            for answer in &answers {
                assert!(matches!(answer.status, 200 | 201), "{answer:?}");
                assert_eq!(id(&answer.json()), id(&answers[0].json()));
            }
            conversations.insert(id(&answers[0].json()));
        }
        assert_eq!(
            conversations.len(),
            2,
            "no campaign is one value, a campaign another"
        );
    }
    server.verify().await;
}

async fn identical_requests_move_once(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    contact.outbound("Hello").await;
    for (event, count) in [("FIRST_EMAIL_SENT", 1), ("CONVERSATION_ABANDONED", 2)] {
        let answers = together((0..50).map(|_| {
            let contact = contact.clone();
            async move { contact.transition(event).await }
        }))
        .await;
        let moved = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(moved, 1, "{event}");
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            answer.problem(409, "invalid_transition");
        }
        assert_eq!(contact.transitions().await.len(), count);
    }
    server.verify().await;
}

async fn copies_of_a_mail_make_one_message(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let ours = contact.outbound("Hello").await;
    let mail = Mail::new(&contact.email, "Re: Hello", "Tell me more").answering(&ours);
    let answers = together((0..50).map(|_| {
        let (api, mail) = (server.api(), mail.clone());
        async move { api.inbound(&mail).await }
    }))
    .await;
    let done = answers
        .iter()
        .filter(|answer| answer.ok()["status"] == "done")
        .count();
    assert_eq!(done, 1);
    assert!(
        answers
            .iter()
            .all(|answer| answer.json()["status"] != "ignored")
    );
    assert_eq!(contact.messages().await.len(), 2);
    let version = contact.status().await["version"].clone();
    assert_eq!(
        server.inbound_mime(&mail).await.ok()["status"],
        "duplicate",
        "in the other form too"
    );
    assert_eq!(contact.status().await["version"], version);
    server.verify().await;
}

async fn first_mails_of_a_lead_make_one_conversation(options: Options) {
    let server = options.start().await;
    let lead = server.lead("ada@customer.example").await;
    let answers = together((0..50).map(|number| {
        let api = server.api();
        let text = format!("Question number {number} about your cars");
        async move {
            api.inbound(&Mail::new("ada@customer.example", "Question", &text))
                .await
        }
    }))
    .await;
    let conversations: BTreeSet<String> = answers
        .iter()
        .map(|answer| answer.ok()["conversationId"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(conversations.len(), 1);
    let of_lead = server
        .items(&format!("/api/conversations?leadId={lead}"))
        .await;
    assert_eq!(of_lead.len(), 1);
    let status = server.status(conversations.first().unwrap()).await;
    assert_eq!(status["analytics"]["messageCount"], 50);
    server.verify().await;
}

async fn the_same_address_is_one_lead(options: Options) {
    let server = options.start().await;
    let answers = together((0..32).map(|number| {
        let api = server.api();
        let email = if number % 2 == 0 {
            "Ada@Customer.example"
        } else {
            "ada@customer.EXAMPLE"
        };
        async move { api.post("/api/leads", json!({"email": email})).await }
    }))
    .await;
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(created, 1);
    let leads: BTreeSet<String> = answers.iter().map(|answer| id(&answer.json())).collect();
    assert_eq!(leads.len(), 1);
}
