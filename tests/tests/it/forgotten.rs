//! What an erase reaches, what may not come after it, and what an export holds.

use convo_tests::mailgun::{Event, Signature};
use convo_tests::records::{Contact, text};
use convo_tests::{Mail, Options, Server, on_both};
use serde_json::{Value, json};

on_both!(
    receipts_that_no_id_names_are_erased_too,
    nothing_is_said_of_the_forgotten_any_more,
    reports_and_our_own_mail_of_the_forgotten_leave_nothing,
    what_the_forgotten_refused_stays_refused,
    an_export_holds_what_providers_said
);

const GONE: &str = "gone.person@customer.example";
const ALIAS: &str = "gone.person.two@customer.example";

async fn gone(server: &Server) -> Contact {
    let contact = server.contact(GONE).await;
    let path = format!("/api/leads/{}", contact.lead);
    server.patch(&path, json!({"aliases": [ALIAS]})).await.ok();
    contact
}

async fn erase(server: &Server, contact: &Contact) {
    let path = format!("/api/leads/{}", contact.lead);
    assert_eq!(server.delete(&path).await.status, 204);
}

async fn rows_with(server: &Server, word: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (table, rows) in server.database().dump().await {
        let of = rows.iter().filter(|row| row.to_lowercase().contains(word));
        found.extend(of.map(|row| format!("{table}: {row}")));
    }
    found
}

async fn receipts_that_no_id_names_are_erased_too(options: Options) {
    let server = options.start().await;
    let contact = gone(&server).await;
    for (number, address) in [GONE, ALIAS, "Gone.Person@Customer.Example"]
        .into_iter()
        .enumerate()
    {
        let event = Event::delivered(&format!("unknown-{number}@x.example"), address);
        assert_eq!(server.event(&event).await.ok()["status"], "parked");
    }
    let of_another = Event::delivered("unknown-9@x.example", "somebody@else.example");
    server.event(&of_another).await.ok();
    let signed = Signature::new();
    let block = json!({"timestamp": signed.timestamp, "token": signed.token, "signature": signed.signature});
    let unreadable = json!({"signature": block, "event-dato": {"recipient": GONE}});
    let path = "/api/webhooks/mailgun/events";
    server.webhook(path, &unreadable).await.ok();
    assert!(!rows_with(&server, "gone.person").await.is_empty());
    erase(&server, &contact).await;
    assert_eq!(rows_with(&server, "gone.person").await, [""; 0]);
    let left = server.items("/api/webhook-receipts").await;
    assert_eq!(left.len(), 1, "another's stays: {left:#?}");
    server.verify().await;
}

async fn nothing_is_said_of_the_forgotten_any_more(options: Options) {
    let server = options.start().await;
    let contact = gone(&server).await;
    let ours = contact.outbound("Hello").await;
    let agent = server.agent("grace@dealer.example").await;
    let mail = Mail::new("stranger@elsewhere.example", "Hi", "Hello there");
    let parked = server.inbound(&mail).await.ok();
    assert_eq!(parked["status"], "parked");
    let conversation = format!("/api/conversations/{}", contact.id);
    let token = text(&server.get(&conversation).await.ok()["replyToken"]);
    let review = text(&server.items("/api/review").await[0]["id"]);
    erase(&server, &contact).await;
    let words = "words-said-later";
    for (path, body) in [
        (
            contact.path("process-message"),
            json!({"senderId": "campaign", "content": words, "messageType": "email", "isFromAI": 1}),
        ),
        (
            contact.path("transition"),
            json!({"event": "FIRST_EMAIL_SENT", "triggeredBy": words, "metadata": {"note": words}}),
        ),
        (
            contact.path("take-over"),
            json!({"agentId": agent, "reason": words}),
        ),
        (
            contact.path("integration-event"),
            json!({"type": "email_delivered", "source": words, "metadata": {"note": words}}),
        ),
        (
            format!("/api/review/{review}/resolve"),
            json!({"action": "attach", "conversationId": contact.id, "reason": words}),
        ),
    ] {
        let answer = server.post(&path, body).await;
        answer.problem(409, "conflict");
    }
    let path = format!("/api/conversations/{}", contact.id);
    let answer = server.patch(&path, json!({"subject": words})).await;
    answer.problem(409, "conflict");
    let asked = json!({"event": "FIRST_EMAIL_SENT", "triggeredBy": "me"});
    let said = contact.post("validate-transition", asked).await.ok();
    assert_eq!(said["validation"]["canProceed"], false);
    assert_eq!(said["validation"]["reason"], "conflict");
    // A mail that names the conversation waits for a person.
    let mail = Mail::new("new@address.example", "Hi", "It is me again");
    let mail = mail.to(&format!("reply+{token}@dealer.example"));
    assert_eq!(server.inbound(&mail).await.ok()["status"], "parked");
    // What the provider still reports of our mail counts, and leaves no address behind.
    server.event(&Event::delivered(&ours, GONE)).await.ok();
    assert_eq!(rows_with(&server, "words-said-later").await, [""; 0]);
    assert_eq!(rows_with(&server, "gone.person").await, [""; 0]);
    let listed = server.items("/api/leads").await;
    assert!(
        listed.iter().all(|lead| lead["id"] != contact.lead),
        "{listed:#?}"
    );
    let path = format!("/api/leads/{}", contact.lead);
    server.get(&path).await.problem(404, "not_found");
    server.verify().await;
}

