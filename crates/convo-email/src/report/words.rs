//! Delivery reports for people: the address and the code in the words.

use super::dsn::{class, reply_code_in, status_in};
use super::{ReportKind, ReportedRecipient};
use crate::address::Address;
use crate::headers::Headers;

/// How many lines of the words are looked at.
const MAX_LINES: usize = 120;

/// Words of a server that refuse the mail or the moment and not the address, lower case.
const SPARING: &[&str] = &[
    "mailbox full",
    "mailbox is full",
    "over quota",
    "overquota",
    "quota exceeded",
    "exceeded storage",
    "insufficient storage",
    "spam",
    "blocked",
    "blacklist",
    "blocklist",
    "block list",
    "denylist",
    "reputation",
    "policy",
    "spf",
    "dkim",
    "dmarc",
    "authentication",
    "reverse dns",
    "reverse lookup",
    "ptr record",
    "too large",
    "too big",
    "size limit",
    "message size exceeds",
    "maximum size",
    "content rejected",
    "message rejected",
    "rejected by",
    "virus",
    "too many",
    "rate limit",
    "try again later",
    "temporarily",
    "timed out",
    "time out",
    "connection refused",
    "retry time not reached",
    "retry timeout exceeded",
    "suspended",
    "sender verify",
    "sender address rejected",
    "relay not permitted",
    "relaying denied",
    "after mail from",
    "after ehlo",
    "after helo",
    "after end of data",
    "sender address",
    "rdns",
    "unable to connect",
    "requests to connect",
    "socket error",
    "no response",
    "giving up",
    "in the queue too long",
    "disk space",
    "limit exceeded",
    "system error",
    "local error",
    "configuration error",
    "improper sequence",
    "not accepting messages",
];

/// Words that name a dead address, lower case; they count for more.
const DEAD: &[&str] = &[
    "user unknown",
    "unknown user",
    "no such user",
    "no such recipient",
    "no such address",
    "no such person",
    "user not found",
    "user doesn't",
    "user does not exist",
    "account does not exist",
    "address does not exist",
    "mailbox does not exist",
    "domain does not exist",
    "unknown recipient",
    "recipient unknown",
    "recipient not found",
    "invalid recipient",
    "invalid mailbox",
    "unknown mailbox",
    "mailbox not found",
    "no mailbox here",
    "mailbox unavailable or access denied",
    "unrouteable address",
    "unrouteable mail domain",
    "host unknown",
    "host not found",
    "domain not found",
    "address error",
    "bad destination",
    "not a valid user",
    "doesn't have a",
    "has moved",
    "no longer exists",
];

/// Whether a server's words speak of the mail or the moment and not of a dead address.
pub(super) fn spared_in_words(words: &str) -> bool {
    let words = words.to_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| words.contains(phrase));
    says(SPARING) && !says(DEAD)
}

/// Adds what a report without a machine-readable part says: `X-Failed-Recipients`, lines that hold
/// nothing but an address, and the first codes of the text.
pub(super) fn complete(
    recipients: &mut Vec<ReportedRecipient>,
    kind: ReportKind,
    headers: &Headers,
    text: &str,
) {
    if !recipients.is_empty() {
        return;
    }
    let named = headers
        .get_all_raw("x-failed-recipients")
        .flat_map(Address::parse_list);
    let mut addresses: Vec<String> = named.map(|address| address.key()).collect();
    if addresses.is_empty() {
        addresses.extend(report_lines(text).find_map(address_of_line));
    }
    let words: Vec<&str> = report_lines(text).collect();
    let words = words.join("\n");
    let action = if kind == ReportKind::Delay {
        "delayed"
    } else {
        "failed"
    };
    let (status, code) = (status_in(&words), reply_code_in(&words));
    let class = class(Some(action), status.as_deref(), code, &words);
    if addresses.is_empty() && status.is_none() && code.is_none() {
        return;
    }
    let one = |address: Option<String>| ReportedRecipient {
        address,
        original: None,
        action: Some(action.to_owned()),
        status: status.clone(),
        code,
        class,
    };
    if addresses.is_empty() {
        recipients.push(one(None));
    }
    recipients.extend(addresses.into_iter().map(|address| one(Some(address))));
}

/// The lines before the returned mail.
fn report_lines(text: &str) -> impl Iterator<Item = &str> {
    let copy = |line: &&str| {
        let line = line
            .trim_start_matches(['-', '=', '*', ' '])
            .to_ascii_lowercase();
        line.starts_with("this is a copy of")
            || line.starts_with("below this line is a copy")
            || line.starts_with("original message")
            || line.starts_with("returned message")
            || line.starts_with("received:")
            || line.starts_with("message-id:")
    };
    text.lines()
        .take(MAX_LINES)
        .take_while(move |line| !copy(line))
}

/// `<a@b.example>:`, `a@b.example`, `To: a@b.example`: a line about one address.
fn address_of_line(line: &str) -> Option<String> {
    let line = line.trim();
    let line = line.strip_prefix("To:").unwrap_or(line).trim();
    if line.len() > 300 || !line.contains('@') {
        return None;
    }
    let (head, rest) = line.split_at(line.find(char::is_whitespace).unwrap_or(line.len()));
    let marked = head.starts_with('<')
        && (head.ends_with(">:") || head.ends_with('>') || head.contains(">..."));
    if !marked && !rest.trim().is_empty() {
        return None;
    }
    let head = head.trim_end_matches(['.', ':']);
    Address::parse(head).map(|address| address.key())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::FailureClass;

    fn check(text: &str, address: Option<&str>, status: Option<&str>, class: Option<FailureClass>) {
        let mut read = Vec::new();
        complete(&mut read, ReportKind::Bounce, &Headers::default(), text);
        let first = read.first().cloned().unwrap_or_default();
        assert_eq!(
            (
                first.address.as_deref(),
                first.status.as_deref(),
                first.class
            ),
            (address, status, class),
            "{text:?}"
        );
    }

    #[test]
    fn reports_in_words() {
        use FailureClass::{Hard, Soft};
        let bo = Some("bo@b.example");
        check(
            "Sorry.\n\n<Bo@b.example>:\nUser unknown (#5.1.1)\n",
            bo,
            Some("5.1.1"),
            Some(Hard),
        );
        check(
            "failed:\n\n  bo@b.example\n    550 5.2.2 mailbox full\n",
            bo,
            Some("5.2.2"),
            Some(Soft),
        );
        check(
            "<bo@b.example>: host mx said: 452 try later",
            bo,
            None,
            Some(Soft),
        );
        check("no address, but 550 refused", None, None, Some(Hard));
        check("nothing at all", None, None, None);
        check(
            "<bo@b.example>\n------ This is a copy of the message\n550 5.7.1\n",
            bo,
            None,
            Some(Hard),
        );
    }

    #[test]
    fn the_header_names_the_failed() {
        let headers = Headers::from_pairs([("X-Failed-Recipients", "a@b.example, c@d.example")]);
        let mut read = Vec::new();
        complete(&mut read, ReportKind::Delay, &headers, "delayed");
        assert_eq!(read.len(), 2);
        assert!(read.iter().all(|one| one.class == Some(FailureClass::Soft)));
    }
}
