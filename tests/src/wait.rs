//! Waiting for what others do.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

/// How long anything may take before a test gives up; far more than it takes on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// Asks until the answer is there; panics with `what` after [`DEADLINE`].
///
/// Every question is a round trip to the other side, so the pause between two only keeps the machine cool.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    let mut pause = Duration::from_millis(2);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "not within {DEADLINE:?}: {what}");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}

/// Runs them all at once; the results are in the order given.
pub async fn together<F>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let mut set = JoinSet::new();
    for (index, future) in futures.into_iter().enumerate() {
        set.spawn(async move { (index, future.await) });
    }
    let mut results = Vec::with_capacity(set.len());
    while let Some(result) = set.join_next().await {
        results.push(result.expect("a concurrent part panicked"));
    }
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
