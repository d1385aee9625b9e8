//! Where a link leads, told behind its words when they do not say it.

use super::entities;

/// The longest address shown, in bytes; longer ones are tracking, not reading.
const LONGEST: usize = 300;

/// What to add behind the words of a link: ` <https://…>`, or nothing.
pub(super) fn note(href: &str, words: &str) -> Option<String> {
    if href.is_empty() || href.len() > LONGEST {
        return None;
    }
    let mut target = String::with_capacity(href.len());
    entities::decode(href.trim(), &mut target);
    let words = words.trim();
    let lower = target.to_ascii_lowercase();
    let shown = if let Some(address) = scheme(&target, &lower, "mailto:") {
        address.split('?').next().unwrap_or(address)
    } else if let Some(number) = scheme(&target, &lower, "tel:") {
        // a number is nearly always what the words say, with other spaces
        if words.bytes().any(|b| b.is_ascii_digit()) {
            return None;
        }
        number
    } else if lower.starts_with("http://") || lower.starts_with("https://") {
        target.as_str()
    } else {
        return None;
    };
    let is_said =
        words.is_empty() || shown.is_empty() || core(words) == core(shown) || words.contains(shown);
    (!is_said && !shown.contains(char::is_whitespace)).then(|| format!(" <{shown}>"))
}

fn scheme<'a>(target: &'a str, lower: &str, scheme: &str) -> Option<&'a str> {
    lower
        .starts_with(scheme)
        .then(|| target.get(scheme.len()..))
        .flatten()
}

/// An address without scheme, `www.` and slash at the end, to compare by.
fn core(address: &str) -> String {
    let lower = address.to_ascii_lowercase();
    let bare = lower
        .strip_prefix("https://")
        .or_else(|| lower.strip_prefix("http://"))
        .unwrap_or(&lower);
    bare.strip_prefix("www.")
        .unwrap_or(bare)
        .trim_end_matches('/')
        .to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn notes() {
        let check = |href: &str, words: &str, expected: Option<&str>| {
            assert_eq!(note(href, words).as_deref(), expected)
        };
        check(
            "https://example.com/a?b=1&amp;c=2",
            "our offer",
            Some(" <https://example.com/a?b=1&c=2>"),
        );
        check("https://www.example.com/", "example.com", None);
        check(
            "mailto:ann@example.com?subject=x",
            "Ann",
            Some(" <ann@example.com>"),
        );
        check("mailto:ann@example.com", "ann@example.com", None);
        check("tel:+4930123", "030 123", None);
        check("javascript:alert(1)", "x", None);
        check("#top", "up", None);
        check("https://example.com", "", None);
        check("http://example.com/", "us", Some(" <http://example.com/>"));
        check("tel:+4930123", "call us", Some(" <+4930123>"));
        check("", "us", None);
        check("https://example.com/a b", "us", None);
        let long = |len: usize| format!("https://example.com/{}", "a".repeat(len - 20));
        check(&long(300), "us", Some(&format!(" <{}>", long(300))));
        check(&long(301), "us", None);
        check(&long(400), "us", None);
    }
}
