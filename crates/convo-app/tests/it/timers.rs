//! Timers on a virtual clock.

mod pages;
mod races;
mod year;

use chrono::TimeDelta;
use convo_app::{Actor, Command, Envelope};
use convo_store::Commit;
use convo_store::rows::PolicyRow;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{World, at, id, read};

/// A Monday, 09:00 in UTC.
const MONDAY: &str = "2026-01-05T09:00:00Z";

fn days(days: i64) -> TimeDelta {
    TimeDelta::days(days)
}

fn timer(
    kind: &str,
    due: chrono::DateTime<chrono::Utc>,
) -> (String, chrono::DateTime<chrono::Utc>) {
    (kind.to_owned(), due)
}

#[test]
fn rows_follow_the_facts() {
    World::on_both(MONDAY, |world| {
        let contact = world.contact("ada@customer.example", None);
        assert_eq!(world.timers(&contact), []);
        world.send(&contact);
        assert_eq!(
            world.timers(&contact),
            [],
            "nobody knows yet that it arrived"
        );
        world.event(&contact, "FIRST_EMAIL_SENT", Value::Null);
        let now = world.clock.now();
        let given_up = timer("no_reply", now + days(30));
        assert_eq!(world.timers(&contact), [given_up]);
        world.clock.wait(days(1));
        world.reply(&contact);
        let now = world.clock.now();
        let alerted = timer("no_reply", now + TimeDelta::minutes(240));
        assert_eq!(world.timers(&contact), std::slice::from_ref(&alerted));
        world.snooze(&contact, Some(now + days(7)));
        let asleep = [
            timer("no_reply", now + days(7)),
            timer("snooze", now + days(7)),
        ];
        assert_eq!(world.timers(&contact), asleep);
        world.snooze(&contact, None);
        assert_eq!(world.timers(&contact), [alerted]);
        let follow_up = now + days(90);
        let end = json!({"outcome": "not_now", "followUpAt": follow_up});
        world.event(&contact, "CONVERSATION_ABANDONED", end);
        let closed = [
            timer("archive", now + days(210)),
            timer("follow_up", follow_up),
        ];
        assert_eq!(world.timers(&contact), closed);
        world.reply(&contact);
        assert_eq!(
            world.timers(&contact).len(),
            1,
            "reopened, all else is over"
        );
        let agent = json!({"name": "Grace", "email": "grace@dealer.example"});
        let agent = id(&world.run(Command::CreateAgent(read(agent))));
        let taken = json!({"agentId": agent, "reason": "asked for me"});
        world.run(Command::TakeOver(contact.id, read(taken)));
        let reminded = timer("first_touch", now + TimeDelta::minutes(30));
        assert_eq!(world.timers(&contact), [reminded], "its owner's clock");
        world.verify();
    });
}

#[test]
fn a_hold_stops_the_clock_until_a_person_decides() {
    World::on_both(MONDAY, |world| {
        let contact = world.written_to("ada@customer.example");
        // Words that may be an opt-out hold automation.
        world.say(
            &contact,
            json!({"senderId": contact.lead, "content": "I want to unsubscribe from my current lease"}),
        );
        assert!(world.row(&contact).held);
        world.clock.wait(TimeDelta::hours(1));
        world.send(&contact);
        assert_eq!(world.timers(&contact), [], "held");
        world.clock.wait(days(40));
        world.tick();
        assert_eq!(world.row(&contact).outcome, None);
        let reviews = world
            .app()
            .read(|reader| Ok(reader.reviews(None, 10)?))
            .unwrap();
        let release = json!({"action": "release_hold"});
        world.run(Command::ResolveReview(reviews[0].id, read(release)));
        let due = world.clock.now() + days(30);
        assert_eq!(world.timers(&contact), [timer("no_reply", due)]);
        world.verify();
    });
}

#[test]
fn an_import_counts_from_the_real_now_and_alerts_of_nothing_old() {
    World::on_both(MONDAY, |world| {
        let now = world.clock.now();
        let import = |row: Value, when: &str| {
            let command = Command::ImportRow(Box::new(read(row)));
            let envelope = Envelope {
                at: Some(at(when)),
                silent: true,
                ..Envelope::new(command, Actor::Code("import"))
            };
            let answer = world.app().queue().run_blocking(envelope).unwrap();
            serde_json::from_str::<Value>(&answer.body).unwrap()
        };
        let old = "2019-03-01T10:00:00Z";
        let lead = |n: &str| json!({"type": "lead", "externalId": n, "email": format!("{n}@customer.example")});
        let conversation = |n: &str, state: &str| json!({"type": "conversation", "externalId": n, "leadExternalId": n, "state": state, "updatedAt": old});
        let message = |n: &str, id: &str, direction: &str, sent: &str| json!({"type": "message", "externalId": id, "conversationExternalId": n, "direction": direction, "content": "Hello there", "sentAt": sent});
        let mut made = Vec::new();
        for (n, state) in [
            ("a", "ACTIVE"),
            ("b", "CLOSED"),
            ("c", "ENGAGED"),
            ("d", "ACTIVE"),
            ("e", "ENGAGED"),
        ] {
            import(lead(n), old);
            made.push(id(&import(conversation(n, state), old)));
        }
        import(message("a", "a1", "outbound", old), old);
        import(message("c", "c1", "outbound", old), old);
        import(message("c", "c2", "inbound", "2019-03-02T10:00:00Z"), old);
        import(message("e", "e1", "outbound", "2026-01-05T08:00:00Z"), old);
        import(message("e", "e2", "inbound", "2026-01-05T08:30:00Z"), old);
        let timers = |n: usize| {
            world.timers(&crate::world::Contact {
                lead: Uuid::nil(),
                id: made[n],
            })
        };
        assert_eq!(timers(0), [timer("no_reply", now + days(30))]);
        assert_eq!(timers(1), [timer("archive", now + days(210))]);
        assert_eq!(timers(2), [], "nobody is told of a wait of years ago");
        assert_eq!(timers(3), [timer("no_reply", now + days(30))]);
        let today = at("2026-01-05T12:30:00Z");
        assert_eq!(
            timers(4),
            [timer("no_reply", today)],
            "of today's mail they are"
        );
        assert_eq!(world.tick(), 0);
        world.verify();
    });
}

