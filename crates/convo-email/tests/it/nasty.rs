//! Malformed and odd mail: nothing is lost, nothing takes long.

use std::time::Duration;

use convo_email::{Headers, Limits, MessageId, mime};
use serde_json::Value;

use crate::corpus::{self, text};
use crate::cpu::timed;

/// The words of a field, for a comparison that ignores folding and, since CPython leaves words
/// with raw 8-bit characters undecoded, what is not ASCII.
fn words(field: &str) -> String {
    let decoded = Headers::from_pairs([("Subject", field)]);
    let decoded = decoded.get("subject").unwrap_or_default();
    let plain: String = decoded
        .chars()
        .filter(|c| c.is_ascii() && *c != '_')
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_nasty_mail_is_read() {
    let Some(folder) = corpus::folder() else {
        return;
    };
    let rows = corpus::rows(folder.join("nasty/nasty.jsonl"));
    let (mut subjects, mut froms, mut ids, mut dates) = (0, 0, 0, 0);
    let mut slowest = Duration::ZERO;
    for row in &rows {
        let id = text(row, "/id");
        let bytes = std::fs::read(folder.join("nasty").join(format!("{id}.eml"))).unwrap();
        let (mail, took) = timed(|| mime::read(&bytes, &Limits::default()));
        let mail = mail.unwrap_or_else(|error| panic!("{id}: {error}"));
        slowest = slowest.max(took);
        let fact = |name: &str| {
            row.pointer(&format!("/python_facts/{name}"))
                .cloned()
                .unwrap_or(Value::Null)
        };

        let expected = fact("subject");
        let same = words(expected.as_str().unwrap_or_default()) == words(&mail.subject);
        subjects += usize::from(same);
        if !same {
            println!("{id} subject {:?} | {:?}", expected, mail.subject);
        }
        let expected = fact("from_");
        let from = mail
            .from
            .as_ref()
            .map(|from| from.key())
            .unwrap_or_default();
        let same = expected
            .as_str()
            .unwrap_or_default()
            .to_lowercase()
            .contains(&from);
        let same = same && (from.is_empty() != expected.as_str().unwrap_or_default().contains('@'));
        froms += usize::from(same);
        if !same {
            println!("{id} from {expected:?} | {from:?}");
        }
        let expected = fact("message_id").as_str().and_then(MessageId::parse);
        ids += usize::from(expected == mail.message_id);
        if expected != mail.message_id {
            println!("{id} message-id {expected:?} | {:?}", mail.message_id);
        }
        let expected = fact("date").as_i64();
        let date = mail.date.map(|date| date.timestamp());
        dates += usize::from(expected == date);
        if expected != date {
            println!(
                "{id} date {expected:?} | {date:?} {:?}",
                mail.headers.get("date")
            );
        }
    }
    let all = rows.len();
    println!(
        "nasty: {all} read, slowest {slowest:?}; subject {subjects}, from {froms}, Message-ID {ids}, date {dates}"
    );
    assert!(slowest < Duration::from_millis(500));
    let share = |right: usize| right as f64 / all.max(1) as f64;
    assert!(share(subjects) >= 1.0, "subjects");
    assert!(share(froms) >= 0.99, "senders");
    assert!(share(ids) >= 1.0, "ids");
    // CPython reads a zone behind a comment as none, and years before 1970.
    assert!(share(dates) >= 0.99, "dates");
}
