//! What holds after any sequence of commands.

use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

use crate::conversation::Conversation;
use crate::decide::{Request, Trigger, decide, validate};
use crate::lead::Lead;
use crate::machine::{Cell, State, cell, next_state};
use crate::policy::Policy;
use crate::rules::Rules;
use crate::scoring::{ScoreInput, explain, scores};
use crate::snapshot::{AgentFact, History, Snapshot};
use crate::strategies::{Play, commands, event, plays, walks};
use crate::tally::Tally;

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn versions_count_accepted_events_and_the_path_is_legal(play in plays(40)) {
        let mut state = State::New;
        for (n, step) in (1u64..).zip(play.decisions.iter().flat_map(|decision| decision.steps())) {
            prop_assert_eq!(step.version, n);
            prop_assert_eq!(step.from, state);
            prop_assert_eq!(Some(step.to), next_state(state, step.event));
            prop_assert!(cell(state, step.event) != Cell::Refused);
            state = step.to;
        }
        let steps = play.decisions.iter().flat_map(|decision| decision.steps()).count();
        prop_assert_eq!(play.conversation.version, steps as u64);
        prop_assert_eq!(play.conversation.state, state);
    }

    #[test]
    fn incremental_facts_are_recomputed_facts(play in plays(40)) {
        prop_assert_eq!(&play.conversation.tally, &Tally::recompute(&play.facts));
        if let Some(since) = &play.conversation.since {
            prop_assert_eq!(&since.tally, &Tally::recompute_since(since.after, &play.facts));
            prop_assert_eq!(Some(since.after), play.lead.set_back_at());
        }
    }

    #[test]
    fn the_highest_stage_never_falls_and_bounds_the_current(list in commands(40)) {
        let mut play = Play::new();
        let mut highest = None;
        for command in &list {
            play.run(std::slice::from_ref(command));
            prop_assert!(play.lead.journey.highest >= highest);
            highest = play.lead.journey.highest;
            prop_assert!(play.lead.journey.current <= highest);
        }
        let entered: Vec<u8> = play.lead.journey.entered.keys().map(|stage| stage.order()).collect();
        let orders: Vec<u8> = (1..=highest.map_or(0, |stage| stage.order())).collect();
        prop_assert_eq!(entered, orders);
        prop_assert_eq!(play.lead.journey.milestones.len(), play.lead.journey.entered.len());
    }

    #[test]
    fn validating_is_deciding(play in plays(30), event in event(), named in any::<bool>(), active in any::<bool>()) {
        let agent = AgentFact { id: 900, active };
        let histories = [History { conversation: &play.conversation.id, facts: &play.facts }];
        let bare = Snapshot::new(&play.conversation, &play.lead);
        let snapshot = Snapshot { agent: Some(&agent), histories: &histories, ..bare };
        let trigger = Trigger { agent: named.then_some(900), ..Trigger::new(event) };
        let told = validate(&snapshot, &trigger, &play.rules, &play.policy, play.now);
        match decide(&snapshot, &Request::Trigger(trigger), &play.rules, &play.policy, play.now) {
            Ok(decision) => {
                prop_assert!(told.can_proceed && told.is_valid && told.refusal.is_none());
                prop_assert_eq!(&told.warnings, &decision.warnings);
                prop_assert_eq!(told.to, decision.steps().next().map(|step| step.to));
            }
            Err(refusal) => {
                prop_assert!(!told.can_proceed);
                let fixes: Vec<&str> = told.requirements().collect();
                let wanted: Vec<&str> = refusal.unmet().iter().map(|unmet| unmet.fix.as_str()).collect();
                prop_assert_eq!(fixes, wanted);
                prop_assert_eq!(told.refusal, Some(refusal));
            }
        }
    }

    #[test]
    fn explanations_add_up(play in plays(40), days in 0i64..60) {
        let input = ScoreInput::of(&play.conversation, &play.lead);
        let now = play.now + chrono::TimeDelta::days(days);
        let (scores, why) = (scores(&input, &play.policy, now), explain(&input, &play.policy, now));
        for (score, entries) in [
            (scores.engagement, why.engagement),
            (scores.qualification, why.qualification),
            (scores.readiness, why.readiness),
        ] {
            prop_assert!(score <= 100);
            prop_assert_eq!(i64::from(score), entries.iter().map(|entry| entry.points).sum::<i64>());
        }
    }

    #[test]
    fn the_stored_value_is_the_value(play in plays(30)) {
        let json = serde_json::to_string(&(&play.conversation, &play.lead)).unwrap();
        let (conversation, lead): (Conversation<u64>, Lead<u64>) = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(conversation, play.conversation);
        prop_assert_eq!(lead, play.lead);
    }

    #[test]
    fn walks_are_legal(walk in walks(30)) {
        let mut state = State::New;
        for event in walk {
            let next = next_state(state, event);
            prop_assert!(next.is_some());
            state = next.unwrap_or(state);
        }
    }

    #[test]
    fn a_legal_walk_is_never_refused_without_rules(walk in walks(30)) {
        let mut play = Play::with(Policy::default(), Rules::none());
        for event in &walk {
            prop_assert!(play.ask(&Request::Trigger(Trigger::new(*event))).is_ok());
        }
        prop_assert_eq!(play.conversation.version, walk.len() as u64);
    }

    #[test]
    fn a_closed_conversation_has_a_time_and_an_open_one_has_none(play in plays(40)) {
        prop_assert_eq!(play.conversation.closed_at.is_none(), play.conversation.state.is_open());
        prop_assert!(play.conversation.state.is_open() || play.conversation.outcome.is_some());
    }
}

#[test]
fn the_value_stays_small_however_long_the_conversation() {
    let size = |exchanges: usize| {
        let mut play = Play::new();
        for _ in 0..exchanges {
            super::exchange(&mut play, &[super::interest(), super::purchase()]);
        }
        serde_json::to_string(&play.conversation).unwrap().len()
    };
    // Only digits grow.
    assert!(size(500) < size(5) + 200, "{} and {}", size(500), size(5));
}
