//! The four kinds of mail files.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

fn read(paths: &[PathBuf], below: &Path) -> Vec<(String, String)> {
    let mails = MailFiles::open(paths).unwrap().map(Result::unwrap);
    let short = |file: String| {
        file.strip_prefix(&format!("{}/", below.display()))
            .unwrap()
            .to_owned()
    };
    mails
        .map(|mail| (short(mail.file), String::from_utf8(mail.bytes).unwrap()))
        .collect()
}

fn check(files: &[(&str, &str)], open: &str, expected: &[(&str, &str)]) {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let found = read(&[folder.path().join(open)], folder.path());
    let expected: Vec<_> = expected
        .iter()
        .map(|&(file, text)| (file.to_owned(), text.to_owned()))
        .collect();
    assert_eq!(found, expected);
}

const FROM: &str = "From a@b.example Mon Jan  1 10:00:00 2024\n";

#[test]
fn one_mail() {
    check(
        &[("a.eml", "A: 1\n\none\n")],
        "a.eml",
        &[("a.eml", "A: 1\n\none\n")],
    );
    check(&[("a", "")], "a", &[("a", "")]);
    check(&[("a", "Fro")], "a", &[("a", "Fro")]);
}

#[test]
fn a_mailbox() {
    let mailbox = format!("{FROM}A: 1\n\none\n\n{FROM}A: 2\n\n>From two\n");
    check(
        &[("box", &mailbox)],
        "box",
        &[
            ("box:1", "A: 1\n\none\n\n"),
            ("box:2", "A: 2\n\nFrom two\n"),
        ],
    );
    check(&[("box", FROM)], "box", &[("box:1", "")]);
}

#[test]
fn a_maildir_in_the_order_of_delivery() {
    let files = [
        ("new/3.host", "three"),
        ("cur/1.host:2,S", "one"),
        ("cur/2.host:2,", "two"),
        ("tmp/4.host", "no"),
        ("cur/.hidden", "no"),
    ];
    check(
        &files,
        "",
        &[
            ("cur/1.host:2,S", "one"),
            ("cur/2.host:2,", "two"),
            ("new/3.host", "three"),
        ]
        .map(|(f, t)| (f, t)),
    );
}

#[test]
fn a_folder_by_name() {
    let mailbox = format!("{FROM}A: 1\n\none\n");
    let files = [
        ("b.EML", "two"),
        ("a.eml", "one"),
        ("c.mbox", mailbox.as_str()),
        ("notes.txt", "no"),
        ("sub/d.eml", "no"),
    ];
    check(
        &files,
        "",
        &[
            ("a.eml", "one"),
            ("b.EML", "two"),
            ("c.mbox:1", "A: 1\n\none\n"),
        ],
    );
}

#[test]
fn what_is_not_there_is_an_error() {
    assert!(MailFiles::open(&[PathBuf::from("/nowhere/at/all")]).is_err());
}

#[test]
fn a_mailbox_larger_than_a_piece_is_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("box");
    // Mails of all lengths around the borders of pieces, and one longer than a piece.
    let mut written = String::new();
    let mut bodies = Vec::new();
    for n in 0..700 {
        let length = if n == 100 { 9 << 20 } else { 10_000 + n * 37 };
        let body = format!("A: {n}\n\n{}\n\n", "x".repeat(length));
        written.push_str(FROM);
        written.push_str(&body);
        bodies.push(body);
    }
    fs::write(&path, &written).unwrap();
    let mut files = MailFiles::open(&[path]).unwrap();
    for (n, body) in bodies.iter().enumerate() {
        let mail = files.next().unwrap().unwrap();
        assert!(mail.file.ends_with(&format!("box:{}", n + 1)));
        assert!(mail.bytes == body.as_bytes(), "mail {n}");
    }
    assert!(files.next().is_none());
    assert_eq!(
        files.progress(),
        (written.len() as u64, written.len() as u64)
    );
}
