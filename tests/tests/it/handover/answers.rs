//! What becomes of agents' mail that cannot go on at once, and what owners are told of mail that is not their lead's.

use convo_tests::played::{PlayedMailgun, SentMail};
use convo_tests::records::{Contact, id, text};
use convo_tests::{Kind, Mail, Options, Play, Server, on_both};
use serde_json::{Value, json};

use super::mail::link;
use super::{CALL_ME, asked, asks_for_a_person, fast, handover};

on_both!(
    a_person_has_a_mail_sent_that_could_not_be_verified,
    an_answer_from_an_unknown_address_waits_for_a_person,
    what_an_agent_attaches_goes_on_without_the_notice,
    who_is_gone_or_sounds_like_a_machine_is_not_relayed,
    mail_of_others_is_told_as_theirs_and_starts_no_clock,
    the_owner_who_is_asked_again_can_use_the_links,
    a_notice_that_is_sent_again_says_the_same,
    no_notice_answers_a_machine,
);

/// What the host that took a mail in writes above one whose domain did not send it.
const FORGED: &str = "mxa.mailgun.org; dkim=none; spf=pass smtp.mailfrom=\"x@evil.example\"; \
                      dmarc=fail (p=REJECT) header.from=dealer.example; arc=none";

const LEAD: &str = "ada@customer.example";

/// An agent's answer to a notice, as a mail program writes it.
fn answer(notice: &SentMail, words: &str) -> Mail {
    let quoted: String = notice
        .the("text")
        .lines()
        .map(|line| format!("> {line}\n"))
        .collect();
    let body = format!(
        "{words}\n\nOn Mon, 5 Jan 2026 at 10:00, Dealer <sales@dealer.example> wrote:\n{quoted}"
    );
    Mail::new("Ann <ann@dealer.example>", "Re: offer", &body)
        .to(notice.the("h:Reply-To"))
        .answering(&notice.message_id())
}

fn to_lead(mailgun: &PlayedMailgun) -> Vec<SentMail> {
    let sent = mailgun.sent().into_iter();
    sent.filter(|mail| mail.the("to") == LEAD).collect()
}

#[track_caller]
fn is_clean(mail: &SentMail, words: &str) {
    assert_eq!(mail.the("text").trim(), words);
}

/// The open item of a reason.
async fn item(server: &Server, reason: &str) -> Value {
    let items = server.items("/api/review").await;
    let found = items.iter().find(|item| item["reason"] == reason);
    found.unwrap_or_else(|| panic!("{items:#?}")).clone()
}

async fn timers(server: &Server, contact: &Contact, kind: &str) -> i64 {
    let id = match server.database().kind() {
        Kind::Sqlite => format!("x'{}'", contact.id.replace('-', "")),
        Kind::Postgres => format!("'{}'", contact.id),
    };
    let sql =
        format!("SELECT COUNT(*) FROM timers WHERE kind = '{kind}' AND conversation_id = {id}");
    server.database().count(&sql).await
}

async fn a_person_has_a_mail_sent_that_could_not_be_verified(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = fast(options.sending(&mailgun)).await;
    let ann = server.agent("ann@dealer.example").await;
    let contact = asks_for_a_person(&server, LEAD).await;
    let notice = mailgun.taken(1).await.remove(0);
    for n in 0..2 {
        let words = format!("Come on Tuesday, or on day {n}.");
        let mail = answer(&notice, &words).header("Authentication-Results", FORGED);
        assert_eq!(server.inbound(&mail).await.ok()["status"], "parked");
        let told = mailgun.taken(2 + 2 * n).await.remove(1 + 2 * n);
        assert_eq!(told.the("to"), "ann@dealer.example");
        assert!(told.the("subject").contains("Not sent"));
        let waits = item(&server, "unverified_own_mail").await;
        let path = format!("/api/review/{}/resolve", id(&waits));
        let resolve = json!({"action": "attach", "conversationId": contact.id});
        server.post(&path, resolve).await.ok();
        mailgun.taken(3 + 2 * n).await;
        let sent = to_lead(&mailgun);
        assert_eq!(sent.len(), n + 1);
        is_clean(&sent[n], &words);
        assert_eq!(server.inbound(&mail).await.ok()["status"], "duplicate");
    }
    let now = handover(&contact).await;
    assert_eq!(
        (&now["status"], &now["assignedAgentId"]),
        (&json!("touched"), &json!(ann))
    );
    let stored = contact.messages().await;
    let stored = stored.iter().filter(|one| one["author"] == "agent");
    for one in stored {
        assert!(one["sending"]["status"].is_string(), "{one:#}");
        assert!(!text(&one["content"]).contains("/o/"));
    }
    server.verify().await;
}

