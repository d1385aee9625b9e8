//! One connection: a task that hears frames, sends events, and ends.
//!
//! Thousands of these wait most of the time, so that the state in which they wait is kept small: what happens rarely is
//! a future of its own, in a box.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use actix_web::rt::time::{Instant, Sleep, sleep, sleep_until};
use convo_app::AppError;
use convo_app::live::{End, Event, Next, Stream};
use convo_app::wire;
use convo_store::Head;
use serde_json::json;

use super::leave::Leave;
use super::line::{Heard, Line};
use super::{Sockets, meters};
use crate::auth::{Authenticator, Caller, Gate};
use crate::{clock, ids};

/// To say who one is.
const AUTHENTICATE_WITHIN: Duration = Duration::from_secs(10);
/// Pings without any sign of life after which the client is gone.
const MISSED_PINGS: u32 = 2;
/// A client that takes nothing for so long does not read.
const STALLED: Duration = Duration::from_secs(10);
/// For a client to take our close frame and answer it.
const FAREWELL: Duration = Duration::from_secs(5);
/// The same while the process is stopping: it does not wait for those who do not read.
const SHORT_FAREWELL: Duration = Duration::from_millis(500);
/// Events are handed to the system when so many bytes have gathered.
const WRITE_BYTES: usize = 64 << 10;

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
    pub line: Line,
    pub stream: Stream,
    pub sockets: Arc<Sockets>,
    pub authenticator: Arc<Authenticator>,
    pub gate: Arc<Gate>,
    pub client: IpAddr,
    /// Whether it may read; nothing before it has said who it is.
    pub reads: Option<bool>,
    /// Number of the event frame before.
    pub prev: i64,
    /// Wrong frames in a row.
    pub wrong: u32,
    /// Pings without an answer.
    pub silent: u32,
}

/// What is not an event.
enum Rare {
    Heard(Heard),
    /// The client has not said in time who it is, or a ping is due.
    Due,
    Ended(Result<Next, AppError>),
}

impl Socket {
    /// Greets the client and serves it until it goes or must go.
    pub async fn run(mut self, admitted: Admitted, head: Head) {
        let _open = meters::Open::begin();
        let begun = Box::pin(self.begin(admitted, head)).await;
        let Err(leave) = match begun {
            Ok(()) => self.serve().await,
            Err(leave) => Err(leave),
        };
        meters::closed(leave.reason());
        Box::pin(self.part(leave)).await;
    }

    async fn begin(&mut self, admitted: Admitted, head: Head) -> Result<(), Leave> {
        let greeting = json!({"type": "connected", "clientId": ids::new_id(), "epoch": head.epoch, "seq": head.seq, "timestamp": now()});
        self.line.text(&greeting.to_string());
        match admitted {
            Admitted::As(caller) => self.admit(&caller).await,
            Admitted::NotYet => self.flush().await,
            Admitted::Not => Err(self.refuse().await),
        }
    }

    async fn serve(&mut self) -> Result<Infallible, Leave> {
        let mut due = std::pin::pin!(sleep(AUTHENTICATE_WITHIN));
        if self.reads.is_some() {
            self.ping_later(due.as_mut());
        }
        loop {
            let rare = tokio::select! {
                next = self.stream.next() => match next {
                    Ok(Next::Events(events)) => {
                        self.tell(&events).await?;
                        continue;
                    }
                    ended => Rare::Ended(ended),
                },
                heard = poll_fn(|context| self.line.poll_hear(context)) => Rare::Heard(heard?),
                () = &mut due => Rare::Due,
            };
            Box::pin(self.attend(rare, due.as_mut())).await?;
        }
    }

    /// Sends events: as many as fit in one write.
    async fn tell(&mut self, events: &[Arc<Event>]) -> Result<(), Leave> {
        for event in events {
            self.line.text(&event.frame(self.prev));
            self.prev = event.seq;
            if self.line.waiting() >= WRITE_BYTES {
                self.flush().await?;
            }
        }
        self.sockets.count_sent(events.len());
        self.flush().await
    }

