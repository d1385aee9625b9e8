//! Phrases of a pack: gaps, open ends and spellings.

use super::fold::fold_phrase;

/// One piece of a phrase, matched as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Folded text to look for.
    pub(super) text: String,
    /// The match may begin inside a word (`*finanzierung`).
    pub(super) open_start: bool,
    /// The match may end inside a word (`finanzier*`).
    pub(super) open_end: bool,
}

/// Reads a phrase into its spellings, each a list of parts between which a few words may stand.
///
/// `None` when nothing but marks is left, or a part is open on both sides.
pub(super) fn spellings(phrase: &str) -> Option<Vec<Vec<Part>>> {
    let mut all = vec![phrase.to_lowercase()];
    add(&mut all, transliterated);
    add(&mut all, split_email);
    add(&mut all, without_apostrophe);
    let mut read = Vec::new();
    for spelling in &all {
        let parts = parts(spelling)?;
        if !read.contains(&parts) {
            read.push(parts);
        }
    }
    Some(read)
}

fn add(all: &mut Vec<String>, spelling: impl Fn(&str) -> String) {
    for index in 0..all.len() {
        let other = spelling(&all[index]);
        if !all.contains(&other) {
            all.push(other);
        }
    }
}

/// German letters as people without them type.
fn transliterated(phrase: &str) -> String {
    phrase
        .replace('ä', "ae")
        .replace('ö', "oe")
        .replace('ü', "ue")
}

/// `email` is written `e-mail` as well.
fn split_email(phrase: &str) -> String {
    phrase.replace("email", "e mail")
}

/// `don't` is written `dont` as well, `i'm` as `im`.
fn without_apostrophe(phrase: &str) -> String {
    phrase.replace("n't", "nt").replace("i'm", "im")
}

fn parts(spelling: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    for piece in spelling.split("...") {
        let piece = piece.trim();
        let (open_start, piece) = match piece.strip_prefix('*') {
            Some(rest) => (true, rest),
            None => (false, piece),
        };
        let (open_end, piece) = match piece.strip_suffix('*') {
            Some(rest) => (true, rest),
            None => (false, piece),
        };
        let text = fold_phrase(piece);
        if !text.contains(char::is_alphanumeric) || (open_start && open_end) {
            return None;
        }
        parts.push(Part {
            text,
            open_start,
            open_end,
        });
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn check(phrase: &str, expected: &[&str]) {
        let read: Vec<String> = spellings(phrase)
            .unwrap_or_default()
            .iter()
            .map(|parts| {
                let texts: Vec<&str> = parts.iter().map(|part| part.text.as_str()).collect();
                texts.join("|")
            })
            .collect();
        assert_eq!(read, expected, "{phrase:?}");
    }

    #[test]
    fn reads_phrases() {
        check("Test-Drive", &["test drive"]);
        check("remove me ... list", &["remove me|list"]);
        check("für", &["fur", "fuer"]);
        check(
            "don't email",
            &["don't email", "don't e mail", "dont email", "dont e mail"],
        );
        check("finanzier*", &["finanzier"]);
        check("...", &[]);
        check("*x*", &[]);
        check("", &[]);
    }
}
