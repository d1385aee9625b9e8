//! Firing what is due: one step of the loop that does so, for the server's and for tests by hand.

use std::collections::HashMap;
use std::sync::PoisonError;

use chrono::{DateTime, TimeDelta, Utc};

use super::{TimerKey, TimerKind};
use crate::app::App;
use crate::command::{Actor, Answer, Command, Envelope};
use crate::error::AppError;

/// How long the oldest timer that is due has waited when it was looked for, in seconds.
pub const LAG: &str = "convo_timer_lag_seconds";
/// Timers that came to something, by kind and what that was.
pub const FIRED: &str = "convo_timers_fired_total";
/// Alerts that a lead waits for an answer.
pub const REPLIES_NEEDED: &str = "convo_replies_needed_total";

/// Timers put off at most; with more of them something else is wrong, and all are tried again.
const PUT_OFF: usize = 1_000;
/// First and longest time until a timer is tried again whose firing failed or was refused, in seconds.
const AGAIN: [i64; 2] = [1, 3_600];

/// Timers whose firing failed or was refused, with the tries and when the next is due. In memory only: another
/// process, and this one after a start, tries at once.
#[derive(Debug, Default)]
pub(crate) struct PutOff(HashMap<TimerKey, (u32, DateTime<Utc>)>);

impl PutOff {
    fn again(&mut self, key: TimerKey, now: DateTime<Utc>) {
        if self.0.len() >= PUT_OFF {
            self.0.clear();
        }
        let (tries, at) = self.0.entry(key).or_insert((0, now));
        let wait = AGAIN[0]
            .checked_shl(*tries)
            .map_or(AGAIN[1], |wait| wait.clamp(AGAIN[0], AGAIN[1]));
        *tries = (*tries + 1).min(30);
        *at = now + TimeDelta::seconds(wait);
    }

    /// Forgets those that were not met again: somebody else has fired them.
    fn tidy(&mut self, now: DateTime<Utc>) -> usize {
        let longest = TimeDelta::seconds(2 * AGAIN[1]);
        self.0
            .retain(|_, (_, at)| now.signed_duration_since(*at) < longest);
        self.0.len()
    }

    fn waits(&self, key: &TimerKey, now: DateTime<Utc>) -> bool {
        self.0.get(key).is_some_and(|(_, at)| *at > now)
    }
}

/// What one step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fired {
    /// Timers that came to something.
    pub fired: usize,
    /// When to look again at the latest: now, when something was fired, since that may have set what is due at once;
    /// none when nothing runs. Something may be set for an earlier time meanwhile.
    pub next: Option<DateTime<Utc>>,
}

impl App {
    /// Fires at most `limit` timers that are due, those first that are due longest. Blocks the thread.
    ///
    /// Any number of processes may do so at once: each timer comes to something once. One whose firing fails is
    /// tried again later and stands in nobody's way.
    ///
    /// # Errors
    /// `Unavailable` when the database is away; what was not fired stays due.
    pub fn fire_due(&self, limit: usize) -> Result<Fired, AppError> {
        let now = self.context().shell.now();
        let (due, next) = self.due(limit, now)?;
        let late = due.first().map(|(_, due)| now.signed_duration_since(*due));
        metrics::gauge!(LAG).set(late.map_or(0.0, |late| late.as_seconds_f64()));
        let mut waiting = Vec::with_capacity(due.len());
        for (key, _) in due {
            let envelope = Envelope::new(Command::FireTimer(key), Actor::Code("system"));
            waiting.push((key, self.queue().push_blocking(envelope)?));
        }
        let mut fired = 0;
        let mut away = None;
        for (key, answer) in waiting {
            match answer.blocking_recv().unwrap_or(Err(AppError::Unavailable)) {
                Ok(answer) => fired += usize::from(self.came(key, &answer, now)),
                Err(AppError::Unavailable) => away = Some(AppError::Unavailable),
                Err(error) => {
                    let (kind, id) = (key.kind.as_str(), key.conversation);
                    log::error!("timer {kind} of {id} failed, put off: {error}");
                    self.put_off(|all| all.again(key, now));
                }
            }
        }
        match away {
            Some(error) => Err(error),
            None => Ok(Fired {
                fired,
                next: if fired > 0 { Some(now) } else { next },
            }),
        }
    }

    /// The timers that are due, and when to look for the next.
    fn due(&self, limit: usize, now: DateTime<Utc>) -> Result<Due, AppError> {
        let put_off = self.put_off(|all| all.tidy(now));
        // One more than may be left out, so that the last of them tells the next time.
        let wanted = i64::try_from(limit.saturating_add(put_off).saturating_add(1));
        let rows = self.read(|reader| {
            if reader.is_paused()? {
                return Ok(Vec::new());
            }
            let kinds = TimerKind::ALL.map(TimerKind::as_str);
            Ok(reader.timers_first(&kinds, wanted.unwrap_or(i64::MAX))?)
        })?;
        let mut due = Vec::new();
        for row in rows {
            let Some(key) = TimerKey::of(&row) else {
                continue;
            };
            if row.due_at > now || due.len() == limit {
                return Ok((due, Some(row.due_at)));
            }
            if !self.put_off(|all| all.waits(&key, now)) {
                due.push((key, row.due_at));
            }
        }
        Ok((due, None))
    }

    /// Takes note of what a timer came to; true when it came to something.
    fn came(&self, key: TimerKey, answer: &Answer, now: DateTime<Utc>) -> bool {
        match answer.status {
            200 => {
                let came = answer.body.clone();
                if key.kind == TimerKind::NoReply && came == "reply_needed" {
                    metrics::counter!(REPLIES_NEEDED).increment(1);
                }
                metrics::counter!(FIRED, "kind" => key.kind.as_str(), "came" => came).increment(1);
                self.put_off(|all| all.0.remove(&key));
                true
            }
            202 => {
                self.put_off(|all| all.again(key, now));
                false
            }
            _ => false,
        }
    }

    fn put_off<T>(&self, act: impl FnOnce(&mut PutOff) -> T) -> T {
        act(&mut self
            .timers_put_off
            .lock()
            .unwrap_or_else(PoisonError::into_inner))
    }
}

/// Timers with their due times, and the next time.
type Due = (Vec<(TimerKey, DateTime<Utc>)>, Option<DateTime<Utc>>);

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_is_put_off_is_tried_again_less_and_less_often() {
        let key = TimerKey::new(TimerKind::Archive, Uuid::from_u128(1), None);
        let mut all = PutOff::default();
        let mut now = DateTime::UNIX_EPOCH;
        let mut waits = Vec::new();
        for _ in 0..40 {
            all.again(key, now);
            let from = now;
            while all.waits(&key, now) {
                now += TimeDelta::seconds(1);
            }
            waits.push(now.signed_duration_since(from).num_seconds());
        }
        assert_eq!(waits[..6], [1, 2, 4, 8, 16, 32]);
        assert_eq!(waits[12..], [3_600; 28]);
        assert_eq!(all.tidy(now), 1);
        assert_eq!(all.tidy(now + TimeDelta::hours(3)), 0, "it is gone");
    }

    #[test]
    fn what_is_put_off_is_bounded() {
        let mut all = PutOff::default();
        for n in 0..5_000 {
            let key = TimerKey::new(TimerKind::Archive, Uuid::from_u128(n), None);
            all.again(key, DateTime::UNIX_EPOCH);
        }
        assert!(all.0.len() <= PUT_OFF);
    }
}
