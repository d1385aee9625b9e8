//! Opt-outs of the mail folder in `$CONVO_MAIL_CORPUS`, where it is set.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::lexicon::{Lexicon, Reading};
use crate::signals::OptOut;

fn corpus() -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the tests look for a folder of real mail"
    )]
    let folder = std::env::var_os("CONVO_MAIL_CORPUS").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: CONVO_MAIL_CORPUS is not set");
    }
    folder
}

fn rows(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The lines above the quote, which is all that a stripper in front would leave.
fn own_words(body: &str) -> String {
    let mut own = String::new();
    for line in body.lines() {
        let intro = line.starts_with("On ") && line.trim_end().ends_with(":");
        if intro || line.starts_with("-----Original") || line.trim_end() == "--" {
            break;
        }
        if !line.starts_with('>') {
            own.push_str(line);
            own.push('\n');
        }
    }
    own
}

fn field<'a>(row: &'a Value, name: &str) -> &'a str {
    row.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn read(body: &str, subject: &str) -> Reading {
    Lexicon::automotive().read(&own_words(body), Some(subject))
}

#[test]
fn labelled_opt_outs_are_clear_and_traps_are_not() {
    let Some(folder) = corpus() else { return };
    let mut seen = 0;
    let mut wrong = Vec::new();
    for row in rows(&folder.join("labels/own/own.jsonl")) {
        let Some(expected) = row.get("opt_out").and_then(Value::as_bool) else {
            continue;
        };
        seen += 1;
        let reading = read(field(&row, "body"), field(&row, "subject"));
        if (reading.opt_out == OptOut::Clear) != expected {
            wrong.push((field(&row, "id").to_owned(), reading.opt_out));
        }
    }
    println!("{seen} labelled mails");
    assert_eq!(wrong, []);
    assert!(seen > 10);
}

#[test]
fn mails_of_people_are_no_opt_outs() {
    let Some(folder) = corpus() else { return };
    let folder = folder.join("labels");
    let (mut seen, mut doubtful) = (0, 0);
    for row in rows(&folder.join("labels.jsonl")) {
        if field(&row, "label") != "human" {
            continue;
        }
        let file = folder.join(format!("{}.eml", field(&row, "id")));
        let Ok(bytes) = std::fs::read(file) else {
            continue;
        };
        let mail = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
        let body = mail.split_once("\n\n").map_or("", |(_, body)| body);
        let reading = read(body, "");
        assert_ne!(reading.opt_out, OptOut::Clear, "{}", field(&row, "id"));
        seen += 1;
        doubtful += usize::from(reading.opt_out == OptOut::Doubtful);
    }
    println!("{seen} mails of people, {doubtful} of them doubtful");
    assert!(seen > 20);
}

/// Lists are talk between people: a clear opt-out is rare there, and some are real.
#[test]
fn opt_outs_are_rare_on_lists() {
    let Some(folder) = corpus() else { return };
    let (mut seen, mut clear, mut doubtful) = (0_usize, 0_usize, 0_usize);
    for list in std::fs::read_dir(folder.join("threads")).unwrap() {
        let list = list.unwrap().path();
        if !list.is_dir() {
            continue;
        }
        for mail in std::fs::read_dir(list).unwrap() {
            let bytes = std::fs::read(mail.unwrap().path()).unwrap();
            let mail = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
            let body = mail.split_once("\n\n").map_or("", |(_, body)| body);
            seen += 1;
            match read(body, "").opt_out {
                OptOut::Clear => clear += 1,
                OptOut::Doubtful => doubtful += 1,
                OptOut::None => {}
            }
        }
    }
    println!("{seen} mails of lists, {clear} clear and {doubtful} doubtful opt-outs");
    assert!(clear * 200 < seen && doubtful * 20 < seen);
}
