//! The same history in any order of arrival is the same number, with the same reasons.

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_assert_eq, proptest};

use super::{exchange, interest};
use crate::Time;
use crate::email::TrackingKind;
use crate::observe::Failure;
use crate::scoring::{Explanation, ScoreInput, Scores, explain, scores};
use crate::signals::Signal;
use crate::strategies::{Play, signals};
use crate::tally::MessageFact;
use crate::vocabulary::{Author, Direction, Kind};

/// One thing of a history, with its own time in seconds.
#[derive(Debug, Clone)]
struct Fact {
    at: i64,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Sent,
    Reply(Vec<Signal>),
    Other,
    Forged,
    OutOfOffice,
    Acknowledged,
    Delivered(u64),
    Tracked(u64, TrackingKind),
    Deferred(u64),
    Bounced(u64),
}

fn what() -> impl Strategy<Value = What> {
    let message = 0..4u64;
    proptest::prop_oneof![
        4 => Just(What::Sent),
        4 => signals().prop_map(What::Reply),
        1 => Just(What::Other),
        1 => Just(What::Forged),
        1 => Just(What::OutOfOffice),
        1 => Just(What::Acknowledged),
        3 => message.clone().prop_map(What::Delivered),
        4 => (message.clone(), any::<bool>()).prop_map(|(message, open)| {
            let kind = if open { TrackingKind::Opened } else { TrackingKind::Clicked };
            What::Tracked(message, kind)
        }),
        1 => message.clone().prop_map(What::Deferred),
        1 => message.prop_map(What::Bounced),
    ]
}

/// Facts in the order they arrive, each with its place in time.
type Arrivals = Vec<(usize, Fact)>;

/// A history, and the order it arrives in. Times are close, so that ties and bursts occur.
fn arrivals() -> impl Strategy<Value = (Arrivals, Arrivals)> {
    let near = proptest::prop_oneof![0..40i64, 0..40_000i64];
    let fact = (near, what()).prop_map(|(at, what)| Fact { at, what });
    proptest::collection::vec(fact, 1..30).prop_flat_map(|facts| {
        let facts: Vec<(usize, Fact)> = facts.into_iter().enumerate().collect();
        (Just(facts.clone()), Just(facts).prop_shuffle())
    })
}

fn arrive(play: &mut Play, begun: Time, n: usize, fact: &Fact) {
    let at = begun + chrono::TimeDelta::seconds(fact.at);
    let id = 1_000 + n as u64;
    let inbound = |author| MessageFact::new(id, at, 0, Direction::Inbound, author);
    match &fact.what {
        What::Sent => drop(play.store(MessageFact::sent(id, at, 0))),
        What::Reply(signals) => {
            let signals = signals.clone();
            play.store(MessageFact {
                signals,
                ..MessageFact::reply(id, at, 0)
            });
        }
        What::Other => drop(play.store(inbound(Author::Other))),
        What::Forged => drop(play.forge_as(id, at)),
        What::OutOfOffice => drop(play.store(inbound(Author::Lead).of_kind(Kind::OutOfOffice))),
        What::Acknowledged => {
            let ours = MessageFact::new(id, at, 0, Direction::Outbound, Author::System);
            play.store(ours.of_kind(Kind::AutoReply));
        }
        What::Delivered(message) => play.deliver(*message, at),
        What::Tracked(message, kind) => play.track(*message, *kind, at),
        What::Deferred(message) => play.fail_softly(*message, at),
        What::Bounced(message) => play.fail(*message, Failure::Hard { primary: true }, at),
    }
}

/// The scores a day after everything, and why.
fn numbers(facts: &[(usize, Fact)]) -> (Scores, Explanation<u64>) {
    let mut play = Play::new();
    let begun = play.now;
    play.wait(24 * 60);
    for (n, fact) in facts {
        arrive(&mut play, begun, *n, fact);
    }
    let input = ScoreInput::of(&play.conversation, &play.lead);
    let now = play.now + chrono::TimeDelta::days(1);
    (
        scores(&input, &play.policy, now),
        explain(&input, &play.policy, now),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_gives_the_same_numbers((facts, order) in arrivals()) {
        prop_assert_eq!(numbers(&facts), numbers(&order));
    }

    #[test]
    fn every_number_is_the_sum_of_its_reasons((facts, _) in arrivals()) {
        let (scores, why) = numbers(&facts);
        for (score, entries) in [
            (scores.engagement, why.engagement),
            (scores.qualification, why.qualification),
            (scores.readiness, why.readiness),
        ] {
            let sum: i64 = entries.iter().map(|entry| entry.points).sum();
            prop_assert_eq!(i64::from(score), sum);
        }
    }
}

/// Engagement after three prompt answers, so many days after the last.
fn engagement_after(half_life_days: u32, days: i64) -> u8 {
    let mut play = Play::new();
    play.policy.half_life_days = half_life_days;
    for _ in 0..3 {
        exchange(&mut play, &[interest()]);
    }
    let input = ScoreInput::of(&play.conversation, &play.lead);
    let now = play.now + chrono::TimeDelta::days(days);
    scores(&input, &play.policy, now).engagement
}

#[test]
fn a_half_life_of_silence_halves_to_the_nearest_point() {
    // 25 + 25 + 27.
    for (half_life, days, expected) in [
        (14, 0, 77),
        (14, 14, 39),
        (14, 28, 19),
        (14, 42, 10),
        (14, 56, 5),
        (14, 7, 54),
        (14, 140, 0),
        (1, 1, 39),
        (30, 30, 39),
        (365, 730, 19),
        (14, -3, 77),
    ] {
        assert_eq!(
            engagement_after(half_life, days),
            expected,
            "{days} days at {half_life}"
        );
    }
}

#[test]
fn five_hundred_gateway_clicks_move_no_score() {
    let mut play = Play::new();
    exchange(&mut play, &[interest()]);
    play.wait(60);
    let (message, sent) = (play.send(), play.now);
    play.deliver(message, sent);
    play.wait(60);
    let of = |play: &Play| {
        let input = ScoreInput::of(&play.conversation, &play.lead);
        (
            scores(&input, &play.policy, play.now),
            play.conversation.version,
        )
    };
    let before = of(&play);
    for n in 0..500 {
        let at = sent + chrono::TimeDelta::seconds(60) + chrono::TimeDelta::milliseconds(6 * n);
        play.track(message, TrackingKind::Clicked, at);
        if n > 0 {
            // Not after the last only: at no time in between.
            assert_eq!(of(&play).0.engagement, before.0.engagement, "after {n}");
        }
    }
    assert_eq!(of(&play).0, before.0);
    let judged = &play.conversation.email.judged;
    assert_eq!((judged.clicks, judged.machine_clicks), (0, 500));
}
