//! What came back, with its assertions.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// A whole answer of the server.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Method and path asked.
    pub request: String,
    /// HTTP status.
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// A header's value; empty when absent.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// The JSON of an answer with exactly this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}\n{}", self.request, self.text());
        self.json()
    }

    /// The JSON of a 200.
    #[track_caller]
    pub fn ok(&self) -> Value {
        self.expect(200)
    }

    /// The problem document of a refusal with this status and code, its form checked.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let problem = self.expect(status);
        let said = format!("{}\n{}", self.request, self.text());
        assert!(
            self.header("content-type")
                .starts_with("application/problem+json"),
            "{said}"
        );
        assert_eq!(problem["code"], code, "{said}");
        assert_eq!(problem["status"], status, "{said}");
        for field in ["type", "title", "detail", "requestId"] {
            assert!(problem[field].is_string(), "no {field}: {said}");
        }
        assert_eq!(problem["requestId"], self.header("x-request-id"), "{said}");
        problem
    }
}
