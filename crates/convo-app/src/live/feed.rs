//! From the log to the hub: one task in each process.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;

use super::hub::Hub;
use super::log::Log;
use crate::error::AppError;

/// Says that the log may have grown. Cheap to clone; many wakes before one read cost one read.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// Wakes the feed, from any thread.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    /// Resolves at the next wake, or at once after one that nobody waited for.
    pub(super) async fn woken(&self) {
        self.0.notified().await;
    }
}

/// Reads the log and publishes it.
pub struct Feed {
    log: Arc<dyn Log>,
    hub: Hub,
    wake: Wake,
}

/// The log is looked at so often when nobody says that it has grown: another process may have written.
const POLL: Duration = Duration::from_secs(1);
/// Between two reads, so that many commits cost one.
const GATHER: Duration = Duration::from_millis(3);
/// Given to listeners that do not keep up, before more is published.
const BREATH: Duration = Duration::from_millis(5);
/// Breaths in which nobody took anything, after which those who are behind are not waited for any longer.
const IDLE: u32 = 20;
/// Breaths for one page at most.
const BREATHS: u32 = 2_000;

impl Feed {
    /// A feed of this log into this hub.
    #[must_use]
    pub fn new(log: Arc<dyn Log>, hub: Hub, wake: Wake) -> Self {
        Self { log, hub, wake }
    }

    /// Publishes for as long as it is polled.
    pub async fn run(self) {
        loop {
            let _ = tokio::time::timeout(POLL, self.wake.woken()).await;
            if let Err(error) = self.catch_up().await {
                ::log::warn!("the event log cannot be read: {error}");
                sleep(POLL).await;
                self.wake.wake();
            }
            sleep(GATHER).await;
        }
    }

    /// Publishes what the log has and the hub has not.
    ///
    /// # Errors
    /// The database's.
    pub async fn catch_up(&self) -> Result<(), AppError> {
        // Nobody listens: nothing is read, and the first one who does says where to begin.
        while let Some(from) = self.hub.position() {
            let log = Arc::clone(&self.log);
            let read = tokio::task::spawn_blocking(move || log.after(from)).await;
            let (events, to) = read.map_err(|_| AppError::Unavailable)??;
            if to == from {
                break;
            }
            if self.hub.publish(from, to, &events) {
                self.pace().await;
            }
        }
        Ok(())
    }

    /// Nothing is published faster than most of those who listen can take it: where thousands get much at once, it is
    /// this process that takes its time. The few who take less, and those who take nothing, are not waited for.
    async fn pace(&self) {
        let (mut least, mut idle) = (usize::MAX, 0);
        for _ in 0..BREATHS {
            let Some(waiting) = self.hub.behind() else {
                return;
            };
            idle = if waiting < least { 0 } else { idle + 1 };
            if idle == IDLE {
                return;
            }
            least = least.min(waiting);
            sleep(BREATH).await;
        }
    }
}
