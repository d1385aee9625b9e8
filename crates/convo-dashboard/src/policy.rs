//! What a browser may load and run.
//!
//! Source: Content Security Policy Level 3.

/// Of every page: files of this server only, no inline script, no inline style, nobody's frame.
pub const PAGE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Of a mail's own HTML: an origin of its own, nothing runs, nothing is loaded, no form, no link leads anywhere; only
/// its styles and the pictures it carries itself. Our own pages may frame it.
pub const MAIL: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_run_nothing_inline_and_mail_runs_nothing() {
        assert!(!PAGE.contains("unsafe") && !PAGE.contains("http") && !PAGE.contains('*'));
        assert!(MAIL.ends_with("; sandbox") && !MAIL.contains("script") && !MAIL.contains("http"));
        assert!(MAIL.starts_with("default-src 'none'") && PAGE.starts_with("default-src 'none'"));
    }
}
