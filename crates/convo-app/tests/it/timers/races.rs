//! Who comes first wins, and nothing comes twice, however many fire.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::TimeDelta;
use convo_app::{Actor, Command, Envelope};
use serde_json::json;

use super::{MONDAY, days};
use crate::world::{Contact, World, read};

fn reply(by: &Contact) -> Envelope {
    let body = json!({"senderId": by.lead, "content": "Sorry, I was away", "messageType": "email", "isFromAI": 0});
    let command = Command::ProcessMessage(by.id, Box::new(read(body)));
    Envelope::new(command, Actor::Code("test"))
}

#[test]
fn a_reply_a_moment_before_wins() {
    World::on_both(MONDAY, |world| {
        let contact = world.written_to("ada@customer.example");
        let due = world.clock.now() + days(30);
        world.clock.set(due - TimeDelta::milliseconds(1));
        assert_eq!(world.tick(), 0, "not due yet");
        world.reply(&contact);
        world.clock.set(due);
        assert_eq!(world.tick(), 0);
        assert_eq!(world.state(&contact), "ENGAGED");
        world.verify();

        let contact = world.written_to("grace@customer.example");
        world.clock.wait(days(30));
        assert_eq!(world.tick(), 2, "the first waits for us by now");
        assert_eq!(world.state(&contact), "CLOSED");
        world.reply(&contact);
        assert_eq!(
            world.state(&contact),
            "ENGAGED",
            "and a moment after reopens"
        );
        world.verify();
    });
}

/// The reply is in the queue when the timer is read as due: whichever the writer takes first wins.
#[test]
fn a_reply_in_the_queue_is_seen() {
    World::on_both(MONDAY, |world| {
        let (mut kept, mut reopened) = (0, 0);
        for n in 0..20 {
            let contact = world.written_to(&format!("lead{n}@customer.example"));
            world.clock.wait(days(30));
            let queue = world.app().queue();
            let raced = std::thread::scope(|scope| {
                let firing = scope.spawn(|| world.tick());
                let answer = queue.push_blocking(reply(&contact)).unwrap();
                assert_eq!(answer.blocking_recv().unwrap().unwrap().status, 200);
                firing.join().unwrap()
            });
            let given_up = world.told(&contact, "CONVERSATION_ABANDONED").len();
            assert_eq!(world.state(&contact), "ENGAGED", "raced {raced}");
            match given_up {
                0 => kept += 1,
                1 => reopened += 1,
                more => panic!("given up {more} times"),
            }
        }
        assert_eq!(kept + reopened, 20);
        world.verify();
    });
}

/// Four loops in two processes, one of which ends in the middle.
#[test]
fn however_many_fire_each_comes_once() {
    World::on_both(MONDAY, |world| {
        let all: Vec<Contact> = (0..150)
            .map(|n| world.written_to(&format!("lead{n}@customer.example")))
            .collect();
        let other = world.node();
        world.clock.wait(days(31));
        let fired = AtomicUsize::new(0);
        let fire = |app: &convo_app::App, most: usize, steps: usize| {
            for _ in 0..steps {
                let step = app.fire_due(most).unwrap();
                fired.fetch_add(step.fired, Ordering::SeqCst);
                if step.next.is_none_or(|next| next > world.clock.now()) {
                    return;
                }
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(|| fire(world.app(), 1, usize::MAX));
            scope.spawn(|| fire(world.app(), 7, usize::MAX));
            scope.spawn(|| fire(&other, 13, usize::MAX));
            scope.spawn(|| fire(&other, 50, 2));
        });
        drop(other);
        assert_eq!(fired.load(Ordering::SeqCst), all.len());
        let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
        for contact in &all {
            let audit = world.audit(contact);
            let by_timer = audit
                .iter()
                .filter(|step| step.cause.as_deref() == Some("timer"));
            assert_eq!(by_timer.count(), 1);
            let outcome = world.row(contact).outcome.unwrap_or_default();
            *outcomes.entry(outcome).or_default() += 1;
        }
        assert_eq!(
            outcomes.into_iter().collect::<Vec<_>>(),
            [("no_response".to_owned(), 150)]
        );
        world.verify();
    });
}
