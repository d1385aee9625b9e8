//! What stands below an intro line or a header block: it tells where the quote ends.

use super::lines::{LONGEST, Line};
use super::{headers, intro, separators};

/// How the quote below is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Follow<'a> {
    /// With `>` before each line: it ends where they end.
    Marked,
    /// With another prefix before each line: `|`, `#`, `=>`, initials such as `AB>`.
    Prefixed(&'a str),
    /// With a header block, separator or intro line of its own.
    Block,
    /// Without any mark: it ends nowhere.
    Unmarked,
}

/// Lines with text looked at.
const MOST_TEXTS: usize = 3;
/// Lines looked at.
const MOST_LINES: usize = 10;

/// What follows from line `from` on; marks of omission (`[…]`, `<snip>`) are passed over.
pub(super) fn after<'a>(lines: &[Line<'a>], from: usize) -> Follow<'a> {
    let texts = lines
        .iter()
        .enumerate()
        .skip(from)
        .take(MOST_LINES)
        .filter(|(_, line)| !line.text.is_empty())
        .take(MOST_TEXTS);
    for (at, line) in texts {
        if line.marked {
            return Follow::Marked;
        }
        if let Some(prefix) = prefix(lines, at) {
            return Follow::Prefixed(prefix);
        }
        if !is_omission(line.text) {
            break;
        }
    }
    Follow::Unmarked
}

/// As [`after`], and told apart whether another introduction stands there.
pub(super) fn after_intro<'a>(lines: &[Line<'a>], from: usize) -> Follow<'a> {
    let follow = after(lines, from);
    if follow != Follow::Unmarked {
        return follow;
    }
    let next = (from..lines.len().min(from + MOST_LINES))
        .find(|at| lines.get(*at).is_some_and(|line| !line.text.is_empty()));
    let is_block = next.is_some_and(|at| {
        headers::ends(lines, at).is_some()
            || separators::opens(lines, at, true).is_some()
            || intro::ends(lines, at).is_some()
    });
    if is_block { Follow::Block } else { follow }
}

/// Whether the text from line `from` on is quoted line by line.
pub(super) fn is_quoted(lines: &[Line<'_>], from: usize) -> bool {
    after(lines, from) != Follow::Unmarked
}

/// The prefix of line `at`, when it is one that quotes.
fn prefix<'a>(lines: &[Line<'a>], at: usize) -> Option<&'a str> {
    let text = lines.get(at)?.text;
    let (prefix, is_sure) = match text.as_bytes() {
        [b'|' | b')', ..] => (text.get(..1)?, true),
        [b'=', b'>', ..] => (text.get(..2)?, true),
        [b'#' | b'%' | b':' | b'}', ..] => (text.get(..1)?, false),
        _ => (initials(text)?, false),
    };
    let repeats = || {
        lines
            .iter()
            .skip(at + 1)
            .take(4)
            .any(|line| line.text.starts_with(prefix))
    };
    (is_sure || repeats()).then_some(prefix)
}

/// `AB>` or `Ann>` before each line.
fn initials(text: &str) -> Option<&str> {
    let end = text.bytes().take(13).position(|b| b == b'>')?;
    let name = text.get(..end)?;
    let is_name = !name.is_empty() && name.chars().all(char::is_alphabetic);
    is_name.then(|| text.get(..=end)).flatten()
}

/// `[...]`, `<snip>`, `...`, `8<`: the writer left something out of the quote.
fn is_omission(text: &str) -> bool {
    let is_bracketed = text.len() <= LONGEST
        && !text.contains("://")
        && !text.contains('@')
        && [('[', ']'), ('<', '>'), ('(', ')')]
            .iter()
            .any(|(open, close)| text.starts_with(*open) && text.ends_with(*close));
    is_bracketed
        || (text.len() <= 40 && (text.contains("snip") || !text.chars().any(char::is_alphabetic)))
}
