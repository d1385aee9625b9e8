//! Mail that is not from whom it says is shown, and is nobody's word.

use super::{events_since, exchange, test_drive};
use crate::lead::LeadFactKind;
use crate::machine::State;
use crate::scoring::{ScoreInput, scores};
use crate::strategies::Play;
use crate::tally::Tally;
use crate::vocabulary::{Awaiting, FlagCode, HoldReason};

/// State, version and scores.
fn standing(play: &Play) -> (State, u64, String) {
    let input = ScoreInput::of(&play.conversation, &play.lead);
    let scores = format!("{:?}", scores(&input, &play.policy, play.now));
    (play.conversation.state, play.conversation.version, scores)
}

#[test]
fn it_holds_and_flags_and_moves_nothing() {
    let mut play = Play::new();
    exchange(&mut play, &[]);
    let before = standing(&play);
    let id = play.forge(play.now);
    assert_eq!(standing(&play), before);
    let conversation = &play.conversation;
    assert_eq!(
        conversation.flags[&FlagCode::ForgedSuspect].message,
        Some(id)
    );
    let holds: Vec<HoldReason> = conversation.holds.keys().copied().collect();
    assert_eq!(holds, [HoldReason::Unverified]);
    assert_eq!(
        (conversation.tally.replies, conversation.tally.human),
        (1, 2)
    );
    // A person has to look at it.
    assert_eq!(conversation.awaiting(), Awaiting::Us);
}

#[test]
fn it_opens_and_reopens_nothing() {
    let mut play = Play::new();
    play.send();
    play.forge(play.now);
    assert_eq!(play.conversation.state, State::New);
    play.suppress(LeadFactKind::Complaint, play.now);
    assert_eq!(play.conversation.state, State::Closed);
    play.wait(10);
    play.forge(play.now);
    assert_eq!(play.conversation.state, State::Closed);
}

#[test]
fn a_vouched_one_is_a_reply_with_all_that_follows() {
    let mut play = Play::new();
    exchange(&mut play, &[]);
    play.wait(60);
    play.send();
    play.wait(5);
    play.forge(play.now);
    play.wait(60);
    play.send();
    let n = play.decisions.len();
    play.vouch(&[test_drive()]);
    assert_eq!(
        events_since(&play, n),
        [
            "LEAD_REPLIED",
            "ENGAGEMENT_INCREASED",
            "QUALIFICATION_CRITERIA_MET"
        ]
    );
    assert_eq!(play.conversation.tally.replies, 2);
    assert_eq!(play.conversation.tally, Tally::recompute(&play.facts));
}

#[test]
fn a_vouched_one_reopens_unless_the_lead_opted_out_since() {
    for (opted_out, expected) in [(false, State::Engaged), (true, State::Closed)] {
        let mut play = Play::new();
        exchange(&mut play, &[]);
        play.forge(play.now);
        play.wait(5);
        let closed = crate::Trigger::new(crate::Event::ConversationAbandoned);
        play.ask(&crate::Request::Trigger(closed)).unwrap();
        if opted_out {
            play.suppress(LeadFactKind::OptOut, play.now);
        }
        play.vouch(&[]);
        assert_eq!(play.conversation.state, expected);
    }
}
