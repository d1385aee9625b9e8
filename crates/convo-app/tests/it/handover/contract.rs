//! What each step of a handover comes to, one at a time.

use super::*;
use crate::world::at;

#[test]
fn an_offer_goes_round_and_the_one_who_accepts_has_it() {
    World::on_both(MONDAY, |world| {
        fast_track(&world);
        let (ann, bob) = (
            agent(&world, "ann", json!({})),
            agent(&world, "bob", json!({})),
        );
        let contact = asks_for_a_person(&world, "ada@customer.example");
        assert_eq!(world.state(&contact), "READY_FOR_HANDOVER");
        assert_eq!(asked(&world, &contact), Some(ann));
        assert_eq!(offers(&world, ann)[0].due_at, at(MONDAY) + minutes(15));
        let refused = try_act(&world, &contact, Action::Accept, bob);
        assert!(
            matches!(refused, Err(AppError::Conflict { .. })),
            "{refused:?}"
        );
        done(&world, &contact, Action::Decline, ann);
        assert_eq!(
            (asked(&world, &contact), status(&world, &contact)),
            (Some(bob), "offered".into())
        );
        done(&world, &contact, Action::Accept, bob);
        assert_eq!(
            (owner(&world, &contact), status(&world, &contact)),
            (Some(bob), "accepted".into())
        );
        assert_eq!(world.state(&contact), "HANDED_OVER");
        let version = world.row(&contact).version;
        done(&world, &contact, Action::Accept, bob);
        assert_eq!(world.row(&contact).version, version, "twice is once");
        let late = try_act(&world, &contact, Action::Accept, ann);
        assert!(matches!(late, Err(AppError::Conflict { .. })), "{late:?}");
        done(&world, &contact, Action::Touch, bob);
        assert_eq!(status(&world, &contact), "touched");
        world.event(
            &contact,
            "CONVERSATION_COMPLETED",
            json!({"outcome": "won"}),
        );
        assert_eq!(status(&world, &contact), "completed");
        let expected = [
            "requested",
            "offered",
            "declined",
            "offered",
            "accepted",
            "touched",
            "completed",
        ];
        assert_eq!(actions(&world, &contact), expected);
        assert_eq!(world.timers(&contact).len(), 1, "only the archive waits");
        world.verify();
    });
}

#[test]
fn an_offer_that_passes_goes_on_and_a_round_ends_with_the_manager_and_an_alarm() {
    World::on_both(MONDAY, |world| {
        fast_track(&world);
        let ann = agent(&world, "ann", json!({}));
        let boss = agent(&world, "boss", json!({"manager": true}));
        let contact = asks_for_a_person(&world, "ada@customer.example");
        assert_eq!(asked(&world, &contact), Some(ann));
        world.clock.wait(minutes(15) - TimeDelta::milliseconds(1));
        world.tick();
        assert_eq!(
            asked(&world, &contact),
            Some(ann),
            "a moment before, it stands"
        );
        world.clock.wait(TimeDelta::milliseconds(1));
        world.tick();
        assert_eq!(asked(&world, &contact), Some(boss));
        world.clock.wait(minutes(15));
        world.tick();
        assert_eq!(asked(&world, &contact), Some(ann), "the next round");
        let expected = [
            "requested",
            "offered",
            "expired",
            "escalated",
            "offered",
            "expired",
            "unclaimed",
            "offered",
        ];
        assert_eq!(actions(&world, &contact), expected);
        // Whoever comes late still gets it while nobody else is asked.
        done(&world, &contact, Action::Decline, ann);
        done(&world, &contact, Action::Decline, boss);
        assert_eq!(
            (asked(&world, &contact), status(&world, &contact)),
            (None, "unclaimed".into())
        );
        done(&world, &contact, Action::Accept, ann);
        assert_eq!(owner(&world, &contact), Some(ann));
        world.verify();
    });
}

#[test]
fn whoever_waits_is_offered_in_the_commit_that_makes_room_the_longest_waiting_first() {
    World::on_both(MONDAY, |world| {
        fast_track(&world);
        let first = asks_for_a_person(&world, "first@customer.example");
        world.clock.wait(minutes(1));
        let second = asks_for_a_person(&world, "second@customer.example");
        let third = asks_for_a_person(&world, "third@customer.example");
        assert_eq!(status(&world, &first), "unclaimed");
        let ann = agent(&world, "ann", json!({"capacity": 1}));
        assert_eq!(asked(&world, &first), Some(ann));
        assert_eq!(asked(&world, &second), None, "one is all she takes");
        patch(&world, ann, json!({"capacity": 2}));
        assert_eq!(asked(&world, &second), Some(ann));
        done(&world, &first, Action::Accept, ann);
        done(&world, &first, Action::Touch, ann);
        assert_eq!(asked(&world, &third), None);
        world.event(&first, "CONVERSATION_COMPLETED", json!({}));
        assert_eq!(asked(&world, &third), Some(ann), "a closing makes room");
        world.verify();
    });
}

