//! Hostile mail: bounded work, nothing lost, no panic.

use std::time::Duration;

use convo_email::{Degraded, InboundEmail, Limits, ReadError, mime};

use crate::cpu::timed;

/// Half a second is the promise for an optimised build; test builds are several times slower.
const PATIENCE: Duration = Duration::from_secs(if cfg!(debug_assertions) { 4 } else { 1 });

fn read(what: &str, bytes: &[u8]) -> InboundEmail {
    let (mail, took) = timed(|| mime::read(bytes, &Limits::default()));
    let mail = mail.unwrap_or_else(|error| panic!("{what}: {error}"));
    println!(
        "{what}: {} KB in {took:?}, {:?}",
        bytes.len() / 1024,
        mail.degraded
    );
    assert!(took < PATIENCE, "{what} took {took:?}");
    mail
}

const HEAD: &str =
    "From: Ann <ann@a.example>\nTo: b@b.example\nSubject: hello\nMessage-ID: <1@a.example>\n";

fn holds_its_head(mail: &InboundEmail) {
    assert_eq!(mail.subject, "hello");
    assert_eq!(mail.from.as_ref().unwrap().email, "ann@a.example");
    assert_eq!(mail.message_id.as_ref().unwrap().as_str(), "1@a.example");
}

fn kind(boundary: &str) -> String {
    format!("Content-Type: multipart/mixed; boundary={boundary}\n\n")
}

#[test]
fn deeply_nested_multiparts() {
    let mut bytes = format!("{HEAD}{}", kind("b0"));
    for level in 0..20_000 {
        bytes.push_str(&format!("--b{level}\n{}", kind(&format!("b{}", level + 1))));
    }
    bytes.push_str("--b20000\n\nthe text\n");
    let mail = read("20,000 nested multiparts", bytes.as_bytes());
    holds_its_head(&mail);
    assert!(mail.degraded.contains(&Degraded::Depth { limit: 32 }));
    assert!(mail.text.contains("the text"));

    let same = format!(
        "{HEAD}{}{}",
        kind("b"),
        format!("--b\n{}", kind("b")).repeat(20_000)
    );
    holds_its_head(&read("20,000 multiparts of one boundary", same.as_bytes()));
}

#[test]
fn a_first_text_before_a_deep_nest_is_the_text() {
    let mut bytes = format!("{HEAD}{}--b0\n\nfirst text\n", kind("b0"));
    for level in 0..100 {
        bytes.push_str(&format!("--b{level}\n{}", kind(&format!("b{}", level + 1))));
    }
    let mail = read("text before 100 levels", bytes.as_bytes());
    assert_eq!(mail.text.trim(), "first text");
    assert_eq!(mail.reply_text.trim(), "first text");
}

#[test]
fn nested_messages() {
    let mut bytes = HEAD.to_owned();
    while bytes.len() < 1_000_000 {
        bytes.push_str("Content-Type: message/rfc822\n\nSubject: inner\n");
    }
    let mail = read("1 MB of nested message/rfc822", bytes.as_bytes());
    holds_its_head(&mail);
    assert_eq!(mail.attachments.len(), 1);
}

#[test]
fn many_parts() {
    let bytes = format!("{HEAD}{}{}", kind("b"), "--b\n\nx\n".repeat(100_000));
    let mail = read("100,000 parts", bytes.as_bytes());
    holds_its_head(&mail);
    assert_eq!(mail.degraded, [Degraded::Parts { limit: 1_000 }]);
    let file = "--b\nContent-Type: a/b\n\nx\n";
    let mail = read(
        "900 files",
        format!("{HEAD}{}{}", kind("b"), file.repeat(900)).as_bytes(),
    );
    assert_eq!(mail.attachments.len(), Limits::ATTACHMENTS);
    assert_eq!(
        mail.degraded,
        [Degraded::Attachments {
            limit: 250,
            actual: 900
        }]
    );
}

#[test]
fn headers_without_end() {
    let bytes = format!("{}{HEAD}\nthe text", "X-Filler: y\n".repeat(200_000));
    let mail = read("200,000 headers", bytes.as_bytes());
    holds_its_head(&mail);
    assert_eq!(mail.text, "the text");
    assert!(mail.degraded.contains(&Degraded::Headers {
        limit: 2_000,
        actual: 200_004
    }));

    let bytes = format!("X-Long: {}\n{HEAD}\nthe text", "word ".repeat(1_000_000));
    holds_its_head(&read("a header of 5 MB", bytes.as_bytes()));
    let folded = format!("X-Long: a\n{}{HEAD}\nthe text", " folded\n".repeat(500_000));
    holds_its_head(&read("500,000 folded lines", folded.as_bytes()));
    let junk = format!("{HEAD}{}\n\nthe text", "not a field\n".repeat(200_000));
    holds_its_head(&read("200,000 lines that are no fields", junk.as_bytes()));
}

#[test]
fn megabytes_of_line_breaks() {
    let breaks = "\r\n".repeat(12_000_000);
    let blank = read("24 MB of line breaks", format!("{HEAD}{breaks}").as_bytes());
    holds_its_head(&blank);
    let around = format!("{breaks}{HEAD}\nthe text");
    let mail = read("24 MB of line breaks before a mail", around.as_bytes());
    holds_its_head(&mail);
    assert_eq!(mail.text, "the text");
    let within = format!("{HEAD}{}--b\n\nthe text{breaks}--b--", kind("b"));
    let mail = read("24 MB of line breaks in a part", within.as_bytes());
    holds_its_head(&mail);
    assert_eq!(mail.reply_text.trim(), "the text");
    let dashes = format!(
        "{HEAD}{}--b\n\nthe text\n{}",
        kind("b"),
        "--x\n".repeat(6_000_000)
    );
    let mail = read("24 MB of lines like boundaries", dashes.as_bytes());
    assert!(mail.reply_text.starts_with("the text"));
}

