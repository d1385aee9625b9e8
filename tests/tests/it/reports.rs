//! Delivery reports are believed only of mail we sent and of whom it went to; our own mail is known when it returns;
//! a flood of machines changes nothing.

use chrono::{Duration, Utc};
use convo_tests::mailgun::Event;
use convo_tests::records::{Contact, text};
use convo_tests::{Mail, Options, Server, on_both};
use serde_json::{Value, json};

use crate::ladder::bounce;

on_both!(
    a_forged_bounce_changes_nothing,
    a_complaint_must_speak_of_a_mail_of_ours,
    our_own_mail_is_known_when_it_returns,
    a_flood_of_automated_mail_is_stored_and_changes_nothing,
    gateway_clicks_move_no_score,
);

async fn active(server: &Server, email: &str) -> (Contact, String) {
    let contact = server.contact(email).await;
    let ours = contact.outbound("Hello").await;
    server
        .event(&Event::delivered(&ours, &contact.email))
        .await
        .ok();
    (contact, ours)
}

async fn standing(contact: &Contact) -> Value {
    let status = contact.status().await;
    let analytics = &status["analytics"];
    json!([
        status["currentState"],
        status["version"],
        status["outcome"],
        status["flags"],
        analytics["engagementScore"],
        analytics["handoverReadiness"],
    ])
}

async fn suppressed(server: &Server) -> Vec<[String; 2]> {
    let rows = server.items("/api/suppressions").await;
    rows.iter()
        .filter(|row| row["liftedAt"].is_null())
        .map(|row| [text(&row["address"]), text(&row["reason"])])
        .collect()
}

/// A feedback report about one of our mails.
pub(crate) fn complaint(recipient: Option<&str>, original: &str) -> String {
    let named = recipient.map(|one| format!("Original-Rcpt-To: {one}\r\n"));
    let named = named.unwrap_or_default();
    let number = uuid::Uuid::new_v4();
    format!(
        "From: <abuse@isp.example>\r\nTo: sales@dealer.example\r\nSubject: FW: Hello\r\n\
         Date: {}\r\nMessage-ID: <{number}@isp.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=\"b1\"\r\n\r\n\
         --b1\r\nContent-Type: text/plain\r\n\r\nThis is an e-mail abuse report.\r\n\
         --b1\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n\
         User-Agent: Test/1\r\nVersion: 1\r\n{named}\r\n\
         --b1\r\nContent-Type: message/rfc822\r\n\r\nFrom: sales@dealer.example\r\n\
         Message-ID: <{original}>\r\nSubject: Hello\r\n\r\nHello\r\n\r\n--b1--\r\n",
        Utc::now().to_rfc2822()
    )
}

/// A report with an id of its own, so that it is no duplicate of another one.
fn numbered(report: &str) -> String {
    let id = uuid::Uuid::new_v4();
    report.replace("<bounce.1@", &format!("<{id}@"))
}

async fn a_forged_bounce_changes_nothing(options: Options) {
    let server = options.start().await;
    let (contact, ours) = active(&server, "ada@customer.example").await;
    let (other, theirs) = active(&server, "grace@customer.example").await;
    let before = [standing(&contact).await, standing(&other).await];
    let inbound = Mail::new(&contact.email, "Question", "Is it red?");
    for (reason, report) in [
        (
            "unmatched_report",
            bounce(&contact.email, "never-sent@dealer.example"),
        ),
        // The id is known, the recipient is another: the lead's neighbour, a stranger, ourselves.
        ("report_of_another_recipient", bounce(&other.email, &ours)),
        (
            "report_of_another_recipient",
            bounce("nobody@elsewhere.example", &ours),
        ),
        (
            "report_of_another_recipient",
            bounce("sales@dealer.example", &theirs),
        ),
        // A mail of the lead's is none that we sent.
        (
            "unmatched_report",
            bounce(&contact.email, &inbound.message_id),
        ),
    ] {
        let answer = server
            .inbound_raw(&numbered(&report), "sales@dealer.example", "")
            .await;
        assert_eq!(answer.ok()["status"], "parked", "{reason}");
        let newest = server.items("/api/review").await.pop().unwrap();
        assert_eq!(newest["reason"], reason, "{newest:#}");
    }
    assert_eq!([standing(&contact).await, standing(&other).await], before);
    assert!(suppressed(&server).await.is_empty());
    // The true one has its effect, and of several recipients only on ours.
    let two = bounce(&contact.email, &ours).replace(
        "\r\n--b1\r\nContent-Type: text/rfc822-headers",
        "\r\nFinal-Recipient: rfc822; boss@elsewhere.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\
         \r\n--b1\r\nContent-Type: text/rfc822-headers",
    );
    let answer = server
        .inbound_raw(&numbered(&two), "sales@dealer.example", "")
        .await;
    assert_eq!(answer.ok()["conversationId"], contact.id);
    assert_eq!(contact.status().await["outcome"], "unreachable");
    let expected = [["ada@customer.example", "hard_bounce"]];
    assert_eq!(suppressed(&server).await, expected);
    server.verify().await;
}

