//! When timers are due, and what they come to.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::exchange;
use crate::change::Change;
use crate::clocks::Due;
use crate::decide::{Refusal, Request, Trigger};
use crate::lead::LeadFactKind;
use crate::observe::Observation;
use crate::policy::Policy;
use crate::strategies::{Play, commands};
use crate::tally::MessageFact;
use crate::vocabulary::{Author, Direction, HoldReason, Outcome};
use crate::{Event, State, Time};

const DAY: i64 = 24 * 60;

fn due(play: &Play) -> Due {
    play.conversation.clocks().due(&play.policy)
}

fn days_after(at: Time, days: i64) -> Option<Time> {
    Some(at + TimeDelta::days(days))
}

/// Our mail was delivered and nobody has answered.
fn waiting() -> Play {
    let mut play = Play::new();
    let message = play.send();
    play.deliver(message, play.now);
    play
}

fn snooze(play: &mut Play, minutes: i64) -> Result<(), Refusal<u64>> {
    let until = Some(play.now + TimeDelta::minutes(minutes)).filter(|_| minutes > 0);
    play.ask(&Request::Snooze { until }).map(drop)
}

fn hold(play: &mut Play, held: bool) {
    let reason = HoldReason::DoubtfulOptOut;
    let request = match held {
        true => Request::Hold { reason },
        false => Request::ReleaseHold { reason },
    };
    play.ask(&request).unwrap();
}

fn take_over(play: &mut Play) {
    let request = Request::TakeOver {
        agent: 900,
        expected_version: None,
    };
    play.ask(&request).unwrap();
}

#[test]
fn what_stops_the_clock_makes_it_start_anew() {
    type Act = fn(&mut Play);
    let cases: [(&str, Act, Act); 3] = [
        ("hold", |play| hold(play, true), |play| hold(play, false)),
        ("owner", take_over, |play| {
            play.ask(&Request::Release).unwrap();
        }),
        (
            "snooze",
            |play| snooze(play, 45 * DAY).unwrap(),
            |play| snooze(play, 0).unwrap(),
        ),
    ];
    for (what, stop, end) in cases {
        let mut play = waiting();
        assert_eq!(due(&play).no_reply, days_after(play.now, 30), "{what}");
        play.wait(DAY);
        stop(&mut play);
        play.wait(40 * DAY);
        play.observe(&Observation::NoReplyDue);
        assert!(play.conversation.state.is_open(), "{what}");
        end(&mut play);
        // Who was handed over is no longer ours to give up.
        let handed_over = play.conversation.state == State::HandedOver;
        let expected = days_after(play.now, 30).filter(|_| !handed_over);
        assert_eq!(due(&play).no_reply, expected, "{what}");
    }
}

#[test]
fn one_hold_of_two_still_stops_it() {
    let mut play = waiting();
    hold(&mut play, true);
    let reason = HoldReason::OtherAuthor;
    play.ask(&Request::Hold { reason }).unwrap();
    hold(&mut play, false);
    assert_eq!(
        (due(&play).no_reply, play.conversation.clock_from),
        (None, None)
    );
    play.ask(&Request::ReleaseHold { reason }).unwrap();
    assert_eq!(due(&play).no_reply, days_after(play.now, 30));
}

#[test]
fn while_the_lead_waits_we_are_alerted_once_and_nothing_is_given_up() {
    let mut play = waiting();
    // Monday, 09:00 in a UTC calendar of 08:00 to 18:00.
    play.wait(60);
    play.reply(&[]);
    let first = play.now;
    let alert = first + TimeDelta::minutes(240);
    assert_eq!(due(&play).no_reply, Some(alert));
    play.wait(60);
    let newest = play.reply(&[]);
    assert_eq!(due(&play).no_reply, Some(alert), "more of it moves nothing");
    play.observe(&Observation::NoReplyDue);
    assert_eq!(due(&play).no_reply, Some(alert), "too early");

    play.now = alert;
    let decision = play.observe(&Observation::NoReplyDue);
    let alerted = Change::ReplyAlerted {
        waits_since: first,
        message: newest,
    };
    assert!(decision.changes.contains(&alerted), "{decision:?}");
    assert_eq!(due(&play).no_reply, None);
    play.wait(365 * DAY);
    let state = play.conversation.state;
    assert_eq!(play.observe(&Observation::NoReplyDue).changes, []);
    play.reply(&[]);
    assert_eq!(due(&play).no_reply, None, "it is still the same wait");
    assert_eq!(play.conversation.state, state);
    play.send();
    play.reply(&[]);
    assert!(due(&play).no_reply.is_some());
}

