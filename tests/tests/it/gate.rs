//! Who may be written to now: leases, reasons, drafts, campaigns' conditions.

mod drafts;
mod examples;

use chrono::{TimeDelta, Utc};
use convo_tests::mailgun::Event;
use convo_tests::records::{Contact, id, text};
use convo_tests::{Answer, Mail, Options, PlayedMailgun, Server, eventually, on_both};
use serde_json::{Value, json};

on_both!(
    every_reason_is_told,
    a_lease_is_good_for_one_mail,
    a_mail_of_the_lead_is_answered_once,
    a_mail_that_others_send_is_stored_once,
    what_happens_in_between_voids_the_mail,
    nobody_lends_a_person_who_opted_out_a_voice,
    an_agents_key_writes_as_that_agent,
    a_policy_that_breaks_a_campaign_is_refused,
    verify_sees_what_was_damaged,
    the_first_mail_of_an_ai_says_so,
    many_leads_are_prepared_at_once,
);

/// Asks whether an author may write for a purpose.
pub(crate) async fn asks(contact: &Contact, author: &str, purpose: &str) -> Value {
    let body = json!({"author": author, "purpose": purpose});
    contact.post("may-send", body).await.ok()
}

/// Codes of the reasons why automation may not write; none: it may.
pub(crate) async fn denied(contact: &Contact, purpose: &str) -> Vec<String> {
    codes(&asks(contact, "ai", purpose).await)
}

pub(crate) fn codes(said: &Value) -> Vec<String> {
    let reasons = said["reasons"].as_array().into_iter().flatten();
    reasons.map(|reason| text(&reason["code"])).collect()
}

/// A lead with a conversation in a campaign.
async fn in_campaign(server: &Server, lead: &str, campaign: &str) -> Contact {
    let body = json!({"leadId": lead, "campaignId": campaign, "subject": "Your new car"});
    let made = server.post("/api/conversations", body).await;
    Contact {
        api: server.with_key(Some(convo_tests::BOOTSTRAP_KEY)),
        lead: lead.to_owned(),
        email: String::new(),
        id: id(&made.json()),
    }
}

/// A lease that must be given.
async fn lease(contact: &Contact, purpose: &str) -> Value {
    let said = asks(contact, "ai", purpose).await;
    assert_eq!(said["allowed"], true, "{said}");
    said
}

fn void(answer: &Answer) -> Vec<String> {
    codes(&answer.problem(409, "lease_void"))
}

