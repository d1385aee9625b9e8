//! What the scores must come to, whatever the formula.

use super::{exchange, interest, purchase, test_drive};
use crate::email::TrackingKind;
use crate::machine::State;
use crate::scoring::{ScoreInput, Scores, scores};
use crate::strategies::Play;
use crate::vocabulary::Stage;

fn scores_of(play: &Play) -> Scores {
    scores(
        &ScoreInput::of(&play.conversation, &play.lead),
        &play.policy,
        play.now,
    )
}

#[test]
fn three_prompt_answers_with_signals_lead_to_a_person() {
    let mut play = Play::new();
    exchange(&mut play, &[interest()]);
    assert_eq!(play.conversation.state, State::Engaged);

    exchange(&mut play, &[test_drive()]);
    assert_eq!(play.conversation.state, State::Qualified);
    assert!(scores_of(&play).engagement >= 60, "{:?}", scores_of(&play));

    exchange(&mut play, &[purchase()]);
    assert_eq!(play.conversation.state, State::ReadyForHandover);
    assert!(
        scores_of(&play).engagement > 70 && scores_of(&play).readiness >= 70,
        "{:?}",
        scores_of(&play)
    );
    assert_eq!(play.lead.journey.current, Some(Stage::HandoverReady));
}

#[test]
fn a_day_between_answer_and_decision_changes_none_of_it() {
    let mut play = Play::new();
    for signals in [[interest()], [test_drive()], [purchase()]] {
        exchange(&mut play, &signals);
    }
    play.wait(24 * 60);
    assert!(
        scores_of(&play).engagement > 70 && scores_of(&play).readiness >= 70,
        "{:?}",
        scores_of(&play)
    );
}

#[test]
fn the_same_rhythm_without_signals_stays_engaged() {
    let mut play = Play::new();
    for _ in 0..3 {
        exchange(&mut play, &[]);
    }
    assert_eq!(play.conversation.state, State::Engaged);
}

#[test]
fn one_late_ok_is_little_engagement() {
    let mut play = Play::new();
    play.send();
    play.wait(5 * 24 * 60);
    play.reply(&[]);
    assert_eq!(play.conversation.state, State::Engaged);
    assert!(scores_of(&play).engagement < 40);
}

#[test]
fn opens_and_clicks_alone_never_pass_25() {
    let mut play = Play::new();
    let message = play.send();
    play.deliver(message, play.now);
    for i in 0..60 {
        play.wait(10);
        let kind = if i % 2 == 0 {
            TrackingKind::Opened
        } else {
            TrackingKind::Clicked
        };
        play.track(message, kind, play.now);
    }
    assert_eq!(scores_of(&play).engagement, 25);
}

#[test]
fn a_gateway_that_clicks_500_links_moves_nothing() {
    let mut play = Play::new();
    let message = play.send();
    play.deliver(message, play.now);
    play.wait(60);
    play.track(message, TrackingKind::Opened, play.now);
    play.wait(60);
    let before = scores_of(&play).engagement;
    for i in 0..500 {
        let at = play.now + chrono::TimeDelta::milliseconds(i * 6);
        play.track(message, TrackingKind::Clicked, at);
    }
    assert_eq!(scores_of(&play).engagement, before);
    assert_eq!(play.conversation.email.judged.machine_clicks, 500);
}

#[test]
fn a_half_life_of_silence_halves_engagement() {
    let mut play = Play::new();
    for _ in 0..2 {
        exchange(&mut play, &[]);
    }
    let before = scores_of(&play).engagement;
    play.wait(14 * 24 * 60);
    assert_eq!(scores_of(&play).engagement, before.div_ceil(2));
}

#[test]
fn the_worked_example_of_the_documentation() {
    let mut play = Play::new();
    let mut engagement = Vec::new();
    for signals in [[interest()], [test_drive()], [purchase()]] {
        exchange(&mut play, &signals);
        engagement.push(scores_of(&play).engagement);
    }
    assert_eq!(engagement, [59, 68, 77]);
    assert_eq!(scores_of(&play).readiness, 77);
    play.wait(14 * 24 * 60);
    assert_eq!(
        (scores_of(&play).engagement, scores_of(&play).readiness),
        (39, 64)
    );
    assert_eq!(play.conversation.state, State::ReadyForHandover);
}
