//! Agents by mail: links that accept and decline, and answers from the agent's own mail program.

use convo_tests::played::{PUBLIC_URL, PlayedMailgun, SentMail};
use convo_tests::records::{id, text};
use convo_tests::{Mail, Options, on_both};
use serde_json::{Value, json};

use super::{asked, asks_for_a_person, fast, handover};

on_both!(
    links_show_when_looked_at_and_act_when_posted,
    an_agent_answers_the_lead_from_a_mail_program,
);

/// The path of a link in a notice.
pub fn link(mail: &SentMail, name: &str) -> String {
    let text = mail.the("text");
    let mut lines = text.lines();
    let line = lines.find_map(|line| line.strip_prefix(&format!("{name}: ")));
    let link = line.unwrap_or_else(|| panic!("no {name} in {text}"));
    link.strip_prefix(PUBLIC_URL)
        .expect("a link of ours")
        .to_owned()
}

async fn links_show_when_looked_at_and_act_when_posted(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = fast(options.sending(&mailgun)).await;
    let ann = server.agent("ann@dealer.example").await;
    let bob = server.agent("bob@dealer.example").await;
    let contact = asks_for_a_person(&server, "ada@customer.example").await;
    let first = mailgun.taken(1).await.remove(0);
    assert_eq!(first.the("to"), "ann@dealer.example");
    assert!(
        first.the("text").contains(super::CALL_ME),
        "{}",
        first.the("text")
    );
    let public = server.with_key(None);
    let (accept, decline) = (link(&first, "Accept"), link(&first, "Decline"));
    // Mail scanners open every link.
    for path in [&accept, &decline, &accept] {
        let page = public.get(path).await;
        assert_eq!(page.status, 200);
        assert!(
            page.text().contains("<form method=post>"),
            "{}",
            page.text()
        );
        assert!(
            page.header("content-security-policy")
                .starts_with("default-src 'none'")
        );
    }
    assert_eq!(
        asked(&contact).await,
        ann.as_str(),
        "a look changes nothing"
    );
    for forged in ["/o/AAAA", &format!("{}A", accept), "/o/%00"] {
        let answer = public.get(forged).await;
        assert_eq!(answer.status, 404, "{forged}");
        assert_eq!(
            public.call("POST", forged).send().await.status,
            404,
            "{forged}"
        );
    }
    let declined = public.call("POST", &decline).send().await;
    assert_eq!(declined.status, 200);
    assert_eq!(asked(&contact).await, bob.as_str());
    let late = public.call("POST", &accept).send().await;
    assert_eq!(late.status, 200);
    assert!(late.text().contains("declined"), "{}", late.text());
    let second = mailgun.taken(2).await.remove(1);
    let accept_it = link(&second, "Accept");
    assert_eq!(public.call("POST", &accept_it).send().await.status, 200);
    assert_eq!(
        public.call("POST", &accept_it).send().await.status,
        200,
        "twice is once"
    );
    let status = contact.status().await;
    assert_eq!(status["assignedAgentId"], bob.as_str());
    let audit = contact.transitions().await;
    let accepted: Vec<&Value> = audit
        .iter()
        .filter(|row| row["event"] == "HUMAN_AGENT_ASSIGNED")
        .collect();
    assert_eq!(accepted.len(), 1);
    assert_eq!(accepted[0]["actor"], "offer_link");
    let page = public.get(&accept_it).await.text();
    assert!(page.contains("yours") && !page.contains("<form"), "{page}");
    server.verify().await;
}