async fn every_reason_is_told(options: Options) {
    let server = options.start().await;
    let number = std::sync::atomic::AtomicU32::new(0);
    let fresh = async || {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        server
            .contact(&format!("lead{number}@customer.example"))
            .await
    };
    let contact = fresh().await;
    assert_eq!(denied(&contact, "reply").await, ["not_awaiting"]);
    contact.reply("Unsubscribe").await;
    assert_eq!(denied(&contact, "campaign").await, ["closed", "suppressed"]);
    assert_eq!(
        codes(&asks(&contact, "system", "follow_up").await),
        ["closed", "suppressed"]
    );

    let contact = fresh().await;
    contact.reply("How much is it?").await;
    assert_eq!(denied(&contact, "campaign").await, ["reply_waiting"]);
    lease(&contact, "reply").await;
    assert_eq!(denied(&contact, "reply").await, ["answered"]);
    let first = text(&contact.messages().await[0]["messageId"]);
    contact.reply("And when can I have it?").await;
    let body = json!({"author": "ai", "purpose": "reply", "answers": first});
    let said = contact.post("may-send", body).await.ok();
    assert_eq!(codes(&said), ["superseded", "answered"]);

    let contact = fresh().await;
    let agent = server.agent("ada@dealer.example").await;
    let body = json!({"agentId": agent, "reason": "mine"});
    contact.post("take-over", body).await.ok();
    assert_eq!(denied(&contact, "follow_up").await, ["handover", "owned"]);
    // The lead's other conversations are as closed to automation as this one.
    let campaign = server.campaign("Spring").await;
    let other = in_campaign(&server, &contact.lead, &campaign).await;
    assert_eq!(denied(&other, "campaign").await, ["handover", "owned"]);
    let said = asks(&contact, "agent", "reply").await;
    assert_eq!(said["allowed"], true, "{said}");

    let contact = fresh().await;
    contact
        .reply("Stop sending me e-mails, call me instead.")
        .await;
    assert_eq!(denied(&contact, "reply").await, ["in_review", "held"]);

    let contact = fresh().await;
    let away = async |until: String| {
        let text = format!("I am out of the office until {until}.");
        let mail = Mail::new(&contact.email, "Automatic reply: Out of office", &text)
            .header("Auto-Submitted", "auto-replied");
        server.inbound(&mail).await.ok();
    };
    // Nobody is away for decades.
    away("3 January 2199".to_owned()).await;
    lease(&contact, "follow_up").await;
    let back = Utc::now() + TimeDelta::days(30);
    away(back.format("%-d %B %Y").to_string()).await;
    let said = asks(&contact, "ai", "follow_up").await;
    assert_eq!(codes(&said), ["away", "leased"]);
    assert!(said["reasons"][0]["until"].is_string());

    let contact = fresh().await;
    lease(&contact, "campaign").await;
    let said = asks(&contact, "ai", "campaign").await;
    assert_eq!(codes(&said), ["leased"]);
    assert!(said["reasons"][0]["until"].is_string());

    let lead = server.lead("wanted@customer.example").await;
    let here = in_campaign(&server, &lead, &campaign).await;
    let change = async |to: Value| {
        server
            .patch(&format!("/api/campaigns/{campaign}"), to)
            .await
            .ok();
    };
    change(json!({"paused": true})).await;
    assert_eq!(denied(&here, "campaign").await, ["paused"]);
    change(json!({"paused": false, "consentRequired": ["explicit", "contract"]})).await;
    assert_eq!(denied(&here, "campaign").await, ["consent"]);
    let consent = json!({"consent": {"basis": "contract"}});
    server
        .patch(&format!("/api/leads/{lead}"), consent)
        .await
        .ok();
    change(json!({"dailyLimit": 0})).await;
    assert_eq!(denied(&here, "campaign").await, ["daily_limit"]);
    change(json!({"dailyLimit": null})).await;
    here.outbound("Hello").await;
    let other = server.campaign("Autumn").await;
    let there = in_campaign(&server, &lead, &other).await;
    assert_eq!(denied(&there, "campaign").await, ["frequency"]);
    let of_now = |hours: i64| {
        (Utc::now() + TimeDelta::hours(hours))
            .format("%H:%M:%S")
            .to_string()
    };
    let gate = json!({"minGapHours": 0, "quietHours": {"from": of_now(-2), "to": of_now(2)}});
    server.put("/api/policy", json!({"gate": gate})).await.ok();
    assert_eq!(denied(&there, "campaign").await, ["quiet_hours"]);
    server
        .put("/api/policy", json!({"gate": {"minGapHours": 0}}))
        .await
        .ok();
    lease(&there, "campaign").await;
    server.verify().await;
}

async fn a_lease_is_good_for_one_mail(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    let contact = server.contact("ada@customer.example").await;
    let said = lease(&contact, "campaign").await;
    let headers = &said["headers"];
    assert_eq!(
        headers["Message-ID"],
        format!("<{}>", text(&said["messageId"]))
    );
    assert_eq!(headers["Reply-To"], said["replyTo"]);
    assert!(text(&headers["List-Unsubscribe"]).contains("/u/"));
    assert!(headers["In-Reply-To"].is_null());
    let body = json!({"author": "ai", "lease": said["lease"]["id"], "text": "Hello"});
    let other = json!({"author": "system", "lease": said["lease"]["id"], "text": "Hello"});
    contact.send(other).await.problem(422, "validation_failed");
    let queued = contact.send(body.clone()).await.expect(202);
    assert_eq!(queued["messageId"], said["messageId"]);
    assert_eq!(
        mailgun.taken(1).await[0].message_id(),
        text(&said["messageId"])
    );
    assert_eq!(void(&contact.send(body).await), ["used"]);
    let elsewhere = server.contact("grace@customer.example").await;
    let foreign = json!({"author": "ai", "lease": said["lease"]["id"], "text": "Hello"});
    elsewhere
        .send(foreign)
        .await
        .problem(422, "validation_failed");
    let said = lease(&elsewhere, "campaign").await;
    let ended = "UPDATE send_leases SET expires_at = created_at WHERE used_at IS NULL";
    server.database().execute(ended).await;
    let late = json!({"author": "ai", "lease": said["lease"]["id"], "text": "Hello"});
    assert_eq!(void(&elsewhere.send(late).await), ["expired"]);
}

