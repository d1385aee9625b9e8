//! The story's clock, ids and dice: the same every time but for the present they end at.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use convo_app::Shell;
use uuid::Uuid;

/// A clock that stands until it is set.
#[derive(Clone)]
pub(super) struct StoryClock(Arc<Inner>);

struct Inner {
    micros: AtomicI64,
    drawn: AtomicU64,
}

impl StoryClock {
    /// Stands at this time.
    pub fn at(now: DateTime<Utc>) -> Self {
        Self(Arc::new(Inner {
            micros: AtomicI64::new(now.timestamp_micros()),
            drawn: AtomicU64::new(0),
        }))
    }

    /// Goes on to this time, never back.
    pub fn set(&self, now: DateTime<Utc>) {
        self.0
            .micros
            .fetch_max(now.timestamp_micros(), Ordering::SeqCst);
    }
}

impl Shell for StoryClock {
    fn now(&self) -> DateTime<Utc> {
        let micros = self.0.micros.load(Ordering::SeqCst);
        DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// A UUID of version 7: the story's time, a count, and bits of the count.
    fn new_id(&self) -> Uuid {
        let drawn = self.0.drawn.fetch_add(1, Ordering::SeqCst);
        let millis = u128::try_from(self.now().timestamp_millis()).unwrap_or(0);
        let count = u128::from(drawn & 0xFFF);
        let rest = u128::from(mixed(drawn) >> 2);
        Uuid::from_u128(millis << 80 | 0x7 << 76 | count << 64 | 0b10 << 62 | rest)
    }

    fn random(&self, buffer: &mut [u8]) {
        let drawn = self.0.drawn.fetch_add(1, Ordering::SeqCst);
        let mut dice = Dice(drawn);
        for byte in buffer {
            *byte = dice.below(256) as u8;
        }
    }
}

/// Dice that fall the same way every time.
///
/// Source: Sebastiano Vigna's SplitMix64, <https://prng.di.unimi.it/splitmix64.c>.
pub(super) struct Dice(u64);

impl Dice {
    /// Dice for what a text names.
    pub fn of(name: &str) -> Self {
        let seed = name
            .bytes()
            .fold(0xC0_4E_70, |seed: u64, byte| mixed(seed ^ u64::from(byte)));
        Self(seed)
    }

    /// A number from 0 to below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed(self.0) % end.max(1)
    }

    /// A span of whole seconds within these bounds.
    pub fn seconds(&mut self, from: u64, to: u64) -> TimeDelta {
        let seconds = from + self.below(to.saturating_sub(from) + 1);
        TimeDelta::seconds(i64::try_from(seconds).unwrap_or(0))
    }
}

fn mixed(state: u64) -> u64 {
    let mut bits = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_differ_and_are_of_version_7_at_the_storys_time() {
        let clock = StoryClock::at(DateTime::UNIX_EPOCH + TimeDelta::days(20_000));
        let ids: BTreeSet<Uuid> = (0..10_000).map(|_| clock.new_id()).collect();
        assert_eq!(ids.len(), 10_000);
        for id in ids.iter().take(20) {
            assert_eq!(id.get_version_num(), 7);
            assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
            let seconds = id.get_timestamp().map(|at| at.to_unix().0);
            assert_eq!(seconds, Some(20_000 * 86_400));
        }
    }

    #[test]
    fn the_clock_never_goes_back_and_dice_fall_the_same_way() {
        let clock = StoryClock::at(DateTime::UNIX_EPOCH + TimeDelta::hours(2));
        clock.set(DateTime::UNIX_EPOCH);
        assert_eq!(clock.now(), DateTime::UNIX_EPOCH + TimeDelta::hours(2));
        let fall = |name| {
            (0..5)
                .map(|_| Dice::of(name).below(100))
                .collect::<Vec<_>>()
        };
        assert_eq!(fall("a"), fall("a"));
        assert_ne!(Dice::of("a").below(1 << 40), Dice::of("b").below(1 << 40));
    }
}
