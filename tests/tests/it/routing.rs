//! Which of a lead's conversations a mail goes to, and when it opens one.

use chrono::{DateTime, Duration, Utc};
use convo_tests::mailgun::{Event, Signature, form};
use convo_tests::records::{Contact, id, text};
use convo_tests::{Mail, Options, Server, on_both};
use serde_json::{Value, json};

use crate::ladder::bounce;

on_both!(
    a_campaign_is_named_by_address_or_variables,
    a_campaign_that_does_not_exist_names_nothing,
    the_subject_window_is_policy,
    an_opt_out_opens_nothing,
    an_opt_out_and_an_older_mail_end_the_same,
    what_names_a_closed_conversation_goes_to_the_open_one,
    a_reply_at_the_time_of_the_opt_out_is_no_newer,
    what_waited_for_a_message_is_told_with_it,
    a_message_is_answered_where_it_stands_in_the_end,
);

/// The conversations of a lead: state and number of messages, oldest first.
async fn conversations(server: &Server, lead: &str) -> Vec<(String, i64)> {
    let path = format!("/api/conversations?leadId={lead}&sort=created");
    let mut all = server.items(&path).await;
    all.reverse();
    all.iter()
        .map(|one| {
            let count = one["messageCount"].as_i64().unwrap();
            (text(&one["currentState"]), count)
        })
        .collect()
}

async fn in_campaign(server: &Server, contact: &Contact, campaign: &str) -> Contact {
    let body = json!({"leadId": contact.lead, "campaignId": campaign, "subject": "Autumn"});
    let made = server.post("/api/conversations", body).await.expect(201);
    Contact {
        id: id(&made),
        ..contact.clone()
    }
}

/// Records a mail of ours as of then.
async fn sent(contact: &Contact, at: DateTime<Utc>) -> String {
    let body = json!({"senderId": "campaign", "content": "Hello", "messageType": "email", "isFromAI": 1, "sentAt": at});
    let answer = contact.post("process-message", body).await.ok();
    text(&answer["message"]["messageId"])
}

async fn a_campaign_is_named_by_address_or_variables(options: Options) {
    let server = options.start().await;
    let recent = server.contact("ada@gmail.com").await;
    let campaign = server.campaign("Autumn").await;
    let older = in_campaign(&server, &recent, &campaign).await;
    sent(&older, Utc::now() - Duration::days(2)).await;
    sent(&recent, Utc::now() - Duration::days(1)).await;
    let variables = json!({"campaign_id": campaign}).to_string();
    // The subject is that of the other conversation: what names a campaign says more.
    let plain = Mail::new(&recent.email, "Re: Your new car", "A question");
    let other = |n: usize| Mail {
        message_id: format!("{n}.{}", plain.message_id),
        ..plain.clone()
    };
    let address = format!("Campaign-{campaign}@dealer.example");
    let header = other(2).header("X-Mailgun-Variables", &variables);
    let field = [
        form(&other(3)),
        vec![("user-variables".to_owned(), variables.clone())],
        Signature::new().fields(),
    ]
    .concat();
    let field = server
        .with_key(None)
        .call("POST", "/api/webhooks/mailgun/inbound")
        .form(&field);
    let answers = [
        server.inbound(&other(1).to(&address)).await,
        server.inbound(&header).await,
        server
            .inbound_mime(&other(4).header("X-Mailgun-Variables", &variables))
            .await,
        field.send().await,
    ];
    for answer in answers {
        assert_eq!(answer.ok()["conversationId"], older.id);
    }
    let last = older.messages().await.pop().unwrap();
    assert!(last["evidence"].to_string().contains("campaign"), "{last}");
    let unnamed = server.inbound(&other(5)).await.ok();
    assert_eq!(unnamed["conversationId"], recent.id);
    server.verify().await;
}

async fn a_campaign_that_does_not_exist_names_nothing(options: Options) {
    let server = options.start().await;
    let nowhere = "campaign-0190a4c0-0000-7000-8000-000000000000@dealer.example";
    let lead = server.lead("ada@gmail.com").await;
    let mail = Mail::new("ada@gmail.com", "Hello", "What does it cost?").to(nowhere);
    let answer = server.inbound(&mail).await.ok();
    assert_eq!(answer["status"], "done", "{answer}");
    assert_eq!(conversations(&server, &lead).await, [("NEW".to_owned(), 1)]);
    let messages = format!(
        "/api/conversation-state/{}/messages",
        text(&answer["conversationId"])
    );
    let evidence = server.items(&messages).await[0]["evidence"].to_string();
    assert!(!evidence.contains("campaign"), "{evidence}");

    // One that exists is the new conversation's.
    let campaign = server.campaign("Autumn").await;
    server.lead("grace@gmail.com").await;
    let there = format!("campaign-{campaign}@dealer.example");
    let mail = Mail::new("grace@gmail.com", "Hello", "What does it cost?").to(&there);
    let answer = server.inbound(&mail).await.ok();
    assert_eq!(answer["campaignId"], campaign);
}

