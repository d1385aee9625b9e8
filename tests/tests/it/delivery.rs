//! Whom mail goes to, what providers say of it in whatever order, and what comes of mail that has to wait.

use chrono::{TimeDelta, Utc};
use convo_tests::mailgun::Event;
use convo_tests::records::{Contact, id, text};
use convo_tests::{Mail, Options, Play, PlayedMailgun, Server, eventually, on_both};
use serde_json::{Value, json};

use crate::handover::{asks_for_a_person, fast};
use crate::ladder::bounce;

on_both!(
    no_mail_goes_to_an_address_that_is_suppressed,
    a_mail_that_was_sent_after_all_is_the_first_word,
    a_pause_holds_mail_back_and_loses_none,
    a_wrong_key_loses_no_mail,
    machines_say_so_in_their_answers,
    events_find_their_mail_by_either_name,
    an_agent_whom_no_mail_reaches_is_shown_and_told_of,
    the_owners_answer_after_an_opt_out_is_noted,
);

/// A provider that fails now, so that a mail waits until the test makes it due.
const NOT_NOW: Play = Play::Answer(500, Some("600"));

async fn code(contact: &Contact, message_id: &str, wanted: &str) -> Value {
    eventually(&format!("{message_id} waits: {wanted}"), async || {
        let message = contact.message(message_id).await;
        (message["sending"]["code"] == wanted).then_some(message)
    })
    .await
}

async fn sent(contact: &Contact, message_id: &str) -> Value {
    eventually(&format!("{message_id} is sent"), async || {
        let message = contact.message(message_id).await;
        (message["sending"]["status"] == "sent").then_some(message)
    })
    .await
}

async fn make_due(server: &Server) {
    let sql = "UPDATE outbox SET due_at = created_at WHERE due_at IS NOT NULL";
    server.database().execute(sql).await;
}

async fn say(contact: &Contact, author: &str, words: &str) -> String {
    let body = json!({"author": author, "text": words});
    text(&contact.send(body).await.expect(202)["messageId"])
}

async fn no_mail_goes_to_an_address_that_is_suppressed(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    let policy = json!({"acknowledge": {"text": "We have it."}});
    server.put("/api/policy", policy).await.ok();
    let alias = "ada@work.example";
    let ada = server.contact("ada@customer.example").await;
    let lead = format!("/api/leads/{}", ada.lead);
    server.patch(&lead, json!({"aliases": [alias]})).await.ok();
    let shut = json!({"address": alias, "reason": "manual"});
    server.post("/api/suppressions", shut).await.expect(201);
    let mail = Mail::new(alias, "Hello", "Do you sell vans?");
    assert_eq!(server.inbound(&mail).await.ok()["leadId"], ada.lead);
    assert_eq!(ada.messages().await.len(), 1, "nothing is answered there");
    assert!(server.items("/api/outbox").await.is_empty());

    // Written to the old address, about to leave once more when that is dead and the lead has another.
    let bob = server.contact("old@customer.example").await;
    mailgun.next([NOT_NOW]);
    let ours = say(&bob, "ai", "Hello").await;
    code(&bob, &ours, "status_500").await;
    let dead = json!({"address": bob.email, "reason": "hard_bounce"});
    server.post("/api/suppressions", dead).await.expect(201);
    let lead = format!("/api/leads/{}", bob.lead);
    let moved = json!({"email": "new@customer.example", "aliases": []});
    server.patch(&lead, moved).await.ok();
    make_due(&server).await;
    let message = code(&bob, &ours, "suppressed").await;
    assert_eq!(message["sending"]["status"], "void");
    assert!(mailgun.sent().is_empty());
    // The next one goes to the new address.
    say(&bob, "ai", "Hello again").await;
    assert_eq!(mailgun.taken(1).await[0].the("to"), "new@customer.example");
    server.verify().await;
}

async fn a_mail_that_was_sent_after_all_is_the_first_word(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    let policy = json!({"sending": {"attempts": 1, "baseSeconds": 1, "maxSeconds": 1}});
    server.put("/api/policy", policy).await.ok();
    let contact = server.contact("ada@customer.example").await;
    mailgun.next([Play::TakeAndClose]);
    let ours = say(&contact, "ai", "Hello").await;
    let message = code(&contact, &ours, "unknown").await;
    assert_eq!(message["sending"]["status"], "dead");
    let reply = Mail::new(&contact.email, "Re: Your new car", "Tell me more").answering(&ours);
    server.inbound(&reply).await.ok();
    assert_eq!(
        contact.state().await,
        "NEW",
        "nobody knows that she was written to"
    );
    let sent = mailgun.taken(1).await.remove(0);
    server.event(&sent.event(Event::delivered)).await.ok();
    assert_eq!(contact.state().await, "ENGAGED");
    let steps = contact.transitions().await;
    let steps: Vec<String> = steps.iter().map(|step| text(&step["event"])).collect();
    assert_eq!(steps[..2], ["FIRST_EMAIL_SENT", "LEAD_REPLIED"]);
    server.verify().await;
}

