//! What we send by machine comes to an end, whatever the other side answers.

use convo_tests::played::SentMail;
use convo_tests::records::{Contact, text};
use convo_tests::{Mail, Options, PlayedMailgun, Server, eventually, on_both};
use serde_json::{Value, json};

on_both!(
    a_first_mail_is_acknowledged_once,
    nobody_else_is_acknowledged,
    two_servers_stop_at_two_mails_each,
    machines_that_answer_each_other_run_out_of_budget,
);

const THANKS: &str = "Thank you, we have your mail and will answer soon.";

/// Switches acknowledgements on, with other parts of the policy.
async fn acknowledging(server: &Server, more: Value) {
    let mut policy = json!({"createLead": true, "acknowledge": {"text": THANKS}});
    let (Value::Object(all), Value::Object(more)) = (&mut policy, more) else {
        panic!("objects");
    };
    all.extend(more);
    server.put("/api/policy", policy).await.ok();
}

/// Waits until nothing is on its way; the mails that were sent.
async fn settled(server: &Server, mailgun: &PlayedMailgun) -> Vec<SentMail> {
    eventually("the outbox is empty", async || {
        let rows = server.items("/api/outbox").await;
        let done = |row: &Value| matches!(row["status"].as_str(), Some("sent" | "void"));
        rows.iter().all(done).then_some(())
    })
    .await;
    mailgun.sent()
}

async fn a_first_mail_is_acknowledged_once(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    acknowledging(&server, json!({})).await;
    let contact = server.contact("ada@customer.example").await;
    let ours = contact.outbound("Hello").await;
    let first = Mail::new(&contact.email, "Re: Your new car", "I'm interested").answering(&ours);
    server.inbound(&first).await.ok();
    let sent = settled(&server, &mailgun).await;
    assert_eq!(sent.len(), 1);
    let mail = &sent[0];
    assert_eq!(
        (mail.the("to"), mail.the("text")),
        (contact.email.as_str(), THANKS)
    );
    assert_eq!(mail.the("subject"), "Re: Your new car");
    assert_eq!(mail.the("h:Auto-Submitted"), "auto-replied");
    assert_eq!(mail.the("h:In-Reply-To"), format!("<{}>", first.message_id));
    let references = mail.the("h:References");
    assert!(
        references.ends_with(&format!("<{ours}> <{}>", first.message_id)),
        "{references}"
    );

    // It answers nothing: the lead still waits, and no number moves.
    let status = contact.status().await;
    assert_eq!(status["awaiting"], "us");
    assert_eq!(status["currentState"], "ENGAGED");
    assert!(!status["analytics"]["averageResponseMinutes"].is_null());
    let stored = contact.messages().await.pop().unwrap();
    assert_eq!(
        (&stored["direction"], &stored["author"], &stored["kind"]),
        (&json!("outbound"), &json!("system"), &json!("auto_reply"))
    );
    let events: Vec<String> = contact
        .transitions()
        .await
        .iter()
        .map(|one| text(&one["event"]))
        .collect();
    assert_eq!(
        events,
        ["FIRST_EMAIL_SENT", "LEAD_REPLIED", "ENGAGEMENT_INCREASED"]
    );

    // Neither the second mail nor another conversation of the same person is acknowledged again.
    let second =
        Mail::new(&contact.email, "Re: Your new car", "And what does it cost?").answering(&ours);
    server.inbound(&second).await.ok();
    let campaign = server.campaign("Autumn").await;
    let body = json!({"leadId": contact.lead, "campaignId": campaign, "subject": "Autumn"});
    let other = server.post("/api/conversations", body).await.expect(201);
    let to = format!("reply+{}@dealer.example", text(&other["replyToken"]));
    let third = Mail::new(&contact.email, "Autumn", "Tell me about autumn").to(&to);
    server.inbound(&third).await.ok();
    assert_eq!(settled(&server, &mailgun).await.len(), 1);
    // Days later another conversation's first mail is.
    let past = match server.database().kind() {
        convo_tests::Kind::Sqlite => "at - 172800000000",
        convo_tests::Kind::Postgres => "at - interval '2 days'",
    };
    let sql = format!("UPDATE automatic_answers SET at = {past}");
    server.database().execute(&sql).await;
    let winter = server.campaign("Winter").await;
    let body = json!({"leadId": contact.lead, "campaignId": winter, "subject": "Winter"});
    let other = server.post("/api/conversations", body).await.expect(201);
    let to = format!("reply+{}@dealer.example", text(&other["replyToken"]));
    let fourth = Mail::new(&contact.email, "Winter", "Tell me about winter").to(&to);
    server.inbound(&fourth).await.ok();
    assert_eq!(settled(&server, &mailgun).await.len(), 2);
    server.verify().await;
}

