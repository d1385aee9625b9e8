//! Every order of arrival ends the same.

use std::collections::BTreeSet;

use crate::Time;
use crate::change::Change;
use crate::email::TrackingKind;
use crate::lead::LeadFactKind;
use crate::observe::Failure;
use crate::scoring::{ScoreInput, explain, scores};
use crate::signals::Signal;
use crate::strategies::Play;
use crate::tally::MessageFact;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arrival {
    Delivered,
    Opened,
    Clicked,
    Replied,
    Bounced,
    Complained,
}

use Arrival::{Bounced, Clicked, Complained, Delivered, Opened, Replied};

/// All orders of six things.
fn orders(items: &[Arrival]) -> Vec<Vec<Arrival>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (i, first) in items.iter().enumerate() {
        let mut rest = items.to_vec();
        rest.remove(i);
        for mut order in orders(&rest) {
            order.insert(0, *first);
            all.push(order);
        }
    }
    all
}

/// Everything that must not depend on the order of arrival.
fn ending(play: &Play) -> String {
    let conversation = &play.conversation;
    let input = ScoreInput::of(conversation, &play.lead);
    let suppressed: BTreeSet<String> = play
        .decisions
        .iter()
        .flat_map(|decision| &decision.changes)
        .filter_map(|change| match change {
            Change::Suppressed(suppression) => Some(format!("{suppression:?}")),
            _ => None,
        })
        .collect();
    let mut tally = conversation.tally.clone();
    // The order of storing is the order of arrival itself.
    tally.stored_reply = None;
    format!(
        "{:#?}",
        (
            (
                conversation.state,
                conversation.outcome,
                conversation.awaiting()
            ),
            (
                scores(&input, &play.policy, play.now),
                explain(&input, &play.policy, play.now)
            ),
            (&conversation.flags, &conversation.email, tally),
            (
                play.lead.journey.current,
                play.lead.journey.highest,
                &play.lead.facts
            ),
            (
                play.lead.journey.milestones.keys().collect::<Vec<_>>(),
                suppressed
            ),
        )
    )
}

/// Plays all orders with these own times, in minutes after our message, and expects one ending.
#[track_caller]
fn check(exchanges_before: usize, signals: &[Signal], times: [(Arrival, i64); 6]) -> String {
    let arrivals: Vec<Arrival> = times.iter().map(|(arrival, _)| *arrival).collect();
    let mut first: Option<(String, Vec<Arrival>)> = None;
    for order in orders(&arrivals) {
        let mut play = Play::new();
        for _ in 0..exchanges_before {
            super::exchange(&mut play, &[]);
        }
        play.wait(60);
        let (message, sent) = (play.send(), play.now);
        play.wait(24 * 60);
        for arrival in &order {
            let minutes = times.iter().find(|(a, _)| a == arrival).unwrap().1;
            arrive(
                &mut play,
                *arrival,
                message,
                sent + chrono::TimeDelta::minutes(minutes),
                signals,
            );
        }
        let ending = ending(&play);
        match &first {
            None => first = Some((ending, order)),
            Some((expected, by)) => assert!(
                *expected == ending,
                "{by:?} and {order:?} differ:\n{expected}\n{ending}"
            ),
        }
    }
    first.unwrap().0
}

fn arrive(play: &mut Play, arrival: Arrival, message: u64, at: Time, signals: &[Signal]) {
    match arrival {
        Delivered => play.deliver(message, at),
        Opened => play.track(message, TrackingKind::Opened, at),
        Clicked => play.track(message, TrackingKind::Clicked, at),
        Replied => {
            let reply = MessageFact::reply(700, at, 0);
            play.store(MessageFact {
                signals: signals.to_vec(),
                text_len: 30,
                ..reply
            });
        }
        Bounced => play.fail(message, Failure::Hard { primary: true }, at),
        Complained => play.suppress(LeadFactKind::Complaint, at),
    }
}

#[test]
fn as_it_usually_goes() {
    let end = check(
        0,
        &[],
        [
            (Delivered, 1),
            (Opened, 10),
            (Clicked, 12),
            (Replied, 30),
            (Bounced, 40),
            (Complained, 50),
        ],
    );
    assert!(end.contains("Closed") && end.contains("OptedOut"));
}

#[test]
fn a_reply_after_everything_wins() {
    let end = check(
        0,
        &[],
        [
            (Delivered, 1),
            (Opened, 10),
            (Clicked, 12),
            (Complained, 20),
            (Bounced, 40),
            (Replied, 50),
        ],
    );
    assert!(end.contains("Engaged"));
}

#[test]
fn a_reply_between_complaint_and_bounce() {
    check(
        0,
        &[],
        [
            (Complained, 1),
            (Delivered, 2),
            (Replied, 3),
            (Opened, 3),
            (Clicked, 3),
            (Bounced, 5),
        ],
    );
    check(
        0,
        &[],
        [
            (Bounced, 1),
            (Replied, 2),
            (Complained, 3),
            (Delivered, 4),
            (Clicked, 5),
            (Opened, 6),
        ],
    );
}

#[test]
fn all_at_once() {
    check(
        0,
        &[],
        [
            (Delivered, 5),
            (Opened, 5),
            (Clicked, 5),
            (Replied, 5),
            (Bounced, 5),
            (Complained, 5),
        ],
    );
}

#[test]
fn with_replies_before() {
    check(
        1,
        &[],
        [
            (Delivered, 1),
            (Opened, 10),
            (Clicked, 12),
            (Replied, 30),
            (Bounced, 40),
            (Complained, 50),
        ],
    );
    check(
        2,
        &[],
        [
            (Delivered, 1),
            (Opened, 10),
            (Clicked, 10),
            (Replied, 30),
            (Bounced, 20),
            (Complained, 25),
        ],
    );
    check(
        3,
        &[],
        [
            (Complained, 1),
            (Opened, 10),
            (Clicked, 12),
            (Replied, 30),
            (Bounced, 40),
            (Delivered, 50),
        ],
    );
}

#[test]
fn with_signals_in_the_reply() {
    let signals = [super::interest(), super::test_drive()];
    check(
        0,
        &signals,
        [
            (Delivered, 1),
            (Opened, 10),
            (Clicked, 12),
            (Replied, 30),
            (Bounced, 40),
            (Complained, 50),
        ],
    );
    check(
        1,
        &signals,
        [
            (Complained, 1),
            (Opened, 10),
            (Clicked, 12),
            (Delivered, 2),
            (Bounced, 20),
            (Replied, 50),
        ],
    );
}
