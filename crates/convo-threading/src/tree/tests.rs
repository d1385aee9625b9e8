#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::incremental::{Cause, Known, Placed, Placement, place};

fn id(text: impl std::fmt::Display) -> MessageId {
    MessageId::parse(&format!("{text}@x")).unwrap()
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

#[derive(Debug, Clone)]
struct Mail {
    id: MessageId,
    chain: Vec<MessageId>,
    at: DateTime<Utc>,
    hash: [u8; 1],
}

/// One mail per line: `id < oldest … newest ancestor`, with `@second` and `#hash` when they
/// matter; otherwise the line number is the date.
fn mails(text: &str) -> Vec<Mail> {
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

fn nodes(mails: &[Mail]) -> Vec<Node<'_, usize>> {
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

/// A store of one conversation, which places messages one by one and checks itself against the
/// forest of the whole set.
#[derive(Default)]
struct Store {
    mails: Vec<Mail>,
    messages: HashMap<MessageId, (Place, u32)>,
    placeholders: HashMap<MessageId, Placeholder<u32>>,
    threads: u32,
    rebuilt: Vec<Cause>,
}

impl Store {
    fn add(&mut self, mail: &Mail) {
        self.mails.push(mail.clone());
        let known = |id: &MessageId| match (self.messages.get(id), self.placeholders.get(id)) {
            (Some((place, thread)), _) => Some(Known::Message {
                depth: place.depth,
                thread: *thread,
            }),
            (None, row) => row.cloned().map(Known::Missing),
        };
        match place(&mail.id, &mail.chain, known) {
            Placement::Placed(placed) => self.put(mail, placed),
            Placement::Rebuild(cause) => {
                self.rebuilt.push(cause);
                self.rebuild();
            }
        }
        self.compare();
    }

    fn put(&mut self, mail: &Mail, placed: Placed<u32>) {
        self.threads += 1;
        let thread = placed.thread.unwrap_or(self.threads);
        for row in placed.placeholders {
            let Placeholder {
                id,
                votes,
                thread: joined,
                place,
            } = row;
            assert_eq!(joined, placed.thread);
            self.placeholders.insert(
                id.clone(),
                Placeholder {
                    id,
                    votes,
                    thread,
                    place,
                },
            );
        }
        let Placed {
            parent,
            shown_parent,
            depth,
            ..
        } = placed;
        self.messages.insert(
            mail.id.clone(),
            (
                Place {
                    parent,
                    shown_parent,
                    depth,
                    looped: false,
                },
                thread,
            ),
        );
    }

    fn rebuild(&mut self) {
        let nodes = nodes(&self.mails);
        let forest = build(&nodes);
        let first = self.threads + 1;
        self.threads += forest.threads.len() as u32;
        let places = forest
            .entries
            .iter()
            .filter(|entry| entry.key.is_some() && !entry.copy);
        let places = places.map(|entry| {
            (
                entry.message_id.clone(),
                (place_of(&forest, entry), first + entry.thread as u32),
            )
        });
        self.messages = places.collect();
        let rows = forest.placeholders.iter().map(|row| {
            let Placeholder {
                id,
                votes,
                thread,
                place,
            } = row.clone();
            (
                id.clone(),
                Placeholder {
                    id,
                    votes,
                    thread: first + thread as u32,
                    place,
                },
            )
        });
        self.placeholders = rows.collect();
    }

    fn compare(&self) {
        let nodes = nodes(&self.mails);
        let forest = build(&nodes);
        let mut threads = HashMap::new();
        let mut same_thread = |ours: u32, theirs: usize| {
            assert_eq!(
                *threads.entry(ours).or_insert(theirs),
                theirs,
                "{:?}",
                self.mails
            );
        };
        for entry in forest
            .entries
            .iter()
            .filter(|entry| entry.key.is_some() && !entry.copy)
        {
            let (place, thread) = &self.messages[entry.message_id];
            assert_eq!(*place, place_of(&forest, entry), "{:?}", self.mails);
            same_thread(*thread, entry.thread);
        }
        assert_eq!(self.placeholders.len(), forest.placeholders.len());
        for theirs in &forest.placeholders {
            let ours = &self.placeholders[&theirs.id];
            assert_eq!((&ours.votes, &ours.place), (&theirs.votes, &theirs.place));
            same_thread(ours.thread, theirs.thread);
        }
        assert_eq!(threads.len(), forest.threads.len());
    }
}

fn place_of(forest: &Forest<'_, usize>, entry: &Entry<'_, usize>) -> Place {
    let id = |index: Option<usize>| index.map(|index| forest.entries[index].message_id.clone());
    Place {
        parent: id(entry.parent),
        shown_parent: id(entry.shown_parent),
        depth: entry.depth,
        looped: false,
    }
}

fn check_rebuilds(text: &str, expected: &[Cause]) {
    let mut store = Store::default();
    mails(text).iter().for_each(|mail| store.add(mail));
    assert_eq!(store.rebuilt, expected, "{text}");
}

#[test]
fn one_more_message_moves_nothing_in_the_normal_case() {
    check_rebuilds("a\nb < a\nc < a b\nd < a\nx\ny < x", &[]);
    // The first mails were never stored.
    check_rebuilds("b < a\nc < a b\nd < a b c\ne < a", &[]);
    check_rebuilds("c < a b\nd < a b c\ne < a b c d\nf < a b", &[]);
    // A missing middle.
    check_rebuilds("a\nc < a b\nd < a b c\ne < a b", &[]);
}

#[test]
fn what_moves_others_asks_for_the_whole_set() {
    check_rebuilds("a\na", &[Cause::Copy]);
    check_rebuilds("b < a\na", &[Cause::Awaited]);
    check_rebuilds("a\nb\nc < a b", &[Cause::JoinsThreads]);
    check_rebuilds("x < g\ny < a g", &[Cause::OtherWinner]);
    check_rebuilds("a\nx < p g a\ny < g", &[Cause::BeyondChain]);
    check_rebuilds("a\nx < p g a\nz < g p a\ny < p g", &[Cause::Loop]);
}

#[test]
fn causes_have_codes() {
    assert_eq!(Cause::JoinsThreads.code(), "joins_threads");
}

/// Mails over few ids, so that copies, loops, late parents and missing ones meet often.
fn sets(ids: u8, most: usize) -> impl Strategy<Value = Vec<Mail>> {
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
    fn placing_one_by_one_gives_the_forest_of_the_set(few in sets(6, 8), more in sets(14, 20)) {
        for mails in [few, more] {
            let mut store = Store::default();
            mails.iter().for_each(|mail| store.add(mail));
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
