//! A fault at each step of what is stored, sent and taken in: afterwards nothing is lost, nothing is there twice, and
//! all is as if there had been no fault.
//!
//! Where a commit writes to a table, [`points`] makes that statement fail; where it decides, the clock panics at the
//! k-th question, for every k. Between two steps of the relay, and around the provider, [`story`] stops and starts
//! again.

pub mod points;
pub mod story;

use crate::world::World;
use points::{COMMIT, Fault};
use story::{Post, STEPS, Story, prepare};

const MONDAY: &str = "2026-01-05T09:59:00Z";

/// Plays a story without faults; what it comes to before the person is forgotten, and after.
pub fn plain(world: &World, agent: uuid::Uuid) -> [Vec<String>; 2] {
    let mut story = Story::new(world, "plain", agent, &Post::default());
    for step in 0..STEPS - 1 {
        story.step(world.app(), step).unwrap();
    }
    let before = story.comes_to(world.app());
    story.step(world.app(), STEPS - 1).unwrap();
    [before, story.comes_to(world.app())]
}

#[test]
fn a_fault_at_any_statement_costs_nothing() {
    World::sending_on_both(MONDAY, |mut world| {
        let agent = prepare(&world);
        let faults: &[Fault] = match world.is_postgres() {
            true => &[Fault::Away, Fault::Broken, Fault::Cut],
            false => &[Fault::Away, Fault::Broken],
        };
        let expected = plain(&world, agent);
        points::install(&world);
        let mut scout = Story::new(&world, "scout", agent, &Post::default());
        let mut places = Vec::new();
        for step in 0..STEPS {
            let seen = points::seen(&world, || scout.step(world.app(), step).unwrap());
            places.extend(seen.into_iter().map(|point| (step, point)));
            if world.is_postgres() {
                places.push((step, COMMIT.to_owned()));
            }
        }
        let (mut played, mut refused) = (0, 0);
        // The statements are the same on both; PostgreSQL, which takes longer, has every third one.
        let every = if world.is_postgres() { 3 } else { 1 };
        for (at, point) in places.iter().step_by(every) {
            // Each fault at each point would take minutes; over all points each fault has its turn.
            let fault = faults[played % faults.len()];
            let post = Post::default();
            let mut story = Story::new(&world, &format!("lead-{played}"), agent, &post);
            for step in 0..STEPS {
                if step == *at {
                    points::arm(&world, point, fault);
                    refused += u32::from(story.step(world.app(), step).is_err());
                    points::disarm(&world);
                    world.restart();
                    story.step(world.app(), step).unwrap();
                } else {
                    story.step(world.app(), step).unwrap();
                }
                if step == STEPS - 2 {
                    assert_eq!(
                        story.comes_to(world.app()),
                        expected[0],
                        "{fault:?} at {point} in step {at}"
                    );
                }
            }
            assert_eq!(
                story.comes_to(world.app()),
                expected[1],
                "{fault:?} at {point} in step {at}"
            );
            // A mail of which nobody knew whether it was taken is sent again as the same mail.
            let (mails, most) = post.came();
            assert!(
                mails == 2 && most <= 2,
                "{fault:?} at {point} in step {at}: {mails} mails, {most} times"
            );
            played += 1;
        }
        world.verify();
        story::log_is_whole(world.app());
        println!("{played} points, {refused} tries refused");
        assert!(played > 30 && refused > 20, "{played} {refused}");
    });
}

#[test]
fn a_panic_at_any_question_costs_nothing() {
    World::sending_on_both(MONDAY, |mut world| {
        let agent = prepare(&world);
        let expected = plain(&world, agent);
        let mut story = Story::new(&world, "panic", agent, &Post::default());
        let mut panics = 0;
        for step in 0..STEPS {
            for question in 1.. {
                world.clock.burn(question);
                let tried = story.step(world.app(), step);
                let passed = world.clock.burns();
                world.clock.burn(0);
                if passed {
                    tried.unwrap();
                    break;
                }
                panics += 1;
                if question % 5 == 0 {
                    world.restart();
                }
            }
            if step == STEPS - 2 {
                assert_eq!(story.comes_to(world.app()), expected[0]);
            }
        }
        assert_eq!(story.comes_to(world.app()), expected[1]);
        world.verify();
        println!("{panics} panics");
        assert!(panics > 50, "{panics}");
    });
}
