//! All 72 pairs by request, and what the request brings with it.

use crate::Time;
use crate::change::TriggeredBy;
use crate::conversation::Conversation;
use crate::decide::{Refusal, Request, Trigger, decide, validate};
use crate::lead::{Completeness, Lead};
use crate::machine::{Cell, Event, State, allowed_events, cell};
use crate::policy::Policy;
use crate::rules::{RuleId, Rules};
use crate::snapshot::{AgentFact, Snapshot};
use crate::strategies::Play;
use crate::vocabulary::Outcome;

fn now() -> Time {
    "2026-01-05T09:00:00Z".parse().unwrap()
}

fn in_state(state: State) -> Conversation<u64> {
    Conversation {
        state,
        version: 7,
        ..Conversation::new(1, 2, None, now())
    }
}

fn lead() -> Lead<u64> {
    Lead::new(2, Completeness::EMAIL)
}

#[test]
fn all_72_pairs_hold_by_request() {
    for &state in State::ALL {
        for &event in Event::ALL {
            let (before, lead) = (in_state(state), lead());
            let snapshot = Snapshot::new(&before, &lead);
            let request = Request::Trigger(Trigger::new(event));
            let decided = decide(
                &snapshot,
                &request,
                &Rules::none(),
                &Policy::default(),
                now(),
            );
            match (cell(state, event), decided) {
                (
                    Cell::Refused,
                    Err(Refusal::InvalidTransition {
                        from,
                        event: refused,
                        allowed,
                    }),
                ) => {
                    assert_eq!((from, refused), (state, event));
                    assert!(allowed.into_iter().eq(allowed_events(state)));
                }
                (accepted, Ok(decision)) => {
                    let mut after = before.clone();
                    decision
                        .changes
                        .iter()
                        .for_each(|change| after.apply(change));
                    let expected = if let Cell::To(to) = accepted {
                        to
                    } else {
                        state
                    };
                    assert_eq!(
                        (after.state, after.version),
                        (expected, 8),
                        "{event} in {state}"
                    );
                    let step = decision.steps().next().unwrap();
                    assert_eq!(
                        (step.from, step.to, step.triggered_by),
                        (state, expected, TriggeredBy::User)
                    );
                }
                (cell, decided) => panic!("{event} in {state}: {cell:?}, {decided:?}"),
            }
        }
    }
}

#[track_caller]
fn refused(conversation: &Conversation<u64>, trigger: Trigger<u64>, expected: &[RuleId]) {
    let lead = lead();
    let snapshot = Snapshot::new(conversation, &lead);
    let refusal = decide(
        &snapshot,
        &Request::Trigger(trigger),
        &Rules::standard(),
        &Policy::default(),
        now(),
    );
    let refusal = refusal.unwrap_err();
    assert_eq!(refusal.code(), "rules_not_met");
    let rules: Vec<RuleId> = refusal
        .unmet()
        .iter()
        .map(|unmet| unmet.rule.clone())
        .collect();
    assert_eq!(rules, expected);
    assert!(refusal.unmet().iter().all(|unmet| !unmet.fix.is_empty()));
}

#[test]
fn every_failed_rule_is_listed_with_its_fix() {
    refused(
        &in_state(State::New),
        Trigger::new(Event::FirstEmailSent),
        &[RuleId::FIRST_EMAIL_SENT],
    );
    refused(
        &in_state(State::Active),
        Trigger::new(Event::LeadReplied),
        &[RuleId::LEAD_REPLY],
    );
    refused(
        &in_state(State::Closed),
        Trigger::new(Event::LeadReplied),
        &[RuleId::LEAD_REPLY],
    );
    refused(
        &in_state(State::Engaged),
        Trigger::new(Event::QualificationCriteriaMet),
        &[RuleId::QUALIFICATION_CRITERIA, RuleId::ENGAGEMENT_THRESHOLD],
    );
    refused(
        &in_state(State::Qualified),
        Trigger::new(Event::HandoverRequested),
        &[RuleId::HANDOVER_READINESS],
    );
    refused(
        &in_state(State::ReadyForHandover),
        Trigger::new(Event::HumanAgentAssigned),
        &[RuleId::AGENT_ASSIGNMENT],
    );
}

#[test]
fn an_agent_must_exist_and_be_active() {
    let conversation = in_state(State::ReadyForHandover);
    let lead = lead();
    let ask = |agent: Option<AgentFact<u64>>| {
        let snapshot = Snapshot {
            agent: agent.as_ref(),
            ..Snapshot::new(&conversation, &lead)
        };
        let trigger = Trigger {
            agent: Some(9),
            ..Trigger::new(Event::HumanAgentAssigned)
        };
        decide(
            &snapshot,
            &Request::Trigger(trigger),
            &Rules::standard(),
            &Policy::default(),
            now(),
        )
        .map_err(|refusal| refusal.unmet()[0].actual.to_string())
        .map(|decision| decision.changes.len())
    };
    assert_eq!(ask(None), Err("an unknown agent".into()));
    assert_eq!(
        ask(Some(AgentFact {
            id: 9,
            active: false
        })),
        Err("an inactive agent".into())
    );
    assert_eq!(
        ask(Some(AgentFact {
            id: 8,
            active: true
        })),
        Err("an unknown agent".into())
    );
    assert!(
        ask(Some(AgentFact {
            id: 9,
            active: true
        }))
        .is_ok()
    );
}

