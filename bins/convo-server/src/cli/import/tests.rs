//! Which file holds what, and what needs no database.
#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn rows_come_in_the_order_they_need_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, "externalId\n").unwrap();
        path
    };
    let names = [
        "messages.csv",
        "b.mbox",
        "conversations.csv",
        "all.jsonl",
        "leads.csv",
        "a.eml",
    ];
    let files = Files::sort(&names.map(path)).unwrap();
    let short = |path: &std::path::Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let rows: Vec<_> = files.rows.iter().map(|file| short(&file.path)).collect();
    let mail: Vec<_> = files.mail.iter().map(|path| short(path)).collect();
    assert_eq!(
        rows,
        [
            "all.jsonl",
            "leads.csv",
            "conversations.csv",
            "messages.csv"
        ]
    );
    assert_eq!(mail, ["b.mbox", "a.eml"]);
}
