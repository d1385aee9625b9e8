//! Signatures: what stands below a `-- ` line, and the line a phone adds.

use super::lines::{Line, is_ruler};
use super::segments::Role;
use super::{closing, mobile};

/// Most lines with text below a `-- ` line; below that many it divides a letter.
const MOST_BELOW_DELIMITER: usize = 25;
/// Most lines with text below a rule that is no `-- `.
const MOST_BELOW_RULE: usize = 8;
/// Most words on a line of a signature below a rule.
const MOST_WORDS: usize = 12;

/// Gives the lines of signatures their role, in each stretch of new lines.
pub(super) fn cut(lines: &[Line<'_>], roles: &mut [Role]) {
    let mut has_words = false;
    let mut start = 0;
    while start < lines.len() {
        let is_new = |at: usize| matches!(roles.get(at), Some(Role::New | Role::Shared(_)));
        let end = (start..lines.len())
            .find(|at| !is_new(*at))
            .unwrap_or(lines.len());
        let stretch = lines.get(start..end).unwrap_or_default();
        if let Some(roles) = roles.get_mut(start..end) {
            has_words |= cut_stretch(stretch, roles, has_words);
        }
        start = end.max(start) + 1;
    }
}

/// One stretch of new lines; answers whether words of the writer remain in it.
fn cut_stretch(lines: &[Line<'_>], roles: &mut [Role], mut has_words: bool) -> bool {
    // counted once the first line asks for it
    let mut counted = None;
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        if line.text.is_empty() || line.fenced {
            has_words |= line.fenced;
            at += 1;
            continue;
        }
        let is_mobile = mobile::is_line(line.text);
        if is_mobile
            || is_delimiter(line.text)
                && opens(
                    line.text,
                    counted.get_or_insert_with(|| below(lines)).get(at + 1),
                )
        {
            // a phone's line on top of the words it belongs to is a signature alone
            let end = if is_mobile && !has_words {
                at + 1
            } else {
                lines.len()
            };
            for role in roles.iter_mut().take(end).skip(at) {
                *role = Role::Signature;
            }
            if end == lines.len() {
                break;
            }
        } else {
            has_words |= !is_ruler(line.text);
        }
        at += 1;
    }
    has_words
}

/// Whether a signature may stand below the line.
fn is_delimiter(text: &str) -> bool {
    const SHORT: &[&str] = &[
        "- --", "--", "—", "–", "---", "----", "__", "___", "____", "==", "====", "++", "***",
    ];
    SHORT.contains(&text) || text.len() >= 20 && text.bytes().all(|b| b == b'_') || text == PGP
}

/// Below it stands a signature of the other kind.
const PGP: &str = "-----BEGIN PGP SIGNATURE-----";

/// Whether a delimiter starts a signature, given what stands below it.
fn opens(text: &str, below: Option<&Below>) -> bool {
    below
        .filter(|below| below.lines > 0)
        .is_some_and(|below| match text {
            "--" | "- --" => below.lines <= MOST_BELOW_DELIMITER,
            PGP => true,
            _ => below.is_signature(),
        })
}

/// What stands below a line, to the end of its stretch.
#[derive(Debug, Clone, Copy, Default)]
struct Below {
    lines: usize,
    has_sentence: bool,
    has_contact: bool,
    has_rule: bool,
}

impl Below {
    fn add(&mut self, text: &str) {
        let words = text.split_whitespace().take(MOST_WORDS + 1).count();
        self.lines += 1;
        self.has_sentence |= words > MOST_WORDS
            || text.ends_with('?')
            || words > 5 && text.ends_with(['.', '!', ':']);
        self.has_contact |= closing::is_contact(text);
        self.has_rule |= is_ruler(text);
    }

    /// A few short lines; rules between them would make them parts of a letter.
    fn is_signature(self) -> bool {
        self.lines <= MOST_BELOW_RULE && (self.has_contact || !self.has_sentence && !self.has_rule)
    }
}

/// For each line and the end: what stands from there on, counted from the last line upwards.
fn below(lines: &[Line<'_>]) -> Vec<Below> {
    let mut all = vec![Below::default(); lines.len() + 1];
    let mut now = Below::default();
    for (line, slot) in lines.iter().zip(all.iter_mut()).rev() {
        if !line.text.is_empty() {
            now.add(line.text);
        }
        *slot = now;
    }
    all
}
