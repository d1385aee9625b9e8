//! Bounces, complaints, opt-outs and timers: own times decide.

use super::{events_since, exchange};
use crate::change::Change;
use crate::lead::LeadFactKind;
use crate::machine::State;
use crate::observe::{Failure, Observation};
use crate::snapshot::Snapshot;
use crate::strategies::Play;
use crate::tally::MessageFact;
use crate::vocabulary::{
    Author, Direction, FlagCode, Kind, Outcome, SuppressionReason, SuppressionScope,
    SuppressionSource,
};
use crate::{Request, Trigger};

const HARD: Failure<u64> = Failure::Hard { primary: true };

fn minutes(n: i64) -> chrono::TimeDelta {
    chrono::TimeDelta::minutes(n)
}

fn suppressions(play: &Play) -> Vec<(SuppressionReason, SuppressionScope, SuppressionSource)> {
    let changes = play.decisions.iter().flat_map(|decision| &decision.changes);
    changes
        .filter_map(|change| match change {
            Change::Suppressed(s) => Some((s.reason, s.scope, s.source)),
            _ => None,
        })
        .collect()
}

#[test]
fn a_hard_bounce_before_any_reply_closes() {
    let mut play = Play::new();
    let message = play.send();
    play.fail(message, HARD, play.now);
    assert_eq!(
        (play.conversation.state, play.conversation.outcome),
        (State::Closed, Some(Outcome::Unreachable))
    );
    assert!(play.conversation.flags.contains_key(&FlagCode::HardBounce));
    assert_eq!(
        suppressions(&play),
        [(
            SuppressionReason::HardBounce,
            SuppressionScope::All,
            SuppressionSource::Delivery
        )]
    );
}

#[test]
fn a_hard_bounce_after_a_reply_only_flags() {
    let mut play = Play::new();
    exchange(&mut play, &[]);
    play.fail(0, HARD, play.now);
    assert_eq!(play.conversation.state, State::Engaged);
    assert!(play.conversation.flags.contains_key(&FlagCode::HardBounce));
}

#[test]
fn a_bounce_of_another_address_only_suppresses_it() {
    let mut play = Play::new();
    let message = play.send();
    play.fail(message, Failure::Hard { primary: false }, play.now);
    assert_eq!(play.conversation.state, State::New);
    assert!(play.conversation.flags.is_empty());
    let facts: Vec<_> = play.lead.facts.keys().copied().collect();
    assert_eq!(facts, [LeadFactKind::AddressBounce]);
    assert_eq!(play.lead.set_back_at(), None);
    assert_eq!(suppressions(&play).len(), 1);
}

#[test]
fn what_an_imported_state_contains_moves_it_no_more() {
    for (after, closes) in [(-1, false), (0, false), (1, true)] {
        for bounces in [true, false] {
            let mut play = Play::new();
            let message = play.send();
            let imported = play.now;
            play.conversation.state = State::Active;
            play.conversation.imported_at = Some(imported);
            let at = imported + minutes(after);
            if bounces {
                play.fail(message, HARD, at);
            } else {
                play.suppress(LeadFactKind::Complaint, at);
            }
            assert_eq!(play.conversation.state == State::Closed, closes, "{after}");
            assert_eq!(play.conversation.flags.len(), 1);
            assert_eq!(suppressions(&play).len(), 1);
        }
    }
}

#[test]
fn soft_bounces_suppress_at_the_policys_number() {
    let mut play = Play::new();
    let message = play.send();
    for _ in 0..4 {
        play.fail_softly(message, play.now);
    }
    assert_eq!(suppressions(&play), []);
    play.fail_softly(message, play.now);
    assert_eq!(suppressions(&play)[0].0, SuppressionReason::SoftBounce);
    assert_eq!(
        (
            play.conversation.state,
            play.conversation.email.soft_bounces
        ),
        (State::New, 5)
    );
}

