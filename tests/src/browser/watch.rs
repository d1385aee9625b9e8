//! What pages complain of, and what they ask for, by the browser's own logs.

use reqwest::Method;
use serde_json::{Value, json};
use thirtyfour::common::command::FormatRequestData;
use thirtyfour::{RequestData, SessionId, WebDriver};

/// The logs that are read: of the console, and of the network.
pub const LOGS: [&str; 2] = ["browser", "performance"];

/// Chromedriver's own command for its logs.
#[derive(Debug)]
struct GetLog(&'static str);

impl FormatRequestData for GetLog {
    fn format_request(&self, session: &SessionId) -> RequestData {
        RequestData::new(Method::POST, format!("/session/{session}/se/log"))
            .add_body(json!({"type": self.0}))
    }
}

/// The lines logged since the last time, each with `level` and `message`.
pub async fn entries(driver: &WebDriver, kind: &'static str) -> Vec<Value> {
    let answer = driver.cmd(GetLog(kind)).await;
    answer
        .and_then(|answer| answer.value())
        .unwrap_or_else(|cause| panic!("the {kind} log: {cause}"))
}

/// What was read so far.
pub struct Watch {
    base: String,
    tolerated: Vec<String>,
    errors: Vec<String>,
    /// Id and address.
    requests: Vec<(String, String)>,
}

impl Watch {
    /// Over pages of this server.
    pub fn over(base: &str) -> Watch {
        Watch {
            base: base.to_owned(),
            tolerated: Vec::new(),
            errors: Vec::new(),
            requests: Vec::new(),
        }
    }

    pub fn tolerate(&mut self, words: &str) {
        self.tolerated.push(words.to_owned());
    }

    /// Every address asked for.
    pub fn requests(&self) -> Vec<String> {
        self.requests.iter().map(|(_, url)| url.clone()).collect()
    }

    /// Takes in what a log of this kind said.
    pub fn read(&mut self, kind: &str, entries: &[Value]) {
        for entry in entries {
            let message = entry["message"].as_str().unwrap_or_default();
            if kind == "performance" {
                self.hear(message);
            } else if entry["level"] == "SEVERE" {
                self.errors.push(message.to_owned());
            }
        }
    }

    /// Takes in an event of the network: a new request, or one that the page's policy has stopped before it was sent.
    fn hear(&mut self, message: &str) {
        let event: Value = serde_json::from_str(message).unwrap_or_default();
        let (event, what) = (&event["message"], &event["message"]["params"]);
        let id = what["requestId"].as_str().unwrap_or_default();
        match event["method"].as_str() {
            Some("Network.loadingFailed") if what["blockedReason"].is_string() => {
                self.requests.retain(|(other, _)| other != id);
            }
            Some("Network.requestWillBeSent") => self.ask(id, &what["request"]["url"]),
            Some("Network.webSocketCreated") => self.ask(id, &what["url"]),
            _ => {}
        }
    }

    fn ask(&mut self, id: &str, url: &Value) {
        let url = url.as_str().unwrap_or_default();
        self.requests.push((id.to_owned(), url.to_owned()));
    }

    /// Errors of the console and requests to another host.
    pub fn complaints(&self) -> Vec<String> {
        let errors = self
            .errors
            .iter()
            .filter(|error| !self.tolerated.iter().any(|words| error.contains(words)))
            .map(|error| format!("the console says: {error}"));
        let away = self.requests.iter().filter(|(_, url)| !self.is_own(url));
        errors
            .chain(away.map(|(_, url)| format!("another host was asked: {url}")))
            .collect()
    }

    /// Whether an address is the server's, or stands for itself.
    fn is_own(&self, url: &str) -> bool {
        let own = |base: &str| {
            let rest = url.strip_prefix(base);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
        };
        let itself = ["data:", "blob:", "about:"];
        own(&self.base)
            || own(&self.base.replacen("http", "ws", 1))
            || itself.iter().any(|scheme| url.starts_with(scheme))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_servers_own_addresses_are_own() {
        let watch = Watch::over("http://127.0.0.1:8080");
        for url in [
            "http://127.0.0.1:8080/",
            "http://127.0.0.1:8080?a=1",
            "ws://127.0.0.1:8080/ws",
            "data:image/png;base64,AA",
        ] {
            assert!(watch.is_own(url), "{url}");
        }
        for url in [
            "http://127.0.0.1:80801/",
            "http://127.0.0.1:8080@evil.example/",
            "http://127.0.0.1/",
            "https://127.0.0.1:8080/",
            "http://evil.example/http://127.0.0.1:8080/",
        ] {
            assert!(!watch.is_own(url), "{url}");
        }
    }
}
