//! Mailbox files.

use std::borrow::Cow;

use super::lines::{self, Line};

/// The mails of a mailbox file, in order.
#[derive(Debug, Clone)]
pub struct Mbox<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Splits a mailbox file (mboxo, mboxrd) into its mails, without their `From ` lines.
///
/// A mail is a slice of `bytes`, copied only when it holds a quoted `>From ` line, which loses one
/// `>`. A file that begins with no `From ` line is one mail.
///
/// Source: RFC 4155, and the mboxrd rule of quoting.
pub fn split_mbox(bytes: &[u8]) -> Mbox<'_> {
    Mbox { bytes, at: 0 }
}

impl Mbox<'_> {
    /// Where the next mail begins, in bytes: how far the file has been read.
    pub fn offset(&self) -> usize {
        self.at
    }
}

impl<'a> Iterator for Mbox<'a> {
    type Item = Cow<'a, [u8]>;

    fn next(&mut self) -> Option<Cow<'a, [u8]>> {
        let bytes = self.bytes;
        let mut start = lines::from(bytes, self.at)
            .find(|line| !line.text.trim_ascii().is_empty())?
            .start;
        if let Some(line) = lines::at(bytes, start).filter(|line| is_separator(line.text)) {
            start = line.next;
        }
        let mut after_blank = false;
        let mut end = bytes.len();
        for line in lines::from(bytes, start) {
            if is_separator(line.text) && (after_blank || begins_mail(bytes, line)) {
                end = line.start;
                break;
            }
            after_blank = line.text.is_empty();
        }
        self.at = end;
        Some(unquoted(&bytes[start..end]))
    }
}

/// `From someone Mon Jan  1 10:00:00 2024`, in the spellings of several programs: a clock time
/// and a year are what no sentence that begins with «From» has.
fn is_separator(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"From ") else {
        return false;
    };
    if rest.len() > 500 {
        return false;
    }
    let mut clock = false;
    let mut year = false;
    for word in rest.split(|byte| *byte == b' ') {
        let digits = |word: &[u8]| !word.is_empty() && word.iter().all(u8::is_ascii_digit);
        clock |=
            matches!(word, [b'0'..=b'9', .., b':', b'0'..=b'9', b'0'..=b'9'] if word.len() <= 8);
        year |= word.len() == 4 && digits(word);
    }
    clock && year
}

/// Whether a header field follows the line directly.
fn begins_mail(bytes: &[u8], line: Line<'_>) -> bool {
    let Some(next) = lines::at(bytes, line.next) else {
        return false;
    };
    let Some(colon) = next.text.iter().take(80).position(|byte| *byte == b':') else {
        return false;
    };
    colon > 0
        && next.text[..colon]
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

/// The mail with one `>` taken from its quoted `From ` lines.
fn unquoted(mail: &[u8]) -> Cow<'_, [u8]> {
    let quoted = |line: &Line<'_>| {
        let arrows = line.text.iter().take_while(|byte| **byte == b'>').count();
        arrows > 0 && line.text[arrows..].starts_with(b"From ")
    };
    let mut out: Option<Vec<u8>> = None;
    let mut copied = 0;
    for line in lines::from(mail, 0).filter(quoted) {
        let out = out.get_or_insert_with(|| Vec::with_capacity(mail.len()));
        out.extend_from_slice(&mail[copied..line.start]);
        copied = line.start + 1;
    }
    match out {
        None => Cow::Borrowed(mail),
        Some(mut out) => {
            out.extend_from_slice(&mail[copied..]);
            Cow::Owned(out)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &str, expected: &[&str]) {
        let read: Vec<_> = split_mbox(bytes.as_bytes())
            .map(|mail| String::from_utf8_lossy(&mail).into_owned())
            .collect();
        assert_eq!(read, expected, "{bytes:?}");
    }

    const FROM: &str = "From a@b.example Mon Jan  1 10:00:00 2024\n";

    #[test]
    fn mails_are_cut_at_from_lines() {
        check("", &[]);
        check("\n\n", &[]);
        check(
            &format!("{FROM}A: 1\n\none\n\n{FROM}A: 2\n\ntwo\n"),
            &["A: 1\n\none\n\n", "A: 2\n\ntwo\n"],
        );
        check(
            &format!("{FROM}A: 1\n\nno blank line\n{FROM}A: 2\n\n"),
            &["A: 1\n\nno blank line\n", "A: 2\n\n"],
        );
        check("A: 1\n\nno From line\n", &["A: 1\n\nno From line\n"]);
        check(
            "From 17@xxx Mon Jan 01 10:00:00 +0000 2024\nA: 1\n\n\nFrom ann at b.example  Mon Jan  1 10:00 2024\nA: 2\n",
            &["A: 1\n\n\n", "A: 2\n"],
        );
    }

    #[test]
    fn a_sentence_is_no_separator() {
        let body = "A: 1\n\nhello\n\nFrom now on, all is well.\n\nFrom 10:00 we are open.\n";
        check(&format!("{FROM}{body}"), &[body]);
    }

    #[test]
    fn quoted_from_lines_lose_one_arrow() {
        check(
            &format!("{FROM}A: 1\n\n>From me\n>>From you\n> From them\nx >From\n"),
            &["A: 1\n\nFrom me\n>From you\n> From them\nx >From\n"],
        );
    }

    #[test]
    fn an_unquoted_mail_is_not_copied() {
        let file = format!("{FROM}A: 1\n\none\n");
        assert!(matches!(
            split_mbox(file.as_bytes()).next(),
            Some(Cow::Borrowed(_))
        ));
    }
}