#[test]
fn absence_and_hours_end_by_the_clock() {
    World::on_both(MONDAY, |world| {
        fast_track(&world);
        let noon = at("2026-01-05T12:00:00Z");
        let ann = agent(&world, "ann", json!({"awayUntil": noon}));
        let contact = asks_for_a_person(&world, "ada@customer.example");
        assert_eq!(asked(&world, &contact), None);
        world.clock.set(noon);
        world.tick();
        assert_eq!(asked(&world, &contact), Some(ann));
        done(&world, &contact, Action::Accept, ann);
        patch(&world, ann, json!({"active": false}));
        let late = agent(&world, "late", json!({"hours": {"opens": "14:00:00"}}));
        let other = asks_for_a_person(&world, "grace@customer.example");
        assert_eq!(asked(&world, &other), None, "off duty");
        world.clock.set(at("2026-01-05T14:00:00Z"));
        world.tick();
        assert_eq!(asked(&world, &other), Some(late));
        world.verify();
    });
}

#[test]
fn who_goes_loses_offers_at_once_and_what_is_owed_goes_back() {
    World::on_both(MONDAY, |world| {
        fast_track(&world);
        let (ann, bob) = (
            agent(&world, "ann", json!({})),
            agent(&world, "bob", json!({})),
        );
        let owed = asks_for_a_person(&world, "owed@customer.example");
        done(&world, &owed, Action::Accept, ann);
        let other = asks_for_a_person(&world, "other@customer.example");
        done(&world, &other, Action::Accept, bob);
        let settled = asks_for_a_person(&world, "settled@customer.example");
        done(&world, &settled, Action::Accept, ann);
        done(&world, &settled, Action::Touch, ann);
        let offered = asks_for_a_person(&world, "offered@customer.example");
        done(&world, &offered, Action::Decline, bob);
        assert_eq!(asked(&world, &offered), Some(ann));
        let week = at("2026-01-12T08:00:00Z");
        patch(&world, ann, json!({"awayUntil": week}));
        assert_eq!(
            asked(&world, &offered),
            None,
            "withdrawn, and the other has declined"
        );
        assert_eq!(owner(&world, &owed), Some(ann), "not yet");
        world.clock.wait(minutes(240) - TimeDelta::milliseconds(1));
        world.tick();
        assert_eq!(owner(&world, &owed), Some(ann), "not yet");
        world.clock.wait(TimeDelta::milliseconds(1));
        world.tick();
        assert_eq!(
            (owner(&world, &owed), asked(&world, &owed)),
            (None, Some(bob))
        );
        assert_eq!(
            owner(&world, &settled),
            Some(ann),
            "the lead is not waiting"
        );
        says(&world, &settled, "And the colour?");
        assert_eq!(
            owner(&world, &settled),
            Some(ann),
            "now it runs for this one too"
        );
        patch(&world, ann, json!({"active": false}));
        assert_eq!(
            (owner(&world, &settled), asked(&world, &settled)),
            (None, Some(bob)),
            "gone is gone"
        );
        world.verify();
    });
}

#[test]
fn release_gives_back_what_is_handed_over_and_frees_what_is_not() {
    World::on_both(MONDAY, |world| {
        fast_track(&world);
        let (ann, bob) = (
            agent(&world, "ann", json!({})),
            agent(&world, "bob", json!({})),
        );
        let contact = asks_for_a_person(&world, "ada@customer.example");
        done(&world, &contact, Action::Accept, ann);
        done(&world, &contact, Action::Release, ann);
        assert_eq!(world.state(&contact), "HANDED_OVER");
        assert_eq!(
            (owner(&world, &contact), asked(&world, &contact)),
            (None, Some(bob))
        );
        done(&world, &contact, Action::Accept, bob);
        world.event(&contact, "CONVERSATION_COMPLETED", json!({}));
        says(&world, &contact, "One more question");
        assert_eq!(
            (world.state(&contact), owner(&world, &contact)),
            ("ENGAGED".into(), Some(bob))
        );
        done(&world, &contact, Action::Release, bob);
        assert_eq!(
            (owner(&world, &contact), asked(&world, &contact)),
            (None, None)
        );
        let again = try_act(&world, &contact, Action::Release, bob);
        assert!(matches!(again, Err(AppError::Conflict { .. })), "{again:?}");
        world.verify();
    });
}

