//! Where everything goes that a page asks of another host: a proxy that writes it down and lets nothing out.
//!
//! The browser's own log of requests does not know those of a frame that runs by itself, such as one that shows a mail;
//! what goes through here is seen whoever asks.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

/// Whom Chromium asks by itself, at its start and where it sees a form, whatever page is open. A page that asks them is found in its log.
const OF_CHROMIUM: [&str; 6] = [
    "accounts.google.com",
    "content-autofill.googleapis.com",
    "clients2.google.com",
    "update.googleapis.com",
    "optimizationguide-pa.googleapis.com",
    // A field somebody writes in has it fetch a dictionary.
    "redirector.gvt1.com",
];

/// A running proxy.
pub struct Trap {
    port: u16,
    caught: Arc<Mutex<Vec<String>>>,
}

impl Trap {
    /// Starts it on a free port.
    pub async fn start() -> Trap {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let caught = Arc::new(Mutex::new(Vec::new()));
        let book = Arc::clone(&caught);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let book = Arc::clone(&book);
                tokio::spawn(async move {
                    let mut stream = BufReader::new(stream);
                    let mut line = String::new();
                    // Connections made ahead of a need say nothing.
                    if stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
                        if let Some(asked) = foreign(&line) {
                            book.lock().expect("a book").push(asked);
                        }
                        let refusal = b"HTTP/1.1 502 Trapped\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                        let _ = stream.get_mut().write_all(refusal).await;
                    }
                });
            }
        });
        Trap { port, caught }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// What was asked of other hosts so far.
    pub fn caught(&self) -> Vec<String> {
        self.caught.lock().expect("a book").clone()
    }
}

/// The address in a request line (`GET http://host/…`, `CONNECT host:443`) unless Chromium asks by itself.
fn foreign(line: &str) -> Option<String> {
    let target = line.split(' ').nth(1)?.trim();
    let rest = target.split_once("://").map_or(target, |(_, rest)| rest);
    let host = rest.split(['/', ':', '?']).next()?;
    (!OF_CHROMIUM.contains(&host)).then(|| format!("another host was asked: {target}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_chromium_asks_by_itself_passes() {
        let check = |line: &str, expected: Option<&str>| {
            let expected = expected.map(|target| format!("another host was asked: {target}"));
            assert_eq!(foreign(line), expected, "{line}");
        };
        check("CONNECT accounts.google.com:443 HTTP/1.1\r\n", None);
        check(
            "POST http://update.googleapis.com/service/update2 HTTP/1.1\r\n",
            None,
        );
        check(
            "GET http://evil.example/accounts.google.com HTTP/1.1\r\n",
            Some("http://evil.example/accounts.google.com"),
        );
        check(
            "CONNECT fonts.googleapis.com:443 HTTP/1.1",
            Some("fonts.googleapis.com:443"),
        );
    }
}
