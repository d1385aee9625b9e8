//! One connection: a task that reads frames, sends events, and ends.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::rt::time::{Instant, sleep, sleep_until, timeout};
use actix_web::web;
use actix_ws::{
    AggregatedMessage, AggregatedMessageStream, CloseCode, CloseReason, MessageStream,
    ProtocolError, Session,
};
use bytestring::ByteString;
use convo_app::live::{End, Event, Next, Stream, Topic};
use convo_app::{AppError, views, wire};
use convo_store::Head;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::frames::{self, Request, Wrong};
use super::in_hand::InHand;
use super::wire::Wire;
use super::{Sockets, meters};
use crate::auth::{ApiKey, Authenticator, Caller, Gate, Scope};
use crate::problem::Problem;
use crate::{clock, ids};

/// Largest frame and largest message of a client in bytes.
const FRAME_BYTES: usize = 64 << 10;
/// To say who one is.
const AUTHENTICATE_WITHIN: Duration = Duration::from_secs(10);
/// Pings without any sign of life after which the client is gone.
const MISSED_PINGS: u32 = 2;
/// A client that takes nothing for so long does not read.
const STALLED: Duration = Duration::from_secs(10);
/// For what a client has been told to be read before the connection is cut.
const LINGER: Duration = Duration::from_millis(200);
/// For a client to take our close frame and answer it.
const FAREWELL: Duration = Duration::from_secs(5);
/// The same while the process is stopping: it does not wait for those who do not read.
const SHORT_FAREWELL: Duration = Duration::from_millis(500);
/// Wrong frames in a row after which nobody listens any more.
const WRONG_FRAMES: u32 = 100;
/// Subscriptions of one connection.
const SUBSCRIPTIONS: usize = 1_000;
/// Messages in a `conversation_history`.
const HISTORY: i64 = 50;

/// What is known of a client before its first frame.
pub(super) enum Admitted {
    /// Whose key or ticket it brought.
    As(Arc<Caller>),
    /// It has yet to say.
    NotYet,
    /// It brought a ticket that is none.
    Not,
}

/// A connection.
pub(super) struct Socket {
    pub stream: Stream,
    pub session: Session,
    pub in_hand: InHand,
    pub sockets: Arc<Sockets>,
    pub authenticator: Arc<Authenticator>,
    pub gate: Arc<Gate>,
    pub client: IpAddr,
    pub caller: Option<Arc<Caller>>,
    /// Number of the event frame before.
    pub prev: i64,
    /// Wrong frames in a row.
    pub wrong: u32,
}

/// Why a connection ends.
enum Leave {
    /// The client went, or its connection did.
    Gone,
    /// It said goodbye.
    Closed(Option<CloseReason>),
    /// It is told a code and a reason.
    Told(u16, &'static str),
}

impl Leave {
    const LAGGING: Self = Self::Told(4408, "lagging");

    fn end(end: End) -> Self {
        match end {
            End::Revoked => Self::Told(4401, "key_revoked"),
            End::GoingAway => Self::Told(1001, "going_away"),
        }
    }

    fn wrong_stream(error: &ProtocolError) -> Self {
        match error {
            ProtocolError::Overflow => Self::Told(1009, "too_large"),
            // What is gathered from continuations grew too large, or text that is no UTF-8.
            ProtocolError::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                Self::Told(1007, "not_utf8")
            }
            ProtocolError::Io(error) if error.get_ref().is_some_and(is_size) => {
                Self::Told(1009, "too_large")
            }
            ProtocolError::Io(_) => Self::Gone,
            _ => Self::Told(1002, "protocol_error"),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Closed(_) => "client",
            Self::Told(_, reason) => reason,
        }
    }
}

fn is_size(error: &(dyn std::error::Error + Send + Sync)) -> bool {
    error.to_string().contains("continuation size")
}

impl Socket {
    /// Serves the connection until it ends.
    pub async fn run(mut self, frames: MessageStream, wire: Wire, admitted: Admitted, head: Head) {
        let _open = meters::Open::begin();
        let mut frames = frames
            .max_frame_size(FRAME_BYTES)
            .aggregate_continuations()
            .max_continuation_size(FRAME_BYTES);
        let Err(leave) = self.serve(&mut frames, admitted, head).await;
        meters::closed(leave.reason());
        self.part(&mut frames, leave).await;
        drop(wire);
    }

    async fn serve(
        &mut self,
        frames: &mut AggregatedMessageStream,
        admitted: Admitted,
        head: Head,
    ) -> Result<std::convert::Infallible, Leave> {
        let greeting = json!({"type": "connected", "clientId": ids::new_id(), "epoch": head.epoch, "seq": head.seq, "timestamp": now()});
        self.send(greeting.to_string()).await?;
        match admitted {
            Admitted::As(caller) => self.admit(caller).await?,
            Admitted::NotYet => {}
            Admitted::Not => return Err(self.refuse().await),
        }
        let first = match self.caller {
            Some(_) => self.sockets.settings.ping_every,
            None => AUTHENTICATE_WITHIN,
        };
        let mut due = std::pin::pin!(sleep(first));
        let mut silent = 0;
        loop {
            tokio::select! {
                frame = frames.next() => {
                    silent = 0;
                    let known = self.caller.is_some();
                    self.heard(frame).await?;
                    if !known && self.caller.is_some() {
                        due.as_mut().reset(Instant::now() + self.sockets.settings.ping_every);
                    }
                }
                next = self.stream.next() => self.told(next).await?,
                () = &mut due => {
                    if self.caller.is_none() {
                        return Err(self.refuse().await);
                    }
                    silent += 1;
                    if silent > MISSED_PINGS {
                        return Err(Leave::Told(1011, "no_answer"));
                    }
                    self.ping().await?;
                    due.as_mut().reset(Instant::now() + self.sockets.settings.ping_every);
                }
            }
        }
    }