#[test]
fn who_writes_first_waits_too_but_not_for_us_alone() {
    let mut play = Play::new();
    play.reply(&[]);
    assert!(due(&play).no_reply.is_some());
    take_over(&mut play);
    assert_eq!(
        due(&play).no_reply,
        None,
        "its owner has a clock of his own"
    );
    play.ask(&Request::Release).unwrap();
    assert!(due(&play).no_reply.is_some());

    let mut play = waiting();
    play.wait(1);
    play.store(MessageFact::new(
        700,
        play.now,
        0,
        Direction::Inbound,
        Author::Other,
    ));
    assert_eq!(due(&play).no_reply, None, "told when it came, and held");
    let reason = HoldReason::OtherAuthor;
    play.ask(&Request::ReleaseHold { reason }).unwrap();
    assert_eq!(due(&play).no_reply, days_after(play.now, 30));
    play.wait(30 * DAY);
    play.observe(&Observation::NoReplyDue);
    assert_eq!(play.conversation.state, State::Closed);
}

#[test]
fn a_snooze_ends_at_its_time_with_a_reply_or_with_the_conversation() {
    let mut play = waiting();
    snooze(&mut play, 100).unwrap();
    let until = play.now + TimeDelta::minutes(100);
    assert_eq!(due(&play).snooze, Some(until));
    play.wait(99);
    play.observe(&Observation::SnoozeDue);
    assert_eq!(due(&play).snooze, Some(until));
    play.wait(1);
    play.observe(&Observation::SnoozeDue);
    assert_eq!(play.conversation.snoozed_until, None);
    assert_eq!(due(&play).no_reply, days_after(until, 30));
    assert_eq!(play.observe(&Observation::SnoozeDue).changes, []);

    snooze(&mut play, 100).unwrap();
    play.reply(&[]);
    assert_eq!(play.conversation.snoozed_until, None);

    // What waits for us sleeps as well, if somebody wants it to.
    snooze(&mut play, 7 * DAY).unwrap();
    assert_eq!(due(&play).no_reply, days_after(play.now, 7));
    play.ask(&Request::Trigger(Trigger::new(
        Event::ConversationAbandoned,
    )))
    .unwrap();
    assert_eq!(due(&play).snooze, None);
    assert_eq!(snooze(&mut play, 100), Err(Refusal::NotOpen));
    assert_eq!(snooze(&mut play, 0), Ok(()));
}

#[test]
fn a_follow_up_is_brought_up_once() {
    let mut play = waiting();
    let at = play.now + TimeDelta::days(300);
    let close = Trigger {
        outcome: Some(Outcome::NotNow),
        follow_up_at: Some(at),
        ..Trigger::new(Event::ConversationAbandoned)
    };
    play.ask(&Request::Trigger(close)).unwrap();
    assert_eq!(due(&play).follow_up, Some(at));
    play.now = due(&play).archive.unwrap();
    play.observe(&Observation::FollowUpDue);
    play.observe(&Observation::ArchiveDue);
    assert_eq!(due(&play).follow_up, Some(at), "it outlives the archive");
    play.now = at;
    let raised = play.observe(&Observation::FollowUpDue);
    assert_eq!(raised.changes, [Change::FollowUpRaised { at }]);
    assert_eq!(play.observe(&Observation::FollowUpDue).changes, []);
    let later = play.now + TimeDelta::days(1);
    let outcome = Outcome::NotNow;
    let follow_up_at = Some(later);
    play.ask(&Request::SetOutcome {
        outcome,
        follow_up_at,
    })
    .unwrap();
    assert_eq!(
        due(&play).follow_up,
        Some(later),
        "another time is another one"
    );
}

