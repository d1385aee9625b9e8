//! Mail that is not from whom it says: shown, and nobody's word until a person vouches for it.

use convo_tests::mailgun::Event;
use convo_tests::records::{Contact, id, text};
use convo_tests::{Answer, Mail, Options, Server, on_both};
use serde_json::{Value, json};

use crate::ladder::bounce;

on_both!(
    a_forged_mail_moves_nothing,
    a_forged_opt_out_waits_for_a_person,
    a_person_vouches_for_a_mail,
    a_forged_mail_opens_makes_and_suppresses_nothing,
    nobody_forges_our_own_mail,
    only_the_trusted_host_is_believed,
);

/// What Mailgun's host writes above a mail whose author's domain did not send it.
const FORGED: &str = "mxa.mailgun.org; dkim=none; spf=pass smtp.mailfrom=\"x@evil.example\"; \
                      dmarc=fail (p=REJECT) header.from=customer.example; arc=none";

const AUTHENTICATION: &str = "Authentication-Results";

fn forged(mail: Mail) -> Mail {
    mail.header(AUTHENTICATION, FORGED)
}

/// What a forged mail must leave as it is.
async fn standing(contact: &Contact) -> Value {
    let status = contact.status().await;
    let analytics = &status["analytics"];
    json!({
        "state": status["currentState"], "version": status["version"], "outcome": status["outcome"],
        "scores": [
            analytics["engagementScore"], analytics["qualificationScore"], analytics["handoverReadiness"],
        ],
        "suppressed": status["integrationStatus"]["email"]["suppressed"],
        "journey": contact.get("lead-journey").await.ok()["progress"]["currentStage"]["id"],
    })
}

async fn held(contact: &Contact) -> bool {
    let path = format!("/api/conversations/{}", contact.id);
    contact.api.get(&path).await.ok()["held"] == true
}

/// A conversation that a delivered mail of ours began; with the id of that mail.
async fn active(server: &Server, email: &str) -> (Contact, String) {
    let contact = server.contact(email).await;
    let ours = contact.outbound("Hello").await;
    let delivered = Event::delivered(&ours, &contact.email);
    server.event(&delivered).await.ok();
    (contact, ours)
}

async fn reviews(server: &Server) -> Vec<String> {
    let items = server.items("/api/review").await;
    let mut reasons: Vec<String> = items.iter().map(|item| text(&item["reason"])).collect();
    reasons.sort();
    reasons
}

/// Decides the only open item.
async fn resolve(server: &Server, body: Value) -> Answer {
    let items = server.items("/api/review").await;
    assert_eq!(items.len(), 1, "{items:#?}");
    let path = format!("/api/review/{}/resolve", id(&items[0]));
    server.post(&path, body).await
}

const EAGER: &str =
    "I want to buy it this week. Can I book a test drive? Call me at +1 212 555 0123.";

async fn a_forged_mail_moves_nothing(options: Options) {
    let server = options
        .with("CONVO_POLICY__FAST_TRACK", "true")
        .start()
        .await;
    let (contact, ours) = active(&server, "ada@customer.example").await;
    let before = standing(&contact).await;
    let mail = forged(Mail::new(&contact.email, "Re: Hello", EAGER).answering(&ours));
    let answer = server.inbound(&mail).await.ok();
    assert_eq!(
        (&answer["status"], &answer["conversationId"]),
        (&json!("done"), &json!(contact.id))
    );
    assert_eq!(standing(&contact).await, before);
    assert!(held(&contact).await);
    assert_eq!(reviews(&server).await, ["unverified"]);
    let stored = contact.messages().await.pop().unwrap();
    assert_eq!(stored["author"], "other");
    assert_eq!(stored["flags"], json!(["forged_suspect"]));
    assert!(stored["evidence"].to_string().contains("auth:dmarc-fail"));
    assert_eq!(
        stored["codes"]["signals"],
        Value::Null,
        "nothing is read in it"
    );
    let flags = contact.status().await["flags"].clone();
    assert_eq!(flags[0]["code"], "forged_suspect", "{flags}");
    assert_eq!(flags[0]["messageId"], stored["id"]);

    // The same by its headers alone, where somebody records what was said.
    let said = json!({
        "senderId": contact.lead, "content": EAGER, "messageType": "email", "isFromAI": 0,
        "emailHeaders": {"Authentication-Results": FORGED, "In-Reply-To": format!("<{ours}>")},
    });
    let answer = contact.post("process-message", said).await.ok();
    assert_eq!(answer["message"]["author"], "other");
    assert_eq!(answer["transitions"], json!([]));
    assert_eq!(standing(&contact).await, before);

    // An absence that nobody has moves no timer, and what comes again is a duplicate as ever.
    let absent = Mail::new(
        &contact.email,
        "Automatic reply: Hello",
        "I am away until 2099-01-01",
    )
    .header("Auto-Submitted", "auto-replied")
    .answering(&ours);
    server.inbound(&forged(absent)).await.ok();
    let stored = contact.messages().await.pop().unwrap();
    assert_eq!(
        (&stored["kind"], &stored["returnsOn"]),
        (&json!("out_of_office"), &Value::Null)
    );
    assert_eq!(server.inbound(&mail).await.ok()["status"], "duplicate");
    server.verify().await;
}

