//! A lean HTTP/1.1 client: one kept connection, whole requests written, answers read by their length.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection.
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What came back.
pub struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Client {
    pub async fn connect(to: SocketAddr) -> Client {
        let stream = TcpStream::connect(to).await.expect("the server listens");
        stream.set_nodelay(true).expect("TCP_NODELAY");
        Client {
            stream,
            buffer: Vec::with_capacity(8192),
        }
    }

    /// Sends a request and waits for the whole answer.
    pub async fn call(&mut self, request: &[u8]) -> Reply {
        self.stream.write_all(request).await.expect("written");
        self.buffer.clear();
        let (head, length) = loop {
            let read = self.stream.read_buf(&mut self.buffer).await.expect("read");
            assert!(read > 0, "the server closed a kept connection");
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break (end + 4, content_length(&self.buffer[..end]));
            }
        };
        while self.buffer.len() < head + length {
            let read = self.stream.read_buf(&mut self.buffer).await.expect("read");
            assert!(read > 0, "the server closed within an answer");
        }
        let status = std::str::from_utf8(&self.buffer[9..12]).expect("a status");
        Reply {
            status: status.parse().expect("a status"),
            body: self.buffer[head..].to_vec(),
        }
    }
}

impl Reply {
    /// The JSON of a 2xx answer.
    #[track_caller]
    pub fn ok(&self) -> serde_json::Value {
        let text = String::from_utf8_lossy(&self.body);
        assert!((200..300).contains(&self.status), "{} {text}", self.status);
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// A whole request.
pub fn request(method: &str, path: &str, key: Option<&str>, media: &str, body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: bench\r\n");
    if let Some(key) = key {
        head.push_str(&format!("Authorization: Bearer {key}\r\n"));
    }
    if !body.is_empty() {
        head.push_str(&format!(
            "Content-Type: {media}\r\nContent-Length: {}\r\n",
            body.len()
        ));
    }
    head.push_str("\r\n");
    let mut whole = head.into_bytes();
    whole.extend_from_slice(body);
    whole
}

fn find(within: &[u8], what: &[u8]) -> Option<usize> {
    within.windows(what.len()).position(|part| part == what)
}

fn content_length(head: &[u8]) -> usize {
    const NAME: &[u8] = b"\r\ncontent-length:";
    let at = head
        .windows(NAME.len())
        .position(|part| part.eq_ignore_ascii_case(NAME));
    let rest = &head[at.expect("a length") + NAME.len()..];
    let line = rest.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let digits = std::str::from_utf8(line).expect("a length").trim();
    digits.parse().expect("a length")
}
