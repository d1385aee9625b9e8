//! The disk is full for a while, under load.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use convo_tests::records::STATE;
use convo_tests::small::Small;
use convo_tests::{DEADLINE, Dice, Kind};

use crate::Plan;
use crate::audit::{self, Count};
use crate::follower::Follower;
use crate::load::Load;
use crate::world::World;

/// Of the filesystem; PostgreSQL is born with some 60.
const MEBIBYTES: u64 = 320;
/// How long it stays full once that is felt.
const STAYS: Duration = Duration::from_secs(3);
/// Answers 503 by which it is felt.
const FELT: usize = 50;
/// Until what is asked for is stored again, once there is room.
const RECOVERED: Duration = Duration::from_secs(15);

/// Fills the disk that database and attachments share, and frees it.
///
/// # Errors
/// Why there is no such disk here.
pub async fn run(kind: Kind, plan: &Plan) -> Result<Count, String> {
    if !plan.full_disk {
        return Err("--without-full-disk".to_owned());
    }
    let small = Small::make(MEBIBYTES)?;
    let dice = Dice::of(plan.seed).other(77);
    let mut world = World::start(kind, Some(&small)).await;
    let load = Load::of(world.place.subscribe()).await;
    let followers = [
        Follower::start(world.place.subscribe()).await,
        Follower::start(world.place.subscribe()).await,
    ];
    let before = world.server().id();
    let clients = load.begin(plan.clients, &dice);
    tokio::time::sleep(Duration::from_secs(1)).await;

    let reads = Reads::default();
    let reads = filled(&mut world, &load, &small, reads).await;
    small.free();
    let freed = Instant::now();
    let stored = load.acknowledged.load(Ordering::SeqCst);
    while load.acknowledged.load(Ordering::SeqCst) <= stored + plan.clients {
        assert!(freed.elapsed() < DEADLINE, "nothing is stored any more");
        if let Some(postgres) = &mut world.postgres
            && postgres.has_ended()
        {
            println!("{kind:?}: PostgreSQL could not recover on a full disk and is started again");
            postgres.start_again().await;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let took = freed.elapsed();
    assert!(took < RECOVERED, "stored again only after {took:?}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    load.end(clients).await;
    assert!(!world.server().has_ended(), "the server has ended");
    assert_eq!(world.server().id(), before);
    println!(
        "{kind:?}: while full {} times 503, {} of {} reads answered; stored again {took:.1?} after there was room",
        load.refused.load(Ordering::SeqCst),
        reads.answered,
        reads.asked,
    );
    if kind == Kind::Sqlite {
        assert_eq!(reads.answered, reads.asked, "reads need no room");
    }
    Ok(audit::count(&mut world, &load, followers, 1).await)
}

#[derive(Default)]
struct Reads {
    asked: usize,
    answered: usize,
}

/// Fills it again and again, until clients have felt it for long enough; reads meanwhile.
async fn filled(world: &mut World, load: &Load, small: &Small, mut reads: Reads) -> Reads {
    let api = world.api();
    let conversation = load.somebody().conversation.clone();
    let deadline = Instant::now() + DEADLINE;
    let refused = load.refused.load(Ordering::SeqCst);
    let mut felt = None;
    while felt.is_none_or(|since: Instant| since.elapsed() < STAYS) {
        assert!(Instant::now() < deadline, "a full disk was never felt");
        // What a checkpoint or a lost draft gives back is taken at once.
        small.fill();
        if load.refused.load(Ordering::SeqCst) >= refused + FELT {
            felt = felt.or(Some(Instant::now()));
        }
        let answer = api.get(&format!("{STATE}/{conversation}/status")).await;
        reads.asked += 1;
        match answer.status {
            200 => reads.answered += 1,
            _ => {
                answer.problem(503, "unavailable");
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    reads
}