/// Which of several addresses failed how often is the caller's to know; their order must not matter.
#[test]
fn soft_bounces_count_for_their_address_and_in_any_order() {
    let at = |n: i64| Play::new().now + minutes(n);
    let mut ends = std::collections::BTreeSet::new();
    for order in [[1, 2, 3], [3, 2, 1], [2, 3, 1], [1, 3, 2]] {
        let policy = crate::Policy {
            soft_bounce_limit: 3,
            ..crate::Policy::default()
        };
        let mut play = Play::with(policy, crate::Rules::standard());
        let message = play.send();
        // Two of another address come between.
        for n in [7, 8] {
            let failures = crate::observe::SoftBounces::default().and(at(n), Some(&message));
            play.fail(message, Failure::Soft { failures }, at(n));
        }
        for n in order {
            play.fail_softly(u64::try_from(n).unwrap(), at(n));
        }
        let told = play.decisions.iter().flat_map(|one| &one.changes);
        let told = told.filter_map(|change| match change {
            Change::Suppressed(one) => Some((one.at, one.message)),
            _ => None,
        });
        let told: Vec<_> = told.collect();
        assert_eq!(told.len(), 1);
        ends.insert(told[0]);
        assert_eq!(play.lead.soft_bounces, 5);
    }
    assert_eq!(ends.into_iter().collect::<Vec<_>>(), [(at(3), Some(3))]);
}

#[test]
fn the_providers_own_list_only_suppresses() {
    let mut play = Play::new();
    let message = play.send();
    play.fail(
        message,
        Failure::Suppressed(SuppressionReason::OptOut),
        play.now,
    );
    assert_eq!(play.conversation.version, 0);
    assert_eq!(
        suppressions(&play),
        [(
            SuppressionReason::OptOut,
            SuppressionScope::Automation,
            SuppressionSource::Provider
        )]
    );
}

#[test]
fn an_opt_out_mail_closes_and_is_no_reply() {
    let mut play = Play::new();
    play.send();
    play.wait(10);
    play.store(MessageFact::reply(600, play.now, 0).of_kind(Kind::OptOut));
    assert_eq!(
        (play.conversation.state, play.conversation.outcome),
        (State::Closed, Some(Outcome::OptedOut))
    );
    assert_eq!(events_since(&play, 0), ["CONVERSATION_ABANDONED"]);
    assert_eq!(play.conversation.tally.replies, 0);
    assert!(play.conversation.flags.contains_key(&FlagCode::OptOut));
}

#[test]
fn an_owned_conversation_is_only_flagged() {
    let mut play = Play::new();
    play.ask(&Request::TakeOver {
        agent: 900,
        expected_version: None,
    })
    .unwrap();
    play.suppress(LeadFactKind::Complaint, play.now);
    play.fail(0, HARD, play.now);
    assert_eq!(play.conversation.state, State::HandedOver);
    assert_eq!(play.conversation.flags.len(), 2);
}

#[test]
fn a_complaint_older_than_the_newest_reply_only_suppresses() {
    let mut play = Play::new();
    exchange(&mut play, &[]);
    play.suppress(LeadFactKind::Complaint, play.now - minutes(1));
    assert_eq!(play.conversation.state, State::Engaged);
    assert_eq!(suppressions(&play).len(), 1);
    play.suppress(LeadFactKind::Complaint, play.now);
    assert_eq!(play.conversation.state, State::Closed);
}

#[test]
fn a_reply_older_than_an_opt_out_never_reopens() {
    let mut play = Play::new();
    play.send();
    play.wait(60);
    play.suppress(LeadFactKind::Unsubscribed, play.now);
    play.store(MessageFact::reply(600, play.now - minutes(5), 0));
    assert_eq!(play.conversation.state, State::Closed);
    play.wait(5);
    play.store(MessageFact::reply(601, play.now, 0));
    assert_eq!(play.conversation.state, State::Engaged);
}

#[test]
fn a_reply_does_not_reopen_beside_another_open_conversation() {
    let mut play = Play::new();
    play.send();
    play.ask(&Request::Trigger(Trigger::new(
        crate::Event::ConversationAbandoned,
    )))
    .unwrap();
    let stored = crate::observe::MessageStored::new(MessageFact::reply(600, play.now, 2));
    let snapshot = Snapshot {
        other_open: Some(&5),
        ..Snapshot::new(&play.conversation, &play.lead)
    };
    let observation = Observation::MessageStored(stored);
    let decision = crate::observe(&snapshot, &observation, &play.rules, &play.policy, play.now);
    assert_eq!(decision.steps().count(), 0);
}

