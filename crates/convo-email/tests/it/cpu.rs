//! Time on the processor, so that a busy machine fails no test.

use std::time::{Duration, Instant};

/// What a call gives and how long this thread computed for it.
pub fn timed<T>(call: impl FnOnce() -> T) -> (T, Duration) {
    let (wall, cpu) = (Instant::now(), on_cpu());
    let value = call();
    let spent = match (cpu, on_cpu()) {
        (Some(before), Some(after)) => after.saturating_sub(before),
        _ => wall.elapsed(),
    };
    (value, spent)
}

/// The thread's time on the processor, where the system tells it.
fn on_cpu() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    stat.split_whitespace()
        .next()?
        .parse()
        .ok()
        .map(Duration::from_nanos)
}