async fn a_forged_opt_out_waits_for_a_person(options: Options) {
    let server = options.start().await;
    let words = "Please unsubscribe me.";
    for action in ["release_hold", "discard", "opt_out"] {
        let (contact, ours) = active(&server, &format!("{action}@customer.example")).await;
        let before = standing(&contact).await;
        let mail = Mail::new(&contact.email, "Re: Hello", words).answering(&ours);
        server.inbound(&forged(mail)).await.ok();
        assert_eq!(standing(&contact).await, before, "{action}");
        assert!(held(&contact).await, "{action}");
        assert_eq!(reviews(&server).await, ["unverified"]);
        let body = json!({"action": action, "reason": "asked by phone"});
        resolve(&server, body).await.ok();
        assert!(!held(&contact).await, "{action}");
        let status = contact.status().await;
        let suppressed = server.items("/api/suppressions").await;
        if action == "opt_out" {
            assert_eq!(status["currentState"], "CLOSED");
            assert_eq!(status["outcome"], "opted_out");
            assert_eq!(suppressed[0]["reason"], "opt_out");
        } else {
            assert_eq!(standing(&contact).await, before, "{action}");
            assert!(suppressed.is_empty());
        }
    }
    server.verify().await;
}

fn attach(contact: &Contact) -> Value {
    json!({"action": "attach", "conversationId": contact.id})
}

async fn a_person_vouches_for_a_mail(options: Options) {
    let server = options.start().await;
    let (contact, ours) = active(&server, "ada@customer.example").await;
    let mail =
        Mail::new(&contact.email, "Re: Hello", "I'm interested, tell me more").answering(&ours);
    server.inbound(&forged(mail)).await.ok();
    let done = resolve(&server, attach(&contact)).await.ok();
    assert_eq!(done["conversationId"], contact.id);
    assert_eq!(contact.state().await, "ENGAGED");
    assert!(!held(&contact).await);
    let stored = contact.messages().await.pop().unwrap();
    assert_eq!(
        (&stored["author"], &stored["flags"]),
        (&json!("lead"), &json!(["forged_suspect", "vouched"]))
    );
    assert_eq!(
        stored["codes"]["signals"][0]["code"], "interest",
        "{stored}"
    );
    let said = contact.transitions().await;
    let events: Vec<&str> = said
        .iter()
        .map(|one| one["event"].as_str().unwrap())
        .collect();
    assert_eq!(
        events,
        ["FIRST_EMAIL_SENT", "LEAD_REPLIED", "ENGAGEMENT_INCREASED"]
    );

    // A copy that came by another way proves the first one.
    let (twice, ours) = active(&server, "twice@customer.example").await;
    let mail = Mail::new(&twice.email, "Re: Hello", "Tell me more").answering(&ours);
    server.inbound(&forged(mail.clone())).await.ok();
    assert_eq!(
        (twice.state().await.as_str(), held(&twice).await),
        ("ACTIVE", true)
    );
    server.inbound(&mail).await.ok();
    assert!(held(&twice).await, "it proves nothing by itself");
    let proved = mail.header(AUTHENTICATION, "mxa.mailgun.org; dmarc=pass");
    assert_eq!(server.inbound(&proved).await.ok()["status"], "duplicate");
    assert_eq!(
        (twice.state().await.as_str(), held(&twice).await),
        ("ENGAGED", false)
    );
    assert!(reviews(&server).await.is_empty());

    // What a person vouches for may be an opt-out.
    let mail = Mail::new(&contact.email, "Re: Hello", "Please unsubscribe me").answering(&ours);
    server.inbound(&forged(mail)).await.ok();
    assert_eq!(contact.state().await, "ENGAGED");
    resolve(&server, attach(&contact)).await.ok();
    assert_eq!(contact.status().await["outcome"], "opted_out");
    assert_eq!(contact.messages().await.pop().unwrap()["kind"], "opt_out");

    // And nobody vouches for a stranger as the lead.
    let (other, ours) = active(&server, "grace@customer.example").await;
    let mail =
        Mail::new("colleague@customer.example", "Re: Hello", "Tell me more").answering(&ours);
    server.inbound(&forged(mail)).await.ok();
    let refused = resolve(&server, attach(&other)).await;
    refused.problem(409, "conflict");
    assert_eq!(other.state().await, "ACTIVE");
    server.verify().await;
}

