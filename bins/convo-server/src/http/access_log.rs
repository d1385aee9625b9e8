//! One line for each request: method, route, status and time; nothing the client wrote.

use std::time::Duration;

use actix_web::http::{Method, StatusCode};

/// The route of requests no template fits.
pub const NO_ROUTE: &str = "unmatched";

/// What is known of a request once it is answered.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The method; an invented one is `OTHER`.
    pub method: &'static str,
    /// The template of the route, never the path itself.
    pub route: String,
    /// The status.
    pub status: StatusCode,
    /// From the head of the request to the head of the answer.
    pub took: Duration,
}

/// The method as a label: methods a client invents are one value.
#[must_use]
pub fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

/// Writes the line; probes only at `debug`.
pub fn write(answered: &Answered) {
    let probe = matches!(answered.route.as_str(), "/healthz" | "/readyz" | "/metrics");
    let level = if probe {
        log::Level::Debug
    } else {
        log::Level::Info
    };
    log::log!(
        target: "convo_server::access",
        level,
        method = answered.method,
        route = answered.route.as_str(),
        status = answered.status.as_u16(),
        durationMs = answered.took.as_micros() as f64 / 1_000.0;
        "request"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invented_methods_share_a_label() {
        assert_eq!(method_label(&Method::PATCH), "PATCH");
        assert_eq!(method_label(&Method::TRACE), "OTHER");
        assert!(Method::from_bytes(b"BREW").is_ok_and(|brew| method_label(&brew) == "OTHER"));
    }
}