#[test]
fn a_silence_is_dated_by_when_it_was_due() {
    let mut play = waiting();
    exchange(&mut play, &[]);
    play.send();
    let expected = due(&play).no_reply.unwrap();
    play.now = expected + TimeDelta::days(3);
    play.observe(&Observation::NoReplyDue);
    let fact = play.lead.facts.get(&LeadFactKind::NoReply);
    assert_eq!(fact, Some(&expected));
    assert_eq!(play.conversation.closed_at, Some(play.now));
}

#[test]
fn what_was_due_when_clocks_begin_is_history() {
    let policy = Policy::default();
    let mut play = waiting();
    play.wait(400 * DAY);
    play.conversation.begin_clocks(&policy, play.now);
    assert_eq!(due(&play).no_reply, days_after(play.now, 30));

    let mut play = waiting();
    play.reply(&[]);
    let now = play.now;
    play.conversation.begin_clocks(&policy, now);
    assert!(
        due(&play).no_reply.is_some(),
        "an alert of today still comes"
    );
    play.conversation
        .begin_clocks(&policy, now + TimeDelta::days(9));
    assert_eq!(due(&play).no_reply, None);

    let mut play = waiting();
    let close = Trigger {
        follow_up_at: Some(play.now + TimeDelta::days(2)),
        ..Trigger::new(Event::ConversationAbandoned)
    };
    play.ask(&Request::Trigger(close)).unwrap();
    play.wait(900 * DAY);
    play.conversation.begin_clocks(&policy, play.now);
    assert_eq!(due(&play).follow_up, None);
    assert_eq!(due(&play).archive, days_after(play.now, 210));
}

#[test]
fn plans_for_a_forgotten_person_are_forgotten_with_it() {
    let mut play = waiting();
    play.reply(&[]);
    snooze(&mut play, DAY).unwrap();
    play.ask(&Request::SetOutcome {
        outcome: Outcome::NotNow,
        follow_up_at: Some(play.now + TimeDelta::days(9)),
    })
    .unwrap();
    play.conversation.forget_plans();
    assert_eq!(due(&play), Due::default());
    play.send();
    let due = due(&play);
    assert!(due.no_reply.is_some(), "what gives up goes on");
    assert_eq!((due.snooze, due.follow_up), (None, None));
}

#[test]
fn a_calendar_without_openings_alerts_by_the_wall() {
    let mut play = waiting();
    play.policy.calendar.weekdays.clear();
    play.reply(&[]);
    let minutes = TimeDelta::minutes(240);
    assert_eq!(due(&play).no_reply, Some(play.now + minutes));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Firing what is due, again and again, comes to an end, and each thing is told once.
    #[test]
    fn every_timer_ends(list in commands(30)) {
        let mut play = Play::new();
        play.run(&list);
        let mut fired = 0;
        while let Some(at) = {
            let due = due(&play);
            [due.no_reply, due.archive, due.snooze, due.follow_up].into_iter().flatten().min()
        } {
            play.now = play.now.max(at);
            let before = play.conversation.clocks();
            for timer in [Observation::NoReplyDue, Observation::ArchiveDue, Observation::SnoozeDue, Observation::FollowUpDue] {
                play.observe(&timer);
            }
            prop_assert_ne!(before, play.conversation.clocks());
            fired += 1;
            prop_assert!(fired <= 6, "{:?}", play.conversation);
        }
        // What nobody owns and nobody waits for has come to its end.
        let rests = play.conversation.agent.is_some() || !play.conversation.holds.is_empty()
            || play.conversation.alerted_for.is_some()
            || matches!(play.conversation.state, State::New | State::ReadyForHandover | State::HandedOver | State::Archived);
        prop_assert!(rests, "{:?}", play.conversation);
    }

    /// A timer never gives up while the lead waits, the owner is there, or something holds or snoozes.
    #[test]
    fn silence_alone_gives_up(list in commands(30)) {
        let mut play = Play::new();
        for command in &list {
            play.run(std::slice::from_ref(command));
            let now = play.now;
            let before = play.conversation.clone();
            play.now = now + TimeDelta::days(10_000);
            play.observe(&Observation::NoReplyDue);
            if before.state.is_open() && !play.conversation.state.is_open() {
                prop_assert!(before.agent.is_none() && before.holds.is_empty());
                prop_assert_eq!(before.tally.pending.base, None);
                break;
            }
            play.now = now;
        }
    }
}
