//! Data that paths can name: without it nearly every call would end at 404.

use convo_tests::mailgun::Event;
use convo_tests::played::PUBLIC_URL;
use convo_tests::records::{Contact, id, text};
use convo_tests::{Mail, Play, PlayedMailgun, Server, eventually};
use serde_json::json;

/// Ids by what they name; `schemathesis.toml` says which path takes which.
pub type Seeds = Vec<(&'static str, Vec<String>)>;

/// Plants them: so many that some outlive the calls that erase, revoke and decide.
pub async fn plant(server: &Server, mailgun: &PlayedMailgun) -> Seeds {
    let mut contacts = Vec::new();
    let mut agents = Vec::new();
    let mut campaigns = Vec::new();
    let mut keys = Vec::new();
    let mut drafts = Vec::new();
    for number in 0..8 {
        let contact = server
            .contact(&format!("lead{number}@customer.example"))
            .await;
        move_on(&contact, number).await;
        drafts.push(draft(&contact).await);
        contacts.push(contact);
        agents.push(server.agent(&format!("agent{number}@dealer.example")).await);
        campaigns.push(server.campaign(&format!("Campaign {number}")).await);
        let key = json!({"name": "a key", "scopes": ["read"]});
        keys.push(id(&server.post("/api/keys", key).await.expect(201)));
    }
    let (messages, receipts) = mails(server, &contacts[0]).await;
    let reviews = reviews(server).await;
    let outbox = dead(mailgun, server).await;
    let links = links(server, mailgun).await;
    let of =
        |all: &[Contact], pick: fn(&Contact) -> &String| all.iter().map(pick).cloned().collect();
    vec![
        ("conversations", of(&contacts, |contact| &contact.id)),
        ("leads", of(&contacts, |contact| &contact.lead)),
        ("agents", agents),
        ("campaigns", campaigns),
        ("keys", keys),
        ("drafts", drafts),
        ("messages", messages),
        ("receipts", receipts),
        ("reviews", reviews),
        ("outbox", outbox),
        ("unsubscribes", links.0),
        ("offers", links.1),
    ]
}

/// Every second one further than the one before.
async fn move_on(contact: &Contact, number: usize) {
    if number < 2 {
        return;
    }
    contact.outbound("Hello, a question for you").await;
    contact.transition("FIRST_EMAIL_SENT").await.ok();
    if number >= 4 {
        contact
            .reply("I am interested. Can I book a test drive?")
            .await;
    }
    if number >= 6 {
        contact.outbound("Of course. When?").await;
        contact
            .reply("On Tuesday. I want to buy it this week")
            .await;
    }
}

async fn draft(contact: &Contact) -> String {
    let body = json!({"author": "ai", "text": "A lot.", "subject": "Price", "draft": true});
    id(&contact.send(body).await.expect(202)["draft"])
}

/// Messages, the first of them with a file and with its bytes; receipts.
async fn mails(server: &Server, contact: &Contact) -> (Vec<String>, Vec<String>) {
    let ours = contact.outbound("Hello").await;
    let file: (&str, &str, &[u8]) = ("licence.pdf", "application/pdf", b"%PDF-1.4 x");
    let mail = Mail::new(&contact.email, "Re: Hello", "Tell me more").answering(&ours);
    let mut receipts = vec![server.inbound_multipart(&mail, &[file]).await.ok()];
    let mail = Mail::new(&contact.email, "Re: Hello", "And the price?").answering(&ours);
    receipts.push(server.inbound_mime(&mail).await.ok());
    let lost = Event::delivered("lost@mail.dealer.example", "nobody@customer.example");
    receipts.push(server.event(&lost).await.ok());
    let mut stored = contact.messages().await;
    stored.sort_by_key(|message| message["attachments"][0].is_null());
    let receipts = receipts.iter().map(|one| text(&one["receiptId"])).collect();
    (stored.iter().map(id).collect(), receipts)
}

async fn reviews(server: &Server) -> Vec<String> {
    for number in 0..4 {
        let from = format!("stranger{number}@nowhere.example");
        server
            .inbound(&Mail::new(&from, "Hello", "Do you sell cars?"))
            .await
            .ok();
    }
    server.items("/api/review").await.iter().map(id).collect()
}

/// Mails that the provider has refused.
async fn dead(mailgun: &PlayedMailgun, server: &Server) -> Vec<String> {
    let contact = server.contact("out@customer.example").await;
    mailgun.next([Play::Answer(400, None)]);
    let body = json!({"author": "ai", "text": "Hello", "subject": "A question"});
    contact.send(body).await.expect(202);
    let dead = eventually("the mail is dead", async || {
        let dead = server.items("/api/outbox?status=dead").await;
        (!dead.is_empty()).then_some(dead)
    });
    dead.await.iter().map(id).collect()
}

/// What the links of mails end with: that of unsubscribing, and those of an offer.
async fn links(server: &Server, mailgun: &PlayedMailgun) -> (Vec<String>, Vec<String>) {
    let written = server.contact("written@customer.example").await;
    let body = json!({"author": "ai", "text": "Hello", "subject": "A question"});
    written.send(body).await.expect(202);
    let fast = json!({"fastTrack": true});
    server.put("/api/policy", fast).await.ok();
    let asks = server.contact("asks@customer.example").await;
    asks.outbound("Hello").await;
    asks.reply("How much is it? Please call me on +49 30 1234567, I want to buy it this week.")
        .await;
    server.put("/api/policy", json!({})).await.ok();
    eventually("mails with links are sent", async || {
        let sent = mailgun.sent();
        let taken = sent
            .iter()
            .filter(|mail| mail.field("h:List-Unsubscribe").is_some());
        let taken: Vec<String> = taken.map(|mail| last(&mail.unsubscribe())).collect();
        let offers: Vec<String> = sent
            .iter()
            .flat_map(|mail| of_offer(mail.the("text")))
            .collect();
        (!taken.is_empty() && !offers.is_empty()).then_some((taken, offers))
    })
    .await
}

fn of_offer(text: &str) -> Vec<String> {
    let begin = format!("{PUBLIC_URL}/o/");
    let words = text.split_whitespace();
    words
        .filter(|word| word.starts_with(&begin))
        .map(last)
        .collect()
}

fn last(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}
