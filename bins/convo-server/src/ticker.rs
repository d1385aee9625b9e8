//! The loop that fires timers when they are due.

use std::time::Duration;

use actix_web::web;
use convo_app::{App, AppError, Fired};

use crate::clock;

/// Longest time between two looks: what was set meanwhile for an earlier time is late by no more than this.
const LOOK_EVERY: Duration = Duration::from_millis(900);
/// Shortest time between two looks, so that others get their turn while much is due.
const REST: Duration = Duration::from_millis(5);
/// Timers fired at once: less than a batch of the writer holds, so that requests fit in beside them.
const AT_ONCE: usize = 100;

/// Fires what is due, at most a second late while the database is there; ends with the runtime. Every process runs
/// one: a timer comes to something once.
pub async fn run(app: App) {
    let mut away = false;
    loop {
        let step = step(&app).await;
        if let Err(error) = &step
            && !away
        {
            log::warn!("timers have to wait: {error}");
        }
        away = step.is_err();
        actix_web::rt::time::sleep(pause(step.ok())).await;
    }
}

async fn step(app: &App) -> Result<Fired, AppError> {
    let app = app.clone();
    let fired = web::block(move || app.fire_due(AT_ONCE)).await;
    fired.map_err(|_| AppError::Unavailable)?
}

/// Until the next timer is due, within bounds.
fn pause(fired: Option<Fired>) -> Duration {
    let next = fired.and_then(|fired| fired.next);
    let until = next.map(|next| next.signed_duration_since(clock::now()));
    until.map_or(LOOK_EVERY, |until| {
        until.to_std().unwrap_or(REST).clamp(REST, LOOK_EVERY)
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn it_looks_again_when_the_next_is_due_and_never_later_than_a_second() {
        let after = |millis| {
            pause(Some(Fired {
                fired: 0,
                next: Some(clock::now() + TimeDelta::milliseconds(millis)),
            }))
        };
        assert_eq!(pause(None), LOOK_EVERY);
        assert_eq!(pause(Some(Fired::default())), LOOK_EVERY);
        assert_eq!(after(60_000), LOOK_EVERY);
        assert_eq!(after(-60_000), REST);
        assert!((300..=500).contains(&after(500).as_millis()));
        assert!(LOOK_EVERY < Duration::from_secs(1));
    }
}