async fn a_mail_of_the_lead_is_answered_once(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    let contact = server.contact("ada@customer.example").await;
    let asked = text(&contact.reply("Can I book a test drive?").await["message"]["messageId"]);
    let body = json!({"author": "ai", "purpose": "reply", "answers": asked});
    let ask = || {
        let call = server.call("POST", &contact.path("may-send")).json(&body);
        call.header("Idempotency-Key", "mine")
    };
    let (one, two) = tokio::join!(
        contact.post("may-send", body.clone()),
        contact.post("may-send", body.clone())
    );
    let said = [one.ok(), two.ok()];
    let given: Vec<_> = said.iter().filter(|said| said["allowed"] == true).collect();
    assert_eq!(given.len(), 1, "{said:?}");
    assert_eq!(given[0]["headers"]["In-Reply-To"], format!("<{asked}>"));
    assert_eq!(given[0]["subject"], "Re: Your new car");
    // Who asks with a key is refused anew each time, and nothing of it is remembered.
    assert_eq!(codes(&ask().send().await.ok()), ["answered"]);
    let body = json!({"author": "ai", "lease": given[0]["lease"]["id"], "text": "Tuesday?"});
    contact.send(body).await.expect(202);
    let another = json!({"author": "ai", "text": "Or Wednesday?", "answers": asked});
    assert_eq!(
        void(&contact.send(another).await),
        ["not_awaiting", "answered"]
    );
    // A person's answer leaves nothing to automation either.
    let agent = server.agent("ada@dealer.example").await;
    contact.reply("Tuesday is fine.").await;
    let body = json!({"author": "agent", "agentId": agent, "text": "See you on Tuesday."});
    contact.send(body).await.expect(202);
    assert_eq!(
        denied(&contact, "reply").await,
        ["not_awaiting", "answered"]
    );
    let repeat = || {
        let body = json!({"author": "ai", "purpose": "follow_up"});
        let call = server.call("POST", &contact.path("may-send")).json(&body);
        call.header("Idempotency-Key", "follow-up")
    };
    let (first, again) = (repeat().send().await.ok(), repeat().send().await.ok());
    assert_eq!(first["allowed"], true, "{first}");
    assert_eq!(first, again, "one lease for one key");
}

async fn a_mail_that_others_send_is_stored_once(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let said = lease(&contact, "campaign").await;
    // The provider is faster than its sender.
    let early = Event::delivered("theirs@provider.example", &contact.email);
    server.event(&early).await.ok();
    let body = json!({"lease": said["lease"]["id"], "text": "Hello", "subject": "Your car"});
    let told = contact.post("sent", body.clone()).await.ok();
    assert_eq!(told["messageId"], said["messageId"]);
    assert_eq!(
        (&told["duplicate"], contact.state().await),
        (&json!(false), "NEW".to_owned())
    );
    let mut again = body.clone();
    again["providerMessageId"] = json!("<theirs@provider.example>");
    let repeated = contact.post("sent", again).await.ok();
    assert_eq!(
        (&repeated["duplicate"], &repeated["id"]),
        (&json!(true), &told["id"])
    );
    assert_eq!(
        contact.state().await,
        "ACTIVE",
        "an event that waited found it"
    );
    let all = contact.messages().await;
    assert_eq!(all.len(), 1);
    assert_eq!(
        (&all[0]["author"], &all[0]["content"]),
        (&json!("ai"), &json!("Hello"))
    );
    let wrong = json!({"lease": said["lease"]["id"], "providerMessageId": "no id"});
    contact
        .post("sent", wrong)
        .await
        .problem(422, "validation_failed");
    let reply = Mail::new(&contact.email, "Re: Your car", "Tell me more")
        .answering(&text(&told["messageId"]));
    server.inbound(&reply).await.ok();
    assert_eq!(
        contact.messages().await[1]["parentMessageId"],
        told["messageId"]
    );
    server.verify().await;
}

