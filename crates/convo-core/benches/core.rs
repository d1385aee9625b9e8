//! What one decision costs.

use std::hint::black_box;
use std::time::Duration;

use convo_core::conversation::Conversation;
use convo_core::lead::{Completeness, Lead};
use convo_core::machine::{Event, State};
use convo_core::observe::{MessageStored, Observation};
use convo_core::scoring::{ScoreInput, scores};
use convo_core::signals::{Signal, SignalClass};
use convo_core::{
    MessageFact, Policy, Request, Rules, Snapshot, Time, Trigger, decide, observe, validate,
};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

struct World {
    conversation: Conversation<u128>,
    lead: Lead<u128>,
    rules: Rules<u128>,
    policy: Policy,
    now: Time,
}

/// A conversation of so many exchanges, each answered within the hour.
fn world(exchanges: u64) -> World {
    let mut now: Time = "2026-01-05T09:00:00Z".parse().unwrap_or_default();
    let mut world = World {
        conversation: Conversation::new(1, 2, None, now),
        lead: Lead::new(2, Completeness::EMAIL),
        rules: Rules::standard(),
        policy: Policy {
            auto_handover: false,
            ..Policy::default()
        },
        now,
    };
    for n in 0..exchanges {
        for fact in [
            MessageFact::sent(u128::from(10 + 2 * n), now, 2 * n + 1),
            reply(11 + 2 * n, now, 2 * n + 2),
        ] {
            let observation = Observation::MessageStored(MessageStored::new(fact));
            let snapshot = Snapshot::new(&world.conversation, &world.lead);
            let decision = observe(&snapshot, &observation, &world.rules, &world.policy, now);
            for change in &decision.changes {
                world.conversation.apply(change);
                world.lead.apply(change);
            }
        }
        now += chrono::TimeDelta::minutes(90);
        world.now = now;
    }
    world
}

fn reply(id: u64, now: Time, seq: u64) -> MessageFact<u128> {
    let at = now + chrono::TimeDelta::minutes(30);
    let signals = vec![
        Signal::new("test_drive", SignalClass::Purchase),
        Signal::new("interest", SignalClass::Interest),
    ];
    MessageFact {
        signals,
        text_len: 60,
        ..MessageFact::reply(u128::from(id), at, seq)
    }
}

fn doors(c: &mut Criterion) {
    for exchanges in [5, 2_500] {
        let world = world(exchanges);
        let snapshot = Snapshot::new(&world.conversation, &world.lead);
        assert_eq!(world.conversation.state, State::Qualified);
        let handover = Trigger::new(Event::HandoverRequested);
        let request = Request::Trigger(handover.clone());
        let messages = exchanges * 2;
        c.bench_function(&format!("decide handover, {messages} messages"), |b| {
            b.iter(|| {
                decide(
                    black_box(&snapshot),
                    &request,
                    &world.rules,
                    &world.policy,
                    world.now,
                )
            });
        });
        c.bench_function(&format!("validate handover, {messages} messages"), |b| {
            b.iter(|| {
                validate(
                    black_box(&snapshot),
                    &handover,
                    &world.rules,
                    &world.policy,
                    world.now,
                )
            });
        });
        let fact = reply(9_000_000, world.now, 2 * exchanges + 1);
        let observation = Observation::MessageStored(MessageStored::new(fact));
        c.bench_function(&format!("observe a reply, {messages} messages"), |b| {
            b.iter(|| {
                observe(
                    black_box(&snapshot),
                    &observation,
                    &world.rules,
                    &world.policy,
                    world.now,
                )
            });
        });
        let decision = observe(
            &snapshot,
            &observation,
            &world.rules,
            &world.policy,
            world.now,
        );
        c.bench_function(&format!("apply a reply, {messages} messages"), |b| {
            b.iter_batched(
                || world.conversation.clone(),
                |mut conversation| {
                    decision
                        .changes
                        .iter()
                        .for_each(|change| conversation.apply(change));
                    conversation
                },
                BatchSize::SmallInput,
            );
        });
        let input = ScoreInput::of(&world.conversation, &world.lead);
        c.bench_function(&format!("three scores, {messages} messages"), |b| {
            b.iter(|| scores(black_box(&input), &world.policy, world.now));
        });
    }
}

criterion_group! {
    name = core;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(700))
        .sample_size(20);
    targets = doors
}
criterion_main!(core);
