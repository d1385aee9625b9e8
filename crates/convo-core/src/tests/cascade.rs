//! What follows by itself from a stored message.

use super::{events_since, exchange, interest, purchase, test_drive};
use crate::conversation::Conversation;
use crate::lead::{Completeness, Lead};
use crate::machine::{Event, State};
use crate::observe::{MessageStored, Observation, observe};
use crate::policy::Policy;
use crate::rules::{RuleId, Rules};
use crate::signals::{Signal, SignalClass, signal};
use crate::snapshot::Snapshot;
use crate::strategies::Play;
use crate::tally::MessageFact;
use crate::vocabulary::{Author, Direction, HoldReason, Kind};

#[test]
fn an_outbound_message_alone_moves_nothing() {
    let mut play = Play::new();
    play.send();
    assert_eq!(
        (play.conversation.state, play.conversation.version),
        (State::New, 0)
    );
}

#[test]
fn a_delivery_is_first_contact() {
    let mut play = Play::new();
    let message = play.send();
    play.deliver(message, play.now);
    assert_eq!(events_since(&play, 0), ["FIRST_EMAIL_SENT"]);
}

#[test]
fn a_delivery_before_its_message_waits_for_it() {
    let mut play = Play::new();
    play.deliver(77, play.now);
    assert_eq!(play.conversation.state, State::New);
    play.send();
    assert_eq!(events_since(&play, 0), ["FIRST_EMAIL_SENT"]);
}

#[test]
fn a_reply_that_overtakes_the_delivery_implies_first_contact() {
    let mut play = Play::new();
    play.send();
    let reply = play.reply(&[]);
    assert_eq!(
        events_since(&play, 1),
        ["FIRST_EMAIL_SENT", "LEAD_REPLIED", "ENGAGEMENT_INCREASED"]
    );
    let first = play.decisions[1].steps().next().unwrap().clone();
    assert_eq!(first.implied_by, Some(reply));
}

/// A mail that did not leave the house is a note to the facts, until it turns out to have left.
#[test]
fn a_mail_that_was_sent_after_all_is_first_contact() {
    let mut play = Play::new();
    let id = 500;
    play.store(MessageFact {
        note: true,
        ..MessageFact::sent(id, play.now, 0)
    });
    play.wait(5);
    play.reply(&[]);
    assert_eq!(play.conversation.state, State::New);
    play.facts[0].note = false;
    let decision = play.observe(&Observation::HistoryChanged);
    let steps: Vec<_> = decision.steps().map(|step| step.event).collect();
    assert_eq!(steps, [Event::FirstEmailSent, Event::LeadReplied]);
    assert_eq!(decision.steps().next().unwrap().implied_by, Some(id));
    assert_eq!(play.conversation.state, State::Engaged);
    play.observe(&Observation::HistoryChanged);
    assert_eq!(play.conversation.version, 2);
}

#[test]
fn a_conversation_the_lead_began_moves_with_our_first_answer_and_no_further() {
    let mut play = Play::new();
    play.reply(&[test_drive(), purchase()]);
    assert_eq!(play.conversation.state, State::New);
    play.wait(10);
    play.send();
    assert_eq!(events_since(&play, 0), ["FIRST_EMAIL_SENT", "LEAD_REPLIED"]);
}

#[test]
fn the_whole_cascade_is_one_decision() {
    let mut play = Play::new();
    exchange(&mut play, &[]);
    exchange(&mut play, &[]);
    exchange(&mut play, &[test_drive(), purchase()]);
    let steps: Vec<_> = play.decisions.last().unwrap().steps().cloned().collect();
    let events: Vec<Event> = steps.iter().map(|step| step.event).collect();
    assert_eq!(
        events,
        [
            Event::LeadReplied,
            Event::EngagementIncreased,
            Event::QualificationCriteriaMet,
            Event::HandoverRequested
        ]
    );
    let versions: Vec<u64> = steps.iter().map(|step| step.version).collect();
    assert!(versions.windows(2).all(|pair| pair[1] == pair[0] + 1));
    assert_eq!(play.conversation.state, State::ReadyForHandover);
}

#[test]
fn the_policy_switches_the_automatic_steps() {
    let run = |policy: Policy| {
        let mut play = Play::with(policy, Rules::standard());
        for _ in 0..3 {
            exchange(&mut play, &[test_drive(), purchase()]);
        }
        play.conversation.state
    };
    assert_eq!(
        run(Policy {
            auto_qualify: false,
            ..Policy::default()
        }),
        State::Engaged
    );
    assert_eq!(
        run(Policy {
            auto_handover: false,
            ..Policy::default()
        }),
        State::Qualified
    );
    assert_eq!(
        run(Policy {
            min_readiness: 100,
            ..Policy::default()
        }),
        State::Qualified
    );
    assert_eq!(run(Policy::default()), State::ReadyForHandover);
}

#[test]
fn an_import_hands_nothing_over() {
    let mut play = Play::new();
    for _ in 0..2 {
        exchange(&mut play, &[test_drive(), purchase()]);
    }
    play.send();
    play.wait(5);
    let fact = MessageFact {
        signals: vec![purchase()],
        seq: 6,
        ..MessageFact::reply(500, play.now, 6)
    };
    let silent = MessageStored {
        silent: true,
        ..MessageStored::new(fact)
    };
    play.observe(&Observation::MessageStored(silent));
    assert_eq!(play.conversation.state, State::Qualified);
}