async fn an_answer_from_an_unknown_address_waits_for_a_person(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = fast(options.sending(&mailgun)).await;
    let policy = json!({"fastTrack": true, "createLead": true});
    server.put("/api/policy", policy).await.ok();
    let ann = server.agent("ann@dealer.example").await;
    let contact = asks_for_a_person(&server, LEAD).await;
    let notice = mailgun.taken(1).await.remove(0);
    let mail = Mail {
        from: "Ann <ann@home.example>".to_owned(),
        ..answer(&notice, "Come on Tuesday.")
    };
    assert_eq!(server.inbound(&mail).await.ok()["status"], "parked");
    let told = mailgun.taken(2).await.remove(1);
    assert_eq!(told.the("to"), "ann@dealer.example");
    assert!(told.the("subject").contains("Not sent"));
    assert_eq!(server.items("/api/leads").await.len(), 1, "she is no lead");
    let waits = item(&server, "agent_mail_unknown_sender").await;
    let path = format!("/api/review/{}/resolve", id(&waits));
    let attach = json!({"action": "attach", "conversationId": contact.id});
    let refused = server.post(&path, attach.clone()).await;
    refused.problem(409, "conflict");
    let aliases = json!({"aliases": ["ann@home.example"]});
    let agent = format!("/api/agents/{ann}");
    server.patch(&agent, aliases).await.ok();
    server.post(&path, attach).await.ok();
    mailgun.taken(3).await;
    let sent = to_lead(&mailgun);
    assert_eq!(sent.len(), 1);
    is_clean(&sent[0], "Come on Tuesday.");
    server.verify().await;
}

async fn what_an_agent_attaches_goes_on_without_the_notice(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = fast(options.sending(&mailgun)).await;
    server.agent("ann@dealer.example").await;
    asks_for_a_person(&server, LEAD).await;
    let notice = mailgun.taken(1).await.remove(0);
    let whole = notice.the("text").as_bytes();
    let files: [(&str, &str, &[u8]); 5] = [
        ("offer.eml", "message/rfc822", whole),
        ("offer.msg", "application/octet-stream", whole),
        ("ATT00001.txt", "text/plain", whole),
        ("prices.txt", "text/plain", b"from 20000"),
        ("car.pdf", "application/pdf", b"%PDF-"),
    ];
    let mail = answer(&notice, "Here they are.");
    server.inbound_multipart(&mail, &files).await.ok();
    let sent = mailgun.taken(2).await.remove(1);
    is_clean(&sent, "Here they are.");
    let names: Vec<&str> = sent.files.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["prices.txt", "car.pdf"]);
    server.verify().await;
}

async fn who_is_gone_or_sounds_like_a_machine_is_not_relayed(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = fast(options.sending(&mailgun)).await;
    let ann = server.agent("ann@dealer.example").await;
    let contact = asks_for_a_person(&server, LEAD).await;
    let notice = mailgun.taken(1).await.remove(0);
    let listed = answer(&notice, "Come on Tuesday.").header("Precedence", "bulk");
    assert_eq!(server.inbound(&listed).await.ok()["status"], "parked");
    let told = mailgun.taken(2).await.remove(1);
    assert!(told.the("subject").contains("Not sent"));
    item(&server, "agent_mail_held").await;
    server
        .inbound(&answer(&notice, "Come on Monday."))
        .await
        .ok();
    mailgun.taken(3).await;
    server
        .patch(&format!("/api/agents/{ann}"), json!({"active": false}))
        .await
        .ok();
    let status = contact.status().await;
    assert_eq!(status["assignedAgentId"], ann.as_str(), "nothing is owed");
    let late = answer(&notice, "Come to my new company.");
    assert_eq!(server.inbound(&late).await.ok()["status"], "parked");
    item(&server, "agent_not_owner").await;
    assert_eq!(to_lead(&mailgun).len(), 1);
    server.verify().await;
}