async fn what_happens_in_between_voids_the_mail(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    let contact = server.contact("ada@customer.example").await;
    let said = lease(&contact, "campaign").await;
    contact.reply("Unsubscribe").await;
    let body = json!({"author": "ai", "lease": said["lease"]["id"], "text": "Hello"});
    assert_eq!(void(&contact.send(body).await), ["closed", "suppressed"]);
    let told = json!({"lease": said["lease"]["id"]});
    assert_eq!(
        void(&contact.post("sent", told).await),
        ["closed", "suppressed"]
    );
    // Without a lease the gate is asked all the same.
    let bare = json!({"author": "ai", "text": "Hello"});
    assert_eq!(void(&contact.send(bare).await), ["closed", "suppressed"]);
    assert_eq!(mailgun.sent(), []);
    // The owner answers what the person wrote afterwards; nobody writes to a dead address.
    let agent = server.agent("ada@dealer.example").await;
    contact
        .reply("Actually, please call me about the blue one.")
        .await;
    contact
        .post("take-over", json!({"agentId": agent, "reason": "mine"}))
        .await
        .ok();
    let body = json!({"author": "agent", "agentId": agent, "text": "Gladly."});
    contact.send(body.clone()).await.expect(202);
    let manual = json!({"address": contact.email, "reason": "manual"});
    server.post("/api/suppressions", manual).await.expect(201);
    assert_eq!(void(&contact.send(body).await), ["suppressed"]);
}

/// The owner may answer what the person wrote after an opt-out, and not what somebody else wrote.
async fn nobody_lends_a_person_who_opted_out_a_voice(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    let contact = server.contact("ada@company.example").await;
    let agent = server.agent("ann@dealer.example").await;
    let ours = contact.outbound("Hello").await;
    contact
        .post("take-over", json!({"agentId": agent, "reason": "mine"}))
        .await
        .ok();
    contact.reply("Unsubscribe").await;
    let colleague =
        Mail::new("bob@company.example", "Re: Your new car", "What about me?").answering(&ours);
    server.inbound(&colleague).await.ok();
    let messages = contact.messages().await;
    let theirs = messages.last().unwrap();
    assert_eq!(theirs["author"], "other", "{theirs}");
    let body = json!({"author": "agent", "agentId": agent, "text": "Gladly.", "answers": theirs["messageId"]});
    assert_eq!(void(&contact.send(body.clone()).await), ["suppressed"]);
    contact.reply("Actually, please call me.").await;
    assert_eq!(void(&contact.send(body).await), ["suppressed"]);
    let body = json!({"author": "agent", "agentId": agent, "text": "Gladly."});
    contact.send(body).await.expect(202);
}

