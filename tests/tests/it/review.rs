//! The review list: what a person decides, and what follows from it.

use chrono::{DateTime, Duration, Utc};
use convo_tests::records::{Contact, id, text};
use convo_tests::{Answer, Mail, Options, Server, on_both};
use serde_json::{Value, json};

use crate::ladder::bounce;

on_both!(
    our_own_mail_stays_ours,
    one_word_places_all_mail_of_a_sender,
    an_opt_out_by_hand_is_stored_and_suppresses_its_sender,
    a_bounce_attached_by_hand_has_its_effect,
    the_last_answer_lifts_the_hold,
    mail_without_a_date_keeps_its_receipt,
);

/// Resolves the open item whose mail has this subject.
async fn resolve(server: &Server, subject: &str, body: Value) -> Answer {
    let items = server.items("/api/review").await;
    let item = items.iter().find(|item| item["mail"]["subject"] == subject);
    let item = item.unwrap_or_else(|| panic!("no item {subject}: {items:#?}"));
    let path = format!("/api/review/{}/resolve", id(item));
    server.post(&path, body).await
}

async fn messages(server: &Server, conversation: &Value) -> Vec<Value> {
    let of = text(conversation);
    let path = format!("/api/conversation-state/{of}/messages");
    server.items(&path).await
}

fn said_by(message: &Value) -> [String; 3] {
    ["direction", "author", "kind"].map(|field| text(&message[field]))
}

async fn our_own_mail_stays_ours(options: Options) {
    let server = options.start().await;
    server.agent("grace@ours.example").await;
    for (from, author) in [
        ("grace@ours.example", "agent"),
        ("sales@dealer.example", "system"),
    ] {
        let known = server.contact(&format!("known-{author}@gmail.com")).await;
        for (subject, to) in [
            ("first", format!("new-{author}@gmail.com")),
            ("second", format!("new-{author}@gmail.com")),
            ("third", format!("else-{author}@gmail.com")),
            ("nobody", "grace@ours.example".to_owned()),
        ] {
            let mail = Mail::new(from, subject, "Here is our offer, interested?").to(&to);
            let answer = server.inbound(&mail).await.ok();
            assert_eq!(answer["status"], "parked", "{subject}");
        }
        let made = resolve(&server, "first", json!({"action": "create_lead"}))
            .await
            .ok();
        let lead = server
            .get(&format!("/api/leads/{}", text(&made["leadId"])))
            .await
            .ok();
        assert_eq!(
            lead["email"],
            format!("new-{author}@gmail.com"),
            "the recipient"
        );
        let stored = messages(&server, &made["conversationId"]).await;
        assert_eq!(
            stored.len(),
            2,
            "what else was written to them came with it"
        );
        for message in &stored {
            assert_eq!(said_by(message), ["outbound", author, "human"]);
        }
        assert_eq!(server.state(&text(&made["conversationId"])).await, "NEW");

        let attach = json!({"action": "attach", "conversationId": known.id});
        resolve(&server, "third", attach).await.ok();
        let stored = known.messages().await;
        assert_eq!(said_by(&stored[0]), ["outbound", author, "human"]);
        assert_eq!(held(&known).await, json!(false));

        for action in ["create_lead", "opt_out"] {
            let refused = resolve(&server, "nobody", json!({"action": action})).await;
            refused.problem(409, "conflict");
        }
        resolve(&server, "nobody", json!({"action": "discard"}))
            .await
            .ok();
    }
    assert!(server.items("/api/review").await.is_empty());
    assert!(server.items("/api/suppressions").await.is_empty());
    server.verify().await;
}

async fn one_word_places_all_mail_of_a_sender(options: Options) {
    let server = options.start().await;
    for action in ["create_lead", "alias"] {
        let from = format!("{action}@gmail.com");
        for (subject, hours) in [("one", 3), ("two", 2), ("three", 1)] {
            let mail = Mail::new(&from, subject, "What does it cost?")
                .dated(Utc::now() - Duration::hours(hours));
            server.inbound(&mail).await.ok();
        }
        let lead = server.contact("ada@gmail.com").await.lead;
        let body = json!({"action": action, "leadId": lead});
        let done = resolve(&server, "two", body).await.ok();
        assert!(server.items("/api/review").await.is_empty(), "{action}");
        let stored = messages(&server, &done["conversationId"]).await;
        assert_eq!(stored.len(), 3, "{action}");
        assert!(stored.iter().all(|message| message["author"] == "lead"));
    }
    server.verify().await;
}

async fn an_opt_out_by_hand_is_stored_and_suppresses_its_sender(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    contact.outbound("Hello").await;
    let words = "I told your colleague on the phone what I think of this";
    let mail = |from: &str, subject: &str| Mail::new(from, subject, words);
    server
        .inbound(&mail("ada@private.example", "known"))
        .await
        .ok();
    server
        .inbound(&mail("stranger@private.example", "unknown"))
        .await
        .ok();

    let body = json!({"action": "opt_out", "leadId": contact.lead});
    let done = resolve(&server, "known", body).await.ok();
    assert_eq!(done["conversationId"], contact.id);
    let stored = contact.messages().await;
    assert_eq!(said_by(&stored[1]), ["inbound", "lead", "opt_out"]);
    assert_eq!(stored[1]["content"], words);
    assert_eq!(contact.state().await, "CLOSED");
    assert_eq!(contact.status().await["outcome"], "opted_out");

    resolve(&server, "unknown", json!({"action": "opt_out"}))
        .await
        .ok();
    let mut suppressed: Vec<String> = Vec::new();
    for row in server.items("/api/suppressions").await {
        assert_eq!(row["reason"], "opt_out", "{row}");
        suppressed.push(text(&row["address"]));
    }
    suppressed.sort();
    let expected = [
        "ada@customer.example",
        "ada@private.example",
        "stranger@private.example",
    ];
    assert_eq!(suppressed, expected);
    server.verify().await;
}