#[test]
fn a_conversation_with_handover_switched_off_waits_for_a_person() {
    for handover in [true, false] {
        let mut play = Play::new();
        let integration = crate::conversation::Integration {
            handover,
            ..crate::conversation::Integration::default()
        };
        play.ask(&crate::Request::Integrate(integration)).unwrap();
        for _ in 0..3 {
            exchange(&mut play, &[test_drive(), purchase()]);
        }
        let handed = play.conversation.state == State::ReadyForHandover;
        assert_eq!(handed, handover, "{:?}", play.conversation.state);
        let stored = serde_json::to_value(&play.conversation).unwrap();
        assert_eq!(stored.get("integration").is_none(), handover);
        let read: Conversation<u64> = serde_json::from_value(stored).unwrap();
        assert_eq!(read, play.conversation);
    }
}

#[test]
fn on_the_fast_track_a_raised_hand_is_enough() {
    let hand = Signal::new(signal::HAND_RAISE, SignalClass::HandRaise);
    let mut play = Play::with(
        Policy {
            fast_track: true,
            ..Policy::default()
        },
        Rules::standard(),
    );
    exchange(&mut play, std::slice::from_ref(&hand));
    assert_eq!(play.conversation.state, State::ReadyForHandover);
    let mut play = Play::new();
    exchange(&mut play, &[hand]);
    assert_eq!(play.conversation.state, State::Engaged);
}

#[test]
fn automated_mail_moves_nothing_and_counts_apart() {
    let mut play = Play::new();
    play.send();
    for kind in [Kind::AutoReply, Kind::OutOfOffice, Kind::Delay, Kind::List] {
        let id = 600 + play.facts.len() as u64;
        play.store(MessageFact::reply(id, play.now, 0).of_kind(kind));
    }
    assert_eq!(
        (play.conversation.state, play.conversation.version),
        (State::New, 0)
    );
    let tally = &play.conversation.tally;
    assert_eq!(
        (
            tally.messages(),
            tally.automated,
            tally.replies,
            tally.human
        ),
        (5, 4, 0, 1)
    );
}

#[test]
fn a_stranger_holds_automation_and_speaks_for_nobody() {
    let mut play = Play::new();
    play.send();
    let fact = MessageFact::new(600, play.now, 0, Direction::Inbound, Author::Other);
    play.store(MessageFact {
        signals: vec![purchase()],
        ..fact
    });
    assert_eq!(play.conversation.state, State::New);
    assert!(
        play.conversation
            .holds
            .contains_key(&HoldReason::OtherAuthor)
    );
    assert!(play.conversation.tally.signals.is_empty());
}

#[test]
fn a_very_short_reply_warns() {
    let mut play = Play::new();
    play.send();
    play.wait(30);
    let decision = play.store(MessageFact {
        text_len: 2,
        ..MessageFact::reply(600, play.now, 0)
    });
    assert_eq!(decision.warnings[0].rule, RuleId::LEAD_REPLY);
    assert_eq!(
        decision.steps().nth(1).unwrap().warnings,
        [RuleId::LEAD_REPLY]
    );
}

#[test]
fn a_late_reply_is_folded_in_at_its_own_time() {
    let mut play = Play::new();
    play.send();
    let early = play.now + chrono::TimeDelta::minutes(10);
    play.wait(24 * 60);
    play.send();
    play.store(MessageFact {
        signals: vec![interest()],
        ..MessageFact::reply(600, early, 0)
    });
    assert_eq!(play.conversation.tally.first_latency_ms, Some(600_000));
    assert_eq!(play.conversation.state, State::Engaged);
}

#[test]
fn an_owned_conversation_is_left_to_its_owner() {
    let mut play = Play::new();
    for _ in 0..3 {
        exchange(&mut play, &[test_drive(), purchase()]);
    }
    play.ask(&crate::Request::TakeOver {
        agent: 900,
        expected_version: None,
    })
    .unwrap();
    play.ask(&crate::Request::Trigger(crate::Trigger::new(
        Event::ConversationCompleted,
    )))
    .unwrap();
    play.wait(60);
    let before = play.decisions.len();
    play.reply(&[purchase()]);
    assert_eq!(play.conversation.state, State::Engaged);
    assert_eq!(events_since(&play, before)[0], "LEAD_REPLIED");

    play.ask(&crate::Request::Release).unwrap();
    play.wait(5);
    play.reply(&[]);
    assert_eq!(play.conversation.state, State::ReadyForHandover);
}

#[test]
fn keys_may_be_strings() {
    let (policy, rules) = (Policy::default(), Rules::<String>::standard());
    let now = Play::new().now;
    let mut conversation = Conversation::new(
        "c".to_owned(),
        "l".to_owned(),
        Some("spring".to_owned()),
        now,
    );
    let mut lead = Lead::new("l".to_owned(), Completeness::EMAIL);
    for fact in [
        MessageFact::sent("m1".to_owned(), now, 1),
        MessageFact::reply("m2".to_owned(), now, 2),
    ] {
        let observation = Observation::MessageStored(MessageStored::new(fact));
        let snapshot = Snapshot::new(&conversation, &lead);
        let decision = observe(&snapshot, &observation, &rules, &policy, now);
        decision.changes.iter().for_each(|change| {
            conversation.apply(change);
            lead.apply(change);
        });
    }
    assert_eq!(conversation.state, State::Engaged);
    let json = serde_json::to_string(&conversation).unwrap();
    assert_eq!(
        serde_json::from_str::<Conversation<String>>(&json).unwrap(),
        conversation
    );
}
