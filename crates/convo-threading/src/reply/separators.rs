//! Lines that end the writer's part: `-----Original Message-----`, `Begin forwarded message:`.

use super::headers::field;
use super::lines::{Line, next_text};
use super::phrases::{FORWARD_INTRO, FORWARDED, ORIGINAL};

/// What stands below the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The mail that is answered.
    Original,
    /// A mail that is passed on.
    Forward,
}

/// The longest separator, in bytes.
const LONGEST: usize = 160;

/// Whether a separator stands at line `at`; `has_words` says that the writer said something above.
pub(super) fn opens(lines: &[Line<'_>], at: usize, has_words: bool) -> Option<Kind> {
    let text = lines.get(at)?.text;
    if text.len() > LONGEST {
        return None;
    }
    let text = text.trim_matches(['*', ' ']);
    let inner = text.trim_matches(is_rule);
    let head = dashes(text.get(..text.len() - text.trim_start_matches(is_rule).len()));
    if inner.is_empty() || head == 0 && !is_worth_reading(text) {
        return None;
    }
    let tail = dashes(text.get(text.trim_end_matches(is_rule).len()..));
    let told = inner.trim_matches(['*', ' ']).to_lowercase();
    if told.contains("reply above this line") || told.contains("write above this line") {
        return has_words.then_some(Kind::Original);
    }
    if head >= 2 && (tail >= 2 || head >= 5) {
        if ORIGINAL.iter().any(|phrase| told.starts_with(phrase)) {
            return Some(Kind::Original);
        }
        if FORWARDED.iter().any(|phrase| told.starts_with(phrase)) {
            return Some(Kind::Forward);
        }
        let is_short = told.chars().take(41).count() <= 40;
        let over_fields = next_text(lines, at + 1).is_some_and(|line| field(line.text).is_some());
        return (head >= 3 && tail >= 3 && is_short && over_fields).then_some(Kind::Original);
    }
    bare(&told, lines, at)
}

/// Whether a line with the quote marker says that a mail is passed on: `> Begin forwarded message:`.
pub(super) fn is_marked_forward(text: &str) -> bool {
    let inner = text.trim_start_matches(['>', ' ']);
    if inner.len() > LONGEST {
        return false;
    }
    let told = inner.trim_matches(is_rule).to_lowercase();
    let is_ruled =
        inner.starts_with("---") && FORWARDED.iter().any(|phrase| told.starts_with(phrase));
    is_ruled
        || told
            .strip_suffix([':', '：'])
            .is_some_and(|told| FORWARD_INTRO.contains(&told.trim_end()))
}

/// A gateway's line over the original.
const PROCESSED: &str = "original message processed by ";

/// Whether a line without dashes may be a separator.
fn is_worth_reading(text: &str) -> bool {
    text.ends_with([':', '：'])
        || text
            .get(..PROCESSED.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(PROCESSED))
}

/// Separators without dashes.
fn bare(told: &str, lines: &[Line<'_>], at: usize) -> Option<Kind> {
    if told.starts_with(PROCESSED) {
        return Some(Kind::Original);
    }
    let phrase = told.strip_suffix([':', '：'])?.trim_end();
    if FORWARD_INTRO.contains(&phrase) {
        return Some(Kind::Forward);
    }
    let over_fields =
        || next_text(lines, at + 1).is_some_and(|line| field(line.text).is_some() || line.marked);
    (ORIGINAL.contains(&phrase) && over_fields()).then_some(Kind::Original)
}

fn is_rule(c: char) -> bool {
    matches!(c, '-' | '_' | '=' | '*' | ' ' | '–' | '—' | '+' | '#')
}

fn dashes(rule: Option<&str>) -> usize {
    rule.unwrap_or_default()
        .chars()
        .map(|c| match c {
            ' ' => 0,
            // a long dash is what two hyphens become
            '–' | '—' => 2,
            _ => 1,
        })
        .sum()
}
