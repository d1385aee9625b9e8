//! Small pages for people who follow a signed link: no script, nothing from elsewhere, no word about the person.

use std::fmt::Write as _;
use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// What a page says; all of it is text of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// BCP 47 tag of the language.
    pub language: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// What it says.
    pub text: &'static str,
    /// What a button says that posts to the same address.
    pub button: Option<&'static str>,
}

const STYLE: &str = "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem;color:#222;background:#fff}\
button{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:.4rem;background:#1a4f8b;color:#fff;cursor:pointer}";

/// Only the style above, by its digest, and a form that posts to where it came from.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let digest = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
});

impl Page {
    /// The page as an answer.
    #[must_use]
    pub fn answer(&self) -> HttpResponse {
        HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .insert_header((header::CONTENT_SECURITY_POLICY, POLICY.as_str()))
            .insert_header(("X-Robots-Tag", "noindex, nofollow"))
            .body(self.html())
    }

    fn html(&self) -> String {
        let (title, text) = (escaped(self.title), escaped(self.text));
        let mut html = format!(
            "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p>{text}</p>\n",
            self.language
        );
        if let Some(button) = self.button {
            // The field is the one mail programs post (RFC 8058).
            let _ = write!(
                html,
                "<form method=\"post\">\n<input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\">\n\
                 <button type=\"submit\">{}</button>\n</form>\n",
                escaped(button)
            );
        }
        html.push_str("</main>\n</body>\n</html>\n");
        html
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_runs_nothing_and_loads_nothing() {
        let page = Page {
            language: "en",
            title: "A & B",
            text: "<script>",
            button: Some("Go"),
        };
        let html = page.html();
        assert!(html.contains("A &amp; B") && html.contains("&lt;script&gt;"));
        for word in ["<script", "http:", "https:", "//", "href", "src="] {
            assert!(!html.contains(word), "{word}");
        }
        assert!(html.contains("<form method=\"post\">"));
        let silent = Page {
            button: None,
            ..page
        };
        assert!(!silent.html().contains("<form"));
        let answer = page.answer();
        let policy = answer.headers().get("content-security-policy");
        let policy = policy
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
        assert!(!policy.contains("unsafe"));
    }
}
