//! Each mark at its edge: what just is one, and what just is none.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::labels::{self, Label};
use super::{closing, dates, extract, headers, intro, lines, mobile};

/// The last line of the intro that the text starts with.
#[track_caller]
fn check_intro(text: &str, end: Option<usize>) {
    assert_eq!(intro::ends(&lines::split(text), 0), end, "{text}");
}

/// The last line of the header block that the text starts with.
#[track_caller]
fn check_block(text: &str, end: Option<usize>) {
    assert_eq!(headers::ends(&lines::split(text), 0), end, "{text}");
}

#[track_caller]
fn check(text: &str, reply: &str) {
    assert_eq!(extract(text).reply, reply, "{text}");
}

#[test]
fn an_intro_may_be_broken_over_many_lines() {
    check_intro("Ann Miller\n<ann@example.com> wrote:", Some(1));
    check_intro(
        "On Mon, Feb 5, 2024 at 4:58 PM\nAnn\nMiller\n\n<\nann@example.com\n> wrote:",
        Some(6),
    );
    check_intro("On 5 May 2024 the\nlong\nroad\nhome\nAnn wrote:", None);
    check_intro("On 5 May 2024 it\n> Ann wrote:", None);
    check_intro("On 5 May 2024 Ann <\n> When?\nx wrote:", None);
    check_intro("On 5 May 2024\n\nAnn wrote:", None);
}

#[test]
fn an_intro_without_a_verb_needs_date_and_address() {
    check_intro("On 5 May 2024 Ann <ann@example.com>:", Some(0));
    check_intro("On seat 7 Ann <ann@example.com>:", None);
    check_intro("On 5 May 2024 ann@example.com:", None);
    check_intro("On 5 May 2024 ann@example.com:\n> When?", Some(0));
    check_intro("On 5 May 2024 come by:", None);
    check_intro("Ann Miller <ann@example.com>:\n> When?", Some(0));
    check_intro("Ann Miller <ann@example.com>:\nWhen?", None);
}

#[test]
fn an_intro_without_a_colon_needs_more() {
    check_intro("On 5 May 2024 at 16:58 Ann wrote", Some(0));
    check_intro("On 5 May 2024 Ann wrote", None);
    check_intro("On 5 May 2024 Ann wrote\n> When?", Some(0));
    check_intro("On 5 May 2024 Ann <ann@example.com> wrote", Some(0));
    check_intro("On 5 May 2024 at 16:58 I wrote", None);
    check_intro("On 5 May 2024 Ann <ann@example.com>\n> When?", Some(0));
    check_intro("On 5 May 2024 Ann <ann@example.com>\nWhen?", None);
}

#[test]
fn an_intro_by_name_has_the_verb_beside_it() {
    check_intro("Ann Miller schrieb am 05.02.2024 um 16:58:", Some(0));
    check_intro("Ann Miller schrieb am Montag:", None);
    check_intro("ann miller schrieb am 05.02.2024:", None);
    check_intro("One Two Three Four Five schrieb am 05.02.2024:", None);
    check_intro("Ann <ann@example.com> wrote:", Some(0));
    check_intro(
        "Ann <ann@example.com> on 5 May 2024 at noon or so wrote:",
        Some(0),
    );
    check_intro(
        "Ann <ann@example.com> is the one who asked me and wrote:",
        None,
    );
    check_intro("---- Ann Miller wrote ----", Some(0));
    check_intro("---- Ann Miller wrote", None);
}

#[test]
fn a_remark_over_a_quote_is_short() {
    let over = |remark: &str| format!("{remark}\n> When?");
    for (remark, is_intro) in [
        ("Ann said:", true),
        ("Yes, Ann said:", false),
        ("Nein, Ann sagte:", false),
        ("John P. Miller said:", true),
        ("Come now. he said:", false),
        ("One two three four five six seven eight nine said:", true),
        ("One two three four five six seven eight, nine said:", false),
        ("One two three. Four five six seven eight nine said:", false),
        ("a b c d e f g h i j k said:", true),
        ("a b c d e f g h i j k l said:", false),
    ] {
        check_intro(&over(remark), is_intro.then_some(0));
    }
}