async fn nobody_else_is_acknowledged(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    server.agent("grace@dealer.example").await;
    let mail = |from: &str, text: &str| Mail::new(from, "Hello", text);
    // Off by default.
    server.lead("early@customer.example").await;
    server
        .inbound(&mail("early@customer.example", "Do you sell vans?"))
        .await
        .ok();
    acknowledging(&server, json!({})).await;
    let forged = "mxa.mailgun.org; dmarc=fail header.from=customer.example";
    for (name, mail) in [
        (
            "automatic",
            mail("a@customer.example", "I am away").header("Auto-Submitted", "auto-replied"),
        ),
        (
            "list",
            mail("b@customer.example", "News").header("List-Id", "<news.x>"),
        ),
        (
            "null sender",
            mail("c@customer.example", "News").header("Return-Path", "<>"),
        ),
        (
            "asks for silence",
            mail("d@customer.example", "Hi").header("X-Auto-Response-Suppress", "All"),
        ),
        (
            "nobody reads it",
            mail("noreply@customer.example", "Hi there"),
        ),
        (
            "a daemon",
            mail("mailer-daemon@customer.example", "Hi there"),
        ),
        (
            "a postmaster",
            mail("postmaster@customer.example", "Hi there"),
        ),
        (
            "us",
            mail("sales@dealer.example", "Hi there").to("e@customer.example"),
        ),
        (
            "an agent",
            mail("grace@dealer.example", "Hi there").to("f@customer.example"),
        ),
        (
            "an opt-out",
            mail("g@customer.example", "Please unsubscribe me"),
        ),
        (
            "doubtful",
            mail(
                "h@customer.example",
                "Remove me from your mailing list. Could someone call me?",
            ),
        ),
        (
            "forged",
            mail("i@customer.example", "Hi there").header("Authentication-Results", forged),
        ),
    ] {
        server.inbound(&mail).await.ok();
        let sent = settled(&server, &mailgun).await;
        assert!(sent.is_empty(), "{name}: {:?}", sent[0].fields);
    }
    // Who wants no automatic mail gets none, though they write.
    let contact = server.contact("j@customer.example").await;
    let body = json!({"address": contact.email, "reason": "opt_out"});
    server.post("/api/suppressions", body).await.expect(201);
    server
        .inbound(&mail(&contact.email, "One question, please"))
        .await
        .ok();
    assert!(settled(&server, &mailgun).await.is_empty());
    // Anybody else is.
    server
        .inbound(&mail("k@customer.example", "Do you sell vans?"))
        .await
        .ok();
    assert_eq!(settled(&server, &mailgun).await.len(), 1);
    server.verify().await;
}

/// A dealer with its own server, mail provider and address.
struct Dealer {
    server: Server,
    mailgun: PlayedMailgun,
    address: String,
    /// How many of its mails went on their way.
    passed: usize,
}

impl Dealer {
    async fn open(options: Options, name: &str) -> Dealer {
        let mailgun = PlayedMailgun::start().await;
        let address = format!("sales@{name}.example");
        let options = options
            .sending(&mailgun)
            .with("CONVO_SEND__FROM", &address)
            .with("CONVO_SEND__REPLY_DOMAIN", &format!("{name}.example"))
            .with("CONVO_MAIL__OUR_ADDRESSES", &address);
        let server = options.start().await;
        acknowledging(&server, json!({})).await;
        Dealer {
            server,
            mailgun,
            address,
            passed: 0,
        }
    }

    /// What it has sent since, as it comes out of a gateway that strips whatever would give a machine away.
    async fn sends(&mut self, threaded: bool) -> Vec<Mail> {
        let sent = settled(&self.server, &self.mailgun).await;
        let fresh = sent[self.passed..].to_vec();
        self.passed = sent.len();
        fresh
            .iter()
            .map(|mail| disguised(mail, &self.address, threaded))
            .collect()
    }
}

