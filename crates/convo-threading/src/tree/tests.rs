#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use proptest::prelude::*;

use super::*;
use crate::incremental::tests::Store;

pub(crate) fn id(text: impl std::fmt::Display) -> MessageId {
    MessageId::parse(&format!("{text}@x")).unwrap()
}

pub(crate) fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

#[derive(Debug, Clone)]
pub(crate) struct Mail {
    pub(crate) id: MessageId,
    pub(crate) chain: Vec<MessageId>,
    pub(crate) at: DateTime<Utc>,
    pub(crate) hash: [u8; 1],
}

/// One mail per line: `id < oldest … newest ancestor`, with `@second` and `#hash` when they
/// matter; otherwise the line number is the date.
pub(crate) fn mails(text: &str) -> Vec<Mail> {
    let mail = |(line, text): (usize, &str)| {
        let (mut second, mut hash) = (line as i64, 0);
        let (own, chain) = text.split_once('<').unwrap_or((text, ""));
        let mut words = own.split_whitespace();
        let own = words.next().unwrap();
        for word in words {
            match word.split_at(1) {
                ("@", n) => second = n.parse().unwrap(),
                ("#", n) => hash = n.parse().unwrap(),
                _ => panic!("{word}"),
            }
        }
        let chain = chain.split_whitespace().map(id).collect();
        Mail {
            id: id(own),
            chain,
            at: at(second),
            hash: [hash],
        }
    };
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .enumerate()
        .map(mail)
        .collect()
}

pub(crate) fn nodes(mails: &[Mail]) -> Vec<Node<'_, usize>> {
    let mut nodes = Vec::new();
    for (key, mail) in mails.iter().enumerate() {
        let Mail {
            id,
            chain,
            at,
            hash,
        } = mail;
        nodes.push(Node {
            key,
            message_id: id,
            chain,
            at: *at,
            hash,
        });
    }
    nodes
}

/// The forest as lines: two spaces a level, `?` for placeholders, `=` for copies, `--` between
/// threads.
fn drawn(forest: &Forest<'_, usize>) -> Vec<String> {
    let mut lines = Vec::new();
    for (number, range) in forest.threads.iter().enumerate() {
        if number > 0 {
            lines.push("--".to_owned());
        }
        for entry in &forest.entries[range.clone()] {
            assert_eq!(entry.thread, number);
            let mark = match (entry.key, entry.copy) {
                (None, _) => "?",
                (_, true) => "=",
                _ => "",
            };
            let name = entry.message_id.as_str().trim_end_matches("@x");
            lines.push(format!("{}{name}{mark}", "  ".repeat(entry.depth as usize)));
        }
    }
    lines
}

fn check(text: &str, expected: &[&str]) {
    let mails = mails(text);
    let mut nodes = nodes(&mails);
    let forest = build(&nodes);
    assert_eq!(drawn(&forest), expected, "{text}");
    for _ in 0..nodes.len() {
        nodes.rotate_left(1);
        assert_eq!(build(&nodes), forest, "{text}");
    }
    nodes.reverse();
    assert_eq!(build(&nodes), forest, "{text}");
    let mut store = Store::default();
    mails.iter().for_each(|mail| store.add(mail));
    let mut store = Store::default();
    mails.iter().rev().for_each(|mail| store.add(mail));
}

#[test]
fn plain_threads() {
    check("", &[]);
    check("a\nb", &["a", "--", "b"]);
    check("a\nb < a\nc < a b\nd < a", &["a", "  b", "    c", "  d"]);
    check("a\nx\nb < a\ny < x", &["a", "  b", "--", "x", "  y"]);
}

#[test]
fn children_before_parents() {
    check("c < b\nb < a\na", &["a", "  b", "    c"]);
    check("b < a\nc < a\na", &["a", "  b", "  c"]);
    check(
        "d < a b c\nf < a b e\nb < a\nc < b\ne < b\na",
        &["a", "  b", "    c", "      d", "    e", "      f"],
    );
}

#[test]
fn missing_messages_keep_their_place() {
    check("a\nc < a b", &["a", "  b?", "    c"]);
    check("b < a\nc < a", &["a?", "  b", "  c"]);
    check("c < a b\nd < a b c", &["a?", "  b?", "    c", "      d"]);
    check(
        "a\nx < a g\nb < a\ny < a g",
        &["a", "  g?", "    x", "    y", "  b"],
    );
    // Named, but nobody's parent.
    check("a\nb < g a", &["a", "  b"]);
}

#[test]
fn placeholders_hang_where_most_say() {
    check(
        "x < a g\ny < b g\nz < b g",
        &["b?", "  g?", "    x", "    y", "    z"],
    );
    check("x < b g\ny < a g", &["a?", "  g?", "    x", "    y"]);
    check(
        "a\nb\nx < b g\ny < a g",
        &["a", "  g?", "    x", "    y", "b"],
    );
}