async fn the_subject_window_is_policy(options: Options) {
    let server = options.start().await;
    for (days, by_subject) in [(30, true), (5, false)] {
        let policy = json!({"subjectWindowDays": days});
        server.put("/api/policy", policy).await.ok();
        let older = server.contact(&format!("ada{days}@gmail.com")).await;
        let campaign = server.campaign(&format!("Autumn {days}")).await;
        let recent = in_campaign(&server, &older, &campaign).await;
        // A conversation is as recent as its last message, not as its record.
        sent(&older, Utc::now() - Duration::days(10)).await;
        sent(&recent, Utc::now() - Duration::days(1)).await;
        let mail = Mail::new(&older.email, "Re: Your new car", "A question");
        let answer = server.inbound(&mail).await.ok();
        let expected = if by_subject { &older.id } else { &recent.id };
        assert_eq!(answer["conversationId"], *expected, "{days} days");
    }
}

/// Closes a conversation by hand, and archives it where that is asked.
async fn over(contact: &Contact, archived: bool) {
    contact.transition("CONVERSATION_ABANDONED").await.ok();
    if archived {
        contact.transition("MANUAL_ARCHIVE").await.ok();
    }
}

const OPT_OUT: &str = "Please remove me from your mailing list";

async fn an_opt_out_opens_nothing(options: Options) {
    let server = options
        .with("CONVO_POLICY__CREATE_LEAD", "true")
        .start()
        .await;
    for archived in [false, true] {
        let contact = server.contact(&format!("ada-{archived}@gmail.com")).await;
        let ours = contact.outbound("Hello").await;
        over(&contact, archived).await;
        let before = contact.state().await;
        let mail = Mail::new(&contact.email, "Re: Hello", OPT_OUT).answering(&ours);
        let answer = server.inbound(&mail).await.ok();
        assert_eq!(answer["conversationId"], contact.id);
        assert_eq!(conversations(&server, &contact.lead).await, [(before, 2)]);
        assert_eq!(contact.messages().await[1]["kind"], "opt_out");
    }
    // Nowhere to store it: the mail stays visible, and its writer is written to no more.
    let lead = server.lead("grace@gmail.com").await;
    for from in ["grace@gmail.com", "nobody-knows@gmail.com"] {
        let answer = server
            .inbound(&Mail::new(from, "Hello", OPT_OUT))
            .await
            .ok();
        assert_eq!(answer["status"], "parked", "{answer}");
    }
    assert!(conversations(&server, &lead).await.is_empty());
    assert!(server.items("/api/leads?q=nobody").await.is_empty());
    assert_eq!(server.items("/api/review").await.len(), 2);
    let suppressed = server.items("/api/suppressions").await;
    assert_eq!(suppressed.len(), 4, "{suppressed:#?}");
    assert!(suppressed.iter().all(|row| row["reason"] == "opt_out"));
    server.verify().await;
}

async fn an_opt_out_and_an_older_mail_end_the_same(options: Options) {
    let server = options.start().await;
    let said = [(3, "Do you sell vans?"), (1, OPT_OUT)];
    let mut ends = Vec::new();
    for (name, order) in [("ada", [0, 1]), ("grace", [1, 0])] {
        let from = format!("{name}@gmail.com");
        let lead = server.lead(&from).await;
        for index in order {
            let (hours, words) = said[index];
            let mail = Mail::new(&from, "Hello", words).dated(Utc::now() - Duration::hours(hours));
            server.inbound(&mail).await.ok();
        }
        let of = format!("/api/conversations?leadId={lead}");
        let outcomes: Vec<Value> = server.items(&of).await;
        let outcomes: Vec<&Value> = outcomes.iter().map(|one| &one["outcome"]).collect();
        ends.push(json!([conversations(&server, &lead).await, outcomes]));
    }
    assert_eq!(ends[0], json!([[["CLOSED", 2]], ["opted_out"]]));
    assert_eq!(ends[0], ends[1]);
    assert!(server.items("/api/review").await.is_empty());
    server.verify().await;
}

