//! Mail leaves the house once by its Message-ID, whatever the provider and the machine do.

use std::collections::BTreeSet;

use convo_tests::mailgun::Event;
use convo_tests::records::{Contact, id, text};
use convo_tests::{
    Kind, Mail, Options, Play, PlayedMailgun, SentMail, Server, eventually, on_both,
};
use serde_json::{Value, json};

on_both!(
    a_mail_is_sent_with_its_head_and_an_answer_comes_back,
    a_busy_provider_is_asked_again_and_a_dead_mail_can_be_retried,
    kill_9_sends_every_mail_under_its_one_id,
    what_may_not_be_sent_is_refused,
    a_provider_may_call_a_mail_by_another_name,
    nothing_leaves_a_house_that_is_off_or_in_the_shadow,
    what_a_mail_may_not_hold_is_refused,
);

/// Pauses so short that a test waits for them.
async fn hurry(server: &Server) {
    let policy = json!({"sending": {"attempts": 3, "baseSeconds": 1, "maxSeconds": 1}});
    server.put("/api/policy", policy).await.ok();
}

/// Waits until the mail of this id has this status.
async fn status(contact: &Contact, message_id: &str, wanted: &str) -> Value {
    eventually(&format!("{message_id} is {wanted}"), async || {
        let message = contact.message(message_id).await;
        (message["sending"]["status"] == wanted).then_some(message)
    })
    .await
}

/// Makes what waits in the outbox due now.
async fn make_due(server: &Server) {
    let sql = "UPDATE outbox SET due_at = created_at WHERE due_at IS NOT NULL";
    server.database().execute(sql).await;
}