#[test]
fn a_messages_own_headers_beat_others_claims() {
    check("a\nb < a\nc < b a", &["a", "  b", "  c"]);
    check("d < x b\nx\na\nb < a", &["x", "a", "  b", "    d"]);
}

#[test]
fn loops_open_in_a_fixed_order() {
    check("a < b\nb < a", &["b", "  a"]);
    check("a < b\nb < c\nc < a", &["c", "  b", "    a"]);
    check("a < b\nb < r a\nr", &["r", "  b", "    a"]);
    check("b < r a\na < b\nr", &["a", "  b", "r"]);
    check("a < a\nb < a", &["a", "  b"]);
    check("m < b a\nn < a b", &["b?", "  a?", "    m", "  n"]);
}

#[test]
fn references_written_newest_first_do_not_uproot() {
    // Their claims put t below u, u below n, and n is below t: t goes where m itself says.
    check(
        "a\nm < a t\nn < u t m\no < u t m\nq < n u t m",
        &["a", "  t?", "    m", "      n", "      o", "      q"],
    );
}

#[test]
fn copies_are_leaves_beside_the_first() {
    check("a\nb < a\nb < a\nc < b", &["a", "  b", "    c", "  b="]);
    check(
        "a\nx\nb @5 < a\nb @4 < x\nd < b",
        &["a", "--", "x", "  b", "    d", "  b="],
    );
    check(
        "b @1 #2 < a\nb @1 #1 < c\nd < b",
        &["c?", "  b", "    d", "  b="],
    );
    check("a\na\nb < a", &["a", "  b", "a="]);
}

#[test]
fn ten_thousand_deep_and_three_hundred_named() {
    let chain: String = (0..10_000)
        .map(|n| format!("m{} < m{n}\n", n + 1))
        .collect();
    let mails = mails(&chain);
    let forest = build(&nodes(&mails));
    assert_eq!(forest.entries.last().unwrap().depth, 10_000);
    assert_eq!(forest.threads.len(), 1);
    let names: Vec<String> = (0..300).map(|n| format!("g{n}")).collect();
    let mails = self::mails(&format!("m < {}", names.join(" ")));
    let forest = build(&nodes(&mails));
    assert_eq!(forest.entries.len(), 301);
    assert_eq!(forest.entries[300].depth, 300);
    assert_eq!(forest.entries[300].shown_parent, None);
}

/// Mails over few ids, so that copies, loops, late parents and missing ones meet often.
pub(crate) fn sets(ids: u8, most: usize) -> impl Strategy<Value = Vec<Mail>> {
    let mail = (0..ids, prop::collection::vec(0..ids, 0..4), 0i64..6, 0u8..2);
    let mail = mail.prop_map(|(own, named, second, hash)| {
        let mut chain: Vec<MessageId> = Vec::new();
        for named in named.into_iter().filter(|named| *named != own).map(id) {
            if !chain.contains(&named) {
                chain.push(named);
            }
        }
        Mail {
            id: id(own),
            chain,
            at: at(second),
            hash: [hash],
        }
    });
    prop::collection::vec(mail, 0..most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn every_arrival_order_gives_the_same_forest(
        (mails, order) in sets(8, 10).prop_flat_map(|mails| {
            let order = Just((0..mails.len()).collect::<Vec<_>>()).prop_shuffle();
            (Just(mails), order)
        })
    ) {
        let nodes = nodes(&mails);
        let shuffled: Vec<_> = order.iter().map(|&at| nodes[at]).collect();
        let forest = build(&nodes);
        prop_assert_eq!(build(&shuffled), forest.clone());
        // Every message once, below its parent, and no placeholder without a message below it.
        let mut keys: Vec<_> = forest.entries.iter().filter_map(|entry| entry.key).collect();
        keys.sort_unstable();
        prop_assert_eq!(keys, (0..mails.len()).collect::<Vec<_>>());
        for (index, entry) in forest.entries.iter().enumerate() {
            prop_assert!(entry.parent.is_none_or(|parent| parent < index));
            let above = entry.parent.map(|parent| &forest.entries[parent]);
            prop_assert_eq!(entry.depth, above.map_or(0, |above| above.depth + 1));
            prop_assert!(above.is_none_or(|above| above.thread == entry.thread));
            let has_child = forest.entries.iter().any(|below| below.parent == Some(index));
            prop_assert!(has_child || entry.key.is_some());
        }
    }

    #[test]
    fn any_chain_will_do(mails in sets(4, 6)) {
        let mut mails = mails;
        for mail in &mut mails {
            mail.chain.push(mail.id.clone());
            mail.chain.insert(0, id(0));
        }
        prop_assert!(build(&nodes(&mails)).entries.len() >= mails.len());
    }
}