async fn mail_of_others_is_told_as_theirs_and_starts_no_clock(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = fast(options.sending(&mailgun)).await;
    server.agent("ann@dealer.example").await;
    let contact = asks_for_a_person(&server, LEAD).await;
    let notice = mailgun.taken(1).await.remove(0);
    server
        .inbound(&answer(&notice, "Come on Tuesday."))
        .await
        .ok();
    let ours = mailgun.taken(2).await.remove(1);
    let reply = |from: &str, words: &str| {
        Mail::new(from, "Re: Your new car", words)
            .to(ours.the("h:Reply-To"))
            .answering(&ours.message_id())
    };
    let friend = reply("friend@elsewhere.example", "She asked me to write.");
    server.inbound(&friend).await.ok();
    let told = mailgun.taken(3).await.remove(2);
    assert!(told.the("subject").contains("Somebody else"), "{told:?}");
    assert!(told.the("text").contains("She asked me to write."));
    let forged = reply(LEAD, "Send it to this address.").header("Authentication-Results", FORGED);
    server.inbound(&forged).await.ok();
    let told = mailgun.taken(4).await.remove(3);
    assert!(told.the("subject").contains("Unverified"), "{told:?}");
    assert_eq!(timers(&server, &contact, "next_reply").await, 0);
    // Once a person says that it is the lead's, it waits for an answer; the owner has it already.
    let waits = item(&server, "unverified").await;
    let path = format!("/api/review/{}/resolve", id(&waits));
    let attach = json!({"action": "attach", "conversationId": contact.id});
    server.post(&path, attach).await.ok();
    assert_eq!(timers(&server, &contact, "next_reply").await, 1);
    let newest = reply(LEAD, "Tuesday at nine?");
    server.inbound(&newest).await.ok();
    let told = mailgun.taken(5).await.remove(4);
    assert!(told.the("text").contains("Tuesday at nine?"), "{told:?}");
    server.verify().await;
}

async fn the_owner_who_is_asked_again_can_use_the_links(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = fast(options.sending(&mailgun)).await;
    let ann = server.agent("ann@dealer.example").await;
    let contact = asks_for_a_person(&server, LEAD).await;
    // An offer that is accepted before its notice leaves is not told of.
    mailgun.taken(1).await;
    let by = json!({"agentId": ann});
    contact.post("handover/accept", by.clone()).await.ok();
    contact.post("handover/touch", by).await.ok();
    contact.transition("CONVERSATION_COMPLETED").await.ok();
    contact.reply(CALL_ME).await;
    assert_eq!(contact.status().await["assignedAgentId"], ann.as_str());
    contact.transition("QUALIFICATION_CRITERIA_MET").await.ok();
    contact.transition("HANDOVER_REQUESTED").await.ok();
    assert_eq!(asked(&contact).await, ann.as_str());
    let offers = async || {
        let sent = mailgun.sent().into_iter();
        let offers = sent.filter(|mail| mail.the("subject").contains("[Offer]"));
        let offers: Vec<SentMail> = offers.collect();
        (offers.len() == 2).then_some(offers)
    };
    let offer = convo_tests::eventually("the second offer", offers)
        .await
        .remove(1);
    let (public, accept) = (server.with_key(None), link(&offer, "Accept"));
    assert!(public.get(&accept).await.text().contains("<form"));
    let posted = public.call("POST", &accept).send().await;
    assert_eq!(posted.status, 200);
    assert_eq!(contact.state().await, "HANDED_OVER");
    assert_eq!(contact.status().await["assignedAgentId"], ann.as_str());
    server.verify().await;
}

async fn a_notice_that_is_sent_again_says_the_same(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    let policy = json!({
        "fastTrack": true, "sending": {"attempts": 5, "baseSeconds": 2, "maxSeconds": 2},
    });
    server.put("/api/policy", policy).await.ok();
    server.agent("ann@dealer.example").await;
    // It is taken, and nobody hears of that.
    mailgun.next([Play::TakeAndClose]);
    let contact = asks_for_a_person(&server, LEAD).await;
    mailgun.taken(1).await;
    contact.reply("Which colours are there?").await;
    contact.outbound("Red and blue.").await;
    let due =
        "UPDATE outbox SET due_at = created_at WHERE due_at IS NOT NULL AND lease_owner IS NULL";
    server.database().execute(due).await;
    let sent = mailgun.taken(2).await;
    assert_eq!(sent[0], sent[1]);
    server.verify().await;
}

async fn no_notice_answers_a_machine(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = fast(options.sending(&mailgun)).await;
    server.agent("ann@dealer.example").await;
    asks_for_a_person(&server, LEAD).await;
    let notice = mailgun.taken(1).await.remove(0);
    let away = answer(&notice, "I am on leave until Monday.")
        .header("Authentication-Results", FORGED)
        .header("Auto-Submitted", "auto-replied");
    assert_eq!(server.inbound(&away).await.ok()["status"], "parked");
    item(&server, "unverified_own_mail").await;
    let queued = server.items("/api/outbox").await;
    assert_eq!(queued.len(), 1, "the offer alone: {queued:#?}");
    server.verify().await;
}
