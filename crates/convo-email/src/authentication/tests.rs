#![allow(clippy::unwrap_used)]

use super::*;

const OURS: &str = "mx.dealer.example";

/// The origin by these fields, given as whole lines in their order.
#[track_caller]
fn check(lines: &[&str], expected: Option<&str>) {
    check_trusting(&[OURS], lines, expected);
}

#[track_caller]
fn check_trusting(trusted: &[&str], lines: &[&str], expected: Option<&str>) {
    let pairs = lines.iter().map(|line| line.split_once(": ").unwrap());
    let origin = origin(&Headers::from_pairs(pairs), &TrustedHosts::new(trusted));
    assert_eq!(origin.code(), expected, "{lines:#?}");
}

#[test]
fn dmarc_decides() {
    for (results, expected) in [
        ("dmarc=fail", Some("auth:dmarc-fail")),
        ("dmarc=pass", Some("auth:dmarc-pass")),
        ("dmarc=bestguesspass", Some("auth:dmarc-pass")),
        ("dmarc=none", None),
        ("dmarc=temperror", None),
        ("dmarc=permerror", None),
        ("none", None),
        (
            "DMARC = Fail (p=NONE dis=NONE) header.from=customer.example",
            Some("auth:dmarc-fail"),
        ),
        (
            "dmarc/1=fail reason=\"no; dmarc=pass\" header.from=x.example",
            Some("auth:dmarc-fail"),
        ),
        (
            "spf=pass smtp.mailfrom=a@evil.example; dkim=pass header.d=evil.example; dmarc=fail",
            Some("auth:dmarc-fail"),
        ),
        ("spf=fail; dkim=none; dmarc=pass", Some("auth:dmarc-pass")),
        // Somebody put a result into an address: the host's own still counts.
        (
            "spf=pass smtp.mailfrom=x;dmarc=pass @evil.example; dmarc=fail",
            Some("auth:dmarc-fail"),
        ),
        (
            "spf=pass (open ( comment; dmarc=fail",
            Some("auth:dmarc-fail"),
        ),
        ("x-dmarc=fail; arc=fail; policy.dmarc=reject", None),
        ("dmarc=\"fail\"", None),
        ("dmarc=failure", None),
        ("dmarc=", None),
        ("=fail;;; ;", None),
    ] {
        let field = format!("Authentication-Results: {OURS}; {results}");
        check(&[&field], expected);
    }
}

#[test]
fn without_dmarc_a_hard_failure_and_no_signature() {
    let forged = Some("auth:spf-dkim-fail");
    for (results, expected) in [
        ("spf=fail; dkim=none", forged),
        ("spf=hardfail; dkim=fail", forged),
        ("spf=fail; dkim=none; dmarc=none", forged),
        ("spf=fail; dkim=permerror; dmarc=temperror", forged),
        (
            "spf=fail; dkim=fail header.d=a.example; dkim=pass header.d=b.example",
            None,
        ),
        ("spf=fail", None),
        ("spf=fail; dkim=temperror", None),
        ("spf=softfail; dkim=none", None),
        ("spf=neutral; dkim=fail", None),
        ("spf=none; dkim=none", None),
        ("dkim=fail", None),
        (
            "spf=fail smtp.helo=x.example; spf=pass smtp.mailfrom=a@x.example; dkim=none",
            None,
        ),
    ] {
        let field = format!("Authentication-Results: {OURS}; {results}");
        check(&[&field], expected);
    }
}

#[test]
fn only_trusted_hosts_count() {
    for (host, known) in [
        ("mx.dealer.example", true),
        ("MX.Dealer.Example", true),
        ("mx.dealer.example. 1", true),
        ("(the border) \"mx.dealer.example\"", true),
        ("mx.dealer.example.evil.example", false),
        ("evil-mx.dealer.example", false),
        ("dealer.example", false),
        ("", false),
    ] {
        let field = format!("Authentication-Results: {host}; dmarc=fail");
        check(&[&field], known.then_some("auth:dmarc-fail"));
    }
    let all = ["*.dealer.example"];
    for (host, known) in [
        ("mx.dealer.example", true),
        ("a.b.dealer.example", true),
        ("dealer.example", true),
        ("otherdealer.example", false),
    ] {
        let field = format!("Authentication-Results: {host}; dmarc=fail");
        check_trusting(&all, &[&field], known.then_some("auth:dmarc-fail"));
    }
    // A host that gives no name is nobody.
    check(
        &["Authentication-Results: spf=fail; dkim=none; dmarc=fail"],
        None,
    );
    check(
        &["ARC-Authentication-Results: i=1; mx.dealer.example; dmarc=fail"],
        None,
    );
    check_trusting(
        &[],
        &["Authentication-Results: mx.dealer.example; dmarc=fail"],
        None,
    );
}

