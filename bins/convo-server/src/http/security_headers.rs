//! Headers every answer carries.

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Pages of the documentation load their own scripts and styles, nothing from elsewhere.
const DOCS_POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/// Everything else is data, never a page.
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

const ALWAYS: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Adds the headers to an answer; those a handler has set stay.
pub fn add(headers: &mut HeaderMap, path: &str) {
    let docs = path == "/docs" || path.starts_with("/docs/");
    for (name, value) in ALWAYS {
        set(headers, name, value);
    }
    set(
        headers,
        header::CONTENT_SECURITY_POLICY,
        if docs { DOCS_POLICY } else { DATA_POLICY },
    );
    if !docs {
        set(headers, header::CACHE_CONTROL, "no-store");
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    if !headers.contains_key(&name) {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_never_a_page() {
        let mut headers = HeaderMap::new();
        add(&mut headers, "/api/leads");
        assert_eq!(headers.len(), 6);
        assert!(
            headers
                .get("content-security-policy")
                .is_some_and(|v| v == DATA_POLICY)
        );
    }

    #[test]
    fn a_handlers_own_header_stays() {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("max-age=60"),
        );
        add(&mut headers, "/api/leads");
        assert!(
            headers
                .get("cache-control")
                .is_some_and(|v| v == "max-age=60")
        );
        add(&mut headers, "/docs/");
        assert_eq!(headers.len(), 6);
    }
}