async fn a_forged_mail_opens_makes_and_suppresses_nothing(options: Options) {
    let server = options
        .with("CONVO_POLICY__CREATE_LEAD", "true")
        .start()
        .await;
    // Unknown people: no lead, and nobody is suppressed on a stranger's word.
    for words in ["Do you sell vans?", "Please unsubscribe me"] {
        let mail = forged(Mail::new("victim@elsewhere.example", words, words));
        assert_eq!(server.inbound(&mail).await.ok()["status"], "parked");
    }
    assert!(server.items("/api/leads?q=victim").await.is_empty());
    assert!(server.items("/api/suppressions").await.is_empty());
    assert_eq!(
        reviews(&server).await,
        ["unverified_sender", "unverified_sender"]
    );
    // A closed conversation stays closed, and none is begun beside it.
    let (contact, ours) = active(&server, "ada@customer.example").await;
    contact.transition("CONVERSATION_ABANDONED").await.ok();
    let before = standing(&contact).await;
    let mail = Mail::new(&contact.email, "Re: Hello", "Tell me more").answering(&ours);
    server.inbound(&forged(mail)).await.ok();
    contact.transition("MANUAL_ARCHIVE").await.ok();
    let mail = Mail::new(&contact.email, "Hello again", "I want to buy it");
    server.inbound(&forged(mail)).await.ok();
    let of = format!("/api/conversations?leadId={}", contact.lead);
    assert_eq!(server.items(&of).await.len(), 1);
    assert_eq!(standing(&contact).await["scores"], before["scores"]);
    assert_eq!(contact.state().await, "ARCHIVED");
    // A person takes one of them for what it says it is.
    let items = server.items("/api/review").await;
    let item = items
        .iter()
        .find(|item| item["mail"]["subject"] == "Do you sell vans?");
    let path = format!("/api/review/{}/resolve", id(item.unwrap()));
    let done = server
        .post(&path, json!({"action": "create_lead"}))
        .await
        .ok();
    let stored = format!(
        "/api/conversation-state/{}/messages",
        text(&done["conversationId"])
    );
    let stored = server.items(&stored).await;
    assert_eq!(stored[0]["author"], "lead", "{stored:#?}");
    server.verify().await;
}

async fn nobody_forges_our_own_mail(options: Options) {
    let server = options.start().await;
    let (contact, ours) = active(&server, "ada@customer.example").await;
    server.agent("grace@dealer.example").await;
    let before = standing(&contact).await;
    for from in ["grace@dealer.example", "sales@dealer.example"] {
        let mail = Mail::new(from, from, "Pay to this account, please")
            .to(&contact.email)
            .answering(&ours);
        assert_eq!(server.inbound(&forged(mail)).await.ok()["status"], "parked");
    }
    let report = bounce(&contact.email, &ours).replacen(
        "From:",
        &format!("{AUTHENTICATION}: {FORGED}\r\nFrom:"),
        1,
    );
    let answer = server
        .inbound_raw(&report, "sales@dealer.example", "")
        .await;
    assert_eq!(answer.ok()["status"], "parked");
    assert_eq!(
        reviews(&server).await,
        [
            "unverified_own_mail",
            "unverified_own_mail",
            "unverified_report"
        ]
    );
    assert_eq!(standing(&contact).await, before);
    assert_eq!(contact.messages().await.len(), 1);
    server.verify().await;
}

async fn only_the_trusted_host_is_believed(options: Options) {
    let trusting = "CONVO_MAIL__TRUSTED_AUTH_HOSTS";
    let server = options
        .with(trusting, "mx.dealer.example, *.mailgun.org")
        .start()
        .await;
    let pass = "mx.dealer.example; dmarc=pass header.from=customer.example";
    let fail = "mx.dealer.example; dmarc=fail header.from=customer.example";
    let (lead, other) = ("lead", "other");
    for (number, (fields, author)) in [
        (vec![], lead),
        (vec![pass], lead),
        (vec![fail], other),
        (vec![fail, pass], other),
        (vec![pass, fail], lead),
        (vec!["mx.evil.example; dmarc=fail"], lead),
        (vec!["dmarc=fail"], lead),
        (vec!["mx.dealer.example; spf=fail; dkim=none"], other),
        (vec!["mx.dealer.example; spf=softfail; dkim=none"], lead),
        (
            vec!["mx.dealer.example; spf=fail; dkim=pass header.d=customer.example"],
            lead,
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let (contact, ours) = active(&server, &format!("ada{number}@customer.example")).await;
        let mut mail = Mail::new(&contact.email, "Re: Hello", "Tell me more").answering(&ours);
        for field in &fields {
            mail = mail.header(AUTHENTICATION, field);
        }
        server.inbound(&mail).await.ok();
        let state = if author == lead { "ENGAGED" } else { "ACTIVE" };
        let stored = contact.messages().await.pop().unwrap();
        assert_eq!(
            (&stored["author"], contact.state().await.as_str()),
            (&json!(author), state),
            "{fields:?}"
        );
    }
    server.verify().await;
}
