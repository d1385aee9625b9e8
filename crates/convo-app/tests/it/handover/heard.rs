//! What the lead and agents say, and what that starts, stops and tells.

use convo_app::outbox::{Leased, Outcome};
use convo_store::rows::OutboxRow;

use super::*;
use crate::world::at;

/// Every mail that was ever queued, oldest first.
fn outbox(world: &World) -> Vec<OutboxRow> {
    let rows = world
        .app()
        .read(|reader| Ok(reader.outbox(None, None, 200)?));
    let mut rows = rows.unwrap();
    rows.reverse();
    rows
}

/// What an agent was told by mail, oldest first.
fn told_to(world: &World, agent: Uuid) -> Vec<String> {
    let to = outbox(world)
        .into_iter()
        .filter(|row| row.agent_id == Some(agent));
    to.filter_map(|row| row.notice).collect()
}

/// An agent writes to the lead; the id of the mail in the outbox.
fn writes(world: &World, contact: &Contact, agent: Uuid, words: &str) -> Uuid {
    let request = read(json!({"author": "agent", "agentId": agent, "text": words}));
    let sent = convo_app::Sent {
        request,
        files: Vec::new(),
        key_agent: None,
    };
    let answer = world.run(Command::Send(contact.id, Box::new(sent)));
    answer["outbox"]["id"].as_str().unwrap().parse().unwrap()
}

/// What the provider says of a mail of the outbox.
fn came_of(world: &World, mail: Uuid, outcome: Outcome) {
    let owner = Uuid::from_u128(1);
    let lease = Command::LeaseOutbox {
        owner,
        limit: 100,
        seconds: 60,
    };
    let leased = Leased::read(&world.try_run(lease).unwrap()).leased;
    assert!(leased.contains(&mail), "{leased:?}");
    for id in leased {
        let outcome = match id == mail {
            true => outcome.clone(),
            false => Outcome::Taken { provider_id: None },
        };
        world
            .try_run(Command::OutboxResult { id, owner, outcome })
            .unwrap();
    }
}

fn timer(world: &World, contact: &Contact, kind: &str) -> Option<DateTime<Utc>> {
    let timers = world.timers(contact).into_iter();
    let mut of = timers.filter(|(known, _)| known == kind);
    of.next().map(|(_, due)| due)
}

/// A conversation that an agent has accepted.
fn accepted(world: &World, agent: Uuid) -> Contact {
    let contact = asks_for_a_person(world, "ada@customer.example");
    done(world, &contact, Action::Accept, agent);
    contact
}

#[test]
fn a_mail_that_was_not_sent_touched_nobody() {
    World::sending_on_both(MONDAY, |world| {
        fast_track(&world);
        let ann = agent(&world, "ann", json!({}));
        let contact = accepted(&world, ann);
        let clock = timer(&world, &contact, "first_touch");
        world.clock.wait(minutes(1));
        let mail = writes(&world, &contact, ann, "Come on Tuesday");
        assert_eq!(status(&world, &contact), "touched");
        assert_eq!(timer(&world, &contact, "first_touch"), None);
        let code = "rejected".to_owned();
        came_of(&world, mail, Outcome::Refused { code });
        assert_eq!(status(&world, &contact), "accepted");
        assert_eq!(
            timer(&world, &contact, "first_touch"),
            clock,
            "it runs as if nothing had been written"
        );
        assert_eq!(told_to(&world, ann).last().unwrap(), "unsent");
        // It did leave the house after all.
        let taken = Outcome::Taken { provider_id: None };
        let owner = Uuid::from_u128(2);
        let told = Command::OutboxResult {
            id: mail,
            owner,
            outcome: taken,
        };
        world.try_run(told).unwrap();
        assert_eq!(status(&world, &contact), "touched");
        assert_eq!(timer(&world, &contact, "first_touch"), None);
        world.verify();
    });
}

#[test]
fn a_later_mail_or_call_is_the_first_touch_where_the_first_was_not_sent() {
    World::sending_on_both(MONDAY, |world| {
        fast_track(&world);
        let ann = agent(&world, "ann", json!({}));
        for by_phone in [false, true] {
            let contact = asks_for_a_person(&world, &format!("{by_phone}@customer.example"));
            done(&world, &contact, Action::Accept, ann);
            let lost = writes(&world, &contact, ann, "Come on Tuesday");
            world.clock.wait(minutes(3));
            match by_phone {
                true => drop(done(&world, &contact, Action::Touch, ann)),
                false => drop(writes(&world, &contact, ann, "Or on Wednesday")),
            }
            let again = world.clock.now();
            let code = "rejected".to_owned();
            came_of(&world, lost, Outcome::Refused { code });
            let handover = facts(&world, &contact).handover;
            assert_eq!(handover.touched_at, Some(again), "{by_phone}");
            assert_eq!(timer(&world, &contact, "first_touch"), None);
        }
        world.verify();
    });
}