#[test]
fn an_owner_who_is_silent_is_reminded_and_the_alarm_takes_nothing_away() {
    World::on_both(MONDAY, |world| {
        fast_track(&world);
        let ann = agent(&world, "ann", json!({}));
        let contact = asks_for_a_person(&world, "ada@customer.example");
        done(&world, &contact, Action::Accept, ann);
        world.clock.wait(minutes(60));
        world.tick();
        assert_eq!(actions(&world, &contact).last().unwrap(), "escalated");
        assert_eq!(owner(&world, &contact), Some(ann));
        done(&world, &contact, Action::Touch, ann);
        says(&world, &contact, "When can I come?");
        says(&world, &contact, "Hello?");
        let due = at(MONDAY) + minutes(60 + 240);
        let row = world.row(&contact);
        let facts: convo_core::conversation::Conversation<Uuid> =
            serde_json::from_str(&row.facts).unwrap();
        assert_eq!(
            facts.handover.reply_due_at,
            Some(due),
            "the first reply started it"
        );
        world.clock.set(due);
        world.tick();
        assert_eq!(
            actions(&world, &contact)
                .iter()
                .filter(|one| *one == "escalated")
                .count(),
            2
        );
        let answer = json!({"senderId": ann, "content": "Any time"});
        world.say(&contact, answer);
        assert_eq!(world.timers(&contact), [], "answered");
        world.verify();
    });
}

#[test]
fn the_owner_of_before_is_asked_first_and_an_import_asks_nobody() {
    World::on_both(MONDAY, |world| {
        fast_track(&world);
        agent(&world, "ann", json!({}));
        let bob = agent(&world, "bob", json!({}));
        let contact = asks_for_a_person(&world, "ada@customer.example");
        let taken = json!({"agentId": bob, "reason": "knows her"});
        world.run(Command::TakeOver(contact.id, read(taken)));
        assert_eq!(
            asked(&world, &contact),
            None,
            "an assignment withdraws the offer"
        );
        assert!(actions(&world, &contact).contains(&"withdrawn".to_owned()));
        world.event(&contact, "CONVERSATION_COMPLETED", json!({}));
        world.clock.wait(TimeDelta::days(30));
        let next = json!({"leadId": contact.lead, "subject": "Again"});
        let next = Contact {
            id: id(&world.run(Command::CreateConversation(read(next)))),
            ..contact
        };
        world.send(&next);
        says(&world, &next, CALL_ME);
        assert_eq!(asked(&world, &next), Some(bob));

        let lead = json!({"type": "lead", "externalId": "l1", "email": "old@customer.example"});
        let row = json!({
            "type": "conversation", "externalId": "c1", "lead": "l1",
            "state": "READY_FOR_HANDOVER", "subject": "Old",
        });
        for row in [lead, row] {
            let command = Command::ImportRow(Box::new(read(row)));
            let envelope = Envelope {
                silent: true,
                ..Envelope::new(command, Actor::Code("import"))
            };
            world.app().queue().run_blocking(envelope).unwrap();
        }
        let told = told(&world);
        assert!(
            told.iter()
                .all(|one| one.conversation == contact.id || one.conversation == next.id)
        );
        world.verify();
    });
}

#[test]
fn twenty_who_accept_at_once_are_one_owner() {
    World::on_both(MONDAY, |world| {
        fast_track(&world);
        let agents: Vec<Uuid> = (0..20)
            .map(|n| agent(&world, &format!("a{n}"), json!({})))
            .collect();
        let contact = asks_for_a_person(&world, "ada@customer.example");
        let all = agents
            .iter()
            .map(|agent| Command::Handover(contact.id, act(Action::Accept, Some(*agent))));
        let answers = together(&world, all.collect());
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        for answer in answers {
            assert!(
                matches!(answer, Ok(_) | Err(AppError::Conflict { .. })),
                "{answer:?}"
            );
        }
        assert!(owner(&world, &contact).is_some());
        world.verify();
    });
}
