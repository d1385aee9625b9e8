//! What waits for an agent: who has waited longest is asked for first, and as soon as somebody can be asked.

use super::team::arrive;
use super::*;
use crate::world::at;

/// Until so late in the evening nobody is there whose hours end at six.
const EVENING: &str = "2026-01-05T20:00:00Z";
const MORNING: &str = "2026-01-06T09:00:00Z";

fn hours() -> Value {
    json!({"opens": "09:00:00", "closes": "17:00:00"})
}

fn later(world: &World, time: &str) {
    world.clock.set(at(time));
    world.tick();
}

#[test]
fn an_agent_made_at_night_is_asked_in_the_morning() {
    World::on_both(MONDAY, |world| {
        fast_track(&world);
        let contact = asks_for_a_person(&world, "ada@customer.example");
        assert_eq!(status(&world, &contact), "unclaimed");
        later(&world, EVENING);
        let ann = agent(&world, "ann", json!({"hours": hours()}));
        assert_eq!(asked(&world, &contact), None, "she is off duty");
        later(&world, MORNING);
        assert_eq!(asked(&world, &contact), Some(ann));
        world.verify();
    });
}

#[test]
fn room_that_is_made_after_hours_is_used_in_the_morning() {
    World::on_both(MONDAY, |world| {
        fast_track(&world);
        let ann = agent(&world, "ann", json!({"hours": hours(), "capacity": 1}));
        let first = asks_for_a_person(&world, "first@customer.example");
        done(&world, &first, Action::Accept, ann);
        done(&world, &first, Action::Touch, ann);
        let second = asks_for_a_person(&world, "second@customer.example");
        assert_eq!(asked(&world, &second), None, "she is full");
        later(&world, EVENING);
        world.event(&first, "CONVERSATION_COMPLETED", json!({}));
        assert_eq!(asked(&world, &second), None, "she is off duty");
        later(&world, MORNING);
        assert_eq!(asked(&world, &second), Some(ann));
        world.verify();
    });
}

#[test]
fn who_comes_back_earlier_than_was_said_is_asked_then() {
    World::on_both(MONDAY, |world| {
        fast_track(&world);
        let ann = agent(
            &world,
            "ann",
            json!({"awayUntil": "2026-01-12T09:00:00Z", "hours": hours()}),
        );
        let contact = asks_for_a_person(&world, "ada@customer.example");
        patch(&world, ann, json!({"awayUntil": "2026-01-05T15:00:00Z"}));
        assert_eq!(asked(&world, &contact), None);
        later(&world, "2026-01-05T15:00:00Z");
        assert_eq!(asked(&world, &contact), Some(ann));
        world.verify();
    });
}

#[test]
fn who_is_forgotten_takes_nobodys_place_along() {
    World::on_both(MONDAY, |world| {
        fast_track(&world);
        let first = asks_for_a_person(&world, "first@customer.example");
        let second = asks_for_a_person(&world, "second@customer.example");
        later(&world, EVENING);
        // Now that the queue was gone through, the first in it has the clock of all.
        let ann = agent(&world, "ann", json!({"hours": hours()}));
        world.run(Command::EraseLead {
            lead: first.lead,
            receipts: Vec::new(),
        });
        later(&world, MORNING);
        assert_eq!(asked(&world, &second), Some(ann));
        world.verify();
    });
}

#[test]
fn who_comes_last_is_asked_for_last() {
    World::on_both(MONDAY, |world| {
        fast_track(&world);
        let ann = agent(
            &world,
            "ann",
            json!({"awayUntil": "2026-01-05T15:00:00Z", "capacity": 1}),
        );
        let first = asks_for_a_person(&world, "first@customer.example");
        world.clock.wait(minutes(1));
        let second = asks_for_a_person(&world, "second@customer.example");
        // She is back, and no timer has fired yet.
        world.clock.set(at("2026-01-05T15:00:00Z"));
        let third = asks_for_a_person(&world, "third@customer.example");
        assert_eq!(asked(&world, &first), Some(ann));
        world.tick();
        for waits in [&second, &third] {
            assert_eq!(asked(&world, waits), None, "one is all she takes");
        }
        world.verify();
    });
}

#[test]
fn a_long_queue_is_looked_at_to_its_end_and_in_its_order() {
    World::on_both(MONDAY, |world| {
        fast_track(&world);
        let ann = agent(&world, "ann", json!({}));
        // More than one commit looks at, and Ann has declined all of them.
        for n in 0..21 {
            arrive(&world, 5 * n);
        }
        let offered = offers(&world, ann).into_iter();
        let decline = offered
            .map(|row| Command::Handover(row.conversation_id, act(Action::Decline, Some(ann))));
        let declined = together(&world, decline.collect());
        assert_eq!(declined.len(), 105);
        patch(&world, ann, json!({"capacity": 0}));
        world.clock.wait(minutes(1));
        let newest = [arrive(&world, 105), arrive(&world, 110)].concat();
        patch(&world, ann, json!({"capacity": 7}));
        world.tick();
        let asked: Vec<bool> = newest
            .iter()
            .map(|contact| asked(&world, contact) == Some(ann))
            .collect();
        assert_eq!(
            asked,
            [[true; 5].as_slice(), &[true, true, false, false, false]].concat()
        );
        world.verify();
    });
}

#[test]
fn the_switch_stops_asking_and_begins_it_again() {
    World::on_both(MONDAY, |world| {
        fast_track(&world);
        let ann = agent(&world, "ann", json!({"capacity": 1}));
        let switched = asks_for_a_person(&world, "switched@customer.example");
        let other = asks_for_a_person(&world, "other@customer.example");
        assert_eq!(asked(&world, &switched), Some(ann));
        let switch = |on: bool| {
            let patch = read(json!({"integration": {"handover": on}}));
            world.run(Command::PatchConversation(switched.id, patch));
        };
        switch(false);
        assert_eq!(asked(&world, &switched), None);
        assert_eq!(asked(&world, &other), Some(ann), "she has room again");
        assert!(actions(&world, &switched).contains(&"withdrawn".to_owned()));
        world.clock.wait(minutes(120));
        patch(&world, ann, json!({"capacity": 5}));
        world.tick();
        assert_eq!(asked(&world, &switched), None, "nobody is asked any more");
        switch(true);
        assert_eq!(asked(&world, &switched), Some(ann));
        world.verify();
    });
}
