//! Whether a person or a machine sent a mail.
//!
//! The tests run in a fixed order, and the first that holds decides: bounce or delay (delivery
//! report or daemon), complaint (feedback report), automatic mail by its headers, list or bulk
//! mail, and last, when no header helps, the subject in many languages. A person's mail is never
//! called automatic on a weak sign: `Auto-Submitted: no` and a lone `X-Auto-Response-Suppress` are
//! human.
//!
//! Source: RFC 3834, RFC 3464, RFC 5965, RFC 2919, RFC 2369, RFC 5436.

mod absence;
mod delivery;
mod marks;
mod return_date;
mod subjects;

use std::borrow::Cow;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// What kind of sender a mail shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A person.
    #[default]
    Human,
    /// An automatic mail that names no absence.
    AutoReply,
    /// An automatic answer that names an absence.
    OutOfOffice,
    /// A report that a mail was not delivered.
    Bounce,
    /// A report that a mail is late and will be tried again.
    Delay,
    /// A complaint about one of our mails.
    SpamReport,
    /// A mailing list or bulk mail.
    List,
}

/// A mail as the classifier sees it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mail<'a> {
    /// Header fields in order: name and decoded value.
    pub headers: &'a [(&'a str, &'a str)],
    /// The decoded subject.
    pub subject: &'a str,
    /// The bare address of From; empty when there is none.
    pub from: &'a str,
    /// MIME types of the mail and its parts, lower case, the mail's own first.
    pub part_types: &'a [&'a str],
    /// The `report-type` of a `multipart/report`, lower case.
    pub report_type: Option<&'a str>,
    /// The gravest `Action` of a delivery report: `failed` before `delayed` before the others.
    pub action: Option<&'a str>,
    /// `Feedback-Type` of a feedback report.
    pub feedback_type: Option<&'a str>,
    /// The sender's own words; only their beginning is looked at.
    pub text: &'a str,
    /// The day the mail was written, to complete a return date without a year.
    pub written_on: Option<NaiveDate>,
}

impl<'a> Mail<'a> {
    /// The first value of a header field.
    fn header(&self, name: &str) -> Option<&'a str> {
        self.values(name).next()
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let fields = self.headers.iter();
        fields
            .filter(move |(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    /// Whether the envelope's sender is known to be nobody (`Return-Path: <>`).
    fn null_sender(&self) -> bool {
        self.header("return-path").is_some_and(|path| path == "<>")
    }

    /// The part of From before the `@`, lower case.
    fn author_local(&self) -> String {
        self.from
            .split('@')
            .next()
            .unwrap_or_default()
            .trim_matches(['<', '>', ' '])
            .to_lowercase()
    }
}

/// The class of a mail and what it rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// The class.
    pub class: Class,
    /// Short codes such as `header:auto-submitted`, the deciding one first; no text of the mail.
    pub evidence: Vec<Cow<'static, str>>,
    /// The day an absent person names: the end of the absence or the day of return.
    #[serde(default)]
    pub returns_on: Option<NaiveDate>,
    /// Whether an automatic answer to it would be proper (RFC 3834 §2).
    #[serde(default)]
    pub answerable: bool,
}

/// Says who sent a mail: a person or which kind of machine.
pub fn classify(mail: &Mail<'_>) -> Verdict {
    let verdict = |class, code| Verdict {
        class,
        evidence: vec![Cow::Borrowed(code)],
        ..Verdict::default()
    };
    if let Some((class, code)) = delivery::report(mail).or_else(|| delivery::complaint(mail)) {
        return verdict(class, code);
    }
    // The author's own word that a person wrote it counts for more than what a program guesses.
    let by_hand = mail.header("auto-submitted").is_some_and(marks::is_by_hand);
    let automatic = if by_hand {
        None
    } else {
        marks::automatic(mail)
    };
    let list = marks::list(mail);
    let subject = if by_hand || list.is_some() {
        None
    } else {
        subjects::automatic(mail.subject)
    };
    match (automatic.or(subject), list) {
        (Some(code), _) => automatic_verdict(mail, code),
        (None, Some(code)) => verdict(Class::List, code),
        (None, None) => Verdict {
            evidence: if by_hand {
                vec![Cow::Borrowed("header:auto-submitted-no")]
            } else {
                Vec::new()
            },
            answerable: marks::answerable(mail),
            ..Verdict::default()
        },
    }
}

/// Tells an absence from other automatic mail, and until when it lasts.
fn automatic_verdict(mail: &Mail<'_>, code: &'static str) -> Verdict {
    let mut evidence = vec![Cow::Borrowed(code)];
    let text = beginning(mail.text);
    let class = match absence::named(mail.subject, text) {
        Some(code) => {
            evidence.push(Cow::Borrowed(code));
            Class::OutOfOffice
        }
        None => Class::AutoReply,
    };
    let returns_on = match class {
        Class::OutOfOffice => return_date::find(mail.subject, text, mail.written_on),
        _ => None,
    };
    Verdict {
        class,
        evidence,
        returns_on,
        answerable: false,
    }
}

/// The first 4,000 bytes or so: an absence is named at once, the rest is signature and quote.
fn beginning(text: &str) -> &str {
    text.get(..text.floor_char_boundary(4_000)).unwrap_or(text)
}
