//! One walk through the machine, by our table, a hand-written `match` and `statig`, and by whole decisions.
//!
//! The first three only come to the next state. A whole decision asks the seven rules, computes the scores that they
//! look at, and drafts what is stored and told: audit, warnings, stages of the lead.
#![allow(missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use convo_core::machine::{Event, State, next_state};
use convo_core::{AgentFact, Conversation, Request, Snapshot, Trigger, decide};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

mod statig_machine;
mod world;

use statig_machine::by_statig;
use world::world;

/// Each of the nine events, LEAD_REPLIED twice: from NEW to ARCHIVED.
const WALK: [Event; 10] = [
    Event::FirstEmailSent,
    Event::LeadReplied,
    Event::EngagementIncreased,
    Event::QualificationCriteriaMet,
    Event::HandoverRequested,
    Event::HumanAgentAssigned,
    Event::ConversationCompleted,
    Event::LeadReplied,
    Event::ConversationAbandoned,
    Event::ManualArchive,
];

/// The machine as one would write it without a table.
fn matched(state: State, event: Event) -> Option<State> {
    use Event as E;
    use State as S;
    Some(match (state, event) {
        (S::New, E::FirstEmailSent) => S::Active,
        (S::Active | S::Closed, E::LeadReplied) => S::Engaged,
        (S::Engaged, E::QualificationCriteriaMet) => S::Qualified,
        (S::Qualified, E::HandoverRequested) => S::ReadyForHandover,
        (S::ReadyForHandover | S::HandedOver, E::HumanAgentAssigned) => S::HandedOver,
        (S::HandedOver, E::ConversationCompleted) => S::Closed,
        (S::Closed, E::ManualArchive) => S::Archived,
        (S::Closed | S::Archived, _) => return None,
        (_, E::ConversationAbandoned) => S::Closed,
        (S::New, _) => return None,
        (S::Active, E::EngagementIncreased) => state,
        (S::Active, _) => return None,
        (_, E::LeadReplied | E::EngagementIncreased) => state,
        _ => return None,
    })
}

/// Lives of shuffled events: a processor learns the one walk by heart, but not these.
const LIVES: usize = 4_096;
const LENGTH: usize = 16;

/// The state after these events from NEW, a refusal staying where it was. No event is known to the compiler before it
/// comes, here and in `by_statig`.
fn walk(events: &[Event], step: impl Fn(State, Event) -> Option<State>) -> State {
    let step = |state, event: &Event| step(state, black_box(*event)).unwrap_or(state);
    events.iter().fold(State::New, step)
}

/// Any of the nine events one after the other, always the same.
fn shuffled() -> Vec<Event> {
    let mut seed: u64 = 1;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        Event::ALL[(seed >> 33) as usize % Event::ALL.len()]
    };
    (0..LIVES * LENGTH).map(|_| next()).collect()
}

fn next_states(bench: &mut Criterion) {
    for (state, event) in State::ALL
        .iter()
        .flat_map(|s| Event::ALL.iter().map(move |e| (*s, *e)))
    {
        let ours = next_state(state, event);
        assert_eq!(matched(state, event), ours, "{event} in {state}");
    }
    // Its parts from the beginning lead to every state.
    for (length, event) in (0..=WALK.len()).flat_map(|n| Event::ALL.iter().map(move |e| (n, *e))) {
        let events = [&WALK[..length], &[event]].concat();
        let ours = events.iter().fold(State::New, |state, event| {
            next_state(state, *event).unwrap_or(state)
        });
        assert_eq!(by_statig(&events), ours, "{events:?}");
    }
    let shuffled = shuffled();
    for (name, events, length) in [
        ("next state, the walk", &WALK[..], WALK.len()),
        ("next state, shuffled", &shuffled[..], LENGTH),
    ] {
        let mut group = bench.benchmark_group(name);
        group.throughput(Throughput::Elements(events.len() as u64));
        let mut row = |name, one: &dyn Fn(&[Event]) -> State| {
            group.bench_function(name, |b| {
                b.iter(|| {
                    events
                        .chunks(length)
                        .map(one)
                        .map(|end| end as usize)
                        .sum::<usize>()
                });
            });
        };
        row("our table", &|events| walk(events, next_state));
        row("match", &|events| walk(events, matched));
        row("statig", &by_statig);
        group.finish();
    }
}

fn decisions(bench: &mut Criterion) {
    let world = world(5);
    let agent = AgentFact {
        id: 7,
        active: true,
    };
    let mut state = State::New;
    let steps = WALK.map(|event| {
        let conversation = Conversation {
            state,
            replied_seq: None,
            ..world.conversation.clone()
        };
        state = next_state(state, event).unwrap_or(state);
        let trigger = Trigger {
            agent: (event == Event::HumanAgentAssigned).then_some(agent.id),
            ..Trigger::new(event)
        };
        (conversation, Request::Trigger(trigger))
    });
    let decided = |(conversation, request): &(Conversation<u128>, Request<u128>)| {
        let snapshot = Snapshot {
            agent: Some(&agent),
            ..Snapshot::new(conversation, &world.lead)
        };
        let decision = decide(&snapshot, request, &world.rules, &world.policy, world.now);
        assert!(decision.is_ok(), "{decision:?}");
        decision
    };
    let mut group = bench.benchmark_group("decision with all rules");
    group.throughput(Throughput::Elements(WALK.len() as u64));
    group.bench_function("the same walk", |b| {
        b.iter(|| {
            for step in &steps {
                drop(black_box(decided(black_box(step))));
            }
        });
    });
    group.finish();
}

criterion_group! {
    name = machine;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(50);
    targets = next_states, decisions
}
criterion_main!(machine);
