//! A lean WebSocket client: frames are told apart by their heads and counted, not parsed.

use std::cell::RefCell;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Poll, ready};

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};

use convo_tests::BOOTSTRAP_KEY;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; 64 << 10]);
}

/// A connection to `/ws` with its subscriptions.
pub struct Reader {
    stream: TcpStream,
    buffer: Vec<u8>,
    at: usize,
}

impl Reader {
    /// Connects and subscribes; with a small receive buffer the system takes little for it.
    pub async fn connect(to: SocketAddr, subscriptions: &[&str], small: bool) -> Reader {
        let socket = TcpSocket::new_v4().expect("a socket");
        if small {
            socket.set_recv_buffer_size(4_096).expect("a size");
        }
        let mut stream = socket.connect(to).await.expect("the server listens");
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: {to}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nAuthorization: Bearer {BOOTSTRAP_KEY}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("written");
        let mut reader = Reader {
            stream,
            buffer: Vec::new(),
            at: 0,
        };
        reader.head().await;
        let frame = json!({"type": "subscribe_state_updates", "subscriptions": subscriptions});
        reader.say(&frame).await;
        // connected, authenticated, subscribed
        for _ in 0..3 {
            reader.frame().await;
        }
        reader
    }

    async fn head(&mut self) {
        loop {
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                assert!(self.buffer.starts_with(b"HTTP/1.1 101"), "an upgrade");
                self.at = end + 4;
                return;
            }
            self.more().await;
        }
    }

    async fn say(&mut self, frame: &Value) {
        let text = frame.to_string();
        // A mask of zeroes leaves the text as it is.
        let mut bytes = vec![0x81];
        match u8::try_from(text.len()) {
            Ok(short @ ..126) => bytes.push(0x80 | short),
            _ => {
                bytes.push(0x80 | 126);
                bytes.extend_from_slice(&(text.len() as u16).to_be_bytes());
            }
        }
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(text.as_bytes());
        self.stream.write_all(&bytes).await.expect("written");
    }

    /// Waits for a text frame.
    pub async fn frame(&mut self) {
        loop {
            match self.whole() {
                Some(true) => return,
                Some(false) => {}
                None => self.more().await,
            }
        }
    }

    /// Steps over a frame if it is there as a whole; whether it was a text.
    fn whole(&mut self) -> Option<bool> {
        let rest = &self.buffer[self.at..];
        let (first, second) = (*rest.first()?, *rest.get(1)?);
        let (head, length) = match second & 0x7f {
            126 => (
                4,
                u16::from_be_bytes(rest.get(2..4)?.try_into().ok()?) as usize,
            ),
            127 => (
                10,
                u64::from_be_bytes(rest.get(2..10)?.try_into().ok()?) as usize,
            ),
            short => (2, short as usize),
        };
        let payload = rest.get(head..head + length)?;
        assert!(
            first & 0x0f != 8,
            "closed: {}",
            String::from_utf8_lossy(payload)
        );
        self.at += head + length;
        if self.at == self.buffer.len() {
            self.buffer = Vec::new();
            self.at = 0;
        }
        Some(first & 0x0f == 1)
    }

    /// Reads what there is into one buffer of the thread and keeps what is no whole frame yet: thousands of readers
    /// share the load's memory.
    async fn more(&mut self) {
        self.buffer.drain(..self.at);
        self.at = 0;
        let (stream, kept) = (&mut self.stream, &mut self.buffer);
        poll_fn(|context| {
            SCRATCH.with_borrow_mut(|scratch| {
                let mut buffer = ReadBuf::new(scratch);
                ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer)).expect("read");
                assert!(
                    !buffer.filled().is_empty(),
                    "the server closed the connection"
                );
                kept.extend_from_slice(buffer.filled());
                Poll::Ready(())
            })
        })
        .await;
    }
}
