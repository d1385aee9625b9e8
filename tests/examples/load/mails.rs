//! Signed inbound mails of known leads, each another mail, answering ours.

use chrono::Utc;
use convo_tests::mailgun::{Signature, form};
use convo_tests::{Mail, SIGNING_KEY};

use crate::client::request;
use crate::measure::{self, Load, Measured};
use crate::node::Node;
use crate::transitions::{Contact, contacts};

const LEADS: usize = 4_000;
const PATH: &str = "/api/webhooks/mailgun/inbound";
const FORM: &str = "application/x-www-form-urlencoded";
const WORDS: [&str; 5] = [
    "Thank you for writing. What would the monthly rate be with no money down?",
    "Could I come by on Saturday and take it for a test drive? I would bring my old car.",
    "Sounds good. Does it come in blue, and how long is the delivery time?",
    "I need to talk to my wife first, but we do want to buy before the summer.",
    "Is the price you named the last one? Another dealer has the same model for less.",
];

/// The mails go round over the leads, so that each conversation gets a few.
pub async fn run(nodes: &[Node], load: Load) -> Measured {
    let leads = contacts(&nodes[0], LEADS, "m").await;
    let mut number = 0;
    measure::run(nodes, load, move |_| {
        let mail = mail(&leads[number % leads.len()], number);
        number += 1;
        Some(posted(&mail))
    })
    .await
}

pub fn mail(lead: &Contact, number: usize) -> Mail {
    let words = WORDS[number % WORDS.len()];
    let text = format!(
        "Hello,\r\n\r\n{words}\r\n\r\nKind regards\r\nAda, mail {number}\r\n\r\n\
         On Mon, Mar 2, 2026 at 9:15 AM Sales <sales@dealer.example> wrote:\r\n\
         > We have the car you asked about. Would you like to see it this week?\r\n\
         > Best wishes from your dealer\r\n"
    );
    Mail::new(&lead.email, "Re: Your new car", &text)
        .dated(Utc::now())
        .answering(&lead.ours)
        .header("Mime-Version", "1.0")
        .header("Content-Type", "text/plain; charset=\"UTF-8\"")
        .header("Received", "from mail.customer.example (mail.customer.example [192.0.2.7]) by mx.dealer.example with ESMTPS id 8f3; Mon, 02 Mar 2026 10:00:00 +0000")
        .header("X-Mailer", "A mail program 3.1")
}

/// The request Mailgun makes of it.
pub fn posted(mail: &Mail) -> Vec<u8> {
    let signature = Signature::made(SIGNING_KEY, Utc::now());
    let mut fields = form(mail);
    fields.extend([
        ("timestamp".to_owned(), signature.timestamp),
        ("token".to_owned(), signature.token),
        ("signature".to_owned(), signature.signature),
    ]);
    let mut body = String::with_capacity(4096);
    for (name, value) in &fields {
        if !body.is_empty() {
            body.push('&');
        }
        encode(name, &mut body);
        body.push('=');
        encode(value, &mut body);
    }
    request("POST", PATH, None, FORM, body.as_bytes())
}

fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        match byte {
            b' ' => into.push('+'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => {
                into.push(char::from(byte));
            }
            _ => into.push_str(&format!("%{byte:02X}")),
        }
    }
}
