//! What a mail's place in an import follows from: read off its head without taking it apart.

use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{DateTime, Utc};
use convo_email::date;

/// The head of a mail, as far as the order of an import needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// The Date field where it names a time that has come, else the time of the newest relay.
    pub(super) at: Option<DateTime<Utc>>,
    /// The Message-ID, hashed; 0 when there is none.
    pub(super) id: u64,
    /// The id of what it answers, hashed; 0 when it answers nothing.
    pub(super) parent: u64,
    /// Tells mails of one second apart by what they are, so that their files do not decide.
    pub(super) tie: u64,
}

impl Head {
    /// Reads the head of a mail that may go on behind `bytes`.
    pub(super) fn read(bytes: &[u8], now: DateTime<Utc>) -> Self {
        let (mut date, mut relayed) = (None, None);
        let (mut id, mut replied, mut referred) = (0, 0, 0);
        let mut tie = DefaultHasher::new();
        for (name, value) in Fields(bytes) {
            let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
            if is(b"date") {
                date = date.or_else(|| date::parse(&text(value)));
            } else if is(b"received") {
                relayed = relayed.or_else(|| date::parse(text(value).rsplit(';').next()?));
            } else if is(b"message-id") {
                id = ids(value).next().unwrap_or(id);
            } else if is(b"in-reply-to") {
                replied = ids(value).next().unwrap_or(replied);
            } else if is(b"references") {
                referred = ids(value).last().unwrap_or(referred);
            }
            if is(b"message-id") || is(b"from") || is(b"subject") || is(b"to") {
                value.trim_ascii().hash(&mut tie);
            }
        }
        Self {
            at: date.filter(|date| *date <= now).or(relayed).or(date),
            id,
            parent: if replied == 0 { referred } else { replied },
            tie: tie.finish(),
        }
    }
}

/// What stands between `<` and `>`, hashed.
fn ids(value: &[u8]) -> impl Iterator<Item = u64> {
    let each = value.split(|byte| *byte == b'<').skip(1);
    each.filter_map(|rest| {
        let end = rest.iter().position(|byte| *byte == b'>')?;
        let mut hash = DefaultHasher::new();
        rest[..end].trim_ascii().hash(&mut hash);
        Some(hash.finish())
    })
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

    fn read(mail: &str) -> Head {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default();
        Head::read(mail.as_bytes(), now)
    }

    fn check(mail: &str, at: Option<&str>) {
        let head = read(mail);
        let read = head.at.map(|at| at.format("%Y-%m-%d %H:%M").to_string());
        assert_eq!(read.as_deref(), at, "{mail:?}");
    }

    #[test]
    fn the_date_counts_then_the_newest_relay() {
        let ten = Some("2024-01-01 10:00");
        check("Date: Mon, 1 Jan 2024 10:00:00 +0000\n\nDate: x", ten);
        check("date:\n Mon, 1 Jan 2024\n 10:00:00 +0000\r\n\r\n", ten);
        check("junk\nDate: 1 Jan 2024 10:00 +0000", ten);
        check("Subject: x\n\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n", None);
        check("", None);
        let relays = "Received: by a; Mon, 1 Jan 2024 12:00:00 +0000\n\
                      Received: by b; Mon, 1 Jan 2024 11:00:00 +0000\n";
        check(relays, Some("2024-01-01 12:00"));
        check(&format!("Date: soon\n{relays}"), Some("2024-01-01 12:00"));
        let late = "Date: Fri, 1 Jan 2100 10:00:00 +0000\n";
        check(late, Some("2100-01-01 10:00"));
        check(&format!("{relays}{late}"), Some("2024-01-01 12:00"));
    }

    #[test]
    fn a_parent_is_known_by_its_id() {
        let id = |mail: &str| read(mail).id;
        let parent = |mail: &str| read(mail).parent;
        let a = id("Message-ID: <a@b>\n\n");
        assert_ne!(a, 0);
        assert_eq!(parent("References: <x@y>\n <a@b>\n\n"), a);
        assert_eq!(
            parent("References: <x@y>\nIn-Reply-To: your mail <a@b>\n\n"),
            a
        );
        assert_eq!(parent("Subject: x\n\n"), 0);
    }

    #[test]
    fn the_way_a_mail_took_does_not_count() {
        let tie = |mail: &str| read(mail).tie;
        let mail = "Message-ID: <1@x>\nFrom: a@b\n\n";
        let relayed = format!("Received: by c\nX-Spam: no\n{mail}other");
        assert_eq!(tie(mail), tie(&relayed));
        assert_ne!(tie(mail), tie("Message-ID: <2@x>\nFrom: a@b\n"));
    }
}
