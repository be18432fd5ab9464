//! How often something may happen.

use std::time::{Duration, Instant};

/// So many times a second on average, and a tenth of them at once.
#[derive(Debug)]
pub(super) struct Rate {
    /// Between two times that are evenly spaced.
    interval: Duration,
    /// How far ahead of even spacing it may run.
    ahead_max: Duration,
    /// When the next time would be, were all of them evenly spaced.
    even: Instant,
}

impl Rate {
    /// `per_second`, which is not 0, from `now` on.
    pub(super) fn new(per_second: u32, now: Instant) -> Self {
        // Rounded up, so that a second never holds one more.
        let interval = Duration::from_nanos(1_000_000_000_u64.div_ceil(per_second.max(1).into()));
        let at_once = (per_second / 10).max(1);
        Self { interval, ahead_max: interval * (at_once - 1), even: now }
    }

    /// When it may happen again, if not at `now`.
    pub(super) fn wait(&self, now: Instant) -> Option<Instant> {
        self.even.checked_sub(self.ahead_max).filter(|at| *at > now)
    }

    /// It happens at `now`.
    pub(super) fn take(&mut self, now: Instant) {
        self.even = self.even.max(now) + self.interval;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes all that is to be had until `seconds` have passed.
    fn taken(per_second: u32, seconds: u64) -> u32 {
        let mut now = Instant::now();
        let end = now + Duration::from_secs(seconds);
        let mut rate = Rate::new(per_second, now);
        let mut taken = 0;
        while now < end {
            match rate.wait(now) {
                Some(at) => now = at,
                None => {
                    rate.take(now);
                    taken += 1;
                }
            }
        }
        taken
    }

    #[test]
    fn a_second_brings_what_it_should_whether_many_or_one() {
        for (per_second, at_once) in [(1, 1), (3, 1), (10, 1), (25, 2), (1_000, 100)] {
            for seconds in [1, 2, 10] {
                let even = per_second * seconds as u32;
                let taken = taken(per_second, seconds);
                assert!((even..even + at_once).contains(&taken), "{taken} in {seconds} s");
            }
        }
    }

    #[test]
    fn quiet_times_are_not_saved_up() {
        let now = Instant::now();
        let mut rate = Rate::new(20, now);
        let later = now + Duration::from_secs(100);
        let mut at_once = 0;
        while rate.wait(later).is_none() {
            rate.take(later);
            at_once += 1;
        }
        assert_eq!(at_once, 2);
    }
}
