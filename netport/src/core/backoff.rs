//! How long to wait before trying again: doubling, capped, and jittered so that many who lost the
//! same server do not come back in step. Chance enters as a seed.

use std::time::Duration;

/// Bounds of the waits between attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Longest wait before the first new attempt; doubled for each one after it.
    pub first: Duration,
    /// Longest wait of all.
    pub max: Duration,
}

impl Backoff {
    /// The wait before new attempt `attempt`, which counts from 0: anything up to `first` for that
    /// one, so that those who ask first need not wait for the others; then between half of the
    /// doubled bound and all of it.
    pub fn delay(&self, attempt: u32, chance: &mut Chance) -> Duration {
        let factor = 1_u32.checked_shl(attempt).unwrap_or(u32::MAX);
        let longest = self.first.saturating_mul(factor).min(self.max);
        let shortest = if attempt == 0 { Duration::ZERO } else { longest / 2 };
        chance.between(shortest, longest)
    }
}

impl Default for Backoff {
    /// A quarter of a second, and at most ten.
    fn default() -> Self {
        Self { first: Duration::from_millis(250), max: Duration::from_secs(10) }
    }
}

/// A reproducible source of chance (SplitMix64): the same seed gives the same numbers. Not for
/// secrets.
#[derive(Clone, Debug)]
pub struct Chance {
    state: u64,
}

impl Chance {
    /// The sequence that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number, each of the 2^64 equally likely.
    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, or 0 where that is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The high half of the product is uniform but for a bias of bound / 2^64.
        let product = u128::from(self.number()) * u128::from(bound);
        (product >> 64) as u64
    }

    /// A duration from `shortest` to `longest`, in steps of a microsecond.
    pub fn between(&mut self, shortest: Duration, longest: Duration) -> Duration {
        let room = longest.saturating_sub(shortest).as_micros();
        let steps = u64::try_from(room).unwrap_or(u64::MAX).saturating_add(1);
        shortest + Duration::from_micros(self.below(steps))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap_and_keep_their_jitter() {
        let backoff =
            Backoff { first: Duration::from_millis(100), max: Duration::from_millis(1_000) };
        let bounds = [(0, 100), (100, 200), (200, 400), (400, 800), (500, 1_000), (500, 1_000)];
        for seed in 0..200 {
            let mut chance = Chance::new(seed);
            for (attempt, (low, high)) in (0..).zip(bounds) {
                let delay = backoff.delay(attempt, &mut chance).as_millis();
                assert!((low..=high).contains(&delay), "attempt {attempt} waited {delay} ms");
            }
            assert!(backoff.delay(u32::MAX, &mut chance) <= backoff.max);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_another_seed_others() {
        let draw = |seed| {
            let mut chance = Chance::new(seed);
            [chance.number(), chance.number(), chance.below(1_000), chance.below(0)]
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert_eq!(draw(7)[3], 0);
    }
}
