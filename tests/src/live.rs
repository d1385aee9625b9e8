//! A WebSocket client.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::{Api, BOOTSTRAP_KEY, DEADLINE};

/// A connection to `/ws`.
pub struct Live {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// What the server greeted with.
    pub greeting: Value,
}

/// What came last.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    Frame(Value),
    /// The connection ended, with this code where there was one.
    Closed(Option<u16>),
}

impl Api {
    /// A WebSocket that has yet to say who it is.
    pub async fn live(&self) -> Live {
        self.live_with("", &[]).await.expect("a WebSocket")
    }

    /// A WebSocket with a query and headers of its own; the status where it was refused.
    pub async fn live_with(&self, query: &str, headers: &[(&str, &str)]) -> Result<Live, u16> {
        let mut live = self.connect(query, headers).await?;
        live.greeting = live.frame().await;
        assert_eq!(live.greeting["type"], "connected", "{}", live.greeting);
        Ok(live)
    }

    async fn connect(&self, query: &str, headers: &[(&str, &str)]) -> Result<Live, u16> {
        let url = format!("{}/ws{query}", self.base().replacen("http", "ws", 1));
        let mut request = url.into_client_request().expect("a request");
        for (name, value) in headers {
            let name: tokio_tungstenite::tungstenite::http::HeaderName =
                name.parse().expect("a header");
            request
                .headers_mut()
                .insert(name, value.parse().expect("a value"));
        }
        let (socket, _) = match connect_async(request).await {
            Ok(connected) => connected,
            Err(Error::Http(response)) => return Err(response.status().as_u16()),
            Err(_) => return Err(0),
        };
        Ok(Live {
            socket,
            greeting: Value::Null,
        })
    }

    /// A WebSocket with the bootstrap key.
    pub async fn listener(&self) -> Live {
        let mut live = self.live().await;
        live.authenticate(BOOTSTRAP_KEY).await;
        live
    }

    /// A WebSocket that resumes with these subscriptions; `None` when the server or its database went away before it could.
    pub async fn resumed(&self, subscriptions: &[&str], since: i64, epoch: &str) -> Option<Live> {
        let mut live = self.connect("", &[]).await.ok()?;
        let frames = [
            json!({"type": "authenticate", "token": BOOTSTRAP_KEY}),
            json!({"type": "subscribe_state_updates", "subscriptions": subscriptions, "since": since, "epoch": epoch}),
        ];
        for frame in frames {
            live.try_send(Message::text(frame.to_string())).await.ok()?;
        }
        for expected in ["connected", "authenticated", "subscribed"] {
            match live.heard().await {
                Heard::Frame(frame) if frame["type"] == expected => {}
                // The database went away meanwhile.
                Heard::Frame(frame) if frame["code"] == "unavailable" => return None,
                Heard::Frame(other) => panic!("{other}"),
                Heard::Closed(_) => return None,
            }
        }
        Some(live)
    }

    /// A WebSocket with the bootstrap key and these subscriptions.
    pub async fn subscribed(&self, subscriptions: &[&str]) -> Live {
        let mut live = self.listener().await;
        live.subscribe(subscriptions).await;
        live
    }
}

impl Live {
    pub async fn send(&mut self, frame: Value) {
        self.send_text(&frame.to_string()).await;
    }

    pub async fn send_text(&mut self, text: &str) {
        self.try_send(Message::text(text)).await.expect("sent");
    }

    /// Sends; fails when the connection is gone.
    pub async fn try_send(&mut self, message: Message) -> Result<(), Box<Error>> {
        self.socket.send(message).await.map_err(Box::new)
    }

    /// The next text frame, or the end. The protocol's own pings are answered.
    pub async fn heard(&mut self) -> Heard {
        let next = tokio::time::timeout(DEADLINE, self.next());
        next.await.expect("a frame in time")
    }

    async fn next(&mut self) -> Heard {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    let frame = serde_json::from_str(text.as_str());
                    return Heard::Frame(frame.expect("a frame of JSON"));
                }
                Some(Ok(Message::Close(close))) => {
                    // What the library answers is written by asking for more.
                    let code = close.map(|close| u16::from(close.code));
                    let rest = async { while let Some(Ok(_)) = self.socket.next().await {} };
                    let _ = tokio::time::timeout(Duration::from_secs(10), rest).await;
                    return Heard::Closed(code);
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Heard::Closed(None),
            }
        }
    }

    /// The next frame.
    #[track_caller]
    pub fn frame(&mut self) -> impl Future<Output = Value> + '_ {
        let caller = std::panic::Location::caller();
        async move {
            match self.heard().await {
                Heard::Frame(frame) => frame,
                Heard::Closed(code) => panic!("{caller}: closed with {code:?}"),
            }
        }
    }

    /// The next frame of this type; what came before it.
    pub async fn until(&mut self, kind: &str) -> (Value, Vec<Value>) {
        let mut before = Vec::new();
        loop {
            let frame = self.frame().await;
            if frame["type"] == kind {
                return (frame, before);
            }
            before.push(frame);
        }
    }

    /// Reads to the end; its code.
    pub async fn end(&mut self) -> Option<u16> {
        loop {
            if let Heard::Closed(code) = self.heard().await {
                return code;
            }
        }
    }

    pub async fn authenticate(&mut self, key: &str) -> Value {
        self.send(json!({"type": "authenticate", "token": key}))
            .await;
        let answer = self.frame().await;
        assert_eq!(answer["type"], "authenticated", "{answer}");
        answer
    }

    pub async fn subscribe(&mut self, subscriptions: &[&str]) -> Value {
        self.send(json!({"type": "subscribe_state_updates", "subscriptions": subscriptions}))
            .await;
        self.until("subscribed").await.0
    }

    /// Subscribes from a point in the past.
    pub async fn resume(&mut self, subscriptions: &[&str], since: i64, epoch: &str) -> Value {
        self.send(json!({"type": "subscribe_state_updates", "subscriptions": subscriptions, "since": since, "epoch": epoch}))
            .await;
        self.frame().await
    }

    /// Says `ping`; every event that came before the `pong`.
    pub async fn events(&mut self) -> Vec<Value> {
        self.send(json!({"type": "ping"})).await;
        let (_, before) = self.until("pong").await;
        before
            .into_iter()
            .filter(|frame| frame.get("prev").is_some())
            .collect()
    }

    /// Events until one with this number, which is the last; panics on a number beyond it.
    pub async fn upto(&mut self, seq: i64) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let frame = self.frame().await;
            let Some(at) = frame["seq"]
                .as_i64()
                .filter(|_| frame.get("prev").is_some())
            else {
                continue;
            };
            assert!(at <= seq, "{at} after {seq}");
            events.push(frame);
            if at == seq {
                return events;
            }
        }
    }

    /// Gives up the connection without a word.
    pub fn cut(self) {
        drop(self);
    }
}
