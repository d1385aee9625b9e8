//! One click takes a person off, and nothing less: a link scanner's look does not.

use convo_tests::records::{Contact, text};
use convo_tests::{Mail, Options, Play, PlayedMailgun, Server, eventually, on_both};
use serde_json::json;

on_both!(
    a_look_opts_nobody_out_and_a_post_does_before_the_next_mail,
    a_forged_link_is_nothing_and_is_limited,
);

async fn contact(server: &Server, mailgun: &PlayedMailgun, email: &str) -> (Contact, String) {
    let contact = server.contact(email).await;
    let before = mailgun.sent().len();
    contact
        .send(json!({"author": "ai", "text": "Hello"}))
        .await
        .expect(202);
    let sent = mailgun.taken(before + 1).await;
    (contact, sent[before].unsubscribe())
}

async fn a_look_opts_nobody_out_and_a_post_does_before_the_next_mail(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    let anybody = server.with_key(None);
    let (ada, link) = contact(&server, &mailgun, "ada@customer.example").await;
    // Pauses so long that the mail waits until the test says otherwise.
    let policy = json!({"sending": {"attempts": 9, "baseSeconds": 100_000, "maxSeconds": 100_000}});
    server.put("/api/policy", policy).await.ok();
    mailgun.next([Play::Answer(503, None)]);
    let queued = ada
        .send(json!({"author": "ai", "text": "Still there?"}))
        .await
        .expect(202);
    let second = text(&queued["messageId"]);
    eventually("the second mail waits", async || {
        let message = ada.message(&second).await;
        (message["sending"]["code"] == "status_503").then_some(())
    })
    .await;

    for method in ["GET", "HEAD", "GET", "GET"] {
        let page = anybody.call(method, &link).send().await;
        page.ok();
        assert!(page.header("content-type").starts_with("text/html"));
        assert!(
            page.header("content-security-policy")
                .contains("default-src 'none'")
        );
        assert!(!page.text().contains("ada@"), "no word about the person");
    }
    let scanned = ada.status().await;
    assert_eq!(scanned["integrationStatus"]["email"]["suppressed"], false);
    assert_eq!(scanned["currentState"], "NEW");

    let fields = [("List-Unsubscribe".to_owned(), "One-Click".to_owned())];
    for _ in 0..3 {
        anybody.call("POST", &link).form(&fields).send().await.ok();
        let suppressions = server.items("/api/suppressions").await;
        assert_eq!(suppressions.len(), 1);
        assert_eq!(suppressions[0]["source"], "one_click");
        assert_eq!(suppressions[0]["reason"], "opt_out");
    }
    let left = ada.status().await;
    assert_eq!(
        (&left["currentState"], &left["outcome"]),
        (&json!("CLOSED"), &json!("opted_out"))
    );
    assert!(
        left["flags"]
            .as_array()
            .unwrap()
            .iter()
            .any(|flag| flag["code"] == "unsubscribed")
    );

    let due = "UPDATE outbox SET due_at = created_at WHERE due_at IS NOT NULL";
    server.database().execute(due).await;
    eventually("the queued mail is void", async || {
        let message = ada.message(&second).await;
        (message["sending"]["status"] == "void").then_some(())
    })
    .await;
    assert_eq!(mailgun.sent().len(), 1);

    // Writing again, and asking again to be left alone, is another fact.
    let version = ada.status().await["version"].clone();
    anybody.call("POST", &link).form(&fields).send().await.ok();
    assert_eq!(ada.status().await["version"], version);
    let again = Mail::new(&ada.email, "A question", "Do you have vans?");
    server.inbound(&again).await.ok();
    anybody.call("POST", &link).form(&fields).send().await.ok();
    let open = server
        .items(&format!("/api/conversations?leadId={}", ada.lead))
        .await;
    assert!(
        open.iter().all(|one| one["currentState"] == "CLOSED"),
        "{open:?}"
    );

    // Who is forgotten is answered politely.
    server
        .delete(&format!("/api/leads/{}", ada.lead))
        .await
        .expect(204);
    anybody.get(&link).await.ok();
    anybody.call("POST", &link).form(&fields).send().await.ok();
    server.verify().await;
}

async fn a_forged_link_is_nothing_and_is_limited(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let limited = options.with("CONVO_LIMITS__FAILED_CHECKS_PER_MINUTE", "20");
    let server = limited.sending(&mailgun).start().await;
    let anybody = server.with_key(None);
    let (ada, link) = contact(&server, &mailgun, "ada@customer.example").await;
    let (bob, other) = contact(&server, &mailgun, "bob@customer.example").await;
    // Ada's name under Bob's signature.
    let forged = format!("{}{}", &link[..24], &other[24..]);
    for path in ["/u/x", "/u/AAAA", &forged, &format!("{link}AAAA")] {
        anybody
            .call("POST", path)
            .send()
            .await
            .problem(404, "not_found");
        anybody.get(path).await.problem(404, "not_found");
    }
    let mut answers = Vec::new();
    for _ in 0..20 {
        answers.push(anybody.get("/u/guess").await.status);
    }
    assert!(answers.contains(&429), "{answers:?}");
    // Signed ones are never limited.
    anybody.call("POST", &other).send().await.ok();
    assert_eq!(bob.state().await, "CLOSED");
    assert_eq!(ada.state().await, "NEW");
    server.verify().await;
}