#[test]
fn the_version_is_compared_before_anything_else() {
    let (conversation, lead) = (in_state(State::Archived), lead());
    let snapshot = Snapshot::new(&conversation, &lead);
    let trigger = Trigger {
        expected_version: Some(6),
        ..Trigger::new(Event::LeadReplied)
    };
    let refusal = decide(
        &snapshot,
        &Request::Trigger(trigger),
        &Rules::standard(),
        &Policy::default(),
        now(),
    );
    assert_eq!(refusal, Err(Refusal::VersionConflict { current: 7 }));
}

#[test]
fn reopening_beside_another_open_conversation_is_a_conflict() {
    let (conversation, lead) = (in_state(State::Closed), lead());
    let snapshot = Snapshot {
        other_open: Some(&5),
        ..Snapshot::new(&conversation, &lead)
    };
    let trigger = Trigger::new(Event::LeadReplied);
    let refusal = decide(
        &snapshot,
        &Request::Trigger(trigger.clone()),
        &Rules::standard(),
        &Policy::default(),
        now(),
    );
    assert_eq!(refusal, Err(Refusal::Conflict { open: 5 }));
    let validation = validate(
        &snapshot,
        &trigger,
        &Rules::standard(),
        &Policy::default(),
        now(),
    );
    assert!(validation.is_valid && !validation.can_proceed);
}

#[test]
fn taking_over_takes_the_missing_events_and_names_what_it_waives() {
    let mut play = Play::new();
    play.ask(&Request::TakeOver {
        agent: 900,
        expected_version: Some(0),
    })
    .unwrap();
    let steps: Vec<_> = play.decisions[0].steps().cloned().collect();
    let events: Vec<Event> = steps.iter().map(|step| step.event).collect();
    assert_eq!(
        events,
        [
            Event::FirstEmailSent,
            Event::LeadReplied,
            Event::QualificationCriteriaMet,
            Event::HandoverRequested,
            Event::HumanAgentAssigned
        ]
    );
    assert_eq!(
        steps[2].waived,
        [RuleId::QUALIFICATION_CRITERIA, RuleId::ENGAGEMENT_THRESHOLD]
    );
    assert_eq!(steps[4].waived, []);
    assert_eq!(
        (play.conversation.state, play.conversation.version),
        (State::HandedOver, 5)
    );
    assert_eq!(play.conversation.agent, Some(900));

    let unknown = play
        .ask(&Request::TakeOver {
            agent: 901,
            expected_version: None,
        })
        .unwrap_err();
    assert_eq!(unknown.unmet()[0].rule, RuleId::AGENT_ASSIGNMENT);
}

#[test]
fn closing_keeps_the_outcome_it_is_given_and_reopening_clears_it() {
    let mut play = Play::new();
    play.send();
    play.ask(&Request::TakeOver {
        agent: 900,
        expected_version: None,
    })
    .unwrap();
    let won = Trigger {
        outcome: Some(Outcome::Won),
        ..Trigger::new(Event::ConversationCompleted)
    };
    play.ask(&Request::Trigger(won)).unwrap();
    assert_eq!(
        (play.conversation.state, play.conversation.outcome),
        (State::Closed, Some(Outcome::Won))
    );
    assert_eq!(play.conversation.closed_at, Some(play.now));
    play.wait(60);
    play.reply(&[]);
    assert_eq!(
        (play.conversation.state, play.conversation.outcome),
        (State::Engaged, None)
    );
    assert_eq!(
        (play.conversation.agent, play.conversation.closed_at),
        (Some(900), None)
    );

    let lost = Trigger::new(Event::ConversationAbandoned);
    play.ask(&Request::Trigger(lost)).unwrap();
    assert_eq!(play.conversation.outcome, Some(Outcome::Other));
    play.ask(&Request::SetOutcome {
        outcome: Outcome::Lost,
        follow_up_at: None,
    })
    .unwrap();
    assert_eq!(
        (play.conversation.outcome, play.conversation.state),
        (Some(Outcome::Lost), State::Closed)
    );
}

#[test]
fn only_an_owner_gives_a_conversation_back() {
    let mut play = Play::new();
    assert_eq!(play.ask(&Request::Release), Err(Refusal::NotOwned));
    play.ask(&Request::TakeOver {
        agent: 900,
        expected_version: None,
    })
    .unwrap();
    play.ask(&Request::Release).unwrap();
    assert_eq!(
        (play.conversation.agent, play.conversation.state),
        (None, State::HandedOver)
    );
}