/// A mail without `Auto-Submitted` and `List-Unsubscribe`, perhaps without threading: as if a person had typed it.
fn disguised(mail: &SentMail, from: &str, threaded: bool) -> Mail {
    let number = uuid::Uuid::new_v4();
    let words = format!("{}\n\nBest wishes, number {number}", mail.the("text"));
    let mut typed = Mail::new(from, mail.the("subject"), &words).to(mail.the("to"));
    for name in ["In-Reply-To", "References"] {
        if let Some(ids) = mail.field(&format!("h:{name}")).filter(|_| threaded) {
            typed = typed.header(name, ids);
        }
    }
    typed
}

async fn two_servers_stop_at_two_mails_each(options: Options) {
    // Every mail a first one: subject changed, threading cut; or all in one conversation.
    for threaded in [false, true] {
        let mut one = Dealer::open(Options::on(options.kind()), "one").await;
        let mut two = Dealer::open(Options::on(options.kind()), "two").await;
        // Each greets the other with a mail of its own.
        for (from, to) in [(&one, &two), (&two, &one)] {
            let contact = from.server.contact(&to.address).await;
            let hello = json!({"author": "agent", "agentId": from.server.agent(&format!("grace@{}", &from.address[6..])).await, "text": "Hello, are you interested?"});
            let sent = contact.post("send", hello).await;
            assert_eq!(sent.status, 202, "{}", sent.text());
        }
        let mut rounds = 0;
        loop {
            let (from_one, from_two) = (one.sends(threaded).await, two.sends(threaded).await);
            if from_one.is_empty() && from_two.is_empty() {
                break;
            }
            rounds += 1;
            assert!(rounds < 10, "they do not stop");
            for (mails, to) in [(from_one, &two), (from_two, &one)] {
                for mail in mails {
                    let mail = if threaded {
                        mail
                    } else {
                        Mail {
                            subject: format!("{} {rounds}", mail.subject),
                            ..mail
                        }
                    };
                    assert_eq!(to.server.inbound(&mail).await.ok()["status"], "done");
                }
            }
        }
        assert!(
            one.passed <= 2 && two.passed <= 2,
            "{} and {}",
            one.passed,
            two.passed
        );
        assert_eq!(
            (one.passed, two.passed),
            (2, 2),
            "a greeting and one acknowledgement each"
        );
        one.server.verify().await;
        two.server.verify().await;
    }
}

/// The lead's own machine answers whatever we send; ours stops by its budgets, with a person still free to write.
async fn machines_that_answer_each_other_run_out_of_budget(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    let loops = |address: u32, conversation: u32, total: u32| json!({"loops": {"perAddress": address, "perConversation": conversation, "total": total}});
    for (number, policy) in [loops(9, 3, 99), loops(3, 9, 99)].into_iter().enumerate() {
        server.put("/api/policy", policy).await.ok();
        let contact = server
            .contact(&format!("ada{number}@customer.example"))
            .await;
        assert_eq!(answered(&server, &contact).await, 3, "{number}");
        let agent = server.agent(&format!("grace{number}@dealer.example")).await;
        let mine = json!({"author": "agent", "agentId": agent, "text": "A person here."});
        contact.post("send", mine).await.expect(202);
    }
    // Six are sent; the total lets two more go out to anybody.
    server.put("/api/policy", loops(9, 9, 8)).await.ok();
    let contact = server.contact("grace@elsewhere.example").await;
    assert_eq!(answered(&server, &contact).await, 2);
    let metrics = server.get("/metrics").await.text();
    for budget in ["address", "conversation", "total"] {
        let line = format!("convo_automatic_answers_stopped_total{{budget=\"{budget}\"}}");
        assert!(metrics.contains(&line), "no {line}");
    }
    server.verify().await;
}

/// How often our machine answers a machine that always writes again.
async fn answered(server: &Server, contact: &Contact) -> usize {
    let body = json!({"author": "ai", "text": "Let me tell you more."});
    for round in 0.. {
        let words = format!("Tell me more, for the time number {round}");
        server
            .inbound(&Mail::new(&contact.email, "Hello", &words))
            .await
            .ok();
        let answer = contact.post("send", body.clone()).await;
        if answer.status == 202 {
            continue;
        }
        let refused = answer.problem(409, "lease_void");
        let codes: Vec<&Value> = refused["reasons"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["code"])
            .collect();
        assert_eq!(codes, ["loop_budget"], "{refused:#}");
        return round;
    }
    unreachable!("it stops")
}
