//! Two years with three clock changes, an outage of three days, and restarts: each timer comes to one thing, at the
//! first look after it was due.

use chrono::{DateTime, TimeDelta, Utc};
use convo_app::Command;
use serde_json::{Value, json};

use super::days;
use crate::world::{Contact, World, at};

/// Longest between two looks while the program runs.
const STEP: TimeDelta = TimeDelta::minutes(7 * 60 + 13);
/// Over the clock change of spring nobody is there.
const OUTAGE: [&str; 2] = ["2026-03-28T12:00:00Z", "2026-03-31T12:00:00Z"];
/// From then on the clock goes from one due time to the next.
const QUIET: &str = "2027-01-01T00:00:00Z";

const GIVEN_UP: &str = "CONVERSATION_ABANDONED";
const ARCHIVED: &str = "MANUAL_ARCHIVE";
const ALERTED: &str = "reply_needed";
const WOKEN: &str = "conversation_woken";
const FOLLOW_UP: &str = "follow_up_due";

/// What is said or done in a conversation.
#[derive(Clone, Copy)]
enum Act {
    Write,
    Reply,
    OutOfOffice(&'static str),
    Snooze(i64),
    NotNow(i64),
    /// Somebody writes who is not the lead.
    Stranger,
    /// A person has looked at what waits.
    Release,
}
use Act::{NotNow, OutOfOffice, Release, Reply, Snooze, Stranger, Write};

/// When something is due.
#[derive(Clone, Copy)]
enum When {
    At(&'static str),
    /// Days after the newest time at which that came.
    After(&'static str, i64),
}
use When::{After, At};

/// Name, what is done when, and what must come of it when.
type Case = (
    &'static str,
    &'static [(&'static str, Act)],
    &'static [(&'static str, When)],
);

const CASES: [Case; 10] = [
    (
        "nobody answers",
        &[("2026-03-10T09:00:00Z", Write)],
        &[
            (GIVEN_UP, At("2026-04-09T09:00:00Z")),
            (ARCHIVED, After(GIVEN_UP, 210)),
        ],
    ),
    (
        "due while nobody is there",
        &[("2026-02-27T03:00:00Z", Write)],
        &[
            (GIVEN_UP, At("2026-03-29T03:00:00Z")),
            (ARCHIVED, After(GIVEN_UP, 210)),
        ],
    ),
    (
        // Friday 15:00 in Berlin: three hours are left; Monday is a holiday; Tuesday opens at 06:00 UTC.
        "a reply before the clock change of spring",
        &[
            ("2026-03-27T13:00:00Z", Write),
            ("2026-03-27T14:00:00Z", Reply),
            ("2026-04-03T09:00:00Z", Write),
        ],
        &[
            (ALERTED, At("2026-03-31T07:00:00Z")),
            (GIVEN_UP, At("2026-05-03T09:00:00Z")),
            (ARCHIVED, After(GIVEN_UP, 210)),
        ],
    ),
    (
        // Friday 17:00 in Berlin: one hour is left; Monday opens at 07:00 UTC again.
        "a reply before the clock change of autumn",
        &[
            ("2026-10-22T13:00:00Z", Write),
            ("2026-10-23T15:00:00Z", Reply),
            ("2026-11-02T09:00:00Z", Write),
        ],
        &[
            (ALERTED, At("2026-10-26T10:00:00Z")),
            (GIVEN_UP, At("2026-12-02T09:00:00Z")),
            (ARCHIVED, After(GIVEN_UP, 210)),
        ],
    ),
    (
        "answered in time, twice",
        &[
            ("2026-06-01T09:00:00Z", Write),
            ("2026-06-02T09:00:00Z", Reply),
            ("2026-06-02T11:59:59Z", Write),
            ("2026-06-20T09:00:00Z", Reply),
            ("2026-06-22T09:30:00Z", Write),
        ],
        &[
            (GIVEN_UP, At("2026-07-22T09:30:00Z")),
            (ARCHIVED, After(GIVEN_UP, 210)),
        ],
    ),
    (
        "away for longer than we wait",
        &[
            ("2026-04-10T10:00:00Z", Write),
            ("2026-04-10T10:05:00Z", OutOfOffice("20 May 2026")),
        ],
        &[
            (GIVEN_UP, At("2026-05-20T00:00:00Z")),
            (ARCHIVED, After(GIVEN_UP, 210)),
        ],
    ),
    (
        "asleep over the clock change of autumn",
        &[
            ("2026-10-01T10:00:00Z", Write),
            ("2026-10-04T10:00:00Z", Snooze(60)),
        ],
        &[
            (WOKEN, At("2026-12-03T10:00:00Z")),
            (GIVEN_UP, After(WOKEN, 30)),
            (ARCHIVED, After(GIVEN_UP, 210)),
        ],
    ),
    (
        "woken by a reply",
        &[
            ("2026-10-01T10:00:00Z", Write),
            ("2026-10-04T10:00:00Z", Snooze(60)),
            ("2026-10-05T10:00:00Z", Reply),
            ("2026-10-05T11:00:00Z", Write),
        ],
        &[
            (WOKEN, At("2026-10-05T10:00:00Z")),
            (GIVEN_UP, At("2026-11-04T11:00:00Z")),
            (ARCHIVED, After(GIVEN_UP, 210)),
        ],
    ),
    (
        "somebody else answers",
        &[
            ("2026-05-04T09:00:00Z", Write),
            ("2026-05-05T09:00:00Z", Stranger),
            ("2026-05-06T09:00:00Z", Release),
        ],
        &[
            (ALERTED, At("2026-05-05T09:00:00Z")),
            (GIVEN_UP, At("2026-06-05T09:00:00Z")),
            (ARCHIVED, After(GIVEN_UP, 210)),
        ],
    ),
    (
        "not now, but after it was put away",
        &[
            ("2026-01-06T09:00:00Z", Write),
            ("2026-01-14T09:00:00Z", NotNow(300)),
        ],
        &[
            (GIVEN_UP, At("2026-01-14T09:00:00Z")),
            (ARCHIVED, After(GIVEN_UP, 210)),
            (FOLLOW_UP, At("2026-11-10T09:00:00Z")),
        ],
    ),
];