async fn an_agent_answers_the_lead_from_a_mail_program(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = fast(options.sending(&mailgun)).await;
    let ann = server.agent("ann@dealer.example").await;
    server.agent("bob@dealer.example").await;
    let contact = asks_for_a_person(&server, "ada@customer.example").await;
    let notice = mailgun.taken(1).await.remove(0);
    let reply_to = notice.the("h:Reply-To").to_owned();
    let quoted: String = notice
        .the("text")
        .lines()
        .map(|line| format!("> {line}\n"))
        .collect();
    let answer = |words: &str| {
        let body = format!(
            "{words}\n\nOn Mon, 5 Jan 2026 at 10:00, Dealer <sales@dealer.example> wrote:\n{quoted}"
        );
        Mail::new("Ann <ann@dealer.example>", "Re: offer", &body)
            .to(&reply_to)
            .answering(&notice.message_id())
    };
    // What the mail program says by itself goes to nobody.
    let away = answer("I am away.").header("Auto-Submitted", "auto-replied");
    assert_eq!(server.inbound(&away).await.ok()["status"], "ignored");
    assert_eq!(asked(&contact).await, ann.as_str());
    // Answering the offer takes it, and is the first touch.
    let mail = answer("Come on Tuesday, I will be there.\n\nAnn");
    assert_eq!(server.inbound(&mail).await.ok()["status"], "done");
    assert_eq!(server.inbound(&mail).await.ok()["status"], "duplicate");
    let sent = mailgun.taken(2).await;
    let to_lead = &sent[1];
    assert_eq!(to_lead.the("to"), "ada@customer.example");
    assert!(
        to_lead.the("from").contains("sales@dealer.example"),
        "{}",
        to_lead.the("from")
    );
    assert!(
        to_lead
            .the("text")
            .starts_with("Come on Tuesday, I will be there.")
    );
    for secret in ["/o/", "Answer above", &reply_to, "Accept:"] {
        assert!(!to_lead.the("text").contains(secret), "{secret}");
    }
    assert_ne!(
        to_lead.the("h:Reply-To"),
        reply_to,
        "the lead has an address of its own"
    );
    let now = handover(&contact).await;
    assert_eq!(
        (&now["status"], &now["assignedAgentId"]),
        (&json!("touched"), &json!(ann))
    );
    let messages = contact.messages().await;
    let ours = messages
        .iter()
        .find(|one| one["author"] == "agent")
        .unwrap();
    assert_eq!(
        (&ours["direction"], &ours["authorId"]),
        (&json!("outbound"), &json!(ann))
    );

    // The lead's next mail comes back the same way.
    let back = Mail::new(
        "ada@customer.example",
        "Re: Your new car",
        "Tuesday at nine?",
    )
    .to(to_lead.the("h:Reply-To"))
    .answering(&to_lead.message_id());
    assert_eq!(server.inbound(&back).await.ok()["status"], "done");
    let copy = mailgun.taken(3).await.remove(2);
    assert_eq!(
        (copy.the("to"), copy.the("h:Reply-To")),
        ("ann@dealer.example", reply_to.as_str())
    );
    assert!(copy.the("text").contains("Tuesday at nine?"));
    let again = answer("Nine it is.");
    server.inbound(&again).await.ok();
    assert_eq!(mailgun.taken(4).await[3].the("to"), "ada@customer.example");

    // Another agent, or a stranger, with her address in a forwarded mail sends nothing to the lead.
    let forwarded = answer("I take this.");
    let other = Mail {
        from: "bob@dealer.example".to_owned(),
        message_id: "other@dealer.example".to_owned(),
        ..forwarded.clone()
    };
    server.inbound(&other).await.ok();
    let stranger = Mail {
        from: "eve@elsewhere.example".to_owned(),
        message_id: "eve@elsewhere.example".to_owned(),
        ..forwarded
    };
    server.inbound(&stranger).await.ok();
    let empty = answer("");
    assert_eq!(server.inbound(&empty).await.ok()["status"], "parked");
    let told = mailgun.taken(5).await.remove(4);
    assert!(
        told.the("subject").contains("Not sent"),
        "{}",
        told.the("subject")
    );
    let to_lead = mailgun
        .sent()
        .iter()
        .filter(|mail| mail.the("to") == "ada@customer.example")
        .count();
    assert_eq!(to_lead, 2);
    let reasons: Vec<String> = server
        .items("/api/review")
        .await
        .iter()
        .map(|item| text(&item["reason"]))
        .collect();
    assert!(
        reasons.contains(&"agent_mail_empty".to_owned()),
        "{reasons:?}"
    );
    assert_eq!(
        id(&server
            .get(&format!("/api/conversations/{}", contact.id))
            .await
            .ok()),
        contact.id
    );
    server.verify().await;
}
