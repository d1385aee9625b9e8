//! Who sent a mail: tables of headers, subjects and words.

use chrono::NaiveDate;
use convo_threading::automated::{Class, Mail, Verdict, classify};
use proptest::prelude::*;

type Fields<'a> = &'a [(&'a str, &'a str)];

/// Tuesday.
fn written_on() -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(2024, 6, 4)
}

fn mail<'a>(headers: Fields<'a>, subject: &'a str, text: &'a str) -> Mail<'a> {
    Mail {
        headers,
        subject,
        from: "lead@customer.example",
        text,
        written_on: written_on(),
        ..Mail::default()
    }
}

fn check(verdict: &Verdict, class: Class, code: &str) {
    assert_eq!(
        (
            verdict.class,
            verdict.evidence.first().map_or("", |code| code.as_ref())
        ),
        (class, code),
        "{verdict:?}"
    );
}

fn check_header(name: &str, value: &str, class: Class, code: &str) {
    let verdict = classify(&mail(&[(name, value)], "Re: your offer", "Thank you."));
    println!("{name}: {value}");
    check(&verdict, class, code);
}

#[test]
fn headers_of_automatic_mail() {
    use Class::{AutoReply, Human, List};
    check_header(
        "Auto-Submitted",
        "auto-replied",
        AutoReply,
        "header:auto-submitted",
    );
    check_header(
        "auto-submitted",
        "auto-generated (warning-timeout)",
        AutoReply,
        "header:auto-submitted",
    );
    check_header(
        "Auto-Submitted",
        "auto-replied; owner-email=a@b.example",
        AutoReply,
        "header:auto-submitted",
    );
    check_header(
        "Auto-Submitted",
        "auto-notified",
        AutoReply,
        "header:auto-submitted",
    );
    check_header(
        "Auto-Submitted",
        "vacation",
        AutoReply,
        "header:auto-submitted",
    );
    check_header("Auto-Submitted", "no", Human, "header:auto-submitted-no");
    check_header(
        "Auto-Submitted",
        "No; x=y",
        Human,
        "header:auto-submitted-no",
    );
    check_header("Auto-Submitted", "", Human, "");
    check_header("X-Autoreply", "yes", AutoReply, "header:x-autoreply");
    check_header("X-Autoreply", "no", Human, "");
    check_header(
        "X-Autorespond",
        "Your offer",
        AutoReply,
        "header:x-autorespond",
    );
    check_header("X-Autoresponder", "1", AutoReply, "header:x-autoresponder");
    check_header("Precedence", "auto_reply", AutoReply, "header:precedence");
    check_header("X-Precedence", "auto_reply", AutoReply, "header:precedence");
    check_header(
        "X-POST-MessageClass",
        "9; Autoresponder",
        AutoReply,
        "header:x-post-messageclass",
    );
    check_header(
        "X-FC-MachineGenerated",
        "true",
        AutoReply,
        "header:x-fc-machinegenerated",
    );
    check_header("X-FC-MachineGenerated", "false", Human, "");
    check_header(
        "Delivered-To",
        "Autoresponder",
        AutoReply,
        "header:delivered-to-autoresponder",
    );
    check_header("Delivered-To", "sales@dealer.example", Human, "");
    check_header("X-Mailer", "Vacation 1.2", AutoReply, "header:x-mailer");
    check_header(
        "X-Mailer",
        "PHP Autoresponder",
        AutoReply,
        "header:x-mailer",
    );
    check_header("X-Mailer", "Thunderbird", Human, "");
    check_header("Return-Path", "<>", AutoReply, "header:null-return-path");
    check_header("Return-Path", "<lead@customer.example>", Human, "");
    check_header("X-Auto-Response-Suppress", "OOF, AutoReply", Human, "");
    check_header(
        "X-MS-Exchange-Inbox-Rules-Loop",
        "lead@customer.example",
        Human,
        "",
    );
    check_header("List-Id", "<a.b.example>", List, "header:list-id");
    check_header(
        "List-Unsubscribe",
        "<mailto:a@b.example>",
        List,
        "header:list-unsubscribe",
    );
    check_header("Precedence", "bulk", List, "header:precedence");
    check_header("Precedence", "list", List, "header:precedence");
    check_header("Precedence", "junk", List, "header:precedence");
    check_header("Precedence", "first-class", Human, "");
    check_header("Feedback-ID", "1:2:3:x", List, "header:feedback-id");
}

