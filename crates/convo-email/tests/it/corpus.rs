//! The folder of test mail, where it is at hand.

use std::path::PathBuf;

use convo_email::{InboundEmail, Limits, mime};
use serde_json::Value;

/// The folder named by `CONVO_MAIL_CORPUS`; says so when it is not set.
pub fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("CONVO_MAIL_CORPUS").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: CONVO_MAIL_CORPUS is not set");
    }
    folder
}

/// The rows of a file of JSON lines.
pub fn rows(path: PathBuf) -> Vec<Value> {
    let lines = std::fs::read_to_string(&path).expect("a readable index of the corpus");
    lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("a JSON line"))
        .collect()
}

/// A mail of the corpus, read.
pub fn read(path: PathBuf) -> InboundEmail {
    let bytes = std::fs::read(&path).expect("a readable mail of the corpus");
    mime::read(&bytes, &Limits::default())
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A text of a row; empty when absent.
pub fn text<'a>(row: &'a Value, pointer: &str) -> &'a str {
    row.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