    async fn attend(&mut self, rare: Rare, due: Pin<&mut Sleep>) -> Result<(), Leave> {
        match rare {
            Rare::Heard(heard) => {
                self.silent = 0;
                let known = self.reads.is_some();
                self.heard(heard).await?;
                if !known && self.reads.is_some() {
                    self.ping_later(due);
                }
                Ok(())
            }
            Rare::Due if self.reads.is_none() => Err(self.refuse().await),
            Rare::Due => {
                self.silent += 1;
                if self.silent > MISSED_PINGS {
                    return Err(Leave::NO_ANSWER);
                }
                self.ping_later(due);
                self.ping().await
            }
            Rare::Ended(Ok(Next::End(end))) => Err(Leave::end(end)),
            Rare::Ended(Ok(Next::Events(_) | Next::Lagging)) => Err(Leave::LAGGING),
            Rare::Ended(Err(error)) => {
                log::warn!("a replay failed: {error}");
                Err(Leave::UNAVAILABLE)
            }
        }
    }

    fn ping_later(&self, due: Pin<&mut Sleep>) {
        due.reset(Instant::now() + self.sockets.settings.ping_every);
    }

    /// Says how far it is, and asks the client's end for a sign of life.
    async fn ping(&mut self) -> Result<(), Leave> {
        let ping = json!({"type": "ping", "last": self.stream.considered(), "timestamp": now()});
        self.line.text(&ping.to_string());
        self.line.ping();
        self.flush().await
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: &serde_json::Value) -> Result<(), Leave> {
        self.line.text(&frame.to_string());
        self.flush().await
    }

    /// Hands over what waits, unless the client must go meanwhile or takes nothing.
    pub async fn flush(&mut self) -> Result<(), Leave> {
        let line = &mut self.line;
        match poll_fn(|context| Poll::Ready(line.poll_flush(context))).await {
            Poll::Ready(flushed) => flushed,
            Poll::Pending => Box::pin(self.drain()).await,
        }
    }

    /// Waits for a client that takes less than comes.
    async fn drain(&mut self) -> Result<(), Leave> {
        let (line, listener) = (&mut self.line, self.stream.listener());
        let mut stalled = std::pin::pin!(sleep(STALLED));
        loop {
            let waiting = line.waiting();
            let progress = poll_fn(|context| match line.poll_flush(context) {
                Poll::Pending if line.waiting() < waiting => Poll::Ready(Ok(false)),
                flushed => flushed.map_ok(|()| true),
            });
            tokio::select! {
                biased;
                flushed = progress => match flushed? {
                    true => return Ok(()),
                    false => stalled.as_mut().reset(Instant::now() + STALLED),
                },
                () = listener.rung() => {
                    if let Some(end) = listener.ended() {
                        return Err(Leave::end(end));
                    }
                }
                () = &mut stalled => return Err(Leave::LAGGING),
            }
        }
    }

    /// Says goodbye and gives the client time to hear it; then the connection is cut.
    async fn part(self, leave: Leave) {
        let Self {
            stream, mut line, ..
        } = self;
        let stopping = stream.listener().ended() == Some(End::GoingAway);
        let within = if stopping { SHORT_FAREWELL } else { FAREWELL };
        // Out of the hub now: nothing is kept for one that goes.
        drop(stream);
        let answered = matches!(leave, Leave::Closed(_));
        let Some(reason) = leave.farewell() else {
            return;
        };
        let deadline = Instant::now() + within;
        line.close(reason);
        let farewell = async {
            let said = poll_fn(|context| line.poll_flush(context)).await;
            if said.is_ok() && !answered {
                poll_fn(|context| line.poll_farewell(context)).await;
            }
        };
        tokio::select! {
            () = farewell => {}
            () = sleep_until(deadline) => line.cut(),
        }
    }
}

pub(super) fn now() -> String {
    wire::time(clock::now())
}