#[test]
fn who_is_forgotten_is_followed_up_no_more() {
    World::on_both(MONDAY, |world| {
        let now = world.clock.now();
        let contact = world.written_to("ada@customer.example");
        world.snooze(&contact, Some(now + days(3)));
        let later = world.written_to("grace@customer.example");
        let end = json!({"outcome": "not_now", "followUpAt": now + days(90)});
        world.event(&later, "CONVERSATION_ABANDONED", end);
        let waits = world.written_to("hedy@customer.example");
        world.reply(&waits);
        for one in [&contact, &later, &waits] {
            let erase = Command::EraseLead {
                lead: one.lead,
                receipts: Vec::new(),
            };
            world.run(erase);
        }
        assert_eq!(world.timers(&contact), [timer("no_reply", now + days(30))]);
        assert_eq!(world.timers(&later), [timer("archive", now + days(210))]);
        assert_eq!(world.timers(&waits), []);
        let snooze = Command::Snooze(contact.id, read(json!({"until": now + days(9)})));
        assert!(world.try_run(snooze).is_err());
        world.clock.wait(days(400));
        world.tick();
        assert_eq!(world.state(&contact), "CLOSED");
        assert_eq!(world.state(&later), "ARCHIVED");
        for one in [&contact, &later, &waits] {
            assert!(world.told(one, "follow_up_due").is_empty());
            assert!(world.told(one, "reply_needed").is_empty());
        }
        world.verify();
    });
}

/// A timer that cannot be fired is put off, and those behind it fire.
#[test]
fn what_fails_stands_in_nobodys_way() {
    World::on_both(MONDAY, |world| {
        let campaign = json!({"name": "Spring"});
        let campaign = id(&world.run(Command::CreateCampaign(read(campaign))));
        let broken = world.contact("ada@customer.example", Some(campaign));
        world.send(&broken);
        world.event(&broken, "FIRST_EMAIL_SENT", Value::Null);
        world.clock.wait(TimeDelta::seconds(1));
        let whole = world.written_to("grace@customer.example");
        let policy = |version: i64, body: &str| {
            let row = PolicyRow {
                id: Uuid::from_u128(0xbad + u128::from(version.unsigned_abs())),
                campaign_id: Some(campaign),
                version,
                body: body.to_owned(),
                created_at: world.clock.now(),
            };
            let commit = Commit {
                policies: vec![row],
                ..Commit::default()
            };
            let mut writer = world.app().store().writer();
            let put = writer.commit(|_| Ok::<_, convo_app::AppError>((commit, ())));
            assert!(put.is_ok());
        };
        policy(1_001, "{");
        world.clock.wait(days(31));
        for _ in 0..2 {
            world.app().fire_due(1).unwrap();
        }
        assert_eq!(world.state(&whole), "CLOSED");
        assert_eq!(world.state(&broken), "ACTIVE");
        policy(1_002, "{}");
        world.clock.wait(TimeDelta::seconds(1));
        world.tick();
        assert_eq!(world.state(&broken), "CLOSED");
        world.verify();
    });
}

/// Records of a kind that a newer version sets are left to it.
#[test]
fn a_kind_that_is_not_known_is_left_alone() {
    World::on_both(MONDAY, |world| {
        let contact = world.written_to("ada@customer.example");
        let row = convo_store::rows::TimerRow {
            conversation_id: contact.id,
            kind: "of_tomorrow".to_owned(),
            subject_id: Uuid::nil(),
            due_at: world.clock.now(),
        };
        let commit = Commit {
            timers: vec![row],
            ..Commit::default()
        };
        let mut writer = world.app().store().writer();
        assert!(
            writer
                .commit(|_| Ok::<_, convo_app::AppError>((commit, ())))
                .is_ok()
        );
        let step = world.app().fire_due(5).unwrap();
        assert_eq!(step.fired, 0);
        assert_eq!(step.next, Some(world.clock.now() + days(30)));
        assert_eq!(world.timers(&contact).len(), 2);
    });
}