#[test]
fn the_order_of_the_tests() {
    let absence = &[
        ("X-MS-Exchange-Inbox-Rules-Loop", "a@b.example"),
        ("X-Auto-Response-Suppress", "All"),
    ];
    check(
        &classify(&mail(absence, "Re: x", "")),
        Class::AutoReply,
        "header:x-ms-exchange-inbox-rules-loop",
    );
    let bounce = &[("Auto-Submitted", "auto-replied"), ("Return-Path", "<>")];
    let dsn = Mail {
        part_types: &["multipart/report", "message/delivery-status"],
        ..mail(bounce, "Hello", "")
    };
    check(&classify(&dsn), Class::Bounce, "part:delivery-status");
    check(
        &classify(&Mail {
            action: Some("failed"),
            ..dsn
        }),
        Class::Bounce,
        "part:delivery-status",
    );
    check(
        &classify(&Mail {
            action: Some("Delayed"),
            ..dsn
        }),
        Class::Delay,
        "part:delivery-status",
    );
    check(
        &classify(&Mail {
            action: Some("delivered"),
            ..dsn
        }),
        Class::AutoReply,
        "dsn:delivered",
    );
    let feedback = Mail {
        report_type: Some("feedback-report"),
        part_types: &["message/feedback-report"],
        ..dsn
    };
    check(
        &classify(&feedback),
        Class::SpamReport,
        "feedback:complaint",
    );
    check(
        &classify(&Mail {
            feedback_type: Some("opt-out"),
            ..feedback
        }),
        Class::SpamReport,
        "feedback:opt-out",
    );
    check(
        &classify(&Mail {
            feedback_type: Some("auth-failure"),
            ..feedback
        }),
        Class::AutoReply,
        "feedback:other",
    );
    let list = &[
        ("List-Id", "<a.b.example>"),
        ("Auto-Submitted", "auto-generated"),
    ];
    check(
        &classify(&mail(list, "News", "")),
        Class::AutoReply,
        "header:auto-submitted",
    );
    // A prefix of a subject is the weakest sign: a list mail keeps its name, a person theirs.
    check(
        &classify(&mail(&[("List-Id", "x")], "Automatic reply: x", "")),
        Class::List,
        "header:list-id",
    );
    check(
        &classify(&mail(&[("Auto-Submitted", "no")], "Automatic reply: x", "")),
        Class::Human,
        "header:auto-submitted-no",
    );
}

#[test]
fn bounces_without_a_machine_readable_part() {
    let from = |from: &'static str, subject: &'static str, text: &'static str| {
        classify(&Mail {
            from,
            ..mail(&[], subject, text)
        })
    };
    check(
        &from("MAILER-DAEMON@mx.example", "failure notice", ""),
        Class::Bounce,
        "from:daemon",
    );
    check(
        &from("MAILER-DAEMON <>", "anything", ""),
        Class::Bounce,
        "from:daemon",
    );
    check(
        &from(
            "mailer-daemon@mx.example",
            "Delivery Status Notification (Delay)",
            "",
        ),
        Class::Delay,
        "from:daemon",
    );
    check(
        &from(
            "mailer-daemon@mx.example",
            "x",
            "It will be retried until tomorrow.",
        ),
        Class::Delay,
        "from:daemon",
    );
    check(
        &from("postmaster@mx.example", "Undeliverable: offer", ""),
        Class::Bounce,
        "from:postmaster",
    );
    check(
        &from(
            "postmaster@mx.example",
            "Our new mail server",
            "Please tell me if it works.",
        ),
        Class::Human,
        "",
    );
    check(
        &from("", "Undelivered Mail Returned to Sender", ""),
        Class::Bounce,
        "subject:delivery-failure",
    );
    check(
        &from(
            "lead@customer.example",
            "Delivery failure",
            "The parcel never came, why?",
        ),
        Class::Human,
        "",
    );
    check(
        &from(
            "lead@customer.example",
            "Fwd: Returned mail: x",
            "550 5.1.1 no such user",
        ),
        Class::Human,
        "",
    );
    let failed = &[("X-Failed-Recipients", "a@b.example")];
    check(
        &classify(&mail(failed, "Hello", "")),
        Class::Bounce,
        "header:x-failed-recipients",
    );
}

#[test]
fn the_action_of_a_report_counts_for_more_than_its_words() {
    let of = |action: Option<&'static str>, subject: &'static str| {
        let verdict = classify(&Mail {
            part_types: &["multipart/report", "message/delivery-status"],
            action,
            ..mail(&[], subject, "")
        });
        (verdict.class, verdict.evidence)
    };
    let late = "Delivery Status Notification (Delay)";
    for (action, subject, class, code) in [
        (Some("failed"), late, Class::Bounce, "part:delivery-status"),
        (Some("Failed"), late, Class::Bounce, "part:delivery-status"),
        (
            Some("delayed"),
            "Report",
            Class::Delay,
            "part:delivery-status",
        ),
        (Some("delivered"), late, Class::AutoReply, "dsn:delivered"),
        (Some("relayed"), late, Class::AutoReply, "dsn:delivered"),
        (Some("expanded"), late, Class::AutoReply, "dsn:delivered"),
        (None, late, Class::Delay, "part:delivery-status"),
        (None, "Report", Class::Bounce, "part:delivery-status"),
    ] {
        let expected = (class, vec![code.into()]);
        assert_eq!(of(action, subject), expected, "{action:?} {subject}");
    }
}