#[test]
fn only_the_end_of_an_intro_may_end_it() {
    for text in [
        "so:",
        "ann@example.com",
        "Ann wrote",
        "Ann wrote --",
        "2024-02-05 17:21 GMT+01:00 Ann",
    ] {
        assert!(intro::may_end(text), "{text}");
    }
    for text in ["so", "", "wrote it down", &format!("{}:", "x".repeat(500))] {
        assert!(!intro::may_end(text), "{text}");
    }
}

#[test]
fn an_intro_behind_the_writers_words_stands_on_a_short_line() {
    let intro = "On Wed, Apr 4, 2012 at 3:59 PM, Ann wrote:";
    let end = |words: &str, below: &str| {
        intro::shares(&lines::split(&format!("{words}{intro}\n{below}")), 0)
    };
    assert_eq!(end("yes please ", "> When?"), Some(10));
    assert_eq!(end("yes please - ", "> When?"), Some(10));
    assert_eq!(end("yes please ", "When?"), None);
    assert_eq!(end("", "> When?"), None);
    assert_eq!(end(&"yes please ".repeat(50), "> When?"), None);
}

#[test]
fn dates_in_figures() {
    for text in [
        "23:59",
        "9h05",
        "18.30",
        "0:00",
        "3/12",
        "1-2",
        "1980",
        "2099",
        "۱۲:۳۰",
        "१२:३०",
        "１２：３０",
        "in 2024, or",
        "5日",
    ] {
        assert!(dates::has_date(text), "{text}");
    }
    for text in [
        "24:10", "12:60", "123:10", "1:5", "12,30", "123/4", "1-234", "1979", "2100", "1234",
        "01990", "日", "5 x日",
    ] {
        assert!(!dates::has_date(text), "{text}");
    }
    for (text, zoned) in [
        ("2024-02-05 16:58 GMT+01:00 Ann", true),
        ("2024-02-05 16:58 UTC-5", true),
        ("Monday 2024-02-05 16:58 GMT+01:00", false),
        ("2024-02-05 16:58 Ann", false),
        ("5 GMT+1", false),
    ] {
        assert_eq!(dates::starts_with_zoned_date(text), zoned, "{text}");
    }
}

#[test]
fn where_an_address_ends() {
    for (text, end) in [
        ("ann@example.com", Some(15)),
        ("<ann@example.com> wrote", Some(18)),
        ("ann@example.com, Bob", Some(15)),
        ("a@b c@d e", Some(8)),
        ("see @ann", None),
        ("ann@ noon", None),
        ("ann@-x", None),
    ] {
        assert_eq!(dates::last_address_end(text), end, "{text}");
    }
}

#[test]
fn lines_of_contact() {
    let long = format!("tel 1234567 {}", ".".repeat(200));
    for (line, is_contact) in [
        ("tel 123456", true),
        ("tel 12345", false),
        ("email ann@example.com or come by", true),
        ("web example.com", true),
        ("office hours", false),
        ("ann@example.com", true),
        ("www.example.com", true),
        ("see https://example.com", true),
        ("please see www.example.com today", false),
        ("1234567", true),
        ("123456", false),
        ("1234567 abcdef", true),
        ("1234567 abcdefg", false),
        (long.as_str(), false),
    ] {
        assert_eq!(closing::is_contact(line), is_contact, "{line}");
    }
}

#[test]
fn contact_lines_below_a_closing() {
    let contact = "Tel: +1 555 123 4567\nwww.example.com";
    let cut = |closing: &str, below: &str| {
        let found = extract(&format!("Yes.\n\n{closing}\nAnn\n{below}"));
        found.signature
    };
    for closing in ["Regards,", "Thanks, see you there on Monday", "Viele Grüße"] {
        assert_eq!(cut(closing, contact).as_deref(), Some(contact), "{closing}");
    }
    assert_eq!(cut("Thanks, see you all there on Monday", contact), None);
    let one = "Sales\nExample Ltd\nTel: +1 555 123 4567";
    assert_eq!(cut("Regards,", one).as_deref(), Some(one));
    assert_eq!(cut("Regards,", "Sales\nTel: +1 555 123 4567"), None);
    assert_eq!(cut("Regards,", "Sales\nExample Ltd\nBerlin"), None);
    let words = |count: usize| format!("{contact}\n{}", vec!["word"; count].join(" "));
    assert_eq!(cut("Regards,", &words(14)), Some(words(14)));
    assert_eq!(cut("Regards,", &words(15)), None);
    assert_eq!(cut("Regards,", &words(16)), None);
    let numbers = |count: usize| vec!["Tel: +1 555 123 4567"; count].join("\n");
    assert_eq!(cut("Regards,", &numbers(15)), Some(numbers(15)));
    assert_eq!(cut("Regards,", &numbers(16)), None);
}