async fn a_mail_is_sent_with_its_head_and_an_answer_comes_back(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    let contact = server.contact("ada@customer.example").await;
    let body = json!({
        "author": "ai", "text": "Hello Ada,\nmay I show you our cars?", "html": "<p>Hello Ada</p>",
        "attachments": [{"name": "Prospekt für \"Sie\".pdf", "contentType": "application/pdf", "content": "JVBERi0="}],
    });
    let call = |body: &Value| {
        let call = server.call("POST", &contact.path("send")).json(body);
        call.header("Idempotency-Key", "first")
    };
    let queued = call(&body).send().await.expect(202);
    assert_eq!(call(&body).send().await.expect(202), queued);
    let ours = text(&queued["messageId"]);
    assert!(ours.ends_with("@mail.dealer.example"), "{ours}");
    let sent = mailgun.taken(1).await.remove(0);
    let path = format!("/api/conversations/{}", contact.id);
    let token = text(&server.get(&path).await.ok()["replyToken"]);
    for (name, expected) in [
        ("from", "\"Dealer\" <sales@dealer.example>"),
        ("to", "ada@customer.example"),
        ("subject", "Your new car"),
        ("text", "Hello Ada,\nmay I show you our cars?"),
        ("html", "<p>Hello Ada</p>"),
        ("h:Message-Id", &format!("<{ours}>")),
        ("h:Reply-To", &format!("reply+{token}@mail.dealer.example")),
        ("h:List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("v:conversation_id", &contact.id),
        ("v:lead_id", &contact.lead),
    ] {
        assert_eq!(sent.field(name), Some(expected), "{name}");
    }
    for absent in [
        "h:In-Reply-To",
        "h:References",
        "h:Auto-Submitted",
        "o:tracking",
    ] {
        assert_eq!(sent.field(absent), None, "{absent}");
    }
    let (name, media, bytes) = &sent.files[0];
    assert!(name.starts_with("Prospekt für"), "{name}");
    assert_eq!(
        (media.as_str(), bytes.as_slice()),
        ("application/pdf", &b"%PDF-"[..])
    );
    let message = status(&contact, &ours, "sent").await;
    assert_eq!(message["author"], "ai");
    assert_eq!(message["attachments"][0]["size"], 5);
    assert!(message["sending"]["sentAt"].is_string());
    assert_eq!(contact.state().await, "NEW");

    server.event(&sent.event(Event::delivered)).await.ok();
    assert_eq!(contact.state().await, "ACTIVE");
    let reply = Mail::new(&contact.email, "AW: Your new car", "Yes, please!")
        .answering(&ours)
        .to(sent.the("h:Reply-To"));
    server.inbound(&reply).await.ok();
    assert_eq!(contact.state().await, "ENGAGED");

    let agent = server.agent("grace@dealer.example").await;
    let body = json!({"author": "agent", "agentId": agent, "text": "When?"});
    contact.send(body).await.expect(202);
    // That mail has its answer; the next one may have one too.
    let second = Mail::new(&contact.email, "AW: Your new car", "Hello again.")
        .answering(&ours)
        .to(sent.the("h:Reply-To"));
    server.inbound(&second).await.ok();
    contact
        .send(json!({"author": "system", "text": "Noted."}))
        .await
        .expect(202);
    let sent = mailgun.taken(3).await;
    let find = |words: &str| sent.iter().find(|mail| mail.the("text") == words).unwrap();
    for (mail, answered) in [(find("When?"), &reply), (find("Noted."), &second)] {
        assert_eq!(mail.the("subject"), "Re: Your new car");
        let theirs = format!("<{}>", answered.message_id);
        assert_eq!(mail.the("h:In-Reply-To"), theirs);
        assert_eq!(mail.the("h:References"), format!("<{ours}> {theirs}"));
    }
    let by_hand = find("When?");
    assert_eq!(
        by_hand.the("from"),
        "\"Grace Agent\" <sales@dealer.example>"
    );
    assert_eq!(by_hand.field("h:List-Unsubscribe"), None);
    let by_itself = find("Noted.");
    assert_eq!(by_itself.the("h:Auto-Submitted"), "auto-replied");
    assert_eq!(mailgun.asked(), 3);
    server.verify().await;
}

async fn a_busy_provider_is_asked_again_and_a_dead_mail_can_be_retried(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    hurry(&server).await;
    let contact = server.contact("ada@customer.example").await;
    let say = async |words: &str| {
        let body = json!({"author": "ai", "text": words});
        text(&contact.send(body).await.expect(202)["messageId"])
    };

    mailgun.next([Play::Answer(429, Some("1")), Play::Answer(500, None)]);
    let began = std::time::Instant::now();
    let ours = say("patience").await;
    let message = status(&contact, &ours, "sent").await;
    assert_eq!(message["sending"]["attempts"], 3);
    assert!(began.elapsed().as_secs() >= 1, "it was asked to wait");
    assert_eq!(mailgun.sent().len(), 1);

    mailgun.next([
        Play::Answer(503, None),
        Play::Close,
        Play::Answer(502, None),
    ]);
    let ours = say("in vain").await;
    let message = status(&contact, &ours, "dead").await;
    assert_eq!(message["sending"]["code"], "status_502");
    assert_eq!(message["codes"]["unsent"], true);
    // What was never said is no turn of ours.
    let counted = contact.status().await["analytics"]["outboundCount"].clone();
    assert_eq!(counted, 2);
    let dead = server.items("/api/outbox?status=dead").await;
    assert_eq!(text(&dead[0]["messageId"]), ours);
    let retry = format!("/api/outbox/{}/retry", id(&dead[0]));
    let write = server.key(&["write"]).await;
    let refused = server.with_key(Some(&write)).post(&retry, json!({})).await;
    refused.problem(403, "forbidden");
    assert_eq!(
        server.post(&retry, json!({})).await.ok()["status"],
        "queued"
    );
    let message = status(&contact, &ours, "sent").await;
    assert_eq!(message["codes"]["unsent"], Value::Null);
    assert_eq!(server.post(&retry, json!({})).await.ok()["status"], "sent");
    assert_eq!(mailgun.sent()[1].message_id(), ours);

    // What the provider will never take is not asked for again.
    mailgun.next([Play::Answer(400, None)]);
    let before = mailgun.asked();
    let ours = say("refused").await;
    let message = status(&contact, &ours, "dead").await;
    assert_eq!(message["sending"]["code"], "status_400");
    assert_eq!(mailgun.asked(), before + 1);
    let bulk = async |code: &str| {
        let body = json!({"code": code});
        server.post("/api/outbox/retry", body).await.ok()
    };
    assert_eq!(
        bulk("status_402").await,
        json!({"retried": 0, "more": false})
    );
    mailgun.next([Play::Answer(400, None)]);
    assert_eq!(
        bulk("status_400").await,
        json!({"retried": 1, "more": false})
    );
    eventually("it is refused again", async || {
        (mailgun.asked() == before + 2).then_some(())
    })
    .await;
    status(&contact, &ours, "dead").await;
    // But if it says that it was delivered after all, it was.
    let event = Event::delivered(&ours, &contact.email);
    server.event(&event).await.ok();
    status(&contact, &ours, "sent").await;
    server.verify().await;
}

async fn kill_9_sends_every_mail_under_its_one_id(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let mut server = options.sending(&mailgun).start().await;
    hurry(&server).await;
    let policy = json!({"sending": {"attempts": 50, "baseSeconds": 1, "maxSeconds": 1}});
    server.put("/api/policy", policy).await.ok();
    let mut contacts = Vec::new();
    for n in 0..4 {
        contacts.push(
            server
                .contact(&format!("lead-{n}@customer-{n}.example"))
                .await,
        );
    }
    let agent = server.agent("grace@dealer.example").await;
    let mut expected = BTreeSet::new();
    for round in 0..4 {
        mailgun.next([
            Play::TakeAndHang,
            Play::Answer(503, None),
            Play::TakeAndClose,
            Play::Take,
            Play::Close,
            Play::TakeAndHang,
        ]);
        for contact in &contacts {
            let contact = Contact {
                api: server.api(),
                ..contact.clone()
            };
            let words = format!("round {round} for {}", contact.email);
            let body = json!({"author": "agent", "agentId": agent, "text": words});
            let queued = contact.send(body).await.expect(202);
            expected.insert((text(&queued["messageId"]), words));
        }
        // At another point of its work each time: between lease and answer, or between answer and result.
        let so_far = mailgun.asked();
        eventually("the next request", async || {
            (mailgun.asked() >= so_far.max(1) + round % 2).then_some(())
        })
        .await;
        server.kill9();
        make_due(&server).await;
        server = server.restart().await;
    }
    // The last leases were cut off by the last kill.
    for contact in &contacts {
        let contact = Contact {
            api: server.api(),
            ..contact.clone()
        };
        eventually("everything is sent", async || {
            make_due(&server).await;
            let all = contact.messages().await;
            all.iter()
                .all(|one| one["sending"]["status"] == "sent")
                .then_some(())
        })
        .await;
    }
    let taken: BTreeSet<(String, String)> = mailgun
        .sent()
        .iter()
        .map(|mail| (mail.message_id(), mail.the("text").to_owned()))
        .collect();
    assert_eq!(
        taken, expected,
        "each mail by its one id, with its one text"
    );
    server.verify().await;
}

async fn what_may_not_be_sent_is_refused(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    let body = || json!({"author": "ai", "text": "Hello"});
    let reasons = |answer: Value| -> Vec<String> {
        let reasons = answer["reasons"].as_array().unwrap();
        reasons.iter().map(|reason| text(&reason["code"])).collect()
    };
    let contact = server.contact("ada@customer.example").await;
    let suppress = json!({"address": contact.email, "reason": "hard_bounce"});
    server.post("/api/suppressions", suppress).await.expect(201);
    let refused = contact.send(body()).await.problem(409, "lease_void");
    assert_eq!(reasons(refused), ["suppressed"]);
    let lift = format!("/api/suppressions?address={}", contact.email);
    server.delete(&lift).await.expect(204);
    contact.send(body()).await.expect(202);

    let other = server.contact("bob@customer.example").await;
    other.transition("CONVERSATION_ABANDONED").await.ok();
    let refused = other.send(body()).await.problem(409, "lease_void");
    assert_eq!(reasons(refused), ["closed"]);
    let unknown = json!({"author": "ai", "text": "Hello", "lease": contact.id});
    contact
        .send(unknown)
        .await
        .problem(422, "validation_failed");
    server.delete(&format!("/api/leads/{}", other.lead)).await;
    other.send(body()).await.problem(409, "conflict");
    mailgun.taken(1).await;
    assert_eq!(mailgun.asked(), 1);
    server.verify().await;
}

async fn a_provider_may_call_a_mail_by_another_name(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    let contact = server.contact("ada@customer.example").await;
    let theirs = "20260101.another@mail.dealer.example";
    // The event overtakes what we are told.
    let early = Event::delivered(theirs, &contact.email);
    assert_eq!(server.event(&early).await.ok()["status"], "parked");
    mailgun.next([Play::TakeAs(theirs)]);
    let queued = contact
        .send(json!({"author": "ai", "text": "Hello"}))
        .await
        .expect(202);
    status(&contact, &text(&queued["messageId"]), "sent").await;
    assert_eq!(contact.state().await, "ACTIVE");
    let reply = Mail::new(&contact.email, "Re: Your new car", "Yes").answering(theirs);
    server.inbound(&reply).await.ok();
    assert_eq!(contact.state().await, "ENGAGED");
    let stored = contact.message(&reply.message_id).await;
    assert_eq!(stored["rung"], 3);
    server.verify().await;
}

async fn nothing_leaves_a_house_that_is_off_or_in_the_shadow(options: Options) {
    let server = options.clone().start().await;
    let contact = server.contact("ada@customer.example").await;
    let body = json!({"author": "ai", "text": "Hello"});
    contact.send(body.clone()).await.problem(409, "sending_off");
    assert!(contact.messages().await.is_empty());

    let mailgun = PlayedMailgun::start().await;
    let shadow = options.sending(&mailgun).with("CONVO_SEND__MODE", "shadow");
    let server = shadow.start().await;
    let contact = server.contact("ada@customer.example").await;
    let queued = contact.send(body).await.expect(202);
    assert_eq!(queued["outbox"]["status"], "shadow");
    let message = contact.message(&text(&queued["messageId"])).await;
    assert_eq!(message["codes"]["unsent"], true);
    let seen = contact.status().await;
    assert_eq!(
        (&seen["awaiting"], &seen["currentState"]),
        (&json!("nobody"), &json!("NEW"))
    );
    contact.reply("Hello?").await;
    assert_eq!(contact.state().await, "NEW", "nobody has written to her");
    assert_eq!(mailgun.asked(), 0);
    server.verify().await;
}

async fn what_a_mail_may_not_hold_is_refused(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    let contact = server.contact("ada@customer.example").await;
    let file = |name: &str, media: &str, content: &str| json!([{"name": name, "contentType": media, "content": content}]);
    for (field, value) in [
        ("author", json!("lead")),
        ("text", json!(" ")),
        ("subject", json!("Hello\r\nBcc: bob@customer.example")),
        ("agentId", json!("018f0000-0000-7000-8000-000000000000")),
        ("attachments", file("a\nb", "text/plain", "")),
        ("attachments", file("a", "text/plain; x=\"\r\n\"", "")),
        ("attachments", file("a", "text/plain", "no base64!")),
        ("draft", json!("yes")),
    ] {
        let mut body = json!({"author": "agent", "text": "Hello"});
        body[field] = value.clone();
        let problem = contact.send(body).await.problem(422, "validation_failed");
        let named = text(&problem["violations"][0]["field"]);
        assert!(named.starts_with(field), "{field} {value}: {named}");
    }
    // A subject that came with a record is made one line.
    let path = format!("/api/conversations/{}", contact.id);
    let broken = json!({"subject": "Your\r\nBcc: bob@customer.example"});
    server.patch(&path, broken).await.ok();
    contact
        .send(json!({"author": "ai", "text": "Hello"}))
        .await
        .expect(202);
    let sent: Vec<SentMail> = mailgun.taken(1).await;
    assert_eq!(sent[0].the("subject"), "Your  Bcc: bob@customer.example");
    assert_eq!(sent[0].field("Bcc"), None);
    if server.database().kind() == Kind::Sqlite {
        let large = "x".repeat(2_000_000);
        let body = json!({"author": "ai", "text": large});
        contact.send(body).await.problem(422, "validation_failed");
    }
}