async fn a_bounce_attached_by_hand_has_its_effect(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    contact.outbound("Hello").await;
    let report = bounce(&contact.email, "nobody-knows@dealer.example");
    let answer = server
        .inbound_raw(&report, "sales@dealer.example", "")
        .await;
    assert_eq!(answer.ok()["status"], "parked");
    let subject = "Undelivered Mail Returned to Sender";
    let refused = resolve(&server, subject, json!({"action": "create_lead"})).await;
    refused.problem(409, "conflict");
    let attach = json!({"action": "attach", "conversationId": contact.id});
    resolve(&server, subject, attach).await.ok();
    assert_eq!(
        said_by(&contact.messages().await[1]),
        ["inbound", "system", "bounce"]
    );
    let status = contact.status().await;
    assert_eq!(status["currentState"], "CLOSED", "{status:#}");
    assert_eq!(status["outcome"], "unreachable");
    let suppressed = server.items("/api/suppressions").await;
    assert_eq!(suppressed[0]["reason"], "hard_bounce");
    server.verify().await;
}

async fn held(contact: &Contact) -> Value {
    let path = format!("/api/conversations/{}", contact.id);
    contact.api.get(&path).await.ok()["held"].clone()
}

async fn the_last_answer_lifts_the_hold(options: Options) {
    let server = options.start().await;
    let doubtful = "Remove me from your mailing list. Could someone call me?";
    let orders = [
        ["release_hold", "release_hold"],
        ["release_hold", "discard"],
        ["discard", "release_hold"],
        ["discard", "opt_out"],
        ["opt_out", "release_hold"],
    ];
    for (number, order) in orders.into_iter().enumerate() {
        let contact = server.contact(&format!("ada{number}@gmail.com")).await;
        let ours = contact.outbound("Hello").await;
        for subject in ["Re: one", "Re: two"] {
            let mail = Mail::new(&contact.email, subject, doubtful).answering(&ours);
            server.inbound(&mail).await.ok();
        }
        // It is nobody else's opt-out.
        let another = server.contact(&format!("bob{number}@gmail.com")).await;
        let wrong = json!({"action": "opt_out", "leadId": another.lead});
        let refused = resolve(&server, "Re: one", wrong).await;
        let refused = refused.problem(422, "validation_failed");
        assert_eq!(refused["violations"][0]["field"], "leadId");
        for (subject, action, after) in [("Re: one", order[0], true), ("Re: two", order[1], false)]
        {
            assert_eq!(
                held(&contact).await,
                json!(true),
                "{order:?} before {action}"
            );
            resolve(&server, subject, json!({"action": action}))
                .await
                .ok();
            assert_eq!(
                held(&contact).await,
                json!(after),
                "{order:?} after {action}"
            );
        }
        // A stranger's mail is another question.
        let address = format!("reply+{}@dealer.example", token(&contact).await);
        let friend = Mail::new("friend@else.example", "Fwd", "Let me answer").to(&address);
        server.inbound(&friend).await.ok();
        assert_eq!(held(&contact).await, json!(true));
        resolve(&server, "Fwd", json!({"action": "discard"}))
            .await
            .ok();
        assert_eq!(held(&contact).await, json!(false));
    }
    server.verify().await;
}

async fn token(contact: &Contact) -> String {
    let path = format!("/api/conversations/{}", contact.id);
    text(&contact.api.get(&path).await.ok()["replyToken"])
}

fn undated(from: &str) -> String {
    format!(
        "From: {from}\r\nTo: sales@dealer.example\r\nSubject: Hello\r\n\r\nDo you sell vans?\r\n"
    )
}

/// The receipt is all that tells such mails apart, and all that knows when they came.
async fn mail_without_a_date_keeps_its_receipt(options: Options) {
    let server = options.start().await;
    let known = server.contact("known@gmail.com").await;
    let mut received = Vec::new();
    for from in ["known@gmail.com", "stranger@gmail.com"] {
        for _ in 0..2 {
            let before = Utc::now();
            server
                .inbound_raw(&undated(from), "sales@dealer.example", from)
                .await
                .ok();
            received.push((before - Duration::milliseconds(1), Utc::now()));
        }
    }
    assert_eq!(server.items("/api/review").await.len(), 2);
    let at_least = Utc::now();
    let lead = server.lead("stranger@gmail.com").await;
    assert!(Utc::now() > at_least);
    let of = format!("/api/conversations?leadId={lead}");
    let theirs = &server.items(&of).await[0]["id"];
    let mut stored = known.messages().await;
    stored.extend(messages(&server, theirs).await);
    assert_eq!(stored.len(), 4, "{stored:#?}");
    let mut ids = std::collections::BTreeSet::new();
    for (message, (from, to)) in stored.iter().zip(received) {
        let at: DateTime<Utc> = text(&message["createdAt"]).parse().unwrap();
        assert!(from <= at && at <= to, "{at} is not in {from}..{to}");
        ids.insert(text(&message["messageId"]));
    }
    assert_eq!(ids.len(), 4);
    server.verify().await;
}
