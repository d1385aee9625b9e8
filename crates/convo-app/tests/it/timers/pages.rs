//! Timers of many conversations computed anew.

use chrono::TimeDelta;
use convo_app::{AppError, Command};
use convo_store::rows::TimerRow;
use convo_store::{Commit, TimerKey};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{MONDAY, days, timer};
use crate::world::{Contact, World, id, read};

fn many(world: &World, count: usize) -> Vec<Contact> {
    (0..count)
        .map(|n| world.written_to(&format!("lead{n}@customer.example")))
        .collect()
}

#[test]
fn another_policy_moves_what_runs_however_often_it_is_stopped() {
    World::on_both(MONDAY, |mut world| {
        let all = many(&world, 230);
        let sent = world.clock.now();
        world.clock.wait(days(10));
        world.run(Command::PutPolicy(json!({"noReplyDays": 12})));
        world.verify();
        // The job itself, one page of two hundred, is due at once and survives a stop.
        assert_eq!(world.app().fire_due(1).unwrap().fired, 1);
        world.verify();
        world.restart();
        assert_eq!(
            world.tick(),
            1,
            "the second page, and nobody is given up yet"
        );
        let moved = timer("no_reply", sent + days(12));
        for one in &all {
            assert_eq!(world.timers(one), std::slice::from_ref(&moved));
        }
        world.verify();
        // Shorter than the time that has passed: due at once.
        world.run(Command::PutPolicy(json!({"noReplyDays": 5})));
        world.tick();
        assert!(all.iter().all(|one| world.state(one) == "CLOSED"));
        world.verify();
        world.run(Command::PutPolicy(
            json!({"noReplyDays": 5, "minReplies": 3}),
        ));
        assert!(
            world.all_timers().iter().all(|row| row.kind == "archive"),
            "what says nothing of times moves nothing"
        );
        world.run(Command::PutPolicy(json!({"archiveDays": 190})));
        world.clock.wait(days(190));
        world.tick();
        assert!(all.iter().all(|one| world.state(one) == "ARCHIVED"));
        world.verify();
    });
}

#[test]
fn a_longer_time_puts_off_what_fires_before_its_page_comes() {
    World::on_both(MONDAY, |world| {
        let contact = world.written_to("ada@customer.example");
        let sent = world.clock.now();
        world.clock.wait(days(30) + TimeDelta::seconds(1));
        world.run(Command::PutPolicy(json!({"noReplyDays": 60})));
        // Both the conversation's timer and the page are due, in this order; each alone must do.
        let step = world.app().fire_due(1).unwrap();
        assert_eq!(step.fired, 0);
        assert_eq!(world.state(&contact), "ACTIVE");
        assert_eq!(world.timers(&contact), [timer("no_reply", sent + days(60))]);
        world.tick();
        assert_eq!(world.timers(&contact), [timer("no_reply", sent + days(60))]);
        world.verify();
    });
}

#[test]
fn a_campaigns_policy_moves_its_own() {
    World::on_both(MONDAY, |world| {
        let campaign = id(&world.run(Command::CreateCampaign(read(json!({"name": "Spring"})))));
        let (theirs, other) = (
            world.contact("ada@customer.example", Some(campaign)),
            world.contact("ada@customer.example", None),
        );
        for one in [&theirs, &other] {
            world.send(one);
            world.event(one, "FIRST_EMAIL_SENT", Value::Null);
        }
        let sent = world.clock.now();
        let alert = json!({"noReplyDays": 3, "handover": {"nextReplyMinutes": 60}});
        let patch = Command::PatchCampaign(campaign, read(json!({"policy": alert})));
        world.run(patch);
        world.tick();
        assert_eq!(world.timers(&theirs), [timer("no_reply", sent + days(3))]);
        assert_eq!(world.timers(&other), [timer("no_reply", sent + days(30))]);
        for one in [&theirs, &other] {
            world.reply(one);
        }
        let minutes = |minutes| timer("no_reply", sent + TimeDelta::minutes(minutes));
        assert_eq!(world.timers(&theirs), [minutes(60)]);
        assert_eq!(world.timers(&other), [minutes(240)]);
        // The default lies under every campaign's own.
        let calendar = json!({"calendar": {"opens": "10:00:00"}});
        world.run(Command::PutPolicy(calendar));
        world.tick();
        assert_eq!(world.timers(&theirs), [minutes(120)]);
        assert_eq!(world.timers(&other), [minutes(300)]);
        world.verify();
    });
}

#[test]
fn conversations_older_than_timers_get_theirs() {
    World::on_both(MONDAY, |mut world| {
        let old = many(&world, 210);
        let waits = world.written_to("waits@customer.example");
        world.reply(&waits);
        let closed = world.written_to("closed@customer.example");
        world.event(&closed, "CONVERSATION_ABANDONED", Value::Null);
        world.clock.wait(days(300));
        let young = world.written_to("young@customer.example");
        let sent = world.clock.now();
        world.clock.wait(days(2));
        // As the migration leaves it.
        let rows = world.all_timers();
        let removed = rows.into_iter().map(|row| TimerKey {
            kind: match row.kind.as_str() {
                "archive" => "archive",
                _ => "no_reply",
            },
            subject_id: row.subject_id,
            conversation_id: row.conversation_id,
        });
        let begin = TimerRow {
            conversation_id: Uuid::nil(),
            kind: "begin".to_owned(),
            subject_id: Uuid::nil(),
            due_at: chrono::DateTime::UNIX_EPOCH,
        };
        let commit = Commit {
            timers_removed: removed.collect(),
            timers: vec![begin],
            ..Commit::default()
        };
        let mut writer = world.app().store().writer();
        let put = writer.commit(|_| Ok::<_, AppError>((commit, ())));
        assert!(put.is_ok());
        drop(writer);
        world.verify();
        world.restart();
        assert_eq!(world.app().fire_due(1).unwrap().fired, 1);
        world.verify();
        world.restart();
        world.tick();
        world.verify();
        let now = world.clock.now();
        assert_eq!(
            world.timers(&old[0]),
            [timer("no_reply", now + days(30))],
            "it starts anew"
        );
        assert_eq!(world.timers(&old[209]), [timer("no_reply", now + days(30))]);
        assert_eq!(
            world.timers(&waits),
            [],
            "no alert of what waited for months"
        );
        assert_eq!(world.timers(&closed), [timer("archive", now + days(210))]);
        assert_eq!(world.timers(&young), [timer("no_reply", sent + days(30))]);
        world.clock.wait(days(1));
        assert!(
            world.tick() > 0,
            "and once more, for what older versions wrote"
        );
        assert!(
            world
                .all_timers()
                .iter()
                .all(|row| !row.kind.starts_with("begin"))
        );
        world.clock.wait(days(29));
        world.tick();
        assert_eq!(world.state(&old[0]), "CLOSED");
        world.verify();
    });
}
