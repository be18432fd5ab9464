//! Deadlines by key, for the state machines: at most one per key, handed out in order of time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// A set of deadlines. Every operation costs O(log n).
#[derive(Clone, Debug)]
pub(crate) struct Timers<K> {
    by_time: BTreeSet<(Instant, K)>,
    by_key: BTreeMap<K, Instant>,
}

impl<K: Ord + Clone> Timers<K> {
    /// No deadlines.
    pub(crate) fn new() -> Self {
        Self { by_time: BTreeSet::new(), by_key: BTreeMap::new() }
    }

    /// Arms `key` for `at`, in place of what it was armed for.
    pub(crate) fn set(&mut self, key: K, at: Instant) {
        self.clear(&key);
        self.by_key.insert(key.clone(), at);
        self.by_time.insert((at, key));
    }

    /// Arms `key` for `at`, unless it is armed for sooner.
    pub(crate) fn set_sooner(&mut self, key: K, at: Instant) {
        if self.by_key.get(&key).is_none_or(|armed| at < *armed) {
            self.set(key, at);
        }
    }

    /// Disarms `key`.
    pub(crate) fn clear(&mut self, key: &K) {
        if let Some(at) = self.by_key.remove(key) {
            self.by_time.remove(&(at, key.clone()));
        }
    }

    /// Whether `key` is armed.
    pub(crate) fn is_set(&self, key: &K) -> bool {
        self.by_key.contains_key(key)
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Disarms and returns the earliest key that is due at `now`.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<K> {
        let (at, _) = self.by_time.first()?;
        if *at > now {
            return None;
        }
        let (_, key) = self.by_time.pop_first()?;
        self.by_key.remove(&key);
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn deadlines_come_out_in_order_and_only_when_due() {
        let start = Instant::now();
        let at = |s| start + Duration::from_secs(s);
        let mut timers = Timers::new();
        timers.set("late", at(3));
        timers.set("early", at(1));
        timers.set("early", at(2));
        timers.set("never", at(1));
        timers.set_sooner("late", at(4));
        timers.set_sooner("soon", at(4));
        timers.set_sooner("soon", at(2));
        timers.clear(&"never");

        assert_eq!(timers.next(), Some(at(2)));
        assert_eq!(timers.pop_due(at(1)), None);
        assert_eq!(timers.pop_due(at(3)), Some("early"));
        assert_eq!(timers.pop_due(at(3)), Some("soon"));
        assert!(!timers.is_set(&"early"));
        assert_eq!(timers.pop_due(at(3)), Some("late"));
        assert_eq!((timers.pop_due(at(9)), timers.next()), (None, None));
    }
}
