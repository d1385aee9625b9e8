//! Reply extraction scored against what other projects' tests assert.
//!
//! The projects contradict each other on purpose, so this is a score with a floor, not a pass.

use std::collections::BTreeMap;
use std::path::PathBuf;

use convo_threading::{html, reply};
use serde_json::Value;

/// Rows that must come out as asserted, in hundredths of all asserted rows.
const FLOOR_PERCENT: usize = 94;

#[test]
fn corpus_score() {
    let Some(folder) = std::env::var_os("CONVO_MAIL_CORPUS") else {
        println!("skipped: CONVO_MAIL_CORPUS is not set");
        return;
    };
    let file = PathBuf::from(folder).join("quotes/quotes.jsonl");
    let rows = std::fs::read_to_string(file).expect("the corpus has quotes");
    let mut score = Score::default();
    for row in rows.lines() {
        score.add(&serde_json::from_str(row).expect("a row is JSON"));
    }
    score.print();
    let (right, all) = score.asserted();
    assert!(right * 100 >= all * FLOOR_PERCENT, "{right} of {all}");
}

#[derive(Default)]
struct Score {
    /// (right, all) per basis.
    bases: BTreeMap<String, (usize, usize)>,
    /// Ids missed, per reason.
    missed: BTreeMap<&'static str, Vec<String>>,
}

impl Score {
    fn add(&mut self, row: &Value) {
        let text = |key: &str| row[key].as_str().unwrap_or_default();
        let (basis, raw) = (text("basis"), text("raw"));
        let (got, wanted) = match text("kind") {
            "html" => (
                bare(&html::reply_and_text(raw).0.reply),
                // a rule says nothing, so the reply has none at its end
                bare(&html::to_text(text("expected_reply")).replace('>', ""))
                    .trim_end_matches('-')
                    .to_owned(),
            ),
            "mime" => return,
            _ => (
                collapsed(&reply::extract(raw).reply),
                collapsed(text("expected_reply")),
            ),
        };
        let right = match basis {
            "asserted-first-fragment" => got.starts_with(&wanted),
            _ => got == wanted,
        };
        let tally = self.bases.entry(basis.to_owned()).or_default();
        tally.0 += usize::from(right);
        tally.1 += 1;
        if !right {
            let id = format!("{basis} {}", text("id"));
            self.missed
                .entry(reason(&got, &wanted))
                .or_default()
                .push(id);
            if std::env::var_os("CONVO_QUOTES_SHOW").is_some() {
                println!("--- {}\n{got}\n--- wanted\n{wanted}", text("id"));
            }
        }
    }

    fn asserted(&self) -> (usize, usize) {
        self.bases
            .iter()
            .filter(|(basis, _)| *basis != "library-output")
            .fold((0, 0), |sum, (_, tally)| (sum.0 + tally.0, sum.1 + tally.1))
    }

    fn print(&self) {
        for (basis, (right, all)) in &self.bases {
            println!("{basis}: {right} of {all}");
        }
        let (right, all) = self.asserted();
        println!("asserted together: {right} of {all}");
        for (reason, ids) in &self.missed {
            println!("{reason}:");
            for id in ids {
                println!("  {id}");
            }
        }
    }
}

fn reason(got: &str, wanted: &str) -> &'static str {
    let (got_words, wanted_words) = (got.replace(['>', ' '], ""), wanted.replace(['>', ' '], ""));
    if wanted.contains("> ") && wanted_words.len() > got_words.len() {
        "the project keeps the quote above an answer"
    } else if got.is_empty() {
        "nothing was found, the project finds a reply"
    } else if wanted.starts_with(got) {
        "the project keeps what we call signature or quote"
    } else if got.starts_with(wanted) {
        "the project cuts off more"
    } else {
        "other"
    }
}

fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The HTML rows are asserted after all white space is removed.
fn bare(text: &str) -> String {
    text.split_whitespace().collect()
}
