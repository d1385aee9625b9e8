//! The server is killed and the database is restarted, under load.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use convo_tests::process::Process;
use convo_tests::{Dice, Kind};

use crate::Plan;
use crate::audit::{self, Count};
use crate::follower::Follower;
use crate::load::Load;
use crate::world::World;

/// Longest life of a server between two faults, from the moment it listens, in milliseconds.
const LIFE: usize = 600;
/// Of so many kills one comes before the server listens.
const EARLY: usize = 8;

enum Strike {
    Server,
    Database,
}

pub async fn run(kind: Kind, plan: &Plan) -> Count {
    let mut dice = Dice::of(plan.seed);
    let mut world = World::start(kind, None).await;
    let load = Load::of(world.place.subscribe()).await;
    let followers = [
        Follower::start(world.place.subscribe()).await,
        Follower::start(world.place.subscribe()).await,
    ];
    let clients = load.begin(plan.clients, &dice);
    if kind == Kind::Sqlite && plan.restarts > 0 {
        println!(
            "{kind:?}: the server is the database's process: its {} restarts are kills of the server, with the \
             write-ahead log left where it is",
            plan.restarts
        );
    }
    let mut strikes: Vec<Strike> = (0..plan.kills).map(|_| Strike::Server).collect();
    strikes.extend((0..plan.restarts).map(|_| match kind {
        Kind::Sqlite => Strike::Server,
        Kind::Postgres => Strike::Database,
    }));
    dice.shuffle(&mut strikes);
    let began = Instant::now();
    let total = strikes.len();
    let mut early = false;
    for (number, strike) in strikes.into_iter().enumerate() {
        match strike {
            Strike::Server if std::mem::take(&mut early) => {
                killed_early(&mut world, &mut dice).await
            }
            Strike::Server => {
                pause(&mut dice, LIFE).await;
                world.server().kill9();
            }
            Strike::Database => {
                pause(&mut dice, LIFE).await;
                database(&mut world, &mut dice).await;
                continue;
            }
        }
        early = dice.below(EARLY) == 0 && number + 1 < total;
        if !early {
            world.start_again().await;
        }
        if clients.is_finished() {
            break;
        }
    }
    if early {
        // The last strike was the database's, with no server there.
        world.start_again().await;
    }
    pause(&mut dice, LIFE).await;
    load.end(clients).await;
    println!(
        "{kind:?}: {total} faults in {:.0?}, {} acknowledged, {} times 503",
        began.elapsed(),
        load.acknowledged.load(Ordering::SeqCst),
        load.refused.load(Ordering::SeqCst)
    );
    audit::count(&mut world, &load, followers, total).await
}

/// A server that dies while it starts.
async fn killed_early(world: &mut World, dice: &mut Dice) {
    let server = world.server();
    let program = server.options().program(server.database(), server.folder());
    let mut process = Process::start(program);
    pause(dice, 150).await;
    process.kill();
}

/// PostgreSQL goes, in one of three ways, and comes back after a moment; the server stays.
async fn database(world: &mut World, dice: &mut Dice) {
    let postgres = world.postgres.as_mut().expect("a PostgreSQL");
    match dice.below(3) {
        0 => postgres.kill9(),
        1 => postgres.stop_immediately().await,
        _ => postgres.stop().await,
    }
    pause(dice, 300).await;
    postgres.start_again().await;
}

async fn pause(dice: &mut Dice, most: usize) {
    let time = dice.below(most) as u64;
    tokio::time::sleep(Duration::from_millis(time)).await;
}
