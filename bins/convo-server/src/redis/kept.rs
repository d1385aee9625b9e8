//! Contexts kept by conversation and revision: in this process, and in Redis for the other nodes.

use std::time::Duration;

use moka::sync::Cache;
use redis::aio::ConnectionManager;
use uuid::Uuid;

use super::{Redis, configuration};

/// What was kept is forgotten after this long, whether it changed or not: what an erase empties is nowhere
/// longer than this.
const TTL: Duration = Duration::from_secs(60);
/// Bytes kept in this process.
const BYTES: u64 = 32 << 20;

/// Which state of which conversation, and how much of it. A change makes another key, so nothing stale is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// The conversation.
    pub conversation: Uuid,
    /// Rises with every commit that touches it.
    pub revision: i64,
    /// Messages asked for.
    pub limit: i64,
}

/// The contexts that were read lately.
#[derive(Clone)]
pub struct Kept {
    here: Cache<Key, String>,
    shared: Option<Shared>,
}

#[derive(Clone)]
struct Shared {
    redis: Redis,
    manager: ConnectionManager,
    epoch: Uuid,
}

impl Kept {
    /// Kept here, and in Redis where there is one.
    #[must_use]
    pub fn new(redis: Option<(&Redis, Uuid)>) -> Self {
        let shared = redis.and_then(|(redis, epoch)| {
            Some(Shared {
                redis: redis.clone(),
                manager: redis.manager(configuration()).ok()?,
                epoch,
            })
        });
        Self {
            here: Cache::builder()
                .max_capacity(BYTES)
                .weigher(|_, text: &String| u32::try_from(text.len() + 100).unwrap_or(u32::MAX))
                .time_to_live(TTL)
                .build(),
            shared,
        }
    }

    /// What was kept under a key.
    pub async fn get(&self, key: Key) -> Option<String> {
        if let Some(text) = self.here.get(&key) {
            metrics::counter!("convo_context_cache_total", "found" => "here").increment(1);
            return Some(text);
        }
        let found = match &self.shared {
            Some(shared) => shared.get(key).await,
            None => None,
        };
        let place = if found.is_some() { "redis" } else { "nowhere" };
        metrics::counter!("convo_context_cache_total", "found" => place).increment(1);
        let text = found?;
        self.here.insert(key, text.clone());
        Some(text)
    }

    /// Keeps a text.
    pub fn put(&self, key: Key, text: String) {
        if let Some(shared) = self.shared.clone() {
            let text = text.clone();
            // The caller's answer does not wait for it.
            actix_web::rt::spawn(async move { shared.put(key, &text).await });
        }
        self.here.insert(key, text);
    }
}

impl Shared {
    fn name(&self, key: Key) -> String {
        let Key {
            conversation,
            revision,
            limit,
        } = key;
        format!(
            "convo:{}:context:{conversation}:{revision}:{limit}",
            self.epoch
        )
    }

    async fn get(&self, key: Key) -> Option<String> {
        // While it is away nobody waits for it; what is put meanwhile finds out when it is back.
        if self.redis.is_away() {
            return None;
        }
        let mut manager = self.manager.clone();
        let asked = redis::cmd("GET")
            .arg(self.name(key))
            .query_async::<Option<String>>(&mut manager)
            .await;
        self.redis.noted(asked).ok().flatten()
    }

    async fn put(&self, key: Key, text: &str) {
        let mut manager = self.manager.clone();
        let kept = redis::cmd("SET")
            .arg(self.name(key))
            .arg(text)
            .arg("EX")
            .arg(TTL.as_secs())
            .exec_async(&mut manager)
            .await;
        let _ = self.redis.noted(kept);
    }
}