async fn a_pause_holds_mail_back_and_loses_none(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    let campaign = server.campaign("Spring").await;
    let lead = server.lead("ada@customer.example").await;
    let body = json!({"leadId": lead, "campaignId": campaign, "subject": "Your new car"});
    let made = server.post("/api/conversations", body).await;
    let contact = Contact {
        api: server.api(),
        lead,
        email: "ada@customer.example".to_owned(),
        id: id(&made.json()),
    };
    let pause = async |paused: bool| {
        let path = format!("/api/campaigns/{campaign}");
        server.patch(&path, json!({"paused": paused})).await.ok();
        make_due(&server).await;
    };
    mailgun.next([NOT_NOW]);
    let ours = say(&contact, "ai", "Hello").await;
    code(&contact, &ours, "status_500").await;
    pause(true).await;
    let message = code(&contact, &ours, "paused").await;
    assert_eq!(message["sending"]["status"], "queued");
    assert_eq!(message["codes"]["unsent"], Value::Null);
    assert!(mailgun.sent().is_empty());
    pause(false).await;
    sent(&contact, &ours).await;
    assert_eq!(mailgun.sent().len(), 1);

    // What ends it for good ends it in a pause too.
    mailgun.next([NOT_NOW]);
    let ours = say(&contact, "ai", "Are you still there?").await;
    code(&contact, &ours, "status_500").await;
    let stop = json!({"address": contact.email, "reason": "opt_out"});
    server.post("/api/suppressions", stop).await.expect(201);
    pause(true).await;
    let message = code(&contact, &ours, "suppressed").await;
    assert_eq!(message["sending"]["status"], "void");
    server.verify().await;
}

async fn a_wrong_key_loses_no_mail(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    let policy = json!({"sending": {"attempts": 1, "baseSeconds": 1, "maxSeconds": 1}});
    server.put("/api/policy", policy).await.ok();
    let contact = server.contact("ada@customer.example").await;
    mailgun.next([Play::Answer(401, None)]);
    let ours = say(&contact, "ai", "Hello").await;
    let message = sent(&contact, &ours).await;
    assert_eq!(message["sending"]["attempts"], 1, "a refused key is none");
    assert_eq!((mailgun.sent().len(), mailgun.asked()), (1, 2));
    assert!(server.log().contains("mailgun.api_key"));
    let metrics = server.get("/metrics").await.text();
    let counted = r#"convo_outgoing_mails_total{outcome="closed"} 1"#;
    assert!(metrics.contains(counted), "{metrics}");
    server.verify().await;
}

async fn machines_say_so_in_their_answers(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    let contact = server.contact("ada@customer.example").await;
    let minted = async |author: &str, purpose: &str| {
        let said = crate::gate::asks(&contact, author, purpose).await;
        assert_eq!(said["allowed"], true, "{said}");
        said["headers"]["Auto-Submitted"].clone()
    };
    assert_eq!(minted("system", "campaign").await, "auto-generated");
    let other = server.contact("bob@customer.example").await;
    say(&other, "ai", "Hello").await;
    let first = mailgun.taken(1).await.remove(0);
    assert_eq!(first.field("h:Auto-Submitted"), None, "a campaign's mail");
    contact.reply("How much is it?").await;
    assert_eq!(minted("ai", "reply").await, "auto-replied");
    let question = Mail::new(&other.email, "Re: Your new car", "How much is it?");
    let question = question.answering(&first.message_id());
    server.inbound(&question).await.ok();
    say(&other, "ai", "9,000").await;
    let second = mailgun.taken(2).await.remove(1);
    assert_eq!(second.the("h:Auto-Submitted"), "auto-replied");
    server.verify().await;
}

async fn events_find_their_mail_by_either_name(options: Options) {
    let server = options.start().await;
    let ago = |minutes| Utc::now() - TimeDelta::minutes(minutes);
    let orders = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    for (number, order) in orders.into_iter().enumerate() {
        let email = format!("lead-{number}@customer-{number}.example");
        let contact = server.contact(&email).await;
        let said = crate::gate::asks(&contact, "ai", "campaign").await;
        let lease = said["lease"]["id"].clone();
        let body = json!({"lease": lease, "text": "Hello"});
        contact.post("sent", body.clone()).await.ok();
        let theirs = format!("{number}.theirs@provider.example");
        let named = |event: Event| {
            let variables = json!({"conversation_id": contact.id, "lead_id": contact.lead});
            event.with("user-variables", variables)
        };
        for step in order {
            match step {
                0 => {
                    let mut told = body.clone();
                    told["providerMessageId"] = json!(format!("<{theirs}>"));
                    contact.post("sent", told).await.ok();
                }
                1 => {
                    let event = Event::delivered(&theirs, &email).at(ago(60));
                    server.event(&named(event)).await.ok();
                }
                _ => {
                    let event = Event::opened(&theirs, &email).at(ago(30));
                    server.event(&named(event)).await.ok();
                }
            }
        }
        let email = contact.status().await["integrationStatus"]["email"].clone();
        let counted = (&email["opens"], &email["machineOpens"]);
        assert_eq!(counted, (&json!(1), &json!(0)), "{order:?}: {email}");
        let all = contact.messages().await;
        assert_eq!(all.len(), 1);
    }
    server.verify().await;
}

