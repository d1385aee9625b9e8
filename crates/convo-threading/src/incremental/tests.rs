#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::tree::tests::{Mail, mails, nodes, sets};
use crate::tree::{Entry, Forest, build};

/// A store of one conversation, which places messages one by one and checks itself against the
/// forest of the whole set.
#[derive(Default)]
pub(crate) struct Store {
    mails: Vec<Mail>,
    messages: HashMap<MessageId, (Place, u32)>,
    placeholders: HashMap<MessageId, Placeholder<u32>>,
    threads: u32,
    rebuilt: Vec<Cause>,
}

impl Store {
    pub(crate) fn add(&mut self, mail: &Mail) {
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn placing_one_by_one_gives_the_forest_of_the_set(few in sets(6, 8), more in sets(14, 20)) {
        for mails in [few, more] {
            let mut store = Store::default();
            mails.iter().for_each(|mail| store.add(mail));
        }
    }
}
