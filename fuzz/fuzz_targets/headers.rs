//! Header fields: ids, chains, addresses, dates, subjects, what a host says of a mail's origin, and the tree that
//! chains of several mails make.

#![no_main]

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta};
use convo_email::authentication::{TrustedHosts, origin};
use convo_email::{Address, Header, Headers, date};
use convo_threading::message_id::{scan, scan_or_bare};
use convo_threading::references::{MAX_CHAIN, whole_chain};
use convo_threading::subject::base_subject;
use convo_threading::{Forest, HeaderFields, MessageId, Node, build, chain, render};
use libfuzzer_sys::fuzz_target;

/// Mails of one input, each a few lines.
const MAILS: usize = 64;

fuzz_target!(|text: &str| {
    for line in text.lines() {
        let (name, value) = line.split_once(':').unwrap_or(("subject", line));
        field(name, value);
    }
    authentication(text);
    threads(text);
});

fn field(name: &str, value: &str) {
    for id in scan(value).chain(scan_or_bare(value)) {
        assert_eq!(id.as_str().parse().as_ref(), Ok(&id), "an id is read as itself");
        assert_eq!(scan(&id.to_header()).next().as_ref(), Some(&id), "and from a header");
    }
    for address in Address::parse_list(value) {
        assert!(address.email.contains('@') && !address.email.contains(char::is_whitespace));
        assert!(!address.key().is_empty());
    }
    if let Some(at) = date::parse(value) {
        assert_eq!(date::parse(&at.to_rfc2822()), Some(at), "a date is read as itself");
    }
    let base = base_subject(value).base;
    let again = base_subject(&base);
    assert!(again.base.len() <= base.len(), "a subject grew");
    let header = Header::new(name, value);
    assert!(!header.value().contains(['\0', '\r', '\n']));
}

fn authentication(text: &str) {
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    let headers = Headers::from_pairs(pairs);
    let hosts = TrustedHosts::new(["mx.example", "us.example"]);
    assert_eq!(
        format!("{:?}", origin(&headers, &hosts)),
        format!("{:?}", origin(&headers, &hosts))
    );
    let nobody = TrustedHosts::new::<&str>([]);
    // Who trusts no host is told nothing by any.
    assert_eq!(
        format!("{:?}", origin(&headers, &nobody)),
        format!("{:?}", origin(&Headers::default(), &nobody))
    );
}

/// Each paragraph is a mail: its first line holds its id, the others what it answers.
fn threads(text: &str) {
    let mut mails: Vec<(MessageId, Vec<MessageId>)> = Vec::new();
    for (index, mail) in text.split("\n\n").take(MAILS).enumerate() {
        let mut lines = mail.lines();
        let own = lines.next().unwrap_or_default();
        let rest: Vec<&str> = lines.collect();
        let (references, replied) = rest.split_at(rest.len() / 2);
        let fields = HeaderFields {
            message_id: &[own],
            in_reply_to: replied,
            references,
            participants: &[],
        };
        let id = fields.own_id();
        let short = chain(&fields, id.as_ref());
        let whole = whole_chain(&fields, id.as_ref());
        assert!(short.ids.len() <= MAX_CHAIN && short.ids.len() <= whole.ids.len());
        assert_eq!(short.parent(), whole.parent());
        assert!(!short.ids.iter().any(|one| Some(one) == id.as_ref()), "its own ancestor");
        let distinct: HashSet<_> = whole.ids.iter().collect();
        assert_eq!(distinct.len(), whole.ids.len(), "an ancestor twice");
        let id = id.or_else(|| MessageId::parse(&format!("{index}@own.example")));
        mails.push((id.expect("an id of ours"), short.ids));
    }
    let nodes: Vec<Node<'_, usize>> = mails.iter().enumerate().map(node).collect();
    let forest = build(&nodes);
    acyclic(&forest, nodes.len());
    let backwards: Vec<_> = nodes.iter().rev().copied().collect();
    assert_eq!(forest, build(&backwards), "the order of arrival shows");
    render::render_text(&forest, |key| key.to_string());
}

fn node<'a>((key, (id, chain)): (usize, &'a (MessageId, Vec<MessageId>))) -> Node<'a, usize> {
    let at = DateTime::UNIX_EPOCH + TimeDelta::seconds(key as i64 / 3);
    Node { key, message_id: id, chain, at, hash: id.as_str().as_bytes() }
}

/// A parent stands before its children and one edge above them: no way leads back. Every mail is there once.
fn acyclic(forest: &Forest<'_, usize>, mails: usize) {
    let keys: HashSet<usize> = forest.entries.iter().filter_map(|entry| entry.key).collect();
    assert_eq!(keys.len(), mails);
    assert_eq!(forest.entries.iter().filter(|entry| entry.key.is_some()).count(), mails);
    for (index, entry) in forest.entries.iter().enumerate() {
        match entry.parent {
            Some(parent) => {
                assert!(parent < index, "a child before its parent");
                let above = &forest.entries[parent];
                assert_eq!(above.depth + 1, entry.depth);
                assert_eq!(above.thread, entry.thread);
            }
            None => assert_eq!(entry.depth, 0),
        }
        if let Some(shown) = entry.shown_parent {
            assert!(shown < index && forest.entries[shown].key.is_some());
        }
        assert!(forest.threads[entry.thread].contains(&index));
    }
}
