//! Redis, where it is configured: it wakes other nodes sooner and keeps contexts that are read often.
//!
//! Nothing is lost with it. A node that is not woken looks at the log once a second, and a context that is not
//! kept is read from the database; so every failure here costs time, and at most a quarter of a second of it.

mod hints;
pub mod kept;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, IntoConnectionInfo, ProtocolVersion, RedisError, RedisResult};

pub use hints::Hints;
pub use kept::Kept;

/// How long an answer of Redis is waited for.
const PATIENCE: Duration = Duration::from_millis(250);
/// Between two tries to reach it.
const AGAIN: Duration = Duration::from_millis(500);

/// The client of one Redis server. Cheap to clone.
#[derive(Clone)]
pub struct Redis {
    client: Client,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    away: AtomicBool,
}

impl Redis {
    /// A client of this server; it need not be there.
    ///
    /// # Errors
    /// A URL that is none.
    pub fn new(url: &str) -> RedisResult<Self> {
        let info = url.into_connection_info()?;
        // Push messages come beside answers only in the newer protocol.
        let settings = info
            .redis_settings()
            .clone()
            .set_protocol(ProtocolVersion::RESP3);
        Ok(Self {
            client: Client::open(info.set_redis_settings(settings))?,
            state: Arc::default(),
        })
    }

    /// Whether it answers now.
    pub async fn answers(&self) -> bool {
        let Ok(mut manager) = self.manager(configuration()) else {
            return false;
        };
        let ping = redis::cmd("PING").exec_async(&mut manager).await;
        self.noted(ping).is_ok()
    }

    /// A connection that is made when it is first used, and made anew when it breaks.
    fn manager(&self, configuration: ConnectionManagerConfig) -> RedisResult<ConnectionManager> {
        ConnectionManager::new_lazy_with_config(self.client.clone(), configuration)
    }

    /// Whether the last command failed.
    fn is_away(&self) -> bool {
        self.state.away.load(Ordering::Relaxed)
    }

    /// Logs when it goes away and when it is back, once each.
    fn noted<T>(&self, result: RedisResult<T>) -> RedisResult<T> {
        let away = result.as_ref().is_err_and(is_away);
        let was = self.state.away.swap(away, Ordering::Relaxed);
        match &result {
            Err(error) if away && !was => {
                log::warn!(
                    "Redis is away, everything goes on without it: {}",
                    error.category()
                );
            }
            _ if was && !away => log::info!("Redis is back"),
            _ => {}
        }
        result
    }
}

/// Whether it cannot be reached, as opposed to having refused something.
fn is_away(error: &RedisError) -> bool {
    error.is_io_error() || error.is_timeout() || error.is_connection_dropped()
}

fn configuration() -> ConnectionManagerConfig {
    ConnectionManagerConfig::new()
        .set_number_of_retries(0)
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE))
}
