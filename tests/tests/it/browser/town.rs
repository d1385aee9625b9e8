//! A small dealer with something on every page.

use convo_tests::mailgun::Event;
use convo_tests::records::Contact;
use convo_tests::{Mail, Play, PlayedMailgun, Server, eventually};
use serde_json::{Value, json};

/// People with names, conversations in every state, mail to decide on, what is suppressed and what failed.
pub struct Town {
    /// The conversation that has the most to show.
    pub talk: Contact,
}

/// Fills the server.
pub async fn build(server: &Server) -> Town {
    let policy = json!({"fastTrack": true});
    server.put("/api/policy", policy).await.ok();
    for (name, email) in [
        ("Grace Hopper", "grace@dealer.example"),
        ("Alan Turing", "alan@dealer.example"),
    ] {
        let agent = json!({"name": name, "email": email, "active": true});
        server.post("/api/agents", agent).await.expect(201);
    }
    let campaign = server.campaign("Autumn test drives").await;
    let mut talks = Vec::new();
    let people = [
        ("Ada", "Lovelace", "The new estate"),
        ("Konrad", "Zuse", "A van for the workshop"),
        ("Hedy", "Lamarr", "Leasing a convertible"),
        ("Edsger", "Dijkstra", "The shortest way to a new car"),
        ("Barbara", "Liskov", "A replacement for the old one"),
        ("Jean", "Bartik", "Six seats"),
        ("Katherine", "Johnson", "A car for long distances"),
    ];
    for (first, last, subject) in people {
        let email = format!("{}@customer.example", first.to_lowercase());
        let lead = json!({"email": email, "firstName": first, "lastName": last, "source": "website",
            "interest": subject, "phone": "+49 30 1234567", "campaignId": campaign});
        server.post("/api/leads", lead).await.expect(201);
        let talk = server.contact(&email).await;
        server
            .patch(
                &format!("/api/conversations/{}", talk.id),
                json!({"subject": subject}),
            )
            .await
            .ok();
        talks.push(talk);
    }
    for talk in &talks[1..] {
        let mail = talk
            .outbound("Good morning, are you still looking for a car?")
            .await;
        server
            .event(&Event::delivered(&mail, &talk.email))
            .await
            .ok();
        server.event(&Event::opened(&mail, &talk.email)).await.ok();
    }
    talks[2].reply("Maybe. What do you have?").await;
    talks[3].reply("I'm interested, tell me more").await;
    talks[3].outbound("Here is what we have.").await;
    talks[3]
        .reply("Can I book a test drive? What does it cost?")
        .await;
    wants_a_call(server, &talks[4]).await;
    talks[5].reply(crate::handover::CALL_ME).await;
    let gone = talks[6]
        .transition_with("CONVERSATION_ABANDONED", json!({"outcome": "no_response"}))
        .await;
    gone.ok();
    server
        .inbound(&Mail::new(
            "stranger@elsewhere.example",
            "Is the red one still there?",
            "Hello, is it?",
        ))
        .await
        .ok();
    server
        .inbound(&Mail::new(
            "other@elsewhere.example",
            "Invoice 7",
            "Please see the attached file.",
        ))
        .await
        .ok();
    let held = json!({"address": "never@customer.example", "reason": "manual", "source": "phone call", "evidence": "said so on the phone"});
    server.post("/api/suppressions", held).await.expect(201);
    server
        .event(&Event::opened(
            "nobody-sent-this@dealer.example",
            "x@customer.example",
        ))
        .await;
    Town {
        talk: talks.swap_remove(4),
    }
}

/// A draft that waits, and a mail that the provider will never take.
pub async fn trouble(server: &Server, mailgun: &PlayedMailgun) {
    let asks = server.contact("grace.murray@customer.example").await;
    asks.reply("Can I book a test drive? What does it cost?")
        .await;
    let draft = json!({"author": "ai", "text": "Good morning,\n\nyes, on Tuesday or on Thursday. Which suits you?", "draft": true});
    asks.send(draft).await.expect(202);
    let refused = server.contact("refused@customer.example").await;
    mailgun.next([Play::Answer(400, None)]);
    let mail = json!({"author": "ai", "text": "Good morning"});
    refused.send(mail).await.expect(202);
    eventually("the mail is given up", async || {
        let dead = server.items("/api/outbox?status=dead").await;
        (dead.len() == 1).then_some(())
    })
    .await;
}

/// Asks for a person after some mails with HTML, a file and a quote.
async fn wants_a_call(server: &Server, talk: &Contact) {
    let html = "<h1>Hello</h1><p>I saw your <b style=\"color:#c00\">offer</b>.</p><blockquote>Good morning, are you still looking?</blockquote>";
    let mail = Mail::new(
        &talk.email,
        "Re: A replacement for the old one",
        "Hello, I saw your offer. What about financing?",
    );
    let mut fields = convo_tests::mailgun::form(&mail);
    fields.push(("body-html".to_owned(), html.to_owned()));
    fields.extend(convo_tests::mailgun::Signature::new().fields());
    server
        .inbound_fields(
            fields,
            &[(
                "my old car.txt",
                "text/plain",
                b"a photograph, had this been one",
            )],
        )
        .await
        .ok();
    talk.outbound("We finance from 1.9 %.").await;
    let answer: Value = talk.reply(crate::handover::CALL_ME).await;
    assert_eq!(
        answer["conversation"]["currentState"], "READY_FOR_HANDOVER",
        "{answer:#}"
    );
}