async fn reports_and_our_own_mail_of_the_forgotten_leave_nothing(options: Options) {
    let server = options.start().await;
    server.agent("grace@dealer.example").await;
    let contact = gone(&server).await;
    let ours = contact.outbound("Hello").await;
    let conversation = format!("/api/conversations/{}", contact.id);
    let token = text(&server.get(&conversation).await.ok()["replyToken"]);
    erase(&server, &contact).await;
    let before = contact.messages().await.len();
    let unknown = Mail::new("grace@dealer.example", "Re: Hi", "words-said-later");
    let by_hand = unknown.clone().to(&format!("reply+{token}@dealer.example"));
    let by_hand = by_hand.header("Cc", "Ada Gone <gone.person@customer.example>");
    let by_headers = Mail::new("sales@dealer.example", "Re: Hi", "words-said-later")
        .to(GONE)
        .answering(&ours);
    let forged = by_hand.clone().identified("forged@dealer.example");
    let forged = forged.header(
        "Authentication-Results",
        "mxa.eu.mailgun.org; dmarc=fail header.from=dealer.example",
    );
    for mail in [by_hand, by_headers, forged] {
        assert_eq!(server.inbound(&mail).await.ok()["status"], "ignored");
    }
    for (report, envelope) in [
        (crate::ladder::bounce(GONE, &ours), ""),
        (
            crate::reports::complaint(Some(GONE), &ours),
            "abuse@isp.example",
        ),
    ] {
        for _ in 0..2 {
            let sent = server.inbound_raw(&report, "sales@dealer.example", envelope);
            assert_eq!(sent.await.ok()["status"], "ignored");
        }
    }
    assert_eq!(contact.messages().await.len(), before);
    assert_eq!(server.items("/api/review").await, [json!(null); 0]);
    for word in ["gone.person", "words-said-later", "ada gone"] {
        assert_eq!(rows_with(&server, word).await, [""; 0], "{word}");
    }
    // What happened to our mail is known in codes, each report once.
    let status = contact.status().await;
    assert_eq!(status["outcome"], "opted_out", "{status:#}");
    let sql = "email_events: ";
    let told = rows_with(&server, &text(&json!(ours))).await;
    let told = told.iter().filter(|row| row.starts_with(sql)).count();
    assert_eq!(told, 2);
    let receipts = server.items("/api/webhook-receipts").await;
    assert!(
        receipts.iter().all(|one| one["errorCode"] == "erased"),
        "{receipts:#?}"
    );
    server.verify().await;
}

async fn what_the_forgotten_refused_stays_refused(options: Options) {
    let server = options.start().await;
    let contact = gone(&server).await;
    let refused = json!({"address": ALIAS, "reason": "opt_out"});
    server.post("/api/suppressions", refused).await.expect(201);
    erase(&server, &contact).await;
    let path = format!("/api/suppressions?address={ALIAS}");
    let kept = server.items(&path).await;
    assert_eq!(kept.len(), 1, "{kept:#?}");
    assert_eq!(kept[0]["address"], Value::Null);
    // The person comes back: what was said then holds for every address again.
    let back = gone(&server).await;
    let email = &back.status().await["integrationStatus"]["email"];
    assert_eq!(email["suppressed"], true);
    let lift = format!("{path}&evidence=rang%20us");
    assert_eq!(server.delete(&lift).await.status, 204);
    let email = &back.status().await["integrationStatus"]["email"];
    assert_eq!(email["suppressed"], false);
    server.verify().await;
}

async fn an_export_holds_what_providers_said(options: Options) {
    let server = options.start().await;
    let contact = gone(&server).await;
    let ours = contact.outbound("Hello").await;
    server.event(&Event::clicked(&ours, GONE)).await.ok();
    let unmatched = Event::delivered("unknown-7@x.example", ALIAS);
    server.event(&unmatched).await.ok();
    let suppressed = json!({"address": "before@customer.example", "evidence": "rang us"});
    server
        .post("/api/suppressions", suppressed)
        .await
        .expect(201);
    let path = format!("/api/leads/{}", contact.lead);
    let aliases = json!({"aliases": [ALIAS, "before@customer.example"]});
    server.patch(&path, aliases).await.ok();
    let export: Value = server.get(&format!("{path}/export")).await.ok();
    let all = export.to_string();
    for word in [
        "https://dealer.example/offer",
        "Firefox/140.0",
        "unknown-7@x.example",
        "rang us",
    ] {
        assert!(all.contains(word), "{word} in {export:#}");
    }
    assert_eq!(export["receipts"].as_array().unwrap().len(), 2);
    assert_eq!(export["suppressions"].as_array().unwrap().len(), 1);
}