async fn an_agent_whom_no_mail_reaches_is_shown_and_told_of(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = fast(options.sending(&mailgun)).await;
    let ann = server.agent("ann@dealer.example").await;
    let boss = json!({"name": "Boss", "email": "boss@dealer.example", "manager": true});
    server.post("/api/agents", boss).await.expect(201);
    let unreachable = async || {
        let all = server.items("/api/agents").await;
        let found = all.into_iter().find(|one| one["id"] == ann.as_str());
        found.expect("the agent")["unreachableAt"].clone()
    };
    asks_for_a_person(&server, "ada@customer.example").await;
    let offer = mailgun.taken(1).await.remove(0);
    assert_eq!(offer.the("to"), "ann@dealer.example");
    let delivered = offer.event(Event::delivered);
    assert_eq!(server.event(&delivered).await.ok()["status"], "done");
    assert_eq!(unreachable().await, Value::Null);
    let report = |about: &str| {
        let number = uuid::Uuid::new_v4();
        bounce("ann@dealer.example", about).replace("<bounce.1@", &format!("<{number}@"))
    };
    let mailed = async |report: String| {
        let sent = server.inbound_raw(&report, "sales@dealer.example", "");
        text(&sent.await.ok()["status"])
    };
    let told = async |count: usize| {
        let told = mailgun.taken(count).await.remove(count - 1);
        assert_eq!(told.the("to"), "boss@dealer.example");
        assert!(told.the("text").contains("ann@dealer.example"));
        assert!(unreachable().await.is_string());
        assert_eq!(server.items("/api/outbox?status=dead").await.len(), 1);
    };
    for _ in 0..2 {
        let bounced = offer.event(Event::bounced);
        assert_eq!(server.event(&bounced).await.ok()["status"], "done");
        told(2).await;
    }
    // It came through after all, and comes back again.
    let later = Utc::now() + TimeDelta::seconds(2);
    server
        .event(&offer.event(Event::delivered).at(later))
        .await
        .ok();
    assert_eq!(unreachable().await, Value::Null);
    let of_another = report(&offer.message_id()).replace("; ann@", "; nobody@");
    assert_eq!(mailed(of_another).await, "ignored");
    assert_eq!(unreachable().await, Value::Null);
    assert_eq!(mailed(report(&offer.message_id())).await, "done");
    told(3).await;
    // A new address is as good as any until mail to it comes back.
    let path = format!("/api/agents/{ann}");
    let moved = json!({"email": "ann.new@dealer.example"});
    let moved = server.patch(&path, moved).await.ok();
    assert_eq!(moved["unreachableAt"], Value::Null);
    assert!(server.items("/api/review").await.is_empty());
    for (table, rows) in server.database().dump().await {
        let named = rows.iter().any(|row| row.contains("ann@dealer.example"));
        assert!(!named, "{table}");
    }
    server.verify().await;
}

async fn the_owners_answer_after_an_opt_out_is_noted(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    let agent = server.agent("grace@dealer.example").await;
    let contact = server.contact("ada@customer.example").await;
    contact.reply("Tell me more").await;
    let body = json!({"agentId": agent, "reason": "mine"});
    contact.post("take-over", body).await.ok();
    let answer = json!({"author": "agent", "agentId": agent, "text": "Gladly."});
    let noted = async || {
        let all = server.log_after(0).await;
        let change = |row: &&Value| row["data"]["change"] == "suppressed_lead_answered";
        all.iter().filter(change).cloned().collect::<Vec<_>>()
    };
    contact.send(answer.clone()).await.expect(202);
    let stop = json!({"address": contact.email, "reason": "opt_out"});
    server.post("/api/suppressions", stop).await.expect(201);
    contact
        .send(answer.clone())
        .await
        .problem(409, "lease_void");
    assert!(noted().await.is_empty());
    let mail = Mail::new(&contact.email, "One thing", "Is it red?");
    server.inbound(&mail).await.ok();
    let queued = contact.send(answer).await.expect(202);
    let rows = noted().await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["conversationId"], contact.id);
    assert_eq!(rows[0]["data"]["recordId"], queued["id"]);
    server.verify().await;
}
