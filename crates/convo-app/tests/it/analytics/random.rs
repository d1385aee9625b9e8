//! Any commands in any order: totals are the sums of what stands behind them and of a count from the messages; and
//! the same mails in any order of arrival come to the same waits.

use convo_store::rows::WaitRow;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;

/// What may be done at any time; where it is refused, nothing happens.
const DOINGS: [&str; 20] = [
    "in",
    "in",
    "in",
    "ai",
    "ai",
    "ann",
    "bob",
    "ooo",
    "note",
    "call",
    "close",
    "take ann",
    "take bob",
    "delivered",
    "open",
    "bot-open",
    "hard",
    "soft",
    "complain",
    "unsubscribe",
];
/// Conversations of one case.
const CONVERSATIONS: usize = 4;

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    })
}

/// Plays what may be refused.
fn try_play(world: &World, agents: Agents, contact: &Contact, doing: &Doing) {
    let open = !matches!(world.state(contact).as_str(), "CLOSED" | "ARCHIVED");
    let needs_open = ["close", "take ann", "take bob"];
    if open || !needs_open.contains(&doing.what.as_str()) {
        play(world, agents, contact, doing);
    }
}

#[test]
fn totals_are_the_sums_of_what_stands_behind_them() {
    // Which conversation, what, minutes that pass before, and by how many minutes a mail's own time is older.
    let one = (
        0..CONVERSATIONS,
        0..DOINGS.len(),
        0..900_i64,
        prop_oneof![3 => Just(0), 1 => 0..2_000_i64],
    );
    let commands = prop::collection::vec(one, 10..40);
    runner(6)
        .run(&commands, |commands| {
            World::on_both("2026-02-02T06:00:00Z", |world| {
                world.run(Command::PutPolicy(json!({"fastTrack": true})));
                let agents = agents(&world);
                let campaign = json!({"name": "Spring"});
                let campaign = id(&world.run(Command::CreateCampaign(read(campaign))));
                let contacts: Vec<Contact> = (0..CONVERSATIONS)
                    .map(|n| {
                        let of = (n % 2 == 0).then_some(campaign);
                        world.contact(&format!("lead{n}@customer.example"), of)
                    })
                    .collect();
                for (which, what, wait, late) in &commands {
                    world.clock.wait(minutes(*wait));
                    let doing = Doing {
                        at: world.clock.now(),
                        own: world.clock.now() - minutes(*late),
                        what: DOINGS[*what].to_owned(),
                    };
                    try_play(&world, agents, &contacts[*which], &doing);
                }
                sums_agree(&world);
                world.verify();
            });
            Ok(())
        })
        .unwrap();
}

/// Began at, status, ended at, wall minutes, business minutes, agent.
type Bare = (
    DateTime<Utc>,
    String,
    Option<DateTime<Utc>>,
    Option<i32>,
    Option<i32>,
    Option<Uuid>,
);

/// A wait without what differs between two equal conversations.
fn bare(row: &WaitRow) -> Bare {
    (
        row.began_at,
        row.status.clone(),
        row.ended_at,
        row.wall_minutes,
        row.business_minutes,
        row.agent_id,
    )
}

#[test]
fn every_order_of_arrival_comes_to_the_same() {
    const SAID: [&str; 6] = ["in", "in", "ai", "ann", "ooo", "note"];
    let mails = prop::collection::vec((0..SAID.len(), 1..1_500_i64), 1..9);
    let cases = mails.prop_flat_map(|mails| {
        let order: Vec<usize> = (0..mails.len()).collect();
        (Just(mails), Just(order).prop_shuffle())
    });
    World::on_both("2026-02-02T06:00:00Z", |world| {
        let agents = agents(&world);
        let began = world.clock.now();
        world.clock.wait(TimeDelta::days(20));
        let number = std::cell::Cell::new(0);
        runner(24)
            .run(&cases, |(mails, order)| {
                let mut own = began;
                let doings: Vec<Doing> = mails
                    .iter()
                    .map(|(what, after)| {
                        own += minutes(*after);
                        Doing {
                            at: own,
                            own,
                            what: SAID[*what].to_owned(),
                        }
                    })
                    .collect();
                let straight: Vec<usize> = (0..doings.len()).collect();
                let said = [straight, order].map(|order| {
                    number.set(number.get() + 1);
                    let email = format!("lead{}@customer.example", number.get());
                    let contact = world.contact(&email, None);
                    for place in order {
                        play(&world, agents, &contact, &doings[place]);
                    }
                    let rows = world
                        .app()
                        .read(|reader| Ok(reader.waits_by_conversations(&[contact.id])?));
                    let mut rows = rows.unwrap();
                    rows.sort_by_key(|row| row.began_at);
                    rows.iter().map(bare).collect::<Vec<_>>()
                });
                prop_assert_eq!(&said[0], &said[1]);
                Ok(())
            })
            .unwrap();
        world.verify();
        sums_agree(&world);
    });
}