#[test]
fn each_timer_comes_to_one_thing_in_time() {
    World::on_both("2026-01-05T09:00:00Z", |mut world| {
        let calendar = json!({"timeZone": "Europe/Berlin", "holidays": ["2026-03-30"]});
        world.run(Command::PutPolicy(json!({"calendar": calendar})));
        let contacts: Vec<Contact> = (0..CASES.len())
            .map(|n| world.contact(&format!("lead{n}@customer.example"), None))
            .collect();
        let mut acts: Vec<(DateTime<Utc>, &Contact, Act)> = Vec::new();
        for ((_, list, _), contact) in CASES.iter().zip(&contacts) {
            acts.extend(list.iter().map(|(when, act)| (at(when), contact, *act)));
        }
        acts.sort_by_key(|(at, ..)| *at);
        let mut acts = acts.into_iter().peekable();
        let [away, back] = OUTAGE.map(at);
        let mut looks = Vec::new();
        loop {
            let now = world.clock.now();
            let step = world.app().fire_due(100).unwrap();
            if acts.peek().is_none() && step.next.is_none() {
                break;
            }
            let mut next = now + STEP;
            if now > at(QUIET) {
                next = next.max(step.next.unwrap_or(next));
            }
            if let Some((when, ..)) = acts.peek() {
                next = next.min(*when);
            }
            if away < next && next < back {
                next = back;
                world.restart();
            }
            world.clock.set(next);
            while let Some((_, contact, act)) = acts.next_if(|(when, ..)| *when <= next) {
                act.run(&world, contact);
            }
            world.tick();
            looks.push(next);
            if looks.len() % 301 == 0 {
                world.restart();
                world.verify();
            }
        }
        for ((name, _, expected), contact) in CASES.iter().zip(&contacts) {
            check(&world, name, contact, expected, &looks);
        }
        assert_eq!(world.all_timers(), [], "everything has come to its end");
        world.verify();
    });
}

#[track_caller]
fn check(
    world: &World,
    name: &str,
    contact: &Contact,
    expected: &[(&str, When)],
    looks: &[DateTime<Utc>],
) {
    for what in [GIVEN_UP, ARCHIVED, ALERTED, WOKEN, FOLLOW_UP] {
        let due = expected.iter().filter(|(came, _)| *came == what);
        let first = due.map(|(_, when)| {
            let due = match when {
                At(text) => at(text),
                After(other, span) => *world.told(contact, other).last().unwrap() + days(*span),
            };
            *looks.iter().find(|look| **look >= due).unwrap()
        });
        let first: Vec<DateTime<Utc>> = first.collect();
        assert_eq!(world.told(contact, what), first, "{name}: {what}");
    }
    for step in world.audit(contact) {
        if step.cause.as_deref() == Some("timer") {
            let by = (step.triggered_by.as_str(), step.actor.as_str());
            assert_eq!(by, ("system", "system"), "{name}");
        }
    }
}

impl Act {
    fn run(self, world: &World, of: &Contact) {
        match self {
            Write => {
                world.send(of);
                if world.state(of) == "NEW" {
                    world.event(of, "FIRST_EMAIL_SENT", Value::Null);
                }
            }
            Reply => drop(world.reply(of)),
            OutOfOffice(day) => {
                let said = world.say(
                    of,
                    json!({
                        "senderId": of.lead,
                        "content": format!("I am out of the office and will be back on {day}."),
                        "emailHeaders": {"Auto-Submitted": "auto-replied", "Subject": "Out of office"},
                    }),
                );
                assert_eq!(said["message"]["kind"], "out_of_office");
            }
            Snooze(span) => drop(world.snooze(of, Some(world.clock.now() + days(span)))),
            Stranger => {
                let failed = "mxa.mailgun.org; dmarc=fail header.from=customer.example";
                let said = world.say(
                    of,
                    json!({
                        "senderId": of.lead,
                        "emailHeaders": {"Authentication-Results": failed},
                    }),
                );
                assert_eq!(said["message"]["author"], "other");
            }
            Release => {
                let open = world
                    .app()
                    .read(|reader| Ok(reader.reviews_by_leads(&[of.lead])?));
                for review in open.unwrap().iter().filter(|row| row.status == "open") {
                    let resolve = serde_json::from_value(json!({"action": "release_hold"}));
                    world.run(Command::ResolveReview(review.id, resolve.unwrap()));
                }
            }
            NotNow(span) => {
                let until = world.clock.now() + days(span);
                let end = json!({"outcome": "not_now", "followUpAt": until});
                world.event(of, GIVEN_UP, end);
            }
        }
    }
}
