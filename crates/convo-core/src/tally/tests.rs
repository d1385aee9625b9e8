use proptest::prelude::{Just, Strategy, any, prop_assert_eq, proptest};

use super::*;
use crate::strategies::signals;
use crate::vocabulary::Direction;

fn at(minutes: i64) -> Time {
    Time::from_timestamp(1_767_603_600 + minutes * 60, 0).unwrap()
}

fn sent(id: u64, minutes: i64) -> MessageFact<u64> {
    MessageFact::sent(id, at(minutes), id)
}

fn reply(id: u64, minutes: i64) -> MessageFact<u64> {
    MessageFact::reply(id, at(minutes), id)
}

#[test]
fn exchanges_latencies_and_answers_are_counted() {
    let facts = [
        sent(1, 0),
        reply(2, 30),
        sent(3, 40),
        sent(4, 100),
        reply(5, 400),
        reply(6, 460),
        sent(7, 500),
    ];
    let tally = Tally::recompute(&facts);
    assert_eq!((tally.sent, tally.replies, tally.exchanges), (4, 3, 2));
    assert_eq!(
        tally.lead_latency,
        Latency {
            count: 3,
            sum_ms: (30 + 300 + 360) * 60_000
        }
    );
    assert_eq!((tally.promptness.hour, tally.promptness.day), (1, 2));
    assert_eq!(
        tally.our_latency,
        Latency {
            count: 3,
            sum_ms: (10 + 100 + 40) * 60_000
        }
    );
    assert_eq!(tally.awaiting(), Awaiting::Lead);
    assert_eq!((tally.unanswered, tally.human), (1, 7));
    assert_eq!(
        tally.spread.recent(),
        [360 * 60_000, 300 * 60_000, 30 * 60_000]
    );
}

#[test]
fn an_older_message_asks_for_a_fold_and_changes_nothing() {
    let mut tally = Tally::recompute(&[sent(1, 0), reply(2, 30)]);
    let before = tally.clone();
    assert_eq!(tally.absorb(&reply(3, 10)), Absorbed::NeedsRecompute);
    assert_eq!(tally, before);
    // Automated mail has no place in the order.
    assert_eq!(
        tally.absorb(&reply(4, 10).of_kind(Kind::AutoReply)),
        Absorbed::Done
    );
}

#[test]
fn whose_turn_it_is_follows_the_newest_human_message() {
    let turn = |facts: &[MessageFact<u64>]| Tally::recompute(facts).awaiting();
    assert_eq!(turn(&[]), Awaiting::Nobody);
    assert_eq!(turn(&[sent(1, 0)]), Awaiting::Lead);
    assert_eq!(turn(&[sent(1, 0), reply(2, 5)]), Awaiting::Us);
    assert_eq!(
        turn(&[
            sent(1, 0),
            reply(2, 5),
            reply(3, 9).of_kind(Kind::OutOfOffice),
            sent(4, 7)
        ]),
        Awaiting::Lead
    );
    let other = MessageFact::new(5, at(20), 5, Direction::Inbound, Author::Other);
    assert_eq!(turn(&[sent(1, 0), other]), Awaiting::Us);
}

fn fact(id: u64) -> impl Strategy<Value = MessageFact<u64>> {
    let author = proptest::sample::select(vec![
        Author::Lead,
        Author::Lead,
        Author::Ai,
        Author::Agent,
        Author::Other,
    ]);
    let kind = proptest::sample::select(vec![
        Kind::Human,
        Kind::Human,
        Kind::Human,
        Kind::AutoReply,
        Kind::OptOut,
    ]);
    // Few distinct times, so that ties occur.
    (author, kind, 0..40i64, signals(), any::<bool>()).prop_map(
        move |(author, kind, minutes, signals, note)| {
            let inbound = matches!(author, Author::Lead | Author::Other);
            let direction = if inbound {
                Direction::Inbound
            } else {
                Direction::Outbound
            };
            let note = note && !inbound;
            let kind = if inbound { kind } else { Kind::Human };
            let topics = signals.iter().map(|signal| signal.code.clone()).collect();
            MessageFact {
                kind,
                note,
                signals,
                topics,
                ..MessageFact::new(id, at(minutes * 30), id, direction, author)
            }
        },
    )
}

/// Messages with distinct ids, and an order to store them in.
fn shuffled() -> impl Strategy<Value = (Vec<MessageFact<u64>>, Vec<MessageFact<u64>>)> {
    (1..25u64)
        .prop_flat_map(|n| (1..=n).map(fact).collect::<Vec<_>>())
        .prop_flat_map(|facts| (Just(facts.clone()), Just(facts).prop_shuffle()))
}

proptest! {
    #[test]
    fn every_order_of_arrival_gives_equal_facts((facts, order) in shuffled()) {
        let mut tally = Tally::default();
        let mut stored: Vec<MessageFact<u64>> = Vec::new();
        for fact in order {
            let absorbed = tally.absorb(&fact);
            stored.push(fact);
            if absorbed == Absorbed::NeedsRecompute {
                tally = Tally::recompute(&stored);
            }
        }
        prop_assert_eq!(tally, Tally::recompute(&facts));
    }

    #[test]
    fn without_replies_is_a_fold_without_them((facts, _) in shuffled()) {
        let rest: Vec<_> = facts.iter().filter(|fact| !fact.is_reply()).cloned().collect();
        prop_assert_eq!(Tally::recompute(&facts).without_replies(), Tally::recompute(&rest));
    }

    #[test]
    fn facts_survive_storage((facts, _) in shuffled()) {
        let tally = Tally::recompute(&facts);
        let json = serde_json::to_string(&tally).unwrap();
        prop_assert_eq!(serde_json::from_str::<Tally<u64>>(&json).unwrap(), tally);
    }
}
