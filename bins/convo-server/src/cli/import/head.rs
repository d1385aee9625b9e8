//! What a mail's place in an import follows from: read off its head without taking it apart.

use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{DateTime, Utc};
use convo_email::date;

/// The head of a mail, as far as the order of an import needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// The Date field, else the time of the newest relay.
    pub(super) at: Option<DateTime<Utc>>,
    /// How many ancestors the mail names: of two mails of one second, the parent goes first.
    pub(super) ancestors: u32,
    /// Tells mails of one second apart by what they are, so that their files do not decide.
    pub(super) tie: u64,
}

impl Head {
    /// Reads the head of a mail that may go on behind `bytes`.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let (mut date, mut relayed, mut ancestors, mut replied) = (None, None, 0, false);
        let mut tie = DefaultHasher::new();
        for field in Fields(bytes) {
            let (name, value) = field;
            if name.eq_ignore_ascii_case(b"date") {
                date = date.or_else(|| date::parse(&text(value)));
            } else if name.eq_ignore_ascii_case(b"received") {
                relayed = relayed.or_else(|| date::parse(text(value).rsplit(';').next()?));
            } else if name.eq_ignore_ascii_case(b"references") {
                ancestors += value.iter().filter(|byte| **byte == b'<').count();
            } else if name.eq_ignore_ascii_case(b"in-reply-to") {
                replied = true;
            }
            let own = [&b"message-id"[..], b"from", b"subject", b"to"];
            if own.iter().any(|known| name.eq_ignore_ascii_case(known)) {
                value.trim_ascii().hash(&mut tie);
            }
        }
        Self {
            at: date.or(relayed),
            ancestors: u32::try_from(ancestors)
                .unwrap_or(u32::MAX)
                .max(u32::from(replied)),
            tie: tie.finish(),
        }
    }
}

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value.trim_ascii()).into_owned()
}

/// The fields of a head, folded lines included, up to the first blank line.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut end = line_end(self.0);
            if self.0[..end].trim_ascii().is_empty() {
                return None;
            }
            while matches!(self.0.get(end), Some(b' ' | b'\t')) {
                end += line_end(&self.0[end..]);
            }
            let (field, rest) = self.0.split_at(end);
            self.0 = rest;
            // Junk between fields, a `From ` line among them, names no field.
            if let Some(colon) = field.iter().position(|byte| *byte == b':') {
                return Some((field[..colon].trim_ascii(), &field[colon + 1..]));
            }
        }
    }
}

/// Where the next line begins.
fn line_end(bytes: &[u8]) -> usize {
    let feed = bytes.iter().position(|byte| *byte == b'\n');
    feed.map_or(bytes.len(), |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mail: &str, at: Option<&str>, ancestors: u32) {
        let head = Head::read(mail.as_bytes());
        let read = head.at.map(|at| at.format("%Y-%m-%d %H:%M").to_string());
        assert_eq!(
            (read.as_deref(), head.ancestors),
            (at, ancestors),
            "{mail:?}"
        );
    }

    #[test]
    fn the_date_counts_then_the_newest_relay() {
        check(
            "Date: Mon, 1 Jan 2024 10:00:00 +0000\n\nDate: x",
            Some("2024-01-01 10:00"),
            0,
        );
        check(
            "date:\n Mon, 1 Jan 2024\n 10:00:00 +0000\r\n\r\n",
            Some("2024-01-01 10:00"),
            0,
        );
        check(
            "Received: by a; Mon, 1 Jan 2024 12:00:00 +0000\nReceived: by b; Mon, 1 Jan 2024 11:00:00 +0000\nDate: soon\n",
            Some("2024-01-01 12:00"),
            0,
        );
        check(
            "Subject: x\n\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n",
            None,
            0,
        );
        check("", None, 0);
        check(
            "junk\nDate: 1 Jan 2024 10:00 +0000",
            Some("2024-01-01 10:00"),
            0,
        );
    }

    #[test]
    fn ancestors_are_counted() {
        check("References: <a@b>\n <c@d>\nIn-Reply-To: <c@d>\n\n", None, 2);
        check("In-Reply-To: <c@d>\n\n", None, 1);
    }

    #[test]
    fn the_way_a_mail_took_does_not_count() {
        let mail = "Message-ID: <1@x>\nFrom: a@b\n\n";
        let relayed = format!("Received: by c\nX-Spam: no\n{mail}other");
        assert_eq!(
            Head::read(mail.as_bytes()).tie,
            Head::read(relayed.as_bytes()).tie
        );
        assert_ne!(
            Head::read(mail.as_bytes()).tie,
            Head::read(b"Message-ID: <2@x>\nFrom: a@b\n").tie
        );
    }
}
