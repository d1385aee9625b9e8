//! What a browser may load and run.
//!
//! Source: Content Security Policy Level 3.

/// Of every page: files of this server only, no inline script, no inline style, nobody's frame.
pub const PAGE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Of a mail's own HTML: an origin of its own, nothing runs, nothing is loaded, no form, no link leads anywhere; only
/// its styles and the pictures it carries itself. Our own pages may frame it.
pub const MAIL: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox";

/// Elements of a mail that say what to fetch, or where to: no policy keeps a browser from connecting to the host that a
/// `link` of kind `preconnect` names, and that tells its sender when the mail is looked at.
const HINTS: [&str; 3] = ["link", "meta", "base"];

/// A mail's HTML with those elements renamed, so that they mean nothing.
#[must_use]
pub fn without_hints(html: &str) -> String {
    let mut pieces = html.split('<');
    let mut text = String::with_capacity(html.len() + 16);
    text.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let hints = HINTS.iter().any(|name| {
            let start = piece.get(..name.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(name))
        });
        text.push_str(if hints { "<x-" } else { "<" });
        text.push_str(piece);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_run_nothing_inline_and_mail_runs_nothing() {
        assert!(!PAGE.contains("unsafe") && !PAGE.contains("http") && !PAGE.contains('*'));
        assert!(MAIL.ends_with("; sandbox") && !MAIL.contains("script") && !MAIL.contains("http"));
        assert!(MAIL.starts_with("default-src 'none'") && PAGE.starts_with("default-src 'none'"));
    }

    #[test]
    fn what_hints_at_a_host_means_nothing() {
        for (html, expected) in [
            ("", ""),
            ("<p>a < b", "<p>a < b"),
            (
                "<link rel=preconnect href=https://x>y",
                "<x-link rel=preconnect href=https://x>y",
            ),
            (
                "a<LiNk/rel=x><META a><base>",
                "a<x-LiNk/rel=x><x-META a><x-base>",
            ),
            ("<lin", "<lin"),
            ("<ä<<link", "<ä<<x-link"),
        ] {
            assert_eq!(without_hints(html), expected);
        }
    }
}
