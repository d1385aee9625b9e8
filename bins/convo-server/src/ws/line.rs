//! Messages over a socket. While nothing is under way it keeps no buffer.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_http::ws::{CloseReason, OpCode, Parser};
use actix_web::rt::net::TcpStream;
use actix_web::web::{Buf as _, BytesMut, Payload};
use futures_util::{FutureExt as _, StreamExt as _};
use socket2::SockRef;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::sync::oneshot;

use super::leave::Leave;

/// Largest frame and largest message of a client in bytes.
const MESSAGE_BYTES: usize = 64 << 10;
/// Read at once; what clients say is short.
const READ_BYTES: usize = 4 << 10;

/// A WebSocket's connection.
pub(super) struct Line {
    stream: TcpStream,
    /// What came and is no whole frame yet.
    came: BytesMut,
    /// A message of which pieces came.
    pieces: Option<Box<Pieces>>,
    /// Bytes of a frame that is too large and still coming.
    skip: u64,
    /// What has been said and the system has not taken.
    waiting: BytesMut,
    /// What came was no frame: where the next one begins cannot be told.
    lost: bool,
}

struct Pieces {
    kind: OpCode,
    whole: BytesMut,
}

/// What a client says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Text(String),
    Binary,
    Ping(BytesMut),
    Pong,
    Close(Option<CloseReason>),
}

impl Line {
    /// A line over a socket.
    pub fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            came: BytesMut::new(),
            pieces: None,
            skip: 0,
            waiting: BytesMut::new(),
            lost: false,
        }
    }

    /// The line over a socket that HTTP hands over, with what it has read of it too early; `None` when it is gone.
    pub async fn inherit(taken: oneshot::Receiver<TcpStream>, mut early: Payload) -> Option<Self> {
        let mut line = Self::new(taken.await.ok()?);
        while let Some(Some(Ok(bytes))) = early.next().now_or_never() {
            line.came.extend_from_slice(&bytes);
        }
        Some(line)
    }

    /// Puts a text behind what waits.
    pub fn text(&mut self, text: &str) {
        Parser::write_message(&mut self.waiting, text, OpCode::Text, true, false);
    }

    /// Puts a ping of the protocol behind what waits.
    pub fn ping(&mut self) {
        Parser::write_message(&mut self.waiting, b"", OpCode::Ping, true, false);
    }

    /// Puts the answer to a ping of the protocol behind what waits.
    pub fn pong(&mut self, data: &[u8]) {
        Parser::write_message(&mut self.waiting, data, OpCode::Pong, true, false);
    }

    /// Puts the last frame behind what waits.
    pub fn close(&mut self, reason: Option<CloseReason>) {
        Parser::write_close(&mut self.waiting, reason, false);
    }

    /// Bytes that wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Gives the system what it takes; ready once that is all.
    ///
    /// # Errors
    /// [`Leave::Gone`]
    pub fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Leave>> {
        while self.waiting.has_remaining() {
            let written = Pin::new(&mut self.stream).poll_write(context, &self.waiting);
            match ready!(written) {
                Ok(bytes) if bytes > 0 => self.waiting.advance(bytes),
                _ => return Poll::Ready(Err(Leave::Gone)),
            }
        }
        self.waiting = BytesMut::new();
        Poll::Ready(Ok(()))
    }

    /// The next message.
    ///
    /// # Errors
    /// Why the connection must end.
    pub fn poll_hear(&mut self, context: &mut Context<'_>) -> Poll<Result<Heard, Leave>> {
        loop {
            if let Some(heard) = self.next()? {
                return Poll::Ready(Ok(heard));
            }
            if ready!(self.poll_more(context)).unwrap_or(0) == 0 {
                return Poll::Ready(Err(Leave::Gone));
            }
        }
    }

    /// Reads what comes and forgets it until the client has said goodbye or is gone.
    pub fn poll_farewell(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while !self.lost {
            match ready!(self.poll_hear(context)) {
                Ok(Heard::Close(_)) | Err(Leave::Gone) => return Poll::Ready(()),
                Ok(_) => {}
                Err(Leave::TOO_LARGE) => self.pieces = None,
                Err(_) => self.lost = true,
            }
        }
        // It sees the end of what we say, and ends what it says.
        let _ = ready!(Pin::new(&mut self.stream).poll_shutdown(context));
        while ready!(self.poll_more(context)).unwrap_or(0) > 0 {
            self.came.clear();
        }
        Poll::Ready(())
    }

    /// Closes the connection, and what the system holds for a client that does not take it goes too.
    pub fn cut(self) {
        // Nothing to be done where it is closed already.
        let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }

    fn poll_more(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut bytes = [MaybeUninit::uninit(); READ_BYTES];
        let mut buffer = ReadBuf::uninit(&mut bytes);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
        self.came.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    }

    /// The next message of what came.
    fn next(&mut self) -> Result<Option<Heard>, Leave> {
        loop {
            let skipped = self
                .came
                .len()
                .min(usize::try_from(self.skip).unwrap_or(usize::MAX));
            self.came.advance(skipped);
            self.skip -= skipped as u64;
            if let Some(announced) =
                announced(&self.came).filter(|one| one.payload > MESSAGE_BYTES as u64)
            {
                self.skip = announced.payload.saturating_add(announced.head);
                return Err(Leave::TOO_LARGE);
            }
            let Ok(frame) = Parser::parse(&mut self.came, true, MESSAGE_BYTES) else {
                self.lost = true;
                return Err(Leave::PROTOCOL);
            };
            let Some((last, kind, payload)) = frame else {
                if self.came.is_empty() {
                    self.came = BytesMut::new();
                }
                return Ok(None);
            };
            if let Some(heard) = self.gather(last, kind, payload.unwrap_or_default())? {
                return Ok(Some(heard));
            }
        }
    }

    /// Puts the pieces of a message together; frames of control may come between them.
    fn gather(
        &mut self,
        last: bool,
        kind: OpCode,
        payload: BytesMut,
    ) -> Result<Option<Heard>, Leave> {
        match (kind, last, self.pieces.take()) {
            (OpCode::Text | OpCode::Binary, true, None) => whole(kind, payload).map(Some),
            (OpCode::Text | OpCode::Binary, false, None) => {
                let whole = payload;
                self.pieces = Some(Box::new(Pieces { kind, whole }));
                Ok(None)
            }
            (OpCode::Continue, _, Some(mut pieces)) => {
                if pieces.whole.len() + payload.len() > MESSAGE_BYTES {
                    return Err(Leave::TOO_LARGE);
                }
                pieces.whole.extend_from_slice(&payload);
                if last {
                    return whole(pieces.kind, pieces.whole).map(Some);
                }
                self.pieces = Some(pieces);
                Ok(None)
            }
            (OpCode::Ping | OpCode::Pong | OpCode::Close, true, pieces) => {
                self.pieces = pieces;
                control(kind, payload).map(Some)
            }
            _ => Err(Leave::PROTOCOL),
        }
    }
}