async fn an_agents_key_writes_as_that_agent(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    let mut agents = Vec::new();
    for name in ["ann", "bob"] {
        let agent = server.agent(&format!("{name}@dealer.example")).await;
        let key = json!({"name": name, "scopes": ["write", "agent"], "agentId": agent});
        let key = text(&server.post("/api/keys", key).await.expect(201)["key"]);
        agents.push((agent, server.with_key(Some(&key))));
    }
    let contact = server.contact("ada@customer.example").await;
    contact.outbound("Hello").await;
    contact.reply("How much is it?").await;
    let draft = json!({"author": "ai", "text": "A lot.", "draft": true});
    let draft = id(&contact.send(draft).await.expect(202)["draft"]);
    let approve = format!("/api/drafts/{draft}/approve");
    let before = contact.messages().await.len();
    for (own, other) in [(0, 1), (1, 0)] {
        let (api, other) = (&agents[own].1, &agents[other].0);
        let refused = async |path: &str, body: Value| {
            let problem = api.post(path, body).await.problem(422, "validation_failed");
            assert_eq!(problem["violations"][0]["field"], "agentId", "{problem}");
        };
        let asked = json!({"author": "agent", "purpose": "reply", "agentId": other});
        refused(&contact.path("may-send"), asked).await;
        let mail = json!({"author": "agent", "text": "Hello", "agentId": other});
        refused(&contact.path("send"), mail).await;
        refused(&approve, json!({"agentId": other})).await;
        let take = json!({"agentId": other, "reason": "theirs"});
        refused(&contact.path("take-over"), take).await;
    }
    assert_eq!(contact.messages().await.len(), before, "nothing was stored");
    let (ann, api) = &agents[0];
    let asked = json!({"author": "agent", "purpose": "reply"});
    let said = api.post(&contact.path("may-send"), asked).await.ok();
    let mail = json!({"author": "agent", "text": "Hello", "lease": said["lease"]["id"]});
    let (_, other) = &agents[1];
    other
        .post(&contact.path("send"), mail.clone())
        .await
        .problem(422, "validation_failed");
    api.post(&contact.path("send"), mail).await.expect(202);
    let sent = contact.messages().await;
    assert_eq!(sent.last().unwrap()["authorId"], ann.as_str());
    server.verify().await;
}

async fn a_policy_that_breaks_a_campaign_is_refused(options: Options) {
    let server = options.start().await;
    let own = json!({"name": "Spring", "policy": {"reopen": {"noResponseDays": 190}}});
    let own = server.post("/api/campaigns", own).await;
    let campaign = id(&own.expect(201));
    server
        .put("/api/policy", json!({"archiveDays": 400}))
        .await
        .ok();
    let broken = server.put("/api/policy", json!({"archiveDays": 185})).await;
    let problem = broken.problem(422, "validation_failed");
    let field = text(&problem["violations"][0]["field"]);
    assert!(
        field.starts_with(&format!("campaigns.{campaign}.")),
        "{field}"
    );
    assert_eq!(server.get("/api/policy").await.ok()["archiveDays"], 400);
}

async fn verify_sees_what_was_damaged(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let mut server = options.sending(&mailgun).start().await;
    let policy = json!({"fastTrack": true});
    server.put("/api/policy", policy).await.ok();
    server.agent("ann@dealer.example").await;
    let contact = server.contact("ada@customer.example").await;
    contact
        .send(json!({"author": "ai", "text": "Hello"}))
        .await
        .expect(202);
    mailgun.taken(1).await;
    eventually("the mail has left", async || {
        let row = server.get("/api/outbox").await.ok()["items"][0].clone();
        (row["status"] == "sent").then_some(())
    })
    .await;
    contact.reply("How much is it?").await;
    let draft = json!({"author": "ai", "text": "A lot.", "draft": true});
    contact.send(draft).await.expect(202);
    crate::handover::asks_for_a_person(&server, "grace@customer.example").await;
    server.verify().await;
    server.kill9();
    let damages = [
        (
            "UPDATE send_leases SET rfc_id = 'x' || rfc_id WHERE message_id IS NOT NULL",
            "its message has another Message-ID",
        ),
        (
            "UPDATE send_leases SET used_at = NULL WHERE message_id IS NULL",
            "its leave is not kept for it",
        ),
        (
            "UPDATE outbox SET due_at = created_at WHERE status = 'sent'",
            "sent and its time do not go together",
        ),
        (
            "UPDATE outbox SET status = 'void', due_at = NULL WHERE kind = 'message'",
            "is void, and its message says otherwise",
        ),
        (
            "DELETE FROM timers WHERE kind = 'offer'",
            "an open offer has no timer",
        ),
        (
            "UPDATE timers SET kind = 'first_touch' WHERE kind = 'no_reply'",
            "first_touch waits for nothing",
        ),
    ];
    for (damage, finding) in damages {
        server.database().execute(damage).await;
        let said = server.command(&["verify"]).await;
        assert!(!said.status.success(), "{damage}");
        assert!(said.stdout.contains(finding), "{damage}\n{}", said.stdout);
    }
}