#[test]
fn an_answer_that_was_not_sent_answered_nothing() {
    World::sending_on_both(MONDAY, |world| {
        fast_track(&world);
        let ann = agent(&world, "ann", json!({}));
        let contact = accepted(&world, ann);
        done(&world, &contact, Action::Touch, ann);
        world.clock.wait(minutes(10));
        says(&world, &contact, "When can I come?");
        let due = facts(&world, &contact).handover.reply_due_at;
        assert_eq!(due, Some(at(MONDAY) + minutes(10 + 240)));
        world.clock.wait(minutes(10));
        let mail = writes(&world, &contact, ann, "Any time");
        assert_eq!(facts(&world, &contact).handover.reply_due_at, None);
        let code = "rejected".to_owned();
        came_of(&world, mail, Outcome::Refused { code });
        assert_eq!(facts(&world, &contact).handover.reply_due_at, due);
        assert!(timer(&world, &contact, "next_reply").is_some());
        assert_eq!(status(&world, &contact), "touched");
        world.verify();
    });
}

#[test]
fn who_writes_again_does_not_put_off_what_an_absent_owner_owes() {
    World::on_both(MONDAY, |world| {
        fast_track(&world);
        let ann = agent(&world, "ann", json!({}));
        let contact = accepted(&world, ann);
        done(&world, &contact, Action::Touch, ann);
        patch(&world, ann, json!({"awayUntil": "2026-01-12T08:00:00Z"}));
        says(&world, &contact, "When can I come?");
        let due = timer(&world, &contact, "requeue");
        assert!(due.is_some());
        world.clock.wait(minutes(100));
        says(&world, &contact, "Hello?");
        assert_eq!(timer(&world, &contact, "requeue"), due);
        world.verify();
    });
}

#[test]
fn own_times_decide_what_waits_and_what_answers() {
    World::on_both(MONDAY, |world| {
        fast_track(&world);
        let ann = agent(&world, "ann", json!({}));
        let contact = accepted(&world, ann);
        done(&world, &contact, Action::Touch, ann);
        world.clock.wait(minutes(60));
        let row = |sender: Uuid, words: &str, at: &str| {
            world.say(
                &contact,
                json!({"senderId": sender, "content": words, "sentAt": at}),
            );
            facts(&world, &contact).handover.reply_due_at.is_some()
        };
        assert!(!row(ann, "Come at noon", "2026-01-05T09:30:00Z"));
        assert!(
            !row(contact.lead, "May I come?", "2026-01-05T09:20:00Z"),
            "it was answered before it came"
        );
        assert!(row(
            contact.lead,
            "Noon is too late",
            "2026-01-05T09:40:00Z"
        ));
        assert!(
            row(ann, "Or a little later", "2026-01-05T09:35:00Z"),
            "it is older than what it would answer"
        );
        assert!(!row(ann, "Then at ten", "2026-01-05T09:50:00Z"));
        world.verify();
    });
}

#[test]
fn agents_are_told_what_others_did_with_their_conversations() {
    World::sending_on_both(MONDAY, |world| {
        fast_track(&world);
        let (ann, bob) = (
            agent(&world, "ann", json!({})),
            agent(&world, "bob", json!({})),
        );
        let contact = accepted(&world, ann);
        assert_eq!(told_to(&world, ann), ["offer"], "who accepts knows it");
        world.event(&contact, "HUMAN_AGENT_ASSIGNED", json!({"agentId": bob}));
        assert_eq!(told_to(&world, ann), ["offer", "reassigned"]);
        assert_eq!(told_to(&world, bob), ["assigned"]);
        let taken = json!({"agentId": ann, "reason": "knows her"});
        let other = world.written_to("grace@customer.example");
        world.run(Command::TakeOver(other.id, read(taken)));
        assert_eq!(told_to(&world, ann), ["offer", "reassigned", "assigned"]);
        // An opt-out is told, and starts no clock.
        done(&world, &contact, Action::Touch, bob);
        says(&world, &contact, "Unsubscribe");
        assert_eq!(told_to(&world, bob), ["assigned", "opt_out"]);
        assert_eq!(facts(&world, &contact).handover.reply_due_at, None);
        world.verify();
    });
}