async fn what_names_a_closed_conversation_goes_to_the_open_one(options: Options) {
    let server = options.start().await;
    for archived in [false, true] {
        let closed = server
            .contact(&format!("ada@firm-{archived}.example"))
            .await;
        let ours = closed.outbound("Hello").await;
        over(&closed, archived).await;
        let open = server.contact(&closed.email).await;
        assert_ne!(open.id, closed.id);
        let colleague = format!("colleague@firm-{archived}.example");
        let absent = Mail::new(&closed.email, "Automatic reply: Hello", "I am away")
            .header("Auto-Submitted", "auto-replied");
        let mails = [
            ("auto_reply", absent),
            (
                "human",
                Mail::new(&colleague, "Re: Hello", "She has left us"),
            ),
            (
                "human",
                Mail::new(&closed.email, "Re: Hello", "Tell me more"),
            ),
        ];
        for (kind, mail) in mails {
            let answer = server.inbound(&mail.answering(&ours)).await.ok();
            assert_eq!(answer["conversationId"], open.id, "{kind}");
        }
        assert_eq!(closed.messages().await.len(), 1);
        // A report belongs to the conversation of the message it names.
        let report = bounce(&closed.email, &ours);
        let answer = server
            .inbound_raw(&report, "sales@dealer.example", "")
            .await;
        assert_eq!(answer.ok()["conversationId"], closed.id);
    }
    server.verify().await;
}

async fn a_reply_at_the_time_of_the_opt_out_is_no_newer(options: Options) {
    let server = options.start().await;
    let said = DateTime::from_timestamp(Utc::now().timestamp() - 3 * 3600, 0).unwrap();
    for (seconds, opens) in [(-60, false), (0, false), (1, true)] {
        let contact = server.contact(&format!("ada{seconds}@gmail.com")).await;
        let ours = sent(&contact, said - Duration::hours(2)).await;
        let event = Event::unsubscribed(&ours, &contact.email).at(said);
        server.event(&event).await.ok();
        contact.transition("MANUAL_ARCHIVE").await.ok();
        let mail = Mail::new(&contact.email, "Re: Hello", "Tell me more")
            .answering(&ours)
            .dated(said + Duration::seconds(seconds));
        server.inbound(&mail).await.ok();
        let number = conversations(&server, &contact.lead).await.len();
        assert_eq!(number, if opens { 2 } else { 1 }, "{seconds} s");
    }
}

/// What waited for a message can say more about its ancestors than it does itself.
async fn a_message_is_answered_where_it_stands_in_the_end(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let ours = "ours@dealer.example";
    for number in [1, 2] {
        let chain = format!("References: <two@x.example> <one@x.example> <{ours}>");
        let mime = bounce(&contact.email, ours)
            .replace("<bounce.1@", &format!("<bounce.{number}@"))
            .replace("MIME-Version", &format!("{chain}\r\nMIME-Version"));
        let answer = server.inbound_raw(&mime, "sales@dealer.example", "").await;
        assert_eq!(answer.ok()["status"], "parked");
    }
    let headers = json!({
        "Message-ID": format!("<{ours}>"), "References": "<one@x.example> <two@x.example>",
    });
    let body = json!({
        "senderId": "campaign", "content": "Hello", "messageType": "email", "isFromAI": 1,
        "emailHeaders": headers,
    });
    let answer = contact.post("process-message", body).await.ok();
    let stored = contact.messages().await;
    assert_eq!(stored.len(), 3, "{stored:#?}");
    assert_eq!(answer["message"]["threadDepth"], stored[0]["threadDepth"]);
    assert_eq!(answer["message"]["threadId"], stored[0]["threadId"]);
    server.verify().await;
}

async fn what_waited_for_a_message_is_told_with_it(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@gmail.com").await;
    let ours = "campaign.7.ada@mail.dealer.example";
    let event = Event::delivered(ours, &contact.email);
    assert_eq!(server.event(&event).await.ok()["status"], "parked");
    let body = json!({
        "senderId": "campaign", "content": "Hello", "messageType": "email", "isFromAI": 1,
        "emailHeaders": {"Message-ID": format!("<{ours}>")},
    });
    let answer = contact.post("process-message", body.clone()).await.ok();
    assert_eq!(answer["conversation"]["currentState"], "ACTIVE");
    let step = json!([{"fromState": "NEW", "newState": "ACTIVE", "event": "FIRST_EMAIL_SENT", "version": 1}]);
    assert_eq!(answer["transitions"], step);
    assert_eq!(answer["journey"]["entered"], json!(["COLD_LEAD"]));
    let again = contact.post("process-message", body).await.ok();
    assert_eq!(again["duplicate"], true);
    assert_eq!(again["transitions"], json!([]));
    assert_eq!(again["journey"]["entered"], json!([]));
}