async fn a_complaint_must_speak_of_a_mail_of_ours(options: Options) {
    let server = options.start().await;
    let (contact, ours) = active(&server, "ada@customer.example").await;
    let before = standing(&contact).await;
    for report in [
        complaint(Some(&contact.email), "never-sent@dealer.example"),
        complaint(Some("nobody@elsewhere.example"), &ours),
    ] {
        let answer = server
            .inbound_raw(&report, "sales@dealer.example", "abuse@isp.example")
            .await;
        assert_eq!(answer.ok()["status"], "parked");
    }
    assert_eq!(standing(&contact).await, before);
    assert!(suppressed(&server).await.is_empty());
    for (number, recipient) in [
        Some("ada@customer.example"),
        Some("redacted@isp.example"),
        None,
    ]
    .into_iter()
    .enumerate()
    {
        let (contact, ours) = match number {
            0 => (contact.clone(), ours.clone()),
            _ => active(&server, &format!("ada{number}@customer.example")).await,
        };
        let report = complaint(recipient, &ours);
        let answer = server
            .inbound_raw(&report, "sales@dealer.example", "abuse@isp.example")
            .await;
        assert_eq!(answer.ok()["conversationId"], contact.id, "{recipient:?}");
        let status = contact.status().await;
        assert_eq!(status["outcome"], "opted_out", "{recipient:?}");
    }
    server.verify().await;
}

async fn our_own_mail_is_known_when_it_returns(options: Options) {
    let server = options.start().await;
    let (contact, ours) = active(&server, "ada@customer.example").await;
    let before = standing(&contact).await;
    let record = format!("/api/conversations/{}", contact.id);
    let token = text(&server.get(&record).await.ok()["replyToken"]);
    let reply_to = format!("Sales <reply+{token}@dealer.example>");
    let hello = "Hello\n-- \nTo unsubscribe click here. We are interested in you.";
    // Sent through a list that adds a footer: under our address, stored once.
    let copy = Mail::new("sales@dealer.example", "Hello", hello)
        .to(&contact.email)
        .identified(&ours);
    assert_eq!(server.inbound(&copy).await.ok()["status"], "duplicate");
    // Sent back by a machine that writes its own From: never a reply.
    let back = Mail::new(&contact.email, "Hello", hello).identified(&ours);
    server.inbound(&back).await.ok();
    let reflected = Mail::new(&contact.email, "Re: Hello", hello)
        .header("Reply-To", &reply_to)
        .answering(&ours);
    server.inbound(&reflected).await.ok();
    let stored = contact.messages().await;
    assert_eq!(stored.len(), 3, "{stored:#?}");
    for (message, mark) in stored[1..].iter().zip(["own:message-id", "own:reply-to"]) {
        assert_eq!(message["kind"], "auto_reply", "{message:#}");
        assert!(
            message["evidence"].to_string().contains(mark),
            "{message:#}"
        );
    }
    let after = standing(&contact).await;
    assert_eq!(
        (&after[0], &after[1], &after[4]),
        (&before[0], &before[1], &before[4])
    );
    // From an address we gave out: ours, wherever it goes.
    let from = format!("reply+{token}@dealer.example");
    let mail = Mail::new(&from, "Hello", "Hello").to(&contact.email);
    server.inbound(&mail).await.ok();
    let last = contact.messages().await.pop().unwrap();
    assert_eq!(
        (&last["direction"], &last["author"]),
        (&json!("outbound"), &json!("system"))
    );
    assert_eq!(contact.state().await, "ACTIVE");
    server.verify().await;
}