#[test]
fn who_is_asked_and_writes_takes_it() {
    World::sending_on_both(MONDAY, |world| {
        fast_track(&world);
        let (ann, bob) = (
            agent(&world, "ann", json!({})),
            agent(&world, "bob", json!({})),
        );
        let contact = asks_for_a_person(&world, "ada@customer.example");
        assert_eq!(asked(&world, &contact), Some(ann));
        writes(&world, &contact, bob, "A colleague calls you");
        assert_eq!(asked(&world, &contact), Some(ann), "Bob is not asked");
        writes(&world, &contact, ann, "Come on Tuesday");
        assert_eq!(
            (owner(&world, &contact), status(&world, &contact)),
            (Some(ann), "touched".into())
        );
        world.verify();
    });
}

#[test]
fn every_act_forgives_offers_that_passed() {
    World::on_both(MONDAY, |world| {
        fast_track(&world);
        let (ann, bob) = (
            agent(&world, "ann", json!({})),
            agent(&world, "bob", json!({})),
        );
        let missed = |world: &World| {
            let rows = world.app().read(|reader| Ok(reader.agent_turns(&[ann])?));
            rows.unwrap()[0].missed
        };
        let own = accepted(&world, ann);
        done(&world, &own, Action::Touch, ann);
        let acts: [&dyn Fn(); 2] = [&|| drop(done(&world, &own, Action::Touch, ann)), &|| {
            drop(world.say(&own, json!({"senderId": ann, "content": "Any time"})))
        }];
        for (n, act) in acts.into_iter().enumerate() {
            let other = asks_for_a_person(&world, &format!("lead{n}@customer.example"));
            while asked(&world, &other) != Some(ann) {
                done(&world, &other, Action::Decline, bob);
            }
            world.clock.wait(minutes(15));
            world.tick();
            assert_eq!(missed(&world), 1);
            world.event(&other, "CONVERSATION_ABANDONED", Value::Null);
            act();
            assert_eq!(missed(&world), 0);
        }
        world.verify();
    });
}

#[test]
fn who_is_gone_does_nothing_any_more() {
    World::on_both(MONDAY, |world| {
        fast_track(&world);
        let ann = agent(&world, "ann", json!({}));
        let contact = accepted(&world, ann);
        done(&world, &contact, Action::Touch, ann);
        patch(&world, ann, json!({"active": false}));
        assert_eq!(
            owner(&world, &contact),
            Some(ann),
            "the lead is not waiting"
        );
        for action in [Action::Touch, Action::Decline] {
            let refused = try_act(&world, &contact, action, ann);
            assert!(
                matches!(refused, Err(AppError::Conflict { .. })),
                "{refused:?}"
            );
        }
        done(&world, &contact, Action::Release, ann);
        assert_eq!(owner(&world, &contact), None, "others may give it back");
        world.verify();
    });
}

#[test]
fn who_leaves_gives_back_more_than_one_commit_looks_at() {
    World::on_both(MONDAY, |world| {
        fast_track(&world);
        let ann = agent(&world, "ann", json!({}));
        let contacts: Vec<Contact> = (0..42).flat_map(|n| team::arrive(&world, 5 * n)).collect();
        let accept = contacts
            .iter()
            .map(|contact| Command::Handover(contact.id, act(Action::Accept, Some(ann))));
        for answer in together(&world, accept.collect()) {
            answer.unwrap();
        }
        patch(&world, ann, json!({"active": false}));
        world.tick();
        let kept = contacts
            .iter()
            .filter(|contact| owner(&world, contact).is_some());
        assert_eq!(kept.count(), 0);
        world.verify();
    });
}

#[test]
fn who_takes_over_what_was_reopened_owes_a_first_touch_and_no_answer() {
    World::on_both(MONDAY, |world| {
        fast_track(&world);
        let ann = agent(&world, "ann", json!({}));
        let contact = accepted(&world, ann);
        done(&world, &contact, Action::Touch, ann);
        world.event(&contact, "CONVERSATION_COMPLETED", json!({}));
        says(&world, &contact, "One more question");
        assert!(timer(&world, &contact, "next_reply").is_some());
        let taken = json!({"agentId": ann, "reason": "I know her"});
        world.run(Command::TakeOver(contact.id, read(taken)));
        assert_eq!(status(&world, &contact), "accepted");
        assert_eq!(timer(&world, &contact, "next_reply"), None);
        assert!(timer(&world, &contact, "first_touch").is_some());
        world.verify();
    });
}
