//! Everything that one thread uses to talk to another, the time, and chance come from here; but for
//! the channels of a client's events and of a port's stop, which are crossbeam's.
//!
//! In this crate's own tests a checker of schedules stands in for the system: it runs the threads
//! one at a time, in an order that follows from a seed, by a clock that the test moves.

#[cfg(not(test))]
#[path = "system.rs"]
mod means;
#[cfg(test)]
#[path = "scheduled.rs"]
pub(crate) mod means;

pub(crate) use std::sync::{Arc, OnceLock};

pub(crate) use self::means::{
    AtomicBool, AtomicU32, AtomicU64, Condvar, JoinHandle, MutexGuard, Ordering, fresh_seed, now,
    pause, thread, thread_local, wait,
};

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use self::means::RawMutex;

/// No time is longer than a year: a clock can be asked for it, however long the machine runs.
pub(crate) const TIME_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// When `timeout` from now has passed; in a year at the latest.
pub(crate) fn deadline(timeout: Duration) -> Instant {
    now() + timeout.min(TIME_MAX)
}

/// A mutex without poison: users' callbacks never run under a lock of this crate, so a panic cannot
/// leave what one guards half changed.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(RawMutex<T>);

impl<T> Mutex<T> {
    /// A mutex around `value`.
    pub(crate) fn new(value: T) -> Self {
        Self(RawMutex::new(value))
    }

    /// Waits for the lock.
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