async fn a_flood_of_automated_mail_is_stored_and_changes_nothing(options: Options) {
    let server = options.start().await;
    server
        .put(
            "/api/policy",
            json!({"loops": {"floodMessages": 5, "floodMinutes": 60}}),
        )
        .await
        .ok();
    let (contact, ours) = active(&server, "ada@customer.example").await;
    let (quiet, _) = active(&server, "grace@customer.example").await;
    for number in 0..12 {
        let away = Utc::now() + Duration::days(30 + number);
        let text = format!("I am away until {}", away.format("%Y-%m-%d"));
        let mail = Mail::new(&contact.email, "Automatic reply: Hello", &text)
            .header("Auto-Submitted", "auto-replied")
            .answering(&ours);
        server.inbound(&mail).await.ok();
    }
    let stored = contact.messages().await;
    assert_eq!(stored.len(), 13, "nothing is lost");
    let flooded = |message: &&Value| message["evidence"].to_string().contains("flood");
    let flood: Vec<&Value> = stored.iter().filter(flooded).collect();
    assert_eq!(flood.len(), 7);
    assert!(flood.iter().all(|message| message["returnsOn"].is_null()));
    let metrics = server.get("/metrics").await.text();
    assert!(
        metrics.contains("convo_automated_mail_flooded_total 7"),
        "{metrics}"
    );
    // A report in a flood that proves nothing is no news; a dead address, and what a person says or complains of, is.
    let report = numbered(&bounce(&contact.email, &ours));
    let full = report.replace("5.1.1", "5.2.2").replace("550", "552");
    for (report, state, flagged) in [
        (full, "ACTIVE", 0),
        (numbered(&bounce(&contact.email, &ours)), "CLOSED", 1),
    ] {
        server
            .inbound_raw(&report, "sales@dealer.example", "")
            .await
            .ok();
        assert_eq!(contact.state().await, state);
        assert_eq!(suppressed(&server).await.len(), flagged);
    }
    let mail = Mail::new(&contact.email, "Re: Hello", "I am back, tell me more").answering(&ours);
    server.inbound(&mail).await.ok();
    assert_eq!(contact.state().await, "ENGAGED");
    let report = complaint(None, &ours);
    server
        .inbound_raw(&report, "sales@dealer.example", "abuse@isp.example")
        .await
        .ok();
    let expected = [["ada@customer.example", "complaint"]];
    assert_eq!(suppressed(&server).await, expected);
    // Another conversation is none of it.
    let report = bounce(&quiet.email, &text(&quiet.messages().await[0]["messageId"]));
    server
        .inbound_raw(&numbered(&report), "sales@dealer.example", "")
        .await
        .ok();
    assert_eq!(quiet.status().await["outcome"], "unreachable");
    server.verify().await;
}

/// A security gateway follows every link of a mail at once.
async fn gateway_clicks_move_no_score(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let sent = Utc::now() - Duration::hours(1);
    let body = json!({"senderId": "campaign", "content": "Hello", "messageType": "email", "isFromAI": 1, "sentAt": sent});
    let ours = text(&contact.post("process-message", body).await.ok()["message"]["messageId"]);
    let delivered = Event::delivered(&ours, &contact.email).at(sent);
    server.event(&delivered).await.ok();
    let explained = async || {
        let path = "lead-journey?explain=true";
        let journey = contact.get(path).await.ok();
        let status = contact.status().await;
        for (score, name) in [
            ("engagementScore", "engagement"),
            ("qualificationScore", "qualification"),
            ("handoverReadiness", "readiness"),
        ] {
            let entries = journey["explanation"][name].as_array().unwrap();
            let sum: i64 = entries
                .iter()
                .map(|entry| entry["points"].as_i64().unwrap())
                .sum();
            assert_eq!(status["analytics"][score], sum, "{name}: {entries:?}");
        }
        let analytics = status["analytics"].clone();
        let email = status["integrationStatus"]["email"].clone();
        (
            [
                analytics["engagementScore"].clone(),
                analytics["handoverReadiness"].clone(),
            ],
            email,
        )
    };
    let (before, _) = explained().await;
    let first = sent + Duration::minutes(2);
    let clicks: Vec<Event> = (0..500)
        .map(|n| Event::clicked(&ours, &contact.email).at(first + Duration::milliseconds(6 * n)))
        .collect();
    for block in clicks.chunks(50) {
        let answers = convo_tests::together(block.iter().cloned().map(|event| {
            let api = server.api();
            async move { api.event(&event).await }
        }))
        .await;
        assert!(answers.iter().all(|answer| answer.status == 200));
    }
    let (after, email) = explained().await;
    assert_eq!(after, before);
    assert_eq!(
        (&email["clicks"], &email["machineClicks"]),
        (&json!(0), &json!(500))
    );
    server.verify().await;
}