#[test]
fn words_of_a_failure_need_a_sender_who_is_nobody() {
    let returned: &[&str] = &["multipart/mixed", "message/rfc822"];
    let failed = "550 5.1.1 no such user";
    let of = |path: &'static str, from, subject, parts, text| {
        classify(&Mail {
            from,
            part_types: parts,
            ..mail(&[("Return-Path", path)], subject, text)
        })
    };
    let (person, program) = ("lead@customer.example", "noreply@mx.example");
    let (by_person, by_daemon) = ("<lead@customer.example>", "<MAILER-DAEMON@mx.example>");
    for (path, from, subject, parts, text, code) in [
        (
            by_daemon,
            person,
            "Delivery failure",
            &[][..],
            "",
            "subject:delivery-failure",
        ),
        (by_person, person, "Delivery failure", &[], "", ""),
        (
            by_daemon,
            person,
            "Hello",
            &[],
            failed,
            "text:delivery-failure",
        ),
        (by_person, person, "Hello", &[], failed, ""),
        (
            by_person,
            program,
            "Hello",
            returned,
            failed,
            "part:returned-mail",
        ),
        (by_person, program, "Hello", returned, "Have a look.", ""),
        (by_person, program, "Hello", &[], failed, ""),
        (by_person, person, "Hello", returned, failed, ""),
    ] {
        let class = if code.is_empty() {
            Class::Human
        } else {
            Class::Bounce
        };
        check(&of(path, from, subject, parts, text), class, code);
    }
}

/// An absence that is spoken of is no automatic answer.
#[test]
fn a_reply_to_an_absence_is_a_persons() {
    for (subject, class) in [
        ("Ann is out of the office", Class::OutOfOffice),
        ("Re: Ann is out of the office", Class::Human),
        ("AW: Ann is out of the office", Class::Human),
        ("Fwd: Ann is out of the office", Class::Human),
    ] {
        assert_eq!(
            classify(&mail(&[], subject, "Hello")).class,
            class,
            "{subject}"
        );
    }
}

#[test]
fn notifications_that_were_subscribed_to_by_mail() {
    let of = |kind: &str| {
        let text = format!(r#" {{"notificationType":"{kind}","mail":{{}}}}"#);
        let verdict = classify(&mail(&[], "AWS Notification Message", &text));
        (verdict.class, verdict.evidence.len())
    };
    assert_eq!(of("Bounce"), (Class::Bounce, 1));
    assert_eq!(of("Complaint"), (Class::SpamReport, 1));
    assert_eq!(of("Delivery"), (Class::AutoReply, 1));
    assert_eq!(of("Received"), (Class::Human, 0));
}

#[test]
fn what_may_be_answered() {
    let answerable = |headers: Fields<'_>, from: &'static str| {
        classify(&Mail {
            from,
            ..mail(headers, "Hello", "Hi")
        })
        .answerable
    };
    assert!(answerable(&[], "lead@customer.example"));
    assert!(answerable(
        &[("X-Auto-Response-Suppress", "DR, NDR")],
        "lead@customer.example"
    ));
    assert!(!answerable(
        &[("X-Auto-Response-Suppress", "DR, OOF")],
        "lead@customer.example"
    ));
    assert!(!answerable(
        &[("X-Auto-Response-Suppress", "All")],
        "lead@customer.example"
    ));
    assert!(!answerable(
        &[("Precedence", "bulk")],
        "lead@customer.example"
    ));
    assert!(!answerable(&[], "noreply@customer.example"));
    assert!(!answerable(&[], ""));
}

proptest! {
    #[test]
    fn any_mail_has_a_class(
        name in "auto-submitted|precedence|return-path|\\PC{0,12}",
        value in "\\PC{0,20}",
        subject in "\\PC{0,40}",
        text in "(until|bis|jusqu'au|hasta|[0-9]{1,4}[./-]?|[0-9./-]{1,10}|may|mai|monday|out of office|\\PC{0,6}| ){0,20}",
    ) {
        let headers = [(name.as_str(), value.as_str()), ("Auto-Submitted", "auto-replied")];
        let verdict = classify(&mail(&headers, &subject, &text));
        prop_assert!(verdict.class == Class::Human || !verdict.evidence.is_empty());
        prop_assert!(verdict.returns_on.is_none_or(|day| Some(day) >= written_on()));
    }
}
