//! Every bound of the reader at its edge: at the bound nothing is left out, one beyond is told.

use convo_email::{Degraded, Limits, ReadError, mime};

const HEAD: &str = "From: Ann <ann@a.example>\nSubject: hello\n";

fn kind(boundary: &str) -> String {
    format!("Content-Type: multipart/mixed; boundary={boundary}\n\n")
}

/// Codes of the bounds a mail goes beyond.
fn beyond(mail: &str, limits: Limits) -> Vec<&'static str> {
    let mail = mime::read(mail.as_bytes(), &limits).unwrap();
    mail.degraded.iter().map(Degraded::code).collect()
}

#[track_caller]
fn check(what: &'static str, at_the_bound: &str, beyond_it: &str, limits: Limits) {
    assert_eq!(beyond(at_the_bound, limits), [""; 0], "{what} at its bound");
    assert_eq!(beyond(beyond_it, limits), [what], "{what} beyond its bound");
}

#[test]
fn bytes() {
    let mail = format!("{HEAD}\nthe text");
    let of = |bytes| Limits {
        bytes,
        ..Limits::default()
    };
    assert!(mime::read(mail.as_bytes(), &of(mail.len())).is_ok());
    let (limit, actual) = (mail.len() - 1, mail.len());
    assert_eq!(
        mime::read(mail.as_bytes(), &of(limit)).err(),
        Some(ReadError::TooLarge { limit, actual })
    );
}

#[test]
fn parts_and_attachments() {
    let of = |count: usize, part: &str| format!("{HEAD}{}{}--b--\n", kind("b"), part.repeat(count));
    let text = "--b\n\nx\n";
    let limits = Limits {
        parts: 4,
        ..Limits::default()
    };
    // The multipart itself is one.
    check("parts", &of(3, text), &of(4, text), limits);
    let file = "--b\nContent-Type: a/b\n\nx\n";
    let limits = Limits {
        attachments: 3,
        ..Limits::default()
    };
    check("attachments", &of(3, file), &of(4, file), limits);
}

#[test]
fn depth() {
    let nest = |levels: usize| {
        let mut mail = format!("{HEAD}{}", kind("b0"));
        for level in 1..levels {
            mail.push_str(&format!("--b{}\n{}", level - 1, kind(&format!("b{level}"))));
        }
        format!("{mail}--b{}\n\nthe text\n", levels - 1)
    };
    let limits = Limits {
        depth: 3,
        ..Limits::default()
    };
    check("depth", &nest(3), &nest(4), limits);
}

#[test]
fn headers() {
    let of = |count: usize| format!("{}{HEAD}\nthe text", "X-A: b\n".repeat(count));
    let limits = Limits {
        headers: 12,
        ..Limits::default()
    };
    check("headers", &of(10), &of(11), limits);
    let block = of(10).len() - "\nthe text".len();
    let limits = Limits {
        header_bytes: block + 1,
        ..Limits::default()
    };
    check("header_bytes", &of(10), &of(11), limits);
    let field = |bytes: usize| {
        // Counted from the colon on.
        let value = "y".repeat(bytes - 1);
        format!("X-A: {value}\n{HEAD}\nthe text")
    };
    let limits = Limits {
        field_bytes: 100,
        ..Limits::default()
    };
    check("field_bytes", &field(100), &field(101), limits);
}

#[test]
fn text() {
    let of = |bytes: usize| format!("{HEAD}\n{}", "x".repeat(bytes));
    let limits = Limits {
        text_bytes: 100,
        ..Limits::default()
    };
    check("text_bytes", &of(100), &of(101), limits);
    let both = |bytes: usize| {
        let part = format!("--b\n\n{}\n", "x".repeat(bytes / 2));
        format!("{HEAD}{}{}--b--\n", kind("b"), part.repeat(2))
    };
    check("text_bytes", &both(98), &both(102), limits);
}

#[test]
fn the_defaults_are_what_is_promised() {
    let limits = Limits::default();
    assert_eq!(limits.bytes, 25 << 20);
    assert_eq!((limits.parts, limits.depth), (1_000, 32));
    assert_eq!((limits.headers, limits.header_bytes), (2_000, 512 << 10));
    assert_eq!((limits.attachments, limits.text_bytes), (250, 4 << 20));
}