#[test]
fn what_stands_below_an_intro_tells_where_the_quote_ends() {
    let intro = "Yes.\n\nOn 5 Feb 2024 at 16:58, Ann wrote:";
    for (below, reply) in [
        ("> When?\n\nNow.", "Yes.\n\nNow."),
        (
            "On 4 Feb 2024 at 10:00, Bob wrote:\n> When?\n\nNow.",
            "Yes.\n\nNow.",
        ),
        (
            "From: Bob <bob@example.com>\nTo: Ann\n\n> When?\n\nNow.",
            "Yes.\n\nNow.",
        ),
        (
            "-----Original Message-----\n> When?\n\nNow.",
            "Yes.\n\nNow.",
        ),
        ("[...]\n> When?\n\nNow.", "Yes.\n\n[...]\n\nNow."),
        (
            "--- snip ---\n> When?\n\nNow.",
            "Yes.\n\n--- snip ---\n\nNow.",
        ),
        ("| When?\n\nNow.", "Yes.\n\nNow."),
        ("=> When?\n\nNow.", "Yes.\n\nNow."),
        ("# When?\n# Where?\n\nNow.", "Yes.\n\nNow."),
        ("# When?\n\nNow.", "Yes."),
        ("AM> When?\nAM> Where?\n\nNow.", "Yes.\n\nNow."),
        ("A1> When?\nA1> Where?\n\nNow.", "Yes."),
        ("Sure.\n> When?\n\nNow.", "Yes."),
        ("(see https://example.com/x)\n> When?\n\nNow.", "Yes."),
        ("(ann@example.com)\n> When?\n\nNow.", "Yes."),
    ] {
        check(&format!("{intro}\n{below}"), reply);
    }
}

#[test]
fn header_blocks_with_wrapped_fields() {
    check_block("From: Ann\n<ann@example.com>\nTo: Bob\n\nold", Some(2));
    check_block(
        "From: Ann\nMiller\n<ann@example.com>\nSent: Monday, February 5, 2024\nTo: Bob\n\nold",
        Some(4),
    );
    check_block(
        "From: Ann\nof\nMiller\n<ann@example.com>\nTo: Bob\n\nold",
        None,
    );
    check_block("From: Berlin\nvia Prague\nTo: Munich", None);
    check_block(
        "From: Berlin\nwrite to me at ann@example.com when you know\nTo: Munich",
        None,
    );
    check_block("From: Berlin\nTo: Munich\nDate: Monday", None);
    check_block("From: Berlin\nSubject: trip", None);
    check_block("From: Berlin\nTo: Munich\nSubject: trip", Some(2));
    check_block("Sent: Monday\nSubject: trip\nDate: 5 May 2024", None);
    let many = "ä".repeat(400);
    check_block(
        &format!("From: Ann <ann@example.com>\nTo:{many}\nSubject: Car\n\nold"),
        Some(2),
    );
}

#[test]
fn labels_end_at_the_first_colon() {
    for (line, label) in [
        ("From: x", Some((Label::From, "x"))),
        ("*From:* x", Some((Label::From, "x"))),
        ("Subject: a: b", Some((Label::Subject, "a: b"))),
        ("发件人：Ann: x", Some((Label::From, "Ann: x"))),
        ("发件人:Ann：x", Some((Label::From, "Ann：x"))),
        ("from: x", None),
        (": x", None),
        ("From x", None),
    ] {
        assert_eq!(labels::split(line), label, "{line}");
    }
}

