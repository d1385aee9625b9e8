//! Two writers over one database, clients that hear no answer, processes that die, connections that break, in an order
//! that a seed decides: every story ends as it does alone. A failure names its seed; `CONVO_SIM_SEED` plays that one.
//!
//! One command runs at a time: writers of one database decide one after the other under a lock (`docs/adr/0007`), so
//! that any interleaving of two of them is one of these orders.

use crate::faults::plain;
use crate::faults::points::{self, Fault};
use crate::faults::story::{self, Post, STEPS, Story, prepare};
use crate::world::{Node, World};

/// Leads at once.
const LEADS: usize = 6;
/// Seeds on each database.
const SEEDS: u64 = 3;

/// The same chances every time.
///
/// Source: SplitMix64, by Sebastiano Vigna.
struct Chance(u64);

impl Chance {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }
}

/// Says which seed failed.
struct Named(u64);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("CONVO_SIM_SEED={} plays this again", self.0);
        }
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "whoever plays a seed again says which"
)]
fn seeds() -> Vec<u64> {
    match std::env::var("CONVO_SIM_SEED") {
        Ok(seed) => vec![seed.parse().expect("CONVO_SIM_SEED is a number")],
        Err(_) => (1..=SEEDS).collect(),
    }
}

#[test]
fn every_story_ends_as_it_does_alone() {
    for seed in seeds() {
        let _named = Named(seed);
        World::sending_on_both("2026-01-05T09:59:00Z", |world| play(&world, seed));
    }
}

fn play(world: &World, seed: u64) {
    let mut chance = Chance(seed);
    let agent = prepare(world);
    let expected = plain(world, agent);
    points::install(world);
    let places = [
        "conversations UPDATE",
        "event_log INSERT",
        "log_head UPDATE",
        "counters INSERT",
        "messages INSERT",
        "conversation_state_transitions INSERT",
        "outbox INSERT",
        points::COMMIT,
    ];
    let post = Post::default();
    let mut nodes: [Node; 2] = [world.node(), world.node()];
    let mut stories: Vec<(Story, usize, Vec<String>)> = (0..LEADS)
        .map(|n| {
            (
                Story::new(world, &format!("lead-{n}"), agent, &post),
                0,
                Vec::new(),
            )
        })
        .collect();
    let (mut turns, mut unheard, mut deaths, mut breaks) = (0, 0, 0, 0);
    while stories.iter().any(|(_, step, _)| *step < STEPS) {
        turns += 1;
        assert!(turns < 5_000, "it does not end");
        let which = chance.roll(2);
        let (story, step, before) = &mut stories[chance.roll(LEADS)];
        if *step == STEPS {
            continue;
        }
        let fault = match chance.roll(8) {
            0 if world.is_postgres() => Some(Fault::Cut),
            0 => Some(Fault::Away),
            1 => Some(Fault::Broken),
            _ => None,
        };
        if let Some(fault) = fault {
            points::arm(world, places[chance.roll(places.len())], fault);
            breaks += 1;
        }
        let done = story.step(&nodes[which], *step);
        if fault.is_some() {
            points::disarm(world);
        }
        match chance.roll(6) {
            // It was done, and the client never hears of it: it asks again, maybe the other one.
            0 => unheard += 1,
            // The process dies before it answers.
            1 => {
                nodes[which] = world.node();
                deaths += 1;
            }
            _ if done.is_ok() => {
                *step += 1;
                if *step == STEPS - 1 {
                    *before = story.comes_to(&nodes[1 - which]);
                }
            }
            _ => {}
        }
    }
    println!("seed {seed}: {turns} turns, {unheard} unheard, {deaths} deaths, {breaks} breaks");
    for (story, _, before) in &stories {
        assert_eq!(*before, expected[0]);
        assert_eq!(story.comes_to(world.app()), expected[1]);
    }
    assert_eq!(post.came().0, 2 * LEADS);
    drop(nodes);
    world.verify();
    story::log_is_whole(world.app());
}