fn whole(kind: OpCode, payload: BytesMut) -> Result<Heard, Leave> {
    if kind == OpCode::Binary {
        return Ok(Heard::Binary);
    }
    let text = String::from_utf8(payload.into());
    text.map(Heard::Text).map_err(|_| Leave::NOT_UTF8)
}

fn control(kind: OpCode, payload: BytesMut) -> Result<Heard, Leave> {
    match kind {
        OpCode::Ping => Ok(Heard::Ping(payload)),
        OpCode::Pong => Ok(Heard::Pong),
        _ => {
            let reason = Parser::try_parse_close_payload(&payload);
            reason.map(Heard::Close).map_err(|_| Leave::PROTOCOL)
        }
    }
}

/// The sizes a frame announces: it is refused before it has come.
struct Announced {
    head: u64,
    payload: u64,
}

fn announced(frame: &[u8]) -> Option<Announced> {
    const MASK: u64 = 4;
    let (head, payload) = match frame.get(1)? & 0x7f {
        126 => {
            let length = frame.get(2..4)?.try_into().ok()?;
            (4, u64::from(u16::from_be_bytes(length)))
        }
        127 => {
            let length = frame.get(2..10)?.try_into().ok()?;
            (10, u64::from_be_bytes(length))
        }
        short => (2, u64::from(short)),
    };
    Some(Announced {
        head: head + MASK,
        payload,
    })
}

#[cfg(test)]
mod tests;
