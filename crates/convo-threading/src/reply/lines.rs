//! A mail's text as lines, each with what the cutting needs to know of it.

use super::intro;

/// One line of a mail.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// As written, without its line end and trailing white space.
    pub raw: &'a str,
    /// Without white space and invisible marks at both ends.
    pub text: &'a str,
    /// Starts with the quote marker `>`.
    pub marked: bool,
    /// May be the last line of an intro; told once, since several lines above ask.
    pub ends_intro: bool,
    /// Stands in a block of code between two ``` lines.
    pub fenced: bool,
}

/// No intro, header or signature line is longer; longer ones are body text unread.
pub(super) const LONGEST: usize = 500;

/// Cuts a text at `\n`, `\r\n` and lone `\r`.
pub(super) fn split(text: &str) -> Vec<Line<'_>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = Vec::new();
    for piece in text.split('\n') {
        let piece = piece.strip_suffix('\r').unwrap_or(piece);
        for raw in piece.split('\r') {
            lines.push(line(raw));
        }
    }
    unmark_body_lines(&mut lines);
    fence(&mut lines);
    lines
}

fn line(raw: &str) -> Line<'_> {
    let raw = trim_end(raw);
    let text = trim(raw);
    Line {
        raw,
        text,
        marked: text.starts_with('>'),
        ends_intro: intro::may_end(text),
        fenced: false,
    }
}

/// Lone lines that only look quoted: mbox's `>From `, `>90 %` or `>= 3` in running text, and
/// `>>> look here <<<`.
fn unmark_body_lines(lines: &mut [Line<'_>]) {
    let mut before = false;
    for at in 0..lines.len() {
        let Some(line) = lines.get(at).copied() else {
            return;
        };
        let after = lines.get(at + 1).is_some_and(|next| next.marked);
        if line.marked && !before && !after {
            let body = line.text.strip_prefix('>').unwrap_or_default();
            let is_decorated = line.text.len() <= LONGEST && line.text.ends_with("<<");
            let is_number = body.starts_with(|c: char| c.is_ascii_digit() || c == '=');
            if let Some(line) = lines.get_mut(at) {
                line.marked = !(body.starts_with("From ") || is_number || is_decorated);
            }
        }
        before = line.marked;
    }
}

/// Finds the fenced blocks of code: an opening line counts only with one that closes it.
fn fence(lines: &mut [Line<'_>]) {
    let mut open: Option<usize> = None;
    for at in 0..lines.len() {
        let is_fence = lines
            .get(at)
            .is_some_and(|line| !line.marked && line.text.starts_with("```"));
        match (is_fence, open) {
            (true, Some(start)) => {
                for line in lines.iter_mut().take(at + 1).skip(start) {
                    line.fenced = true;
                    line.marked = false;
                }
                open = None;
            }
            (true, None) => open = Some(at),
            (false, _) => {}
        }
    }
}

/// White space and the marks that programs leave around text: byte order, zero width, direction.
fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\0')
}

pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(is_blank)
}

pub(super) fn trim_end(text: &str) -> &str {
    text.trim_end_matches(is_blank)
}

/// Blank, or nothing but dashes, stars and the like: it separates and says nothing.
pub(super) fn is_ruler(text: &str) -> bool {
    text.is_empty()
        || (text.len() > 1
            && text.chars().all(|c| {
                c.is_whitespace()
                    || matches!(
                        c,
                        '-' | '_' | '=' | '*' | '~' | '+' | '#' | '–' | '—' | '―' | 'ᐧ'
                    )
            }))
}

/// The first line at or after `from` that is not blank, looked for over a few lines only.
pub(super) fn next_text<'a>(lines: &[Line<'a>], from: usize) -> Option<Line<'a>> {
    lines
        .iter()
        .skip(from)
        .take(8)
        .find(|line| !line.text.is_empty())
        .copied()
}