async fn the_first_mail_of_an_ai_says_so(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    let line = "Written by our assistant <bot> & checked by nobody";
    let campaign = json!({"name": "Spring", "disclosure": line});
    let campaign = id(&server.post("/api/campaigns", campaign).await.expect(201));
    let lead = server.lead("ada@customer.example").await;
    let contact = in_campaign(&server, &lead, &campaign).await;
    let body = json!({"author": "ai", "text": "Hello", "html": "<body><p>Hello</p></body>"});
    contact.send(body.clone()).await.expect(202);
    // An answer that comes first would stop it, and until it is known to have left every mail says so.
    mailgun.taken(1).await;
    eventually("the first mail has left", async || {
        let row = server.get("/api/outbox").await.ok()["items"][0].clone();
        (row["status"] == "sent").then_some(())
    })
    .await;
    contact.reply("Tell me more").await;
    contact.send(body).await.expect(202);
    let sent = mailgun.taken(2).await;
    let of = |field: &str| {
        sent.iter()
            .map(|mail| mail.the(field).contains("assistant"))
            .collect::<Vec<_>>()
    };
    assert_eq!(sent[0].the("text"), format!("Hello\n\n{line}\n"));
    assert!(
        sent[0]
            .the("html")
            .contains("assistant &lt;bot&gt; &amp; checked")
    );
    assert_eq!(
        (of("text"), of("html")),
        (vec![true, false], vec![true, false])
    );
    let lead = server.lead("grace@customer.example").await;
    let body = json!({"leads": [lead]});
    let prepared = server
        .post(&format!("/api/campaigns/{campaign}/prepare"), body)
        .await
        .ok();
    assert_eq!(prepared["items"][0]["disclosure"], line);
}

async fn many_leads_are_prepared_at_once(options: Options) {
    let server = options.start().await;
    let campaign = server.campaign("Spring").await;
    let path = format!("/api/campaigns/{campaign}/prepare");
    let mut leads = Vec::new();
    for number in 0..5 {
        leads.push(server.lead(&format!("lead{number}@customer.example")).await);
    }
    let opted_out = in_campaign(&server, &leads[4], &campaign).await;
    opted_out.reply("Unsubscribe").await;
    leads.push(leads[0].clone());
    let body = json!({"leads": leads, "subject": "Your new car"});
    let prepared = server.post(&path, body.clone()).await.ok();
    let items = prepared["items"].as_array().unwrap();
    assert_eq!((items.len(), &prepared["allowed"]), (5, &json!(4)));
    assert_eq!(
        (&items[4]["allowed"], &items[4]["conversationId"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(codes(&items[4]), ["suppressed"]);
    for item in &items[..4] {
        assert_eq!(item["variables"]["leadId"], item["leadId"]);
        let one = server
            .get(&format!(
                "/api/conversations/{}",
                text(&item["conversationId"])
            ))
            .await
            .ok();
        assert_eq!(
            (&one["campaignId"], &one["currentState"]),
            (&json!(campaign), &json!("NEW"))
        );
    }
    let nobody = json!({"leads": [leads[0], "018f0000-0000-7000-8000-000000000000"]});
    let problem = server
        .post(&path, nobody)
        .await
        .problem(422, "validation_failed");
    assert_eq!(problem["violations"][0]["field"], "leads.1");
    let many: Vec<&str> = vec!["018f0000-0000-7000-8000-000000000000"; 1_001];
    server
        .post(&path, json!({"leads": many}))
        .await
        .problem(422, "validation_failed");
    server
        .post(&path, json!({"leads": []}))
        .await
        .problem(422, "validation_failed");
    let reader = server.key(&["read"]).await;
    server
        .with_key(Some(&reader))
        .post(&path, body)
        .await
        .problem(403, "forbidden");
    server.verify().await;
}
