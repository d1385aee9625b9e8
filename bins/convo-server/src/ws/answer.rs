//! What a client's frames ask for, and what they are answered.

use std::sync::Arc;

use actix_web::web;
use convo_app::live::{Began, Since, Topic};
use convo_app::{AppError, views};
use serde_json::{Value, json};
use uuid::Uuid;

use super::frames::{self, Request, Wrong};
use super::leave::Leave;
use super::line::Heard;
use super::session::{Socket, now};
use crate::auth::{ApiKey, Caller, Scope};
use crate::problem::Problem;

/// Wrong frames in a row after which nobody listens any more.
const WRONG_FRAMES: u32 = 100;
/// Subscriptions of one connection.
const SUBSCRIPTIONS: usize = 1_000;
/// Messages in a `conversation_history`.
const HISTORY: i64 = 50;

/// The inner error is told, the outer one ends the connection.
type Answered = Result<Result<(), Wrong>, Leave>;

impl Socket {
    /// Does what a message asks.
    pub(super) async fn heard(&mut self, heard: Heard) -> Result<(), Leave> {
        let answered = match heard {
            Heard::Ping(data) => {
                self.line.pong(&data);
                return self.flush().await;
            }
            Heard::Pong => return Ok(()),
            Heard::Close(reason) => return Err(Leave::Closed(reason)),
            Heard::Binary => Err(Wrong::new("malformed_json", "a frame is text")),
            Heard::Text(text) => match frames::read(&text) {
                Ok(request) => self.answer(request).await?,
                Err(wrong) => Err(wrong),
            },
        };
        match answered {
            Ok(()) => {
                self.wrong = 0;
                Ok(())
            }
            Err(_) if self.wrong == WRONG_FRAMES => Err(Leave::WRONG_FRAMES),
            Err(wrong) => {
                self.wrong += 1;
                self.send(&wrong.frame()).await
            }
        }
    }

    async fn answer(&mut self, request: Request) -> Answered {
        match request {
            Request::Authenticate(token) => return self.authenticate(&token).await,
            Request::Ping => {
                let last = self.stream.considered();
                let pong = json!({"type": "pong", "last": last, "timestamp": now()});
                return self.send(&pong).await.map(Ok);
            }
            Request::Pong => return Ok(Ok(())),
            _ => {}
        }
        match self.reads {
            None => {
                let message = "say who you are first: {\"type\":\"authenticate\",\"token\":…}";
                return Ok(Err(Wrong::new("unauthenticated", message)));
            }
            Some(false) => {
                return Ok(Err(Wrong::new("forbidden", "the key needs the scope read")));
            }
            Some(true) => {}
        }
        match request {
            Request::Subscribe(topics, since) => self.subscribe(topics, since).await,
            Request::Unsubscribe(topics) => self.unsubscribe(&topics).await.map(Ok),
            Request::Join(conversation) => self.join(conversation).await,
            Request::Leave(conversation) => {
                let topics = [Topic::Conversation(conversation)];
                self.unsubscribe(&topics).await.map(Ok)
            }
            Request::Authenticate(_) | Request::Ping | Request::Pong => Ok(Ok(())),
        }
    }

    async fn authenticate(&mut self, token: &str) -> Answered {
        let Some(key) = ApiKey::given(token) else {
            return Err(self.refuse().await);
        };
        match self.authenticator.caller(&key).await {
            Ok(Some(caller)) => self.admit(&caller).await.map(Ok),
            Ok(None) => Err(self.refuse().await),
            Err(_) => Ok(Err(unavailable())),
        }
    }

    pub(super) async fn admit(&mut self, caller: &Arc<Caller>) -> Result<(), Leave> {
        self.stream.listener().with_key(caller.key_id);
        self.reads = Some(caller.scopes.allow(Scope::Read));
        self.send(&json!({"type": "authenticated", "scopes": caller.scopes}))
            .await
    }

    pub(super) async fn refuse(&mut self) -> Leave {
        let problem = Problem::unauthenticated();
        let _ = self.gate.refuse(self.client, "api_key", problem);
        let message = "a valid key or an unused ticket is needed";
        let refused = json!({"type": "auth_error", "message": message});
        match self.send(&refused).await {
            Ok(()) => Leave::UNAUTHENTICATED,
            Err(leave) => leave,
        }
    }

    async fn subscribe(&mut self, topics: Vec<Topic>, since: Option<Since>) -> Answered {
        if let Err(wrong) = self.room(topics.len()) {
            return Ok(Err(wrong));
        }
        if since.is_some() && self.stream.has_begun() {
            let message = "only the first subscription of a connection can begin in the past";
            return Ok(Err(Wrong::new("already_live", message)));
        }
        let Some(began) = self.listen(&topics, since).await else {
            return Ok(Err(unavailable()));
        };
        if let Some(resync) = began.resync {
            let frame =
                json!({"type": "resync_required", "reason": resync.as_str(), "seq": began.seq});
            self.send(&frame).await?;
        }
        let frame = json!({
            "type": "subscribed",
            "subscriptions": frames::names(self.stream.listener().topics()),
            "seq": began.seq,
            "replayed": began.replayed,
        });
        self.send(&frame).await.map(Ok)
    }

    /// Adds subscriptions; nothing where the database is away.
    async fn listen(&mut self, topics: &[Topic], since: Option<Since>) -> Option<Began> {
        let first = !self.stream.has_begun();
        let began = self.stream.subscribe(topics, since).await.ok()?;
        if first {
            self.prev = began.from;
        }
        Some(began)
    }

    fn room(&self, more: usize) -> Result<(), Wrong> {
        if self.stream.listener().topics().len() + more <= SUBSCRIPTIONS {
            return Ok(());
        }
        let message = format!("a connection has at most {SUBSCRIPTIONS} subscriptions");
        Err(Wrong::new("too_many_subscriptions", message))
    }

    async fn unsubscribe(&mut self, topics: &[Topic]) -> Result<(), Leave> {
        self.stream.unsubscribe(topics);
        let left = frames::names(self.stream.listener().topics());
        self.send(&json!({"type": "unsubscribed", "subscriptions": left}))
            .await
    }

    async fn join(&mut self, conversation: Uuid) -> Answered {
        if let Err(wrong) = self.room(1) {
            return Ok(Err(wrong));
        }
        if let Err(AppError::NotFound) = self.history(conversation).await {
            let message = "there is no such conversation";
            return Ok(Err(Wrong::new("not_found", message)));
        }
        let topic = [Topic::Conversation(conversation)];
        let Some(began) = self.listen(&topic, None).await else {
            return Ok(Err(unavailable()));
        };
        // Read after subscribing: what comes in between is in both, rather than in neither.
        let Ok(messages) = self.history(conversation).await else {
            return Ok(Err(unavailable()));
        };
        let frame = json!({
            "type": "conversation_history",
            "conversationId": conversation,
            "seq": began.seq,
            "messages": messages,
        });
        self.send(&frame).await.map(Ok)
    }

    /// The newest messages of a conversation, oldest of them first.
    async fn history(&self, conversation: Uuid) -> Result<Vec<Value>, AppError> {
        let app = self.sockets.app.clone();
        let read = web::block(move || {
            app.read(|reader| {
                if reader.conversations_by_ids(&[conversation])?.is_empty() {
                    return Err(AppError::NotFound);
                }
                let mut rows = reader.messages_before(conversation, None, HISTORY)?;
                rows.reverse();
                views::message_list(reader, &rows)
            })
        });
        read.await.map_err(|_| AppError::Unavailable)?
    }
}

fn unavailable() -> Wrong {
    Wrong::new("unavailable", "try again in a moment")
}
