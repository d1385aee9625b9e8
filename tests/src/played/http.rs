//! As much of HTTP/1.1 and of multipart forms as a client that posts a mail needs.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::SentMail;

/// A whole request.
pub(super) struct Request {
    /// Method and path.
    pub(super) target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What happens to a request.
pub(super) enum Told {
    /// The connection ends.
    Close,
    /// Nothing is ever said.
    Hang,
    /// It is answered.
    Answer {
        status: u16,
        retry_after: Option<&'static str>,
        body: String,
    },
}

impl Told {
    pub(super) fn text(status: u16, body: &str) -> Told {
        Told::Answer {
            status,
            retry_after: None,
            body: body.to_owned(),
        }
    }

    pub(super) fn message(status: u16, message: &str) -> Told {
        Told::text(status, &json!({"message": message}).to_string())
    }

    /// A mail was taken.
    pub(super) fn queued(id: &str) -> Told {
        let body = json!({"id": format!("<{id}>"), "message": "Queued. Thank you."});
        Told::text(200, &body.to_string())
    }
}

/// The next request on a connection; `None` when there is none.
pub(super) async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = find(&bytes, b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let target = format!("{} {}", first.next()?, first.next()?);
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut request = Request {
        target,
        headers,
        body: bytes.split_off(end + 4),
    };
    let length: usize = request.header("content-length")?.parse().ok()?;
    while request.body.len() < length {
        if stream.read_buf(&mut request.body).await.ok()? == 0 {
            return None;
        }
    }
    Some(request)
}

/// Answers, and keeps the connection.
pub(super) async fn write(
    stream: &mut TcpStream,
    status: u16,
    retry_after: Option<&str>,
    body: &str,
) -> std::io::Result<()> {
    let retry = retry_after.map_or_else(String::new, |text| format!("Retry-After: {text}\r\n"));
    let answer = format!(
        "HTTP/1.1 {status} Played\r\nContent-Type: application/json\r\n{retry}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await
}

/// Waits until the other side ends the connection.
pub(super) async fn wait_for_end(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    while stream.read_buf(&mut rest).await.is_ok_and(|n| n > 0) {
        rest.clear();
    }
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The multipart form, taken apart; `None` when it is none.
    pub(super) fn multipart(&self) -> Option<SentMail> {
        let (_, boundary) = self.header("content-type")?.split_once("boundary=")?;
        let mark = format!("\r\n--{}", boundary.trim_matches('"')).into_bytes();
        // With a line end before it, the first mark is like the others.
        let mut rest = [b"\r\n", self.body.as_slice()].concat();
        let mut mail = SentMail {
            fields: Vec::new(),
            files: Vec::new(),
        };
        rest.drain(..find(&rest, &mark)? + mark.len());
        while rest.starts_with(b"\r\n") {
            let end = find(&rest, &mark)?;
            part(&rest[2..end], &mut mail)?;
            rest.drain(..end + mark.len());
        }
        rest.starts_with(b"--").then_some(mail)
    }
}

fn part(bytes: &[u8], mail: &mut SentMail) -> Option<()> {
    let end = find(bytes, b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let content = &bytes[end + 4..];
    let line = |name: &str| {
        let mut lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
        let found = lines.find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim())
    };
    let disposition = line("content-disposition")?;
    let name = quoted(disposition, "name=\"")?;
    match quoted(disposition, "filename=\"") {
        Some(file) => {
            let media = line("content-type").unwrap_or_default();
            mail.files.push((file, media.to_owned(), content.to_vec()));
        }
        None => {
            let value = String::from_utf8(content.to_vec()).ok()?;
            mail.fields.push((name, value));
        }
    }
    Some(())
}

/// The quoted text after this.
fn quoted(text: &str, after: &str) -> Option<String> {
    // `name="` is found in `filename="` too.
    let place = text.match_indices(after).find(|(at, _)| {
        let before = text[..*at].chars().next_back();
        before.is_none_or(|c| c == ' ' || c == ';')
    });
    let (at, _) = place?;
    let rest = &text[at + after.len()..];
    Some(rest[..rest.find('"')?].to_owned())
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
