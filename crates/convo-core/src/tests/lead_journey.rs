//! Stages: entered by criteria, lifted by states, set back by facts.

use super::{exchange, interest, purchase, test_drive};
use crate::change::Change;
use crate::conversation::Conversation;
use crate::journey::{NextAction, Risk, Trend};
use crate::lead::LeadFactKind;
use crate::machine::State;
use crate::observe::{MessageStored, Observation};
use crate::snapshot::{History, Snapshot};
use crate::strategies::Play;
use crate::tally::MessageFact;
use crate::vocabulary::{Milestone, Stage};

fn stages(play: &Play) -> (Option<Stage>, Option<Stage>) {
    (play.lead.journey.current, play.lead.journey.highest)
}

#[test]
fn stages_are_entered_as_their_criteria_come_to_hold() {
    let mut play = Play::new();
    assert_eq!(stages(&play).0, None);
    play.send();
    assert_eq!(stages(&play).0, Some(Stage::ColdLead));
    play.wait(30);
    play.reply(&[interest()]);
    assert_eq!(stages(&play).0, Some(Stage::RespondingLead));
    exchange(&mut play, &[]);
    exchange(&mut play, &[]);
    assert_eq!(stages(&play).0, Some(Stage::InterestedLead));
    assert_eq!(play.lead.journey.milestones.len(), 4);
}

#[test]
fn a_state_lifts_through_every_skipped_stage() {
    let mut play = Play::new();
    exchange(&mut play, &[test_drive()]);
    exchange(&mut play, &[]);
    assert_eq!(play.conversation.state, State::Qualified);
    let entered: Vec<(Stage, Option<State>)> = play
        .decisions
        .last()
        .unwrap()
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::StageEntered {
                stage, lifted_by, ..
            } => Some((*stage, *lifted_by)),
            _ => None,
        })
        .collect();
    let lifted = Some(State::Qualified);
    assert_eq!(
        entered,
        [
            (Stage::EngagedLead, lifted),
            (Stage::InterestedLead, lifted),
            (Stage::QualifiedLead, lifted)
        ]
    );
    assert!(
        play.lead
            .journey
            .milestones
            .contains_key(&Milestone::QualificationComplete)
    );
}

#[test]
fn decay_alone_lowers_nothing() {
    let mut play = Play::new();
    for _ in 0..3 {
        exchange(&mut play, &[interest()]);
    }
    play.wait(100 * 24 * 60);
    play.send();
    assert_eq!(stages(&play).0, Some(Stage::InterestedLead));
}

#[test]
fn an_opt_out_sets_the_current_stage_back_and_later_replies_raise_it_again() {
    let mut play = Play::new();
    for _ in 0..3 {
        exchange(&mut play, &[interest()]);
    }
    play.wait(10);
    play.suppress(LeadFactKind::OptOut, play.now);
    assert_eq!(
        stages(&play),
        (Some(Stage::ColdLead), Some(Stage::InterestedLead))
    );
    play.wait(10);
    play.reply(&[]);
    assert_eq!(
        stages(&play),
        (Some(Stage::RespondingLead), Some(Stage::InterestedLead))
    );
}

#[test]
fn a_late_opt_out_counts_the_replies_after_it() {
    let mut play = Play::new();
    exchange(&mut play, &[]);
    let between = play.now + chrono::TimeDelta::minutes(1);
    exchange(&mut play, &[]);
    play.suppress(LeadFactKind::OptOut, between);
    assert_eq!(stages(&play).0, Some(Stage::RespondingLead));
    assert_eq!(play.conversation.since().replies, 1);
    play.suppress(LeadFactKind::OptOut, play.now);
    assert_eq!(stages(&play).0, Some(Stage::ColdLead));
}

#[test]
fn silence_sets_back_only_a_lead_without_an_open_conversation() {
    let mut play = Play::new();
    exchange(&mut play, &[interest()]);
    play.send();
    play.wait(30 * 24 * 60);
    play.observe(&Observation::NoReplyDue);
    assert_eq!(
        stages(&play),
        (Some(Stage::ColdLead), Some(Stage::RespondingLead))
    );
}