#[test]
fn lines_that_a_phone_adds() {
    for (line, is_line) in [
        ("Sent from my iPhone", true),
        ("Sent from my iPhone?", false),
        ("Sent from iPhone", true),
        ("Sent from siphone", false),
        (
            "Sent from a phone that I found on the way to the office",
            false,
        ),
        ("Sent from my phone, please excuse any typos.", true),
        ("Sent from my desk, as always", false),
        ("iPhone", false),
        ("", false),
        (&format!("Sent from my iPhone {}", "x".repeat(500)), false),
    ] {
        assert_eq!(mobile::is_line(line), is_line, "{line}");
    }
}

#[test]
fn signatures_below_a_rule() {
    let signature = |text: &str| extract(text).signature;
    let below = |rule: &str, lines: usize| {
        signature(&format!("Yes.\n{rule}\n{}", vec!["Ann"; lines].join("\n"))).is_some()
    };
    assert!(below("--", 25) && !below("--", 26));
    assert!(below("---", 8) && !below("---", 9));
    assert!(below(&"_".repeat(20), 8) && !below(&"_".repeat(19), 8));
    for (text, is_signature) in [
        ("Ann\nSales", true),
        ("Shall we?", false),
        ("a b c d e f.", false),
        ("a b c d e.", true),
        ("a b c d e f g h i j k l m", false),
        ("a b c d e f g h i j k l", true),
        ("Shall we?\nTel: +1 555 123 4567", true),
        ("Ann\n----------\nSales", false),
    ] {
        let found = signature(&format!("Yes.\n---\n{text}")).is_some();
        assert_eq!(found, is_signature, "{text}");
    }
}

#[test]
fn a_marker_lost_to_wrapping_leaves_a_trace() {
    let quoted = |len: usize, end: &str| format!("> {}{end}", "x".repeat(len - 2 - end.len()));
    let between = |above: &str, lost: &str| extract(&format!("{above}\n{lost}\n> there")).reply;
    for (above, lost, goes) in [
        (quoted(60, ""), "goes on", true),
        (quoted(100, ""), "goes on", true),
        (quoted(59, ""), "goes on", false),
        (quoted(101, ""), "goes on", false),
        (quoted(70, "."), "goes on", false),
        (quoted(70, ","), "goes on", false),
        (quoted(70, ""), "Goes on", false),
        (quoted(20, ""), "(https://example.com/x)", true),
        (quoted(20, ""), "<https://example.com/x> so", true),
        (quoted(20, ""), "https://example.com/x", false),
        (quoted(20, ""), "(yes indeed)", false),
        (quoted(20, ""), "(https://example.com/x as said)", false),
    ] {
        let expected = if goes { "" } else { lost };
        assert_eq!(between(&above, lost), expected, "{above} {lost}");
    }
    check(
        &format!("{}\ngoes on\n\nthere", quoted(70, "")),
        "goes on\n\nthere",
    );
}

#[test]
fn a_separator_has_dashes_or_fields_below() {
    for (text, reply) in [
        ("Yes.\n\nOriginal message:\n\nFrom: Ann\nold", "Yes."),
        ("Yes.\n\nOriginal message:\n\n> old", "Yes."),
        ("Yes.\n\n-----Original Message\nold", "Yes."),
        ("Yes.\n\n--Original Message--\nold", "Yes."),
        ("Yes.\n\n---Something---\nFrom: Berlin\nold", "Yes."),
        (
            "Please type your reply above this line\n\nold",
            "Please type your reply above this line\n\nold",
        ),
        ("Yes.\n\n## Reply above this line ##\n\nold", "Yes."),
    ] {
        check(text, reply);
    }
    for text in [
        "Yes.\n\nOriginal message:\n\nwas lost",
        "Yes.\n\n---- Original Message\nold",
        "Yes.\n\n-Original Message-\nold",
        "Yes.\n\n---Something---\nold",
        "Yes.\n\n--Something--\nFrom: Berlin\nold",
        "Yes.\n\n----------\nFrom: Berlin\nold",
    ] {
        check(text, text);
    }
}
