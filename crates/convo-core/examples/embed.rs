//! The core in a program of one's own: integer keys, no store, no network (`cargo run -p convo-core --example embed`).

use convo_core::lead::Completeness;
use convo_core::lexicon::Lexicon;
use convo_core::observe::MessageStored;
use convo_core::{Conversation, Decision, Event, Lead, MessageFact, Observation, Policy};
use convo_core::{Request, Rules, Snapshot, Time, Trigger, decide, observe};

fn main() {
    let (rules, policy) = (Rules::<u32>::standard(), Policy::default());
    let lexicon = Lexicon::automotive();
    let mut now: Time = "2026-01-05T09:00:00Z".parse().unwrap_or_default();
    let mut pair = (
        Conversation::new(1, 2, None, now),
        Lead::new(2, Completeness::EMAIL),
    );

    // Messages happen: they cannot be refused.
    for (n, text) in (5u32..).zip(["I'm interested, tell me more", "Can I book a test drive?"]) {
        let sent = MessageFact::sent(2 * n, now, u64::from(2 * n));
        now += chrono::TimeDelta::minutes(20);
        let reading = lexicon.read(text, None);
        let reply = MessageFact::reply(2 * n + 1, now, u64::from(2 * n + 1));
        for fact in [sent, reply.read(&reading, lexicon.version())] {
            let stored = Observation::MessageStored(MessageStored::new(fact));
            let snapshot = Snapshot::new(&pair.0, &pair.1);
            let decision = observe(&snapshot, &stored, &rules, &policy, now);
            apply(&mut pair, &decision);
        }
        println!("\"{text}\" -> {}", pair.0.state);
    }

    // A handover is asked for: it may be refused, and the refusal says what is missing.
    let request = Request::Trigger(Trigger::new(Event::HandoverRequested));
    match decide(
        &Snapshot::new(&pair.0, &pair.1),
        &request,
        &rules,
        &policy,
        now,
    ) {
        Ok(decision) => apply(&mut pair, &decision),
        Err(refusal) => {
            println!("refused: {refusal}");
            for unmet in refusal.unmet() {
                println!("  {}: {}, not {}", unmet.rule, unmet.actual, unmet.expected);
                println!("  fix: {}", unmet.fix);
            }
        }
    }
}

fn apply(pair: &mut (Conversation<u32>, Lead<u32>), decision: &Decision<u32>) {
    for change in &decision.changes {
        pair.0.apply(change);
        pair.1.apply(change);
    }
}