#[test]
fn the_no_reply_timer_fires_once_due_and_only_while_we_wait() {
    let due = |play: &Play| play.conversation.no_reply_due_at(&play.policy);
    let mut play = Play::new();
    let message = play.send();
    assert_eq!(due(&play), None);
    play.deliver(message, play.now);
    let expected = play.now + chrono::TimeDelta::days(30);
    assert_eq!(due(&play), Some(expected));
    play.observe(&Observation::NoReplyDue);
    assert_eq!(play.conversation.state, State::Active);

    play.now = expected;
    play.observe(&Observation::NoReplyDue);
    assert_eq!(
        (play.conversation.state, play.conversation.outcome),
        (State::Closed, Some(Outcome::NoResponse))
    );
    assert_eq!(play.lead.facts.get(&LeadFactKind::NoReply), Some(&expected));

    let mut play = Play::new();
    exchange(&mut play, &[]);
    assert_eq!(due(&play), None);
}

/// Somebody's out-of-office, written `minutes` from now and naming a return so many days later.
fn out_of_office(play: &mut Play, author: Author, minutes: i64, days: i64) -> Option<crate::Time> {
    let at = play.now + chrono::TimeDelta::minutes(minutes);
    let id = 600 + u64::from(play.conversation.tally.automated);
    let fact = MessageFact::new(id, at, 2, Direction::Inbound, author).of_kind(Kind::OutOfOffice);
    let back = Some(at + chrono::TimeDelta::days(days));
    let stored = crate::observe::MessageStored {
        away_until: back,
        ..crate::observe::MessageStored::new(fact)
    };
    play.observe(&Observation::MessageStored(stored));
    back
}

#[test]
fn an_absence_moves_the_no_reply_timer() {
    let mut play = Play::new();
    let message = play.send();
    play.deliver(message, play.now);
    let due = |play: &Play| play.conversation.no_reply_due_at(&play.policy);
    let by_silence = due(&play);
    // A date beyond every absence is a misreading, and somebody else's absence is not the lead's.
    out_of_office(&mut play, Author::Lead, 0, 30_000);
    out_of_office(&mut play, Author::Other, 0, 45);
    assert_eq!(due(&play), by_silence);
    let back = out_of_office(&mut play, Author::Lead, 1, 45);
    assert_eq!(due(&play), back);
    let sooner = out_of_office(&mut play, Author::Lead, 2, 40);
    assert_eq!(due(&play), sooner, "the newest word counts");
    out_of_office(&mut play, Author::Lead, 1, 90);
    assert_eq!(due(&play), sooner, "by its own time");
}

#[test]
fn who_writes_is_back() {
    let mut play = Play::new();
    play.send();
    out_of_office(&mut play, Author::Lead, 0, 45);
    assert!(play.conversation.away_until.is_some());
    play.wait(5);
    play.reply(&[]);
    assert_eq!(play.conversation.away_until, None);
    out_of_office(&mut play, Author::Lead, -2, 45);
    assert_eq!(play.conversation.away_until, None, "older than the reply");
    out_of_office(&mut play, Author::Lead, 2, 45);
    assert!(play.conversation.away_until.is_some());
    play.store(MessageFact::reply(900, play.now, 0));
    assert!(
        play.conversation.away_until.is_some(),
        "an older mail that comes late says nothing new"
    );
}

#[test]
fn a_closed_conversation_is_archived_when_due() {
    let mut play = Play::new();
    play.ask(&Request::Trigger(Trigger::new(
        crate::Event::ConversationAbandoned,
    )))
    .unwrap();
    play.observe(&Observation::ArchiveDue);
    assert_eq!(play.conversation.state, State::Closed);
    play.wait(210 * 24 * 60);
    play.observe(&Observation::ArchiveDue);
    assert_eq!(play.conversation.state, State::Archived);
    play.reply(&[]);
    assert_eq!(play.conversation.state, State::Archived);
}
