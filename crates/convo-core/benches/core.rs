//! What one decision costs.

use std::hint::black_box;
use std::time::Duration;

use convo_core::machine::{Event, State};
use convo_core::observe::{MessageStored, Observation};
use convo_core::scoring::{ScoreInput, scores};
use convo_core::{Request, Snapshot, Trigger, decide, journey, observe, validate};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

mod world;

use world::{reply, world};

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
        let conversations = [&world.conversation];
        c.bench_function(&format!("lead journey, {messages} messages"), |b| {
            b.iter(|| {
                journey::of(
                    black_box(&world.lead),
                    &conversations,
                    &world.policy,
                    world.now,
                )
            });
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