#[test]
fn of_each_host_the_topmost() {
    let fail = "Authentication-Results: mx.dealer.example; dmarc=fail";
    let pass = "Authentication-Results: mx.dealer.example; dmarc=pass";
    let signed = "Authentication-Results: mx.dealer.example; dkim=pass";
    let unsigned = "Authentication-Results: mx.dealer.example; dkim=none";
    let spf = "Authentication-Results: mx.dealer.example; spf=fail";
    let hop = "Received: from there by here";
    let author = "From: Ada <ada@customer.example>";
    let forged = Some("auth:dmarc-fail");
    check(&[fail, pass], forged);
    check(&[pass, fail], Some("auth:dmarc-pass"));
    check(&[hop, fail, hop, author, pass], forged);
    check(&[hop, hop, pass, hop, fail], Some("auth:dmarc-pass"));
    // A host may write one field for each check, and a spoofed one of another check lies below it.
    check(&[spf, unsigned, hop, pass], Some("auth:spf-dkim-fail"));
    check(&[spf, unsigned, signed], Some("auth:spf-dkim-fail"));
    check(&[spf, hop, unsigned], None);
    // Only the sender's own stands there: it can harm nobody but its sender.
    check(&[author, hop, fail], forged);
    check(&[author, hop, pass], Some("auth:dmarc-pass"));
}

#[test]
fn a_host_cannot_speak_for_another() {
    let trusted = ["*.mailgun.org", OURS];
    let fail = "Authentication-Results: mxa.mailgun.org; dkim=fail; spf=pass; dmarc=fail; arc=pass";
    let sibling = "Authentication-Results: mxb.mailgun.org; dmarc=pass";
    check_trusting(&trusted, &[fail, sibling], Some("auth:dmarc-fail"));
    check_trusting(&trusted, &[sibling, fail], Some("auth:dmarc-fail"));
    let doubtful = "Authentication-Results: mxa.mailgun.org; spf=fail; dkim=none";
    check_trusting(&trusted, &[doubtful, sibling], Some("auth:spf-dkim-fail"));
}

#[test]
fn a_provider_with_fields_of_its_own() {
    let forged = Some("auth:spf-dkim-fail");
    let mailgun = ["*.mailgun.org"];
    let (spf, dkim) = ("X-Mailgun-Spf: Fail", "X-Mailgun-Dkim-Check-Result: Pass");
    check_trusting(&mailgun, &[spf], forged);
    check_trusting(&["mxa.mailgun.org"], &[spf], forged);
    check_trusting(
        &mailgun,
        &[spf, "X-Mailgun-Dkim-Check-Result: Fail"],
        forged,
    );
    check_trusting(&mailgun, &[spf, dkim], None);
    check_trusting(
        &mailgun,
        &[spf, dkim, "X-Mailgun-Dkim-Check-Result: Fail"],
        forged,
    );
    check_trusting(&mailgun, &["X-Mailgun-Spf: Pass", spf], forged);
    check_trusting(&mailgun, &["X-Mailgun-Spf: SoftFail"], None);
    check_trusting(&mailgun, &["X-Mailgun-Dkim-Check-Result: Fail"], None);
    check(&[spf], None);
    let pass = "Authentication-Results: mxa.mailgun.org; dmarc=pass";
    check_trusting(&mailgun, &[spf, pass], Some("auth:dmarc-pass"));
}

#[test]
fn hostile_fields_end() {
    let many: Vec<String> = (0..10_000)
        .map(|n| format!("Authentication-Results: mx.dealer.example; x{n}=fail"))
        .chain(["Authentication-Results: mx.dealer.example; dmarc=fail".to_owned()])
        .collect();
    let lines: Vec<&str> = many.iter().map(String::as_str).collect();
    check(&lines, None);
    let long = format!(
        "Authentication-Results: {OURS}; {} dmarc=fail",
        "x=y;".repeat(500_000)
    );
    check(&[&long], None);
}
