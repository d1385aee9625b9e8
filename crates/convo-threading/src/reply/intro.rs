//! The line that introduces a quote: `On Friday 5 May 2024 at 10:42, Ann <ann@example.com> wrote:`.
//!
//! Clients break it over up to four lines and write it in every language, so it is known by its
//! marks rather than by one pattern: where it starts (a word such as `On` before a date, a date, a
//! name before an address), a date or an address, a verb of writing, a colon at the end.

use super::dates::{digit_within, has_date, last_address_end, starts_with_zoned_date};
use super::follow::is_quoted;
use super::lines::{LONGEST, Line, is_ruler, trim};
use super::openings::opening;
use super::verbs::{self, Verb};

/// Lines an intro may be broken over.
const MOST_LINES: usize = 4;

/// The last line of the intro that starts at line `at`, if one does.
pub(super) fn ends(lines: &[Line<'_>], at: usize) -> Option<usize> {
    let first = bare(lines.get(at)?.text);
    if first.is_empty() || first.len() > LONGEST {
        return None;
    }
    if is_between_dashes(lines.get(at)?.text, first) {
        return Some(at);
    }
    let start = Start::of(first, lines.get(at + 1))?;
    let mut unended = None;
    let mut most = MOST_LINES;
    for end in at..at + 2 * MOST_LINES {
        let Some(line) = lines.get(end) else { break };
        if end >= at + most || line.text.len() > LONGEST {
            break;
        }
        if line.text.is_empty() {
            if start == Start::Opened
                && lines
                    .get(end + 1)
                    .is_some_and(|next| next.text.starts_with('<'))
            {
                most = 2 * MOST_LINES;
                continue;
            }
            break;
        }
        if end > at && line.marked && !closes_address(&joined(lines, at, end - 1), line.text) {
            break;
        }
        let has_end = line.text.ends_with([':', '：']);
        if !line.ends_intro || !has_end && unended.is_some() {
            continue;
        }
        let said = joined(lines, at, end);
        let said = bare(&said);
        if said.len() > LONGEST {
            break;
        }
        if has_end {
            let is_intro = is_intro(said, start, is_quoted(lines, end + 1));
            let starts_later =
                || start != Start::Opened && (at + 1..=end).any(|later| is_opened(lines, later));
            return if is_intro && !starts_later() {
                Some(end)
            } else {
                unended
            };
        }
        if is_unended_intro(said, start, lines, end + 1) {
            unended = Some(end);
        }
    }
    unended
}

/// Whether a line can be the last one of an intro: it has a colon or a verb at its end, an address,
/// or a date with its zone.
pub(super) fn may_end(text: &str) -> bool {
    text.len() <= LONGEST
        && (text.ends_with([':', '：'])
            || text.contains('@')
            || starts_with_zoned_date(text)
            || verbs::ends_with_one(text.trim_end_matches(['*', '_', '-', ' ', '—', '–'])))
}

/// `---- Ann Miller wrote ----`.
fn is_between_dashes(text: &str, bare: &str) -> bool {
    text.starts_with("--")
        && text.ends_with("--")
        && bare.split_whitespace().take(13).count() <= 12
        && verbs::ends_with_one(bare)
}

/// The lines as one, from `at` to `end`.
fn joined(lines: &[Line<'_>], at: usize, end: usize) -> String {
    let mut said = String::new();
    for line in lines.iter().take(end + 1).skip(at) {
        if !said.is_empty() && !line.text.is_empty() {
            said.push(' ');
        }
        said.push_str(line.text);
    }
    said
}

/// The byte of the raw line where an intro line begins behind words of the writer's:
/// `yes please On Wed, Apr 4, 2012 at 3:59 PM, Ann wrote:` over a quote.
pub(super) fn shares(lines: &[Line<'_>], at: usize) -> Option<usize> {
    let raw = lines.get(at)?.raw;
    if raw.len() > LONGEST
        || !raw.ends_with(':')
        || is_opened(lines, at)
        || !is_quoted(lines, at + 1)
    {
        return None;
    }
    raw.match_indices([' ', '-'])
        .map(|(byte, _)| byte + 1)
        .filter(|byte| {
            let tail = raw.get(*byte..).unwrap_or_default();
            opening(tail).is_some_and(|word| word.len() > 2)
                && has_date(tail)
                && verbs::last(tail).is_some_and(|verb| verb.rest(tail).len() < 3)
        })
        .map(|byte| {
            let head = raw.get(..byte).unwrap_or_default();
            head.trim_end_matches(['-', ' ', '\t']).len()
        })
        .next()
        .filter(|end| *end > 0)
}

/// How a line begins that may be an intro.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// With a word such as `On` and a date.
    Opened,
    /// With a date.
    Dated,
    /// With a name and an address.
    Named,
    /// With anything; only its end can tell.
    Plain,
}

impl Start {
    fn of(first: &str, next: Option<&Line<'_>>) -> Option<Self> {
        if opening(first).is_some() {
            return Some(Self::Opened);
        }
        let is_broken = next.is_some_and(|next| {
            next.text.len() <= LONGEST
                && next.text.starts_with(['<', '('])
                && next.text.contains('@')
        });
        let name = first.split(['<', '(', '[']).next().unwrap_or_default();
        let is_named = (first.contains('@') || first.ends_with(['<', '(']) || is_broken)
            && name.split_whitespace().count() <= 7;
        if digit_within(first, 20) && words_before_digit(first) <= 3 {
            Some(Self::Dated)
        } else if is_named {
            Some(Self::Named)
        } else if first.ends_with([':', '：']) {
            Some(Self::Plain)
        } else {
            None
        }
    }
}

fn is_opened(lines: &[Line<'_>], at: usize) -> bool {
    lines
        .get(at)
        .is_some_and(|line| opening(bare(line.text)).is_some())
}

fn words_before_digit(text: &str) -> usize {
    text.split_whitespace()
        .take_while(|word| !digit_within(word, 20))
        .take(8)
        .count()
}

/// An intro that ends with a colon; `quoted` says that marked lines follow.
fn is_intro(said: &str, start: Start, quoted: bool) -> bool {
    let Some(body) = said.strip_suffix([':', '：']) else {
        return false;
    };
    let body = body.trim_end();
    let dated = has_date(body);
    let address = last_address_end(body);
    if quoted && verbs::said(body) && (start != Start::Plain || is_one_remark(body)) {
        return true;
    }
    let Some(verb) = verbs::last(body) else {
        return match start {
            Start::Opened | Start::Dated => {
                dated
                    && (address.is_some_and(|end| end == body.len() && is_bracketed(body))
                        || quoted)
            }
            Start::Named => quoted && address.is_some() && body.split_whitespace().count() <= 10,
            Start::Plain => false,
        };
    };
    if verb.is_told(body) || !ends_statement(verb.rest(body)) {
        return false;
    }
    match start {
        Start::Opened | Start::Dated => dated || address.is_some(),
        Start::Named => address.is_some_and(|end| is_near(body, end, verb)),
        Start::Plain => is_name_and_date(body, verb),
    }
}

/// `Ann Miller schrieb am 05.02.2024 um 16:58:`.
fn is_name_and_date(body: &str, verb: Verb) -> bool {
    let name = verb.before(body);
    let words = name.split_whitespace().count();
    (1..=4).contains(&words)
        && !name
            .split_whitespace()
            .any(|word| word.starts_with(char::is_lowercase))
        && has_date(verb.rest(body))
}

/// An intro without its colon: some clients leave it out.
fn is_unended_intro(said: &str, start: Start, lines: &[Line<'_>], next: usize) -> bool {
    if !matches!(start, Start::Opened | Start::Dated) {
        return false;
    }
    let address = last_address_end(said);
    if address == Some(said.len()) {
        return has_date(said) && is_quoted(lines, next);
    }
    if starts_with_zoned_date(said) {
        return true;
    }
    let is_written =
        verbs::ends_with_one(said) && verbs::last(said).is_some_and(|verb| !verb.is_told(said));
    is_written && has_date(said) && (address.is_some() || has_time(said) || is_quoted(lines, next))
}

/// A few words in which no sentence ends: a name, or `Once upon a time, Ann wrote:`.
fn is_one_remark(body: &str) -> bool {
    let words: Vec<&str> = body.split_whitespace().take(13).collect();
    let is_name = || {
        words
            .iter()
            .rev()
            .skip(1)
            .all(|word| !word.starts_with(char::is_lowercase))
    };
    let ends_inside = [". ", "! ", "? "].iter().any(|end| body.contains(end));
    let is_short = words.len() <= 8 && !starts_with_answer(body) && (!ends_inside || is_name());
    is_short || words.len() <= 12 && !ends_inside && !body.contains(", ")
}

/// "Yes, Ann wrote:" holds more than an intro.
fn starts_with_answer(body: &str) -> bool {
    let first = body
        .split([',', ' ', '.', '!'])
        .next()
        .unwrap_or_default()
        .to_lowercase();
    [
        "yes", "no", "ok", "okay", "hi", "hello", "thanks", "ja", "nein", "nee", "oui", "non",
        "si", "sí", "hallo",
    ]
    .contains(&first.as_str())
}

/// What stands between the verb and the colon is nothing, a name, an address or a date.
fn ends_statement(rest: &str) -> bool {
    let rest = rest.trim();
    rest.split_whitespace().count() <= 5 || last_address_end(rest).is_some() || has_date(rest)
}

/// The verb comes right after the address, or with only a date between.
fn is_near(body: &str, address_end: usize, verb: Verb) -> bool {
    let verb_start = body.len() - verb.rest(body).len();
    let between = body
        .get(address_end.min(verb_start)..verb_start)
        .unwrap_or_default();
    between.split_whitespace().count() <= 4 || has_date(between)
}

fn is_bracketed(body: &str) -> bool {
    body.ends_with(['>', ')', ']', '"'])
}

fn has_time(said: &str) -> bool {
    said.as_bytes()
        .windows(3)
        .any(|bytes| matches!(bytes, [a, b':', c] if a.is_ascii_digit() && c.is_ascii_digit()))
}

/// The `>` that closes an address was wrapped to a line of its own, where it looks like a marker.
fn closes_address(said: &str, text: &str) -> bool {
    let count = |bracket: char| said.matches(bracket).count();
    count('<') > count('>') && text.trim_start_matches(['>', ' ']).len() < 40 && text.ends_with(':')
}

/// Without the stars and rules some clients put around an intro.
fn bare(text: &str) -> &str {
    let text = trim(text).trim_matches(['*', '_', '-', ' ', '—', '–']);
    if is_ruler(text) { "" } else { text }
}