    /// Says how far it is, and asks the client's end for a sign of life.
    async fn ping(&mut self) -> Result<(), Leave> {
        let ping = json!({"type": "ping", "last": self.stream.considered(), "timestamp": now()});
        self.send(ping.to_string()).await?;
        let pinged = timeout(STALLED, self.session.ping(b"")).await;
        match pinged {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Leave::Gone),
            Err(_) => Err(Leave::LAGGING),
        }
    }

    async fn told(&mut self, next: Result<Next, AppError>) -> Result<(), Leave> {
        match next {
            Ok(Next::Events(events)) => self.send_events(&events).await,
            Ok(Next::Lagging) => Err(Leave::LAGGING),
            Ok(Next::End(end)) => Err(Leave::end(end)),
            Err(error) => {
                log::warn!("a replay failed: {error}");
                Err(Leave::Told(1013, "unavailable"))
            }
        }
    }

    async fn send_events(&mut self, events: &[Arc<Event>]) -> Result<(), Leave> {
        for event in events {
            let frame = event.frame(self.prev);
            self.send(frame).await?;
            self.prev = event.seq;
        }
        meters::sent(events.len());
        Ok(())
    }

    /// Sends a frame, unless the client must go meanwhile or takes nothing.
    async fn send(&mut self, frame: impl Into<ByteString>) -> Result<(), Leave> {
        let frame = frame.into();
        let listener = self.stream.listener();
        let (in_hand, session) = (&self.in_hand, &mut self.session);
        let mut sending = std::pin::pin!(async move {
            in_hand.room_for(frame.len()).await;
            session.text(frame).await
        });
        let mut stalled = std::pin::pin!(sleep(STALLED));
        loop {
            tokio::select! {
                biased;
                sent = &mut sending => return sent.map_err(|_| Leave::Gone),
                () = listener.rung() => {
                    if let Some(end) = listener.ended() {
                        return Err(Leave::end(end));
                    }
                }
                () = &mut stalled => return Err(Leave::LAGGING),
            }
        }
    }

    async fn heard(
        &mut self,
        frame: Option<Result<AggregatedMessage, ProtocolError>>,
    ) -> Result<(), Leave> {
        let text = match frame {
            None => return Err(Leave::Gone),
            Some(Err(error)) => return Err(Leave::wrong_stream(&error)),
            Some(Ok(AggregatedMessage::Text(text))) => text,
            Some(Ok(AggregatedMessage::Ping(data))) => {
                let ponged = timeout(STALLED, self.session.pong(&data)).await;
                return match ponged {
                    Ok(Ok(())) => Ok(()),
                    _ => Err(Leave::Gone),
                };
            }
            Some(Ok(AggregatedMessage::Pong(_))) => return Ok(()),
            Some(Ok(AggregatedMessage::Close(reason))) => return Err(Leave::Closed(reason)),
            Some(Ok(AggregatedMessage::Binary(_))) => {
                return self
                    .wrong(&Wrong::new("malformed_json", "a frame is text"))
                    .await;
            }
        };
        let answered = match frames::read(&text) {
            Ok(request) => self.answer(request).await?,
            Err(wrong) => Err(wrong),
        };
        match answered {
            Ok(()) => {
                self.wrong = 0;
                Ok(())
            }
            Err(wrong) => self.wrong(&wrong).await,
        }
    }

    async fn wrong(&mut self, wrong: &Wrong) -> Result<(), Leave> {
        self.wrong += 1;
        if self.wrong > WRONG_FRAMES {
            return Err(Leave::Told(1008, "wrong_frames"));
        }
        self.send(wrong.frame()).await
    }

    /// Does what a frame asks; the inner error is told, the outer one ends the connection.
    async fn answer(&mut self, request: Request) -> Result<Result<(), Wrong>, Leave> {
        match request {
            Request::Authenticate(token) => return self.authenticate(&token).await,
            Request::Ping => {
                let pong =
                    json!({"type": "pong", "last": self.stream.considered(), "timestamp": now()});
                self.send(pong.to_string()).await?;
                return Ok(Ok(()));
            }
            Request::Pong => return Ok(Ok(())),
            _ => {}
        }
        let Some(caller) = &self.caller else {
            let message = "say who you are first: {\"type\":\"authenticate\",\"token\":…}";
            return Ok(Err(Wrong::new("unauthenticated", message)));
        };
        if !caller.scopes.allow(Scope::Read) {
            return Ok(Err(Wrong::new("forbidden", "the key needs the scope read")));
        }
        match request {
            Request::Subscribe(topics, since) => self.subscribe(topics, since).await,
            Request::Unsubscribe(topics) => {
                self.unsubscribe(&topics).await?;
                Ok(Ok(()))
            }
            Request::Join(conversation) => self.join(conversation).await,
            Request::Leave(conversation) => {
                self.unsubscribe(&[Topic::Conversation(conversation)])
                    .await?;
                Ok(Ok(()))
            }
            Request::Authenticate(_) | Request::Ping | Request::Pong => Ok(Ok(())),
        }
    }

    async fn authenticate(&mut self, token: &str) -> Result<Result<(), Wrong>, Leave> {
        let Some(key) = ApiKey::given(token) else {
            return Err(self.refuse().await);
        };
        match self.authenticator.caller(&key).await {
            Ok(Some(caller)) => self.admit(caller).await.map(Ok),
            Ok(None) => Err(self.refuse().await),
            Err(_) => Ok(Err(unavailable())),
        }
    }

    async fn admit(&mut self, caller: Arc<Caller>) -> Result<(), Leave> {
        self.stream.listener().with_key(caller.key_id);
        let admitted = json!({"type": "authenticated", "scopes": caller.scopes});
        self.caller = Some(caller);
        self.send(admitted.to_string()).await
    }

    async fn refuse(&mut self) -> Leave {
        let problem = Problem::unauthenticated();
        let _ = self.gate.refuse(self.client, "api_key", problem);
        let refused =
            json!({"type": "auth_error", "message": "a valid key or an unused ticket is needed"});
        match self.send(refused.to_string()).await {
            Ok(()) => Leave::Told(4401, "unauthenticated"),
            Err(leave) => leave,
        }
    }

    async fn subscribe(
        &mut self,
        topics: Vec<Topic>,
        since: Option<convo_app::live::Since>,
    ) -> Result<Result<(), Wrong>, Leave> {
        if let Err(wrong) = self.room(topics.len()) {
            return Ok(Err(wrong));
        }
        let first = !self.stream.has_begun();
        if since.is_some() && !first {
            let message = "only the first subscription of a connection can begin in the past";
            return Ok(Err(Wrong::new("already_live", message)));
        }
        let began = match self.stream.subscribe(&topics, since).await {
            Ok(began) => began,
            Err(_) => return Ok(Err(unavailable())),
        };
        if first {
            self.prev = began.from;
        }
        if let Some(resync) = began.resync {
            let frame =
                json!({"type": "resync_required", "reason": resync.as_str(), "seq": began.seq});
            self.send(frame.to_string()).await?;
        }
        let frame = json!({
            "type": "subscribed",
            "subscriptions": frames::names(self.stream.listener().topics()),
            "seq": began.seq,
            "replayed": began.replayed,
        });
        self.send(frame.to_string()).await.map(Ok)
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
        self.send(json!({"type": "unsubscribed", "subscriptions": left}).to_string())
            .await
    }

    async fn join(&mut self, conversation: Uuid) -> Result<Result<(), Wrong>, Leave> {
        if let Err(wrong) = self.room(1) {
            return Ok(Err(wrong));
        }
        let known = self.history(conversation).await;
        if let Err(AppError::NotFound) = known {
            let message = "there is no such conversation";
            return Ok(Err(Wrong::new("not_found", message)));
        }
        let first = !self.stream.has_begun();
        let topic = [Topic::Conversation(conversation)];
        let Ok(began) = self.stream.subscribe(&topic, None).await else {
            return Ok(Err(unavailable()));
        };
        if first {
            self.prev = began.from;
        }
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
        self.send(frame.to_string()).await.map(Ok)
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

    /// Says goodbye and gives the client time to hear it; then the connection is cut.
    async fn part(self, frames: &mut AggregatedMessageStream, leave: Leave) {
        let Self {
            stream, session, ..
        } = self;
        let stopping = stream.listener().ended() == Some(End::GoingAway);
        let within = if stopping { SHORT_FAREWELL } else { FAREWELL };
        // Out of the hub now: nothing is kept for one that goes.
        drop(stream);
        let (reason, told) = match leave {
            Leave::Gone => return,
            Leave::Closed(reason) => (reason, false),
            Leave::Told(code, reason) => {
                let reason = CloseReason {
                    code: CloseCode::from(code),
                    description: Some(reason.to_owned()),
                };
                (Some(reason), true)
            }
        };
        let deadline = Instant::now() + within;
        let farewell = async {
            if session.close(reason).await.is_err() {
                return;
            }
            while let Some(Ok(_)) = frames.next().await {}
            // The stream ends with our own close, or with what cannot be read: that is no sign that it was heard, and
            // a connection cut before takes with it what the client has not read yet.
            if told {
                sleep(LINGER).await;
            }
        };
        tokio::select! {
            () = farewell => {}
            () = sleep_until(deadline) => {}
        }
    }
}

fn unavailable() -> Wrong {
    Wrong::new("unavailable", "try again in a moment")
}

fn now() -> String {
    wire::time(clock::now())
}
