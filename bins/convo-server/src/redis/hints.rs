//! "Something up to number n is there": told to other nodes after each commit.

use std::sync::Arc;

use convo_app::live::Wake;
use redis::aio::SendError;
use redis::{PushInfo, PushKind};
use tokio::sync::{Notify, watch};
use tokio::time::sleep;
use uuid::Uuid;

use super::{AGAIN, Redis, configuration};

/// Tells other nodes what this one committed, and wakes this one when another did.
pub struct Hints {
    redis: Redis,
    channel: String,
    wake: Wake,
    committed: watch::Receiver<i64>,
}

impl Hints {
    /// Hints about the log of this epoch; `committed` is the last number this process took.
    #[must_use]
    pub fn new(redis: Redis, epoch: Uuid, wake: Wake, committed: watch::Receiver<i64>) -> Self {
        Self {
            redis,
            channel: format!("convo:{epoch}:log"),
            wake,
            committed,
        }
    }

    /// Tells and listens for as long as it is polled.
    pub async fn run(self) {
        let Self {
            redis,
            channel,
            wake,
            mut committed,
        } = self;
        let listening = listen(redis.clone(), channel.clone(), wake);
        let telling = async {
            let Ok(mut manager) = redis.manager(configuration()) else {
                return;
            };
            // Many commits while one is told are told as one.
            while committed.changed().await.is_ok() {
                let seq = *committed.borrow_and_update();
                let told = redis::cmd("PUBLISH")
                    .arg(&channel)
                    .arg(seq)
                    .exec_async(&mut manager)
                    .await;
                if redis.noted(told).is_err() {
                    sleep(AGAIN).await;
                }
            }
        };
        tokio::join!(listening, telling);
    }
}

/// Listens, again and again: after a connection broke the subscription is made anew.
async fn listen(redis: Redis, channel: String, wake: Wake) {
    loop {
        let lost = Arc::new(Notify::new());
        let (bell, wake) = (Arc::clone(&lost), wake.clone());
        let heard = move |push: PushInfo| -> Result<(), SendError> {
            match push.kind {
                PushKind::Message => wake.wake(),
                PushKind::Disconnection => {
                    // What was told meanwhile is found by looking.
                    wake.wake();
                    bell.notify_one();
                }
                _ => {}
            }
            Ok(())
        };
        if let Ok(mut manager) = redis.manager(configuration().set_push_sender(heard))
            && redis.noted(manager.subscribe(&channel).await).is_ok()
        {
            lost.notified().await;
        }
        sleep(AGAIN).await;
    }
}
