//! Mailgun, played by a small server that does what its documentation says, or what it is told to do instead.

mod http;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::mailgun::Event;
use crate::{Options, eventually};
use http::{Request, Told};

/// The key that sending needs.
pub const API_KEY: &str = "key-of-the-played-mailgun";
/// The domain mail is sent from.
pub const DOMAIN: &str = "mail.dealer.example";
/// Where links in mails begin.
pub const PUBLIC_URL: &str = "https://convo.dealer.example";

/// What it does with one request, in place of taking the mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Play {
    /// Takes the mail and says so.
    Take,
    /// Takes the mail under an id of its own.
    TakeAs(&'static str),
    /// Answers with this status, and perhaps with `Retry-After`.
    Answer(u16, Option<&'static str>),
    /// Takes the mail and breaks the connection off.
    TakeAndClose,
    /// Breaks the connection off without taking the mail.
    Close,
    /// Takes the mail and never answers.
    TakeAndHang,
}

/// A mail that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentMail {
    /// Fields in order; names may repeat.
    pub fields: Vec<(String, String)>,
    /// Files: name, media type, bytes.
    pub files: Vec<(String, String, Vec<u8>)>,
}

impl SentMail {
    /// The first field of this name.
    pub fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A field that must be there.
    #[track_caller]
    pub fn the(&self, name: &str) -> &str {
        let found = self.field(name);
        found.unwrap_or_else(|| panic!("no {name} in {:?}", self.fields))
    }

    /// Its Message-ID without `<>`.
    #[track_caller]
    pub fn message_id(&self) -> String {
        self.the("h:Message-Id").trim_matches(['<', '>']).to_owned()
    }

    /// The path of its unsubscribe link.
    #[track_caller]
    pub fn unsubscribe(&self) -> String {
        let link = self.the("h:List-Unsubscribe").trim_matches(['<', '>']);
        let path = link.strip_prefix(PUBLIC_URL);
        path.expect("a link of ours").to_owned()
    }

    /// An event about it, such as `Event::delivered`, with the variables it was sent with.
    #[track_caller]
    pub fn event(&self, made: fn(&str, &str) -> Event) -> Event {
        let variables: Map<_, _> = self
            .fields
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix("v:")?.to_owned(), json!(value))))
            .collect();
        made(&self.message_id(), self.the("to")).with("user-variables", json!(variables))
    }
}

#[derive(Default)]
struct State {
    plan: Mutex<VecDeque<Play>>,
    sent: Mutex<Vec<SentMail>>,
    /// Requests, whatever became of them.
    asked: Mutex<usize>,
}

/// The server; it ends with this value.
pub struct PlayedMailgun {
    base: String,
    state: Arc<State>,
    listening: JoinHandle<()>,
}

impl PlayedMailgun {
    /// Starts it on a free port.
    pub async fn start() -> PlayedMailgun {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::<State>::default();
        let shared = Arc::clone(&state);
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        PlayedMailgun {
            base,
            state,
            listening,
        }
    }

    /// What it does with the next requests; after that it takes every mail again.
    pub fn next(&self, plays: impl IntoIterator<Item = Play>) {
        self.state.plan.lock().expect("the plan").extend(plays);
    }

    /// Mails taken so far, in order.
    pub fn sent(&self) -> Vec<SentMail> {
        self.state.sent.lock().expect("mails").clone()
    }

    /// Requests that came so far.
    pub fn asked(&self) -> usize {
        *self.state.asked.lock().expect("requests")
    }

    /// Waits until so many mails were taken, and gives them.
    pub async fn taken(&self, count: usize) -> Vec<SentMail> {
        eventually(&format!("{count} mails are sent"), async || {
            let sent = self.sent();
            (sent.len() >= count).then_some(sent)
        })
        .await
    }
}

impl Drop for PlayedMailgun {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Options {
    /// A server that sends through this provider.
    #[must_use]
    pub fn sending(self, mailgun: &PlayedMailgun) -> Options {
        self.with("CONVO_SEND__MODE", "live")
            .with("CONVO_SEND__FROM", "Dealer <sales@dealer.example>")
            .with("CONVO_SEND__TIMEOUT_SECONDS", "2")
            .with("CONVO_MAILGUN__API_KEY", API_KEY)
            .with("CONVO_MAILGUN__DOMAIN", DOMAIN)
            .with("CONVO_MAILGUN__BASE_URL", &mailgun.base)
            .with("CONVO_SERVER__PUBLIC_URL", PUBLIC_URL)
    }
}

async fn serve(mut stream: TcpStream, state: Arc<State>) {
    while let Some(request) = http::read(&mut stream).await {
        let told = state.answer(&request);
        match told {
            Told::Close => return,
            Told::Hang => {
                // Until the client has had enough.
                http::wait_for_end(&mut stream).await;
                return;
            }
            Told::Answer {
                status,
                retry_after,
                body,
            } => {
                if http::write(&mut stream, status, retry_after, &body)
                    .await
                    .is_err()
                {
                    return;
                }
            }
        }
    }
}

impl State {
    fn answer(&self, request: &Request) -> Told {
        *self.asked.lock().expect("requests") += 1;
        let credentials = format!("Basic {}", STANDARD.encode(format!("api:{API_KEY}")));
        if request.header("authorization") != Some(&credentials) {
            return Told::text(401, "Forbidden");
        }
        if request.target != format!("POST /v3/{DOMAIN}/messages") {
            return Told::text(404, "not found");
        }
        let Some(mail) = request.multipart() else {
            return Told::message(400, "the body is no multipart form");
        };
        if let Some(missing) = wrong(&mail) {
            return Told::message(400, &missing);
        }
        let play = self.plan.lock().expect("the plan").pop_front();
        match play.unwrap_or(Play::Take) {
            Play::Answer(status, retry_after) => Told::Answer {
                status,
                retry_after,
                body: json!({"message": "not now"}).to_string(),
            },
            Play::Close => Told::Close,
            Play::TakeAndClose => {
                self.take(mail);
                Told::Close
            }
            Play::TakeAndHang => {
                self.take(mail);
                Told::Hang
            }
            Play::TakeAs(id) => {
                self.take(mail);
                Told::queued(id)
            }
            Play::Take => {
                let id = mail.message_id();
                self.take(mail);
                Told::queued(&id)
            }
        }
    }

    fn take(&self, mail: SentMail) {
        self.sent.lock().expect("mails").push(mail);
    }
}

/// What Mailgun refuses a form for.
fn wrong(mail: &SentMail) -> Option<String> {
    for name in ["from", "to", "subject", "text", "h:Message-Id"] {
        if mail.field(name).is_none() {
            return Some(format!("'{name}' parameter is missing"));
        }
    }
    let prefixed = |name: &str| name.as_bytes().get(1) == Some(&b':');
    let fields = mail.fields.iter().filter(|(name, _)| prefixed(name));
    let bytes: usize = fields.map(|(name, value)| name.len() + value.len()).sum();
    if bytes > 16 * 1024 {
        return Some("headers and options above 16 KB".to_owned());
    }
    let broken = mail.fields.iter().find(|(name, value)| {
        !matches!(name.as_str(), "text" | "html") && value.contains(['\r', '\n'])
    });
    broken.map(|(name, _)| format!("'{name}' has a line break"))
}