#[test]
fn a_references_line_of_100_000_ids() {
    let ids: String = (0..100_000).map(|n| format!("<{n}@a.example> ")).collect();
    let bytes = format!("References: {ids}\nIn-Reply-To: <99999@a.example>\n{HEAD}\nthe text");
    let mail = read("100,000 references", bytes.as_bytes());
    holds_its_head(&mail);
    assert_eq!(mail.chain.parent().unwrap().as_str(), "99999@a.example");
    assert_eq!(mail.chain.ids[0].as_str(), "0@a.example");
    assert!(mail.references.as_ref().unwrap().len() <= 64 * 1024);
}

#[test]
fn fields_made_to_be_slow() {
    let long = |field: &str| format!("{field}\n{HEAD}\nthe text");
    for (what, field) in [
        (
            "encoded words",
            format!("X: {}", "=?utf-8?Q?=C3=BC?= ".repeat(20_000)),
        ),
        ("open words", format!("X: {}", "=?utf-8?Q?".repeat(20_000))),
        (
            "addresses",
            format!("Cc: {}", "a@b.example, ".repeat(20_000)),
        ),
        ("brackets", format!("Cc: {}", "<".repeat(120_000))),
        ("comments", format!("Cc: {}", "(".repeat(120_000))),
        ("groups", format!("Cc: {}", "a:".repeat(60_000))),
        (
            "encoded addresses",
            format!(
                "Cc: {}",
                "=?utf-8?Q?J=C3=BC?= <a@b.example>, ".repeat(4_000)
            ),
        ),
        (
            "parameters",
            format!("Content-Type: text/plain{}", "; a*0*=x".repeat(20_000)),
        ),
        (
            "quotes",
            format!(
                "Content-Disposition: attachment; filename={}",
                "\"\\".repeat(60_000)
            ),
        ),
    ] {
        holds_its_head(&read(what, long(&field).as_bytes()));
    }
}

#[test]
fn bodies_made_to_be_slow() {
    let body = |kind: &str, body: String| format!("{HEAD}{kind}\n\n{body}");
    for (what, bytes) in [
        (
            "dashes",
            body(
                "Content-Type: multipart/mixed; boundary=b",
                "--\n".repeat(1_000_000),
            ),
        ),
        (
            "almost boundaries",
            body(
                "Content-Type: multipart/mixed; boundary=b",
                "--bb\n".repeat(500_000),
            ),
        ),
        (
            "soft breaks",
            body(
                "Content-Transfer-Encoding: quoted-printable",
                "=\n".repeat(1_000_000),
            ),
        ),
        (
            "base64",
            body(
                "Content-Transfer-Encoding: base64",
                "QUJD\n".repeat(500_000),
            ),
        ),
        ("quotes", body("", ">".repeat(2_000_000))),
        (
            "html",
            body("Content-Type: text/html", "<div>".repeat(300_000)),
        ),
        (
            "html brackets",
            body("Content-Type: text/html", "<".repeat(1_000_000)),
        ),
        ("one line", body("", "word ".repeat(600_000))),
        ("message ids", body("", "Message-ID: x\n".repeat(200_000))),
    ] {
        holds_its_head(&read(what, bytes.as_bytes()));
    }
}

#[test]
fn the_size_is_the_one_refusal() {
    let limits = Limits {
        bytes: 100,
        ..Limits::default()
    };
    let bytes = vec![b'a'; 101];
    let read = |bytes: &[u8]| mime::read(bytes, &limits).map(|_| ());
    assert_eq!(
        read(&bytes),
        Err(ReadError::TooLarge {
            limit: 100,
            actual: 101
        })
    );
    assert_eq!(read(&bytes[..100]), Ok(()));
    assert_eq!(read(b" \r\n\r\n"), Err(ReadError::Empty));
    assert_eq!(read(b"\0\x01\x02"), Ok(()));
}

#[test]
fn mails_as_large_as_allowed() {
    let size = if cfg!(debug_assertions) {
        2_000_000
    } else {
        Limits::BYTES - 1_000
    };
    let filled =
        |head: &str, line: &str| format!("{HEAD}{head}\n\n{}", line.repeat(size / line.len()));
    let file = "--b\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n";
    for (what, bytes) in [
        (
            "large dashes",
            filled("Content-Type: multipart/mixed; boundary=b", "--\n"),
        ),
        (
            "large delimiters",
            filled(
                "Content-Type: multipart/mixed; boundary=b\n\n--b\n",
                "--c\n",
            ),
        ),
        (
            "large file",
            filled(
                &format!("{}{file}", kind("b")),
                &format!("{}\n", "QUJD".repeat(19)),
            ),
        ),
        (
            "large quoted-printable",
            filled("Content-Transfer-Encoding: quoted-printable", "=C3=BC=\n"),
        ),
        (
            "large html",
            filled("Content-Type: text/html", "<p>word</p>\n"),
        ),
        (
            "large header",
            format!("{}{HEAD}\n", "X: y\n".repeat(size / 5)),
        ),
        ("large text", filled("", "> a line\n")),
    ] {
        holds_its_head(&read(what, bytes.as_bytes()));
    }
}
