//! Agreement with mail that others have labelled.

use std::collections::BTreeMap;

use convo_email::{InboundEmail, MessageId};
use convo_threading::automated::Class;
use serde_json::Value;

use crate::corpus::{self, text};

/// The classes that are a machine's answer; a list mail was written by a person.
fn is_automatic(class: Class) -> bool {
    !matches!(class, Class::Human | Class::List)
}

fn fits(label: &str, class: Class) -> bool {
    match label {
        // Some of the labelled "bounces" are reports of a delay: the words decide which.
        "bounce" => matches!(class, Class::Bounce | Class::Delay),
        "delay" => class == Class::Delay,
        "complaint" | "opt_out_report" => class == Class::SpamReport,
        "auto_reply" => matches!(class, Class::AutoReply | Class::OutOfOffice),
        "auto_generated" => is_automatic(class) || class == Class::List,
        "auth_failure_report" | "delivered_dsn" => is_automatic(class) && class != Class::Bounce,
        "list" => class == Class::List,
        _ => !is_automatic(class),
    }
}

#[derive(Default)]
struct Score {
    right: usize,
    all: usize,
    missed: Vec<String>,
}

impl Score {
    fn count(&mut self, right: bool, id: impl FnOnce() -> String) {
        self.all += 1;
        self.right += usize::from(right);
        if !right {
            self.missed.push(id());
        }
    }

    fn share(&self) -> f64 {
        self.right as f64 / self.all.max(1) as f64
    }

    fn print(&self, what: &str) {
        println!(
            "{what}: {}/{} = {:.1} % {}",
            self.right,
            self.all,
            self.share() * 100.0,
            self.missed.join(" ")
        );
    }
}

fn labelled(folder: &std::path::Path) -> Vec<(Value, InboundEmail)> {
    let mut mails = Vec::new();
    for (index, inner) in [
        ("labels/labels.jsonl", "labels"),
        ("labels/own/own.jsonl", "labels/own"),
    ] {
        for row in corpus::rows(folder.join(index)) {
            let path = folder
                .join(inner)
                .join(format!("{}.eml", text(&row, "/id")));
            let mail = corpus::read(path);
            mails.push((row, mail));
        }
    }
    mails
}

#[test]
fn labels_agree() {
    let Some(folder) = corpus::folder() else {
        return;
    };
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    for (row, mail) in labelled(&folder) {
        let label = text(&row, "/label").to_owned();
        let class = mail.class();
        scores
            .entry(label.clone())
            .or_default()
            .count(fits(&label, class), || {
                format!("{}={class:?}{:?}", text(&row, "/id"), mail.verdict.evidence)
            });
    }
    for (label, score) in &scores {
        score.print(label);
    }
    for (label, least) in [
        ("bounce", 0.995),
        ("delay", 1.0),
        ("complaint", 1.0),
        ("opt_out_report", 1.0),
        ("auth_failure_report", 1.0),
        ("auto_reply", 0.96),
        ("delivered_dsn", 1.0),
        ("list", 1.0),
        ("human", 1.0),
        ("not_bounce", 1.0),
        ("opt_out", 1.0),
    ] {
        assert!(scores[label].share() >= least, "{label}");
    }
}

#[test]
fn reports_are_read() {
    let Some(folder) = corpus::folder() else {
        return;
    };
    let (mut ids, mut recipients, mut hard) =
        (Score::default(), Score::default(), Score::default());
    for (row, mail) in labelled(&folder) {
        let id = || text(&row, "/id").to_owned();
        let report = mail.report.as_ref();
        if let Some(expected) = row
            .pointer("/facts/returned_message_id")
            .and_then(Value::as_str)
        {
            let found = report.and_then(|report| report.original_message_id.as_ref());
            ids.count(found == MessageId::parse(expected).as_ref(), || {
                format!("{}:{expected}", id())
            });
        }
        let dsn = row
            .pointer("/facts/dsn/0/final-recipient")
            .and_then(Value::as_str);
        if let Some(expected) = dsn {
            let expected = expected
                .rsplit(';')
                .next()
                .unwrap_or_default()
                .trim()
                .trim_matches(['<', '>'])
                .to_lowercase();
            let found = report
                .and_then(|report| report.recipients.first())
                .and_then(|one| one.address.clone());
            recipients.count(found.as_deref() == Some(&expected), || {
                format!("{}:{expected}", id())
            });
        }
        if let (Some(expected), "bounce") = (
            row.pointer("/hard").and_then(Value::as_bool),
            text(&row, "/label"),
        ) {
            let found = report.is_some_and(|report| report.is_hard());
            let reason = text(&row, "/expected/0/reason").to_owned();
            hard.count(found == expected, || format!("{}:{reason}", id()));
        }
    }
    ids.print("returned Message-ID read");
    recipients.print("final recipient read");
    hard.print("hard or soft as labelled");
    assert!(ids.share() >= 0.985);
    assert!(recipients.share() >= 0.95);
    // The labels call only a handful of reasons hard; a vague 5.0.0 is hard here.
    assert!(hard.share() >= 0.78);
}

#[test]
fn absences_name_their_end() {
    let Some(folder) = corpus::folder() else {
        return;
    };
    let mut days = Score::default();
    for (row, mail) in labelled(&folder) {
        let (language, body) = (text(&row, "/language"), text(&row, "/body"));
        // Written on Saturday 2024-06-01, these speak of the next Monday.
        let monday = ["Monday", "Montag", "lundi", "lunes", "lunedì", "maandag"];
        let expected = if monday.iter().any(|day| body.contains(day))
            && matches!(language, "en" | "de" | "fr" | "es" | "it" | "nl")
        {
            "2024-06-03"
        } else if body.contains("05/01/2026") {
            "2026-01-05"
        } else {
            continue;
        };
        let found = mail.verdict.returns_on.map(|day| day.to_string());
        days.count(
            mail.class() == Class::OutOfOffice && found.as_deref() == Some(expected),
            || format!("{}:{found:?}", text(&row, "/id")),
        );
    }
    days.print("end of an absence read");
    assert!(days.all > 0 && days.share() >= 1.0);
}

/// Thousands of mails that people wrote to each other and to lists.
#[test]
fn letters_are_not_called_automatic() {
    let Some(folder) = corpus::folder() else {
        return;
    };
    let mut letters = Score::default();
    for corpus in [
        "foal",
        "ietf",
        "sa-exmh",
        "sa-ilug",
        "sa-other1",
        "sa-razor",
        "sa-rpm",
        "sa-zzzz",
    ] {
        for row in corpus::rows(folder.join(format!("threads/{corpus}.jsonl"))) {
            let mail = corpus::read(
                folder
                    .join("threads")
                    .join(corpus)
                    .join(text(&row, "/file")),
            );
            letters.count(!is_automatic(mail.class()), || {
                format!(
                    "\n{corpus}/{} {:?} {:?} {}",
                    text(&row, "/file"),
                    mail.class(),
                    mail.verdict.evidence,
                    mail.subject
                )
            });
        }
    }
    letters.print("letters");
    // One of them is a returned mail.
    assert!(letters.share() >= 0.999);
}