#[test]
fn exchanges_and_signals_are_summed_over_conversations() {
    let mut first = Play::new();
    exchange(&mut first, &[interest()]);
    exchange(&mut first, &[]);
    // A second conversation of the same lead, with one exchange of its own.
    let now = first.now;
    let mut second = Conversation::new(3, 2, Some(8), now);
    second.apply(&Change::MessageAbsorbed(Box::new(MessageFact::sent(
        700, now, 1,
    ))));
    let reply = MessageFact::reply(701, now + chrono::TimeDelta::minutes(5), 2);
    let siblings = [&first.conversation];
    let snapshot = Snapshot {
        siblings: &siblings,
        ..Snapshot::new(&second, &first.lead)
    };
    let observation = Observation::MessageStored(MessageStored::new(reply.clone()));
    let decision = crate::observe(
        &snapshot,
        &observation,
        &first.rules,
        &first.policy,
        reply.at,
    );
    let mut lead = first.lead.clone();
    decision
        .changes
        .iter()
        .for_each(|change| lead.apply(change));
    assert_eq!(lead.journey.current, Some(Stage::InterestedLead));
}

#[test]
fn a_sibling_from_before_a_set_back_is_asked_for_its_history() {
    let mut first = Play::new();
    exchange(&mut first, &[]);
    let between = first.now + chrono::TimeDelta::minutes(1);
    exchange(&mut first, &[]);
    let mut lead = first.lead.clone();
    lead.facts.insert(LeadFactKind::OptOut, between);
    let second = Conversation::new(3, 2, Some(8), first.now);
    let siblings = [&first.conversation];
    let snapshot = Snapshot {
        siblings: &siblings,
        ..Snapshot::new(&second, &lead)
    };
    let observation = Observation::LeadChanged;
    let decision = crate::observe(
        &snapshot,
        &observation,
        &first.rules,
        &first.policy,
        first.now,
    );
    assert_eq!(decision.needs_history, [1]);
    let histories = [History {
        conversation: &1,
        facts: &first.facts,
    }];
    let snapshot = Snapshot {
        histories: &histories,
        ..snapshot
    };
    let decision = crate::observe(
        &snapshot,
        &observation,
        &first.rules,
        &first.policy,
        first.now,
    );
    assert!(decision.needs_history.is_empty());
}

#[test]
fn the_journey_is_told_in_figures() {
    let mut play = Play::new();
    for signals in [[interest()], [test_drive()], [purchase()]] {
        exchange(&mut play, &signals);
    }
    let view = crate::journey::of(&play.lead, &[&play.conversation], &play.policy, play.now);
    assert_eq!(view.progress.overall_progress, 100);
    assert_eq!(view.progress.stage_progress, 100);
    assert_eq!(view.progress.velocity_score, 100);
    assert_eq!(view.progress.completed_stages.len(), 5);
    assert_eq!(view.analytics.response_rate, Some(1.0));
    assert_eq!(view.analytics.average_response_minutes, Some(30.0));
    assert_eq!(view.analytics.engagement_trend, Trend::Stable);
    assert_eq!(
        view.analytics.qualification_signals,
        ["purchase", "test_drive"]
    );
    assert_eq!(view.analytics.next_best_action, NextAction::AssignAgent);
    assert_eq!(view.milestones.len(), 6);
    let json = serde_json::to_value(&view).unwrap();
    assert_eq!(json["progress"]["currentStage"]["id"], "HANDOVER_READY");
    assert_eq!(json["stages"][0]["isCompleted"], true);
    assert_eq!(json["analytics"]["riskFactors"], serde_json::json!([]));
}

#[test]
fn risks_are_named() {
    let risks = |play: &Play| {
        crate::journey::of(&play.lead, &[&play.conversation], &play.policy, play.now)
            .analytics
            .risk_factors
    };
    let mut play = Play::new();
    for _ in 0..3 {
        play.send();
    }
    play.wait(8 * 24 * 60);
    assert_eq!(
        risks(&play),
        [Risk::LowResponseRate, Risk::CommunicationGap]
    );
    play.reply(&[]);
    assert_eq!(risks(&play), [Risk::SlowResponse]);
    play.suppress(LeadFactKind::Complaint, play.now);
    assert_eq!(risks(&play), [Risk::SlowResponse, Risk::OptOut]);
}

#[test]
fn time_in_a_stage_is_exact() {
    let mut play = Play::new();
    play.send();
    play.wait(90);
    play.reply(&[]);
    play.wait(30);
    let journey = &play.lead.journey;
    assert_eq!(journey.time_in_ms(Stage::ColdLead, play.now), 90 * 60_000);
    assert_eq!(
        journey.time_in_ms(Stage::RespondingLead, play.now),
        30 * 60_000
    );
}
