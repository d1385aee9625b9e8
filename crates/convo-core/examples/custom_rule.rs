//! A rule of one's own, property-tested: nobody is handed over while the newest reply is negative.
//!
//! `cargo run -p convo-core --example custom_rule --features proptest`

use convo_core::change::Step;
use convo_core::machine::{Event, State};
use convo_core::rules::{Finding, Rule, RuleContext, RuleId, Seen};
use convo_core::signals::Sentiment;
use convo_core::strategies::{Play, commands};
use convo_core::{Key, Policy, Rules};
use proptest::prelude::ProptestConfig;
use proptest::test_runner::{TestCaseError, TestRunner};

/// The name under which refusals list it.
const CALM: RuleId = RuleId::of("calm_lead");

/// HANDOVER_REQUESTED needs a newest reply that is not negative.
struct CalmLead;

impl<K: Key> Rule<K> for CalmLead {
    fn id(&self) -> RuleId {
        CALM
    }

    fn guards(&self, event: Event, _from: State) -> bool {
        event == Event::HandoverRequested
    }

    fn check(&self, context: &RuleContext<'_, K>) -> Finding {
        let newest = context
            .tally
            .newest_reply
            .as_ref()
            .map(|reply| reply.sentiment);
        let expected = Seen::text("not negative");
        if newest == Some(Sentiment::Negative) {
            let fix = "Let somebody calm the lead first.";
            return Finding::failed(
                Seen::text("negative"),
                expected,
                "The newest reply is negative.",
                fix,
            );
        }
        Finding::passed(Seen::text("not negative"), expected, "The lead is calm.")
    }
}

fn main() {
    let config = ProptestConfig {
        cases: 500,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let outcome = TestRunner::new(config).run(&commands(40), |list| {
        let mut play = Play::with(Policy::default(), Rules::standard().with(CalmLead));
        for command in &list {
            let before = play.decisions.len();
            play.run(std::slice::from_ref(command));
            let newest = play
                .conversation
                .tally
                .newest_reply
                .as_ref()
                .map(|reply| reply.sentiment);
            let steps = play
                .decisions
                .iter()
                .skip(before)
                .flat_map(|decision| decision.steps());
            // A take-over waives the rule, and says so.
            let handed_over = |step: &Step<u64>| {
                step.event == Event::HandoverRequested && !step.waived.contains(&CALM)
            };
            if newest == Some(Sentiment::Negative) && steps.into_iter().any(handed_over) {
                return Err(TestCaseError::fail("an angry lead was handed over"));
            }
        }
        Ok(())
    });
    match outcome {
        Ok(()) => println!("held in 500 conversations"),
        Err(failure) => {
            println!("{failure}");
            std::process::exit(1);
        }
    }
}
