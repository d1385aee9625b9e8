//! What clients ask for, and what is kept of it once it is acknowledged.

use std::sync::{Arc, Mutex};

use convo_tests::mailgun::{Event, Signature, form};
use convo_tests::records::STATE;
use convo_tests::{Api, Call, Dice, Mail};
use serde_json::{Value, json};

/// A lead with a conversation that has begun.
pub struct Person {
    pub email: String,
    pub lead: String,
    pub conversation: String,
    /// Message-IDs of mails of ours that no event has spoken of yet.
    pub ours: Mutex<Vec<String>>,
}

/// One fact to be stored once.
pub enum Op {
    /// Signed mail: parsed fields, the same with a file, or raw.
    Mail(Box<Mail>, Signature, Shape),
    /// A message by request, of the lead or of ours.
    Said { number: u64, by_lead: bool },
    /// A step that is recorded and moves nothing.
    Moved { number: u64 },
    /// A provider event about a mail of ours.
    Told(&'static str, Event, Signature),
}

/// How a mail comes.
#[derive(Clone)]
pub enum Shape {
    Fields,
    Raw,
    File(Vec<u8>),
}

/// What was acknowledged, of whom.
pub struct Kept {
    pub person: Arc<Person>,
    pub fact: Fact,
}

pub enum Fact {
    /// Message-ID of a mail, with the bytes of its file.
    Mail(String, Option<Vec<u8>>),
    /// Id of the message and what it says.
    Said {
        id: String,
        content: String,
        by_lead: bool,
    },
    /// Id of the audit row and its number.
    Moved { id: String, number: u64 },
    /// Name of the event.
    Told(&'static str),
}

impl Op {
    /// One of them.
    pub fn draw(dice: &mut Dice, person: &Person, number: u64) -> Op {
        let event = || person.ours.lock().expect("ours").pop();
        match dice.below(100) {
            percent @ 0..=52 => {
                let text = format!("Mail number {number}, with a question about your cars");
                let mail = Mail::new(&person.email, "Re: Your new car", &text);
                let shape = match percent {
                    0..=29 => Shape::Fields,
                    30..=44 => Shape::Raw,
                    _ => Shape::File(file(dice)),
                };
                Op::Mail(Box::new(mail), Signature::new(), shape)
            }
            53..=84 if dice.below(2) == 0 => match event() {
                Some(id) => {
                    let (name, event) = match dice.below(3) {
                        0 => ("delivered", Event::delivered(&id, &person.email)),
                        1 => ("opened", Event::opened(&id, &person.email)),
                        _ => ("clicked", Event::clicked(&id, &person.email)),
                    };
                    Op::Told(name, event, Signature::new())
                }
                None => Op::Said {
                    number,
                    by_lead: false,
                },
            },
            53..=84 => Op::Said {
                number,
                by_lead: dice.below(3) == 0,
            },
            _ => Op::Moved { number },
        }
    }

    pub fn call(&self, api: &Api, person: &Person) -> Call {
        let path = |rest: &str| format!("{STATE}/{}/{rest}", person.conversation);
        match self {
            Op::Mail(mail, signature, Shape::Fields) => api.inbound_call(mail, signature),
            Op::Mail(mail, signature, Shape::Raw) => {
                api.inbound_raw_call(&mail.mime(), &mail.to, &mail.from, signature)
            }
            Op::Mail(mail, signature, Shape::File(bytes)) => {
                let fields = [form(mail), signature.fields()].concat();
                let files: [(&str, &str, &[u8]); 1] =
                    [("photo.bin", "application/octet-stream", bytes)];
                api.inbound_fields_call(fields, &files)
            }
            Op::Said { number, by_lead } => {
                let sender = if *by_lead { &person.lead } else { "campaign" };
                let body = json!({
                    "senderId": sender,
                    "content": content(*number),
                    "messageType": "email",
                    "isFromAI": u8::from(!by_lead),
                });
                api.call("POST", &path("process-message"))
                    .header("Idempotency-Key", &format!("said-{number}"))
                    .json(&body)
            }
            Op::Moved { number } => {
                let body = json!({
                    "event": "ENGAGEMENT_INCREASED",
                    "triggeredBy": "faults",
                    "metadata": {"number": number},
                });
                api.call("POST", &path("transition"))
                    .header("Idempotency-Key", &format!("moved-{number}"))
                    .json(&body)
            }
            Op::Told(_, event, signature) => api.event_call(event, signature),
        }
    }

    /// Whether a second answer must be the first one's bytes: it has an idempotency key.
    pub fn is_keyed(&self) -> bool {
        matches!(self, Op::Said { .. } | Op::Moved { .. })
    }

    /// What to look for at the end, by the answer.
    pub fn fact(self, answer: &Value, person: &Person) -> Fact {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        match self {
            Op::Mail(mail, _, shape) => Fact::Mail(
                mail.message_id,
                match shape {
                    Shape::File(bytes) => Some(bytes),
                    Shape::Fields | Shape::Raw => None,
                },
            ),
            Op::Said { number, by_lead } => {
                if !by_lead {
                    let ours = text(&answer["message"]["messageId"]);
                    person.ours.lock().expect("ours").push(ours);
                }
                Fact::Said {
                    id: text(&answer["message"]["id"]),
                    content: content(number),
                    by_lead,
                }
            }
            Op::Moved { number } => Fact::Moved {
                id: text(&answer["transitionId"]),
                number,
            },
            Op::Told(name, ..) => Fact::Told(name),
        }
    }
}

fn content(number: u64) -> String {
    format!("Message number {number}, about the car you have seen")
}

/// A file of a few kilobytes that no other mail has.
fn file(dice: &mut Dice) -> Vec<u8> {
    let words = 64 + dice.below(1_024);
    (0..words).flat_map(|_| dice.next().to_le_bytes()).collect()
}
